package bundle

import (
	"fmt"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// nowhere is a folder that does not exist, for esbuild to look around in.
const nowhere = "/.flora-nowhere"

// build bundles the files. A failure is the text for the author.
func build(in Input) (Output, string) {
	files := newTree(in.Files)
	if in.Limits != nil {
		var err error
		if files, err = openArchive(in.Archive, *in.Limits); err != nil {
			return Output{}, "the archive cannot be used: " + err.Error()
		}
	}
	r := newResolver(files)
	entry := path.Clean(in.Entry)
	if _, ok := files[entry]; !ok {
		return Output{}, fmt.Sprintf("the entry %q is not among the files", in.Entry)
	}
	if err := recipe.CheckEntry(entry); err != nil {
		return Output{}, err.Error()
	}
	options := recipe.Options(nowhere)
	options.TsconfigRaw = r.project.raw
	options.Plugins = []api.Plugin{only(r, entry)}
	res := api.Build(options)
	if len(res.Errors) > 0 {
		return Output{}, recipe.Report(res.Errors, r.chain.why)
	}
	out := Output{Warnings: recipe.Warnings(res.Warnings)}
	if in.Limits != nil {
		var note string
		if out.Sources, note = files.own(in.Limits.Kept); note != "" {
			out.Warnings = append(out.Warnings, note)
		}
	}
	var err error
	if out.Code, out.Map, err = recipe.Outputs(res.OutputFiles, func(p string) (string, bool) { return p, true }); err != nil {
		return Output{}, err.Error()
	}
	return out, ""
}

// only is the plugin that answers every import from the files.
func only(r *resolver, entry string) api.Plugin {
	return api.Plugin{Name: "flora", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if a.Kind == api.ResolveEntryPoint {
				return api.OnResolveResult{Path: r.key(entry), Namespace: recipe.Upload}, nil
			}
			a.Importer = strings.TrimSuffix(a.Importer, recipe.ModuleMark)
			if answer, ok := recipe.SDK(a.Path); ok {
				return answer, nil
			}
			required := a.Kind == api.ResolveJSRequireCall || a.Kind == api.ResolveJSRequireResolve
			t, err := r.resolve(a.Importer, a.Path, required)
			switch {
			case err != nil && recipe.MayBeMissing(a.Kind, a.Path):
				r.chain.miss(a.Importer, a.Path, err)
				return api.OnResolveResult{}, nil
			case err != nil:
				return api.OnResolveResult{}, err
			case t.nothing:
				return recipe.Nothing(a.Path), nil
			}
			out := api.OnResolveResult{Path: r.key(t.path), Namespace: recipe.Upload}
			if t.pure {
				out.SideEffects = api.SideEffectsFalse
			}
			return out, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: recipe.Upload}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			file := strings.TrimSuffix(a.Path, recipe.ModuleMark)
			loader, err := recipe.Loader(file, a.With)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			contents, err := r.files[file].read()
			return api.OnLoadResult{Contents: &contents, Loader: loader}, err
		})
		recipe.LoadOurs(b)
		// What esbuild found on the disk by itself, such as the files that a
		// computed import path may mean, is never read.
		b.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{}, recipe.ErrComputed
		})
	}}
}
