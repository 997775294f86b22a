package spec

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// npmProject brings the packages of test/npm, once, and gives its folder.
var npmProject = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../npm")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil {
		return dir, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci in %s: %w\n%s", dir, err, out)
	}
	return dir, nil
})

// answers are what the bot of test/npm says to "!" and the name.
var npmAnswers = map[string]string{
	"zod":      `zod [{"name":"ada","age":36},["name","age"]]`,
	"date-fns": "date-fns 2024-02-29 Thursday",
	"nanoid":   "nanoid true true",
	"marked":   "marked <h1>Hi <em>there</em></h1>",
	"yaml":     `yaml {"a":[1,"two"],"b":{"c":true}}`,
	"lodash":   `lodash [["a","b"],["c"]]`,
	"late":     "late A NOTE",
}

// TestNpmProject: a bot with packages of npm says the same, whether the tool
// bundled it beside its node_modules or the server an archive of both.
func TestNpmProject(t *testing.T) {
	t.Parallel()
	dir, err := npmProject()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("bundled by the tool", func(t *testing.T) {
		t.Parallel()
		o := newOriginal(t)
		d := deployNpm(t, o, dir)
		for _, name := range []string{"", "date-fns", "lodash", "marked", "nanoid", "yaml", "zod"} {
			if !slices.ContainsFunc(d.Sizes, func(s size) bool { return s.Package == name && s.Bytes > 0 }) {
				t.Errorf("the size report lacks %q: %+v", name, d.Sizes)
			}
		}
		if d.BundleBytes < 10_000 || d.RevisionID == "" {
			t.Errorf("%+v", d)
		}
		hearNpm(t, o)
		var kept struct {
			Files []struct {
				Path string `json:"path"`
			} `json:"files"`
		}
		if err := json.Unmarshal(o.json("GET", "/deployments/"+o.p.guild, nil, nil).body, &kept); err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, f := range kept.Files {
			paths = append(paths, f.Path)
		}
		if want := []string{"package.json", "src/answers.ts", "src/late.ts", "src/main.ts", "src/note.txt", "src/words.json"}; !slices.Equal(paths, want) {
			t.Errorf("the sources kept are %q, want %q", paths, want)
		}
	})
	t.Run("built of an archive", func(t *testing.T) {
		t.Parallel()
		o := newOriginal(t)
		log, build := o.build("src/main.ts", npmFiles(t, dir))
		if build["status"] != "done" {
			t.Fatalf("the build is %v: %q", build["status"], log)
		}
		if a := o.json("POST", "/deployments/"+o.p.guild, map[string]any{"entry": "src/main.ts", "build_id": build["build_id"]}, nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		hearNpm(t, o)
	})
}

type size struct {
	Package string `json:"package"`
	Bytes   int    `json:"bytes"`
}

type deployedNpm struct {
	RevisionID  string `json:"revision_id"`
	BundleBytes int    `json:"bundle_bytes"`
	Sizes       []size `json:"sizes"`
}

// deployNpm deploys with the tool from the project's folder.
func deployNpm(t *testing.T, o *original, dir string) deployedNpm {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora"), "deploy", "--json")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "FLORA_API_URL="+o.p.url+"/api", "FLORA_TOKEN="+o.token, "FLORA_GUILD="+o.p.guild)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %s", err, complaints.String())
	}
	var d deployedNpm
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%s: %s", err, out)
	}
	return d
}

// npmFiles are the project's files and those of its packages that code is made
// of.
func npmFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".bin" || filepath.Base(filepath.Dir(p)) == "locale" && d.Name() != "en-US" && d.Name() != "_lib" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".ts", ".js", ".mjs", ".cjs", ".json", ".txt"}, filepath.Ext(p)) || strings.HasSuffix(p, ".d.ts") || strings.Contains(d.Name(), "cdn") {
			return nil
		}
		b, err := os.ReadFile(p) //nolint:gosec // Of this repository.
		rel, _ := filepath.Rel(dir, p)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// hearNpm asks the bot everything.
func hearNpm(t *testing.T, o *original) {
	t.Helper()
	url := o.p.url + "/sim/guilds/" + o.p.guild + "/channels/" + o.p.channel + "/messages"
	say := func(name string) {
		body, err := json.Marshal(map[string]string{"content": "!" + name})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer, err := call("POST", url, "", body); err != nil || status >= 300 {
			t.Fatalf("%d %s %v", status, answer, err)
		}
	}
	for name, want := range npmAnswers {
		say(name)
		var heard []string
		err := until("the answer to "+name, func() (bool, error) {
			_, answer, err := call("GET", url, "", nil)
			if err != nil {
				return false, err
			}
			var list []message
			if err := json.Unmarshal(answer, &list); err != nil {
				return false, err
			}
			heard = heard[:0]
			for _, m := range list {
				if m.Author.Bot {
					heard = append(heard, m.Content)
				}
			}
			return slices.Contains(heard, want), nil
		})
		if err != nil {
			t.Errorf("%v: it said %q", err, heard)
		}
	}
	say("nobody") // Which throws.
	const place = "src/answers.ts:34:"
	err := until("an error at "+place, func() (bool, error) {
		return strings.Contains(string(o.json("GET", "/logs/"+o.p.guild, nil, nil).body), place), nil
	})
	if err != nil {
		t.Errorf("%v: %s", err, o.json("GET", "/logs/"+o.p.guild, nil, nil).body)
	}
}
