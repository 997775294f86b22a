package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const serverTypes = "// The declarations of Flora 9.8.7.\n// What ...\ndeclare namespace flora { const x: 1 }\n"

func TestTypes(t *testing.T) {
	t.Parallel()
	own, err := ownDeclarations()
	if err != nil {
		t.Fatal(err)
	}
	const file = ".flora/types/flora.d.ts"
	rows := map[string]struct {
		args   string // Split at spaces.
		answer answer // Of the server.
		env    []string
		there  map[string]string
		code   ExitCode
		stdout string // A part.
		stderr string // A part.
		want   string // What the declarations are then.
	}{
		"of the server":   {args: "types", answer: answer{body: serverTypes}, stdout: "Wrote the declarations of Flora 9.8.7 at http://", want: serverTypes},
		"not logged in":   {args: "types", env: []string{"FLORA_TOKEN="}, stdout: "Wrote the declarations of Flora dev, which is flora's own:\n  .flora/types/flora.d.ts\n", want: own[file]},
		"offline":         {args: "types --offline", answer: answer{body: serverTypes}, stdout: "flora's own", want: own[file]},
		"nobody there":    {args: "types", env: []string{"FLORA_API_URL=http://127.0.0.1:1"}, stdout: "flora's own", stderr: "warning: cannot reach http://127.0.0.1:1/api", want: own[file]},
		"an older server": {args: "types", answer: answer{status: 404, body: `{"message":"no such route","code":"not_found"}`}, stdout: "flora's own", stderr: "warning: no such route; these are flora's own", want: own[file]},
		"another server":  {args: "types", answer: answer{body: "<html>"}, stdout: "flora's own", stderr: "does not answer like Flora's API", want: own[file]},
		"a bad address":   {args: "types --api here", code: Usage, stderr: `"here" is not an API address`},
		"nothing changes": {args: "types", answer: answer{body: own[file]}, there: own, stdout: "tsconfig.json\n", want: own[file]},
		"fresh":           {args: "types --check", answer: answer{body: own[file]}, there: with(own, "tsconfig.json", `{"include":["src",".flora/types"]}`), stdout: "up to date with Flora dev at http", want: own[file]},
		"stale":           {args: "types --check", answer: answer{body: serverTypes}, there: with(own, "tsconfig.json", tsconfig(nil)), code: Failure, stdout: "Not up to date with Flora 9.8.7 at http", stderr: "the declarations are stale; run `flora types`", want: own[file]},
		"not there":       {args: "types --check", answer: answer{body: serverTypes}, code: Failure, stdout: ".flora/types/flora.d.ts\n", stderr: "stale"},
		"a tsconfig":      {args: "types --offline", there: map[string]string{"tsconfig.json": "{ // mine\n \"include\": [\"src\"], }"}, stderr: `add ".flora/types" to its "include"`, want: own[file]},
		"a broken one":    {args: "types --offline", there: map[string]string{"tsconfig.json": "{"}, stderr: "tsconfig.json is no JSON", want: own[file]},
		"by extension": {args: "types --offline", there: map[string]string{
			"tsconfig.json": `{"extends":"./base"}`, "base.json": `{"extends":["./deep/more.json", "@some/package"]} // one`, "deep/more.json": `{"include":["../.flora/types"]}`,
		}, stdout: "Wrote", want: own[file]},
		"extends itself":   {args: "types --offline", there: map[string]string{"tsconfig.json": `{"extends":"./tsconfig.json"}`}, stderr: `add ".flora/types"`, want: own[file]},
		"a comment is not": {args: "types --offline", there: map[string]string{"tsconfig.json": "{} // .flora/types"}, stderr: `add ".flora/types"`, want: own[file]},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newTool(t, newServer(t, map[string]answer{"GET /api/types": row.answer}))
			u.env = append(u.env, row.env...)
			u.write("src/main.ts", "")
			for file, text := range row.there {
				u.write(file, text)
			}
			code, stdout, stderr := u.run(strings.Fields(row.args)...)
			if code != row.code || !strings.Contains(stdout, row.stdout) || !strings.Contains(stderr, row.stderr) || row.stderr == "" && stderr != "" {
				t.Fatalf("%d %q %q", code, stdout, stderr)
			}
			got := tree(t, u.dir)
			if diff := cmp.Diff(row.want, got[file]); diff != "" {
				t.Error(diff)
			}
			if mine, ok := row.there["tsconfig.json"]; ok && got["tsconfig.json"] != mine {
				t.Errorf("the author's tsconfig.json was changed: %q", got["tsconfig.json"])
			}
			for name := range got {
				if strings.HasSuffix(name, ".tmp") {
					t.Errorf("%s was left", name)
				}
			}
		})
	}
}

func TestTypesOfTheImportMap(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	u.write("src/main.ts", "")
	u.write("flora.json", `{"imports": {"@/": "./src/", "words": "./src/words.ts", "zod": "npm:zod"}}`)
	if code, _, stderr := u.run("types", "--offline"); code != OK || stderr != "" {
		t.Fatal(code, stderr)
	}
	var made struct {
		CompilerOptions struct{ Paths map[string][]string }
	}
	if err := json.Unmarshal([]byte(tree(t, u.dir)["tsconfig.json"]), &made); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"@/*": {"./src/*"}, "words": {"./src/words.ts"}}, made.CompilerOptions.Paths); diff != "" {
		t.Error(diff)
	}
	u.write("tsconfig.json", `{"include":["src",".flora/types"],"compilerOptions":{"paths":{"words":["./src/words.ts"]}}}`)
	want := "warning: tsconfig.json does not know the import \"@/*\"; add \"@/*\": [\"./src/*\"] to its \"paths\"\n"
	if code, _, stderr := u.run("types", "--offline"); code != OK || stderr != want {
		t.Error(code, stderr)
	}
}

// with is the map with one more.
func with(m map[string]string, name, text string) map[string]string {
	out := map[string]string{name: text}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func TestTypesJSON(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string]answer{"GET /api/types": {header: http.Header{"Content-Type": {"text/plain"}}, body: serverTypes}})
	u := newTool(t, s)
	u.write("main.ts", "")
	code, stdout, stderr := u.run("types", "--json")
	var got typesReport
	if err := json.Unmarshal([]byte(stdout), &got); code != OK || stderr != "" || err != nil {
		t.Fatal(code, stdout, stderr, err)
	}
	want := typesReport{Version: "9.8.7", Source: s.URL + "/api", Notes: []string{}, Changed: []string{
		".flora/types/flora.d.ts", ".flora/types/flora.schema.json", ".flora/types/modules.d.ts", ".flora/types/testing.d.ts", "tsconfig.json",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A project whose sources are not in src has all of its folder checked.
	if text := tree(t, u.dir)["tsconfig.json"]; !strings.Contains(text, `"**/*"`) {
		t.Errorf("%s", text)
	}
}

func TestTypesCannotBeWritten(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	u.write("main.ts", "")
	u.write(".flora", "a file")
	if code, _, stderr := u.run("types", "--offline"); code != Failure || !strings.Contains(stderr, ".flora/types/") {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestTypesOfPackages(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	u.write("node_modules/zod/package.json", `{"types":"i.d.ts"}`)
	u.write("node_modules/@scope/pkg/package.json", "{}")
	u.write("node_modules/@types/scope__pkg/package.json", "{}")
	u.write("node_modules/plain/package.json", "{}")
	u.write("node_modules/@jsr/std__text/package.json", "{}")
	u.write("node_modules/@jsr/std__text/index.d.ts", "")
	u.write("src/main.ts", `import { z } from "npm:zod@3.1.0";
import { a } from 'npm:@scope/pkg@^1/deep/a.js';
import { b } from "jsr:@std/text@1/case";
import gone from "npm:gone";
import plain from "npm:plain";
export { z, a, b, gone };
`)
	u.write("src/node_modules/x/index.ts", `import "npm:zod@9";`)
	u.write("src/.hidden/index.ts", `import "npm:zod@8";`)
	if code, _, stderr := u.run("types", "--offline"); code != OK {
		t.Fatal(code, stderr)
	}
	text := tree(t, u.dir)[".flora/types/modules.d.ts"]
	_, got, _ := strings.Cut(text, "// Packages with types.\n")
	want := `declare module "jsr:@std/text@1/case" {
  import all = require("@jsr/std__text/case");
  export = all;
}
declare module "npm:@scope/pkg@^1/deep/a.js" {
  import all = require("@scope/pkg/deep/a.js");
  export = all;
}
declare module "npm:zod@3.1.0" {
  import all = require("zod");
  export = all;
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesInNodeModules(t *testing.T) {
	t.Parallel()
	for specifier, want := range map[string]string{
		"npm:zod": "zod", "npm:/zod": "zod", "npm:zod@3": "zod", "npm:zod@3/v4": "zod/v4", "npm:@a/b": "@a/b", "npm:@a/b@1.2.3-rc.1/c/d.js": "@a/b/c/d.js",
		"jsr:@std/assert@1": "@jsr/std__assert", "jsr:/@std/assert/equals": "@jsr/std__assert/equals",
		"jsr:assert": "", "npm:": "", "npm:@a": "", "npm:../x": "", "zod": "", "node:fs": "", "https://x/y": "",
	} {
		if got, ok := inNodeModules(specifier); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", specifier, got, ok, want)
		}
	}
}

func FuzzNamesInNodeModules(f *testing.F) {
	f.Add("npm:@a/b@1/c")
	f.Add("jsr:@a/b")
	f.Fuzz(func(t *testing.T, specifier string) {
		if name, ok := inNodeModules(specifier); ok == (name == "") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
			t.Errorf("%q: %q %v", specifier, name, ok)
		}
	})
}

// A write that ends half-way leaves what was there.
func TestReplaceFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a", "b.txt")
	for _, text := range []string{"one", "two"} {
		if err := replaceFile(file, text, forAll); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text { //nolint:gosec // A test's own file.
			t.Errorf("%q %v", got, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(dir, "taken"), "x", forAll); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}

// TestTypesOfSomebodyElses: a project that was cloned leads to no other folder.
func TestTypesOfSomebodyElses(t *testing.T) {
	t.Parallel()
	for _, link := range []string{".flora", ".flora/types", ".flora/types/flora.d.ts"} {
		elsewhere := t.TempDir()
		dir := testProject(t, map[string]string{"main.ts": "log(1)"})
		name := filepath.Join(dir, filepath.FromSlash(link))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.Symlink(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		code := Main(t.Context(), State{Args: []string{"types", "--offline"}, Dir: dir, Env: []string{"HOME=" + dir}, Stdout: &out, Stderr: &out})
		if all, err := os.ReadDir(elsewhere); code != Usage || err != nil || len(all) != 0 || !strings.Contains(out.String(), "is a link") {
			t.Errorf("%s: %d %s, %d files there, %v", link, code, &out, len(all), err)
		}
	}
}
