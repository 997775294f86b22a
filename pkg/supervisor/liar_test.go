package supervisor_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// liar is a worker of which the test has the bare end of the stream.
type liar struct {
	ours   *wire.Conn
	peer   net.Conn
	marks  *mark.Marks
	once   sync.Once
	killed chan struct{}
	loads  chan uint64
}

func (w *liar) Conn() *wire.Conn   { return w.ours }
func (w *liar) PID() int           { return 1 << 30 }
func (w *liar) Marks() *mark.Marks { return w.marks }
func (w *liar) Release() error     { return nil }
func (w *liar) Kill()              { w.once.Do(func() { close(w.killed); _ = w.peer.Close() }) }

func (w *liar) Wait() error {
	<-w.killed
	return errors.New("signal: killed")
}

// say writes bytes as they are; it fails when control has hung up.
func (w *liar) say(b ...[]byte) error {
	for _, b := range b {
		if _, err := w.peer.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// hear reads what control sends to the end of the stream, and notes the
// scripts that it is given.
func (w *liar) hear() {
	var head [4]byte
	for {
		if _, err := io.ReadFull(w.peer, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(w.peer, body); err != nil {
			return
		}
		if f, err := wire.Decode(body); err == nil {
			if l, ok := f.(wire.Load); ok {
				w.loads <- l.Instance
			}
		}
	}
}

type liars struct{ born chan *liar }

func (l *liars) Launch(_ context.Context, scripts int) (supervisor.Process, error) {
	a, b := net.Pipe()
	w := &liar{ours: wire.NewConn(a), peer: b, marks: mark.New(scripts), killed: make(chan struct{}), loads: make(chan uint64, 16)}
	l.born <- w
	return w, nil
}

// next waits for a worker and lets it greet.
func (l *liars) next(t testing.TB) *liar {
	t.Helper()
	select {
	case w := <-l.born:
		go w.hear() // It ends with the stream.
		if err := w.say(frame(wire.Ready{Version: wire.Version})); err != nil {
			t.Fatal(err)
		}
		return w
	case <-time.After(patience):
		t.Fatal("no worker was started")
	}
	return nil
}

type sink struct{ bytes.Buffer }

func (*sink) Close() error { return nil }

// frame gives a frame's bytes.
func frame(f any) []byte {
	var out sink
	c := wire.NewConn(&out)
	if err := c.Send(f); err != nil {
		panic(err)
	}
	c.Flush()
	return out.Bytes()
}

// raw is a frame of a type with a body that may be anything.
func raw(kind byte, body string) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+1)) //nolint:gosec // Short.
	return append(append(out, kind), body...)
}

// crowd counts what a host is told.
type crowd struct {
	calls atomic.Int64
	gone  chan error
}

func newCrowd() *crowd { return &crowd{gone: make(chan error, 8)} }

func (c *crowd) Op(wire.OpCall)                { c.calls.Add(1) }
func (c *crowd) Busy() bool                    { return false }
func (c *crowd) Evict() bool                   { return false }
func (c *crowd) Log(int, string)               { c.calls.Add(1) }
func (c *crowd) Settled(uint64, *wire.Failure) { c.calls.Add(1) }
func (c *crowd) Declared(string, string)       { c.calls.Add(1) }
func (c *crowd) Limit(string, int, string)     { c.calls.Add(1) }
func (c *crowd) Gone(lost error, _ uint64)     { c.gone <- lost }

func (c *crowd) wait(t testing.TB, what string, n int64) {
	t.Helper()
	if !within(func() bool { return c.calls.Load() >= n }) {
		t.Fatalf("%s: got %d of %d calls", what, c.calls.Load(), n)
	}
}

// company is a pool of liars with a script in one of them.
type company struct {
	*liars
	pool *supervisor.Pool
	stop func()
}

func newCompany(t testing.TB, workers int) *company {
	t.Helper()
	c := &company{liars: &liars{born: make(chan *liar, 64)}}
	var err error
	c.pool, err = supervisor.New(supervisor.Config{Workers: workers, PerWorker: 1, Turns: 1, Launch: c.liars, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.pool.Run(ctx) }()
	c.stop = func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the pool does not stop")
		}
	}
	return c
}

func (c *company) load(t testing.TB, guild snowflake.GuildID) (*crowd, *supervisor.Instance) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h := newCrowd()
	inst, err := c.pool.Load(ctx, supervisor.Spec{Guild: guild, Source: "x"}, h)
	if err != nil {
		t.Fatal(err)
	}
	return h, inst
}

// TestEveryLieEndsItsWorker sends each lie from one worker beside another: that
// one lives on, a new worker comes, and nothing is left of the liar.
func TestEveryLieEndsItsWorker(t *testing.T) { //nolint:paralleltest // It counts goroutines.
	before := runtime.NumGoroutine()
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			c := newCompany(t, 2)
			defer c.stop()
			one, two := c.next(t), c.next(t)
			mine, _ := c.load(t, 1)
			theirs, _ := c.load(t, 2)
			bad, good, mark, neighbour := one, two, loaded(t, one), loaded(t, two)
			if mark != first {
				bad, good, neighbour = two, one, mark
			}
			if err := bad.say(lie); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
			wait(t, "the liar's end", bad.killed)
			select {
			case lost := <-mine.gone:
				if lost == nil && !strings.Contains(name, "the end") && name != "gone twice" {
					t.Error("its script is told that it was unloaded")
				}
			case <-time.After(patience):
				t.Fatal("its script is not told")
			}
			heard := theirs.calls.Load()
			if err := good.say(frame(wire.Log{Instance: neighbour, Text: "alive"})); err != nil {
				t.Fatal(err)
			}
			theirs.wait(t, "the neighbour", heard+1)
			c.next(t)
		})
	}
	settles(t, before)
}

// loaded is the script that the worker was given.
func loaded(t testing.TB, w *liar) uint64 {
	t.Helper()
	select {
	case id := <-w.loads:
		return id
	case <-time.After(patience):
		t.Fatal("it was given no script")
	}
	return 0
}

func wait(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
}

// settles waits until there are no more goroutines than before.
func settles(t testing.TB, before int) {
	t.Helper()
	if !within(func() bool { return runtime.NumGoroutine() <= before }) {
		buf := make([]byte, 1<<20)
		t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
	}
}

// within polls the condition.
func within(cond func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !cond(); <-tick.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// TestFloodsAreNotKept lets a worker say a million things: control passes them
// on and keeps none.
func TestFloodsAreNotKept(t *testing.T) { //nolint:paralleltest // It measures memory.
	c := newCompany(t, 1)
	defer c.stop()
	w := c.next(t)
	h, _ := c.load(t, 1)
	for name, f := range map[string]any{
		"lines":         wire.Log{Instance: first, Text: "x"},
		"declarations":  wire.Declared{Instance: first, Kind: "event", Value: "e"},
		"loads' ends":   wire.Settled{Instance: first, ID: supervisor.LoadID},
		"unknown ends":  wire.Settled{Instance: first, ID: 1 << 60},
		"ops":           wire.OpCall{Instance: first, Op: 1 << 30, Args: []byte("{}")},
		"unknown kinds": wire.Declared{Instance: first, Kind: "?", Value: "e"},
	} {
		const batch, batches = 10_000, 17
		crowd := bytes.Repeat(frame(f), batch)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		from := h.calls.Load()
		for range batches {
			if err := w.say(crowd); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		h.wait(t, name, from+batch*batches)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 { //nolint:gosec // Sizes of a heap.
			t.Errorf("%s: %d of them left %d bytes", name, batch*batches, grown)
		}
	}
}

// TestAWorkerThatDoesNotReadIsKilled sends to a worker that never reads.
func TestAWorkerThatDoesNotReadIsKilled(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1)
	defer c.stop()
	w := <-c.born
	// It reads control's greeting, and then no more.
	if _, err := io.ReadFull(w.peer, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if err := w.say(frame(wire.Ready{Version: wire.Version})); err != nil {
		t.Fatal(err)
	}
	h, inst := c.load(t, 1)
	payload := make([]byte, 8<<20)
	for n := 0; ; n++ {
		if err := inst.Dispatch(uint64(n), "e", payload, time.Second, 0); err != nil { //nolint:gosec // A count.
			break
		}
		if n > 100 {
			t.Fatal("800 MiB were queued for a worker that does not read")
		}
	}
	wait(t, "its end", w.killed)
	select {
	case lost := <-h.gone:
		if lost == nil {
			t.Error("its script is told that it was unloaded")
		}
	case <-time.After(patience):
		t.Fatal("its script is not told")
	}
}

// TestHalfAFrameStopsNobody leaves a worker in the middle of a frame: the
// neighbour goes on, and the pool stops as ever.
func TestHalfAFrameStopsNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 2)
	defer c.stop()
	for _, w := range []*liar{c.next(t), c.next(t)} {
		if err := w.say([]byte{100, 0, 0, 1, 19, 0x83}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.pool.Load(ctx, supervisor.Spec{Guild: 1, Source: "x"}, newCrowd()); err != nil {
		t.Fatal(err)
	}
}

// FuzzALiar lets a worker say anything after its greeting.
func FuzzALiar(f *testing.F) {
	for _, lie := range lies {
		f.Add(lie)
	}
	for _, fr := range []any{
		wire.Settled{Instance: first, ID: 1}, wire.Settled{Instance: first, ID: 7, Failure: &wire.Failure{Text: "x"}},
		wire.OpCall{Instance: first, Call: 1, Args: []byte("{}")}, wire.Log{Instance: first, Level: -5, Text: "x"},
		wire.Declared{Instance: first, Kind: "event", Value: "x"}, wire.Gone{Instance: first, Lost: "x"}, wire.Fault{Reason: "x"}, wire.Rested{Instance: first, ID: 1, Next: -1},
	} {
		f.Add(frame(fr))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := newCompany(t, 1)
		defer c.stop()
		w := c.next(t)
		h, _ := c.load(t, 1)
		_ = w.say(b) // Control may hang up in the middle.
		w.Kill()
		select {
		case lost := <-h.gone:
			// nil when the bytes were a Gone.
			t.Log(lost)
		case <-time.After(patience):
			t.Fatal("the script is not told of the worker's end")
		}
	})
}
