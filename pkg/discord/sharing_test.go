package discord

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// desk is where replicas of a test leave their sessions; the test deals the shards.
type desk struct {
	mu       sync.Mutex // Guards sessions.
	sessions map[int]Session
}

// member is one process's Sharing. It is also its Holder.
type member struct {
	*recorder

	desk   *desk
	layout int
	ready  chan struct{} // Closed by Run.

	serve func(ctx context.Context, shard int, slot SessionSlot) error
	held  map[int]*hand
	lose  bool // What it is given is another's already.
	wg    sync.WaitGroup

	took, dropped []string // Under recorder.mu.
}

// hand is one time of having a shard.
type hand struct {
	memorySession

	lost   atomic.Bool
	end    context.CancelFunc
	ended  chan error
	inside context.Context //nolint:containedctx // That of Run.

	mu    sync.Mutex // Guards began.
	began Session
}

func (h *hand) Save(s Session) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.began = s
	return h.memorySession.Save(s)
}

// session is the one that was saved last, as others may see it.
func (h *hand) session() Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.began
}

func (h *hand) Valid() bool { return !h.lost.Load() && h.inside.Err() == nil }

func (m *member) Layout(context.Context, int) (int, error) { return m.layout, nil }

func (m *member) Run(ctx context.Context, _ uint64, shards int, serve func(context.Context, int, SessionSlot) error) error {
	if shards != m.layout {
		return fmt.Errorf("%d shards, want %d", shards, m.layout)
	}
	m.serve = serve
	close(m.ready)
	<-ctx.Done()
	for _, h := range m.held {
		h.end()
	}
	m.wg.Wait()
	return nil
}

func (m *member) Enter(context.Context, int, SessionStartLimit, time.Duration) (used, leave func(), err error) {
	return func() {}, func() {}, nil
}

func (m *member) Take(_ context.Context, shard, of int, valid func() bool) (<-chan struct{}, error) {
	m.change(func() { m.took = append(m.took, fmt.Sprintf("%d/%d %t", shard, of, valid())) })
	return nil, nil //nolint:nilnil // Everything is known.
}

func (m *member) Drop(shard int, kept bool) {
	m.change(func() { m.dropped = append(m.dropped, fmt.Sprintf("%d %t", shard, kept)) })
}

// give makes the shard the member's.
func (m *member) give(shard int) {
	h := &hand{ended: make(chan error, 1), inside: context.Background()}
	h.lost.Store(m.lose)
	m.desk.mu.Lock()
	_ = h.Save(m.desk.sessions[shard])
	m.desk.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	h.end = cancel
	m.held[shard] = h
	m.wg.Go(func() { h.ended <- m.serve(ctx, shard, h) })
}

// take ends that. What the member had is left for the next one; lost says that the
// member only finds out.
func (m *member) take(t *testing.T, shard int, lost bool) {
	t.Helper()
	h := m.held[shard]
	delete(m.held, shard)
	h.lost.Store(lost)
	h.end()
	select {
	case err := <-h.ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a shard is not let go")
	}
	s, _ := h.Load()
	m.desk.mu.Lock()
	m.desk.sessions[shard] = s
	m.desk.mu.Unlock()
}

// join starts a replica, which has no shard yet.
func (w *world) join(d *desk, layout int) *member {
	w.t.Helper()
	m := &member{recorder: newRecorder(), desk: d, layout: layout, ready: make(chan struct{}), held: map[int]*hand{}}
	w.cfg.Sharing, w.cfg.Holder, w.cfg.REST = m, m, w.rest(RESTConfig{})
	w.sinkOf = func(*recorder) Sink { return m }
	w.launch()
	select {
	case <-m.ready:
	case <-time.After(20 * time.Second):
		w.t.Fatal("the gateway does not share")
	}
	return m
}

func (w *world) upTo(g *Gateway, n int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if !g.await(ctx, 0, func() bool { return len(g.Status()) == n && g.Connected() && g.knows() }) {
		w.t.Fatalf("not %d shards are up: %+v", n, g.Status())
	}
}

// knows reports whether all guilds of all shards are known.
func (g *Gateway) knows() bool {
	for _, s := range g.own() {
		if !g.state.Complete(s.id) {
			return false
		}
	}
	return true
}

func (w *world) guildsOf(shard, of int) (out []snowflake.GuildID) {
	for _, g := range w.guilds {
		if ShardOf(g.ID, of) == shard {
			out = append(out, g.ID)
		}
	}
	slices.Sort(out)
	return out
}

// TestGatewaysShareShards hands a shard from one process to another, on purpose and
// by loss: its session goes on, what came meanwhile is handed over once, and
// nobody is told that the bot left.
func TestGatewaysShareShards(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		lost bool
	}{{"let go", false}, {"lost", true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{Guilds: 4})
			d := &desk{sessions: map[int]Session{}}
			first := w.join(d, 2)
			one := w.gateway
			if !one.Connected() || len(one.Status()) != 0 || one.Layout() != 2 {
				t.Errorf("a replica without shards: connected %t, %+v", one.Connected(), one.Status())
			}
			first.give(0)
			first.give(1)
			w.upTo(one, 2)
			second := w.join(d, 2)
			two := w.gateway
			if all := two.State().Guilds(); len(all) != 0 {
				t.Errorf("guilds of a replica without shards: %v", all)
			}
			at := slices.IndexFunc(w.guilds, func(g simGuild) bool { return ShardOf(g.ID, 2) == 1 })
			w.say(at, "before")
			first.waitMessages(t, "before")
			first.take(t, 1, row.lost)
			w.say(at, "between")
			second.give(1)
			w.upTo(two, 1)
			w.say(at, "after")
			second.waitMessages(t, "between", "after")
			first.waitMessages(t, "before")
			w.identifies(2)
			for i, g := range []*Gateway{one, two} {
				if diff := cmp.Diff(w.guildsOf(i, 2), g.State().Guilds()); diff != "" {
					t.Errorf("guilds of replica %d (-want +got):\n%s", i, diff)
				}
			}
			first.mu.Lock()
			defer first.mu.Unlock()
			slices.Sort(first.took)
			if diff := cmp.Diff([]string{"0/2 true", "1/2 true"}, first.took); diff != "" {
				t.Errorf("taken: %s", diff)
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("1 %t", !row.lost)}, first.dropped); diff != "" {
				t.Errorf("dropped: %s", diff)
			}
			if len(first.left)+len(second.left) > 0 {
				t.Errorf("the bot left %v %v", first.left, second.left)
			}
		})
	}
}

// TestGatewayThatStoodStillTakesNoConnectionAway: it lost its shard and does not know
// it yet when it would resume or begin a session.
func TestGatewayThatStoodStillTakesNoConnectionAway(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		resumes bool
	}{{"resumes", true}, {"begins", false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{Guilds: 1})
			owner := w.join(&desk{sessions: map[int]Session{}}, 1)
			owner.give(0)
			w.upTo(w.gateway, 1)
			one, left := w.gateway, &desk{sessions: map[int]Session{}}
			if row.resumes {
				left.sessions[0] = owner.held[0].session()
			}
			late := w.join(left, 1)
			late.lose = true
			late.give(0)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if !w.gateway.await(ctx, 0, func() bool {
				all := w.gateway.Status()
				return len(all) == 1 && (all[0].Connected || all[0].Reason != "")
			}) {
				t.Fatal("its connection does not end")
			}
			if s := w.gateway.Status()[0]; s.Connected || s.Reason != errNotOurs.Error() {
				t.Errorf("its connection: %+v", s)
			}
			w.say(0, "hello")
			owner.waitMessages(t, "hello")
			w.identifies(1)
			if s := one.Status(); !s[0].Connected || s[0].Reason != "" {
				t.Errorf("the owner's connection: %+v", s)
			}
			late.take(t, 0, true)
		})
	}
}

// TestGatewayBeginsAnewWhatItCannotResume takes a shard whose session Discord does
// not know any more.
func TestGatewayBeginsAnewWhatItCannotResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 2})
	d := &desk{sessions: map[int]Session{0: {ID: "0123456789abcdef", Seq: 7, Intents: w.cfg.Intents}}}
	m := w.join(d, 1)
	m.give(0)
	w.upTo(w.gateway, 1)
	w.identifies(1)
	w.say(0, "hello")
	m.waitMessages(t, "hello")
	m.take(t, 0, true)
	m.give(0) // It comes back.
	w.upTo(w.gateway, 1)
	w.say(0, "again")
	m.waitMessages(t, "hello", "again")
	w.identifies(1)
}

// TestGatewayAsksForMoreInAnothersSession takes a shard whose session has fewer
// intents than this process wants.
func TestGatewayAsksForMoreInAnothersSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 2})
	d := &desk{sessions: map[int]Session{}}
	all := w.cfg.Intents
	w.cfg.Intents = 0
	first := w.join(d, 1)
	first.give(0)
	w.upTo(w.gateway, 1)
	first.take(t, 0, false)
	w.cfg.Intents = all
	second := w.join(d, 1)
	second.give(0)
	w.upTo(w.gateway, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if !w.gateway.Settled(ctx, w.guilds[0].ID) {
		t.Fatal("the session does not get what is wanted")
	}
	w.upTo(w.gateway, 1)
	w.say(0, "hello")
	second.waitMessages(t, "hello")
	w.identifies(2)
}
