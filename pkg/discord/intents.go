package discord

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// intents is what the sessions ask for.
//
// Discord takes intents only at IDENTIFY, and begins a session with it that
// replays nothing of the one before. So they only grow while the process lives,
// and a session of an earlier process is resumed with what it had and replaced
// afterwards if that is too little.
type intents struct {
	wanted  catalog.Intents // Grows.
	granted catalog.Intents // The privileged ones that the application has.
	denied  catalog.Intents // What Discord refused at IDENTIFY.
	proven  catalog.Intents // What sessions of this process had.
}

// Want adds intents to those that sessions ask for, as far as the bot may have
// them. Sessions that have too little are begun anew, one after another, soon.
func (g *Gateway) Want(more catalog.Intents) {
	g.mu.Lock()
	g.intents.wanted |= more
	g.mu.Unlock()
	g.regrow()
}

// Missing gives those of the intents that the bot cannot have: the operator did
// not allow them, or the developer portal does not.
func (g *Gateway) Missing(of catalog.Intents) catalog.Intents {
	g.mu.Lock()
	defer g.mu.Unlock()
	return of &^ g.permitted()
}

// Intents are what sessions ask for from now on, and what is wanted but cannot
// be had.
func (g *Gateway) Intents() (asked, missing catalog.Intents) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.intents.wanted & g.permitted(), g.intents.wanted &^ g.permitted()
}

// permitted are the intents that the bot may have. mu is held.
func (g *Gateway) permitted() catalog.Intents {
	return catalog.All&^catalog.Privileged | g.cfg.Privileged&g.intents.granted&^g.intents.denied
}

func (g *Gateway) allows(i catalog.Intents) bool { return g.Missing(i) == 0 }

func (g *Gateway) asks() catalog.Intents {
	asked, _ := g.Intents()
	return asked
}

// grant takes over which privileged intents the application has: Discord closes
// a connection that asks for another.
func (g *Gateway) grant(granted catalog.Intents) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.intents.granted = granted
}

// prove notes that a session with the intents was begun.
func (g *Gateway) prove(i catalog.Intents) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.intents.proven |= i
}

// deny gives privileged intents up that Discord refused. Discord does not say
// which of them it means; those that sessions had before are kept at first. It
// is false when there is nothing to give up.
func (g *Gateway) deny(asked catalog.Intents) bool {
	g.mu.Lock()
	refused := asked & catalog.Privileged &^ g.intents.proven
	if refused == 0 {
		refused = asked & catalog.Privileged
	}
	g.intents.denied |= refused
	g.mu.Unlock()
	if refused == 0 {
		return false
	}
	g.cfg.Log.Warn("Discord refuses privileged intents; the bot goes on without them: turn them on in the developer portal under Bot, "+
		"Privileged Gateway Intents, or leave them out of discord.privileged_intents",
		zap.Strings("intents", refused.Names()))
	g.sink.Denied(refused)
	g.changed()
	return true
}

// regrow lets the sessions be looked at.
func (g *Gateway) regrow() {
	select {
	case g.grow <- struct{}{}:
	default:
	}
}

// Changed gives a channel that is closed when a session, or which shards there are,
// changes next.
func (g *Gateway) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.news
}

// changed wakes those that wait for the sessions.
func (g *Gateway) changed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.news)
	g.news = make(chan struct{})
}

// keepIntents begins sessions anew that lack intents. Changes that come close
// together are one, and a shard only leaves its session when it may identify.
func (g *Gateway) keepIntents(ctx context.Context) error {
	for {
		select {
		case <-g.grow:
		case <-ctx.Done():
			return nil
		}
		if !clock.Sleep(ctx, clock.Real, g.cfg.GatherIntents) {
			return nil
		}
		for _, s := range g.own() {
			if !s.lacks() {
				continue
			}
			_, leave, err := g.enter(ctx, s.id)
			if err != nil {
				return nil //nolint:nilerr // It was asked to end.
			}
			leave()
			s.log.Info("gateway session is begun anew for more events", zap.Strings("intents", g.asks().Names()))
			s.renew()
			g.await(ctx, g.cfg.ReadyWithin, func() bool { return !s.lacks() })
		}
	}
}

// Settled waits until the guild's session has all that is wanted and may be
// had; it is false when ctx ends first. Before Run there is nothing to wait for.
func (g *Gateway) Settled(ctx context.Context, guild snowflake.GuildID) bool {
	return g.await(ctx, 0, func() bool {
		g.mu.Lock()
		var s *shard
		if g.layout > 0 {
			s = g.shards[ShardOf(guild, g.layout)]
		}
		g.mu.Unlock()
		return s == nil || s.has(g.asks())
	})
}

// await waits until ok, which is asked after every change of a session; false
// when ctx or, unless it is 0, the time ends first.
func (g *Gateway) await(ctx context.Context, within time.Duration, ok func() bool) bool {
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	for {
		g.mu.Lock()
		news := g.news
		g.mu.Unlock()
		if ok() {
			return true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}

// lacks reports whether the shard is connected with a session that has too
// little.
func (s *shard) lacks() bool {
	asked := s.gateway.asks()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stat.Connected && asked&^s.intents != 0
}

// has reports whether the shard's session brings what is asked for, now or once
// it is connected again.
func (s *shard) has(asked catalog.Intents) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return asked&^s.intents == 0
}

// renew ends the connection and its session.
func (s *shard) renew() {
	s.mu.Lock()
	l, cancel := s.link, s.cancel
	s.mu.Unlock()
	if l != nil {
		l.end(errIntents)
		cancel()
	}
}
