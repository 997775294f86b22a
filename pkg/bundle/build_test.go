package bundle

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// files makes uploaded files of "path", "contents" pairs.
func files(pairs ...string) []deploy.File {
	var out []deploy.File
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, deploy.File{Path: pairs[i], Contents: pairs[i+1]})
	}
	return out
}

func TestBuildGives(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		entry string
		files []deploy.File
		has   []string
		lacks []string
	}{
		"typescript": {
			"src/main.ts", files("src/main.ts", "const answer: number = 42;\non('ready', () => console.log(answer));"),
			[]string{"answer = 42;"},
			[]string{": number"},
		},
		"an entry with ./":          {"./main.ts", files("main.ts", "log('x')"), []string{`log("x")`}, nil},
		"an entry with an asterisk": {"a*.ts", files("a*.ts", "log('star')"), []string{`log("star")`}, nil},
		"relative imports by every rule": {
			"src/main.ts",
			files(
				"src/main.ts", `import "./a"; import "./b"; import "./c"; import "./d"; import "./e"; import "./f"; import "./g"; import "./dir"; import "./js.js"; import "./mjs.mjs"; import "../top.ts"; import "./util.helper"; import "./jsx.js"`,
				"src/a.ts", "log('a.ts')", "src/b.tsx", "log('b.tsx')", "src/c.js", "log('c.js')", "src/d.jsx", "log('d.jsx')",
				"src/e.mjs", "log('e.mjs')", "src/f.cts", "log('f.cts')", "src/g.mts", "log('g.mts')", "src/dir/index.ts", "log('dir')",
				"src/js.ts", "log('js.ts')", "src/mjs.mts", "log('mjs.mts')", "top.ts", "log('top')", "src/util.helper.ts", "log('dotted')", "src/jsx.tsx", "log('jsx.tsx')",
			),
			[]string{"a.ts", "b.tsx", "c.js", "d.jsx", "e.mjs", "f.cts", "g.mts", `"dir"`, "js.ts", "mjs.mts", `"top"`, "dotted", "jsx.tsx"},
			[]string{`import "`},
		},
		"an exact file wins": {"main.ts", files("main.ts", `import "./a.js"`, "a.js", "log('exact')", "a.ts", "log('rewritten')"), []string{"exact"}, []string{"rewritten"}},
		"json, text and markdown": {
			"main.ts",
			files("main.ts", `import d from "./d.json"; import { n } from "./d.json"; import t from "./t.txt"; import m from "./m.md"; log(d, n, t, m)`,
				"d.json", `{"n": 7, "__proto__": 1}`, "t.txt", "text body", "m.md", "# Title"),
			[]string{"text body", "# Title", "7"},
			nil,
		},
		"import attributes": {
			"main.ts",
			files("main.ts", `import d from "./d.json" with { type: "json" }; import t from "./x.ts" with { type: "text" }; log(d, t)`, "d.json", `{"k": "json value"}`, "x.ts", "not run"),
			[]string{"json value", `"not run"`},
			nil,
		},
		"a dynamic import is inlined": {
			"main.ts", files("main.ts", `const { late } = await import("./late"); late()`, "late.ts", `export const late = () => log("late");`),
			[]string{`log("late")`},
			[]string{`import("./late")`},
		},
		"require of a file":        {"main.js", files("main.js", `const x = require("./x"); log(x.y)`, "x.js", `exports.y = "common"`), []string{"common"}, nil},
		"top-level await stays":    {"main.ts", files("main.ts", "await kv.store('x').get('y')"), []string{"await kv.store"}, nil},
		"type imports vanish":      {"main.ts", files("main.ts", `import type { APIUser } from "discord-api-types/v10"; import { type Ctx } from "@flora/sdk"; on("ready", (c: Ctx, u?: APIUser) => {})`), []string{`on("ready"`}, []string{"import ", "globalThis"}},
		"unused imports vanish":    {"main.ts", files("main.ts", `import { Client } from "discord.js"; let c: Client; log(c)`), []string{"log(c)"}, []string{"discord.js"}},
		"sdk values are globals":   {"main.ts", files("main.ts", `import { embed } from "@uwu/flora-sdk"; import * as flora from "@flora/sdk"; embed(); flora.slash()`), []string{"module.exports = globalThis"}, []string{"from \"@"}},
		"decorators are compiled":  {"main.ts", files("main.ts", `const d = (v: any, _c: any) => v; class A { @d m() {} } log(A)`), []string{"__decor"}, []string{"@d m"}},
		"an empty file":            {"main.ts", files("main.ts", `import "./empty"; log(1)`, "empty.ts", ""), []string{"log(1)"}, nil},
		"a byte order mark":        {"main.ts", files("main.ts", "\ufeffimport d from './d.json'; log(d.a)", "d.json", "\ufeff"+`{"a": "marked"}`), []string{"marked"}, nil},
		"circular imports":         {"main.ts", files("main.ts", `import { b } from "./b"; export const a = () => b; log(a())`, "b.ts", `import { a } from "./main"; export const b = () => a;`), []string{"log("}, nil},
		"other files are not read": {"main.ts", files("main.ts", "log(1)", "broken.ts", "let let let", "package.json", "{", "tsconfig.json", `{"extends": "/etc/passwd"}`), []string{"log(1)"}, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, failure := build(Input{Entry: row.entry, Files: row.files})
			if failure != "" {
				t.Fatal(failure)
			}
			for _, s := range row.has {
				if !strings.Contains(out.Code, s) {
					t.Errorf("the bundle lacks %q:\n%s", s, out.Code)
				}
			}
			for _, s := range append(row.lacks, "sourceMappingURL") {
				if strings.Contains(out.Code, s) {
					t.Errorf("the bundle has %q:\n%s", s, out.Code)
				}
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		source string
		want   string // Part of the failure.
	}{
		"a bare import":           {`import z from "zod"; z()`, "cannot find package \"zod\": the upload does not hold it in node_modules"},
		"a bare require":          {`const fs = require("fs"); fs()`, `cannot import "fs": scripts run without Node.js`},
		"a node import":           {`import fs from "node:fs"; fs()`, `cannot import "node:fs": scripts run without Node.js`},
		"a network import":        {`import x from "https://deno.land/x.ts"; x()`, `cannot import "https://deno.land/x.ts": code is not loaded from the network`},
		"a data import":           {`import x from "data:text/javascript,1"; x()`, `cannot import "data:text/javascript,1": only files`},
		"a file import":           {`import x from "file:///etc/passwd"; x()`, `cannot import "file:///etc/passwd": only files`},
		"an absolute import":      {`import x from "/etc/passwd"; log(x)`, `cannot import "/etc/passwd": the path is absolute`},
		"an absolute text import": {`import x from "/etc/passwd" with { type: "text" }; log(x)`, `cannot import "/etc/passwd": the path is absolute`},
		"an escaping import":      {`import x from "../../../../etc/passwd"; log(x)`, `cannot import "../../../../etc/passwd": it leads out of the deployed files`},
		"a missing file":          {`import "./nope"`, `cannot find "./nope": there is no deployed file "src/nope"`},
		"a missing dynamic file":  {`import("./nope.ts")`, `cannot find "./nope.ts"`},
		"a computed way to disk":  {"const x = 'passwd'; import(`../../../../../../etc/${x}`)", "an import path that is computed at run time cannot be bundled"},
		"a computed require":      {"const x = 'passwd'; require('../../../../../../etc/' + x)", "an import path that is computed at run time cannot be bundled"},
		"a style sheet":           {`import "./style.css"`, `files with the extension ".css" cannot be bundled`},
		"an unknown attribute":    {`import x from "./style.css" with { type: "bytes" }; log(x)`, `the import type "bytes" is not supported`},
		"no such export":          {`import { a } from "./other"; log(a)`, `No matching export in "src/other.ts" for import "a"`},
		"a syntax error":          {"let a = 1;\nlet b = ;\n", "src/main.ts:2:9:"},
		"a source map to disk":    {"//# sourceMappingURL=/etc/passwd\nlet let", "src/main.ts:2:"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failure := build(Input{Entry: "src/main.ts", Files: files("src/main.ts", row.source, "src/other.ts", "export const b = 1", "src/style.css", "a{}")})
			if !strings.Contains(failure, row.want) {
				t.Errorf("got %q, want it to have %q", failure, row.want)
			}
			if strings.Contains(failure, "root:") || strings.Contains(failure, recipe.Upload+":") || strings.Contains(failure, "plugin") {
				t.Errorf("the failure shows what it must not: %q", failure)
			}
		})
	}
}

func TestBuildRefusesEntries(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ entry, want string }{
		"missing":      {"src/nope.ts", `the entry "src/nope.ts" is not among the files`},
		"not a script": {"data.json", `the entry "data.json" is no script`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failure := build(Input{Entry: row.entry, Files: files("data.json", "{}")})
			if !strings.Contains(failure, row.want) {
				t.Errorf("got %q, want %q", failure, row.want)
			}
		})
	}
}

// TestErrorText pins the whole text that an author sees: place, source line
// and caret, the column counted from 1 in UTF-16 units.
func TestErrorText(t *testing.T) {
	t.Parallel()
	_, failure := build(Input{Entry: "main.ts", Files: files("main.ts", "const s = '😀'; let b = ;\n")})
	want := "1 error\n\n✘ [ERROR] Unexpected \";\"\n\n    main.ts:1:25:\n      1 │ const s = '😀'; let b = ;\n        ╵                        ^"
	if diff := cmp.Diff(want, failure); diff != "" {
		t.Error(diff)
	}
}

func TestErrorTextIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	rows := map[string]string{
		"a long line":   "let a = '" + long + "'; let b = ;",
		"a long name":   `import "./` + long + `"`,
		"many errors":   strings.Repeat("import './"+long[:900]+"';\nlet ;;\n", 50),
		"many packages": strings.Repeat("import '"+long[:900]+"';\n", 50),
	}
	for name, source := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failure := build(Input{Entry: "main.ts", Files: files("main.ts", source)})
			if failure == "" || len(failure) > 16<<10+100 {
				t.Errorf("the failure has %d bytes", len(failure))
			}
		})
	}
}

// TestModuleMark: that a project's files are ES modules by its package.json
// shows in no name.
func TestModuleMark(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{"good": `import { f } from "./f"; f(); import x from "./f?.js"`, "broken": `import { f } from "./nope"; import "./f?.js"; let a = ;`} {
		out, failure := build(Input{Entry: "src/main.ts", Files: files("package.json", `{"type": "module"}`, "src/main.ts", source, "src/f.ts", "export const f = 1", "src/f?.js", "export default 1; if (f === -0) f()")})
		if (name == "good") != (failure == "") {
			t.Errorf("%s: %s", name, failure)
		}
		if text := out.Map + strings.Join(out.Warnings, "") + failure; strings.Contains(text, recipe.ModuleMark) {
			t.Errorf("%s: it shows in %s", name, text)
		}
	}
}

func TestSourceMap(t *testing.T) {
	t.Parallel()
	in := Input{Entry: "src/main.ts", Files: files("src/main.ts", "import { f } from './f';\nf();\n", "src/f.ts", "export const f = () => {\n  throw new Error('x');\n};\n")}
	out, failure := build(in)
	if failure != "" {
		t.Fatal(failure)
	}
	var m struct {
		Version        int
		Sources        []string
		SourcesContent []string
	}
	if err := json.Unmarshal([]byte(out.Map), &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"src/f.ts", "src/main.ts"}, m.Sources); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{in.Files[1].Contents, in.Files[0].Contents}, m.SourcesContent); diff != "" {
		t.Error(diff)
	}
	line, column := where(t, out.Code, "new Error")
	got, err := MapStack(stackAt(line, column), out.Map)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Error: x\n    at f (src/f.ts:2:9)", got); diff != "" {
		t.Error(diff)
	}
}
