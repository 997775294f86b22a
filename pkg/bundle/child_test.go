package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// TestMain makes this binary its own child: the bundler starts "<exe> bundle".
// "<exe> confined" tells what a child can still do.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "bundle":
			os.Exit(Main(os.Stdin, os.Stdout))
		case "confined":
			os.Exit(confined())
		}
	}
	os.Exit(m.Run())
}

func confined() int {
	if err := confine(); err != nil {
		fmt.Println(err)
		return 1
	}
	for name, resource := range map[string]int{"core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA, "files": unix.RLIMIT_NOFILE} {
		var l unix.Rlimit
		if err := unix.Getrlimit(resource, &l); err != nil {
			fmt.Println(err)
		}
		fmt.Println(name, l.Cur, l.Max)
	}
	_, err := os.ReadFile("/etc/passwd")
	fmt.Println("read", errno(err))
	_, err = os.ReadDir("/")
	fmt.Println("list", errno(err))
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	fmt.Println("socket", errno(err))
	_, err = unix.FcntlInt(0, unix.F_SETOWN, os.Getppid())
	fmt.Println("signals", errno(err))
	fmt.Println("environment", len(os.Environ()))
	return 0
}

func errno(err error) string {
	e, _ := errors.AsType[unix.Errno](err)
	return unix.ErrnoName(e)
}

func TestConfined(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	limits := []string{"core 0 0", "cpu 20 20", "data 536870912 536870912", "files 0 0"}
	for name, row := range map[string]struct {
		env  []string
		want []string
	}{
		"limits alone": {[]string{modeVariable + "=off"}, []string{"environment 1", "list EMFILE", "read EMFILE", "signals ", "socket EMFILE"}},
		"sandbox":      {[]string{modeVariable + "=require", sandbox.Environ(3)}, []string{"environment 2", "list ENOENT", "read ENOENT", "signals EPERM", "socket EPERM"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), exe, "confined")
			cmd.Env = row.env
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %s", err, out)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			want := slices.Concat(limits, row.want)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func newChild(t *testing.T, limits Limits) *Child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return NewChild(exe, limits)
}

// impostor is a program that is started instead of the bundler.
func impostor(t *testing.T, script string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "impostor")
	// A child that is forked while the file is written keeps it from being run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(p, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // It must be executable.
		t.Fatal(err)
	}
	return p
}

func TestChildBuilds(t *testing.T) {
	t.Parallel()
	c := newChild(t, Limits{})
	in := Input{Entry: "src/main.ts", Files: files("src/main.ts", "import { f } from './f';\nf();\n", "src/f.ts", "export const f = () => {\n  throw new Error('x');\n};\n")}
	got, err := c.Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want, failure := build(in)
	if failure != "" {
		t.Fatal(failure)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	line, column := where(t, got.Code, "new Error")
	texts, err := c.MapStacks(t.Context(), []Stack{{Text: stackAt(line, column)}}, got.Map)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Error: x\n    at f (src/f.ts:2:9)"}, texts); diff != "" {
		t.Error(diff)
	}
	if _, err := c.MapStacks(t.Context(), []Stack{{Text: stackAt(1, 1)}}, "{"); !fault.Is(err, fault.BadRequest) {
		t.Errorf("a broken map gives %v", err)
	}
}

func TestChildRefuses(t *testing.T) {
	t.Parallel()
	deep := func(open string) string { return strings.Repeat(open, 1_000_000) }
	rows := map[string]struct {
		files []string
		want  string
	}{
		"a syntax error":      {[]string{"main.ts", "let a = 1;\nlet b = ;\n"}, "main.ts:2:9:\n      2 │ let b = ;\n        ╵         ^"},
		"nested brackets":     {[]string{"main.ts", deep("[")}, "build failed: sources nest too deeply or need too much memory"},
		"nested parentheses":  {[]string{"main.ts", deep("(")}, "build failed: sources nest too deeply or need too much memory"},
		"nested json":         {[]string{"main.ts", "import d from './d.json'; log(d)", "d.json", deep("[")}, "build failed: sources nest too deeply or need too much memory"},
		"nested types":        {[]string{"main.ts", "let a: " + deep("[")}, "build failed: sources nest too deeply or need too much memory"},
		"a way to the disk":   {[]string{"main.ts", "const x = 'passwd'; import(`../../../../../../etc/${x}`)"}, "an import path that is computed"},
		"a computed import":   {[]string{"main.ts", "const x = 'a'; import(`./${x}.ts`)", "a.ts", "1"}, "an import path that is computed"},
		"no entry":            {[]string{"other.ts", "1"}, `"main.ts"`},
		"an absolute path":    {[]string{"main.ts", "1", "/etc/passwd", "1"}, "/etc/passwd"},
		"a path that escapes": {[]string{"main.ts", "1", "../x.ts", "1"}, "../x.ts"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newChild(t, Limits{}).Build(t.Context(), Input{Entry: "main.ts", Files: files(row.files...)})
			f, ok := errors.AsType[*fault.Fault](err)
			if !ok || f.Status() != 400 || !strings.Contains(f.Message, row.want) {
				t.Errorf("got %v, want a 400 with %q", err, row.want)
			}
		})
	}
}

func TestChildLimits(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		limits Limits
		files  []string
		want   string
	}{
		"too many files": {Limits{Files: 1}, []string{"main.ts", "1", "b.ts", "1"}, "at most 1 are allowed"},
		"too many bytes": {Limits{SourceBytes: 10}, []string{"main.ts", "log('far too long')"}, "larger than 10 bytes"},
		"a large answer": {Limits{AnswerBytes: 100}, []string{"main.ts", "log('far too long')"}, "more than 100 bytes"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newChild(t, row.limits).Build(t.Context(), Input{Entry: "main.ts", Files: files(row.files...)})
			f, ok := errors.AsType[*fault.Fault](err)
			if !ok || f.Status() != 400 || !strings.Contains(f.Message, row.want) {
				t.Errorf("got %v, want a fault with %q", err, row.want)
			}
		})
	}
}

// TestImpostors stand for a child that was taken over or died.
func TestImpostors(t *testing.T) {
	t.Parallel()
	const died = "build failed: sources nest too deeply or need too much memory"
	rows := map[string]struct{ script, want string }{
		"dies":             {"exit 2", died},
		"is killed":        {"kill -9 $$", died},
		"says nothing":     {"exit 0", died},
		"speaks no JSON":   {"echo hello", died},
		"says too little":  {"echo '{}'", died},
		"writes no end":    {"while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "more than 10000 bytes"},
		"never reads":      {"exec sleep 600", "it took longer than"},
		"leaves a sleeper": {"sleep 600 & wait", "it took longer than"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := NewChild(impostor(t, row.script), Limits{AnswerBytes: 10000, Wall: 2 * time.Second})
			_, err := c.Build(t.Context(), Input{Entry: "main.ts", Files: files("main.ts", "1")})
			f, ok := errors.AsType[*fault.Fault](err)
			if !ok || f.Code != fault.BuildFailed || !strings.Contains(f.Message, row.want) {
				t.Errorf("got %v, want build_failed with %q", err, row.want)
			}
		})
	}
}

func TestOurFaultIsNotTheAuthors(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		"no such program":   "/nonexistent/flora-runtime",
		"it cannot work":    impostor(t, "exit 70"),
		"it is no program":  impostor(t, "exit 0") + "/x",
		"it makes up files": impostor(t, `echo '{"output":{"code":"x","map":"{}","sources":[{"path":"../x","contents":""}]}}'`),
	}
	for name, exe := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewChild(exe, Limits{}).Build(t.Context(), Input{Entry: "main.ts", Files: files("main.ts", "1")})
			if err == nil || fault.From(err).Code != fault.Internal {
				t.Errorf("got %v, want an internal error", err)
			}
		})
	}
}

// TestCallerLeaves: a caller's end kills its child, and one that waits for room
// gives up.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	c := NewChild(impostor(t, "echo $$ >> "+started+"; exec sleep 600"), Limits{AtOnce: 1})
	in := Input{Entry: "main.ts", Files: files("main.ts", "1")}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Build(ctx, in)
		first <- err
	}()
	wait(t, func() bool {
		pid, err := os.ReadFile(started)
		return err == nil && strings.Contains(string(pid), "\n")
	})
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Build(gone, in); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the one that waits got %v", err)
	}
	cancel()
	if err := <-first; !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the one that ran got %v", err)
	}
	if pids, err := os.ReadFile(started); err != nil || strings.Count(string(pids), "\n") != 1 {
		t.Errorf("children: %q, %v", pids, err)
	}
}

// TestAtMostTwo counts children through the files they hold.
func TestAtMostTwo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := NewChild(impostor(t, `f=`+dir+`/run.$$; : > $f; while [ ! -e `+dir+`/go ]; do sleep 0.01; done; rm $f; echo '{"output":{"code":"x","map":"{}"}}'`), Limits{})
	var wg sync.WaitGroup
	var failed atomic.Int32
	for range 6 {
		wg.Go(func() {
			if _, err := c.Build(context.Background(), Input{Entry: "main.ts", Files: files("main.ts", "1")}); err != nil {
				t.Error(err)
				failed.Add(1)
			}
		})
	}
	running := func() int {
		found, err := filepath.Glob(dir + "/run.*")
		if err != nil {
			t.Error(err)
		}
		return len(found)
	}
	wait(t, func() bool { return running() == 2 })
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := running(); n != 0 || failed.Load() != 0 {
		t.Errorf("%d run, %d failed", n, failed.Load())
	}
}

func wait(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
