// Package recipe says how esbuild makes one script of an author's files, so
// that the server's bundler and the command line tool do it alike: options,
// loaders, what a source is, the SDK's modules, errors, names in source maps.
// Where files come from is its callers' matter: it reads none itself.
package recipe

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// The name spaces of esbuild's paths beside "file". They show in the bundle's
// comments.
const (
	Upload = "upload" // An author's files in memory.
	sdk    = "sdk"
	empty  = "empty" // What a package leaves out for browsers.
)

// sdkModules are imported for their types. What is imported as a value is the
// global of that name.
var sdkModules = []string{"@flora/sdk", "@uwu/flora-sdk"}

// sdkSource is a CommonJS module because its exports are not known here.
const sdkSource = "module.exports = globalThis;\n"

// EntryName stands for the entry: esbuild would expand an asterisk in the real
// path by looking at the disk.
const EntryName = "flora-entry"

// MaxErrors is how many errors esbuild collects.
const MaxErrors = 10

// Extensions are tried in this order when an import leaves them out.
var Extensions = []string{".ts", ".tsx", ".js", ".jsx", ".mjs", ".cts", ".mts", ".cjs"}

var loaders = map[string]api.Loader{
	".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS, ".tsx": api.LoaderTSX,
	".js": api.LoaderJS, ".mjs": api.LoaderJS, ".cjs": api.LoaderJS, ".jsx": api.LoaderJSX,
	".json": api.LoaderJSON, ".txt": api.LoaderText, ".md": api.LoaderText,
}

// withoutStyles are the loaders, and none for what esbuild would make a second
// output of.
func withoutStyles() map[string]api.Loader {
	out := maps.Clone(loaders)
	out[".css"], out[".module.css"] = api.LoaderNone, api.LoaderNone
	return out
}

// Options are esbuild's for one script of the folder dir. The caller adds the
// plugins, which know where files are.
func Options(dir string) api.BuildOptions {
	return api.BuildOptions{
		EntryPoints:   []string{EntryName},
		Bundle:        true,
		Write:         false,
		Outfile:       dir + "/bundle.js",
		AbsWorkingDir: dir,
		Format:        api.FormatESModule,
		// New enough for all that V8 runs, old enough that decorators and the
		// like are compiled away.
		Target: api.ES2024,
		// Packages have the parts of theirs for browsers chosen: there is no Node
		// in an isolate.
		Platform:          api.PlatformBrowser,
		Conditions:        []string{"worker", "module"},
		ResolveExtensions: append(slices.Clone(Extensions), ".json"),
		// The script never stands in a page.
		Supported:      map[string]bool{"inline-script": false},
		Charset:        api.CharsetUTF8,
		Sourcemap:      api.SourceMapExternal,
		SourcesContent: api.SourcesContentInclude,
		LogLevel:       api.LogLevelSilent,
		LogLimit:       MaxErrors,
		Loader:         withoutStyles(),
		// Packages ask for it, and there is no process.
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
	}
}

// CheckEntry says what is wrong with the entry's name.
func CheckEntry(entry string) error {
	if !IsScript(entry) {
		return fmt.Errorf("the entry %q is no script; its extension must be one of %s", entry, strings.Join(Extensions, " "))
	}
	return nil
}

// SDK answers an import of the SDK, by any of its names.
func SDK(name string) (api.OnResolveResult, bool) {
	if !slices.ContainsFunc(sdkModules, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") }) {
		return api.OnResolveResult{}, false
	}
	return api.OnResolveResult{Path: name, Namespace: sdk, SideEffects: api.SideEffectsFalse}, true
}

// Nothing answers an import of what a package leaves out for browsers.
func Nothing(name string) api.OnResolveResult {
	return api.OnResolveResult{Path: name, Namespace: empty, SideEffects: api.SideEffectsFalse}
}

// LoadOurs makes a build load what SDK and Nothing answer.
func LoadOurs(b api.PluginBuild) {
	for space, contents := range map[string]string{sdk: sdkSource, empty: ""} {
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: space}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
		})
	}
}

// Loader chooses by the import's type attribute, else by the file's extension.
func Loader(file string, with map[string]string) (api.Loader, error) {
	for key, value := range with {
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
	loader, ok := loaders[path.Ext(file)]
	if !ok {
		return 0, noLoader(file)
	}
	return loader, nil
}

func noLoader(file string) error {
	return fmt.Errorf("cannot import %q: files with the extension %q cannot be bundled; import code, .json, .txt or .md", file, path.Ext(file))
}

// Outputs takes the code and its source map out of what esbuild made. Source says
// what one is called and whether its text may be kept. The map has the author's
// own, not those of packages: they would be most of it, and everybody can have
// them.
func Outputs(files []api.OutputFile, source func(string) (name string, text bool)) (code, sourceMap string, err error) {
	for _, f := range files {
		if strings.HasSuffix(f.Path, ".map") {
			sourceMap, err = rename(f.Contents, source)
		} else {
			code = string(f.Contents)
		}
	}
	return code, sourceMap, err
}

func rename(doc []byte, source func(string) (name string, text bool)) (string, error) {
	var m struct {
		Version        int       `json:"version"`
		Sources        []string  `json:"sources"`
		SourcesContent []*string `json:"sourcesContent"`
		Mappings       string    `json:"mappings"`
		Names          []string  `json:"names"`
	}
	if err := json.Unmarshal(doc, &m); err != nil {
		return "", fmt.Errorf("read the bundle's source map: %w", err)
	}
	for i, s := range m.Sources {
		text := false
		m.Sources[i], text = source(Plain(s))
		if (!text || InModules(m.Sources[i])) && i < len(m.SourcesContent) {
			m.SourcesContent[i] = nil
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write the bundle's source map: %w", err)
	}
	return string(b), nil
}
