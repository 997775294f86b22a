package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// Bounds of what is sent; the server has its own, smaller ones.
const (
	maxSourceFiles = 2000
	maxSourceBytes = 16 << 20
	maxIgnoreBytes = 1 << 20
)

// sources reads the author's own files below the root, by path, as they are
// kept beside a deployment. The entry is among them even where it would be left
// out. Links are not followed.
func (b *building) sources() (files []client.File, notes []string, err error) {
	w := walk{root: b.root, files: map[string]string{}}
	if err := fs.WalkDir(os.DirFS(b.root), ".", w.visit); err != nil {
		return nil, nil, fmt.Errorf("read the sources: %w", err)
	}
	if _, ok := w.files[b.entry]; !ok {
		if err := w.read(b.entry); err != nil {
			return nil, nil, fmt.Errorf("read the entry: %w", err)
		}
	}
	// A monorepo's other folders, whose packages are linked.
	for _, file := range b.found.files() {
		rel, err := filepath.Rel(b.root, file)
		if b.inModules(file) || err == nil && filepath.IsLocal(rel) || !recipe.IsSource(filepath.ToSlash(file)) {
			continue
		}
		if err := w.add(b.name(file), file); err != nil {
			return nil, nil, err
		}
	}
	out := make([]client.File, 0, len(w.files))
	for p, contents := range w.files {
		out = append(out, client.File{Path: p, Contents: contents})
	}
	slices.SortFunc(out, func(a, b client.File) int { return strings.Compare(a.Path, b.Path) })
	return out, w.notes, nil
}

func tooMuch(format string, args ...any) error { return &TooMuch{fmt.Sprintf(format, args...)} }

type walk struct {
	root   string
	files  map[string]string
	bytes  int
	ignore ignore
	notes  []string // What is left out, and why.
}

func (w *walk) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if d.IsDir() {
		if name != "." && (recipe.HoldsNone(d.Name()) || w.ignore.matches(name, true)) {
			return fs.SkipDir
		}
		return w.rules(name)
	}
	if !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || !recipe.IsSource(name) || d.Name() == "package-lock.json" || w.ignore.matches(name, false) {
		return nil
	}
	return w.read(name)
}

// rules adds the folder's .gitignore.
func (w *walk) rules(dir string) error {
	file := filepath.Join(w.root, filepath.FromSlash(dir), ".gitignore")
	if !regular(file) {
		return nil
	}
	lines, err := ReadText(file, maxIgnoreBytes)
	if err != nil {
		return err
	}
	w.ignore.add(dir, lines)
	return nil
}

func (w *walk) read(name string) error {
	return w.add(name, filepath.Join(w.root, filepath.FromSlash(name)))
}

// add reads a file by the name that it gets. The first of a name counts.
func (w *walk) add(name, file string) error {
	if _, ok := w.files[name]; ok {
		return nil
	}
	if len(w.files) >= maxSourceFiles {
		return tooMuch("there are more than %d source files in %s; name a smaller --root, or list what is none in .gitignore", maxSourceFiles, w.root)
	}
	contents, err := ReadText(file, maxSourceBytes-w.bytes)
	if _, binary := errors.AsType[*Misused](err); binary {
		w.notes = append(w.notes, fmt.Sprintf("%s is not kept with the deployment: it is not UTF-8 text", name))
		return nil
	}
	if err != nil {
		return err
	}
	w.bytes += len(contents)
	w.files[name] = contents
	return nil
}

// ReadText reads a file that must be text of at most so many bytes; it comes as
// *TooMuch or *Misused when it is not.
func ReadText(file string, most int) (string, error) {
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
		return "", tooMuch("%s is too large: more than %d bytes would be sent", file, most)
	}
	if !utf8.Valid(b) {
		return "", misused("%s is not UTF-8 text", file)
	}
	return string(b), nil
}
