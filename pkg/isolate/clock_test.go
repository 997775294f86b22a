package isolate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// TestAnotherClock fires timers and limits of wall time by a clock that is
// given, and in its order.
func TestAnotherClock(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := clock.NewFake(begin)
	r := isolatetest.Load(t, `
setTimeout(() => console.log("second"), 2000);
setTimeout(() => console.log("first"), 1000);
on("messageCreate", () => new Promise(() => {}));`, isolatetest.Options{Now: c.Now})
	lines := func() []string {
		var out []string
		for _, l := range r.Logs() {
			out = append(out, l.Text)
		}
		return out
	}
	if next := r.Rest(); !next.Equal(begin.Add(time.Second)) || len(lines()) > 0 {
		t.Fatalf("it waits for %s, and has said %v", next, lines())
	}
	c.Advance(time.Second)
	if next := r.Rest(); !next.Equal(begin.Add(2*time.Second)) || !slices.Equal(lines(), []string{"first"}) {
		t.Fatalf("after a second it waits for %s, and has said %v", next, lines())
	}
	id := r.BeginFor("messageCreate", "{}", 5*time.Second)
	r.Rest() // It has begun.
	c.Advance(4 * time.Second)
	if next := r.Rest(); !next.Equal(begin.Add(6*time.Second)) || !slices.Equal(lines(), []string{"first", "second"}) {
		t.Fatalf("after five seconds it waits for %s, and has said %v", next, lines())
	}
	c.Advance(time.Second)
	r.Rest()
	if f := r.Settle(id); f == nil || f.Name != "TimeoutError" {
		t.Errorf("the handler ended with %v", f)
	}
}

// TestNativesOfATest are called with a text, and no script reaches them.
func TestNativesOfATest(t *testing.T) {
	t.Parallel()
	called := make(chan string, 1)
	r := isolatetest.Load(t, `console.log(typeof extra + typeof natives);`, isolatetest.Options{
		Natives: []isolate.Native{{Name: "extra", Call: func(text string) v8.Result { called <- text; return v8.Result{} }}},
	})
	if logs := r.Logs(); len(logs) != 1 || logs[0].Text != "undefinedundefined" || len(called) > 0 {
		t.Errorf("it said %v", logs)
	}
}
