package project

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// disk writes the files of a txtar text into a new folder.
func disk(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBundleGives(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		files       string
		has, lacks  []string
		packages    []string
		notInSource []string
	}{
		"typescript": {files: "-- src/main.ts --\nimport { f } from './f'\nconst n: number = f()\nlog(n)\n-- src/f.ts --\nexport const f = () => 42\n", has: []string{"=> 42"}, lacks: []string{": number"}, packages: []string{""}},
		"npm specifiers": {files: `
-- main.ts --
import { a } from "npm:a@^1.2"
import { b } from "npm:@s/b@2/sub"
log(a, b)
-- node_modules/a/package.json --
{"name": "a", "version": "1.4.0", "main": "i.js"}
-- node_modules/a/i.js --
export const a = "from a"
-- node_modules/@s/b/package.json --
{"name": "@s/b", "version": "2.0.0", "exports": {"./sub": "./dist/s.js"}}
-- node_modules/@s/b/dist/s.js --
export const b = "from b"
`, has: []string{"from a", "from b"}, lacks: []string{"import "}, packages: []string{"", "a", "@s/b"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := load(t, disk(t, row.files)).Bundle(t.Context(), BundleOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range row.has {
				if !strings.Contains(out.Code, s) {
					t.Errorf("the bundle lacks %q:\n%s", s, out.Code)
				}
			}
			for _, s := range row.lacks {
				if strings.Contains(out.Code, s) {
					t.Errorf("the bundle has %q:\n%s", s, out.Code)
				}
			}
			var packages []string
			for _, s := range out.Sizes {
				packages = append(packages, s.Package)
			}
			slices.Sort(packages)
			slices.Sort(row.packages)
			if row.packages != nil && !slices.Equal(packages, row.packages) {
				t.Errorf("got packages %q, want %q", packages, row.packages)
			}
		})
	}
}

func TestBundleRefuses(t *testing.T) {
	t.Parallel()
	_, err := load(t, disk(t, "-- main.ts --\nimport fs from 'node:fs'\nfs()\n")).Bundle(t.Context(), BundleOptions{})
	broken, ok := errors.AsType[*Broken](err)
	if !ok || !strings.Contains(broken.Text, "main.ts:1:16") {
		t.Errorf("got %v", err)
	}
}

func TestSourcesAreBounded(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range maxSourceFiles + 1 {
		many.WriteString("-- f" + strconv.Itoa(i) + ".txt --\n")
	}
	for name, row := range map[string]struct{ files, want string }{
		"files": {many.String(), "more than 2000 source files"},
		"bytes": {"-- x.txt --\n" + strings.Repeat("x", maxSourceBytes+1), "is too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, disk(t, row.files+"\n-- main.ts --\n")).Bundle(t.Context(), BundleOptions{})
			if _, ok := errors.AsType[*TooMuch](err); !ok || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
