package cli

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// Bounds of what is sent; the server has its own, smaller ones.
const (
	maxSourceFiles = 2000
	maxSourceBytes = 16 << 20
	maxMapBytes    = 32 << 20
	maxIgnoreBytes = 1 << 20
)

// extensions are what a script can be made of.
var extensions = []string{".ts", ".tsx", ".js", ".jsx", ".mjs", ".cts", ".mts", ".cjs", ".json", ".txt", ".md"}

// skippedFolders and skippedFiles are never sources, wherever they are.
var (
	skippedFolders = []string{"node_modules", "dist"}
	skippedFiles   = []string{"package-lock.json"}
)

// sources reads the files below root that belong to a script, by path. The
// entry is among them even where it would be left out. Links are not followed.
func sources(root, entry string) ([]client.File, error) {
	w := walk{root: root, files: map[string]string{}}
	if err := fs.WalkDir(os.DirFS(root), ".", w.visit); err != nil {
		return nil, fmt.Errorf("read the sources: %w", err)
	}
	if _, ok := w.files[entry]; !ok {
		if err := w.read(entry); err != nil {
			return nil, fmt.Errorf("read the entry: %w", err)
		}
	}
	out := make([]client.File, 0, len(w.files))
	for p, contents := range w.files {
		out = append(out, client.File{Path: p, Contents: contents})
	}
	slices.SortFunc(out, func(a, b client.File) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

type walk struct {
	root   string
	files  map[string]string
	bytes  int
	ignore ignore
}

func (w *walk) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if d.IsDir() {
		if name != "." && (hidden(d.Name()) || slices.Contains(skippedFolders, d.Name()) || w.ignore.matches(name, true)) {
			return fs.SkipDir
		}
		return w.rules(name)
	}
	if !d.Type().IsRegular() || hidden(d.Name()) || !slices.Contains(extensions, path.Ext(name)) ||
		slices.Contains(skippedFiles, d.Name()) || w.ignore.matches(name, false) {
		return nil
	}
	return w.read(name)
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// rules adds the folder's .gitignore.
func (w *walk) rules(dir string) error {
	file := filepath.Join(w.root, filepath.FromSlash(dir), ".gitignore")
	if !regular(file) {
		return nil
	}
	lines, err := text(file, maxIgnoreBytes)
	if err != nil {
		return err
	}
	w.ignore.add(dir, lines)
	return nil
}

func (w *walk) read(name string) error {
	if len(w.files) >= maxSourceFiles {
		return coded(Limit, "there are more than %d source files in %s; name a smaller --root, or list what is none in .gitignore", maxSourceFiles, w.root)
	}
	contents, err := text(filepath.Join(w.root, filepath.FromSlash(name)), maxSourceBytes-w.bytes)
	if err != nil {
		return err
	}
	w.bytes += len(contents)
	w.files[name] = contents
	return nil
}

// text reads a file that must be text of at most so many bytes.
func text(file string, most int) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return "", err
	}
	if len(b) > most {
		return "", coded(Limit, "%s is too large: more than %d bytes would be sent", file, most)
	}
	if !utf8.Valid(b) {
		return "", usage("%s is not UTF-8 text; convert it, or list it in .gitignore", file)
	}
	return string(b), nil
}
