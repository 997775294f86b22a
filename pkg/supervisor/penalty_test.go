package supervisor_test

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// counter counts what the pool tells.
type counter struct {
	mu     sync.Mutex // Guards the members below.
	deaths map[string]int
	apart  int
}

func (c *counter) WorkerDied(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaths[cause]++
}

func (c *counter) PenaltyWorkers(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apart = n
}

func (c *counter) penalty() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apart
}

func penaltyPool(t *testing.T, penalty int) (*supervisor.Pool, *launcher, *counter) {
	t.Helper()
	l := &launcher{launched: make(chan *fakeWorker, 64)}
	c := &counter{deaths: map[string]int{}}
	p, err := supervisor.New(supervisor.Config{Workers: 1, PerWorker: 10, Penalty: penalty, Turns: 4, Launch: l, Log: zap.NewNop(), Metrics: c})
	if err != nil {
		t.Fatal(err)
	}
	runPool(t, p)
	return p, l, c
}

// apart loads a guild's script and gives the worker that was started for it, if
// one was.
func apart(t *testing.T, p *supervisor.Pool, guild snowflake.GuildID, how supervisor.Apart) (*supervisor.Instance, *host) {
	t.Helper()
	h := newHost()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	inst, err := p.Load(ctx, supervisor.Spec{Guild: guild, Source: "x", Apart: how}, h)
	if err != nil {
		t.Fatal(err)
	}
	return inst, h
}

func TestPenaltyWorkersLiveAsLongAsSomebodyIsIn(t *testing.T) {
	t.Parallel()
	p, l, c := penaltyPool(t, 2)
	<-l.launched
	if c.penalty() != 0 {
		t.Fatal("a penalty worker runs for nobody")
	}
	type place struct {
		worker int
		penal  bool
	}
	where := func(i *supervisor.Instance) place { w, penal := i.Place(); return place{w, penal} }
	first, h := apart(t, p, 1, supervisor.AloneIfRoom)
	w1 := <-l.launched
	second, _ := apart(t, p, 2, supervisor.NeverTogether)
	<-l.launched
	third, _ := apart(t, p, 3, supervisor.AloneIfRoom) // There is no room.
	fourth, _ := apart(t, p, 4, supervisor.NeverTogether)
	own, _ := apart(t, p, 1, supervisor.NeverTogether) // A deploy, beside the old script.
	for name, row := range map[string]struct{ got, want place }{
		"the first":           {where(first), place{1, true}},
		"the second":          {where(second), place{2, true}},
		"a suspect":           {where(third), place{0, false}},
		"a culprit":           {where(fourth), place{1, true}},
		"beside its old self": {where(own), place{1, true}},
	} {
		if row.got != row.want {
			t.Errorf("%s is on %+v, want %+v", name, row.got, row.want)
		}
	}
	for range 3 {
		f, ok := w1.next(t).(wire.Load)
		if !ok {
			t.Fatal("not a load")
		}
		if err := w1.peer.Send(wire.Gone{Instance: f.Instance}); err != nil {
			t.Fatal(err)
		}
	}
	h.want(t, "gone <nil>, begun 0")
	select {
	case <-w1.killed:
	case <-time.After(patience):
		t.Fatal("an empty penalty worker lives on")
	}
	again, _ := apart(t, p, 5, supervisor.NeverTogether)
	<-l.launched
	if got := where(again); got != (place{1, true}) {
		t.Errorf("the next is on %+v", got)
	}
}

// TestOnlyTheCulpritIsBlamed has a worker die of a signal while marks tell of
// its scripts.
func TestOnlyTheCulpritIsBlamed(t *testing.T) {
	t.Parallel()
	p, l, c := penaltyPool(t, 0)
	w := <-l.launched
	h := [3]*host{}
	loads := [3]wire.Load{}
	for i := range h {
		_, h[i] = apart(t, p, snowflake.GuildID(i+1), supervisor.Together)
		loads[i], _ = w.next(t).(wire.Load)
	}
	for _, i := range []int{0, 1} {
		w.marks.At(loads[i].Mark).Turn.Store(12345 | 1<<32)
	}
	w.marks.At(loads[1].Mark).Verdict.Store(1)
	w.exit = exec.CommandContext(t.Context(), "sh", "-c", "exit 4").Run()
	w.Kill()
	h[0].want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 0")
	h[1].want(t, "gone "+supervisor.ErrWorkerLost.Error()+": V8 gave up on what the script asked for, such as an array or a string beyond what is possible, begun 0")
	h[2].want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 0")
	<-l.launched
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deaths[string(supervisor.Crashed)] != 1 {
		t.Errorf("the deaths are %v", c.deaths)
	}
}

func TestMarksOfOneScriptDoNotOutliveIt(t *testing.T) {
	t.Parallel()
	p, l, _ := penaltyPool(t, 0)
	w := <-l.launched
	_, h := apart(t, p, 1, supervisor.Together)
	first, _ := w.next(t).(wire.Load)
	w.marks.At(first.Mark).Turn.Store(7)
	w.marks.At(first.Mark).Verdict.Store(1)
	if err := w.peer.Send(wire.Gone{Instance: first.Instance}); err != nil {
		t.Fatal(err)
	}
	h.want(t, "gone <nil>, begun 0")
	_, h = apart(t, p, 2, supervisor.Together)
	if next, _ := w.next(t).(wire.Load); next.Mark != first.Mark {
		t.Fatalf("got slot %d, want %d again", next.Mark, first.Mark)
	}
	w.exit = exec.CommandContext(t.Context(), "sh", "-c", "exit 4").Run()
	w.Kill()
	h.want(t, "gone "+supervisor.ErrWorkerLost.Error()+", begun 0")
}
