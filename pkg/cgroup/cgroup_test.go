package cgroup_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/cgroup"
)

// TestMain lets this binary be the child that is held to its limits.
func TestMain(m *testing.M) {
	switch os.Getenv("FLORA_CGROUP_CHILD") {
	case "grow":
		_, _ = bufio.NewReader(os.Stdin).ReadByte() // It is in its group by then.
		all := make([][]byte, 0, 64)
		for range 256 {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 512 {
				b[i] = 1
			}
			all = append(all, b)
		}
		fmt.Println(len(all))
		os.Exit(0)
	case "leave":
		m, err := cgroup.Open()
		if err == nil {
			_, err = m.New("left", cgroup.Limits{Memory: 1 << 30, Tasks: 10})
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// maker is nil where this machine lets nobody here make control groups, which
// the kernel must confirm: then it was the error that was tested.
func maker(t *testing.T) *cgroup.Maker {
	t.Helper()
	m, err := cgroup.Open()
	if err == nil {
		return m
	}
	t.Logf("no control groups are to be had here, so only that is tested: %v", err)
	if !strings.Contains(err.Error(), "control group") {
		t.Errorf("%q does not say what is missing", err)
	}
	if dirs := mayMake(t); len(dirs) > 1 {
		t.Errorf("it fails with %q, though groups can be made in %q", err, dirs)
	}
	return nil
}

// mayMake gives the folders of version 1 in which a group can be made by hand,
// beside the one that this process is in.
func mayMake(t *testing.T) (dirs []string) {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil // A kernel without any.
	}
	for line := range strings.Lines(string(own)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || part[1] != "memory" && part[1] != "pids" {
			continue
		}
		dir := filepath.Join("/sys/fs/cgroup", part[1], part[2], fmt.Sprintf("flora-test-%d", os.Getpid()))
		if os.Mkdir(dir, 0o755) == nil { //nolint:gosec // As the kernel has them.
			dirs = append(dirs, dir)
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		}
	}
	return dirs
}

// child runs this binary in a group and gives what it said and how it ended.
func child(t *testing.T, g *cgroup.Group, what string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This binary.
	cmd.Env = append(os.Environ(), "FLORA_CGROUP_CHILD="+what, "GOMAXPROCS=1")
	return run(t, cmd, g)
}

// run starts a command that waits for its input, puts it into the group and lets
// it go on. When it returns, nothing of it runs any more.
func run(t *testing.T, cmd *exec.Cmd, g *cgroup.Group) (string, error) {
	t.Helper()
	var out strings.Builder
	cmd.Stdout = &out
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	err = g.Add(cmd.Process.Pid)
	_ = in.Close()
	werr := cmd.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String()), werr
}

func TestTheKernelHoldsAChildToItsSize(t *testing.T) {
	m := maker(t)
	if m == nil {
		return
	}
	for name, row := range map[string]struct {
		memory int64
		dies   bool
	}{"small": {96 << 20, true}, "large": {1 << 30, false}} {
		g, err := m.New(name, cgroup.Limits{Memory: row.memory, Tasks: 100})
		if err != nil {
			t.Fatal(err)
		}
		out, err := child(t, g, "grow")
		exit, _ := errors.AsType[*exec.ExitError](err)
		killed := exit != nil && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL //nolint:forcetypeassert // It is on Linux.
		if killed != row.dies || !killed && out != "256" {
			t.Errorf("%s: it said %q and ended with %v", name, out, err)
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheKernelHoldsAChildToItsTasks(t *testing.T) {
	m := maker(t)
	if m == nil {
		return
	}
	for name, row := range map[string]struct {
		tasks int64
		all   bool
	}{"few": {4, false}, "many": {64, true}} {
		g, err := m.New(name, cgroup.Limits{Memory: 1 << 30, Tasks: row.tasks})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `read _; for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; echo all`)
		out, err := run(t, cmd, g)
		if all := err == nil && out == "all"; all != row.all {
			t.Errorf("%s: it said %q and ended with %v", name, out, err)
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	m := maker(t)
	if m == nil {
		return
	}
	g, err := m.New("gone", cgroup.Limits{Memory: 1 << 30, Tasks: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
	if n := left(t, os.Getpid()); n > 0 {
		t.Errorf("%d groups are left", n)
	}
}

// TestWhatAKilledProcessLeftIsSweptUp has a child make a group and end without
// removing it.
func TestWhatAKilledProcessLeftIsSweptUp(t *testing.T) {
	if maker(t) == nil {
		return
	}
	var cmd *exec.Cmd
	for try := 0; cmd == nil || left(t, cmd.Process.Pid) == 0; try++ {
		// Another runtime that starts on this machine may have swept it up.
		if try == 10 {
			t.Fatal("the child left nothing")
		}
		cmd = exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This binary.
		cmd.Env = append(os.Environ(), "FLORA_CGROUP_CHILD=leave")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	_ = maker(t)
	if n := left(t, cmd.Process.Pid); n > 0 {
		t.Errorf("%d groups are left", n)
	}
}

// left counts the groups that the process with the id made.
func left(t *testing.T, pid int) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir("/sys/fs/cgroup", func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), fmt.Sprintf("flora-%d-", pid)) {
			n++
		}
		return nil //nolint:nilerr // Groups of others come and go.
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBadGroupsAreRefused(t *testing.T) {
	m := maker(t)
	if m == nil {
		return
	}
	for _, name := range []string{"a/b", "..", "../x"} {
		if _, err := m.New(name, cgroup.Limits{Memory: 1 << 30, Tasks: 10}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if _, err := m.New("x", cgroup.Limits{}); err == nil {
		t.Error("no limits are taken")
	}
}
