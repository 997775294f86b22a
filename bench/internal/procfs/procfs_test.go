package procfs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func statLine(pid, parent int, name string, user, system int) string {
	return strconv.Itoa(pid) + " (" + name + ") S " + strconv.Itoa(parent) + " 1 1 0 -1 4194560 1 2 3 4 " +
		strconv.Itoa(user) + " " + strconv.Itoa(system) + " 900 900 20 0 7 0 12345 1 2\n"
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in   string
		want Stat
		err  string
	}{
		"plain":                      {statLine(7, 3, "node", 12, 5), Stat{7, 3, "node", 170 * time.Millisecond}, ""},
		"a name that tries to trick": {statLine(7, 3, "a) S 99 (b", 1, 0), Stat{7, 3, "a) S 99 (b", 10 * time.Millisecond}, ""},
		"no name":                    {"7 S 3", Stat{}, "no name"},
		"cut":                        {"7 (x) S 3 1 1", Stat{}, "cut short"},
		"no id":                      {"x (x) S 3", Stat{}, "no process id"},
		"no parent":                  {strings.Replace(statLine(7, 3, "x", 1, 1), "S 3", "S z", 1), Stat{}, "parent"},
		"no time":                    {strings.Replace(statLine(7, 3, "x", 17, 1), " 17 ", " q ", 1), Stat{}, "CPU time"},
	} {
		got, err := ParseStat(row.in)
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: got error %v, want %q", name, err, row.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

const rollup = "55d0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:                2048 kB\nPss:                1000 kB\nPss_Dirty:           10 kB\n" +
	"Shared_Clean: 1248 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 300 kB\nPrivate_Dirty: 500 kB\n"

func TestParseRollup(t *testing.T) {
	t.Parallel()
	got, err := ParseRollup(rollup)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Rollup{RSS: 2048 << 10, PSS: 1000 << 10, Private: 800 << 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, in := range map[string]string{"empty": "", "one missing": "Rss: 1 kB\nPss: 1 kB\nPrivate_Clean: 1 kB\n", "no number": "Rss: x kB\nPss: 1 kB\n"} {
		if _, err := ParseRollup(in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// fake makes a /proc with these processes.
func fake(t *testing.T, stats ...string) FS {
	t.Helper()
	dir := t.TempDir()
	for _, line := range append(stats, "") {
		if line == "" {
			continue
		}
		pid, _, _ := strings.Cut(line, " ")
		name := "worker"
		if pid == "1" {
			name = "dev"
		}
		for file, text := range map[string]string{"stat": line, "smaps_rollup": rollup, "cmdline": "runtime\x00" + name + "\x00"} {
			if err := os.MkdirAll(filepath.Join(dir, pid), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, pid, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	// What is no process, and one that ended between two looks.
	for _, d := range []string{"self", "77"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return FS(dir)
}

func TestTree(t *testing.T) {
	t.Parallel()
	f := fake(t, statLine(1, 0, "control", 1, 0), statLine(20, 1, "worker", 2, 0), statLine(3, 20, "grandchild", 4, 0), statLine(9, 0, "other", 100, 0))
	tree, err := f.Tree(1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 20, 3}, pids(tree)); diff != "" {
		t.Error(diff)
	}
	if cpu, err := f.CPU(1); err != nil || cpu != 70*time.Millisecond {
		t.Errorf("got %s of CPU, %v", cpu, err)
	}
	if m, err := f.TreeMemory(1); err != nil || m != (Memory{3 * 2048 << 10, 3 * 1000 << 10, (3*800 + 1248) << 10}) {
		t.Errorf("got %+v, %v", m, err)
	}
	workers, err := f.Children(1, "worker")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{20, 3}, workers); diff != "" {
		t.Error(diff)
	}
	if _, err := f.Tree(5); err == nil {
		t.Error("a process that is not there has a tree")
	}
	if _, err := f.Memory(5); err == nil {
		t.Error("a process that is not there has memory")
	}
}

func TestTheRealProc(t *testing.T) {
	t.Parallel()
	m, err := Default.TreeMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if m.RSS < m.PSS || m.PSS <= 0 || m.Unique != m.RSS {
		t.Errorf("got %+v for this process", m)
	}
}
