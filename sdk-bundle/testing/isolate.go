package sdkpackage

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed isolate/*.ts isolate/prelude.js
var isolateSources embed.FS

// IsolateSource is what the isolates of `flora test` start from: the SDK, with a
// clock that the host may set before it and the library for tests behind it. A
// script finds nothing of either.
func IsolateSource(sdk string) (string, error) {
	prelude, err := isolateSources.ReadFile("isolate/prelude.js")
	if err != nil {
		return "", fmt.Errorf("read the library for tests: %w", err)
	}
	out := api.Build(api.BuildOptions{
		EntryPoints: []string{"isolate/index"},
		Bundle:      true,
		Write:       false,
		Format:      api.FormatIIFE,
		Target:      api.ES2022,
		Charset:     api.CharsetASCII, // As the SDK's; see there.
		LogLevel:    api.LogLevelSilent,
		Plugins:     []api.Plugin{libraryPlugin()},
		TsconfigRaw: `{"compilerOptions":{"alwaysStrict":true,"useDefineForClassFields":true}}`,
	})
	if len(out.Errors) > 0 {
		return "", errors.New(strings.Join(api.FormatMessages(out.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	return string(prelude) + sdk + string(out.OutputFiles[0].Contents), nil
}

// libraryPlugin resolves imports inside the embedded sources only.
func libraryPlugin() api.Plugin {
	return api.Plugin{Name: "library", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: path.Join(path.Dir(a.Importer), a.Path) + ".ts", Namespace: "library"}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "library"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := fs.ReadFile(sources, a.Path)
			if err != nil {
				text, err = fs.ReadFile(isolateSources, a.Path)
			}
			if err != nil {
				return api.OnLoadResult{}, err
			}
			s := string(text)
			return api.OnLoadResult{Contents: &s, Loader: api.LoaderTS}, nil
		})
	}}
}

// asserts are the names of the assertions.
var asserts = []string{
	"AssertionError", "assert", "assertArrayIncludes", "assertEquals", "assertExists", "assertFalse", "assertMatch", "assertNotEquals", "assertNotMatch",
	"assertNotStrictEquals", "assertObjectMatch", "assertRejects", "assertStrictEquals", "assertStringIncludes", "assertThrows", "equal", "fail",
}

// Modules are what test files import and `flora test` has for them: the test
// bot, and as much of Node's own modules for tests as files use that run there,
// too. The isolate has all of it already.
func Modules() map[string]string {
	tests := []string{"describe", "it", "test", "beforeAll", "beforeEach", "afterEach", "afterAll", "before", "after"}
	const library = `globalThis[Symbol.for("flora.testing")]`
	nodeAsserts := []string{
		"ok", "equal", "strictEqual", "notEqual", "notStrictEqual", "deepEqual", "deepStrictEqual", "notDeepEqual", "notDeepStrictEqual", "match", "doesNotMatch",
		"fail", "AssertionError", "throws", "rejects", "doesNotThrow", "doesNotReject", "ifError", "strict",
	}
	module := func(names []string, from, standard string) string {
		text := fmt.Sprintf("export const { %s } = %s;\n", strings.Join(names, ", "), from)
		if standard != "" {
			text += "export default " + standard + ";\n"
		}
		return text
	}
	node := module(nodeAsserts, library+".nodeAssert", library+".nodeAssert")
	return map[string]string{
		"@flora/sdk/testing": module(append(append([]string{"createTestBot", "TestBot", "HandlerError"}, tests...), asserts...), library, ""),
		"node:test":          module(tests, library, library+".test"),
		"node:assert":        node,
		"node:assert/strict": node,
	}
}
