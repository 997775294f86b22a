package bot_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// TestDrainWaitsForScriptsThatWereReplaced ends the core while a handler of the
// script before the last deployment runs.
func TestDrainWaitsForScriptsThatWereReplaced(t *testing.T) {
	t.Parallel()
	w, _, p, old := puppetWorld(t, options{}, "messageCreate")
	w.message(guildA, "hi")
	d := next[wire.Dispatch](t, p)
	p.begin(old, d)
	wait := w.inBackground("next")
	current := p.loaded(t, "messageCreate")
	wait()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		w.bot.Drain(patience)
	}()
	if u := next[wire.Unload](t, p); u.Instance != current.Instance {
		t.Fatalf("the script %d with a running handler was unloaded, not %d, which has none", u.Instance, current.Instance)
	}
	select {
	case <-drained:
		t.Fatal("a handler runs and the core is drained")
	default:
	}
	p.send(t, wire.Settled{Instance: old.Instance, ID: d.ID})
	if u := next[wire.Unload](t, p); u.Instance != old.Instance {
		t.Fatalf("got the end of %d", u.Instance)
	}
	w.within("the core to be drained", func() { <-drained })
}
