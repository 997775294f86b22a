package v8_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// TestLargeBlocksForAMomentEndNoProcess has native code take blocks for a moment that
// are larger than the script's limit. V8 cannot be refused them, and what is
// given back at once is no reason to end everybody's process.
func TestLargeBlocksForAMomentEndNoProcess(t *testing.T) {
	for name, code := range map[string]string{
		"a text on its way out": `natives.note(0, 0, "é".repeat(17 << 20))`,
		"a product of numbers":  `const n = 1n << 60_000_000n; (n + 1n) * (n + 3n)`,
		"a number's digits":     `(1n << 1_000_000n).toString().length`,
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, `handlers.e = () => { `+code+` }; handlers.again = () => natives.note(0, 0, "fine")`)
			err := r.Turn(1, 1, 1, "e", "", 2*time.Second)
			if err != nil && !errors.Is(err, v8.ErrTerminated) {
				t.Fatalf("got %v; %+v", err, r.Stats())
			}
			if err := r.Turn(1, 1, 1, "again", "", time.Minute); err != nil {
				t.Fatalf("the isolate is not usable: %v", err)
			}
		})
	}
}

// TestAProcessWithoutMemoryBlamesNobody has a child of this binary run out of
// memory in native code: it ends as one that has none left, by V8's own exit
// code, and not by an abort of the script's making.
func TestAProcessWithoutMemoryBlamesNobody(t *testing.T) {
	if os.Getenv("FLORA_V8_CHILD") != "" {
		var verdict, turn, held atomic.Uint64
		lack(t, v8.Marks{Turn: &turn, Verdict: &verdict, Held: &held})
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // This binary.
	cmd.Env = append(os.Environ(), "FLORA_V8_CHILD=1", "GOTRACEBACK=none")
	out, err := cmd.CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil || exit.ExitCode() != 4 || !strings.Contains(string(out), "V8 gave up: native code: out of memory") {
		t.Fatalf("it ended with %v: %.2000s", err, out)
	}
}

// lack has a script need more memory than the process may have.
func lack(t *testing.T, marks v8.Marks) {
	t.Helper()
	iso, err := v8.New(v8.Config{
		Blob: blob(), MemoryLimit: 128 << 20, Natives: []string{"done", "rejected", "note"}, Marks: marks,
		Call: func(_ int, _, _, _ float64, _, _ []byte) v8.Result { return v8.Result{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	script := `const text = "é".repeat(17 << 20); text.charCodeAt(0); handlers.e = () => natives.note(0, 0, text)`
	if err := iso.Load("x.js", script, 4, 7, time.Minute); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, data, _ := strings.Cut(string(b), "VmData:")
	var used uint64
	if _, err := fmt.Sscan(data, &used); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: used<<10 + 16<<20, Max: unix.RLIM_INFINITY}); err != nil {
		t.Fatal(err)
	}
	t.Errorf("it goes on: %v", iso.Turn(1, 1, 1, "e", "", time.Minute))
}
