package bot_test

import (
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// TestADeletionThatWasNotKnownTakesTheCommandsAway deletes a deployment behind
// the core's back, as when the database went away in the middle.
func TestADeletionThatWasNotKnownTakesTheCommandsAway(t *testing.T) {
	t.Parallel()
	synced := make(chan string, 10)
	w, _, p, load := puppetWorld(t, options{sync: syncInto(synced)}, "messageCreate")
	if err := w.store.Delete(t.Context(), guildA); err != nil {
		t.Fatal(err)
	}
	if err := w.bot.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if u := next[wire.Unload](t, p); u.Instance != load.Instance {
		t.Errorf("%d is unloaded", u.Instance)
	}
	select {
	case got := <-synced:
		if got != "[]" {
			t.Errorf("Discord was told of the commands %s", got)
		}
	case <-time.After(patience):
		t.Fatal("Discord still has the commands")
	}
}
