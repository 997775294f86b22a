package spec

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is there as what is wanted")

const errorsGolden = "testdata/errors/want.txtar"

var caseName = regexp.MustCompile(`(?m)^  "([^"]+)": `)

// TestErrorsAsAuthorsReadThem compares whole log lines of everything that can go
// wrong in a script: positions, code frames, causes and parts are the author's.
func TestErrorsAsAuthorsReadThem(t *testing.T) {
	t.Parallel()
	main, err := os.ReadFile("testdata/errors/main.ts")
	if err != nil {
		t.Fatal(err)
	}
	lib, err := os.ReadFile("testdata/errors/src/lib.ts")
	if err != nil {
		t.Fatal(err)
	}
	p := dev(t, t.TempDir(), "--no-rate-limits")
	tok := token(t, p)
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{
		{"path": "main.ts", "contents": string(main)}, {"path": "src/lib.ts", "contents": string(lib)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, tok, body); err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
	got := &txtar.Archive{Comment: []byte("What testdata/errors/main.ts writes to the log, by what was said. `go test -run TestErrorsAsAuthorsReadThem -update` rewrites it.\n")}
	c := &conversation{p: p}
	seen := 0
	for _, m := range caseName.FindAllStringSubmatch(string(main), -1) {
		c.say(t, "!"+m[1])
		lines := 1
		if m[1] == "many" {
			lines = 50
		}
		var texts []string
		err := until("the log to have what "+m[1]+" writes", func() (bool, error) {
			texts = nil
			all, err := scriptLines(p, tok)
			for _, l := range all {
				if !strings.HasPrefix(l, "cron failed: ") {
					texts = append(texts, l)
				}
			}
			return len(texts) >= seen+lines, err
		})
		if err != nil {
			t.Fatal(err)
		}
		fresh := texts[seen:]
		seen = len(texts)
		for _, f := range fresh[1:] {
			if f != fresh[0] {
				t.Errorf("%s: the same error looks different: %s", m[1], f)
			}
		}
		got.Files = append(got.Files, txtar.File{Name: m[1], Data: []byte(fresh[0] + "\n")})
	}
	err = until("a job to fail", func() (bool, error) {
		all, err := scriptLines(p, tok)
		for _, l := range all {
			if strings.HasPrefix(l, "cron failed: ") {
				got.Files = append(got.Files, txtar.File{Name: "job", Data: []byte(l + "\n")})
				return true, err
			}
		}
		return false, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"load":  "type T = 1;\nconst nothing: any = null;\nfunction start(): void {\n  nothing.start();\n}\nstart();\n",
		"await": "await Promise.resolve();\nawait Promise.reject(new Error(\"top level\", { cause: 5 }));\n",
	} {
		body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
		if err != nil {
			t.Fatal(err)
		}
		status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, tok, body)
		var problem struct {
			Message string `json:"message"`
		}
		if err == nil {
			err = json.Unmarshal(answer, &problem)
		}
		if err != nil || status != http.StatusBadRequest {
			t.Fatalf("%s: %d %s %v", name, status, answer, err)
		}
		got.Files = append(got.Files, txtar.File{Name: name, Data: []byte(problem.Message + "\n")})
	}
	compare(t, got)
}

// scriptLines are the error lines of a log, and all of the script's own.
func scriptLines(p *process, tok string) ([]string, error) {
	status, answer, err := call("GET", p.url+"/api/logs/"+p.guild+"?limit=1000", tok, nil)
	var list []struct{ Level, Target, Message string }
	if err == nil {
		err = json.Unmarshal(answer, &list)
	}
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("logs: %d %w", status, err)
	}
	var out []string
	for _, l := range list {
		if l.Level == "error" || l.Target == "flora:js" {
			out = append(out, l.Message)
		}
	}
	return out, nil
}

func compare(t *testing.T, got *txtar.Archive) {
	t.Helper()
	file := filepath.FromSlash(errorsGolden)
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	texts := func(a *txtar.Archive) map[string]string {
		out := map[string]string{}
		for _, f := range a.Files {
			out[f.Name] = string(f.Data)
		}
		return out
	}
	if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
