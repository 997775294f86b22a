package replica

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

// This is a world of several processes that serve one bot: each has a group over
// one store, a gateway that reads from a Discord, and handlers. A process may be
// stopped for a while at any point where it looks at the time or meets the
// others, cut off from the store, or killed. Time is synctest's.

const (
	worldLease  = time.Second
	worldShards = 5
)

// gate is where a process can be stopped.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // Closed when the process goes on; nil while it does.
}

func (g *gate) pass() {
	for {
		g.mu.Lock()
		c := g.closed
		g.mu.Unlock()
		if c == nil {
			return
		}
		<-c
	}
}

func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

func (g *gate) goOn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// stoppable is the clock of a process.
type stoppable struct {
	clock.Clock
	gate *gate
}

func (s stoppable) Now() time.Time {
	s.gate.pass()
	defer s.gate.pass()
	return s.Clock.Now()
}

// wire is a process's way to the store. Calls take time both ways; some are lost
// on one, and some arrive long after the caller has given up.
type wire struct {
	Store
	w    *world
	gate *gate

	mu   sync.Mutex
	cut  bool // Nothing arrives.
	dead bool // Nor ever will.
	loss float64
}

var errWire = errors.New("the store cannot be reached")

func call[A, T any](w *wire, ctx context.Context, do func(context.Context, A) (T, error), a A) (T, error) {
	type answer struct {
		out T
		err error
	}
	var none T
	w.gate.pass()
	w.mu.Lock()
	cut, dead, loss := w.cut, w.dead, w.loss
	w.mu.Unlock()
	if dead {
		return none, errWire
	}
	there, back, lost, late := w.w.delay(), w.w.delay(), w.w.chance(loss), w.w.chance(loss)
	if late {
		there = w.w.within(2 * worldLease)
	} else if w.w.chance(loss) {
		back = w.w.within(worldLease / 2)
	}
	came := make(chan answer, 1)
	if !cut {
		w.w.wg.Go(func() {
			time.Sleep(there)
			out, err := do(context.WithoutCancel(ctx), a)
			time.Sleep(back)
			if !lost {
				came <- answer{out, err}
			}
		})
	}
	defer w.gate.pass()
	select {
	case got := <-came:
		return got.out, got.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (w *wire) Beat(ctx context.Context, b Beat) (View, error) {
	return call(w, ctx, w.Store.Beat, b)
}

func (w *wire) Take(ctx context.Context, t Take) (Taken, error) {
	out, err := call(w, ctx, w.Store.Take, t)
	return out, err
}

func (w *wire) Write(ctx context.Context, of Write) (Written, error) {
	of.Free, of.Claim, of.Settle = slices.Clone(of.Free), slices.Clone(of.Claim), slices.Clone(of.Settle)
	return call(w, ctx, w.Store.Write, of)
}

func (w *wire) Identify(ctx context.Context, i Identify) (time.Duration, error) {
	return call(w, ctx, w.Store.Identify, i)
}

func (w *wire) Leave(ctx context.Context, instance string) error {
	_, err := call(w, ctx, func(ctx context.Context, instance string) (struct{}, error) {
		return struct{}{}, w.Store.Leave(ctx, instance)
	}, instance)
	return err
}

func (w *wire) Watch(ctx context.Context, news func()) error {
	return w.Store.Watch(ctx, func() {
		w.gate.pass()
		w.mu.Lock()
		cut := w.cut || w.dead
		w.mu.Unlock()
		if !cut {
			news()
		}
	})
}

// witness sees what the store does, before anything gets lost.
type witness struct {
	Store
	w *world
}

func (s witness) Take(ctx context.Context, t Take) (Taken, error) {
	out, err := s.Store.Take(ctx, t)
	if err == nil {
		s.w.took(t.Shard, out.Generation)
	}
	return out, err
}

// world is all of it.
type world struct {
	memory *Memory
	fail   func(format string, args ...any)
	wg     sync.WaitGroup

	mu          sync.Mutex
	random      *rand.Rand
	streams     [worldShards]*stream
	generations [worldShards]int64
	slots       []*slot
	begun       map[event]string
	given       map[event]string // What else became of it.
}

type event struct {
	session string
	seq     int64
}

func newWorld(seed uint64, fail func(string, ...any)) *world {
	w := &world{
		memory: NewMemory(clock.Real), fail: fail, random: rand.New(rand.NewPCG(seed, 1)),
		begun: map[event]string{}, given: map[event]string{},
	}
	for shard := range w.streams {
		w.streams[shard] = &stream{news: make(chan struct{})}
	}
	return w
}

func (w *world) delay() time.Duration { return w.within(2 * time.Millisecond) }

func (w *world) within(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.Int64N(int64(d)))
}

func (w *world) chance(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.Float64() < p
}

func (w *world) took(shard int, generation int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if generation <= w.generations[shard] {
		w.fail("shard %d: generation %d follows %d", shard, generation, w.generations[shard])
	}
	w.generations[shard] = generation
}

// look checks that no shard is valid for two at this moment, whether they run or
// are stopped.
func (w *world) look() (valid int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	owners := map[int]*slot{}
	w.slots = slices.DeleteFunc(w.slots, func(s *slot) bool { return s.lost.Load() || s.closed.Load() })
	for _, s := range w.slots {
		if !s.validNow() {
			continue
		}
		if o := owners[s.shard]; o != nil {
			w.fail("shard %d is valid under generations %d and %d at once", s.shard, o.generation, s.generation)
		}
		owners[s.shard] = s
	}
	return len(owners)
}

// validNow is Valid, also for a process that is stopped.
func (s *slot) validNow() bool {
	return !s.lost.Load() && !s.closed.Load() && int64(time.Since(s.group.start)) < s.group.until.Load()
}

// stream is one shard at Discord.
type stream struct {
	mu      sync.Mutex
	session string
	seq     int64
	trimmed int64 // What is not kept any more.
	conn    int   // The connection that gets events.
	news    chan struct{}
}

func (s *stream) changed() {
	close(s.news)
	s.news = make(chan struct{})
}

func (s *stream) happen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != "" {
		s.seq++
		s.changed()
	}
}

// identify begins a session; its first event is READY.
func (s *stream) identify(name string) (conn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.seq, s.trimmed = name, 1, 1
	s.conn++
	s.changed()
	return s.conn
}

// resume goes on with a session; conn is 0 when that is over.
func (s *stream) resume(name string, seq int64) (conn int, trimmed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != name {
		return 0, 0
	}
	s.conn++
	s.changed()
	return s.conn, s.trimmed - seq
}

// next waits for the event after seq; false when the connection is over.
func (s *stream) next(ctx context.Context, conn int, seq int64) bool {
	for {
		s.mu.Lock()
		more, over, news := s.seq > seq, s.conn != conn, s.news
		s.mu.Unlock()
		if over || more {
			return !over
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}

func (s *stream) heartbeat(conn int, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == conn {
		s.trimmed = max(s.trimmed, seq)
	}
}
