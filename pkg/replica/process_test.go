package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// process is one of those who serve the bot.
type process struct {
	w     *world
	name  string
	gate  gate
	wire  wire
	group *Group
	end   context.CancelFunc
	done  chan struct{}

	mu       sync.Mutex
	dead     bool
	dispatch uint64
	waiting  map[uint64]*handled
	sessions int
}

// handled is an event that a process has to do with.
type handled struct {
	event
	slot discord.SessionSlot
	mark uint64
}

// begin starts a process.
func (w *world) begin(name string, loss float64) *process {
	p := &process{w: w, name: name, done: make(chan struct{}), waiting: map[uint64]*handled{}}
	p.wire = wire{Store: witness{w.memory, w}, w: w, gate: &p.gate, loss: loss}
	g, err := New(Config{Store: &p.wire, Member: Member{Name: name, URL: "http://" + name}, Identity: 1, Lease: worldLease, Clock: stoppable{clock.Real, &p.gate}})
	if err != nil {
		panic(err)
	}
	p.group = g
	ctx, end := context.WithCancel(context.Background())
	p.end = end
	w.wg.Go(func() {
		defer close(p.done)
		living, stop := context.WithCancel(context.Background())
		defer stop()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			if err := g.Run(living); err != nil && !p.killed() {
				w.fail("%s: %v", name, err)
			}
		})
		n, err := g.Shards().Layout(ctx, worldShards)
		if err == nil {
			err = g.Shards().Run(ctx, 1, n, p.serve)
		}
		if err != nil && ctx.Err() == nil {
			w.fail("%s: %v", name, err)
		}
		stop()
	})
	return p
}

// kill ends a process without any of its doings coming through.
func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.wire.mu.Lock()
	p.wire.dead = true
	p.wire.mu.Unlock()
	p.gate.goOn()
	p.end()
}

func (p *process) killed() bool {
	p.gate.pass()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// serve is the gateway of a shard.
func (p *process) serve(ctx context.Context, shard int, s discord.SessionSlot) error {
	at := p.w.streams[shard]
	own, ok := s.(*slot)
	if !ok {
		return errors.New("the slot is another's")
	}
	p.w.mu.Lock()
	p.w.slots = append(p.w.slots, own)
	p.w.mu.Unlock()
	for ctx.Err() == nil && !p.killed() {
		session, ok := s.Load()
		if !ok {
			p.identify(ctx, shard, s)
			continue
		}
		conn, missing := at.resume(session.ID, session.Seq)
		if !own.validNow() {
			missing = 0 // It was stopped, and the owner since then has gone on.
		}
		if conn == 0 {
			_ = s.Save(discord.Session{})
			continue
		}
		if missing > 0 {
			p.w.fail("%s, shard %d: %d events to be resumed were forgotten because a heartbeat said so", p.name, shard, missing)
		}
		p.read(ctx, at, conn, session, s)
	}
	return nil
}

func (p *process) identify(ctx context.Context, shard int, s discord.SessionSlot) {
	used, leave, err := p.group.Shards().Enter(ctx, shard, discord.SessionStartLimit{Total: 1000, Remaining: 1000, ResetAfter: 1 << 40, MaxConcurrency: 16}, time.Millisecond)
	if err != nil {
		return
	}
	defer leave()
	if p.killed() || ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	p.sessions++
	name := fmt.Sprint(p.name, "/", shard, "/", p.sessions)
	p.mu.Unlock()
	p.w.streams[shard].identify(name)
	used()
	_ = s.Save(discord.Session{ID: name, Seq: 1})
}

// read reads one connection. Two in three events are for a handler.
func (p *process) read(ctx context.Context, at *stream, conn int, session discord.Session, s discord.SessionSlot) {
	for seq := session.Seq; at.next(ctx, conn, seq) && ctx.Err() == nil && !p.killed(); {
		seq++
		if seq%3 != 0 {
			p.take(event{session.ID, seq}, s)
		}
		s.Advance(seq)
		at.heartbeat(conn, s.SettledTo())
	}
}

func (p *process) take(e event, s discord.SessionSlot) {
	switch fate := s.Fate(e.seq); fate {
	case discord.FateBegun, discord.FateSettled:
		p.w.mu.Lock()
		p.w.given[e] = fmt.Sprint("fate ", fate, " at ", p.name)
		p.w.mu.Unlock()
		return
	}
	p.mu.Lock()
	p.dispatch++
	id := p.dispatch
	h := &handled{e, s, s.Keep(e.seq)}
	p.waiting[id] = h
	p.mu.Unlock()
	p.w.wg.Go(func() {
		if p.w.chance(0.1) {
			time.Sleep(p.w.within(50 * time.Millisecond)) // It waits for its script.
		}
		p.ask(id, h)
	})
}

func (p *process) ask(id uint64, h *handled) {
	switch h.slot.Begin(h.mark, 0, id, p) {
	case discord.ClaimGranted:
		p.Claimed(id, true)
	case discord.ClaimDenied:
		p.Claimed(id, false)
	}
}

// Claimed implements discord.Claimant.
func (p *process) Claimed(id uint64, ok bool) {
	p.mu.Lock()
	h := p.waiting[id]
	delete(p.waiting, id)
	p.mu.Unlock()
	if h == nil {
		p.w.fail("%s was told of claim %d twice, or without asking", p.name, id)
		return
	}
	if !ok || p.killed() {
		return
	}
	if p.w.chance(0.05) {
		// The worker died before the handler began.
		h.slot.Note(h.mark, discord.FateWaits)
		p.w.wg.Go(func() {
			time.Sleep(p.w.delay())
			p.mu.Lock()
			p.waiting[id] = h
			p.mu.Unlock()
			p.ask(id, h)
		})
		return
	}
	p.w.mu.Lock()
	if by, twice := p.w.begun[h.event]; twice {
		p.w.fail("event %v began at %s and at %s", h.event, by, p.name)
	}
	p.w.begun[h.event] = p.name
	p.w.mu.Unlock()
	p.w.wg.Go(func() {
		d := p.w.delay()
		if p.w.chance(0.1) {
			d = p.w.within(worldLease)
		}
		time.Sleep(d)
		if !p.killed() {
			h.slot.Note(h.mark, discord.FateSettled)
		}
	})
}
