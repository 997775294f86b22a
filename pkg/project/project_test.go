package project

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	type said struct {
		File, Root, Entry, Guild, API string
		Imports                       map[string]string
		Tests                         []string
		Warnings                      []string
	}
	rows := map[string]struct {
		files string
		want  said
	}{
		"nothing":                {"", said{Root: "."}},
		"an entry that is there": {"-- index.ts --\n-- src/index.ts --\n", said{Root: ".", Entry: "src/index.ts"}},
		"flora.json": {`
-- flora.json --
// The bot.
{
  "$schema": "./.flora/types/flora.schema.json",
  "root": "bot", /* here */
  "entry": "./go.ts",
  "guild": "42",
  "api": "http://127.0.0.1:1/api",
  "imports": {"zod": "npm:zod@^4", "@/": "./bot/"},
  "test": "t/*.ts",
}
-- bot/go.ts --
`, said{File: "flora.json", Root: "bot", Entry: "go.ts", Guild: "42", API: "http://127.0.0.1:1/api", Imports: map[string]string{"zod": "npm:zod@^4", "@/": "./bot/"}, Tests: []string{"t/*.ts"}}},
		"keys that mean nothing": {`
-- flora.json --
{"Entri": "x", "guildd": "1", "zzzzzzzz": 1, "test": ["a", "b"]}
`, said{File: "flora.json", Root: ".", Tests: []string{"a", "b"}, Warnings: []string{
			`flora.json: "Entri" has no effect; did you mean "entry"?`, `flora.json: "guildd" has no effect; did you mean "guild"?`, `flora.json: "zzzzzzzz" has no effect`,
		}}},
		"flora.json before flora.config.ts": {"-- flora.json --\n{}\n-- flora.config.ts --\nexport default { deploy: { entry: 'x.ts' } }\n-- main.ts --\n", said{File: "flora.json", Root: ".", Entry: "main.ts"}},
		"flora.config.json": {`
-- flora.config.json --
{"deploy": {"entry": "x.ts", "minify": true, "sourcemap": "inline", "external": [], "roots": "y"}, "deplow": {}}
`, said{File: "flora.config.json", Root: ".", Entry: "x.ts", Warnings: []string{
			`flora.config.json: "deplow" has no effect; did you mean "deploy"?`, `flora.config.json: "deploy.roots" has no effect; did you mean "deploy.root"?`,
		}}},
		"flora.config.ts": {`
-- flora.config.ts --
export default { deploy: { entry: "src/bot.ts", root: 'app' } }
`, said{File: "flora.config.ts", Root: "app", Entry: "src/bot.ts"}},
		"with types and helpers": {`
-- flora.config.ts --
import { defineConfig, type Config } from "@uwu/flora-cli"
import { entry } from "./shared"
import plugin from "some-plugin"
const root = ` + "`app`" + ` as const
const more = { minify: true }
export default defineConfig({ deploy: { ["entry"]: entry, root, ...more, sourcemap: plugin() } } satisfies Config)
-- shared.ts --
export const entry: string = "bot\u002ets"
`, said{File: "flora.config.ts", Root: "app", Entry: "bot.ts"}},
		"deno.json": {`
-- deno.jsonc --
{ "imports": { "a": "npm:a@1", "@/": "./src/" }, /* else */ "tasks": {} }
-- flora.json --
{"imports": {"a": "npm:a@2"}}
`, said{File: "flora.json", Root: ".", Imports: map[string]string{"a": "npm:a@2", "@/": "./src/"}}},
		"a file of imports": {`
-- deno.json --
{ "importMap": "maps/import_map.json" }
-- maps/import_map.json --
{ "imports": { "a": "npm:a@1", "x/": "../x/", "b": "/abs", "@std/x": "jsr:@std/x@1" }, "scopes": {} }
`, said{Root: ".", Imports: map[string]string{"a": "npm:a@1", "x/": "./x/", "b": "/abs", "@std/x": "jsr:@std/x@1"}, Warnings: []string{`maps/import_map.json: "scopes" has no effect`}}},
		"CommonJS": {"-- flora.config.cjs --\nmodule.exports = { deploy: { entry: \"a.ts\" } }\n", said{File: "flora.config.cjs", Root: ".", Entry: "a.ts"}},
		"a module": {"-- flora.config.mjs --\nconst config = { deploy: { root: \"r\" } }\nexport default config\n", said{File: "flora.config.mjs", Root: "r"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := load(t, disk(t, row.files))
			root, err := filepath.Rel(p.Dir, p.Root)
			if err != nil {
				t.Fatal(err)
			}
			got := said{filepath.Base(p.File), root, p.Entry, p.Guild, p.API, p.Imports, p.Tests, p.Warnings}
			if p.File == "" {
				got.File = ""
			}
			if row.want.Imports == nil {
				row.want.Imports = map[string]string{}
			}
			if row.want.Tests == nil {
				row.want.Tests = StandardTests
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLoadBelow: a project file above is told of, not read.
func TestLoadBelow(t *testing.T) {
	t.Parallel()
	dir := disk(t, "-- flora.json --\n{\"guild\": \"42\"}\n-- src/deep/main.ts --\n")
	p := load(t, filepath.Join(dir, "src", "deep"))
	if p.Guild != "" || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "that of "+dir+" is not read") {
		t.Errorf("guild %q, warnings %q", p.Guild, p.Warnings)
	}
	if p = load(t, dir); len(p.Warnings) > 0 {
		t.Errorf("warnings %q", p.Warnings)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ files, want string }{
		"no JSON":              {"-- flora.json --\n{\n  \"entry\": ,\n}\n", "flora.json is broken: line 2, column 12"},
		"no object":            {"-- flora.json --\n[]\n", "flora.json: it must be an object, not an array"},
		"another kind":         {"-- flora.json --\n{\"entry\": 1}\n", `flora.json: "entry" must be a string, not a number`},
		"another kind of test": {"-- flora.json --\n{\"test\": {}}\n", `"test" must be a string or a list of strings, not an object`},
		"another kind inside":  {"-- flora.json --\n{\"imports\": {\"a\": 1}}\n", `"imports" must be an object of strings`},
		"broken code":          {"-- flora.config.ts --\nexport default {\n", "flora.config.ts is broken: 1 error"},
		"no default export":    {"-- flora.config.ts --\nexport const x = 1\n", "it has no default export"},
		"computed":             {"-- flora.config.ts --\nexport default { deploy: { entry: process.env.ENTRY } }\n", `flora.config.ts: "deploy.entry" is computed; the tool runs no code`},
		"all computed":         {"-- flora.config.ts --\nexport default () => ({ deploy: {} })\n", "its default export is computed"},
		"a circle":             {"-- flora.config.js --\nvar a = b, b = a\nexport default a\n", "its default export is computed"},
		"of another kind":      {"-- flora.config.ts --\nexport default { deploy: { entry: 7 } }\n", `"deploy.entry" must be a string, not a number`},
		"no import to be seen": {"-- flora.config.ts --\nimport { e } from './nope'\nexport default { deploy: { entry: e } }\n", "flora.config.ts:1:"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(t.Context(), disk(t, row.files))
			if _, ok := errors.AsType[*Misused](err); !ok || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
