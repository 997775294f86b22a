package app

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

func TestProjectFiles(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"src/main.ts":              {Data: []byte("main")},
		"src/lib/a.json":           {Data: []byte("{}")},
		"README.md":                {Data: []byte("text")},
		"picture.png":              {Data: []byte("no")},
		".git/x.ts":                {Data: []byte("no")},
		".hidden.ts":               {Data: []byte("no")},
		"node_modules/zod/main.ts": {Data: []byte("no")},
		"data/notes.json":          {Data: []byte("no")},
	}
	p := project{name: "bot", tree: tree}
	if err := p.open(); err != nil || p.entry != "src/main.ts" {
		t.Fatalf("got %q, %v", p.entry, err)
	}
	got, err := p.files()
	if err != nil {
		t.Fatal(err)
	}
	want := []deploy.File{{Path: "README.md", Contents: "text"}, {Path: "src/lib/a.json", Contents: "{}"}, {Path: "src/main.ts", Contents: "main"}}
	if d := cmp.Diff(got, want); d != "" {
		t.Fatal(d)
	}
	before, err := p.stamp()
	if err != nil {
		t.Fatal(err)
	}
	tree["src/main.ts"].ModTime = time.Unix(1, 0)
	if after, err := p.stamp(); err != nil || after == before {
		t.Fatalf("a save is not seen: %v", err)
	}
}

func TestProjectWithoutEntry(t *testing.T) {
	t.Parallel()
	p := project{name: "bot", tree: fstest.MapFS{"notes.md": {}}}
	if err := p.open(); err == nil || !strings.Contains(err.Error(), "src/main.ts") {
		t.Fatalf("got %v", err)
	}
}
