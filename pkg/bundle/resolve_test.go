package bundle

import (
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// TestPackages builds trees that hold node_modules: each row is a main.ts and
// the files beside it.
func TestPackages(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		main  string
		files []string
		has   []string
		lacks []string
	}{
		"index": {`import "a"`, []string{"node_modules/a/index.js", `log("a index")`}, []string{"a index"}, nil},
		"main": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "./lib/x"}`, "node_modules/a/lib/x.js", `log("a main")`, "node_modules/a/index.js", `log("index")`},
			[]string{"a main"}, []string{"index"}},
		"main is a folder":  {`import "a"`, []string{"node_modules/a/package.json", `{"main": "lib"}`, "node_modules/a/lib/index.js", `log("lib index")`}, []string{"lib index"}, nil},
		"main is not there": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "dist/a.js"}`, "node_modules/a/index.js", `log("index")`}, []string{`"index"`}, nil},
		"module before main": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "c.js", "module": "m.js"}`, "node_modules/a/c.js", `log("cjs")`, "node_modules/a/m.js", `log("esm")`},
			[]string{`"esm"`}, []string{`"cjs"`}},
		"main before module for require": {`require("a")`, []string{"node_modules/a/package.json", `{"main": "c.js", "module": "m.js"}`, "node_modules/a/c.js", `log("cjs")`, "node_modules/a/m.js", `log("esm")`},
			[]string{`"cjs"`}, []string{`"esm"`}},
		"browser before both": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "c.js", "browser": "b.js"}`, "node_modules/a/c.js", `log("cjs")`, "node_modules/a/b.js", `log("browser")`},
			[]string{`"browser"`}, []string{`"cjs"`}},
		"browser replaces files and packages": {`import "a"`,
			[]string{"node_modules/a/package.json", `{"main": "lib/main.js", "browser": {"./lib/node.js": "./lib/web.js", "fs": false, "ws": "./ws.js"}}`,
				"node_modules/a/lib/main.js", `const fs = require("fs"), n = require("./node"), ws = require("ws"); log(fs, n, ws)`,
				"node_modules/a/lib/node.js", `module.exports = "from node"`, "node_modules/a/lib/web.js", `module.exports = "from web"`, "node_modules/a/ws.js", `module.exports = "own ws"`},
			[]string{"from web", "own ws"}, []string{"from node"}},
		"browser replaces the main file": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "./n.js", "browser": {"./n.js": "./b.js"}}`, "node_modules/a/n.js", `log("node")`, "node_modules/a/b.js", `log("web")`},
			[]string{`"web"`}, []string{`"node"`}},
		"exports: a text": {`import "a"`, []string{"node_modules/a/package.json", `{"exports": "./e.js", "main": "m.js"}`, "node_modules/a/e.js", `log("exported")`, "node_modules/a/m.js", `log("main")`},
			[]string{`"exported"`}, []string{`"main"`}},
		"exports: conditions in their order": {`import "a"; import "b"`,
			[]string{"node_modules/a/package.json", `{"exports": {"node": "./n.js", "import": "./i.js", "browser": "./b.js", "default": "./d.js"}}`, "node_modules/a/i.js", `log("a import")`,
				"node_modules/b/package.json", `{"exports": {".": {"types": "./t.d.ts", "browser": {"require": "./r.js", "default": "./b.js"}, "import": "./i.js"}}}`, "node_modules/b/b.js", `log("b browser")`, "node_modules/b/i.js", `log("b import")`},
			[]string{"a import", "b browser"}, []string{"b import"}},
		"exports: require": {`require("a")`, []string{"node_modules/a/package.json", `{"exports": {".": {"import": "./i.js", "require": "./r.cjs"}}}`, "node_modules/a/i.js", `log("esm")`, "node_modules/a/r.cjs", `log("cjs")`},
			[]string{`"cjs"`}, []string{`"esm"`}},
		"exports: paths and patterns": {`import "a/x"; import "a/deep/er/y"; import "a/f/z.js"; import "a/old/o.js"`,
			[]string{"node_modules/a/package.json", `{"exports": {"./x": "./src/x.js", "./*": "./never/*.js", "./deep/*": "./src/*.js", "./f/*.js": "./src/f-*.js", "./old/": "./legacy/"}}`,
				"node_modules/a/src/x.js", `log("x")`, "node_modules/a/src/er/y.js", `log("y")`, "node_modules/a/src/f-z.js", `log("z")`, "node_modules/a/legacy/o.js", `log("old")`},
			[]string{`"x"`, `"y"`, `"z"`, `"old"`}, nil},
		"exports: the first of a list": {`import "a"`, []string{"node_modules/a/package.json", `{"exports": [{"node": "./n.js"}, "./d.js"]}`, "node_modules/a/d.js", `log("listed")`}, []string{"listed"}, nil},
		"exports: its own name": {`import "a"`, []string{"node_modules/a/package.json", `{"name": "a", "exports": {".": "./i.js", "./own": "./o.js"}}`, "node_modules/a/i.js", `import "a/own"`, "node_modules/a/o.js", `log("own")`},
			[]string{`"own"`}, nil},
		"imports": {`import "a"`, []string{"node_modules/a/package.json", `{"main": "i.js", "imports": {"#dep": {"node": "fs", "default": "./web.js"}, "#p/*": "./p/*.js", "#b": "b"}}`,
			"node_modules/a/i.js", `import "#dep"; import "#p/q"; import "#b"`, "node_modules/a/web.js", `log("web")`, "node_modules/a/p/q.js", `log("pq")`, "node_modules/b/index.js", `log("b")`},
			[]string{`"web"`, `"pq"`, `"b"`}, nil},
		"a scope and a path": {`import "@s/a/lib/x"; import "@s/a"`, []string{"node_modules/@s/a/index.js", `log("scoped")`, "node_modules/@s/a/lib/x.js", `log("below")`}, []string{"scoped", "below"}, nil},
		"the nearest version": {`import "a"; import "b"`,
			[]string{"node_modules/a/index.js", `import "b"`, "node_modules/a/node_modules/b/index.js", `log("b 1")`, "node_modules/b/index.js", `log("b 2")`},
			[]string{"b 1", "b 2"}, nil},
		"extensions and JSON": {`import "a"`, []string{"node_modules/a/index.js", `log(require("./data"), require("./dir"), require("./package.json").version)`, "node_modules/a/data.json", `{"k": "data value"}`, "node_modules/a/dir/index.cjs", `module.exports = "dir value"`,
			"node_modules/a/package.json", `{"version": "1.2.3"}`},
			[]string{"data value", "dir value", "1.2.3"}, nil},
		"a folder with its own package.json": {`import "a/sub"`, []string{"node_modules/a/sub/package.json", `{"main": "../dist/sub.js"}`, "node_modules/a/dist/sub.js", `log("sub")`}, []string{`"sub"`}, nil},
		"CommonJS and ES modules mix": {`import d, { n } from "a"; log(d, n)`, []string{"node_modules/a/index.js", `exports.n = "named"; exports.default = "def"; Object.defineProperty(exports, "__esModule", { value: true })`},
			[]string{"named"}, nil},
		"a polyfill of a built-in":       {`import "events"`, []string{"node_modules/events/index.js", `log("events package")`}, []string{"events package"}, nil},
		"a built-in that may be missing": {`let fs; try { fs = require("fs") } catch {} import("a").catch(() => {}); log(fs)`, nil, []string{"log(fs)"}, nil},
		"no side effects": {`import { used } from "a"; log(used)`,
			[]string{"node_modules/a/package.json", `{"sideEffects": false}`, "node_modules/a/index.js", `export { used } from "./used"; export { idle } from "./idle"; import "./css"`,
				"node_modules/a/used.js", `export const used = "used"`, "node_modules/a/idle.js", `log("side effect"); export const idle = 1`, "node_modules/a/css.js", `log("styles")`},
			[]string{`"used"`}, []string{"side effect", "styles"}},
		"some side effects": {`import { used } from "a"; log(used)`,
			[]string{"node_modules/a/package.json", `{"sideEffects": ["*.css.js", "./lib/**/keep.js"]}`, "node_modules/a/index.js", `export { used } from "./used"; import "./idle"; import "./x.css"; import "./lib/a/b/keep"`,
				"node_modules/a/used.js", `export const used = "used"`, "node_modules/a/idle.js", `log("side effect")`, "node_modules/a/x.css.js", `log("styles")`, "node_modules/a/lib/a/b/keep.js", `log("kept")`},
			[]string{`"used"`, "styles", "kept"}, []string{"side effect"}},
		"the environment of packages":   {`import "a"`, []string{"node_modules/a/index.js", `if (process.env.NODE_ENV !== "production") log("checks"); else log("fast")`}, []string{"fast"}, []string{"process.env"}},
		"a broken package.json is none": {`import "a"`, []string{"node_modules/a/package.json", `{"main": `, "node_modules/a/index.js", `log("index")`}, []string{`"index"`}, nil},
		"paths of tsconfig.json": {`import "@/x"; import "~lib"; import { a } from "a"; log(a)`,
			[]string{"tsconfig.json", "{\n  // The project's.\n  \"compilerOptions\": { \"baseUrl\": \"./src\", /* both */ \"paths\": { \"@/*\": [\"never/*\", \"lib/*\"], \"~lib\": [\"lib\"], \"a\": [\"own-a\"], }, },\n}",
				"src/lib/x.ts", `log("x")`, "src/lib/index.ts", `log("lib index")`, "src/own-a.ts", `export const a = "own a"; import "b"`, "node_modules/b/index.js", `import "a"`, "node_modules/a/index.js", `log("package a")`},
			[]string{`"x"`, "lib index", "own a", "package a"}, nil},
		"options of tsconfig.json": {`const d = (...a: any[]) => a; class A { @d m(@d p: number) {} } log(A)`, []string{"tsconfig.json", `{"compilerOptions": {"experimentalDecorators": true, "target": "es3", "module": 5}}`},
			[]string{"__decorateParam"}, nil},
		"a broken tsconfig.json":         {`log("built")`, []string{"tsconfig.json", `{"compilerOptions": {"paths": {`}, []string{"built"}, nil},
		"a tsconfig.json that leads out": {`import "a"`, []string{"tsconfig.json", `{"compilerOptions": {"baseUrl": "../..", "paths": {"*": ["../../*"]}}}`, "node_modules/a/index.js", `log("a")`}, []string{`"a"`}, nil},
		"CommonJS in an ES module of Node's": {`import a from "a"; import c from "c"; log(a, c)`,
			[]string{"node_modules/a/package.json", `{"type": "module", "main": "i.js"}`, "node_modules/a/i.js", `import c from "c"; export default c.default`,
				"node_modules/c/index.js", `exports.__esModule = true; exports.default = "of CommonJS"`},
			[]string{"__toESM(require_c(), 1)", "__toESM(require_c());"}, nil},
		"names of registries": {`import { a } from "npm:a@^1/x"; import { b } from "jsr:@s/b@1"; log(a, b)`,
			[]string{"node_modules/a/x.js", `export const a = "npm a"`, "node_modules/@jsr/s__b/index.js", `export const b = "jsr b"`},
			[]string{"npm a", "jsr b"}, nil},
		"tsconfig.json extends another": {`import { x } from "~/x"; const d = (...a: any[]) => a; class A { @d m(@d p: number) {} } log(A, x)`,
			[]string{"tsconfig.json", `{"extends": "./config/base"}`, "config/base.json", `{"extends": ["../nope.json", "@tsconfig/x", "./base.json"], "compilerOptions": {"experimentalDecorators": true, "paths": {"~/*": ["../lib/*"]}}}`, "lib/x.ts", `export const x = "extended"`},
			[]string{"__decorateParam", "extended"}, nil},
		"a file that is a package": {`import "a"`, []string{"node_modules/a.js", `log("single")`}, []string{"single"}, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, failure := build(Input{Entry: "src/main.ts", Files: files(append(row.files, "src/main.ts", row.main)...)})
			if failure != "" {
				t.Fatal(failure)
			}
			for _, s := range row.has {
				if !strings.Contains(out.Code, s) {
					t.Errorf("the bundle lacks %q:\n%s", s, out.Code)
				}
			}
			for _, s := range row.lacks {
				if strings.Contains(strings.ReplaceAll(out.Code, "// node_modules", ""), s) {
					t.Errorf("the bundle has %q:\n%s", s, out.Code)
				}
			}
		})
	}
}

func TestPackagesRefuse(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		main  string
		files []string
		want  []string
	}{
		"not in the upload":         {`import "a"`, nil, []string{`cannot find package "a"`, "use `flora deploy`", "src/main.ts:1:8"}},
		"below another":             {`import "a"`, []string{"node_modules/a/index.js", `import "b/x"`}, []string{`cannot find package "b/x"`, "node_modules/a/index.js:1:8", "imported through src/main.ts > node_modules/a/index.js"}},
		"required":                  {`import "a"`, []string{"node_modules/a/index.js", `module.exports = require("b")`}, []string{`cannot find package "b"`, "imported through src/main.ts > node_modules/a/index.js"}},
		"a built-in":                {`import "a"`, []string{"node_modules/a/index.js", `import "./lib"`, "node_modules/a/lib.js", `import "node:fs/promises"`}, []string{`cannot import "node:fs/promises"`, "node_modules/a/lib.js:1:8", "src/main.ts > node_modules/a/index.js > node_modules/a/lib.js"}},
		"not exported":              {`import "a/inside"`, []string{"node_modules/a/package.json", `{"exports": {".": "./i.js", "./n/*": null}}`, "node_modules/a/inside.js", "", "node_modules/a/i.js", ""}, []string{`package "a" does not export it`}},
		"exported as null":          {`import "a/n/x"`, []string{"node_modules/a/package.json", `{"exports": {"./*": "./*.js", "./n/*": null}}`, "node_modules/a/n/x.js", ""}, []string{`package "a" does not export it`}},
		"exports a way out":         {`import "a"`, []string{"node_modules/a/package.json", `{"exports": "./../b/x.js"}`, "node_modules/b/x.js", ""}, []string{"exports a file outside of itself"}},
		"a star with a way":         {`import "a/x/../../b"`, []string{"node_modules/a/package.json", `{"exports": {"./*": "./*.js"}}`, "node_modules/b.js", ""}, []string{`cannot import "a/b"`}},
		"exports what is not there": {`import "a"`, []string{"node_modules/a/package.json", `{"exports": "./dist/i.js"}`}, []string{`exports "./dist/i.js", which the upload does not hold`}},
		"nothing to import":         {`import "a"`, []string{"node_modules/a/package.json", `{"main": "./dist/i.js"}`}, []string{"names no file that the upload holds"}},
		"no such import":            {`import "#x"`, []string{"package.json", `{"imports": {"#y": "./y.js"}}`}, []string{`package.json does not have it in "imports"`}},
		"no imports":                {`import "#x"`, nil, []string{`has no "imports"`}},
		"in a circle":               {`import "#a"`, []string{"package.json", `{"imports": {"#a": "#b", "#b": "#a"}}`}, []string{"in a circle"}},
		"redirected in a circle":    {`import "x"`, []string{"package.json", `{"browser": {"x": "y", "y": "x"}}`}, []string{"in a circle"}},
		"a style sheet":             {`import "a/x.css"`, []string{"node_modules/a/x.css", "a{}"}, []string{`extension ".css" cannot be bundled`}},
		"an addon":                  {`import "a"`, []string{"node_modules/a/index.js", `module.exports = require("./build/a.node")`, "node_modules/a/build/a.node", "x"}, []string{`extension ".node" cannot be bundled`}},
		"a scope alone":             {`import "@s"`, []string{"node_modules/@s/index.js", ""}, []string{`cannot find package "@s"`}},
		"dots in a name":            {`import "@s/.."; import "a/../../x"`, []string{"node_modules/x/index.js", "", "x.js", ""}, []string{`cannot find package "@s/.."`, `cannot find package "a/../../x"`}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failure := build(Input{Entry: "src/main.ts", Files: files(append(row.files, "src/main.ts", row.main)...)})
			for _, want := range row.want {
				if !strings.Contains(failure, want) {
					t.Errorf("got %q, want it to have %q", failure, want)
				}
			}
			if strings.Contains(failure, "plugin") || strings.Contains(failure, recipe.Upload+":") {
				t.Errorf("the failure shows what it must not: %q", failure)
			}
		})
	}
}
