package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// shelf is bot.Memories.
type shelf struct {
	mu  sync.Mutex
	all map[snowflake.GuildID]bot.Memory
}

func (s *shelf) Recall(guild snowflake.GuildID) (bot.Memory, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.all[guild]
	return m, ok
}

func (s *shelf) Keep(guild snowflake.GuildID, m bot.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[guild] = m
}

// sleepers is how many guilds there are in these tests, of which two have room.
const sleepers = 8

func sleeper(i int) snowflake.GuildID { return guildA + snowflake.GuildID(i) }

func crowded(o options) options {
	o.pool = func(c *supervisor.Config) { c.PerWorker = 2 }
	return o
}

func dozing(w *world) (n int) {
	for i := range sleepers {
		if w.bot.Status(sleeper(i)).State == conduct.Asleep {
			n++
		}
	}
	return n
}

// TestMoreScriptsThanRoom deploys more scripts than there is room for: each
// answers, does its cron job, and is told and synced once only.
func TestMoreScriptsThanRoom(t *testing.T) {
	t.Parallel()
	synced := make(chan string, 100)
	memories := &shelf{all: map[snowflake.GuildID]bot.Memory{}}
	w := newWorld(t, crowded(options{sync: syncInto(synced), core: func(c *bot.Config) { c.Memories = memories }}))
	for i := range sleepers {
		w.deploy(sleeper(i), fmt.Sprintf(`createBot({ slashCommands: [slash({ name: "s%d", description: "d", run() {} })] });
			on("messageCreate", (ctx) => console.log("%d heard " + ctx.msg.content)); on("nothingSuch", () => {});
			cron("c", "30 * * * * *", () => console.log("%d did its job"));`, i, i, i))
	}
	w.until("the others to sleep", func() bool { return dozing(w) == sleepers-2 })
	for round := range 3 {
		for i := range sleepers {
			w.message(sleeper(i), fmt.Sprint(round))
		}
		for i := range sleepers {
			w.wait(sleeper(i), 1, fmt.Sprintf("%d heard %d", i, round))
		}
	}
	w.tick(30)
	for i := range sleepers {
		w.wait(sleeper(i), 1, fmt.Sprintf("%d did its job", i))
		if n := w.count(sleeper(i), `on("nothingSuch")`); n != 1 {
			t.Errorf("guild %d is told %d times of an event that does not come", i, n)
		}
	}
	if len(synced) != sleepers {
		t.Errorf("Discord is told %d times of commands, want %d", len(synced), sleepers)
	}
	w.until("the others to sleep again", func() bool { return dozing(w) == sleepers-2 })
	if err := w.bot.Settle(t.Context(), sleeper(0)); err != nil {
		t.Error(err)
	}
	// What sleeps can be replaced and deleted.
	asleep := func() snowflake.GuildID {
		for i := range sleepers {
			if g := sleeper(i); w.bot.Status(g).State == conduct.Asleep {
				return g
			}
		}
		t.Fatal("nobody sleeps")
		return 0
	}
	g := asleep()
	w.deploy(g, `on("messageCreate", (ctx) => console.log("new " + ctx.msg.content))`)
	w.message(g, "hi")
	w.wait(g, 1, "new hi")
	g = asleep()
	if _, err := w.bot.Undeploy(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if s := w.bot.Status(g).State; s != conduct.None || w.bot.Has(g) {
		t.Errorf("one that was deleted is %s", s)
	}
	g = asleep()
	w.bot.Leave(g)
	w.until("the script of a guild that was left to go", func() bool { return !w.bot.Has(g) })
}

// TestThoseWithTimersStay: a script that waits for a time is spared.
func TestThoseWithTimersStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowded(options{}))
	w.deploy(guildA, `setInterval(() => {}, 1e6); console.log("loaded"); on("messageCreate", () => {});`)
	for i := 1; i < sleepers; i++ {
		w.deploy(sleeper(i), says(fmt.Sprint(i)))
	}
	if n := w.count(guildA, "loaded"); n != 1 || w.bot.Status(guildA).State != conduct.Running {
		t.Errorf("it was loaded %d times and is %s", n, w.bot.Status(guildA).State)
	}
}

// TestAllHaveTimers: then one goes all the same.
func TestAllHaveTimers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowded(options{}))
	for i := range sleepers {
		w.deploy(sleeper(i), `setInterval(() => {}, 1e6); on("messageCreate", (ctx) => console.log("heard " + ctx.msg.content));`)
	}
	for i := range sleepers {
		w.message(sleeper(i), "x")
		w.wait(sleeper(i), 1, "heard x")
	}
}

// TestAStartRecallsWhatSleeps starts a core where it is known what scripts handle:
// it loads those that there is room for, and the others when something comes.
func TestAStartRecallsWhatSleeps(t *testing.T) {
	t.Parallel()
	memories := &shelf{all: map[snowflake.GuildID]bot.Memory{}}
	core := func(c *bot.Config) { c.Memories = memories }
	first := newWorld(t, crowded(options{core: core}))
	for i := range sleepers {
		first.deploy(sleeper(i), fmt.Sprintf(`console.log("loads"); on("messageCreate", (ctx) => console.log("heard " + ctx.msg.content)); cron("c", "%d * * * * *", () => console.log("ran"));`, i))
	}
	stale := sleeper(5)
	m := memories.all[stale]
	m.Revision = "another"
	memories.all[stale] = m
	synced := make(chan string, 100)
	w := newWorld(t, crowded(options{sync: syncInto(synced), core: core, store: func(deploy.Store) deploy.Store { return first.store }}))
	w.load()
	loads := func() (n int) {
		for i := range sleepers {
			n += w.count(sleeper(i), "loads")
		}
		return n
	}
	w.until("three to be loaded", func() bool { return loads() >= 3 && dozing(w) == sleepers-2 })
	if loads() != 3 || w.count(stale, "loads") != 1 {
		t.Errorf("%d scripts are loaded, want the two that have room and the one of which nothing is known", loads())
	}
	for i := range sleepers {
		w.until("the job", func() bool { return w.job(sleeper(i), "c").Name != "" })
	}
	// What nobody handles wakes nobody.
	for i := range sleepers {
		w.event(sleeper(i), "MESSAGE_DELETE", map[string]any{"id": "1", "channel_id": "2"})
		w.bot.Join(sleeper(i))
	}
	w.message(sleeper(7), "x")
	w.wait(sleeper(7), 1, "heard x")
	if got := dozing(w); got != sleepers-2 {
		t.Errorf("%d sleep, want %d", got, sleepers-2)
	}
	w.tick(int(time.Minute / time.Second))
	for i := range sleepers {
		w.wait(sleeper(i), 1, "ran")
	}
}

// load loads all deployments and waits until each was tried.
func (w *world) load() {
	w.t.Helper()
	tried, err := w.bot.LoadAll(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	w.within("the scripts to load", func() { <-tried })
}

// TestThoseApartMakeNoRoom: a script in a penalty worker is in nobody's way, so it
// does not go for one that would find no more room then.
func TestThoseApartMakeNoRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: func(c *supervisor.Config) { c.PerWorker, c.Penalty = 2, 1 }})
	w.deploy(guildA, crasher(split))
	w.message(guildA, "crash")
	w.until("A to run apart", func() bool { return w.bot.Status(guildA).State == conduct.Penalty })
	loads := w.count(guildA, "loads")
	for i := 1; i < sleepers; i++ {
		w.deploy(sleeper(i), says(fmt.Sprint(i)))
	}
	if got := dozing(w); got != sleepers-3 {
		t.Errorf("%d sleep, want %d", got, sleepers-3)
	}
	if s := w.bot.Status(guildA).State; s != conduct.Penalty || w.count(guildA, "loads") != loads {
		t.Errorf("the one apart is %s", s)
	}
}

// actor plays a worker whose scripts do nothing.
type actor struct {
	*puppet

	deaf  atomic.Bool // It lets no script go.
	asked atomic.Int32

	mu     sync.Mutex // Guards loaded.
	loaded []string   // The names of scripts.
}

func (a *actor) play(t *testing.T) {
	for f := range a.frames {
		switch f := f.(type) {
		case wire.Load:
			a.mu.Lock()
			a.loaded = append(a.loaded, f.Name)
			a.mu.Unlock()
			a.send(t, wire.Settled{Instance: f.Instance, ID: supervisor.LoadID})
		case wire.Rest:
			a.send(t, wire.Rested{Instance: f.Instance, ID: f.ID})
		case wire.Unload:
			if a.asked.Add(1); !a.deaf.Load() {
				a.send(t, wire.Gone{Instance: f.Instance})
			}
		}
	}
}

func (a *actor) has(guild snowflake.GuildID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.loaded, func(name string) bool { return strings.Contains(name, guild.String()) })
}

// TestAWorkerThatLetsNoScriptGo holds up the others once, and not once for each of
// its scripts.
func TestAWorkerThatLetsNoScriptGo(t *testing.T) {
	t.Parallel()
	const each, first = 6, 6
	l := newPuppets()
	w := newWorld(t, options{launch: l, pool: func(c *supervisor.Config) { c.Workers, c.PerWorker = 2, each }})
	bad, good := &actor{puppet: l.next(t)}, &actor{puppet: l.next(t)}
	for _, a := range []*actor{bad, good} {
		go a.play(t)
	}
	for i := range first {
		w.deploy(sleeper(i), "x")
	}
	if len(bad.loaded) < len(good.loaded) {
		bad, good = good, bad
	}
	// Those of the other worker are the last that anything was heard of.
	for i := range first {
		if !bad.has(sleeper(i)) {
			w.deploy(sleeper(i), "y")
		}
	}
	for i := first; i < 2*each; i++ {
		w.deploy(sleeper(i), "x")
	}
	bad.asked.Store(0)
	bad.deaf.Store(true)
	w.deploy(sleeper(2*each), "x")
	w.deploy(sleeper(2*each+1), "x")
	if n := bad.asked.Load(); n != 1 {
		t.Errorf("it was asked to let %d scripts go, want 1", n)
	}
}
