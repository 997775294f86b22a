package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// sent decodes the one deploy that the server got.
func sent(t *testing.T, s *server) (client.DeployRequest, []string) {
	t.Helper()
	all := s.requests()
	if len(all) == 2 && all[0].Line == "GET /api/limits" {
		all = all[1:]
	}
	if len(all) != 1 || all[0].Line != "POST /api/deployments/"+guildID || all[0].Source != "cli" {
		t.Fatalf("requests: %+v", all)
	}
	var r client.DeployRequest
	if err := json.Unmarshal([]byte(all[0].Body), &r); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range r.Files {
		paths = append(paths, f.Path)
	}
	return r, paths
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		"src/main.ts": "log('ä')", "src/a.tsx": "", "src/b.js": "", "src/c.jsx": "", "src/d.mjs": "", "src/e.cts": "", "src/f.mts": "", "src/g.cjs": "",
		"data.json": "{}", "README.md": "#", "note.txt": "x",
		"package-lock.json": "{}", "logo.png": "\x89PNG", ".env.json": "{}", ".hidden/a.ts": "x", "node_modules/x/index.js": "x", "dist/main.js": "x", "src/node_modules/y.ts": "x",
		"ignored.ts": "x", "gen/out.ts": "x", "gen/keep.ts": "x", "src/local.ts": "x", "deep/local.ts": "x",
		".gitignore": "# comment\n/ignored.ts\ngen/*\n!gen/keep.ts\n", "src/.gitignore": "local.ts\n",
	}
	want := []string{
		"README.md", "data.json", "deep/local.ts", "gen/keep.ts", "note.txt",
		"src/a.tsx", "src/b.js", "src/c.jsx", "src/d.mjs", "src/e.cts", "src/f.mts", "src/g.cjs", "src/main.ts",
	}
	s := newServer(t, answers())
	u := newTool(t, s)
	for name, contents := range tree {
		u.write(name, contents)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(u.dir, "src", "link.txt")); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := u.run("deploy")
	if diff := cmp.Diff("Deployed src/main.ts to guild "+guildID+"\n  revision  r-1\n  time      TIME\n", times.ReplaceAllString(stdout, "TIME")); code != OK || diff != "" {
		t.Fatalf("%d %s %s", code, diff, stderr)
	}
	r, paths := sent(t, s)
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	if r.Entry != "src/main.ts" || !slices.Contains(r.Files, client.File{Path: "src/main.ts", Contents: "log('ä')"}) || r.Bundle == nil || !strings.Contains(*r.Bundle, `log("ä")`) {
		t.Errorf("%+v", r)
	}
}

func TestDeployFinds(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		files  []string
		args   []string
		entry  string
		stderr string
	}{
		"an entry of its own":          {[]string{"bot/main.ts"}, []string{"bot/main.ts"}, "bot/main.ts", ""},
		"an entry with a dot":          {[]string{"bot/main.ts"}, []string{"./bot/../bot/main.ts"}, "bot/main.ts", ""},
		"an entry below the root":      {[]string{"bot/src/main.ts"}, []string{"src/main.ts", "--root", "bot"}, "src/main.ts", ""},
		"an entry that names the root": {[]string{"src/main.ts"}, []string{"src/main.ts", "--root", "src"}, "main.ts", ""},
		"the next best entry":          {[]string{"index.ts"}, nil, "index.ts", ""},
		"src before the folder":        {[]string{"index.ts", "src/main.ts"}, nil, "src/main.ts", ""},
		"an entry that would be left":  {[]string{"dist/main.js"}, []string{"dist/main.js"}, "dist/main.js", ""},
		"the project's configuration":  {[]string{"app/go.ts", `flora.config.json={"deploy":{"entry":"go.ts","root":"app"}}`}, nil, "go.ts", ""},
		"flags before configuration":   {[]string{"b/x.ts", `flora.config.json={"deploy":{"entry":"go.ts","root":"app"}}`}, []string{"x.ts", "--root", "b"}, "x.ts", ""},
		"a file that is no text":       {[]string{"main.ts", "x.txt=\xff\xfe"}, nil, "main.ts", "x.txt is not kept with the deployment: it is not UTF-8 text\n"},
		"configuration without effect": {[]string{"main.ts", `flora.config.json={"deploy":{"minify":true},"x":1}`}, nil, "main.ts", "warning: flora.config.json: \"x\" has no effect\n"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answers())
			u := newTool(t, s)
			for _, f := range row.files {
				name, contents, _ := strings.Cut(f, "=")
				u.write(name, contents)
			}
			code, _, stderr := u.run(append([]string{"deploy"}, row.args...)...)
			if code != OK || !strings.Contains(stderr, row.stderr) || row.stderr == "" && stderr != "" {
				t.Fatalf("%d %q", code, stderr)
			}
			if r, paths := sent(t, s); r.Entry != row.entry || !slices.Contains(paths, row.entry) {
				t.Errorf("entry %q of %q", r.Entry, paths)
			}
		})
	}
}

func TestDeployRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		files  []string
		args   []string
		code   ExitCode
		stderr string
	}{
		"no entry":               {[]string{"other.ts"}, nil, Usage, "no entry in "},
		"a missing entry":        {[]string{"main.ts"}, []string{"nope.ts"}, Usage, "the entry nope.ts is no file in the root"},
		"a folder as entry":      {[]string{"src/main.ts"}, []string{"src"}, Usage, "the entry src is no file"},
		"an entry outside":       {[]string{"main.ts", "app/x.ts"}, []string{"../main.ts", "--root", "app"}, Usage, "the entry ../main.ts is no file in the root"},
		"an absolute entry":      {[]string{"main.ts"}, []string{"/etc/passwd"}, Usage, "the entry /etc/passwd is no file"},
		"a missing root":         {nil, []string{"--root", "nope"}, Usage, "nope is not a folder"},
		"too much":               {[]string{"main.ts", "x.txt=" + strings.Repeat("x", maxBundleBytes+1)}, nil, Limit, "is too large"},
		"a broken configuration": {[]string{"main.ts", "flora.config.json={"}, nil, Usage, "flora.config.json is broken"},
		"a missing bundle":       {nil, []string{"--bundle", "nope.js"}, Failure, "nope.js"},
		"a missing source map":   {[]string{"b.js"}, []string{"--bundle", "b.js", "--source-map", "nope.map"}, Failure, "nope.map"},
		"two entries":            {[]string{"main.ts"}, []string{"a", "b"}, Usage, "accepts at most 1 arg(s)"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answers())
			u := newTool(t, s)
			for _, f := range row.files {
				name, contents, _ := strings.Cut(f, "=")
				u.write(name, contents)
			}
			code, stdout, stderr := u.run(append([]string{"deploy"}, row.args...)...)
			if code != row.code || stdout != "" || !strings.Contains(stderr, row.stderr) {
				t.Errorf("%d %q %q, want %d %q", code, stdout, stderr, row.code, row.stderr)
			}
			for _, r := range s.requests() {
				if r.Line != "GET /api/limits" {
					t.Errorf("a request: %+v", r)
				}
			}
		})
	}
}

// TestDeployOfAWholeFolder: who deploys from a folder with much else in it is
// told of the flag, if the server refuses that.
func TestDeployOfAWholeFolder(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		files int
		args  []string
		told  bool
	}{"many": {150, nil, true}, "few": {5, nil, false}, "a root": {150, []string{"--root", "."}, false}} {
		u := newTool(t, newServer(t, map[string]answer{"POST /api/deployments/" + guildID: {status: 400, body: `{"message":"invalid deployment files","code":"invalid_input"}`}}))
		u.write("main.ts", "")
		for i := range row.files {
			u.write("other/"+strings.Repeat("x", i+1)+".txt", "")
		}
		if code, _, stderr := u.run(append([]string{"deploy"}, row.args...)...); code != Failure || strings.Contains(stderr, "--root names the script's own") != row.told {
			t.Errorf("%s: %d %q", name, code, stderr)
		}
	}
}

// TestDeployFails: a build's error and a script's stack come out as they are.
func TestDeployFails(t *testing.T) {
	t.Parallel()
	const build = "build failed: 1 error\n\n✘ [ERROR] Unexpected \";\"\n\n    src/main.ts:2:9:\n      2 │ let b = ;\n        ╵         ^"
	rows := map[string]string{"build_failed": build, "deploy_failed": "deployment failed: Error: x\n    at src/main.ts:1:7"}
	for code, text := range rows {
		body, err := json.Marshal(map[string]string{"message": text, "code": code, "request_id": "q"})
		if err != nil {
			t.Fatal(err)
		}
		u := newTool(t, newServer(t, map[string]answer{"POST /api/deployments/" + guildID: {status: 400, body: string(body)}}))
		u.write("main.ts", "let b = 1;")
		exit, stdout, stderr := u.run("deploy")
		if exit != Failure || stdout != "" {
			t.Errorf("%d %q", exit, stdout)
		}
		if diff := cmp.Diff(text+"\n", stderr); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDeployWarns(t *testing.T) {
	t.Parallel()
	a := answers()
	a["POST /api/deployments/"+guildID] = answer{body: strings.TrimSuffix(deployed, "}") + `,"warnings":["slash commands were not registered: x"]}`}
	u := newTool(t, newServer(t, a))
	u.write("main.ts", "")
	code, stdout, stderr := u.run("deploy")
	if code != OK || !strings.HasPrefix(stdout, "Deployed") || stderr != "warning: slash commands were not registered: x\n" {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if _, stdout, stderr := u.run("deploy", "--json"); !strings.Contains(stdout, `"warnings":["slash`) || stderr != "" {
		t.Errorf("%q %q", stdout, stderr)
	}
}

func TestDeployBundle(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args []string
		want client.DeployRequest
	}{
		"with the map beside it": {[]string{"--bundle", "dist/a.js"}, client.DeployRequest{Entry: "a.js", SourceMap: &client.File{Path: "a.js.map", Contents: "{1}"}}},
		"without a map":          {[]string{"--bundle", "dist/b.js"}, client.DeployRequest{Entry: "b.js"}},
		"with another map":       {[]string{"src/main.ts", "--bundle", "dist/b.js", "--source-map", "dist/x.map"}, client.DeployRequest{Entry: "src/main.ts", SourceMap: &client.File{Path: "x.map", Contents: "{2}"}}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answers())
			u := newTool(t, s)
			for name, contents := range map[string]string{"dist/a.js": "code", "dist/a.js.map": "{1}", "dist/b.js": "code", "dist/x.map": "{2}", "src/main.ts": "x"} {
				u.write(name, contents)
			}
			if code, _, stderr := u.run(append([]string{"deploy"}, row.args...)...); code != OK {
				t.Fatal(stderr)
			}
			code := "code"
			row.want.Bundle = &code
			got, _ := sent(t, s)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
