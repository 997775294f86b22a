package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// claims is a slot whose claims the test answers.
type claims struct {
	discord.SessionSlot

	mu     sync.Mutex // Guards the members below.
	asked  []ticket
	marks  uint64
	fates  []string // "mark fate", as they were noted.
	direct bool     // Claims are granted at once.
}

type ticket struct {
	mark, dispatch uint64
	who            discord.Claimant
}

func (c *claims) Keep(int64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks++
	return c.marks
}

func (c *claims) Begin(mark, _, dispatch uint64, who discord.Claimant) discord.Claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.direct {
		return discord.ClaimGranted
	}
	c.asked = append(c.asked, ticket{mark, dispatch, who})
	return discord.ClaimAsked
}

func (c *claims) Note(mark uint64, f discord.Fate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fates = append(c.fates, fmt.Sprint(mark, " ", []string{"waits", "begun", "settled"}[f]))
}

func (c *claims) open() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []uint64{}
	for _, t := range c.asked {
		out = append(out, t.mark)
	}
	return out
}

func (c *claims) noted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.fates)
}

// answer tells the next n claimants.
func (c *claims) answer(n int, ok bool) {
	c.mu.Lock()
	told := c.asked[:n]
	c.asked = c.asked[n:]
	c.mu.Unlock()
	for _, t := range told {
		t.who.Claimed(t.dispatch, ok)
	}
}

// say brings a message by way of the slot.
func (w *world) say(c *claims, guild snowflake.GuildID, text string) {
	w.t.Helper()
	b, err := json.Marshal(map[string]any{
		"id": "1", "channel_id": "2", "guild_id": guild, "content": text, "author": map[string]any{"id": "3", "username": "u"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.bot.HandleEvent(context.Background(), discord.Event{Type: "MESSAGE_CREATE", Guild: guild, Data: b}.Of(c, 1))
}

// sharedWorld has guild A's script in a worker that does what the test says, and one
// shard, which is valid as long as the test says so.
func sharedWorld(t *testing.T, o options) (*world, *puppets, *puppet, wire.Load, *atomic.Bool) {
	t.Helper()
	l := newPuppets()
	o.launch = l
	core := o.core
	o.core = func(c *bot.Config) {
		c.Shared = true
		if core != nil {
			core(c)
		}
	}
	w := newWorld(t, o)
	p := l.next(t)
	if _, err := w.tryDeploy(guildA, "x"); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("a deployment where the guild is not: %v", err)
	}
	valid := new(atomic.Bool)
	valid.Store(true)
	w.take(0, 1, valid)
	wait := w.inBackground("x")
	load := p.loaded(t, "messageCreate")
	wait()
	return w, l, p, load, valid
}

func (w *world) take(shard, of int, valid *atomic.Bool) (known <-chan struct{}) {
	w.t.Helper()
	known, err := w.bot.Take(context.Background(), shard, of, valid.Load)
	if err != nil {
		w.t.Fatal(err)
	}
	return known
}

// said is the text of the message that a dispatch brings.
func said(d wire.Dispatch) string {
	var m struct{ Content string }
	_ = json.Unmarshal(d.Payload, &m)
	return m.Content
}

// TestEventsBeginOnceTheyAreClaimed: in their order, however claims and other events
// come, and never without.
func TestEventsBeginOnceTheyAreClaimed(t *testing.T) {
	t.Parallel()
	w, _, p, load, _ := sharedWorld(t, options{limits: func(l *bot.Limits) { l.InFlight = 3 }})
	c := &claims{}
	for i := range 4 {
		w.say(c, guildA, fmt.Sprint("m", i))
	}
	if diff := cmp.Diff([]uint64{1, 2, 3}, c.open()); diff != "" {
		t.Fatalf("claims beyond the room that there is (-want +got):\n%s", diff)
	}
	w.message(guildA, "without a receipt") // It needs no claim, and keeps its place.
	c.answer(1, true)
	if d := next[wire.Dispatch](t, p); said(d) != "m0" {
		t.Fatalf("got %s", content(d))
	}
	c.answer(1, false) // Somebody else has the second one: there is room for the fourth.
	c.answer(1, true)
	first := next[wire.Dispatch](t, p)
	if said(first) != "m2" {
		t.Fatalf("got %s", content(first))
	}
	if diff := cmp.Diff([]uint64{4}, c.open()); diff != "" {
		t.Fatalf("claims (-want +got):\n%s", diff)
	}
	c.answer(1, true)
	if d := next[wire.Dispatch](t, p); said(d) != "m3" {
		t.Fatalf("got %s", content(d))
	}
	p.send(t, wire.Settled{Instance: load.Instance, ID: first.ID})
	if d := next[wire.Dispatch](t, p); said(d) != "without a receipt" {
		t.Fatalf("got %s", content(d))
	}
	if diff := cmp.Diff([]string{"2 waits", "3 settled"}, c.noted()); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
}

// TestAClaimedEventOutlivesItsWorker: it had not begun, so it begins in the next one.
func TestAClaimedEventOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	w, l, p, _, _ := sharedWorld(t, options{})
	c := &claims{}
	w.say(c, guildA, "sent")
	w.say(c, guildA, "asked")
	c.answer(1, true)
	if d := next[wire.Dispatch](t, p); said(d) != "sent" {
		t.Fatalf("got %s", content(d))
	}
	p.die()
	again := l.next(t)
	load := next[wire.Load](t, again)
	c.answer(1, true) // While there is no script.
	again.declare(t, load.Instance, "messageCreate")
	again.send(t, wire.Settled{Instance: load.Instance, ID: 1})
	w.until("the first one is claimed anew", func() bool { return len(c.open()) == 1 })
	c.answer(1, true)
	for _, want := range []string{"sent", "asked"} {
		if d := next[wire.Dispatch](t, again); said(d) != want {
			t.Fatalf("got %s, want %s", content(d), want)
		}
	}
}

// TestAShardGoes: what runs may end when it was let go, and is cut off when it was
// lost; what waits is left to the next owner in both cases.
func TestAShardGoes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		kept bool
	}{{"let go", true}, {"lost", false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var synced atomic.Int32
			w, _, p, load, valid := sharedWorld(t, options{
				limits: func(l *bot.Limits) { l.InFlight = 1 },
				sync: func(context.Context, snowflake.GuildID, json.RawMessage) error {
					synced.Add(1)
					return nil
				},
			})
			c := &claims{direct: true}
			w.say(c, guildA, "runs")
			d := next[wire.Dispatch](t, p)
			p.begin(load, d)
			w.say(c, guildA, "waits")
			before := synced.Load()
			valid.Store(row.kept)
			w.bot.Drop(0, row.kept)
			if diff := cmp.Diff("2 waits", strings.Join(c.noted()[:1], "")); diff != "" {
				t.Errorf("what waited (-want +got):\n%s", diff)
			}
			w.say(c, guildA, "came late")
			w.message(guildA, "came late, too")
			if row.kept {
				valid.Store(false) // The lease is given back while handlers run.
				p.send(t, wire.OpCall{Instance: load.Instance, Call: 1, Op: 1, Dispatch: d.ID, Args: []byte(`{"key":"a","value":"b"}`)})
				if r := next[wire.OpResult](t, p); !r.OK {
					t.Fatalf("an op of a handler that may end: %s", r.Result)
				}
				p.send(t, wire.Settled{Instance: load.Instance, ID: d.ID})
			}
			if u := next[wire.Unload](t, p); u.Instance != load.Instance {
				t.Fatalf("instance %d is unloaded", u.Instance)
			}
			if _, err := w.tryDeploy(guildA, "y"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("a deployment after the shard went: %v", err)
			}
			if err := w.bot.Request(guildA, &bot.Request{Void: func() bool { return false }}); !fault.Is(err, fault.Unavailable) {
				t.Errorf("a request after the shard went: %v", err)
			}
			if synced.Load() != before {
				t.Error("commands were changed at Discord")
			}
			// It comes back, and its script with it.
			valid.Store(true)
			w.take(0, 1, valid)
			w.say(c, guildA, "back")
			back := p.loaded(t, "messageCreate")
			if d := next[wire.Dispatch](t, p); said(d) != "back" || d.Instance != back.Instance {
				t.Fatalf("got %s", content(d))
			}
		})
	}
}

// TestWhatEndsBeforeItBeganIsNamed: the shard was let go, so the next owner takes what
// this process's scripts had been given for done.
func TestWhatEndsBeforeItBeganIsNamed(t *testing.T) {
	t.Parallel()
	w, _, p, load, _ := sharedWorld(t, options{})
	c := &claims{direct: true}
	w.say(c, guildA, "runs")
	p.begin(load, next[wire.Dispatch](t, p))
	w.say(c, guildA, "was sent")
	next[wire.Dispatch](t, p)
	w.bot.Drop(0, true)
	p.die()
	w.wait(guildA, 1, "1 running handlers ended")
	w.wait(guildA, 1, "messageCreate did not begin")
}

// TestAReplicaThatStoodStillDoesNothing: the lease has ended and nobody has said so
// yet.
func TestAReplicaThatStoodStillDoesNothing(t *testing.T) {
	t.Parallel()
	w, _, p, load, valid := sharedWorld(t, options{})
	c := &claims{direct: true}
	w.say(c, guildA, "runs")
	d := next[wire.Dispatch](t, p)
	valid.Store(false)
	p.send(t, wire.OpCall{Instance: load.Instance, Call: 1, Op: 1, Dispatch: d.ID, Args: []byte(`{"key":"a","value":"b"}`)})
	if r := next[wire.OpResult](t, p); r.OK || !strings.Contains(string(r.Result), "another replica has this server now") {
		t.Fatalf("an op of a lost shard: %s", r.Result)
	}
	w.say(c, guildA, "claimed, and too late")
	w.message(guildA, "of the clock, or from outside")
	valid.Store(true)
	w.message(guildA, "in time")
	if d := next[wire.Dispatch](t, p); said(d) != "in time" {
		t.Fatalf("got %s", content(d))
	}
}

// TestTakeLoadsTheGuildsOfTheShard, and first the one for which something waits.
func TestTakeLoadsTheGuildsOfTheShard(t *testing.T) {
	t.Parallel()
	w, _, p, _, valid := sharedWorld(t, options{pool: func(c *supervisor.Config) { c.PerWorker = 64 }})
	var guilds []snowflake.GuildID
	for i := range 24 {
		g := snowflake.GuildID(uint64(i+1) << 22)
		guilds = append(guilds, g)
		done := make(chan error, 1)
		go func() { _, err := w.tryDeploy(g, "x"); done <- err }()
		p.loaded(t, "messageCreate")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	w.bot.Drop(0, false)
	for range 25 {
		next[wire.Unload](t, p)
	}
	known := w.take(0, 2, valid)
	c := &claims{direct: true}
	mine := map[string]bool{}
	for _, g := range guilds {
		if discord.ShardOf(g, 2) == 0 {
			mine[g.String()] = true
		}
	}
	last := guilds[1] // Of those of the shard, nearly the least recent one.
	var order []string
	for answered := false; !answered || len(order) <= len(mine); {
		switch f := either[wire.Load, wire.Dispatch](t, p).(type) {
		case wire.Load:
			if order = append(order, strings.Split(f.Name, "/")[4]); len(order) == 1 {
				w.say(c, last, "waits")
			}
			p.declare(t, f.Instance, "messageCreate")
			p.send(t, wire.Settled{Instance: f.Instance, ID: 1})
		case wire.Dispatch:
			answered = said(f) == "waits"
		}
	}
	// Four load at once, and on a busy machine some may pass it.
	if at := slices.Index(order, last.String()); at > 8 {
		t.Errorf("the guild for which something waits is the %dth of %v", at+1, order)
	}
	w.within("all to be tried", func() { <-known })
	got := map[string]bool{}
	for _, guild := range order {
		got[guild] = true
	}
	delete(got, guildA.String()) // It is of the shard, too.
	if diff := cmp.Diff(mine, got); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
}

// either waits for the next frame of one of two kinds.
func either[A, B any](t *testing.T, p *puppet) any {
	t.Helper()
	select {
	case f := <-p.frames:
		_, a := f.(A)
		_, b := f.(B)
		if !a && !b {
			t.Fatalf("got %T %+v", f, f)
		}
		return f
	case <-time.After(patience):
		t.Fatal("waited for a frame")
	}
	return nil
}
