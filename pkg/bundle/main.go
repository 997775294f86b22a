package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// modeVariable tells a child what to do where the kernel lacks something.
const modeVariable = "FLORA_BUNDLE_SANDBOX"

// exitBroken is a child's exit code when the fault is ours, not the sources'.
const exitBroken = 70

// What a child may use. Far above any sane script, far below what would hurt.
const (
	dataBytes    = 512 << 20
	stackBytes   = 128 << 20
	cpuSeconds   = 20
	childThreads = 4
	requestBytes = 256 << 20 // More than the parent ever sends; data is bound above.
)

// Main is the body of the child process: it gives up what it does not need,
// reads one request and answers it. It must not run in any other process.
func Main(stdin io.Reader, stdout io.Writer) int {
	if err := confine(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "confine the bundler: %s\n", err)
		return exitBroken
	}
	var r request
	if err := json.NewDecoder(io.LimitReader(stdin, requestBytes)).Decode(&r); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "read the bundler's request: %s\n", err)
		return exitBroken
	}
	a := respond(r)
	if err := json.NewEncoder(stdout).Encode(a); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "write the bundler's answer: %s\n", err)
		return exitBroken
	}
	return 0
}

// confine applies every limit that the process can put on itself, before it
// reads a foreign byte.
func confine() error {
	// The runtime makes its poller on the first timer; later it could not.
	time.AfterFunc(time.Hour, func() {}).Stop()
	// A traceback of an overflowing stack is megabytes of nothing.
	debug.SetTraceback("none")
	debug.SetMaxStack(stackBytes)
	debug.SetMemoryLimit(dataBytes * 3 / 4)
	// Thread stacks count as data.
	runtime.GOMAXPROCS(min(childThreads, runtime.NumCPU()))
	limits := []struct {
		name     string
		resource int
		value    uint64
	}{
		{"core", unix.RLIMIT_CORE, 0},
		{"data", unix.RLIMIT_DATA, dataBytes},
		{"cpu", unix.RLIMIT_CPU, cpuSeconds},
		// Not one file can be opened any more, nor a socket made: what esbuild
		// looks up on its own (globs, tsconfig.json, package.json) finds nothing.
		{"open files", unix.RLIMIT_NOFILE, 0},
		{"file size", unix.RLIMIT_FSIZE, 0},
	}
	for _, l := range limits {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", l.name, l.value, err)
		}
	}
	mode := sandbox.Mode(os.Getenv(modeVariable))
	if mode == sandbox.Off {
		return nil
	}
	report, err := sandbox.Enter(sandbox.Profile{Looks: true})
	if err == nil && mode == sandbox.Require {
		err = report.Check()
	}
	return err
}

func respond(r request) answer {
	switch {
	case r.Build != nil:
		out, failure := build(*r.Build)
		if failure != "" {
			return answer{Failure: failure}
		}
		return answer{Output: &out}
	case r.Stack != nil:
		texts, err := mapStacks(r.Stack.Stacks, r.Stack.Map)
		if err != nil {
			return answer{Failure: err.Error()}
		}
		return answer{Texts: texts}
	}
	return answer{Failure: "the request is empty"}
}
