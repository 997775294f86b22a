package isolate_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
)

// TestAnEventThatWaitsForAThreadHasNotBegun has one thread, which a script
// keeps busy.
func TestAnEventThatWaitsForAThreadHasNotBegun(t *testing.T) {
	slots, marks := isolate.NewSlots(1), mark.New(2)
	waiting := isolatetest.Load(t, `on("messageCreate", () => {});`, isolatetest.Options{Slots: slots, Mark: marks.At(0)})
	busy := isolatetest.Load(t, handler(`for (;;);`), isolatetest.Options{Slots: slots, Mark: marks.At(1), Limits: isolate.Limits{TurnCPU: time.Minute}})
	spins := busy.Begin("messageCreate", `{}`)
	until(t, "the turn of the busy script", func() bool { return marks.At(1).Turn.Load() != 0 && marks.At(1).Begun.Load() == spins })
	id := waiting.Begin("messageCreate", `{}`)
	until(t, "the other to wait for the thread", func() bool {
		stacks := make([]byte, 1<<20)
		return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("isolate.(*Slots).take"))
	})
	if got := marks.At(0).Begun.Load(); got != 0 {
		t.Errorf("dispatch %d is said to have begun, and waits", got)
	}
	busy.Stop()
	if f := waiting.Settle(id); f != nil {
		t.Fatal(f)
	}
	if got := marks.At(0).Begun.Load(); got != id {
		t.Errorf("dispatch %d is said to have begun, want %d", got, id)
	}
}

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !cond(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
