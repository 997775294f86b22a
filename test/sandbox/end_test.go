package sandbox

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// witness sees what one script does.
type witness struct {
	gone
	mu      sync.Mutex
	lines   []string
	said    chan struct{} // Gets a token for each line, and keeps one.
	settled chan *wire.Failure
}

func newWitness() *witness {
	return &witness{gone: gone{make(chan error, 1)}, said: make(chan struct{}, 1), settled: make(chan *wire.Failure, 1)}
}

func (w *witness) Log(_ int, text string) {
	w.mu.Lock()
	w.lines = append(w.lines, text)
	w.mu.Unlock()
	select {
	case w.said <- struct{}{}:
	default:
	}
}

func (w *witness) Settled(_ uint64, f *wire.Failure) { w.settled <- f }

func (w *witness) says(t *testing.T, line string) {
	t.Helper()
	late := time.After(patience)
	for {
		w.mu.Lock()
		found, lines := slices.Contains(w.lines, line), strings.Join(w.lines, "\n")
		w.mu.Unlock()
		if found {
			return
		}
		select {
		case <-w.said:
		case err := <-w.lost:
			t.Fatalf("waited for %q, and the script is gone: %v; it said %s", line, err, lines)
		case <-late:
			t.Fatalf("waited in vain for %q; it said %s", line, lines)
		}
	}
}

// loss waits for the end of the script's worker.
func (w *witness) loss(t *testing.T) *supervisor.Loss {
	t.Helper()
	select {
	case lost := <-w.lost:
		loss, ok := errors.AsType[*supervisor.Loss](lost)
		if !ok {
			t.Fatalf("the script ended otherwise: %v", lost)
		}
		return loss
	case <-time.After(patience):
		t.Fatal("the worker lives on")
		return nil
	}
}

// pool runs one worker of the executable until the test is over.
func pool(t *testing.T, e *supervisor.Executable) *supervisor.Pool {
	t.Helper()
	p, err := supervisor.New(supervisor.Config{Workers: 1, PerWorker: 2, Turns: 4, Launch: e, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

func load(t *testing.T, p *supervisor.Pool, guild snowflake.GuildID, l wire.Limits, source string) *witness {
	t.Helper()
	w := newWitness()
	if _, err := p.Load(t.Context(), supervisor.Spec{Guild: guild, Name: "a.js", Info: "{}", Limits: l, Source: source}, w); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestNativeCodeThatDiesIsItsScriptsFault has one script run beside the one
// whose native code brings the process down.
func TestNativeCodeThatDiesIsItsScriptsFault(t *testing.T) {
	t.Parallel()
	impatient := limits
	impatient.TurnMS, impatient.LoadMS = 300, 300
	for name, row := range map[string]struct {
		deed  string
		cause supervisor.Cause
	}{
		"a write where there is no memory":                  {"nativeprobe: fault", supervisor.Crashed},
		"a process that answers nobody, its watchdog least": {"nativeprobe: deafen", supervisor.Stuck},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pool(t, executable(t, supervisor.Executable{Path: runtime, Sandbox: sandbox.Require, Memory: 1 << 30, Threads: 4}))
			beside := load(t, p, 1, limits, `console.log("runs"); for (;;);`)
			beside.says(t, "runs")
			evil := load(t, p, 2, impatient, `console.log("`+row.deed+`");`)
			if l := evil.loss(t); l.Cause != row.cause || l.Blame != supervisor.Culprit {
				t.Errorf("the script's loss is %+v", l)
			}
			if l := beside.loss(t); l.Cause != row.cause || l.Blame != supervisor.Innocent {
				t.Errorf("the other's loss is %+v", l)
			}
		})
	}
}
