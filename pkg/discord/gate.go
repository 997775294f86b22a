package discord

import (
	"context"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

// gate spaces IDENTIFYs: Discord takes one in five seconds of the shards whose
// numbers are the same modulo max_concurrency, and so many a day.
type gate struct {
	every time.Duration
	lanes []lane

	mu        sync.Mutex // Guards the members below.
	remaining int
	total     int
	reset     time.Time
}

// lane is one class of shards.
type lane struct {
	turn chan struct{} // Holds one value while nobody is inside.
	last time.Time     // Of the last IDENTIFY; guarded by turn.
}

func newGate(every time.Duration, limit SessionStartLimit, now time.Time) *gate {
	g := &gate{every: every, lanes: make([]lane, min(max(limit.MaxConcurrency, 1), 1024))}
	for i := range g.lanes {
		g.lanes[i].turn = make(chan struct{}, 1)
		g.lanes[i].turn <- struct{}{}
	}
	g.remaining, g.total = limit.Remaining, max(limit.Total, 1)
	g.reset = now.Add(time.Duration(limit.ResetAfter) * time.Millisecond)
	return g
}

// pass is the right to identify once.
type pass struct {
	gate *gate
	lane *lane
	once sync.Once
}

// enter waits for the shard's turn. Who enters must leave.
func (g *gate) enter(ctx context.Context, shard int) (*pass, error) {
	l := &g.lanes[shard%len(g.lanes)]
	select {
	case <-l.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		wait := max(time.Until(l.last.Add(g.every)), g.spent(time.Now()))
		if wait <= 0 {
			return &pass{gate: g, lane: l}, nil
		}
		if !clock.Sleep(ctx, clock.Real, wait) {
			l.turn <- struct{}{}
			return nil, ctx.Err()
		}
	}
}

// spent is how long there is no IDENTIFY left for the day.
func (g *gate) spent(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !now.Before(g.reset) {
		g.remaining, g.reset = g.total, now.Add(24*time.Hour)
	}
	if g.remaining > 0 {
		return 0
	}
	return g.reset.Sub(now)
}

// used says that IDENTIFY was sent; the next shard's time begins to run.
func (p *pass) used() {
	p.once.Do(func() {
		p.gate.mu.Lock()
		p.gate.remaining--
		p.gate.mu.Unlock()
		p.lane.last = time.Now()
		p.lane.turn <- struct{}{}
	})
}

// leave gives the turn on if IDENTIFY was not sent.
func (p *pass) leave() {
	p.once.Do(func() { p.lane.turn <- struct{}{} })
}
