package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// project is a folder of sources that dev deploys.
type project struct {
	name  string // What it is called in messages.
	dir   string // Absolute, where the tree is; "" when it is nowhere.
	tree  fs.FS
	entry string
	seen  string // Its stamp before it was last read.
}

// open finds the entry.
func (p *project) open() error {
	for _, e := range recipe.Entries {
		if info, err := fs.Stat(p.tree, e); err == nil && info.Mode().IsRegular() {
			p.entry = e
			return nil
		}
	}
	return fmt.Errorf("%s has no entry: put the script into %s (looked for %s)", p.name, recipe.Entries[0], strings.Join(recipe.Entries, ", "))
}

// places are the sources and the folders that they can be in.
func (p *project) places() ([]string, error) {
	var out []string
	err := p.walk(func(name string, _ fs.DirEntry) error {
		out = append(out, filepath.Join(p.dir, filepath.FromSlash(name)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for the sources of %s: %w", p.name, err)
	}
	return out, nil
}

// walk visits the folders and the sources, but for those of data, which is
// dev's own folder.
func (p *project) walk(visit func(name string, d fs.DirEntry) error) error {
	return fs.WalkDir(p.tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // Removed while we walk.
		case err != nil:
			return err
		case d.IsDir() && name != "." && (recipe.HoldsNone(d.Name()) || d.Name() == "data"):
			return fs.SkipDir
		case d.IsDir():
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || !recipe.IsSource(name):
			return nil
		}
		return visit(name, d)
	})
}

// files reads the sources.
func (p *project) files() ([]deploy.File, error) {
	var out []deploy.File
	err := p.walk(func(name string, d fs.DirEntry) error {
		if d.IsDir() {
			return nil
		}
		b, err := fs.ReadFile(p.tree, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		out = append(out, deploy.File{Path: name, Contents: string(b)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the sources of %s: %w", p.name, err)
	}
	return out, nil
}

// stamp is the same as long as no source was saved.
func (p *project) stamp() (string, error) {
	var b strings.Builder
	err := p.walk(func(name string, d fs.DirEntry) error {
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(&b, "%s\x00%d\x00%s\n", name, info.Size(), info.ModTime().Format(time.RFC3339Nano))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look for saved sources of %s: %w", p.name, err)
	}
	return b.String(), nil
}
