package bundle

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// The name spaces of esbuild's paths: an author's files, and the SDK. They show
// in the bundle's comments.
const (
	authorSpace = "upload"
	sdkSpace    = "sdk"
	emptySpace  = "empty" // What a package leaves out for browsers.
)

// ourSpaces stand before paths in what esbuild writes.
var ourSpaces = regexp.MustCompile("^(" + authorSpace + "|" + sdkSpace + "|" + emptySpace + "):")

// sdkModules are imported for their types. What is imported as a value is the
// global of that name.
var sdkModules = []string{"@flora/sdk", "@uwu/flora-sdk"}

// sdkSource is a CommonJS module because its exports are not known here.
const sdkSource = "module.exports = globalThis;\n"

// entryName stands for the entry: esbuild would expand an asterisk in the real
// path by looking at the disk.
const entryName = "flora-entry"

// nowhere is a folder that does not exist, for esbuild to look around in.
const nowhere = "/.flora-nowhere"

// maxErrors is how many errors esbuild collects.
const maxErrors = 10

var loaders = map[string]api.Loader{
	".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS, ".tsx": api.LoaderTSX,
	".js": api.LoaderJS, ".mjs": api.LoaderJS, ".cjs": api.LoaderJS, ".jsx": api.LoaderJSX,
	".json": api.LoaderJSON, ".txt": api.LoaderText, ".md": api.LoaderText,
}

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
	if !slices.Contains(extensions, path.Ext(entry)) {
		return Output{}, fmt.Sprintf("the entry %q is no script; its extension must be one of %s", in.Entry, strings.Join(extensions, " "))
	}
	res := api.Build(api.BuildOptions{
		EntryPoints:   []string{entryName},
		Bundle:        true,
		Write:         false,
		Outfile:       nowhere + "/bundle.js",
		AbsWorkingDir: nowhere,
		Format:        api.FormatESModule,
		// New enough for all that V8 runs, old enough that decorators and the
		// like are compiled away.
		Target:         api.ES2024,
		Platform:       api.PlatformNeutral,
		Charset:        api.CharsetUTF8,
		Sourcemap:      api.SourceMapExternal,
		SourcesContent: api.SourcesContentInclude,
		LogLevel:       api.LogLevelSilent,
		LogLimit:       maxErrors,
		TsconfigRaw:    r.project.raw,
		Plugins:        []api.Plugin{only(r, entry)},
		// Packages ask for it, and there is no process.
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
	})
	if len(res.Errors) > 0 {
		return Output{}, report(res.Errors, r.why)
	}
	out := Output{Warnings: warnings(res.Warnings)}
	if in.Limits != nil {
		var note string
		if out.Sources, note = files.own(in.Limits.Kept); note != "" {
			out.Warnings = append(out.Warnings, note)
		}
	}
	for _, f := range res.OutputFiles {
		if strings.HasSuffix(f.Path, ".map") {
			out.Map = string(f.Contents)
		} else {
			out.Code = string(f.Contents)
		}
	}
	m, err := authorsNames(out.Map)
	if err != nil {
		return Output{}, err.Error()
	}
	out.Map = m
	return out, ""
}

// only is the plugin that answers every import from the files.
func only(r *resolver, entry string) api.Plugin {
	return api.Plugin{Name: "flora", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if a.Kind == api.ResolveEntryPoint {
				return api.OnResolveResult{Path: entry, Namespace: authorSpace}, nil
			}
			if sdk(a.Path) {
				return api.OnResolveResult{Path: a.Path, Namespace: sdkSpace, SideEffects: api.SideEffectsFalse}, nil
			}
			required := a.Kind == api.ResolveJSRequireCall || a.Kind == api.ResolveJSRequireResolve
			t, err := r.resolve(a.Importer, a.Path, required)
			switch {
			case err != nil && (required || a.Kind == api.ResolveJSDynamicImport):
				// The code may be ready for that: only esbuild knows.
				r.miss(a.Importer, a.Path, err)
				return api.OnResolveResult{}, nil
			case err != nil:
				return api.OnResolveResult{}, err
			case t.nothing:
				return api.OnResolveResult{Path: a.Path, Namespace: emptySpace, SideEffects: api.SideEffectsFalse}, nil
			}
			out := api.OnResolveResult{Path: t.path, Namespace: authorSpace}
			if t.pure {
				out.SideEffects = api.SideEffectsFalse
			}
			return out, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: authorSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			loader, err := loaderOf(a)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			contents, err := r.files[a.Path].read()
			return api.OnLoadResult{Contents: &contents, Loader: loader}, err
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: emptySpace}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			var contents string
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: sdkSpace}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			contents := sdkSource
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
		})
		// What esbuild found on the disk by itself, such as the files that a
		// computed import path may mean, is never read.
		b.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{}, errComputed
		})
	}}
}

func sdk(name string) bool {
	return slices.ContainsFunc(sdkModules, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") })
}

// loaderOf chooses by the import's type attribute, else by extension.
func loaderOf(a api.OnLoadArgs) (api.Loader, error) {
	for key, value := range a.With {
		if key != "type" {
			return 0, fmt.Errorf("the import attribute %q is not supported; only \"type\" is", key)
		}
		switch value {
		case "json":
			return api.LoaderJSON, nil
		case "text":
			return api.LoaderText, nil
		default:
			return 0, fmt.Errorf("the import type %q is not supported; use \"json\" or \"text\"", value)
		}
	}
	loader, ok := loaders[path.Ext(a.Path)]
	if !ok {
		return 0, fmt.Errorf("cannot import %q: files with the extension %q cannot be bundled; import code, .json, .txt or .md", a.Path, path.Ext(a.Path))
	}
	return loader, nil
}

// authorsNames takes our name spaces out of a source map's sources.
func authorsNames(doc string) (string, error) {
	var m struct {
		Version        int      `json:"version"`
		Sources        []string `json:"sources"`
		SourcesContent []string `json:"sourcesContent"`
		Mappings       string   `json:"mappings"`
		Names          []string `json:"names"`
	}
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		return "", fmt.Errorf("read the bundle's source map: %w", err)
	}
	for i, s := range m.Sources {
		m.Sources[i] = ourSpaces.ReplaceAllString(s, "")
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write the bundle's source map: %w", err)
	}
	return string(b), nil
}
