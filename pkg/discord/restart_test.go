package discord

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestGatewayResumesAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 2})
	w.cfg.Sessions = FileSessions{Dir: filepath.Join(t.TempDir(), "sessions")}
	w.start()
	w.say(0, "one")
	w.sink.waitMessages(t, "one")
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.say(0, "two")
	w.say(1, "three")
	w.start()
	w.sink.waitMessages(t, "two", "three")
	w.identifies(1)
	if w.gateway.Application() != w.sim.ApplicationID() || w.gateway.User() == nil {
		t.Errorf("the resumed gateway does not know itself: %v %s", w.gateway.Application(), w.gateway.User())
	}
	// READY did not come again, so the guilds are listed by REST.
	want := []snowflake.GuildID{w.guilds[0].ID, w.guilds[1].ID}
	w.sink.wait(t, "guilds", func() bool {
		return len(w.gateway.State().Guilds()) == 2 || ticked(w.sink)
	})
	if diff := cmp.Diff(want, w.gateway.State().Guilds()); diff != "" {
		t.Errorf("guilds (-want +got):\n%s", diff)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	// A session with intents that the bot may not have any more is not used.
	w.cfg.Privileged = 0
	w.start()
	w.identifies(2)
}

// TestGatewayConnectsWhenItsSessionCannotBeKept gives it a folder that is none,
// as a disk that is full or broken does.
func TestGatewayConnectsWhenItsSessionCannotBeKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.cfg.Sessions = FileSessions{Dir: file}
	w.start()
	w.say(0, "hello")
	w.sink.waitMessages(t, "hello")
	w.logged("make the directory of gateway sessions")
}

func TestGatewayIdentifiesWhenTheKeptSessionIsTooOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	dir := t.TempDir()
	w.cfg.Sessions = FileSessions{Dir: dir}
	w.start()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	slot, err := FileSessions{Dir: dir}.Open(0, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	mapped, ok := slot.(*mappedSession)
	if !ok {
		t.Fatalf("a %T", slot)
	}
	s, _, identity, _ := mapped.read(mapped.slot)
	mapped.identity = identity
	save(t, slot, Session{ID: "0123456789abcdef", URL: s.URL, Seq: 5})
	w.start()
	w.say(0, "hello")
	w.sink.waitMessages(t, "hello")
	w.identifies(2)
	w.logged(errInvalidSession.Error())
}

func TestGatewayUsesTheOrdinaryAddressWhenTheSessionsFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	dir := t.TempDir()
	w.cfg.Sessions = FileSessions{Dir: dir}
	w.start()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	slot := openSession(t, dir, 0)
	mapped, ok := slot.(*mappedSession)
	if !ok {
		t.Fatalf("a %T", slot)
	}
	s, _, identity, _ := mapped.read(mapped.slot)
	mapped.identity = identity
	save(t, slot, Session{ID: s.ID, URL: "ws://127.0.0.1:1/nowhere", Seq: 2})
	w.say(0, "hello")
	w.start()
	w.sink.waitMessages(t, "hello")
	w.identifies(1)
}

func TestGatewayShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 6})
	w.cfg.Shards = 3
	w.cfg.Sessions = FileSessions{Dir: t.TempDir()}
	w.start()
	for i := range w.guilds {
		w.say(i, fmt.Sprint("hello ", i))
	}
	w.sink.wait(t, "two messages on each shard", func() bool {
		return len(w.sink.got) == 6 && cmp.Equal(map[int]int{0: 2, 1: 2, 2: 2}, w.sink.shards)
	})
	w.identifies(3)
	if all := w.gateway.Status(); len(all) != 3 || !w.gateway.Connected() || all[2].ID != 2 {
		t.Errorf("status %+v", all)
	}
	one := uint64(1)
	w.fail(discordsim.GatewayFault{Kind: "drop", Shard: &one})
	w.say(0, "again 0")
	w.say(1, "again 1")
	w.say(2, "again 2")
	w.sink.wait(t, "messages after one shard was dropped", func() bool { return len(w.sink.got) == 9 })
	w.identifies(3)
	if len(w.sink.ready) != 1 {
		t.Errorf("ready was told %d times", len(w.sink.ready))
	}
}

func TestGatewayEndsWhenDiscordWillNotHaveIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sim  discordsim.Config
		set  func(*GatewayConfig)
		fail *discordsim.GatewayFault
		code int
		says string
	}{
		{name: "a wrong token at REST", sim: discordsim.Config{Token: "other"}, code: 4004, says: "discord.bot_token"},
		{name: "denied intents of which none is privileged", set: func(c *GatewayConfig) { c.Intents, c.Privileged = catalog.Guilds, 0 }, fail: &discordsim.GatewayFault{Kind: "drop", Code: 4014}, code: 4014, says: "turn them on"},
		{name: "an unknown intent", fail: &discordsim.GatewayFault{Kind: "drop", Code: 4013}, code: 4013, says: "update this runtime"},
		{name: "sharding required", fail: &discordsim.GatewayFault{Kind: "drop", Code: 4011}, code: 4011, says: "discord.shards"},
		{name: "a wrong token at the gateway", fail: &discordsim.GatewayFault{Kind: "drop", Code: 4004}, code: 4004, says: "discord.bot_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.sim)
			if c.set != nil {
				c.set(&w.cfg)
			}
			if c.fail != nil {
				w.start()
				w.fail(*c.fail)
			}
			sink := newRecorder()
			var err error
			if c.fail != nil {
				w.sink.wait(t, "the end", func() bool { return !w.gateway.Connected() || ticked(w.sink) })
				err = waitRun(t, w)
			} else {
				var g *Gateway
				if g, err = NewGateway(w.cfg, sink); err != nil {
					t.Fatal(err)
				}
				err = g.Run(t.Context())
			}
			closed, ok := errors.AsType[*CloseError](err)
			if !ok || closed.Code != c.code || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "tok3n") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// waitRun waits for the end of a gateway that ends by itself.
func waitRun(t *testing.T, w *world) error {
	t.Helper()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the gateway goes on")
		return nil
	}
}

func TestGatewayNoticesASilentConnection(t *testing.T) {
	t.Parallel()
	// Long enough that a busy machine answers in time.
	w := newWorld(t, discordsim.Config{HeartbeatInterval: 400 * time.Millisecond})
	w.start()
	w.say(0, "one")
	w.sink.waitMessages(t, "one")
	w.fail(discordsim.GatewayFault{Kind: "heartbeat"})
	w.fail(discordsim.GatewayFault{Kind: "heartbeat"})
	w.sink.wait(t, "an acknowledged heartbeat", func() bool { return w.gateway.Status()[0].Latency > 0 || ticked(w.sink) })
	if w.logs.FilterMessage("gateway connection ended").Len() > 0 {
		t.Error("a connection that answers was given up")
	}
	w.fail(discordsim.GatewayFault{Kind: "mute"})
	w.sink.wait(t, "another connection", func() bool {
		return w.logs.FilterMessage("gateway session is up").Len() > 1 || ticked(w.sink)
	})
	// On a busy machine arikawa, which waits longer, may come first.
	w.logged("heartbeat")
	w.say(0, "two")
	w.sink.waitMessages(t, "one", "two")
	w.identifies(1)
}

func TestGatewayDropsWhatNobodyWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	var on, asked atomic.Bool
	w.wants = func(t string) bool {
		if t != typeMessageCreate {
			return false
		}
		asked.Store(true)
		return on.Load()
	}
	w.start()
	w.say(0, "nobody hears this")
	w.sink.wait(t, "the dropped message", func() bool { return asked.Load() || ticked(w.sink) })
	on.Store(true)
	w.say(0, "this is heard")
	w.sink.waitMessages(t, "this is heard")
}

func TestGatewayKeepsState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 2})
	w.start()
	state := w.gateway.State()
	guild, channel := w.guilds[0].ID, w.guilds[0].Channels[0].ID
	w.sink.wait(t, "the first channel", func() bool { _, ok := state.Channel(channel); return ok || ticked(w.sink) })
	var gone []snowflake.ChannelID
	deleted := make(chan snowflake.ChannelID, 16)
	state.OnDelete(func(id snowflake.ChannelID) { deleted <- id })

	made := w.call(Request{Guild: guild, Method: "POST", Route: "/guilds/{guild.id}/channels", Path: "/guilds/" + guild.String() + "/channels", Body: map[string]any{"name": "new", "type": 0}})
	parent, err := snowflake.ParseChannel(made)
	if err != nil {
		t.Fatal(err)
	}
	thread, err := snowflake.ParseChannel(w.call(Request{Guild: guild, Method: "POST", Route: "/channels/{channel.id}/threads", Path: "/channels/" + made + "/threads", Body: map[string]any{"name": "t", "type": 11}}))
	if err != nil {
		t.Fatal(err)
	}
	w.sink.wait(t, "the thread", func() bool { _, ok := state.Channel(thread); return ok || ticked(w.sink) })
	if c, _ := state.Channel(thread); c.Guild != guild || c.Parent != parent || !c.IsThread() {
		t.Errorf("thread %+v", c)
	}
	if c, _ := state.Channel(parent); c.Guild != guild || c.IsThread() {
		t.Errorf("channel %+v", c)
	}
	if n := len(state.Channels(guild)); n != 3 {
		t.Errorf("%d channels", n)
	}
	w.call(Request{Guild: guild, Method: "DELETE", Route: "/channels/{channel.id}", Path: "/channels/" + made})
	for range 2 {
		gone = append(gone, <-deleted)
	}
	slices.Sort(gone)
	if want := []snowflake.ChannelID{parent, thread}; !cmp.Equal(want, gone) && !cmp.Equal([]snowflake.ChannelID{thread, parent}, gone) {
		t.Errorf("deleted %v, want %v", gone, want)
	}
	for _, id := range gone {
		if c, ok := state.Channel(id); ok {
			t.Errorf("%+v is still there", c)
		}
	}
}

// call makes a REST call and gives the id of what it answered.
func (w *world) call(req Request) string {
	w.t.Helper()
	doc, err := w.cfg.REST.Do(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	return idOf(doc)
}

func TestGatewayTellsJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 3})
	w.start()
	first, second := w.guilds[0].ID, w.guilds[1].ID
	state := w.gateway.State()
	if err := w.sim.Depart(first, true); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.Arrive(first); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.Depart(second, false); err != nil {
		t.Fatal(err)
	}
	w.sink.wait(t, "leaving", func() bool { return len(w.sink.left) > 0 })
	if diff := cmp.Diff([]snowflake.GuildID{second}, w.sink.left); diff != "" || len(w.sink.joined) > 0 || state.Has(second) || !state.Has(first) {
		t.Errorf("left %v, joined %v, known %v", w.sink.left, w.sink.joined, state.Guilds())
	}
	if state.Channels(second) != nil {
		t.Error("the channels of a guild that was left are kept")
	}
	w.post("/sim/guilds", `{}`)
	w.sink.wait(t, "joining", func() bool { return len(w.sink.joined) == 1 })

	// What happens while there is no session shows when the next one begins.
	third := w.guilds[2].ID
	w.fail(discordsim.GatewayFault{Kind: "drop", Forget: true})
	if err := w.sim.Depart(third, false); err != nil {
		t.Fatal(err)
	}
	w.sink.wait(t, "leaving unseen", func() bool { return slices.Contains(w.sink.left, third) })
}
