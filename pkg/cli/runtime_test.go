package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program makes an executable file.
func program(t *testing.T, parts ...string) string {
	t.Helper()
	file := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o700); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	return file
}

func TestRuntimeBinary(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tool, beside := program(t, dir, "a", "flora"), program(t, dir, "a", runtimeName)
	lonely, inPath := program(t, dir, "b", "flora"), program(t, dir, "c", runtimeName)
	named := program(t, dir, "d", "my-runtime")
	plain := filepath.Join(dir, "plain")
	link := filepath.Join(dir, "e")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(tool, link); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + strings.Join([]string{"", "relative", filepath.Join(dir, "b"), filepath.Join(dir, "c")}, string(os.PathListSeparator))
	rows := map[string]struct {
		os, self string
		env      []string
		want     string
		code     ExitCode
		err      string
	}{
		"named":               {"", tool, []string{path, "FLORA_RUNTIME=" + named}, named, OK, ""},
		"named from here":     {"", tool, []string{"FLORA_RUNTIME=d/my-runtime"}, named, OK, ""},
		"beside":              {"", tool, []string{path}, beside, OK, ""},
		"beside, by a link":   {"", link, nil, beside, OK, ""},
		"in PATH":             {"", lonely, []string{path}, inPath, OK, ""},
		"in PATH, alone":      {"", "", []string{path}, inPath, OK, ""},
		"nowhere":             {"", lonely, []string{"PATH="}, "", Failure, "make build"},
		"named, not there":    {"", tool, []string{"FLORA_RUNTIME=" + plain + "x"}, "", Usage, "which is no program"},
		"named, no program":   {"", tool, []string{"FLORA_RUNTIME=" + plain}, "", Usage, "which is no program"},
		"named, but a folder": {"", tool, []string{"FLORA_RUNTIME=" + dir}, "", Usage, "which is no program"},
		"on macOS":            {"darwin", tool, nil, "", Failure, "for Linux only. Run it in a Linux machine or container"},
		"on Windows":          {"windows", tool, nil, "", Failure, "for Linux only. Run flora inside WSL 2"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &app{State: State{Env: row.env, Self: row.self, OS: row.os, Dir: dir}}
			got, err := a.runtimeBinary()
			if row.err == "" {
				if got != row.want || err != nil {
					t.Errorf("got %s, %v, want %s", got, err, row.want)
				}
				return
			}
			if err == nil || codeOf(err) != row.code || !strings.Contains(err.Error(), row.err) || !strings.Contains(err.Error(), "--api") && row.code == Failure {
				t.Errorf("got %s, %v, want %d with %q", got, err, row.code, row.err)
			}
		})
	}
}

// TestDevElsewhere: where there is no runtime, dev says what to do.
func TestDevElsewhere(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{"darwin": "Linux machine or container", "windows": "wsl --install"} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), State{
			Args: []string{"dev"}, Env: []string{"HOME=" + t.TempDir()}, Dir: t.TempDir(), OS: system, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		})
		if code != Failure || !strings.Contains(errs.String(), want) || !strings.Contains(errs.String(), "--api") {
			t.Errorf("on %s: %d, %s", system, code, errs.String())
		}
	}
}
