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
			if _, ok := a.PluginData.(asked); ok || a.Kind == api.ResolveEntryPoint {
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
	m, err := b.meaning(a)
	if err != nil {
		return b.refuse(a, err, nil)
	}
	r := build.Resolve(m.name, api.ResolveOptions{Importer: a.Importer, Namespace: a.Namespace, ResolveDir: m.dir, Kind: a.Kind, With: a.With, PluginData: asked{}})
	if len(r.Errors) > 0 {
		var notes []api.Note
		for _, e := range r.Errors {
			notes = append(notes, e.Notes...)
		}
		return b.refuse(a, b.missing(a, m), notes)
	}
	if r.Namespace == "file" {
		b.chain.Add(a.Importer, r.Path)
		b.found.add(r.Path)
	}
	if m.name == a.Path {
		return api.OnResolveResult{}, nil
	}
	b.found.name(a.Path, r.Path)
	if b.known[a.Path] == r.Path {
		return api.OnResolveResult{}, nil
	}
	out := api.OnResolveResult{Path: r.Path, Namespace: r.Namespace}
	if !r.SideEffects {
		out.SideEffects = api.SideEffectsFalse
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
	s, ok, err := recipe.ParseSpecifier(m.name)
	if err != nil {
		return m, err
	}
	if ok {
		m.name, m.of = s.Bare(), &s
		return m, nil
	}
	return m, recipe.Unreachable(m.name)
}

// refuse answers an import that means nothing. Where the code may be ready for
// that, only esbuild knows.
func (b *building) refuse(a api.OnResolveArgs, err error, notes []api.Note) (api.OnResolveResult, error) {
	if recipe.InModules(filepath.ToSlash(a.Importer)) {
		err = fmt.Errorf("%w; imported through %s", err, b.chain.To(a.Importer, b.name))
	}
	switch a.Kind {
	case api.ResolveJSRequireCall, api.ResolveJSRequireResolve, api.ResolveJSDynamicImport:
		b.chain.Miss(a.Importer, a.Path, err)
		return api.OnResolveResult{}, nil
	}
	return api.OnResolveResult{Errors: []api.Message{{Text: err.Error(), Notes: notes}}}, nil
}

// missing says why esbuild did not find something.
func (b *building) missing(a api.OnResolveArgs, m meant) error {
	if recipe.Relative(m.name) || filepath.IsAbs(m.name) {
		return fmt.Errorf("cannot find %q: there is no such file, nor one with an extension of %s or an index file in it", a.Path, strings.Join(recipe.Extensions, " "))
	}
	pkg, _ := recipe.Split(m.name)
	if recipe.IsBuiltIn(pkg) {
		return recipe.BuiltIn(a.Path)
	}
	return fmt.Errorf("cannot find package %q; run `npm install %s`", a.Path, pkg)
}
