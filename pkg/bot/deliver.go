package bot

import (
	"fmt"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// deliver hands the event to the script, or queues it while the script loads
// or has all its dispatches in flight.
func (g *guild) deliver(e event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.subscribed(e.name) {
		e.finish()
		return
	}
	if g.tooLate(e) {
		return
	}
	g.heard = g.bot.cfg.Now()
	if g.active != nil && g.queue.empty() && !g.held() {
		switch g.active.begin(&e) {
		case begun:
			return
		case denied:
			e.forsake()
			return
		case full, asked:
		}
	}
	if dropped := g.queue.add(e, g.bot.limits().Queue); dropped > 0 {
		g.bot.cfg.Meter.Dropped(droppedFull, dropped)
		g.hit(limit.Queue, dropped, fmt.Sprintf("events are dropped: %d wait already and the script does not keep up", len(g.queue.events)))
	}
	g.rouse()
	switch {
	case g.turn != nil:
		g.turn.hurry(g)
	case g.queue.asked() && e.ticket == 0:
		g.feed() // There may be room: those before it wait for their claims.
	}
}

// pump moves queued events into the script while it has room.
func (g *guild) pump() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.feed()
}

// feed is pump for a caller that holds mu. A new script hears of "ready" first.
//
// Where several processes serve the bot, an event is claimed before it begins. It
// keeps its place in the queue meanwhile, and those behind it are claimed, too, so
// that one claim's time does not come to the other's; but they begin in order.
func (g *guild) feed() {
	if g.active == nil || g.held() || !g.greet() {
		return
	}
	for at := 0; at < len(g.queue.events); {
		e := &g.queue.events[at]
		switch {
		case e.ticket != 0 && !e.granted, at > 0 && !e.receipt.Kept():
			at++
			continue
		case !g.subscribed(e.name):
			e.finish()
		case g.tooLate(*e):
		case at > 0 && e.granted:
			return // Those before it are about to be granted.
		default:
			switch g.queue.count(e, g.active.begin) {
			case full:
				return
			case asked:
				at++
				continue
			case denied:
				e.forsake()
			case begun:
			}
		}
		g.queue.remove(at)
	}
}

// Claimed implements discord.Claimant.
func (g *guild) Claimed(ticket uint64, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.IndexFunc(g.queue.events, func(e event) bool { return e.ticket == ticket })
	if at < 0 {
		return // It was dropped meanwhile, and that is noted.
	}
	if !ok {
		g.queue.events[at].forsake()
		g.queue.remove(at)
	} else {
		g.queue.events[at].granted = true
	}
	g.feed()
}

// tooLate ends an interaction that can no longer be answered, because it waited
// here or was replayed, and a request that nobody waits for. The caller holds mu.
func (g *guild) tooLate(e event) bool {
	if e.void() {
		e.finish()
		return true
	}
	waited, late := e.late(g.bot.cfg.Now())
	if late {
		g.bot.cfg.Meter.Dropped(droppedLate, 1)
		e.finish()
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("%s (%s) was not delivered: it waited %s, and Discord takes answers for %s", e.name, e.id, waited.Round(time.Millisecond), answerBy))
	}
	return late
}

// greet delivers "ready" to a script that has not had it, once the bot was
// connected. It is false when there is no room for it. The caller holds mu.
func (g *guild) greet() bool {
	payload := g.bot.ready.Load()
	if payload == nil || g.active.greeted {
		return true
	}
	g.active.greeted = !g.active.subscribed(catalog.Ready) || g.active.begin(&event{name: catalog.Ready, payload: *payload}) == begun
	return g.active.greeted
}

// requeue puts events that were sent to the script but not begun in front of those
// that wait. When the guild has become another process's, that one has or takes
// care of them; but if it was let go, they count as begun there.
func (g *guild) requeue(s *script, events []event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ours := g.ours() && g.tenure == s.tenure
	if ours && (g.active != nil || g.awaiting) {
		g.queue.unshift(events)
		if len(events) > 0 {
			g.rouse()
		}
		return
	}
	for _, e := range events {
		if ours {
			e.finish()
			continue
		}
		e.forsake()
		if s.tenure != nil && s.tenure.kept.Load() {
			g.log("warn", logs.TargetRuntime, fmt.Sprintf("%s did not begin: the script ended after the server had gone to another replica, and before its turn came", e.name))
		}
	}
}
