package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// saved has deployments that cannot be loaded, and notes who asks for them.
type saved struct {
	all []deploy.Deployment

	mu    sync.Mutex // Guards asked.
	more  *sync.Cond
	asked []snowflake.GuildID
}

// atOnce is how many scripts are loaded at the same time.
const atOnce = 4

func (s *saved) List(context.Context) ([]deploy.Deployment, error) { return s.all, nil }

func (s *saved) Current(_ context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, guild)
	s.more.Broadcast()
	// As a database does, it takes its time: until as many have asked.
	for all := (len(s.asked) + atOnce - 1) / atOnce * atOnce; len(s.asked) < all; {
		s.more.Wait()
	}
	return deploy.Revision{}, fault.New(fault.NotFound, "Resource not found: deployment not found")
}

// TestTheMostActiveAreLoadedFirst begins with those that had events last, then
// those deployed last. A few are loaded at the same time, so places differ by
// as many.
func TestTheMostActiveAreLoadedFirst(t *testing.T) {
	t.Parallel()
	const guilds = 10 * atOnce
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := &saved{}
	s.more = sync.NewCond(&s.mu)
	var want []snowflake.GuildID
	active := map[snowflake.GuildID]time.Time{}
	for n := range guilds {
		id := snowflake.GuildID(100 + n*7%guilds) //nolint:gosec // Small.
		d := deploy.Deployment{Guild: id, UpdatedAt: noon.Add(-time.Duration(n) * time.Minute)}
		if n < guilds/2 {
			active[id] = noon.Add(-time.Duration(n) * time.Minute)
			d.UpdatedAt = noon.Add(-time.Hour * 24)
		}
		want = append(want, id)
		s.all = append(s.all, d)
	}
	slices.SortFunc(s.all, func(a, b deploy.Deployment) int { return int(a.Guild) - int(b.Guild) }) //nolint:gosec // Small.
	w := newWorld(t, options{core: func(c *bot.Config) {
		c.Saved = s
		c.Active = func(g snowflake.GuildID) time.Time { return active[g] }
	}})
	tried, err := w.bot.LoadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-tried
	if len(s.asked) != guilds {
		t.Fatalf("%d of %d guilds were loaded", len(s.asked), guilds)
	}
	for place, id := range want {
		if got := slices.Index(s.asked, id); got < place-atOnce || got > place+atOnce {
			t.Errorf("guild %s came as number %d, want %d", id, got, place)
		}
	}
}

// TestReconcile changes what is stored behind the core's back.
func TestReconcile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	says := func(text string) string {
		return fmt.Sprintf("on('messageCreate', () => console.log(%q))", text)
	}
	reconcile := func() {
		t.Helper()
		all, err := w.store.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.bot.Reconcile(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id, script string) {
		t.Helper()
		r := deploy.Revision{ID: id, Guild: guildA, Entry: "main.js", Status: deploy.Success, DeployedAt: time.Now(), Source: "test", Bundle: script, Actor: deploy.Actor{Type: deploy.ActorSystem}}
		if err := w.store.PutRevision(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	// One that runs what is stored goes on as it is.
	w.deploy(guildA, "let n = 0; on('messageCreate', () => console.log('one ' + ++n))")
	w.message(guildA, "x")
	w.wait(guildA, 1, "one 1")
	reconcile()
	w.message(guildA, "x")
	w.wait(guildA, 1, "one 2")
	// Another revision replaces it.
	put("second", says("two"))
	reconcile()
	w.message(guildA, "x")
	w.wait(guildA, 1, "two")
	w.wait(guildA, 1, "revision second was loaded: it is the deployed one")
	// One that does not load leaves the one before, and the log says so.
	put("broken", "throw new Error('no')")
	reconcile()
	w.wait(guildA, 1, "revision broken, which is the deployed one, did not load; the one before goes on")
	w.message(guildA, "x")
	w.wait(guildA, 2, "two")
	// One that is gone is stopped.
	if err := w.store.Delete(t.Context(), guildA); err != nil {
		t.Fatal(err)
	}
	reconcile()
	w.wait(guildA, 1, "the script is stopped")
	w.message(guildA, "x")
	// And one that was deployed elsewhere, where nothing ran, is loaded.
	put("third", says("three"))
	reconcile()
	w.message(guildA, "x")
	w.wait(guildA, 1, "three")
	if n := w.count(guildA, "two"); n != 2 {
		t.Errorf("a script that is gone handled %d messages, want 2", n)
	}
}
