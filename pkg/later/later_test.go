package later_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

const guild snowflake.GuildID = 1

// rig is a queue over a real store. What it delivers waits in got.
type rig struct {
	t     *testing.T
	clock *clock.Fake
	dir   string
	db    *kv.DB
	queue *later.Queue

	mu   sync.Mutex // Guards the members below.
	deaf bool
	away bool // The guild is another process's.
	got  []later.Delivery
	read func() // Called once when the store was read; may be nil.
}

// slow is the rig's store, in which something may happen behind a read.
type slow struct {
	kv.Ordered
	r *rig
}

func (s slow) ReadRanges(ctx context.Context, g snowflake.GuildID, store string, ranges []kv.Range) ([][]kv.Pair, error) {
	got, err := s.Ordered.ReadRanges(ctx, g, store, ranges)
	s.r.mu.Lock()
	read := s.r.read
	s.r.read = nil
	s.r.mu.Unlock()
	if read != nil {
		read()
	}
	return got, err
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewFake(time.Unix(1_800_000_000, 0)), dir: t.TempDir()}
	r.open()
	t.Cleanup(r.close)
	return r
}

// open is the start of a process.
func (r *rig) open() {
	r.t.Helper()
	var err error
	r.db, err = postgrestest.Open(r.t, kv.Config{
		Dir: r.dir, Limits: kv.DefaultLimits(), Clock: r.clock, CacheBytes: 1 << 20,
		Committed: func(g snowflake.GuildID, s string, keys []string) { r.queue.Committed(g, s, keys) },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.queue = later.New(later.Config{Store: slow{r.db, r}, Clock: r.clock, Deliver: r.deliver, Owns: r.owns, Log: zap.NewNop()})
	if err := r.queue.Load(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) close() {
	r.queue.Close()
	if err := r.db.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) owns(snowflake.GuildID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.away
}

// goes is the guild's going to another process, or coming back.
func (r *rig) goes(away bool) {
	r.t.Helper()
	r.mu.Lock()
	r.away = away
	r.mu.Unlock()
	mine := func(g snowflake.GuildID) bool { return g == guild }
	if away {
		r.queue.Release(mine)
	} else if err := r.queue.Hold(r.t.Context(), mine); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) deliver(d later.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deaf {
		return false
	}
	r.got = append(r.got, d)
	return true
}

func (r *rig) put(m later.Message, in time.Duration) {
	r.t.Helper()
	key, err := later.NewKey(r.clock.Now().Add(in))
	if err != nil {
		r.t.Fatal(err)
	}
	put, err := m.Put(key)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.db.Commit(r.t.Context(), guild, ".kv", kv.Commit{Mutations: []kv.Mutation{put}}); err != nil {
		r.t.Fatal(err)
	}
}

// tick gives what comes after so much time.
func (r *rig) tick(d time.Duration) []later.Delivery {
	r.queue.Settle()
	r.clock.Advance(d)
	r.queue.Tick(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *rig) one(d time.Duration) later.Delivery {
	r.t.Helper()
	got := r.tick(d)
	if len(got) != 1 {
		r.t.Fatalf("%d messages came, want one", len(got))
	}
	return got[0]
}

func (r *rig) none(d time.Duration) {
	r.t.Helper()
	if got := r.tick(d); len(got) != 0 {
		r.t.Fatalf("%d messages came, want none", len(got))
	}
}

func (r *rig) left() int {
	r.t.Helper()
	found, err := r.db.ReadRanges(r.t.Context(), guild, ".kv", []kv.Range{later.All(1000)})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(found[0])
}

func message(backoff ...int64) later.Message {
	return later.Message{Name: "e", Value: "vx", Backoff: backoff, IfUndelivered: [][]byte{[]byte("\x02dead\x00")}}
}

func TestDeliveredOnceWhenHandled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(message(), time.Minute)
	r.none(59 * time.Second)
	d := r.one(time.Second)
	r.none(time.Hour) // It is with its script.
	d.Over(later.Handled)
	r.none(time.Hour)
	if n := r.left(); n != 0 {
		t.Errorf("%d messages are left", n)
	}
	if at := r.queue.Next(); !at.IsZero() {
		t.Errorf("it looks again at %s", at)
	}
}

// TestMessagesGoWithTheirGuild: they come where the guild is, and what ends after it
// went is written down.
func TestMessagesGoWithTheirGuild(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(message(), 0)
	d := r.one(0)
	r.put(message(), time.Minute)
	r.goes(true)
	d.Over(later.Handled)
	r.put(message(), 0) // By a handler that runs to its end.
	r.none(time.Hour)
	if n := r.left(); n != 2 {
		t.Errorf("%d messages are left, want the two that nobody had", n)
	}
	r.goes(false)
	for _, d := range r.tick(0) {
		d.Over(later.Handled)
	}
	r.none(time.Hour)
	if n := r.left(); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestRetriesAndTheDead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(message(100, 1000), 0)
	r.one(0).Over(later.Failed)
	r.none(99 * time.Millisecond)
	r.one(time.Millisecond).Over(later.Failed)
	r.none(999 * time.Millisecond)
	r.one(time.Millisecond).Over(later.Failed)
	r.none(time.Hour)
	found, err := r.db.ReadRanges(t.Context(), guild, ".kv", []kv.Range{{Start: "\x02", End: "\x03", Limit: 1}})
	if err != nil || len(found[0]) != 1 || found[0][0].Value != "vx" || r.left() != 0 {
		t.Errorf("got %v, %v and %d messages", found, err, r.left())
	}
}

// TestNothingIsLostWithAProcess: whatever a delivery had come to, the next
// process has the message until it was handled.
func TestNothingIsLostWithAProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(message(), 0)
	r.put(message(), time.Minute)
	r.one(0)
	for range 2 {
		r.close()
		r.open()
		r.one(0)
	}
	r.close()
	r.open()
	r.one(0).Over(later.Handled)
	r.one(time.Minute).Over(later.Handled)
	r.none(time.Hour)
}

func TestWaitsForAHandler(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.deaf = true
	r.put(message(), 0)
	r.none(0)
	r.mu.Lock()
	r.deaf = false
	r.mu.Unlock()
	r.none(time.Hour)
	r.queue.Wake(guild)
	r.one(0).Over(later.Unserved)
	r.none(0)
	r.one(time.Second).Over(later.Handled)
	r.none(time.Hour)
}

func TestSoManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 40 {
		r.put(message(), 0)
	}
	seen := 0
	for range 10 {
		got := r.tick(0)
		if len(got) > 16 {
			t.Fatalf("%d messages at once", len(got))
		}
		for _, d := range got {
			seen++
			d.Over(later.Handled)
		}
	}
	if seen != 40 || r.left() != 0 {
		t.Errorf("%d came, %d are left", seen, r.left())
	}
}

// What was written down as handled behind the queue's look at the store is not
// delivered again from what that look had read.
func TestAMessageThatEndsDuringALook(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(later.Message{Name: "a", Value: "1"}, 0)
	first := r.one(0)
	r.mu.Lock()
	r.read = func() {
		first.Over(later.Handled)
		r.queue.Settle()
	}
	r.mu.Unlock()
	r.queue.Committed(guild, ".kv", nil)
	r.none(0)
	r.none(time.Hour)
}
