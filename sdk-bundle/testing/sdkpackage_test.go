package sdkpackage_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"
)

// project makes a folder in which the packed package is installed, as an
// author would have it.
func project(t *testing.T) string {
	t.Helper()
	files, err := sdkpackage.Files()
	if err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(source, name), text)
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		text, err := os.ReadFile(filepath.Join("test", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	run(t, dir, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund")
	var packed []struct{ Filename string }
	if err := json.Unmarshal([]byte(run(t, dir, "npm", "pack", "--json", source)), &packed); err != nil || len(packed) != 1 {
		t.Fatalf("npm pack: %v %+v", err, packed)
	}
	run(t, dir, "npm", "install", "--no-save", "--offline", "--no-audit", "--no-fund", "./"+packed[0].Filename)
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run gives what the command wrote to its standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	var errs strings.Builder
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stderr = dir, &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

var passed = regexp.MustCompile(`(?m)^# pass (\d+)$`)

// TestTheSDK runs the SDK's unit tests, which are TypeScript, on the installed
// package.
func TestTheSDK(t *testing.T) {
	t.Parallel()
	dir := project(t)
	tests, err := filepath.Glob("test/*.test.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		write(t, filepath.Join(dir, "test", strings.TrimSuffix(filepath.Base(name), ".ts")+".mjs"), javascript(t, name))
	}
	// The examples stay TypeScript: authors have esbuild for that.
	examples, err := filepath.Glob("../../examples/*/main.ts")
	if err != nil || len(examples) < 15 {
		t.Fatalf("%d examples (%v)", len(examples), err)
	}
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "examples", filepath.Base(filepath.Dir(name)), "main.ts"), string(text))
	}
	documented(t, dir)
	// What authors see in their editors.
	write(t, filepath.Join(dir, "tsconfig.json"), `{"extends":"@flora/sdk/tsconfig.json","include":["src","examples"]}`)
	run(t, dir, "npx", "--no-install", "tsc", "-p", "tsconfig.json")
	write(t, filepath.Join(dir, "unit", "use.ts"), `import { createTestBot, type TestBot } from "@flora/sdk/testing";
const bot: TestBot = await createTestBot({ file: "src/main.ts" });
const text: string | undefined = (await bot.say("!ping")).reply?.content;
// @ts-expect-error There is no such action.
await bot.shout(text);
`)
	write(t, filepath.Join(dir, "unit", "tsconfig.json"), `{"extends":"@flora/sdk/tsconfig.json","include":["*.ts"]}`)
	run(t, dir, "npx", "--no-install", "tsc", "-p", "unit")
	report := run(t, dir, "node", "--test", "--test-reporter=tap", "test/")
	m := passed.FindStringSubmatch(report)
	if m == nil {
		t.Fatalf("node told of no passed tests:\n%s", report)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n < 30 {
		t.Errorf("only %s tests were run (%v)", m[1], err)
	}
}

// javascript is a TypeScript file without its types.
func javascript(t *testing.T, source string) string {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	out := api.Transform(string(text), api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule, Target: api.ES2022})
	if len(out.Errors) > 0 {
		t.Fatalf("%s: %+v", source, out.Errors)
	}
	return string(out.Code)
}

var (
	script    = regexp.MustCompile("(?s)```ts\n(.*?)```")
	unitTests = regexp.MustCompile("(?s)```js\n(.*?)```")
)

// documented puts the script of docs/testing.md and its tests into the project.
func documented(t *testing.T, dir string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	main, tests := script.FindSubmatch(page), unitTests.FindAllSubmatch(page, -1)
	if main == nil || len(tests) < 3 {
		t.Fatalf("docs/testing.md has no script or only %d tests", len(tests))
	}
	write(t, filepath.Join(dir, "src", "main.ts"), string(main[1]))
	for i, m := range tests {
		write(t, filepath.Join(dir, "test", fmt.Sprintf("documented%d.test.mjs", i)), string(m[1]))
	}
}
