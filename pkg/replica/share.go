package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// shards is a group as the gateway sees it.
type shards struct{ *Group }

var _ discord.Sharing = shards{}

// Shards deals the bot's shards to the members, as the gateway wants it.
func (g *Group) Shards() discord.Sharing { return shards{g} }

// sharing is one call of shards.Run: what is done with shards.
type sharing struct {
	ctx    context.Context //nolint:containedctx // That of Run, which owns the goroutines.
	shards int
	serve  func(ctx context.Context, shard int, slot discord.SessionSlot) error
	failed chan error
	wg     sync.WaitGroup
}

// holding is a shard that is this process's, or was and is still being ended.
type holding struct {
	slot   *slot
	cancel context.CancelFunc
	ending bool // Guarded by Group.mu.
}

// leftover are events of a shard that was lost, which this process may have
// claimed and did not begin.
type leftover struct {
	generation int64
	events     []int64
}

// errOther is about a process that runs with another number of shards than the
// rest.
var errOther = errors.New("start it again, and it takes the others' number")

// Layout implements discord.Sharing.
func (g shards) Layout(ctx context.Context, wanted int) (int, error) {
	g.mu.Lock()
	g.wanted = wanted
	g.mu.Unlock()
	g.beatSoon()
	for {
		g.mu.Lock()
		shards, news := g.view.Shards, g.news
		if shards != 0 {
			g.wanted = shards
		}
		g.mu.Unlock()
		if shards != 0 {
			if shards != wanted {
				g.cfg.Log.Warn("the number of shards is that of the replicas which were there first; stop all and start them again to change it", zap.Int("shards", shards), zap.Int("wanted", wanted))
			}
			return shards, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Run implements discord.Sharing.
func (g shards) Run(ctx context.Context, identity uint64, shards int, serve func(ctx context.Context, shard int, slot discord.SessionSlot) error) error {
	if identity != g.cfg.Identity {
		return errors.New("the gateway and the replicas are not of the same bot")
	}
	s := &sharing{ctx: ctx, shards: shards, serve: serve, failed: make(chan error, 1)}
	g.mu.Lock()
	if g.session != nil {
		g.mu.Unlock()
		return errors.New("this process shares shards already")
	}
	g.session = s
	g.mu.Unlock()
	g.beatSoon()
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	g.mu.Lock()
	g.session = nil
	for _, h := range g.held {
		h.end()
	}
	g.mu.Unlock()
	g.beatSoon() // The others see that it takes none any more.
	s.wg.Wait()
	return err
}

// end asks who serves the shard to end. Group.mu is held.
func (h *holding) end() {
	h.ending = true
	h.cancel()
}

func (s *sharing) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// mismatch loses the shards that the store says are not this process's.
func (g *Group) mismatch(v View) {
	g.mu.Lock()
	var lost []*slot
	for shard, h := range g.held {
		if !h.ending && v.Owners[shard] != (Owner{h.slot.generation, g.instance}) {
			lost = append(lost, h.slot)
		}
	}
	g.mu.Unlock()
	for _, s := range lost {
		g.lose(s, lostTaken)
	}
}

// settle takes the shards that are to be this process's, and lets go of those
// that are not.
func (g *Group) settle(ctx context.Context, v View) {
	begun := g.cfg.Clock.Now()
	g.mu.Lock()
	session := g.session
	g.mu.Unlock()
	if session != nil && v.Shards != 0 && v.Shards != session.shards {
		session.fail(fmt.Errorf("this process has %d shards and the other replicas have %d: %w", session.shards, v.Shards, errOther))
		return
	}
	alive := map[string]bool{}
	for _, p := range v.Peers {
		alive[p.Instance] = true
	}
	plan := plan(v)
	for shard := range v.Shards {
		mine, owner := plan[shard] == g.instance && session != nil, v.Owners[shard]
		g.mu.Lock()
		h := g.held[shard]
		if h != nil && !mine && !h.ending {
			g.cfg.Log.Info("a shard goes to another replica", zap.Int("shard_id", shard))
			h.end()
		}
		g.mu.Unlock()
		had := owner.Instance == g.instance
		// One call a shard: with many of them the lease comes first.
		if h != nil || ctx.Err() != nil || g.cfg.Clock.Now().Sub(begun) > v.Lease/8 {
			continue
		}
		switch {
		case mine && v.Fallow == 0 && (had || !alive[owner.Instance]):
			g.take(ctx, session, shard, owner)
		case !mine && had:
			g.giveUp(ctx, shard, owner)
		}
	}
}

// lastNumber is above that of every write that a slot makes.
const lastNumber = 1 << 52

// giveUp lets go of a shard that the store says is this process's, and is not: an
// answer was lost.
func (g *Group) giveUp(ctx context.Context, shard int, o Owner) {
	limited, cancel := g.limited(ctx)
	defer cancel()
	// If this fails too, the next look shows it.
	_, _ = g.cfg.Store.Write(limited, Write{Instance: g.instance, Shard: shard, Generation: o.Generation, Number: lastNumber, Release: true})
}

// take takes a shard and serves it, for as long as the sharing wants it.
func (g *Group) take(ctx context.Context, session *sharing, shard int, seen Owner) { //nolint:contextcheck // It is served until the sharing ends.
	g.mu.Lock()
	above, left := g.highest, g.unbegun[shard]
	g.mu.Unlock()
	limited, cancel := g.limited(ctx)
	defer cancel()
	t, err := g.cfg.Store.Take(limited, Take{Instance: g.instance, Shard: shard, Seen: seen.Generation, Above: above, Of: left.generation, Unbegun: left.events})
	if err != nil {
		if !errors.Is(err, ErrBusy) && ctx.Err() == nil {
			g.cfg.Log.Warn("a shard is not taken; it is tried again", zap.Int("shard_id", shard), zap.Error(err))
		}
		return
	}
	slot := newSlot(g, shard, t)
	g.mu.Lock()
	g.highest = max(g.highest, t.Generation)
	if g.session != session {
		// It ended meanwhile; the next look shows it.
		g.mu.Unlock()
		return
	}
	serving, end := context.WithCancel(session.ctx)
	h := &holding{slot: slot, cancel: end}
	g.held[shard] = h
	delete(g.unbegun, shard)
	session.wg.Go(func() { g.serve(serving, session, h) })
	g.mu.Unlock()
	g.cfg.Meter.Took(t.Former != "")
	slot.log.Info("this replica has the shard now", zap.Int64("generation", t.Generation), zap.Bool("lost_by_another", t.Former != ""), zap.Bool("resumes", t.Session.ID != ""))
}

// serve runs what is done with a shard until that ends, and lets the shard go.
func (g *Group) serve(ctx context.Context, session *sharing, h *holding) {
	var wg sync.WaitGroup
	wg.Go(h.slot.write)
	err := session.serve(ctx, h.slot.shard, h.slot)
	g.mu.Lock()
	h.end()
	g.mu.Unlock()
	_ = h.slot.Close() // It has no error.
	wg.Wait()
	left := h.slot.unbegun()
	g.mu.Lock()
	delete(g.held, h.slot.shard)
	if h.slot.lost.Load() {
		g.unbegun[h.slot.shard] = leftover{h.slot.generation, left}
	}
	g.mu.Unlock()
	if err != nil {
		session.fail(err)
	}
	if !h.slot.lost.Load() {
		h.slot.log.Info("this replica has let the shard go")
	}
	g.beatSoon()
}

// lose fences a shard that is not this process's any more.
func (g *Group) lose(s *slot, cause string) {
	g.mu.Lock()
	h := g.held[s.shard]
	if h == nil || h.slot != s || s.lost.Load() || s.closed.Load() {
		g.mu.Unlock()
		return
	}
	s.fence()
	h.end()
	g.mu.Unlock()
	g.cfg.Meter.Lost(cause)
	s.log.Error("this replica has lost the shard; whichever has it next goes on with it", zap.String("cause", cause), zap.Int64("generation", s.generation))
}

func (g *Group) loseAll(cause string) {
	g.mu.Lock()
	var all []*slot
	for _, h := range g.held {
		all = append(all, h.slot)
	}
	g.mu.Unlock()
	for _, s := range all {
		g.lose(s, cause)
	}
}

// expire loses all shards if the lease has ended.
func (g *Group) expire() {
	if !g.valid() {
		g.loseAll(lostExpired)
	}
}

// guard looks whether the lease has ended, at the moment when it does.
func (g *Group) guard(ctx context.Context) {
	for ctx.Err() == nil {
		g.expire()
		left := time.Duration(g.until.Load()) - g.cfg.Clock.Now().Sub(g.start)
		if left <= 0 {
			left = g.span() / 10
		}
		clock.Sleep(ctx, g.cfg.Clock, left)
	}
}
