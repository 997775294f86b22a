package cli

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeRuntime is a shell script in the place of flora-runtime: body comes after
// it has read the job.
func fakeRuntime(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "flora-runtime")
	// A child that is forked while the file is written keeps it from being run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(name, []byte("#!/bin/sh\nread job\n"+body), 0o700); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	return name
}

// testProject is a folder with files of these contents.
func testProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// testing runs `flora test` with a fake runtime.
func runTest(t *testing.T, dir, binary string, args ...string) (code ExitCode, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	code = Main(ctx, State{Args: append([]string{"test"}, args...), Env: append(os.Environ(), "FLORA_RUNTIME="+binary), Dir: dir, Stdout: &out, Stderr: &errs})
	return code, out.String(), errs.String()
}

const (
	passing = `{"event":"file","file":"a.test.ts"}
{"event":"loaded","file":"a.test.ts","tests":1}
{"event":"start","file":"a.test.ts","test":["g","one"]}
{"event":"result","file":"a.test.ts","test":["g","one"],"status":"passed","duration_ms":1.5}
{"event":"file_end","file":"a.test.ts"}
`
	failing = `{"event":"file","file":"a.test.ts"}
{"event":"start","file":"a.test.ts","test":["g","one"]}
{"event":"result","file":"a.test.ts","test":["g","one"],"status":"failed","duration_ms":1500,"error":{"name":"AssertionError","message":"not \u001b[31mequal <&>\nmore","diff":"- 1\n+ 2","stack":"at f (a.test.ts:2:3)"},"output":[{"level":"warn","text":"careful","from":"script"}]}
{"event":"result","file":"a.test.ts","test":["two"],"status":"skipped"}
{"event":"file_end","file":"a.test.ts","error":{"name":"Error","message":"the rest did not run"}}
`
)

func say(events string) string { return "cat <<'X'\n" + events + "X\n" }

func TestReporters(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "Deno.test('x', () => {\n  f();\n});\n"})
	for _, row := range []struct {
		name, events string
		args         []string
		code         ExitCode
		want         []string
	}{
		{"pretty", failing, nil, Failure, []string{
			"a.test.ts\n  FAILED g > one (1500 ms)\n    not \ufffd[31mequal <&>\n    more\n    - 1\n    + 2\n", "    > 2 |   f();\n        |   ^\n", "    at f (a.test.ts:2:3)\n", "    [script] warn: careful\n",
			"  skipped two\n", "the rest did not run", "0 passed, 2 failed, 1 skipped in ",
		}},
		{"dot", failing, []string{"--reporter", "dot"}, Failure, []string{"FsF\n", "a.test.ts  g > one\n    not"}},
		{"tap", failing, []string{"--reporter", "tap"}, Failure, []string{
			"TAP version 14\n# a.test.ts\nnot ok 1 - g > one\n  ---\n  message: \"AssertionError: not \\u001b[31mequal \\u003c\\u0026\\u003e\\nmore\"\n  diff: \"- 1\\n+ 2\"\n", "ok 2 - two # SKIP\n", "not ok 3 - a.test.ts\n", "\n1..3\n",
		}},
		{"json", passing, []string{"--json"}, OK, []string{`{"event":"result","file":"a.test.ts","test":["g","one"],"status":"passed","duration_ms":1.5}` + "\n", `{"event":"summary","files":1,"passed":1,"failed":0,"skipped":0,"duration_ms":`}},
		{"passed", passing, nil, OK, []string{"a.test.ts\n  ok g > one (2 ms)\n\n1 passed in "}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := runTest(t, dir, fakeRuntime(t, say(row.events)), row.args...)
			if code != row.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, row.code, stdout, stderr)
			}
			for _, w := range row.want {
				if !strings.Contains(stdout, w) {
					t.Errorf("there is no\n%s\nin\n%s", w, stdout)
				}
			}
		})
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "x\ny\n"})
	code, stdout, _ := runTest(t, dir, fakeRuntime(t, say(failing)), "--junit", "out/report.xml")
	if code != Failure {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "report.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !strings.HasPrefix(string(text), xml.Header) || len(got.Suites) != 1 {
		t.Fatalf("it is\n%s", text)
	}
	s := got.Suites[0]
	if _, err := time.Parse(time.RFC3339, s.Timestamp); err != nil {
		t.Error(err)
	}
	s.Timestamp, got.Time = "", ""
	want := junitSuite{Name: "a.test.ts", Tests: 3, Failures: 1, Errors: 1, Skipped: 1, Time: "1.500", Cases: []junitCase{
		{Class: "a.test.ts", Name: "g > one", File: "a.test.ts", Time: "1.500", Out: "[script] warn: careful\n", Failure: &junitProblem{
			Message: "not \ufffd[31mequal <&>", Type: "AssertionError", Text: "not \ufffd[31mequal <&>\nmore\n\n- 1\n+ 2\n\n  1 | x\n> 2 | y\n    |  ^\n\nat f (a.test.ts:2:3)",
		}},
		{Class: "a.test.ts", Name: "two", File: "a.test.ts", Time: "0.000", Skipped: &struct{}{}},
		{Class: "a.test.ts", Name: "(file)", File: "a.test.ts", Time: "0.000", Error: &junitProblem{Message: "the rest did not run", Type: "Error", Text: "the rest did not run"}},
	}}
	if diff := cmp.Diff(s, want); diff != "" {
		t.Errorf("suite (-got +want):\n%s", diff)
	}
	if got.Tests != 3 || got.Failures != 1 || got.Errors != 1 || got.Skipped != 1 {
		t.Errorf("counts of all: %+v", got)
	}
}

// TestARuntimeThatEnds fails the file that ran; the others have another one.
func TestARuntimeThatEnds(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "1", "b.test.ts": "2"})
	body := `case "$job" in
*a.test.ts*)
  echo '{"event":"file","file":"a.test.ts"}'
  echo '{"event":"start","file":"a.test.ts","test":["one"]}'
  echo "out of luck" >&2
  exit 3;;
esac
echo '{"event":"file","file":"b.test.ts"}'
echo '{"event":"start","file":"b.test.ts","test":["two"]}'
echo '{"event":"result","file":"b.test.ts","test":["two"],"status":"passed"}'
echo '{"event":"file_end","file":"b.test.ts"}'
`
	code, stdout, _ := runTest(t, dir, fakeRuntime(t, body))
	for _, w := range []string{"FAILED one", "the runtime ended while this ran (exit status 3)", "out of luck", "ok two", "1 passed, 2 failed"} {
		if code != Failure || !strings.Contains(stdout, w) {
			t.Errorf("exit code %d; there is no %q in\n%s", code, w, stdout)
		}
	}
	code, _, stderr := runTest(t, dir, fakeRuntime(t, "echo no luck at all >&2; exit 1\n"))
	if code != Failure || !strings.Contains(stderr, "the runtime cannot run tests: no luck at all") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// TestAScriptIsAskedFor bundles what a test names, once, and says what is wrong
// with it.
func TestAScriptIsAskedFor(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "1", "src/main.ts": "import { x } from './x'; console.log(x);", "src/x.ts": "export const x: string = 'of the import';", "bad.ts": "const = 1"})
	body := `ask() { echo "{\"event\":\"bundle\",\"id\":$1,\"file\":\"$2\"}"; read answer; case "$answer" in *"$3"*) echo "{\"event\":\"result\",\"file\":\"a.test.ts\",\"test\":[\"$1\"],\"status\":\"passed\"}";; *) echo "$answer" >&2; exit 1;; esac; }
echo '{"event":"file","file":"a.test.ts"}'
ask 1 src/main.ts 'of the import'
ask 2 file://` + dir + `/src/main.ts 'of the import'
ask 3 bad.ts 'bad.ts:1:7'
ask 4 nope.ts 'is no file'
echo '{"event":"file_end","file":"a.test.ts"}'
`
	code, stdout, stderr := runTest(t, dir, fakeRuntime(t, body))
	if code != OK || !strings.Contains(stdout, "4 passed") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestWhichFilesAreTests(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{
		"a.test.ts": "", "b_test.js": "", "src/deep/c.test.mjs": "", "src/main.ts": "", "node_modules/x/d.test.ts": "", "dist/e.test.ts": "", ".hidden/f.test.ts": "", "src/test.ts": "", "src/g.test.tsx": "",
	})
	a := &app{State: State{Dir: dir}}
	p, err := a.project(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"a.test.ts", "b_test.js", "src/deep/c.test.mjs", "src/g.test.tsx"}},
		{[]string{"src"}, []string{"src/deep/c.test.mjs", "src/g.test.tsx"}},
		{[]string{"src/main.ts", "a.test.ts", "a.test.ts"}, []string{"a.test.ts", "src/main.ts"}},
	} {
		got, err := a.testFiles(p, row.args)
		if diff := cmp.Diff(got, row.want); err != nil || diff != "" {
			t.Errorf("%v (%v):\n%s", row.args, err, diff)
		}
	}
	for _, args := range [][]string{{"nope"}, {".."}, {".hidden/none"}} {
		if got, err := a.testFiles(p, args); err == nil {
			t.Errorf("%v gives %v", args, got)
		}
	}
}

// seen is output that can be waited for.
type seen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (s *seen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	select {
	case s.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *seen) until(ctx context.Context, n int, text string) error {
	for {
		s.mu.Lock()
		have := strings.Count(s.text.String(), text)
		s.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-s.more:
		case <-ctx.Done():
			return errors.New("it said:\n" + s.text.String())
		}
	}
}

// TestWatch runs again after a save of the test, and of what the script imports,
// and ends without an error.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "1", "src/main.ts": "import './x';", "src/x.ts": "1"})
	binary := fakeRuntime(t, `echo '{"event":"bundle","id":1,"file":"src/main.ts"}'; read answer
`+say(passing))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, end := watched(ctx, dir, binary)
	defer end()
	for i, file := range []string{"a.test.ts", "src/x.ts"} {
		if err := out.until(ctx, i+1, "waiting for a save"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), []byte("2"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := out.until(ctx, i+2, "1 passed"); err != nil {
			t.Fatal(err)
		}
	}
	if code := end(); code != OK {
		t.Errorf("exit code %d", code)
	}
}

// watched begins `flora test --watch`; end stops it and waits.
func watched(ctx context.Context, dir, binary string) (out *seen, end func() ExitCode) {
	out = &seen{more: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var code ExitCode
	wg.Go(func() {
		code = Main(ctx, State{Args: []string{"test", "--watch"}, Env: append(os.Environ(), "FLORA_RUNTIME="+binary), Dir: dir, Stdout: out, Stderr: out, Watched: true})
	})
	return out, func() ExitCode {
		stop()
		wg.Wait()
		return code
	}
}

// TestWatchGoesOn while the project file is broken, and while there is no test.
func TestWatchGoesOn(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"src/main.ts": "1"})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, end := watched(ctx, dir, fakeRuntime(t, say(passing)))
	defer end()
	for i, step := range []struct{ file, text, said string }{
		{"src/a.test.ts", "1", "no test found in "},
		{"flora.json", "{", "1 passed"},
		{"flora.json", "{}", "flora.json is broken"},
	} {
		if err := errors.Join(out.until(ctx, i+1, "waiting for a save"), out.until(ctx, 1, step.said)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(step.file)), []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.until(ctx, 2, "1 passed"); err != nil {
		t.Fatal(err)
	}
}

// TestARunIsBounded ends a runtime that does not, and names the test.
func TestARunIsBounded(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"a.test.ts": "1"})
	binary := fakeRuntime(t, `echo '{"event":"file","file":"a.test.ts"}'
echo '{"event":"start","file":"a.test.ts","test":["endless"]}'
echo $$ > pid
exec sleep 1000
`)
	code, stdout, stderr := runTest(t, dir, binary, "--total-timeout", "500ms")
	if code != Failure || !strings.Contains(stdout, "FAILED endless") || !strings.Contains(stderr, "the tests took longer than --total-timeout allows") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join("/proc", strings.TrimSpace(string(pid)))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the runtime is still there (%v)", err)
	}
}
