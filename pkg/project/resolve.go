package project

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// virtualSpace is the name space of modules that are on no disk.
const virtualSpace = "virtual"

// asked marks imports that we ask esbuild about, to leave those to it.
type asked struct{}

// plugin answers the imports that esbuild knows nothing of. All others are left
// to it, without a question: that would cost more than the whole build.
func (b *building) plugin() api.Plugin {
	return api.Plugin{Name: "flora", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if _, ok := a.PluginData.(asked); ok {
				return api.OnResolveResult{}, nil
			}
			if a.Kind == api.ResolveEntryPoint {
				// It is an alias, so that esbuild knows all of it; but no path with
				// an asterisk can be one.
				if file := b.file(); strings.Contains(file, "*") {
					return api.OnResolveResult{Path: file}, nil
				}
				return api.OnResolveResult{}, nil
			}
			return b.resolve(build, a)
		})
		b.loadFiles(build)
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: virtualSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			contents := b.options.Virtual[a.Path]
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderTS, ResolveDir: b.root}, nil
		})
		recipe.LoadOurs(build)
	}}
}

// loadFiles has a say in what is read of the disk.
func (b *building) loadFiles(build api.PluginBuild) {
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "file"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		b.found.load(a.Path)
		if err := b.mayEmbed(a.Path, a.With); err != nil {
			return api.OnLoadResult{}, fmt.Errorf("cannot bundle %q: %w", a.Path, err)
		}
		if err := nesting(a.Path); err != nil {
			return api.OnLoadResult{}, fmt.Errorf("cannot bundle %q: %w", b.name(a.Path), err)
		}
		if len(a.With) == 0 {
			return api.OnLoadResult{}, nil
		}
		_, err := recipe.Loader(b.name(a.Path), a.With)
		return api.OnLoadResult{}, err
	})
}

func (b *building) resolve(build api.PluginBuild, a api.OnResolveArgs) (api.OnResolveResult, error) {
	if _, ok := b.options.Virtual[a.Path]; ok {
		return api.OnResolveResult{Path: a.Path, Namespace: virtualSpace}, nil
	}
	if answer, ok := recipe.SDK(a.Path); ok {
		return answer, nil
	}
	if b.absent[missed{b.name(a.Importer), a.Path}] {
		return api.OnResolveResult{Path: a.Path, External: true}, nil
	}
	m, err := b.meaning(a.Importer, a.ResolveDir, a.Path)
	switch {
	case err != nil && recipe.MayBeMissing(a.Kind, a.Path):
		return api.OnResolveResult{}, nil // esbuild finds nothing, and may take that.
	case err != nil:
		return api.OnResolveResult{}, err
	case m.name == a.Path:
		b.found.left(a.Path)
		return api.OnResolveResult{}, nil
	}
	if _, ok := b.aliases[a.Path]; ok {
		return api.OnResolveResult{}, nil
	}
	out, ok := b.found.answer(m)
	if !ok {
		r := build.Resolve(m.name, api.ResolveOptions{Importer: a.Importer, Namespace: a.Namespace, ResolveDir: m.dir, Kind: a.Kind, With: a.With, PluginData: asked{}})
		if len(r.Errors) > 0 {
			if recipe.MayBeMissing(a.Kind, a.Path) {
				return api.OnResolveResult{}, nil
			}
			return api.OnResolveResult{}, b.missing(a.Path, m)
		}
		out = api.OnResolveResult{Path: r.Path, Namespace: r.Namespace}
		if !r.SideEffects {
			out.SideEffects = api.SideEffectsFalse
		}
	}
	b.found.add(a.Path, m, out)
	return out, nil
}

// meant is what an import asks for, in words that esbuild understands.
type meant struct {
	name string
	dir  string            // Where the question starts.
	of   *recipe.Specifier // If it names its registry.
}

// meaning reads an import in a file; dir is the file's folder.
func (b *building) meaning(importer, dir, name string) (meant, error) {
	m := meant{name: name, dir: cmp.Or(dir, b.root)}
	if recipe.Relative(m.name) {
		return m, nil
	}
	if !b.inModules(importer) {
		if to, ok := mapped(b.project.Imports, m.name); ok {
			if recipe.Relative(to) {
				return meant{name: filepath.Join(b.project.Dir, filepath.FromSlash(to)), dir: b.root}, nil
			}
			m.name = to
		}
	}
	s, ok, err := recipe.ParseSpecifier(m.name)
	if err != nil {
		return m, err
	}
	if ok {
		m.name, m.of = s.Bare(), &s
		return m, b.installed(m)
	}
	return m, recipe.Unreachable(m.name)
}

func (b *building) inModules(file string) bool { return recipe.InModules(filepath.ToSlash(file)) }

// why tells what is known of an import that esbuild did not find.
func (b *building) why(importer, name string) string {
	file := filepath.Join(b.root, filepath.FromSlash(importer))
	m, err := b.meaning(file, filepath.Dir(file), name)
	if err == nil {
		err = b.missing(name, m)
	}
	return err.Error() + b.through(importer)
}
