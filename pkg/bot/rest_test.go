package bot_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// onlooker is a bot.Witness.
type onlooker struct {
	mu   sync.Mutex
	seen []string
}

func (o *onlooker) Begun(_ snowflake.GuildID, _ uint64, event string) { o.note("begun " + event) }

func (o *onlooker) Settled(_ snowflake.GuildID, _ uint64, f *wire.Failure) {
	if f != nil {
		o.note("failed " + f.Message)
		return
	}
	o.note("settled")
}

func (o *onlooker) note(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, s)
}

// TestRest waits for what a handler left behind, ops included, and not for time.
func TestRest(t *testing.T) {
	t.Parallel()
	o := &onlooker{}
	w := newWorld(t, options{core: func(c *bot.Config) { c.Witness = o }})
	w.deploy(guildA, `
on("messageCreate", () => {
  (async () => { for (let i = 0; i < 20; i++) await kv.store("s").get("x" + i); console.log("behind"); })();
});
on("custom", () => { throw new Error("no"); });
setTimeout(() => {}, 3_600_000);`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rest := func() (time.Time, uint64) {
		t.Helper()
		next, given, err := w.bot.Rest(ctx, guildA)
		if err != nil {
			t.Fatal(err)
		}
		return next, given
	}
	for i := range 19 {
		w.ops.release(fmt.Sprintf("x%d", i))
	}
	_, before := rest()
	w.message(guildA, "hi")
	w.ops.wait(t, 1, "get x19")
	// It is being answered, so the script does not rest yet.
	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	if _, _, err := w.bot.Rest(short, guildA); err == nil {
		t.Error("a script rests whose op is being answered")
	}
	stop()
	w.ops.release("x19")
	next, after := rest()
	if n := w.count(guildA, "behind"); n != 1 || after == before {
		t.Errorf("%d lines from behind; it was sent %d things, before that %d", n, after, before)
	}
	if in := time.Until(next); in < 30*time.Minute {
		t.Errorf("the next timer is in %s", in)
	}
	if _, again := rest(); again != after {
		t.Error("something came to a script that rests")
	}
	if !w.bot.Emit(guildA, "custom", []byte("{}")) || w.bot.Emit(guildA, "other", []byte("{}")) || w.bot.Emit(guildB, "custom", []byte("{}")) {
		t.Error("an event was taken for handled, or for not")
	}
	rest()
	o.mu.Lock()
	defer o.mu.Unlock()
	want := []string{"begun messageCreate", "settled", "begun custom", "failed no"}
	if diff := cmp.Diff(o.seen, want); diff != "" {
		t.Errorf("seen (-got +want):\n%s", diff)
	}
}

// TestRestOfNobody does not wait.
func TestRestOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	if next, given, err := w.bot.Rest(t.Context(), guildB); err != nil || given != 0 || !next.IsZero() {
		t.Error(next, given, err)
	}
	w.deploy(guildA, `on("messageCreate", () => { for (;;); });`)
	w.message(guildA, "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.bot.Rest(ctx, guildA); err == nil {
		t.Error("it rests although it loops")
	} else if got := fmt.Sprint(err); got != context.Canceled.Error() {
		t.Error(got)
	}
}
