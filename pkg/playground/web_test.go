package playground_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// within bounds a program that checks the page's scripts.
const within = 2 * time.Minute

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// TestScripts runs the tests of what the scripts do without a document.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	run(t, "node", append([]string{"--test"}, files...)...)
}

// TestScriptsAreTyped checks them with the compiler that sdk-bundle pins.
func TestScriptsAreTyped(t *testing.T) {
	t.Parallel()
	const bundle = "../../sdk-bundle"
	compiler := filepath.Join(bundle, "node_modules", ".bin", "tsc")
	if _, err := os.Stat(compiler); err != nil {
		// Beside it, so that two tests never install into one folder at once.
		dir := t.TempDir()
		for _, name := range []string{"package.json", "package-lock.json"} {
			b, err := os.ReadFile(filepath.Join(bundle, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run(t, "npm", "ci", "--prefix", dir, "--no-audit", "--no-fund")
		compiler = filepath.Join(dir, "node_modules", ".bin", "tsc")
	}
	run(t, compiler, "-p", "testdata/tsconfig.json")
}

// TestTextsNeverBecomeMarkup looks for the ways by which they could: the
// browser refuses them as well, by the page's policy.
func TestTextsNeverBecomeMarkup(t *testing.T) {
	t.Parallel()
	ways := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\(|new Function|setHTML`)
	elsewhere := regexp.MustCompile(`(?:src|href|import|url\()\s*[=(]?\s*["']?(?:https?:)?//`)
	inline := regexp.MustCompile(`<script(?:>| (?:[^>]*[^"])?>[^<])|<style|\son\w+=|\sstyle=|javascript:`)
	seen := 0
	for _, pattern := range []string{"web/*.js", "web/*.html", "web/*.css"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if m := ways.Find(b); m != nil {
				t.Errorf("%s has %q", name, m)
			}
			if m := elsewhere.Find(b); m != nil {
				t.Errorf("%s loads from elsewhere: %q", name, m)
			}
			if m := inline.Find(b); m != nil && filepath.Ext(name) == ".html" {
				t.Errorf("%s has code or styles of its own: %q", name, m)
			}
			if n := strings.Count(string(b), "\n"); n > 400 {
				t.Errorf("%s has %d lines", name, n)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d files were looked at", seen)
	}
}
