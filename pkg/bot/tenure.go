package bot

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// tenure is a time in which a shard's guilds are this process's. One that is over
// never comes back: the shard may, with another.
type tenure struct {
	shard, of int
	valid     func() bool // By the lease, at this moment.
	kept      atomic.Bool // It was given up on purpose: handlers that run may end.
}

// covers reports whether the guild is one of the shard's.
func (t *tenure) covers(guild snowflake.GuildID) bool {
	return discord.ShardOf(guild, t.of) == t.shard
}

// errElsewhere is for whatever a guild's owner alone may do.
func errElsewhere() error {
	f := fault.New(fault.Unavailable, "another replica has this server now; try again in a moment")
	f.Name, f.RetryAfter = "OwnerError", time.Second
	return f
}

// Take implements discord.Holder: the guilds of the shard are this process's from
// now on. When it returns, their events wait for their scripts, which are loaded
// meanwhile.
func (b *Bot) Take(ctx context.Context, shard, of int, valid func() bool) (known <-chan struct{}, err error) {
	t := &tenure{shard: shard, of: of, valid: valid}
	b.mu.Lock()
	b.shards, b.tenures[shard] = of, t
	var before []*guild
	for id, g := range b.guilds {
		if t.covers(id) {
			before = append(before, g)
		}
	}
	b.mu.Unlock()
	for _, g := range before {
		g.mu.Lock()
		g.tenure, g.left = t, false
		g.mu.Unlock()
	}
	mine, err := b.deployments(ctx, t)
	if err != nil {
		b.Drop(shard, false)
		return nil, err
	}
	known = b.load(mine)
	if b.cfg.Overlap > 0 {
		b.background(func(ctx context.Context) { b.recheck(ctx, t) })
	}
	return known, nil
}

// deployments gives those of the tenure's guilds.
func (b *Bot) deployments(ctx context.Context, t *tenure) ([]deploy.Deployment, error) {
	all, err := b.cfg.Saved.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	var mine []deploy.Deployment
	for _, d := range all {
		if t.covers(d.Guild) {
			mine = append(mine, d)
		}
	}
	return mine, nil
}

// recheck looks once more at what the guilds are to run, when the owner before
// cannot have a deployment under way any more of which nobody told.
func (b *Bot) recheck(ctx context.Context, t *tenure) {
	for clock.Sleep(ctx, clock.Real, b.cfg.Overlap) && b.holds(t) {
		mine, err := b.deployments(ctx, t)
		if err == nil {
			err = b.Reconcile(ctx, mine)
		}
		if err == nil {
			return
		}
		b.cfg.Log.Warn("what the guilds of a shard run is not compared with the database yet", zap.Int("shard_id", t.shard), zap.Error(err))
	}
}

func (b *Bot) holds(t *tenure) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tenures[t.shard] == t
}

// Drop implements discord.Holder: the guilds of the shard are not this process's
// any more. Nothing begins, and what waits is the next owner's. Handlers that run
// may end when the shard was kept until now; else they are cut off, since the next
// owner is there already.
func (b *Bot) Drop(shard int, kept bool) {
	b.mu.Lock()
	t := b.tenures[shard]
	if t == nil {
		b.mu.Unlock()
		return
	}
	delete(b.tenures, shard)
	t.kept.Store(kept)
	var guilds []*guild
	for id, g := range b.guilds {
		if t.covers(id) {
			guilds = append(guilds, g)
		}
	}
	b.mu.Unlock()
	for _, g := range guilds {
		g.surrender(t, kept)
	}
}

// surrender leaves the guild to its next owner, who has or loads its script.
func (g *guild) surrender(t *tenure, kept bool) {
	g.mu.Lock()
	if g.tenure != t {
		g.mu.Unlock()
		return
	}
	old := g.active
	g.doze(false)
	g.tenure, g.active, g.latest, g.awaiting, g.turn = nil, nil, nil, false, nil
	g.failures, g.lostAt = 0, time.Time{}
	g.queue.forsake()
	g.bot.cfg.Crons.Clear(g.id)
	g.pardon(g.record.Release)
	g.mu.Unlock()
	g.bot.wanted.update(g)
	if old == nil {
		return
	}
	if !kept {
		old.cut()
		return
	}
	g.bot.background(func(ctx context.Context) { old.drain(ctx, g.bot.limits().Dispatch) })
}

// ours reports whether the guild is this process's. The caller holds mu.
func (g *guild) ours() bool { return !g.bot.cfg.Shared || g.tenure != nil }

// owned is ours for a caller that does not hold mu, as an error.
func (g *guild) owned() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ours() {
		return errElsewhere()
	}
	return nil
}

// Owns reports whether the guild is this process's at the moment.
func (b *Bot) Owns(id snowflake.GuildID) bool { return b.owns(id) }

// owns reports whether the guild is this process's, without making it known.
func (b *Bot) owns(id snowflake.GuildID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.cfg.Shared || b.tenureOf(id) != nil
}

// tenureOf is the tenure that the guild is in; nil for none. b.mu is held.
func (b *Bot) tenureOf(id snowflake.GuildID) *tenure {
	if b.shards == 0 {
		return nil
	}
	return b.tenures[discord.ShardOf(id, b.shards)]
}

// may reports whether the script may act: its guild is this process's, or was given
// up while its last handlers run.
func (s *script) may() bool {
	return s.tenure == nil || s.tenure.kept.Load() || s.tenure.valid()
}

// fence has requests to Discord fail that would leave when the script may not act
// any more: a process that stood still for a while finds out only then.
func (s *script) fence(ctx context.Context) context.Context {
	if s.tenure == nil {
		return ctx
	}
	return discord.Fenced(ctx, func() error {
		if !s.may() {
			return errElsewhere()
		}
		return nil
	})
}

// cut ends the script and its ops at once.
func (s *script) cut() {
	s.cancel()
	s.retire()
}

// forsake leaves the event to whoever has its guild now.
func (e event) forsake() {
	e.span.End()
	e.receipt.Waits()
	if e.done != nil {
		e.done()
	}
	if e.over != nil {
		e.over(later.Unserved)
	}
	if e.request != nil {
		e.request.Over(errElsewhere())
	}
}
