package bot

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// overran notes that the script was stopped at its CPU limit so many times.
func (g *guild) overran(s *script, times int) {
	g.mu.Lock()
	if g.active != s {
		g.mu.Unlock()
		return
	}
	now := time.Now()
	var gap time.Duration
	strike := false
	for range times {
		if gap, strike = g.record.Overrun(now); strike {
			break
		}
	}
	first := gap > 0 && g.hold.IsZero()
	if gap > 0 {
		g.hold = now.Add(gap)
		g.pumpAtHold()
	}
	g.mu.Unlock()
	switch {
	case strike:
		g.strike("it burned its CPU limit again and again", "the script burned its CPU limit again and again", conduct.Certain)
		g.restart(s)
	case first:
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("the script runs into its CPU limit again and again: its next event waits %s, and later ones longer", gap))
	}
}

// restart takes the script away and has it loaded again, after the pause that
// its record asks for.
func (g *guild) restart(s *script) {
	g.mu.Lock()
	if g.active != s {
		g.mu.Unlock()
		return
	}
	g.active, g.awaiting, g.hold = nil, true, time.Time{}
	g.pause = g.record.Pause(time.Now())
	g.mu.Unlock()
	s.retire()
	g.revive()
}

// held reports whether events are to wait. The caller holds mu.
func (g *guild) held() bool { return !g.hold.IsZero() && time.Now().Before(g.hold) }

// pumpAtHold sees to it that what waits is delivered when hold ends. The caller
// holds mu.
func (g *guild) pumpAtHold() {
	if g.holding {
		return
	}
	g.holding = true
	if !g.bot.background(func(ctx context.Context) {
		for g.rest(ctx) {
		}
		g.pump()
	}) {
		g.holding = false
	}
}

// rest waits until hold ends; false means that it has.
func (g *guild) rest(ctx context.Context) bool {
	g.mu.Lock()
	left := time.Until(g.hold)
	if left <= 0 || ctx.Err() != nil {
		g.holding = false
		g.mu.Unlock()
		return false
	}
	g.mu.Unlock()
	clock.Sleep(ctx, clock.Real, left)
	return true
}

// bringBack moves a script that runs apart to the others' workers when its time
// is over.
func (g *guild) bringBack(s *script) {
	if _, penal := s.inst.Place(); !penal {
		return
	}
	g.bot.background(func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)() //nolint:contextcheck // The script's end ends the wait.
		for ctx.Err() == nil {
			g.mu.Lock()
			left := time.Until(g.record.ApartUntil())
			g.mu.Unlock()
			if left <= 0 {
				g.move(ctx, s)
				return
			}
			clock.Sleep(ctx, clock.Real, min(left, time.Second))
		}
	})
}

// move loads the guild's script anew beside s and then replaces it.
func (g *guild) move(ctx context.Context, s *script) {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	g.mu.Lock()
	active := g.active == s
	g.mu.Unlock()
	if !active || ctx.Err() != nil {
		return
	}
	rev, err := g.bot.cfg.Store.Current(ctx, g.id)
	var next *script
	if err == nil {
		next, err = newScript(ctx, g, rev, false)
	}
	if err != nil {
		g.bot.cfg.Log.Warn("a script stays in its penalty worker", zap.Stringer("guild_id", g.id), zap.Error(err))
		return
	}
	old, done := g.swap(next, false)
	if !done {
		return
	}
	if old != nil {
		g.bot.background(func(ctx context.Context) { old.drain(ctx, g.bot.limits().Dispatch) })
	}
	g.log("info", logs.TargetRuntime, "the script runs beside others again")
}
