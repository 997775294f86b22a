package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sources lists the files that the binaries are made of, below the project's
// root.
func sources(t *testing.T) []string {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,Module,GoFiles,CgoFiles,CFiles,CXXFiles,HFiles,EmbedFiles", "./cmd/...")
	cmd.Dir, cmd.Env = top, append(cmd.Environ(), "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list what the binaries are made of: %v", err)
	}
	var all []string
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Dir                                                     string
			Standard                                                bool
			Module                                                  *struct{ Main bool }
			GoFiles, CgoFiles, CFiles, CXXFiles, HFiles, EmbedFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.Module == nil || !p.Module.Main {
			continue
		}
		for _, files := range [][]string{p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.HFiles, p.EmbedFiles} {
			for _, name := range files {
				path, err := filepath.Rel(top, filepath.Join(p.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, path)
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("the binaries are made of %d files only", len(all))
	}
	return all
}
