package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
)

// A script that is lost again and again is reloaded with growing pauses; one
// that does not load by its own fault is given up after some tries.
const (
	firstReload = 10 * time.Millisecond
	maxReload   = 30 * time.Second
	settledFor  = time.Minute // A life this long resets the pause.
	loadTries   = 5
)

// guild is one server's script and what waits for it.
//
// The locks are taken in this order: deploys, subscriptions.mu, guild.mu,
// script.mu, then those of the cron ticker, the logs and the wire.
type guild struct {
	bot *Bot
	id  snowflake.GuildID

	building chan struct{} // Holds one while sources are bundled.
	deploys  sync.Mutex    // Held while a script is being loaded or stopped.
	syncing  sync.Mutex    // Held while slash commands are sent to Discord.
	hits     hits
	rate     opRate
	maps     allowance

	environment environment

	mu       sync.Mutex // Guards the members below.
	active   *script
	awaiting bool    // There is no script, but one is on its way; events queue.
	latest   *script // The active one or, while awaiting, the one before it.
	left     bool    // The bot is not in the guild: nothing loads by itself.
	reviving bool    // The goroutine of revive runs.
	tenure   *tenure // In which the guild is this process's; nil where it is another's, or nobody shares.
	turn     *batch  // Which will come to it.
	queue    queue   // Waiting for a script or for room in it.
	pause    time.Duration
	failures int // Loads that failed since a script served.
	record   conduct.Record
	hold     time.Time // No event is delivered before.
	holding  bool      // A goroutine pumps at the end of hold.
	lostAt   time.Time // When a script that nobody blames was lost, until the next serves.
	dropped  uint64    // Events that came during the quarantine.
	heard    time.Time // When the last event came.
	asleep   bool      // Its script is awaited, and loaded only when something comes for it.
	roused   time.Time // When something came for it, until it serves.
}

func (g *guild) log(level, target, message string) {
	g.bot.cfg.Logs.Append(g.id, level, target, message)
}

// wants reports whether the script, or the one on its way, may handle the event.
func (g *guild) wants(e discord.Event) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.record.Quarantined():
		g.drop(e)
		return false
	case g.active == nil && !g.awaiting:
		return false
	case g.latest == nil:
		return true
	}
	return g.latest.handles(e)
}

// subscribed is wants for the name of a script's event. The caller holds mu.
func (g *guild) subscribed(name string) bool {
	if g.active == nil && !g.awaiting {
		return false
	}
	return g.latest == nil || g.latest.subscribed(name)
}

// interest is what subscriptions count of the guild.
func (g *guild) interest() interest {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.record.Quarantined() && g.latest != nil: // They are counted.
		return interest{types: g.latest.types()}
	case g.active == nil && !g.awaiting:
		return interest{}
	case g.latest == nil:
		return interest{every: true}
	}
	return interest{types: g.latest.types()}
}

// swap makes s the guild's script and returns the one before. A deploy also
// clears the record of the guild's troubles; without one the script of a guild
// that is quarantined meanwhile goes. It also goes when the guild became another
// process's. The caller holds deploys.
func (g *guild) swap(s *script, deployed bool) (old *script, done bool) {
	g.mu.Lock()
	if !deployed && g.record.Quarantined() || !g.ours() || g.tenure != s.tenure {
		g.mu.Unlock()
		s.retire()
		return nil, false
	}
	old, g.active, g.latest, g.awaiting, g.failures = g.active, s, s, false, 0
	if deployed {
		g.pardon(g.record.Deployed)
	}
	g.doze(false)
	if !g.roused.IsZero() {
		g.bot.cfg.Metrics.Woke(time.Since(g.roused))
		g.roused = time.Time{}
	}
	if !g.lostAt.IsZero() {
		g.bot.cfg.Metrics.Reloaded(time.Since(g.lostAt))
		g.lostAt = time.Time{}
	}
	g.bot.cfg.Crons.Set(g.id, s.jobs())
	g.feed()
	g.mu.Unlock()
	g.bot.wanted.update(g)
	g.bot.cfg.Serves(g.id)
	select {
	case <-s.gone:
		// It was lost before it was the guild's.
		g.lost(s, s.lost)
	default:
		g.bringBack(s)
	}
	return old, true
}

// clear leaves the guild without a script, if it is to be, and returns the one
// before. What waits is dropped. The caller holds deploys.
func (g *guild) clear(when func() bool) (old *script) {
	g.mu.Lock()
	if !when() {
		g.mu.Unlock()
		return nil
	}
	old, g.active, g.latest, g.awaiting, g.failures = g.active, nil, nil, false, 0
	g.doze(false)
	g.bot.cfg.Meter.Dropped(droppedUnserved, g.queue.clear())
	g.bot.cfg.Crons.Clear(g.id)
	g.mu.Unlock()
	g.bot.wanted.update(g)
	return old
}

// declared takes over what the script declared while it serves; what one that
// is no longer the guild's declares counts for nothing.
func (g *guild) declared(s *script, kind string) {
	g.mu.Lock()
	active := g.active == s
	if active && (kind == "cron" || kind == "cronend") {
		g.bot.cfg.Crons.Set(g.id, s.jobs())
	}
	g.mu.Unlock()
	if !active {
		return
	}
	switch kind {
	case "event", "mark":
		g.bot.cfg.Serves(g.id)
		g.bot.wanted.update(g)
		g.tellUnheard(s, maxLate)
		g.keep(s)
	case "commands":
		g.bot.background(func(ctx context.Context) { g.syncCommands(ctx, s) })
	}
}

// place notes whether the bot is in the guild, and reports whether its script
// is still to be loaded.
func (g *guild) place(inside bool) (load bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = !inside
	return inside && g.active == nil && !g.reviving && g.turn == nil && !g.asleep && g.ours()
}

// stop unloads the guild's script, unless the bot has come back meanwhile.
func (g *guild) stop() {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	if old := g.clear(func() bool { return g.left }); old != nil {
		old.retire()
	}
}

// wake loads the guild's stored deployment and returns when that was tried
// once; further tries follow in the background.
func (g *guild) wake(ctx context.Context) {
	g.expect(nil)
	g.announce(ctx, g.restore(ctx))
	g.revive()
}

// expect has events wait for a script that is on its way. One that is loaded in
// its turn nobody else has to load.
func (g *guild) expect(turn *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn = turn
	g.doze(false)
	if g.active == nil && !g.left && g.ours() && !g.record.Quarantined() {
		g.awaiting = true
	}
}

// lost is called when the active script's isolate is gone by itself.
func (g *guild) lost(s *script, reason error) {
	if g.slept(s, reason) {
		return
	}
	g.mu.Lock()
	if g.active != s {
		g.mu.Unlock()
		return
	}
	if g.record.Quarantined() {
		g.mu.Unlock()
		g.confine()
		return
	}
	g.active, g.awaiting = nil, true
	loss, died := errors.AsType[*supervisor.Loss](reason)
	switch {
	case died && loss.Blame == supervisor.Culprit:
		g.pause = g.record.Pause(time.Now())
	case died:
		g.pause, g.lostAt = 0, time.Now()
	case time.Since(s.since) > settledFor:
		g.pause = 0
	}
	g.mu.Unlock()
	if g.bot.base.Err() == nil {
		level := "error"
		if errors.Is(reason, errEvicted) {
			level = "warn"
		}
		g.log(level, logs.TargetRuntime, fmt.Sprintf("the script's isolate ended: %s; it is loaded again", reason))
	}
	g.revive()
}

// revive loads the guild's stored deployment in the background until it serves
// or there is nothing to wait for any more.
func (g *guild) revive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.resume()
}

// resume is revive for a caller that holds mu.
func (g *guild) resume() {
	if g.awaiting && !g.asleep && !g.reviving {
		g.reviving = g.bot.background(func(ctx context.Context) {
			for g.next(ctx) {
				if s := g.restore(ctx); s != nil {
					g.bot.background(func(ctx context.Context) { g.announce(ctx, s) })
				}
			}
		})
	}
}

// next waits until the script is to be tried again, if it is.
func (g *guild) next(ctx context.Context) bool {
	g.mu.Lock()
	if !g.awaiting || g.asleep || g.left || ctx.Err() != nil {
		g.reviving = false
		g.mu.Unlock()
		return false
	}
	pause := g.pause
	g.pause = min(max(pause*2, firstReload), maxReload)
	g.mu.Unlock()
	clock.Sleep(ctx, clock.Real, pause)
	return true
}

// announce tells a script what it will not hear of, and Discord of its commands.
// That may take long.
func (g *guild) announce(ctx context.Context, s *script) {
	if s != nil {
		g.tellUnheard(s, maxUnheard)
		g.syncCommands(ctx, s)
		g.keep(s)
	}
}

// restore tries once to load the stored deployment, if one is awaited, and gives
// the script that serves then; nil if none does.
func (g *guild) restore(ctx context.Context) *script {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	g.mu.Lock()
	wanted, before := g.awaiting && !g.asleep && !g.left, g.latest
	g.mu.Unlock()
	if !wanted || ctx.Err() != nil {
		return nil
	}
	rev, err := g.bot.cfg.Saved.Current(ctx, g.id)
	if fault.Is(err, fault.NotFound) {
		g.clear(always)
		return nil
	}
	var s *script
	if err == nil {
		g.bot.wanted.update(g)
		s, err = newScript(ctx, g, rev, false)
	}
	if err != nil {
		if ctx.Err() == nil {
			g.failed(err)
		}
		return nil
	}
	s.awake(before)
	if _, done := g.swap(s, false); !done {
		return nil
	}
	return s
}

func always() bool { return true }

// failed counts a load that failed by the script's fault and gives it up after
// some. The caller holds deploys.
func (g *guild) failed(err error) {
	g.bot.cfg.Log.Error("guild is not loaded", zap.Stringer("guild_id", g.id), zap.Error(err))
	if loss, died := errors.AsType[*supervisor.Loss](err); died {
		g.mu.Lock()
		g.pause = firstReload // The slot has a pause of its own.
		if loss.Blame == supervisor.Culprit {
			g.pause = g.record.Pause(time.Now())
		}
		g.mu.Unlock()
		return
	}
	if !fault.Is(err, fault.DeployFailed) {
		return
	}
	g.mu.Lock()
	g.failures++
	giveUp := g.failures >= loadTries
	g.mu.Unlock()
	if giveUp {
		g.log("error", logs.TargetRuntime, fmt.Sprintf("the script could not be loaded in %d tries and is not tried again until it is deployed or the runtime restarts: %s", loadTries, fault.From(err).Message))
		g.clear(always)
	}
}
