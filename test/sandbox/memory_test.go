package sandbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var limits = wire.Limits{MemoryBytes: 128 << 20, TurnMS: 60_000, LoadMS: 60_000, PendingOps: 10, Timers: 10, Crons: 1, LogsPerSecond: 10, LogBurst: 10}

func executable(t *testing.T, e supervisor.Executable) *supervisor.Executable {
	t.Helper()
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	if e.Path == "" {
		e.Path = released
	}
	made, err := supervisor.NewExecutable(t.Context(), e, sdk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

// TestTwoHundredScriptsFit loads as many as a worker takes by default, under
// its default limits.
func TestTwoHundredScriptsFit(t *testing.T) {
	t.Parallel()
	const scripts = 200
	e := executable(t, supervisor.Executable{Sandbox: sandbox.Require, Memory: 1 << 30, Threads: 16})
	proc, err := e.Launch(t.Context(), scripts)
	if err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, proc.Kill)
	defer func() {
		late.Stop()
		proc.Kill()
		_ = proc.Wait()
		_ = proc.Conn().Close()
		_ = proc.Release()
	}()
	if err := proc.Conn().Send(wire.Hello{Version: wire.Version, Turns: 16}); err != nil {
		t.Fatal(err)
	}
	for i := range scripts {
		if err := proc.Conn().Send(wire.Load{Instance: uint64(i) + 1, Mark: i, Name: "a.js", Info: "{}", Source: `on("messageCreate", (c) => c.reply("hi"));`, Limits: limits}); err != nil {
			t.Fatal(err)
		}
	}
	for settled := 0; settled < scripts; {
		frame, err := proc.Conn().Recv()
		if err != nil {
			t.Fatalf("the worker ended with %d scripts loaded: %v, %v", settled, err, proc.Wait())
		}
		if s, ok := frame.(wire.Settled); ok {
			if s.Failure != nil {
				t.Fatalf("script %d does not load: %+v", s.Instance, s.Failure)
			}
			settled++
		}
	}
}

// gone waits for the end of one script.
type gone struct{ lost chan error }

func (gone) Op(wire.OpCall)                {}
func (gone) Log(int, string)               {}
func (gone) Settled(uint64, *wire.Failure) {}
func (gone) Busy() bool                    { return false }
func (gone) Evict() bool                   { return false }
func (gone) Declared(string, string)       {}
func (gone) Limit(string, int, string)     {}
func (g gone) Gone(lost error, _ uint64)   { g.lost <- lost }

// TestAWorkerThatGrowsIsKilled has no limits inside, so the look from outside
// decides.
func TestAWorkerThatGrowsIsKilled(t *testing.T) {
	t.Parallel()
	core, seen := observer.New(zap.DebugLevel)
	e := executable(t, supervisor.Executable{Sandbox: sandbox.Off, Memory: 16 << 20, Threads: 1})
	pool, err := supervisor.New(supervisor.Config{Workers: 1, PerWorker: 1, Turns: 1, Launch: e, Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- pool.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	h := gone{make(chan error, 1)}
	large := limits
	large.MemoryBytes = 1 << 30
	_, err = pool.Load(t.Context(), supervisor.Spec{
		Guild: 1, Name: "a.js", Info: "{}", Limits: large,
		Source: `const kept = []; for (let i = 0; i < 25; i++) kept.push(new Uint8Array(16 << 20).fill(1)); for (;;);`,
	}, h)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case lost := <-h.lost:
		if lost == nil {
			t.Error("the script was unloaded")
		}
	case <-time.After(patience):
		t.Fatal("the worker lives on")
	}
	// The line comes after the scripts were told.
	says := func() (bool, error) {
		for _, entry := range seen.All() {
			for _, f := range entry.ContextMap() {
				if text, ok := f.(string); ok && strings.Contains(text, "raise runtime.worker_memory_mb") {
					return true, nil
				}
			}
		}
		return false, fmt.Errorf("%v", seen.All())
	}
	if err := rig.Until("a line that says why", says); err != nil {
		t.Error(err)
	}
}
