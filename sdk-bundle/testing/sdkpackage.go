// Package sdkpackage makes what authors test with: the npm package @flora/sdk,
// which is the types and a test bot that runs scripts in Node with the SDK's own
// sources, and the library that test files find in the isolates of `flora test`.
package sdkpackage

import (
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
)

//go:embed src/*.ts package.json README.md index.d.ts tests.d.ts
var sources embed.FS

// Files gives the files of the npm package @flora/sdk: the types for authors
// and the test bot. The bot holds the very script that isolates start from.
func Files() (map[string]string, error) {
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		return nil, err
	}
	bot, err := bundleTesting(sdk)
	if err != nil {
		return nil, err
	}
	types, err := sdkbundle.Types()
	if err != nil {
		return nil, err
	}
	out := map[string]string{
		"testing.js": bot,
		"flora.d.ts": types,
		// Scripts import nothing; this makes it no error.
		"index.js": "export {};\n",
		"tsconfig.json": `{
  "compilerOptions": {
    "strict": true,
    "noEmit": true,
    "target": "ES2022",
    "module": "ESNext",
    "moduleResolution": "bundler",
    "lib": ["ES2023"],
    "moduleDetection": "force",
    "types": ["@flora/sdk"]
  }
}
`,
	}
	for from, to := range map[string]string{"package.json": "package.json", "README.md": "README.md", "index.d.ts": "testing.d.ts"} {
		text, err := sources.ReadFile(from)
		if err != nil {
			return nil, fmt.Errorf("read a file of the SDK's package: %w", err)
		}
		out[to] = string(text)
	}
	return out, nil
}

// Types declares what test files have in `flora test`: the module
// @flora/sdk/testing, and globals.
func Types() (string, error) {
	text, err := sources.ReadFile("index.d.ts")
	if err != nil {
		return "", fmt.Errorf("read the types of the test bot: %w", err)
	}
	tests, err := sources.ReadFile("tests.d.ts")
	if err != nil {
		return "", fmt.Errorf("read the types of tests: %w", err)
	}
	var b strings.Builder
	b.WriteString("declare module \"@flora/sdk/testing\" {\n")
	for line := range strings.Lines(string(text)) {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	b.WriteString("}\n\n")
	b.Write(tests)
	return b.String(), nil
}

// bundleTesting gives the test bot as one module for Node.
func bundleTesting(sdk string) (string, error) {
	out := api.Build(api.BuildOptions{
		EntryPoints: []string{"index.ts"},
		Bundle:      true,
		Write:       false,
		Format:      api.FormatESModule,
		Platform:    api.PlatformNode,
		Target:      api.ES2022,
		Charset:     api.CharsetUTF8,
		LogLevel:    api.LogLevelSilent,
		Plugins: []api.Plugin{{Name: "testing", Setup: func(b api.PluginBuild) {
			b.OnResolve(api.OnResolveOptions{Filter: "^flora:sdk$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: "flora:sdk", Namespace: "flora"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "flora"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
				return api.OnLoadResult{Contents: &sdk, Loader: api.LoaderText}, nil
			})
			b.OnResolve(api.OnResolveOptions{Filter: "^node:"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: a.Path, External: true}, nil
			})
			b.OnResolve(api.OnResolveOptions{Filter: `^(\./|index\.ts$)`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				name := strings.TrimSuffix(strings.TrimPrefix(a.Path, "./"), ".ts")
				return api.OnResolveResult{Path: "src/" + name + ".ts", Namespace: "testing"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "testing"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				text, err := sources.ReadFile(a.Path)
				if err != nil {
					return api.OnLoadResult{}, err
				}
				s := string(text)
				return api.OnLoadResult{Contents: &s, Loader: api.LoaderTS}, nil
			})
		}}},
		TsconfigRaw: `{"compilerOptions":{"alwaysStrict":true,"useDefineForClassFields":true}}`,
	})
	if len(out.Errors) > 0 {
		return "", errors.New(strings.Join(api.FormatMessages(out.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	return string(out.OutputFiles[0].Contents), nil
}
