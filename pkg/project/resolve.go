package project

import (
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

// plugin answers the imports that esbuild knows nothing of, and says better why
// others mean nothing.
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
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: virtualSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			contents := b.options.Virtual[a.Path]
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderTS, ResolveDir: b.root}, nil
		})
		recipe.LoadOurs(build)
	}}
}

func (b *building) resolve(build api.PluginBuild, a api.OnResolveArgs) (api.OnResolveResult, error) {
	if _, ok := b.options.Virtual[a.Path]; ok {
		return api.OnResolveResult{Path: a.Path, Namespace: virtualSpace}, nil
	}
	if answer, ok := recipe.SDK(a.Path); ok {
		return answer, nil
	}
	if file, ok := b.aliases[a.Path]; ok {
		// Another file may mean something else by the name.
		if r, ok := b.first.of(a.Importer, a.Path); ok && r.Path != file {
			return r, nil
		}
		return api.OnResolveResult{}, nil
	}
	m, err := b.meaning(a)
	if err != nil {
		return b.refuse(a, err)
	}
	r := build.Resolve(m.name, api.ResolveOptions{Importer: a.Importer, Namespace: a.Namespace, ResolveDir: m.dir, Kind: a.Kind, With: a.With, PluginData: asked{}})
	if len(r.Errors) > 0 {
		return b.refuse(a, b.missing(a, m))
	}
	if r.Namespace == "file" {
		b.chain.Add(a.Importer, r.Path)
	}
	out := api.OnResolveResult{Path: r.Path, Namespace: r.Namespace}
	if !r.SideEffects {
		out.SideEffects = api.SideEffectsFalse
	}
	b.found.add(a.Importer, a.Path, out, m.name != a.Path)
	if m.name == a.Path {
		return api.OnResolveResult{}, nil // With all that esbuild knows of it.
	}
	return out, nil
}

// meant is what an import asks for, in words that esbuild understands.
type meant struct {
	name string
	dir  string
	of   *recipe.Specifier // If it names its registry.
}

func (b *building) meaning(a api.OnResolveArgs) (meant, error) {
	m := meant{name: a.Path, dir: a.ResolveDir}
	if m.dir == "" {
		m.dir = b.root
	}
	if !recipe.Relative(m.name) && !b.inModules(a.Importer) {
		if to, ok := mapped(b.project.Imports, m.name); ok {
			if recipe.Relative(to) {
				m.name = filepath.Join(b.project.Dir, filepath.FromSlash(to))
				return m, nil
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

// refuse answers an import that means nothing. Where the code may be ready for
// that, only esbuild knows.
func (b *building) refuse(a api.OnResolveArgs, err error) (api.OnResolveResult, error) {
	if b.inModules(a.Importer) { // The author's own files are found by their place.
		err = fmt.Errorf("%w; imported through %s", err, b.chain.To(a.Importer, b.name))
	}
	if recipe.MayBeMissing(a.Kind, a.Path) {
		b.chain.Miss(a.Importer, a.Path, err)
		return api.OnResolveResult{}, nil
	}
	return api.OnResolveResult{}, err
}
