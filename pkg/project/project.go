// Package project knows an author's project on the disk: its file flora.json or
// flora.config.ts, where its imports lead, and how it becomes one script. The
// command line tool bundles with it where the author is, with the packages that
// are installed there. It runs none of the author's code.
package project

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// Project is a folder that a script is made of.
type Project struct {
	Dir   string // Absolute: the folder of the project file, or where it was looked for.
	File  string // The project file's absolute path, "" when there is none.
	Root  string // Absolute folder that the entry and the sources are below.
	Entry string // Below Root, with slashes; "" when nothing names one and no usual one is there.

	Guild, API string            // Of the project file, "" unless given.
	Imports    map[string]string // Import map: what relative paths start from is Dir.
	Tests      []string          // Globs below Root.
	Warnings   []string          // Of the project file: unknown keys with the nearest name, and what is not read.

	named  string   // The entry that the project file names.
	chosen bool     // A person named the root.
	read   []string // Every file that had a say.
}

// Broken is an error of the author's own: source that cannot be bundled. Its
// text is whole, with places and lines of source.
type Broken struct {
	Text string
	// Inputs are the files that were read until then, for watchers.
	Inputs []string
}

func (b *Broken) Error() string { return b.Text }

// Misused is an error in what was asked for: a project file that cannot be
// read, an entry that is not there.
type Misused struct{ Text string }

func (m *Misused) Error() string { return m.Text }

// TooMuch is a project that is over a limit.
type TooMuch struct{ Text string }

func (t *TooMuch) Error() string { return t.Text }

func misused(format string, args ...any) error { return &Misused{fmt.Sprintf(format, args...)} }

// StandardTests are what tests are called, unless the project file says it.
var StandardTests = []string{"**/*.test.{ts,tsx,js,mjs}", "**/*_test.{ts,tsx,js,mjs}"}

// Load reads the project in a folder: flora.json, or else flora.config.*. A
// folder without either is a project too.
func Load(ctx context.Context, dir string) (*Project, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the project's folder: %w", err)
	}
	p := &Project{Dir: dir, Root: dir, Imports: map[string]string{}, Tests: StandardTests}
	doc, err := p.file(ctx)
	if err != nil {
		return nil, err
	}
	if up := above(dir); p.File == "" && up != "" {
		p.Warnings = append(p.Warnings, fmt.Sprintf("there is no %s here, and that of %s is not read: run flora there", fileName, up))
	}
	if err := p.denoImports(); err != nil {
		return nil, err
	}
	maps.Copy(p.Imports, doc.Imports)
	p.Guild, p.API = doc.Guild, doc.API
	if len(doc.Test) > 0 {
		p.Tests = doc.Test
	}
	p.named = doc.Entry
	p.setRoot(cmp.Or(doc.Root, "."))
	return p, nil
}

// above is the nearest folder above that has a project file, or "". It is only
// told of: a file that belongs to other people may not speak for this folder.
func above(dir string) string {
	for up := filepath.Dir(dir); up != dir; dir, up = up, filepath.Dir(up) {
		if regular(filepath.Join(up, fileName)) {
			return up
		}
	}
	return ""
}

// SetRoot takes another root, which a person names, from Dir unless absolute.
// Whether it is there is seen when it is needed.
func (p *Project) SetRoot(root string) {
	p.chosen = true
	p.setRoot(root)
}

func (p *Project) setRoot(root string) {
	root = filepath.FromSlash(root)
	if !filepath.IsAbs(root) {
		root = filepath.Join(p.Dir, root)
	}
	p.Root, p.Entry = filepath.Clean(root), ""
	if p.named != "" {
		p.Entry = path.Clean(filepath.ToSlash(p.named))
		return
	}
	for _, e := range recipe.Entries {
		if regular(filepath.Join(root, filepath.FromSlash(e))) {
			p.Entry = e
			return
		}
	}
}

// below is a file's path from Root, with slashes.
func (p *Project) below(file string) (string, error) {
	name := filepath.FromSlash(file)
	candidates := []string{name}
	if !filepath.IsAbs(name) {
		candidates = []string{filepath.Join(p.Root, name), filepath.Join(p.Dir, name)}
	}
	for _, c := range candidates {
		rel, err := filepath.Rel(p.Root, c)
		if err != nil || !filepath.IsLocal(rel) || !regular(c) {
			continue
		}
		if !inside(p.own(), c) {
			return "", misused("the entry %s is a link to a file outside of the project", file)
		}
		return filepath.ToSlash(rel), nil
	}
	return "", misused("the entry %s is no file in the root %s", file, p.Root)
}

// entry is what a bundle starts with.
func (p *Project) entry(named string) (string, error) {
	if err := p.checkRoot(); err != nil {
		return "", err
	}
	entry := cmp.Or(named, p.Entry)
	if entry == "" {
		return "", misused("no entry in %s (looked for %s); name it as an argument, or as \"entry\" in %s", p.Root, strings.Join(recipe.Entries, ", "), fileName)
	}
	entry, err := p.below(entry)
	if err != nil {
		return "", err
	}
	if err := recipe.CheckEntry(entry); err != nil {
		return "", misused("%s", err)
	}
	return entry, nil
}

func (p *Project) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// readFile reads a small file of the project's settings; "" and false say that
// there is none.
func (p *Project) readFile(file string) (string, bool, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	doc, err := ReadText(file, maxSettingsBytes)
	if err != nil {
		return "", false, err
	}
	if err := shallow([]byte(doc)); err != nil {
		return "", false, misused("%s: %s", filepath.Base(file), err)
	}
	if !slices.Contains(p.read, file) {
		p.read = append(p.read, file)
	}
	return doc, true, nil
}

// maxSettingsBytes is more than any project file has.
const maxSettingsBytes = 1 << 20

func regular(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.Mode().IsRegular()
}
