package sdkpackage_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"
)

// project makes a folder in which the packed package is installed, as an
// author would have it.
func project(t *testing.T) string {
	t.Helper()
	files, err := sdkpackage.Files()
	if err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(source, name), text)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "package.json"), `{"name":"bot","private":true,"type":"module"}`)
	var packed []struct{ Filename string }
	if err := json.Unmarshal([]byte(run(t, dir, "npm", "pack", "--json", source)), &packed); err != nil || len(packed) != 1 {
		t.Fatalf("npm pack: %v %+v", err, packed)
	}
	run(t, dir, "npm", "install", "--offline", "--no-audit", "--no-fund", "./"+packed[0].Filename)
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run gives what the command wrote to its standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	var errs strings.Builder
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stderr = dir, &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

var passed = regexp.MustCompile(`(?m)^# pass (\d+)$`)

// TestTheSDK runs the SDK's unit tests, which are TypeScript, on the installed
// package.
func TestTheSDK(t *testing.T) {
	t.Parallel()
	dir := project(t)
	tests, err := filepath.Glob("test/*.test.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out := api.Transform(string(text), api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule, Target: api.ES2022})
		if len(out.Errors) > 0 {
			t.Fatalf("%s: %+v", name, out.Errors)
		}
		write(t, filepath.Join(dir, "test", strings.TrimSuffix(filepath.Base(name), ".ts")+".mjs"), string(out.Code))
	}
	report := run(t, dir, "node", "--test", "--test-reporter=tap", "test/")
	m := passed.FindStringSubmatch(report)
	if m == nil {
		t.Fatalf("node told of no passed tests:\n%s", report)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n < 30 {
		t.Errorf("only %s tests were run (%v)", m[1], err)
	}
}
