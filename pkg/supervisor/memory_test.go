package supervisor

import (
	"os/exec"
	"testing"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// tenant is a host that goes when it is asked to.
type tenant struct {
	evicted bool
	loss    error
}

func (*tenant) Op(wire.OpCall)                {}
func (*tenant) Log(int, string)               {}
func (*tenant) Settled(uint64, *wire.Failure) {}
func (*tenant) Declared(string, string)       {}
func (*tenant) Limit(string, int, string)     {}
func (*tenant) Busy() bool                    { return false }
func (t *tenant) Evict() bool                 { t.evicted = true; return true }
func (t *tenant) Gone(lost error, _ uint64)   { t.loss = lost }

// occupied makes a slot with a script for each size, in MiB; those of busy run.
func occupied(t *testing.T, held []uint64, busy ...int) (*slot, []*tenant) {
	t.Helper()
	p, err := New(Config{Workers: 1, PerWorker: len(held), Launch: InProcess{}, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	s := p.slots[0]
	s.marks = mark.New(len(held))
	hosts := make([]*tenant, len(held))
	for n := range held {
		hosts[n] = &tenant{}
		s.instances[uint64(n)] = &Instance{id: uint64(n), guild: snowflake.GuildID(n + 1), mark: n, slot: s, host: hosts[n]} //nolint:gosec // Small.
		s.marks.At(n).Held.Store(held[n] << 20)
	}
	for _, n := range busy {
		s.marks.At(n).Turn.Store(1)
	}
	return s, hosts
}

func TestWhoIsRelievedOf(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		held []uint64
		busy []int
		want int // -1 is nobody.
	}{
		"the largest":                  {[]uint64{20, 100, 60}, nil, 1},
		"the largest that is idle":     {[]uint64{20, 100, 60}, []int{1}, 2},
		"nobody is large":              {[]uint64{15, 3}, nil, -1},
		"the large are at work":        {[]uint64{20, 100, 120}, []int{1, 2}, -1},
		"all are small, but for these": {[]uint64{1, 17, 2}, nil, 1},
	} {
		s, hosts := occupied(t, row.held, row.busy...)
		s.relieve()
		for n, h := range hosts {
			if h.evicted != (n == row.want) {
				t.Errorf("%s: script %d is told to go: %v", name, n, h.evicted)
			}
		}
	}
}

// A process that has ended has no size; it is judged by the one it had.
func TestADeadProcessIsAsLargeAsItWas(t *testing.T) {
	t.Parallel()
	s, hosts := occupied(t, []uint64{100, 1})
	s.marks.At(1).Verdict.Store(mark.Signal)
	cmd := exec.CommandContext(t.Context(), "cat")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, ceiling: 1, threads: 1}
	s.ceiling.Store(100)
	if why := s.weigh(p); why != "" || !s.crowded(mostHeld) {
		t.Fatalf("it uses %d bytes: %s", s.size.Load(), why)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if why := s.weigh(p); why != "" || !s.crowded(mostHeld) {
		t.Errorf("a full process is forgotten when it ends: %s", why)
	}
	s.lose(Crashed, nil)
	for n, h := range hosts {
		if loss, ok := h.loss.(*Loss); !ok || loss.Blame != Suspect { //nolint:errorlint // It is made here.
			t.Errorf("script %d: %+v", n, h.loss)
		}
	}
	if s.crowded(mostHeld) {
		t.Error("the next process counts as full before it was looked at")
	}
}
