package bot

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Status tells what the guild's script is doing.
func (b *Bot) Status(id snowflake.GuildID) conduct.Status {
	g := b.known(id)
	if g == nil {
		return conduct.Status{Guild: id.String(), State: conduct.None, Strikes: []conduct.Strike{}}
	}
	return g.status(time.Now())
}

func (g *guild) status(now time.Time) conduct.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := conduct.Status{
		Guild: g.id.String(), State: conduct.None, Queued: len(g.queue.events), Dropped: g.dropped,
		Strikes: append([]conduct.Strike{}, g.record.Past()...),
	}
	if until := g.record.ApartUntil(); until.After(now) {
		out.ApartUntil = stamp(until)
	}
	switch {
	case g.record.Quarantined():
		out.State, out.Since = conduct.Quarantined, stamp(g.record.Since())
	case g.active != nil:
		worker, penal := g.active.inst.Place()
		out.State, out.Since, out.Worker = conduct.Running, stamp(g.active.since), &worker
		out.Revision, out.InFlight = g.active.revision.ID, g.active.running()
		switch {
		case g.held():
			out.State = conduct.Throttled
		case penal:
			out.State = conduct.Penalty
		}
	case g.asleep:
		out.State, out.Revision = conduct.Asleep, g.latest.revision.ID
	case g.awaiting:
		out.State = conduct.Loading
		if !g.lostAt.IsZero() {
			out.Since = stamp(g.lostAt)
		}
		if g.record.Pause(now) > 0 {
			out.State = conduct.Throttled
		}
	}
	return out
}

func stamp(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

func (s *script) running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inflight)
}

// Release forgets a guild's record, and loads its script again when it was
// quarantined.
func (b *Bot) Release(id snowflake.GuildID) conduct.Status {
	g := b.known(id)
	if g == nil {
		return b.Status(id)
	}
	g.mu.Lock()
	clean := g.record.ApartUntil().IsZero() && !g.held()
	was := g.record.Quarantined()
	g.pardon(g.record.Release)
	if was {
		g.awaiting = !g.left && g.ours()
	}
	g.mu.Unlock()
	if !clean {
		g.log("info", logs.TargetRuntime, "an operator released the script: what it was charged with is forgotten")
	}
	if was {
		b.wanted.update(g)
		b.background(g.wake)
	}
	g.pump()
	return b.Status(id)
}

// Waiting counts the events that wait for their scripts, and those whose
// handlers have not ended.
func (b *Bot) Waiting() (queued, inFlight int) {
	for _, g := range b.all() {
		g.mu.Lock()
		queued += len(g.queue.events)
		if g.active != nil {
			inFlight += g.active.running()
		}
		g.mu.Unlock()
	}
	return queued, inFlight
}
