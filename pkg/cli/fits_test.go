package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// limited is a server with these limits.
func limited(doc string) map[string]answer {
	a := answers()
	a["GET /api/limits"] = answer{body: doc}
	return a
}

func TestDeployLimits(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"main.ts": `import { long } from "long"; log(long, "own")`, "a.txt": strings.Repeat("a", 3000), "b.txt": strings.Repeat("b", 3000),
		"node_modules/long/index.js": `export const long = "` + strings.Repeat("x", 5000) + `"`,
	}
	rows := map[string]struct {
		limits string
		code   ExitCode
		stderr []string
	}{
		"within":       {`{"scripts":{"bundle_bytes":10000},"deployments":{"body_bytes":50000,"stored_files":3,"stored_files_bytes":7000}}`, OK, nil},
		"none told":    {`{}`, OK, nil},
		"bundle":       {`{"scripts":{"bundle_bytes":4096}}`, Limit, []string{"flora: the bundle has 5.0 KiB, the server takes 4.0 KiB; the largest parts are:\n", "     4.9 KiB  long\n", "your own code\n", "Import less of them"}},
		"files":        {`{"deployments":{"stored_files":2}}`, Limit, []string{"there are 3 sources to keep beside the bundle, the server takes 2; name a smaller --root"}},
		"bytes":        {`{"deployments":{"stored_files_bytes":6000}}`, Limit, []string{"have 5.9 KiB, the server takes 5.9 KiB"}},
		"all together": {`{"deployments":{"body_bytes":9000}}`, Limit, []string{"bundle, source map and sources have ", "the server takes 8.8 KiB"}},
		"no numbers":   {`{"scripts":{"bundle_bytes":"x"}}`, Failure, []string{"the server's limits cannot be read"}},
	}
	for name, row := range rows {
		for _, args := range [][]string{{"deploy"}, {"deploy", "--dry-run"}} {
			t.Run(name+" "+args[len(args)-1], func(t *testing.T) {
				t.Parallel()
				s := newServer(t, limited(row.limits))
				u := newTool(t, s)
				for name, contents := range files {
					u.write(name, contents)
				}
				code, stdout, stderr := u.run(args...)
				want := row.code
				if len(args) == 2 && name == "no numbers" {
					want = OK // It says that they are not checked.
				}
				if code != want || (code == OK) != (stdout != "") {
					t.Fatalf("%d %q %q", code, stdout, stderr)
				}
				for _, text := range row.stderr {
					if !strings.Contains(stderr, text) {
						t.Errorf("got %q, want it to have %q", stderr, text)
					}
				}
				for _, r := range s.requests() {
					if r.Line != "GET /api/limits" && (code != OK || len(args) == 2) {
						t.Errorf("a request: %s", r.Line)
					}
				}
			})
		}
	}
}

func TestDeployTellsSizes(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, limited(`{"scripts":{"bundle_bytes":1048576,"webassembly":0}}`)))
	u.write("main.ts", `import { a } from "a"; import { b } from "@s/b"; log(a, b, new WebAssembly.Module(a))`)
	u.write("node_modules/a/index.js", `export const a = "`+strings.Repeat("x", 2048)+`"`)
	u.write("node_modules/@s/b/index.js", `export const b = "b"`)
	code, stdout, stderr := u.run("deploy", "--dry-run")
	if code != OK || !strings.HasPrefix(stdout, "Bundled main.ts: 2.1 KiB of the 1.0 MiB that the server takes\n     2.0 KiB  a\n") || !strings.Contains(stdout, "  @s/b\n") {
		t.Errorf("%d %q", code, stdout)
	}
	if !strings.Contains(stderr, "[WARNING] WebAssembly is not there on this server") || !strings.Contains(stderr, "main.ts:1:") {
		t.Errorf("%q", stderr)
	}
	_, stdout, stderr = u.run("deploy", "--json")
	var doc struct {
		client.Deployment
		BundleBytes int            `json:"bundle_bytes"`
		Sizes       []project.Size `json:"sizes"`
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || stderr != "" {
		t.Fatalf("%v %q %q", err, stdout, stderr)
	}
	if diff := cmp.Diff([]string{"a", "", "@s/b"}, []string{doc.Sizes[0].Package, doc.Sizes[1].Package, doc.Sizes[2].Package}); diff != "" || doc.BundleBytes < 2048 || len(doc.Warnings) != 1 || doc.RevisionID != "r-1" {
		t.Errorf("%s %+v", diff, doc)
	}
}

// TestDeployOfBrokenSources: what is wrong with them comes first, whole, and
// nothing is sent.
func TestDeployOfBrokenSources(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	u := newTool(t, s)
	u.write("main.ts", "let a = ;")
	code, stdout, stderr := u.run("deploy")
	if code != Failure || stdout != "" || !strings.HasPrefix(stderr, "build failed: 1 error\n\n✘ [ERROR] Unexpected \";\"\n\n    main.ts:1:9:\n") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	if _, _, stderr := u.run("deploy", "--json"); !strings.Contains(stderr, `"message":"build failed: 1 error\n`) {
		t.Errorf("%q", stderr)
	}
}
