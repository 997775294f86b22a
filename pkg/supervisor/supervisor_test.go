package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

const patience = 20 * time.Second

// fakeWorker speaks the worker's side of the wire by hand.
type fakeWorker struct {
	pid    int
	ours   *wire.Conn
	peer   *wire.Conn
	killed chan struct{}
	once   sync.Once
	frames chan any
	marks  *mark.Marks
	exit   error
}

func (w *fakeWorker) Conn() *wire.Conn   { return w.ours }
func (w *fakeWorker) PID() int           { return w.pid }
func (w *fakeWorker) Marks() *mark.Marks { return w.marks }
func (w *fakeWorker) Release() error     { return nil }
func (w *fakeWorker) Kill() {
	w.once.Do(func() {
		close(w.killed)
		_ = w.peer.Close()
	})
}

func (w *fakeWorker) Wait() error {
	<-w.killed
	if w.exit != nil {
		return w.exit
	}
	return errors.New("signal: killed")
}

func (w *fakeWorker) serve() {
	defer close(w.frames)
	for {
		f, err := w.peer.Recv()
		if err != nil {
			return
		}
		if _, ok := f.(wire.Hello); ok {
			_ = w.peer.Send(wire.Ready{Version: wire.Version})
			continue
		}
		w.frames <- f
	}
}

// next waits for the next frame that control sent.
func (w *fakeWorker) next(t *testing.T) any {
	t.Helper()
	select {
	case f, ok := <-w.frames:
		if !ok {
			t.Fatal("the connection ended")
		}
		return f
	case <-time.After(patience):
		t.Fatal("control sent nothing")
	}
	return nil
}

type launcher struct {
	mu       sync.Mutex
	started  int
	launched chan *fakeWorker
}

func (l *launcher) Launch(_ context.Context, scripts int) (supervisor.Process, error) {
	a, b := net.Pipe()
	l.mu.Lock()
	l.started++
	w := &fakeWorker{pid: 1000 + l.started, ours: wire.NewConn(a), peer: wire.NewConn(b), killed: make(chan struct{}), frames: make(chan any, 64), marks: mark.New(scripts)}
	l.mu.Unlock()
	go w.serve()
	l.launched <- w
	return w, nil
}

type host struct {
	calls chan string
	busy  bool
}

func newHost() *host { return &host{calls: make(chan string, 64)} }

func (h *host) Op(c wire.OpCall)           { h.calls <- fmt.Sprintf("op %d %s", c.Op, c.Args) }
func (h *host) Log(level int, text string) { h.calls <- fmt.Sprintf("log %d %s", level, text) }
func (h *host) Settled(id uint64, f *wire.Failure) {
	h.calls <- fmt.Sprintf("settled %d %v", id, f != nil)
}
func (h *host) Declared(kind, value string) { h.calls <- "declared " + kind + " " + value }
func (h *host) Limit(name string, count int, text string) {
	h.calls <- fmt.Sprint("limit ", name, " ", count, " ", text)
}
func (h *host) Gone(lost error, begun uint64) {
	h.calls <- fmt.Sprintf("gone %v, begun %d", lost, begun)
}

func (h *host) Busy() bool  { return h.busy }
func (h *host) Evict() bool { h.calls <- "evict"; return true }

func (h *host) want(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-h.calls:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("waited in vain for %q", want)
	}
}

func pool(t *testing.T, workers, perWorker int) (*supervisor.Pool, *launcher) {
	t.Helper()
	l := &launcher{launched: make(chan *fakeWorker, 64)}
	p, err := supervisor.New(supervisor.Config{Workers: workers, PerWorker: perWorker, Turns: 4, Launch: l, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	runPool(t, p)
	return p, l
}

// runPool runs it until the test ends.
func runPool(t *testing.T, p *supervisor.Pool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the pool does not stop")
		}
	})
}

func load(t *testing.T, p *supervisor.Pool, w *fakeWorker, guild snowflake.GuildID) (*supervisor.Instance, *host, uint64) {
	t.Helper()
	h := newHost()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	inst, err := p.Load(ctx, supervisor.Spec{Guild: guild, Source: "x"}, h)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := w.next(t).(wire.Load)
	if !ok || f.Source != "x" {
		t.Fatalf("got %+v, want the script", f)
	}
	return inst, h, f.Instance
}

func TestFramesReachTheirHost(t *testing.T) {
	t.Parallel()
	p, l := pool(t, 1, 10)
	w := <-l.launched
	inst, h, id := load(t, p, w, 1)
	for _, f := range []any{
		wire.Declared{Instance: id, Kind: "event", Value: "messageCreate"}, wire.Settled{Instance: id, ID: supervisor.LoadID},
		wire.Log{Instance: id, Level: 2, Text: "hi"}, wire.OpCall{Instance: id, Call: 1, Op: 3, Args: []byte("{}")},
	} {
		if err := w.peer.Send(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"declared event messageCreate", "settled 1 false", "log 2 hi", "op 3 {}"} {
		h.want(t, want)
	}
	if err := inst.Dispatch(7, "e", []byte("{}"), time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if d, ok := w.next(t).(wire.Dispatch); !ok || d.Instance != id || d.ID != 7 || d.WallMS != 1000 {
		t.Fatalf("got %+v", d)
	}
	if err := inst.Unload(); err != nil {
		t.Fatal(err)
	}
	if u, ok := w.next(t).(wire.Unload); !ok || u.Instance != id {
		t.Fatalf("got %+v", u)
	}
	if err := w.peer.Send(wire.Gone{Instance: id}); err != nil {
		t.Fatal(err)
	}
	h.want(t, "gone <nil>, begun 0")
}

func TestADeadWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	p, l := pool(t, 1, 10)
	w := <-l.launched
	_, h, _ := load(t, p, w, 1)
	_, other, _ := load(t, p, w, 2)
	w.marks.At(9).Begun.Store(77) // Slots are given out from the last on.
	w.Kill()
	h.want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 77")
	other.want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 0")
	again := <-l.launched
	if again.pid == w.pid {
		t.Fatal("the same process")
	}
	_, h, _ = load(t, p, again, 1)
	if n := len(h.calls); n != 0 {
		t.Fatalf("got %d calls", n)
	}
}

func TestAWorkerThatLiesIsKilled(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]func(own uint64) any{
		"another's instance": func(own uint64) any { return wire.OpCall{Instance: own + 1, Args: []byte("{}")} },
		"gone twice":         func(own uint64) any { return wire.Gone{Instance: own + 1} },
		"control's frame":    func(own uint64) any { return wire.Unload{Instance: own} },
		"second greeting":    func(uint64) any { return wire.Ready{Version: wire.Version} },
		"fault":              func(uint64) any { return wire.Fault{Reason: "stuck"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, l := pool(t, 1, 10)
			w := <-l.launched
			_, h, id := load(t, p, w, 1)
			if err := w.peer.Send(frame(id)); err != nil {
				t.Fatal(err)
			}
			h.want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 0")
			select {
			case <-w.killed:
			case <-time.After(patience):
				t.Fatal("it lives on")
			}
			<-l.launched
		})
	}
}

func TestFullSlotsPassOn(t *testing.T) {
	t.Parallel()
	p, l := pool(t, 2, 1)
	<-l.launched
	<-l.launched
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for g := range snowflake.GuildID(2) {
		if _, err := p.Load(ctx, supervisor.Spec{Guild: g + 1}, newHost()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Load(ctx, supervisor.Spec{Guild: 3}, newHost()); err == nil {
		t.Fatal("a third script found room in two workers of one")
	}
}

func TestPlacementIsSteady(t *testing.T) {
	t.Parallel()
	p, l := pool(t, 4, 1000)
	workers := []*fakeWorker{<-l.launched, <-l.launched, <-l.launched, <-l.launched}
	where := func() []int {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		counts := make([]int, len(workers))
		for g := range snowflake.GuildID(10) {
			if _, err := p.Load(ctx, supervisor.Spec{Guild: g + 1}, newHost()); err != nil {
				t.Fatal(err)
			}
			counts = append(counts, received(t, workers))
		}
		return counts
	}
	first, second := where(), where()
	if !slices.Equal(first, second) {
		t.Fatalf("the same guilds went to %v, then %v", first, second)
	}
	if slices.Min(first[4:]) == slices.Max(first[4:]) {
		t.Fatal("all guilds went to one worker")
	}
}

// received tells which worker got the frame.
func received(t *testing.T, workers []*fakeWorker) int {
	t.Helper()
	select {
	case <-workers[0].frames:
		return 0
	case <-workers[1].frames:
		return 1
	case <-workers[2].frames:
		return 2
	case <-workers[3].frames:
		return 3
	case <-time.After(patience):
		t.Fatal("no worker got the script")
	}
	return -1
}

func TestLoadGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	p, err := supervisor.New(supervisor.Config{Workers: 1, PerWorker: 1, Launch: &launcher{}, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Load(ctx, supervisor.Spec{Guild: 1}, newHost()); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
