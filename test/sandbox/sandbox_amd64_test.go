package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds one run of all attacks, and one build.
const patience = 8 * time.Minute

// result is a line that control writes.
type result struct {
	Name                  string
	Deadly, Works, Absent bool
	Thread                string
	Result                int64
	Errno                 int
	Killed                string
}

// The binaries, in a folder that TestMain removes: the runtime as it is
// released, the one with the probe, and what starts that.
var released, runtime, control string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if err := lack(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "flora-sandbox")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	runtime, control = filepath.Join(dir, "probe"), filepath.Join(dir, "control")
	builds := [][]string{
		{"-tags", "nativeprobe", "-o", runtime, "../../cmd/flora-runtime"},
		{"-tags", "nativeprobe", "-o", control, "./control"},
	}
	if bin := os.Getenv("FLORA_BIN"); bin != "" {
		released = filepath.Join(bin, "flora-runtime")
	} else {
		released = filepath.Join(dir, "released")
		builds = append(builds, []string{"-o", released, "../../cmd/flora-runtime"})
	}
	for _, args := range builds {
		if err := build(args...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

func build(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// attack runs the control and gives what it found.
func attack(t *testing.T, mode, jit string) []result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, control, runtime, mode, jit)
	// Signals to its group are among the attacks.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("control: %v\n%s", err, complaint.Bytes())
	}
	var all []result
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		all = append(all, r)
	}
	return all
}

// refused says in which way the attack was not refused, if it was not.
func refused(r result) string {
	switch {
	case r.Killed != "" && r.Killed != syscall.SIGSYS.String():
		return "the worker died of " + r.Killed
	case r.Deadly && r.Killed == "":
		return fmt.Sprintf("the worker lives on; the call gave %d, errno %d", r.Result, r.Errno)
	case r.Deadly:
		return ""
	case r.Killed != "":
		return "the worker died of it"
	case r.Absent && r.Errno == int(syscall.ENOSYS), !r.Absent && r.Errno == int(syscall.EPERM):
		return ""
	}
	return fmt.Sprintf("it gave %d, errno %d (%s)", r.Result, r.Errno, syscall.Errno(max(r.Errno, 0)))
}

func TestEveryNativeAttackIsRefused(t *testing.T) {
	t.Parallel()
	compiled := map[string]bool{"mprotect to execute": true, "mmap to execute": true, "pkey_mprotect": true}
	for _, jit := range []string{"nojit", "jit"} {
		t.Run(jit, func(t *testing.T) {
			t.Parallel()
			seen := map[string]int{}
			for _, r := range attack(t, "require", jit) {
				seen[r.Thread]++
				if jit == "jit" && compiled[r.Name] {
					continue // What a compiler does.
				}
				if why := refused(r); why != "" {
					t.Errorf("%s, from the %s thread, is not refused: %s", r.Name, r.Thread, why)
				}
			}
			for _, thread := range []string{"v8", "go", "later"} {
				if seen[thread] < 80 || seen[thread] != seen["v8"] {
					t.Errorf("%d attacks came from the %s thread", seen[thread], thread)
				}
			}
		})
	}
}

// TestTheAttacksWorkWithoutASandbox shows that it is the sandbox that refuses.
func TestTheAttacksWorkWithoutASandbox(t *testing.T) {
	t.Parallel()
	results := attack(t, "off", "nojit")
	if len(results) < 90 {
		t.Errorf("only %d attacks were made", len(results))
	}
	for _, r := range results {
		if r.Errno != 0 || r.Killed != "" {
			t.Errorf("%s, from the %s thread, fails by itself: errno %d %s", r.Name, r.Thread, r.Errno, r.Killed)
		}
	}
}

// TestTheReleasedBinaryLacksTheProbe looks for its names in the binary.
func TestTheReleasedBinaryLacksTheProbe(t *testing.T) {
	t.Parallel()
	without, err := os.ReadFile(released)
	if err != nil {
		t.Fatal(err)
	}
	with, err := os.ReadFile(runtime)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nativeprobe", "flora_make", "wire.Attack", "wire.Outcome", "a number that is not in use"} {
		if !bytes.Contains(with, []byte(name)) {
			t.Errorf("the binary with the probe lacks %q: this test looks for nothing", name)
		}
		if bytes.Contains(without, []byte(name)) {
			t.Errorf("the released binary has %q", name)
		}
	}
}
