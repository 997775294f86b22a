package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fork = "github.com/someone/v8go"

// proxy makes a module proxy of files, in which the fork has the versions, each
// with a V8, and lets the go command ask it only.
func proxy(t *testing.T, versions map[string]string) {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, filepath.FromSlash(fork), "@v")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for version, v8 := range versions {
		fmt.Fprintln(&list, version)
		write(t, filepath.Join(at, version+".info"), fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version))
		write(t, filepath.Join(at, version+".mod"), "module "+fork+"\n")
		f, err := os.Create(filepath.Join(at, version+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		files := map[string]string{"go.mod": "module " + fork + "\n"}
		if part := strings.Split(v8, "."); len(part) == 4 {
			files["deps/include/v8-version.h"] = fmt.Sprintf("#define V8_MAJOR_VERSION %s\n#define V8_MINOR_VERSION %s\n#define V8_BUILD_NUMBER %s\n#define V8_PATCH_LEVEL %s\n", part[0], part[1], part[2], part[3])
		}
		for name, text := range files {
			w, err := z.Create(fork + "@" + version + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(at, "list"), list.String())
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(dir))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	t.Setenv("GOMODCACHE", t.TempDir())
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// product makes a module that links a version of the fork.
func product(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/product\n\ngo 1.26.0\n\nrequire rogchap.com/v8go v0.9.0\n\nreplace rogchap.com/v8go => "+fork+" "+version+"\n")
	return dir
}

// github is a repository's issues.
type github struct {
	open []map[string]any
	sent []string
}

func (g *github) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer t" || !strings.HasPrefix(r.URL.Path, "/repos/o/r/issues") {
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet {
		if r.URL.Query().Get("labels") != label || r.URL.Query().Get("state") != "open" {
			http.Error(w, "not the one issue", http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(g.open)
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.sent = append(g.sent, fmt.Sprintf("%s %s title=%v state=%v labels=%v", r.Method, strings.TrimPrefix(r.URL.Path, "/repos/o/r"), body["title"], body["state"], body["labels"]))
	_, _ = w.Write([]byte(`{"number":8}`))
}

func TestFreshness(t *testing.T) {
	stale := state{Fork: fork, Pinned: engine{"v0.34.0", [4]int{13, 6, 233, 10}}, Newest: engine{"v0.36.0", [4]int{14, 1, 5, 2}}}
	versions := map[string]string{"v0.34.0": "13.6.233.10", "v0.35.0": "13.6.233.10", "v0.36.0": "14.1.5.2"}
	same := map[string]any{"number": 7, "title": describe(stale).Title, "body": describe(stale).Body}
	older := map[string]any{"number": 7, "title": "V8 14.0 is out, linked is 13.6", "body": "b"}
	pull := map[string]any{"number": 6, "title": "a change", "pull_request": map[string]any{}}
	const title = "V8 14.1 is out, linked is 13.6"
	for _, row := range []struct {
		name     string
		versions map[string]string
		pinned   string
		open     []map[string]any
		says     []string
		sends    []string
	}{
		{
			"a newer V8", versions, "v0.34.0", nil,
			[]string{fork + " has V8 14.1.5.2 (v0.36.0); linked is V8 13.6.233.10 (v0.34.0)", "opened issue 8"},
			[]string{"POST /issues title=" + title + " state=<nil> labels=[v8-update]"},
		},
		{"an issue is there", versions, "v0.34.0", []map[string]any{same}, []string{"issue 7 says so already"}, nil},
		{"another issue is there", versions, "v0.34.0", []map[string]any{pull, older}, []string{"brought issue 7 up to date"}, []string{"PATCH /issues/7 title=" + title + " state=<nil> labels=<nil>"}},
		{"nothing newer", versions, "v0.36.0", nil, []string{"and has nothing newer", "needs to be none"}, nil},
		{"nothing newer any more", versions, "v0.36.0", []map[string]any{same}, []string{"closed issue 7"}, []string{"PATCH /issues/7 title=<nil> state=closed labels=<nil>"}},
		{"newer with the same V8", map[string]string{"v0.34.0": "13.6.233.10", "v0.35.0": "13.6.233.10"}, "v0.34.0", nil, []string{"and has nothing newer"}, nil},
		{"a number of two digits", map[string]string{"v0.9.0": "13.9.1.1", "v0.10.0": "13.10.1.1"}, "v0.9.0", nil, []string{"has V8 13.10.1.1 (v0.10.0)"}, []string{"POST /issues title=V8 13.10 is out, linked is 13.9 state=<nil> labels=[v8-update]"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			proxy(t, row.versions)
			g := &github{open: row.open}
			if g.open == nil {
				g.open = []map[string]any{}
			}
			server := httptest.NewServer(g)
			t.Cleanup(server.Close)
			env := map[string]string{"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "t", "GITHUB_API_URL": server.URL}
			var out strings.Builder
			if err := run(t.Context(), product(t, row.pinned), func(name string) string { return env[name] }, &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range row.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it says %q, want %q", out.String(), want)
				}
			}
			if got, want := strings.Join(g.sent, "\n"), strings.Join(row.sends, "\n"); got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
}

func TestFreshnessErrors(t *testing.T) {
	silent := func(string) string { return "" }
	t.Run("no replacement", func(t *testing.T) {
		proxy(t, map[string]string{"v0.34.0": "1.2.3.4"})
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/product\n\ngo 1.26.0\n\nrequire rogchap.com/v8go v0.9.0\n\nreplace rogchap.com/v8go => ./here\n")
		if err := os.Mkdir(filepath.Join(dir, "here"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "here", "go.mod"), "module rogchap.com/v8go\n")
		if err := run(t.Context(), dir, silent, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "does not replace rogchap.com/v8go by a version") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a proxy that has it not", func(t *testing.T) {
		proxy(t, map[string]string{"v0.34.0": "1.2.3.4"})
		t.Setenv("GOPROXY", "off")
		if err := run(t.Context(), product(t, "v0.34.0"), silent, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "GOPROXY=off") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("headers elsewhere", func(t *testing.T) {
		proxy(t, map[string]string{"v0.34.0": ""})
		if err := run(t.Context(), product(t, "v0.34.0"), silent, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "look for the V8 in "+fork+" v0.34.0") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("GitHub refuses", func(t *testing.T) {
		proxy(t, map[string]string{"v0.34.0": "1.2.3.4", "v0.35.0": "1.2.3.5"})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		}))
		t.Cleanup(server.Close)
		env := map[string]string{"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "t", "GITHUB_API_URL": server.URL}
		err := run(t.Context(), product(t, "v0.34.0"), func(name string) string { return env[name] }, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "Bad credentials") {
			t.Errorf("got %v", err)
		}
	})
}

// TestProduct reads the V8 of this project.
func TestProduct(t *testing.T) {
	var pinned struct {
		Replace struct{ Path, Version string }
	}
	if err := ask(t.Context(), "../../..", &pinned, "list", "-m", "-json", replaced); err != nil {
		t.Fatal(err)
	}
	if e, err := carried(t.Context(), pinned.Replace.Path, pinned.Replace.Version); err != nil || e.V8[0] < 13 {
		t.Errorf("got %s %v, want V8 13 or newer", e, err)
	}
}
