package spec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNoRuntimeIsLeftBehind kills `flora test` in the middle of a test: the
// runtime that it started ends with it.
func TestNoRuntimeIsLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.test.ts"), []byte(`Deno.test("waits", () => new Promise(() => {}));`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora"), "test", "--json", "--timeout", "50s") //nolint:gosec // The binary under test.
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), `"start"`) {
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// Another of its threads may have started it.
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tasks {
		more, err := os.ReadFile(name) //nolint:gosec // Of /proc.
		if err == nil {
			children = append(children, more...)
		}
	}
	pids := strings.Fields(string(children))
	if len(pids) == 0 {
		t.Fatal("no runtime runs")
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was killed.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range pids {
		for {
			if _, err := os.Stat(filepath.Join("/proc", pid, "exe")); errors.Is(err, os.ErrNotExist) {
				break
			}
			if stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat")); err == nil && strings.Contains(string(stat), ") Z ") {
				break // It has ended; whoever inherits it may take his time.
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("process %s is still there", pid)
			}
		}
	}
}
