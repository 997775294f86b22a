package cli

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/examples"
)

// begun are the files of every new project.
var begun = []string{
	".flora/types/flora.d.ts", ".flora/types/flora.schema.json", ".flora/types/modules.d.ts", ".flora/types/testing.d.ts",
	".gitignore", "README.md", "flora.json", "src/main.test.ts", "src/main.ts", "tsconfig.json",
}

// tree is everything below a folder, by its path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name) //nolint:gosec // A test's own folder.
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInit(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args   string // Split at "|".
		there  map[string]string
		code   ExitCode
		stdout []string // Parts.
		stderr string   // A part.
		// Where the project is, and what is beside its usual files; no project is
		// expected with another code than 0.
		dir    string
		beside []string
	}{
		"a new folder": {args: "init|mybot", stdout: []string{"Made a bot from the template starter in ", "Next:\n  cd mybot\n  flora dev ", "\n  flora test "}, dir: "mybot"},
		"here":         {args: "init|.", stdout: []string{"Next:\n  flora dev ", "\n  flora deploy "}, dir: "."},
		"no folder":    {args: "init", stdout: []string{"Next:\n  flora dev "}, dir: "."},
		"below":        {args: "init|bots/new one", stdout: []string{"  cd \"bots/new one\"\n"}, dir: "bots/new one"},
		"a template":   {args: "init|-t|tickets", stdout: []string{"from the template tickets"}, dir: "."},
		"a git folder": {
			args:  "init|.",
			there: map[string]string{".git/HEAD": "ref: x\n", "README.md": "# Mine\n", ".gitignore": "*.log\n/node_modules", "LICENSE": "MIT"},
			dir:   ".", beside: []string{".git/HEAD", "LICENSE"}, stdout: []string{"  README.md (it was there, and stays)\n"},
		},
		"what is the same": {args: "init", there: map[string]string{"flora.json": newProject}, dir: ".", stdout: []string{"flora.json (it was there"}},
		"in the way": {
			args: "init", there: map[string]string{"src/main.ts": "mine", "tsconfig.json": "{}"}, code: Conflict,
			stderr: "nothing was written, because these are there already:\n  src/main.ts\n  tsconfig.json\nTake another folder, or --force to replace them.",
		},
		"by force":        {args: "init|--force", there: map[string]string{"src/main.ts": "mine", "src/other.ts": "stays"}, dir: ".", beside: []string{"src/other.ts"}},
		"a folder there":  {args: "init", there: map[string]string{"src/main.ts/x": ""}, code: Usage, stderr: "src/main.ts is in the way: is a directory"},
		"a project there": {args: "init", there: map[string]string{"flora.config.ts": "export default {}"}, code: Conflict, stderr: "has a project file already: flora.config.ts"},
		"a file there":    {args: "init|mybot", there: map[string]string{"mybot": ""}, code: Usage, stderr: "mybot is a file, not a folder"},
		"below a file":    {args: "init|a/b", there: map[string]string{"a": ""}, code: Usage, stderr: "cannot be used: not a directory"},
		"a bad name":      {args: "init|my?bot", code: Usage, stderr: `"my?bot" is no good name for a folder`},
		"a typo":          {args: "init|-t|moderaton", code: Usage, stderr: `there is no template "moderaton"; did you mean moderation?`},
		"no template":     {args: "init|-t|shop", code: Usage, stderr: "`flora init --list` shows them"},
		"two folders":     {args: "init|a|b", code: Usage, stderr: "accepts at most 1 arg(s)"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newTool(t, newServer(t, nil))
			for file, text := range row.there {
				u.write(file, text)
			}
			code, stdout, stderr := u.run(strings.Split(row.args, "|")...)
			if code != row.code || !strings.Contains(stderr, row.stderr) || row.stderr == "" && stderr != "" {
				t.Fatalf("%d %q, want %d %q", code, stderr, row.code, row.stderr)
			}
			if code != OK {
				if diff := cmp.Diff(row.there, tree(t, u.dir)); diff != "" && len(row.there) > 0 {
					t.Errorf("the folder has changed: %s", diff)
				}
				return
			}
			for _, part := range row.stdout {
				if !strings.Contains(stdout, part) {
					t.Errorf("it does not say %q: %q", part, stdout)
				}
			}
			got := tree(t, filepath.Join(u.dir, row.dir))
			want := append(slices.Clone(begun), row.beside...)
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Error(diff)
			}
			for _, file := range append(row.beside, "README.md") {
				if text, was := row.there[file]; was && got[file] != text {
					t.Errorf("%s is %q now", file, got[file])
				}
			}
		})
	}
}

func TestInitCompletesGitignore(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ have, want string }{
		"nothing":     {"", ".flora/\nnode_modules/\n"},
		"one of them": {"node_modules\n", "node_modules\n.flora/\n"},
		"anchored":    {"/node_modules/\n/.flora\n", "/node_modules/\n/.flora\n"},
		"no newline":  {"*.log", "*.log\n.flora/\nnode_modules/\n"},
		"Windows":     {"*.log\r\n.flora/\r\n", "*.log\r\n.flora/\r\nnode_modules/\n"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newTool(t, newServer(t, nil))
			u.write(".gitignore", row.have)
			if code, _, stderr := u.run("init"); code != OK {
				t.Fatal(code, stderr)
			}
			if diff := cmp.Diff(row.want, tree(t, u.dir)[".gitignore"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamesOfFolders(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"mybot": true, "my-bot_2": true, "bot.v2": true, "Bot mit Umläuten": true, "community": true, "com": true, "console": true,
		"": false, "-bot": false, "a:b": false, "a*": false, `a\b`: false, "a\x00b": false, "a\nb": false, "con": false, "NUL": false, "Com1": false, "lpt9.txt": false,
		"bot.": false, "bot ": false, " bot": false, "\xff": false, strings.Repeat("x", 101): false,
	} {
		if err := validName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestInitJSON(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	u.write("README.md", "# Mine\n")
	code, stdout, stderr := u.run("init", "--json")
	var got made
	if err := json.Unmarshal([]byte(stdout), &got); code != OK || stderr != "" || err != nil {
		t.Fatal(code, stdout, stderr, err)
	}
	want := made{Dir: u.dir, Template: "starter", Files: slices.DeleteFunc(slices.Clone(begun), func(n string) bool { return n == "README.md" }), Kept: []string{"README.md"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	code, stdout, _ = u.run("init", "--list", "--json")
	var list []examples.Template
	if err := json.Unmarshal([]byte(stdout), &list); code != OK || err != nil {
		t.Fatal(code, stdout, err)
	}
	if diff := cmp.Diff(examples.Templates(), list); diff != "" {
		t.Error(diff)
	}
	if _, stdout, _ = u.run("init", "--list"); !strings.Contains(stdout, "moderation   warn, time out") {
		t.Errorf("%q", stdout)
	}
}
