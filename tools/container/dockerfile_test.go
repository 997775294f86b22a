package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const root = "../.."

func TestDockerfile(t *testing.T) {
	t.Parallel()
	image, err := Read(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range image.Bases {
		if name, tag, ok := strings.Cut(base, ":"); !ok || tag == "latest" {
			t.Errorf("the base image %s has no tag that says which one it is", name)
		}
	}
	if len(image.Ports) != 1 || image.Ports[0] != "3000" {
		t.Errorf("the image exposes %q, want api.port's default", image.Ports)
	}
}

func TestDockerfileErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, file, want string }{
		{"no instruction", "FROM a\nRUNN b", "unknown instruction: RUNN"},
		{"nothing to start from", "RUN b", "no build stage in current context"},
		{"what BuildKit warns of", "FROM a as b\nRUN c", "FromAsCasing"},
		{"a shell before the process", "FROM a\nENTRYPOINT flora-runtime", "the shell would be process 1"},
		{"a health check that needs a shell", "FROM a\nHEALTHCHECK CMD curl localhost", "only a program without a shell"},
		{"files from elsewhere", "FROM a\nADD https://example.com/x /x", "ADD is not understood"},
		{"an owner", "FROM a\nCOPY --chown=1 x /x", "only --from is understood"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "Dockerfile")
			if err := os.WriteFile(path, []byte(row.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := Read(path); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %+v %v, want an error with %q", got, err, row.want)
			}
		})
	}
}

// TestContext holds .dockerignore against what the build needs and what must not
// be in an image.
func TestContext(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		".env": true, ".git/config": true, "bin/flora": true, "data/state/CURRENT": true, "config.toml": true, "docs/api.md": true,
		"test/container/doc.go": true, "pkg/v8/include": true, "sdk-bundle/node_modules/typescript/package.json": true,
		"Makefile": false, "go.mod": false, "cmd/flora/main.go": false, "third_party/v8go-selfimport/go.mod": false,
	} {
		got, err := ignored.MatchesOrParentMatches(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is left out: %t, want %t", path, got, want)
		}
	}
	for _, path := range sources(t) {
		if got, err := ignored.MatchesOrParentMatches(path); err != nil || got {
			t.Errorf("%s, which the binaries are made of, is left out: %t %v", path, got, err)
		}
	}
}
