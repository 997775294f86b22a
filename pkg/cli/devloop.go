package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
	"github.com/flora-runtime/flora-runtime/pkg/watch"
)

// shipped is what runs, as far as that is known.
type shipped struct{ revision, entry, code, sourceMap string }

// follow deploys, and does so again after each save, until ctx ends.
func (d *development) follow(ctx context.Context) error {
	saves, err := watch.New()
	if err != nil {
		return err
	}
	defer func() { _ = saves.Close() }()
	var inputs []string // Of the last bundle that was made.
	for {
		began := time.Now()
		made, err := d.deployProject(ctx, began)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		matters := d.always()
		if err == nil {
			inputs, d.broken = made, ""
			matters = append(matters, inputs...)
		} else {
			d.failed(err)
			// What mends it may be a file that is not there yet.
			matters = slices.Concat(matters, inputs, made, d.folders())
		}
		if err := saves.Set(matters); err != nil {
			d.warning(err.Error() + "; some saves may go unnoticed")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-saves.Changes():
		}
	}
}

// deployProject bundles the project and deploys it; inputs are the files that
// it was made of, as far as that is known.
func (d *development) deployProject(ctx context.Context, began time.Time) (inputs []string, err error) {
	p, err := project.Load(ctx, d.dir)
	if err != nil {
		return nil, err
	}
	if d.options.root != "" {
		p.SetRoot(d.options.root)
	}
	d.root = p.Root
	if !d.limits.known {
		if d.limits, err = limitsOf(ctx, d.api); err != nil {
			return nil, err
		}
	}
	b, err := p.Bundle(ctx, project.BundleOptions{Entry: d.options.entry, WebAssembly: d.limits.webAssembly()})
	if err != nil {
		if broken, ok := errors.AsType[*project.Broken](err); ok {
			inputs = broken.Inputs
		}
		return inputs, err
	}
	now := shipped{d.last.revision, b.Entry, b.Code, b.Map}
	if d.last == now && now.revision != "" {
		d.event("unchanged", map[string]any{"revision": now.revision}, "unchanged: this is what runs")
		return b.Inputs, nil
	}
	for _, w := range slices.Concat(p.Warnings, b.Warnings) {
		d.warning(w)
	}
	m := scriptOf(b)
	if err := d.limits.check(m); err != nil {
		return b.Inputs, err
	}
	dep, err := d.api.Deploy(ctx, d.guildID, m.request)
	if err != nil {
		if e, ok := errors.AsType[*client.Error](err); !ok || !asIs[e.Code] {
			d.last = shipped{} // It may have arrived.
		}
		return b.Inputs, err
	}
	for _, w := range dep.Warnings {
		d.warning(w)
	}
	now.revision = dep.RevisionID
	d.last = now
	took := time.Since(began).Milliseconds()
	d.event("deployed", map[string]any{"revision": dep.RevisionID, "entry": dep.Entry, "ms": took}, "%s %s in %d ms", d.colour("32", "deployed"), printable(dep.Entry), took)
	return b.Inputs, nil
}

// failed tells of a save that was not deployed.
func (d *development) failed(err error) {
	text := strings.TrimPrefix(d.explain(err, OK), "flora: ")
	shown := text
	if text == d.broken {
		shown = "as before" // An editor's own files come and go too.
	}
	d.broken = text
	goesOn := "waiting for the next save"
	if d.last.revision != "" {
		goesOn = "the script before goes on; waiting for the next save"
	}
	d.event("failed", map[string]any{"message": text, "running": d.last.revision}, "%s %s\n%s", d.colour(colours["error"], "not deployed:"), printable(shown), goesOn)
}

// always are the files whose coming, going and changing matters in any case.
func (d *development) always() []string {
	all := settingsOf(d.dir)
	if d.options.entry == "" {
		for _, name := range recipe.Entries {
			all = append(all, filepath.Join(d.root, filepath.FromSlash(name)))
		}
	}
	return all
}

// folders are those of the project that sources can be in.
func (d *development) folders() []string {
	// Installing a package is a remedy too.
	return append(foldersOf(d.root), d.dir, filepath.Join(d.dir, "node_modules"))
}

// settingsOf are the files that say how the project in a folder is made, which
// matter also before they are there.
func settingsOf(dir string) (all []string) {
	for _, name := range project.Settings() {
		all = append(all, filepath.Join(dir, name))
	}
	return all
}

// manyFolders bounds the folders of a project that are looked at.
const manyFolders = 500

// foldersOf are the folders below a root that sources can be in, and it.
func foldersOf(root string) []string {
	out := []string{root}
	// What cannot be read cannot be a source: no error ends the walk.
	_ = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || !e.IsDir() || name == root:
			return nil //nolint:nilerr // See above.
		case recipe.HoldsNone(e.Name()):
			return fs.SkipDir
		case len(out) >= manyFolders:
			return fs.SkipAll
		}
		out = append(out, name)
		return nil
	})
	return out
}
