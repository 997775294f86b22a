package bot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

func TestWantedAreTheEventsThatScriptsHandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	if w.bot.Wants("MESSAGE_CREATE") {
		t.Fatal("wanted without a script")
	}
	w.deploy(guildA, says("a"))
	w.deploy(guildB, `on("messageCreate", () => {}); on("messageDelete", () => {});`)
	for kind, want := range map[string]bool{"MESSAGE_CREATE": true, "MESSAGE_DELETE": true, "MESSAGE_UPDATE": false, "PRESENCE_UPDATE": false} {
		if got := w.bot.Wants(kind); got != want {
			t.Errorf("%s: got %t", kind, got)
		}
	}
	w.deploy(guildB, `console.log("nothing");`)
	if w.bot.Wants("MESSAGE_DELETE") || !w.bot.Wants("MESSAGE_CREATE") {
		t.Fatal("the swap did not change what is wanted")
	}
	w.deploy(guildB, `setTimeout(() => { on("messageDelete", () => {}); console.log("late") }, 1);`)
	w.wait(guildB, 1, "late")
	w.until("the late subscription", func() bool { return w.bot.Wants("MESSAGE_DELETE") })
}

func TestOnlyCommandsReachAScriptThatHandlesNothingElse(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageDelete")
	p.send(t, wire.Declared{Instance: load.Instance, Kind: "mark", Value: "!"})
	p.send(t, wire.Declared{Instance: load.Instance, Kind: "mark", Value: "<@7>"})
	p.declare(t, load.Instance, "messageDeleteBulk")
	w.until("the marks", func() bool { return w.bot.Wants("MESSAGE_DELETE_BULK") })
	for _, content := range []string{"hello", "!ping", "hello!", "  !pong", "<@8> x", "<@7> help"} {
		w.message(guildA, content)
	}
	for _, want := range []string{"!ping", "  !pong", "<@7> help"} {
		if d := next[wire.Dispatch](t, p); !strings.Contains(string(d.Payload), strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(want)+`"`) {
			t.Fatalf("got %s, want %q", d.Payload, want)
		}
	}
	// Once it asks for all messages, it gets all.
	p.declare(t, load.Instance, "messageCreate", "messageUpdate")
	w.until("the subscription", func() bool { return w.bot.Wants("MESSAGE_UPDATE") })
	w.message(guildA, "hello again")
	if d := next[wire.Dispatch](t, p); !strings.Contains(string(d.Payload), "hello again") {
		t.Fatalf("got %s", d.Payload)
	}
}

func TestEventsWaitForAScriptThatIsLoading(t *testing.T) {
	t.Parallel()
	w, l, p, _ := puppetWorld(t, options{}, "messageCreate")
	p.die()
	again := l.next(t)
	load := next[wire.Load](t, again)
	// Another guild's subscriptions change meanwhile; this guild's must not be
	// forgotten.
	w.bot.Leave(guildB)
	other := make(chan error, 1)
	go func() { _, err := w.tryDeploy(guildB, "y"); other <- err }()
	_ = again.loaded(t, "messageDelete")
	if err := <-other; err != nil {
		t.Fatal(err)
	}
	if !w.bot.Wants("MESSAGE_CREATE") {
		t.Fatal("the events of a guild that is being loaded again are dropped")
	}
	for i := range 5 {
		w.message(guildA, fmt.Sprint("m", i))
	}
	again.declare(t, load.Instance, "messageCreate")
	again.send(t, wire.Settled{Instance: load.Instance, ID: 1})
	for i := range 5 {
		d := next[wire.Dispatch](t, again)
		if d.Instance != load.Instance || !strings.Contains(string(d.Payload), fmt.Sprintf(`"m%d"`, i)) {
			t.Fatalf("event %d is %s", i, content(d))
		}
	}
}

func TestAFullQueueFavoursInteractions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.InFlight, l.Queue = 1, 4 }})
	w.deploy(guildA, `
		on("messageCreate", async (ctx) => { console.log("m " + ctx.msg.content); if (ctx.msg.content === "block") await kv.store("s").get("block"); });
		on("interactionCreate", (ctx) => console.log("i " + ctx.msg.commandName));`)
	w.message(guildA, "block")
	w.ops.wait(t, 1, "get block")
	for i := range 10 {
		w.message(guildA, fmt.Sprint(i))
	}
	w.interaction(guildA, "first")
	w.interaction(guildA, "second")
	w.ops.release("block")
	w.wait(guildA, 1, "i second")
	var got []string
	for _, l := range w.lines(guildA) {
		if strings.HasPrefix(l, "m ") || strings.HasPrefix(l, "i ") {
			got = append(got, l)
		}
	}
	if want := "m block,m 2,m 3,i first,i second"; strings.Join(got, ",") != want {
		t.Fatalf("got %q, want %s", got, want)
	}
	if n := w.count(guildA, "events are dropped"); n != 1 {
		t.Fatalf("got %d notices, want one:\n%s", n, strings.Join(w.lines(guildA), "\n"))
	}
}

func TestAQueueIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.InFlight, l.Queue = 1, 100_000 }})
	w.deploy(guildA, `on("messageCreate", async (ctx) => {
		if (ctx.msg.content === "block") await kv.store("s").get("block");
		else console.log(ctx.msg.content === "last" ? "last" : "large");
	});`)
	w.message(guildA, "block")
	w.ops.wait(t, 1, "get block")
	large := strings.Repeat("x", 1<<20)
	for range 40 {
		w.message(guildA, large)
	}
	if n := w.count(guildA, "events are dropped"); n != 1 {
		t.Fatalf("got %d notices after 40 MiB", n)
	}
	w.ops.release("block")
	w.until("the queue to empty", func() bool { return w.count(guildA, "large") >= 4 })
	w.until("room again", func() bool { w.message(guildA, "last"); return w.count(guildA, "last") > 0 })
}

func TestAnOldInteractionIsNotDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.InFlight = 1 }})
	w.deploy(guildA, `
		on("messageCreate", async (ctx) => { await kv.store("s").get(ctx.msg.content); });
		on("interactionCreate", (ctx) => console.log("i " + ctx.msg.commandName));`)
	w.message(guildA, "block")
	w.ops.wait(t, 1, "get block")
	w.interaction(guildA, "old")
	w.clock.Advance(3100 * time.Millisecond) // Discord's own limit is 3 s.
	w.ops.release("block")
	w.wait(guildA, 1, ") was not delivered: it waited 3.1s")
	w.interaction(guildA, "young")
	w.wait(guildA, 1, "i young")
	if w.count(guildA, "i old") != 0 {
		t.Fatal("an interaction was delivered that can no longer be answered")
	}
}

func TestADeadWorkersEventsAreDeliveredAtMostOnce(t *testing.T) {
	t.Parallel()
	w, l, p, load := puppetWorld(t, options{}, "messageCreate")
	for i := range 4 {
		w.message(guildA, fmt.Sprint("m", i))
	}
	var sent []wire.Dispatch
	for range 4 {
		sent = append(sent, next[wire.Dispatch](t, p))
	}
	p.send(t, wire.Settled{Instance: load.Instance, ID: sent[0].ID}, wire.Log{Instance: load.Instance, Text: "settled"})
	w.wait(guildA, 1, "settled")
	p.begin(load, sent[1])
	p.die()
	again := l.next(t)
	load = again.loaded(t, "messageCreate")
	for _, want := range sent[2:] {
		if d := next[wire.Dispatch](t, again); content(d) != content(want) {
			t.Fatalf("got %s, want %s", content(d), content(want))
		}
	}
	w.message(guildA, "m4")
	if d := next[wire.Dispatch](t, again); !strings.Contains(string(d.Payload), `"m4"`) {
		t.Fatalf("got %s", content(d))
	}
	if n := w.count(guildA, "1 running handlers ended"); n != 1 {
		t.Fatalf("got %d lines about the lost handler", n)
	}
	// It is charged once: the second death has nothing of the first.
	again.begin(load, wire.Dispatch{ID: 1 << 40})
	again.die()
	l.next(t).loaded(t, "messageCreate")
	w.wait(guildA, 1, "3 running handlers ended")
}

func TestReadyIsToldOncePerScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `on("ready", (ctx) => console.log("one " + ctx.msg.user.id));`)
	w.bot.Ready(json.RawMessage(`{"id":"900"}`))
	w.wait(guildA, 1, "one 900")
	w.bot.Ready(json.RawMessage(`{"id":"900"}`))
	w.deploy(guildA, `on("ready", (ctx) => console.log("two " + ctx.msg.user.id)); on("messageCreate", () => console.log("end"));`)
	w.message(guildA, "x")
	w.wait(guildA, 1, "end")
	if one, two := w.count(guildA, "one 900"), w.count(guildA, "two 900"); one != 1 || two != 1 {
		t.Fatalf("got %d and %d", one, two)
	}
}

func TestReadyThatWasNotBegunIsNotToldTwice(t *testing.T) {
	t.Parallel()
	w, l, p, _ := puppetWorld(t, options{}, "ready", "messageCreate")
	w.bot.Ready(json.RawMessage(`{"id":"900"}`))
	if d := next[wire.Dispatch](t, p); d.Event != "ready" {
		t.Fatalf("got %s", content(d))
	}
	w.message(guildA, "m")
	_ = next[wire.Dispatch](t, p)
	p.die()
	again := l.next(t)
	_ = again.loaded(t, "ready", "messageCreate")
	for _, want := range []string{"ready", "messageCreate"} {
		if d := next[wire.Dispatch](t, again); d.Event != want {
			t.Fatalf("got %s, want %s", content(d), want)
		}
	}
	w.message(guildA, "end")
	if d := next[wire.Dispatch](t, again); !strings.Contains(string(d.Payload), `"end"`) {
		t.Fatalf("got %s, want the last message", content(d))
	}
}
