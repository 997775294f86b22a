package bot_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

func TestAScriptThatBurnsItsLimitIsThrottledAndThenStruck(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	hit := func(n int) {
		p.send(t, wire.Hit{Instance: load.Instance, Limit: string(limit.TurnCPU), Count: n})
	}
	hit(3)
	w.message(guildA, "free")
	if d := next[wire.Dispatch](t, p); !strings.Contains(string(d.Payload), "free") {
		t.Fatalf("got %s", content(d))
	}
	began := time.Now()
	hit(1)
	w.until("the throttle", func() bool { return w.bot.Status(guildA).State == conduct.Throttled })
	w.message(guildA, "late")
	if s := w.bot.Status(guildA); s.Queued != 1 {
		t.Errorf("%d events wait", s.Queued)
	}
	d := next[wire.Dispatch](t, p)
	if waited := time.Since(began); !strings.Contains(string(d.Payload), "late") || waited < time.Second {
		t.Fatalf("got %s after %s", content(d), waited)
	}
	w.wait(guildA, 1, "its next event waits 1s")
	hit(6)
	if u := next[wire.Unload](t, p); u.Instance != load.Instance {
		t.Fatalf("got %+v", u)
	}
	p.send(t, wire.Gone{Instance: load.Instance})
	w.wait(guildA, 1, "the script burned its CPU limit again and again. It runs apart")
	p.loaded(t, "messageCreate")
	w.until("it to serve", func() bool { return w.bot.Status(guildA).State == conduct.Running }) // There is no penalty worker here.
	if s := w.bot.Status(guildA); len(s.Strikes) != 1 || s.ApartUntil == nil {
		t.Errorf("got %+v", s)
	}
}

func TestOtherLimitsAreNoCrime(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	p.send(t,
		wire.Hit{Instance: load.Instance, Limit: string(limit.LogLines), Count: 1 << 30}, wire.Hit{Instance: load.Instance, Limit: "none", Count: 1 << 30},
		wire.Hit{Instance: load.Instance, Limit: string(limit.TurnCPU), Count: -5}, wire.Log{Instance: load.Instance, Text: "after"},
	)
	w.wait(guildA, 1, "after")
	if s := w.bot.Status(guildA); s.State != conduct.Running || len(s.Strikes) > 0 {
		t.Errorf("got %+v", s)
	}
}

// madeAt is an id that Discord made then.
func madeAt(at time.Time) string {
	const discordEpoch = 1420070400000
	return strconv.FormatInt((at.UnixMilli()-discordEpoch)<<22, 10)
}

// TestAnInteractionsTimeRunsFromItsID: Discord may have held it back.
func TestAnInteractionsTimeRunsFromItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.InFlight = 1 }})
	w.deploy(guildA, `
		on("messageCreate", async (ctx) => { await kv.store("s").get(ctx.msg.content); });
		on("interactionCreate", (ctx) => console.log("i " + ctx.msg.commandName));`)
	w.message(guildA, "block")
	w.ops.wait(t, 1, "get block")
	now := w.clock.Now()
	for name, age := range map[string]time.Duration{"old": 3100 * time.Millisecond, "young": 2 * time.Second, "of another clock": 2 * time.Minute} {
		w.event(guildA, "INTERACTION_CREATE", map[string]any{
			"id": madeAt(now.Add(-age)), "application_id": "6", "type": 2, "token": "t", "channel_id": "2",
			"data": map[string]any{"id": "7", "name": name, "type": 1}, "member": map[string]any{"user": map[string]any{"id": "3", "username": "u"}},
		})
	}
	w.ops.release("block")
	w.wait(guildA, 1, "i young")
	w.wait(guildA, 1, "i of another clock")
	w.wait(guildA, 1, "interactionCreate ("+madeAt(now.Add(-3100*time.Millisecond))+") was not delivered: it waited 3.1s")
	if w.count(guildA, "i old") > 0 {
		t.Error("an interaction was delivered that can no longer be answered")
	}
}
