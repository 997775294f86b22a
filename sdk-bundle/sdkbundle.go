// Package sdkbundle holds the TypeScript SDK and bundles it into the one
// script that isolates start from. The functions and types of rest are made
// from the table of endpoints. The bundle is made at boot and never committed.
package sdkbundle

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed src/*.ts types/*.ts
var files embed.FS

// Types is the ambient declaration file for authors: one text, made of the
// files in types and of the endpoint table.
func Types() (string, error) {
	names, err := fs.Glob(files, "types/*.d.ts")
	if err != nil {
		return "", fmt.Errorf("list the SDK's types: %w", err)
	}
	// The introduction comes first.
	const first = "types/global.d.ts"
	names = append([]string{first}, slices.DeleteFunc(names, func(n string) bool { return n == first })...)
	var out strings.Builder
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the SDK's types: %w", err)
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.Write(b)
	}
	out.WriteString("\n" + RestTypes())
	return out.String(), nil
}

// Declarations are the Types with the version that they belong to in the first
// line, as servers and the command line tool give them.
func Declarations(version string) (string, error) {
	types, err := Types()
	return "// The declarations of Flora " + version + ".\n" + types, err
}

// Bundle gives the SDK as one classic script.
func Bundle() (string, error) {
	out := api.Build(api.BuildOptions{
		EntryPoints: []string{"index.ts"},
		Bundle:      true,
		Write:       false,
		Format:      api.FormatIIFE,
		Target:      api.ES2022,
		// A single letter beyond Latin-1 would make V8 keep the whole source with
		// two bytes a letter, in the snapshot and in every isolate.
		Charset: api.CharsetASCII,
		// Names stay readable for profiles; only white space goes.
		MinifyWhitespace: true,
		LogLevel:         api.LogLevelSilent,
		Plugins:          []api.Plugin{embedded(files)},
		// No tsconfig.json of the working directory may change the result. Strict
		// mode is what keeps the SDK's functions out of a script's stack frames.
		TsconfigRaw: `{"compilerOptions":{"alwaysStrict":true,"useDefineForClassFields":true}}`,
	})
	if len(out.Errors) > 0 {
		return "", errors.New(strings.Join(api.FormatMessages(out.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	return string(out.OutputFiles[0].Contents), nil
}

// embedded resolves imports inside the embedded tree only.
func embedded(tree fs.FS) api.Plugin {
	return api.Plugin{Name: "embedded", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			p := path.Join("src", path.Clean("/" + a.Path)[1:])
			if !strings.HasSuffix(p, ".ts") {
				p += ".ts"
			}
			return api.OnResolveResult{Path: p, Namespace: "sdk"}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "sdk"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			if a.Path == "src/endpoints.ts" {
				made := endpointsModule()
				return api.OnLoadResult{Contents: &made, Loader: api.LoaderTS}, nil
			}
			text, err := fs.ReadFile(tree, a.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			s := string(text)
			return api.OnLoadResult{Contents: &s, Loader: api.LoaderTS}, nil
		})
	}}
}
