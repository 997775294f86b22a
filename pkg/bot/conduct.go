package bot

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
)

// Metrics is told what becomes of scripts that do harm, and of their
// neighbours.
type Metrics interface {
	Struck()                  // A script was charged.
	Quarantined(delta int)    // One guild more or one less.
	DroppedInQuarantine()     // An event.
	Reloaded(d time.Duration) // Since a script was lost that nobody blames.
	Asleep(delta int)         // One guild more or one less whose script sleeps.
	Woke(d time.Duration)     // Since something came for a script that slept.
}

type unmetered struct{}

func (unmetered) Struck()                {}
func (unmetered) Quarantined(int)        {}
func (unmetered) DroppedInQuarantine()   {}
func (unmetered) Reloaded(time.Duration) {}
func (unmetered) Asleep(int)             {}
func (unmetered) Woke(time.Duration)     {}

// apart is where the guild's next script is to run.
func (g *guild) apart() supervisor.Apart {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch now := time.Now(); {
	case g.record.Guilty(now):
		return supervisor.NeverTogether
	case g.record.Suspected(now):
		return supervisor.AloneIfRoom
	}
	return supervisor.Together
}

// charge writes down what a script had to do with its worker's end. Only what
// serves, or is loaded because it serves, can quarantine the guild: a script
// that is being deployed, or was replaced, is not what its authors rely on.
func (g *guild) charge(s *script, loss *supervisor.Loss, retired bool) {
	switch loss.Blame {
	case supervisor.Innocent:
	case supervisor.Suspect:
		g.mu.Lock()
		apart := g.record.Suspect(time.Now())
		g.mu.Unlock()
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("the worker process ended while this script, and perhaps others, ran in it or filled its memory; it runs apart from them for %s, as far as there is room, to find out which one does that", apart))
	case supervisor.Culprit:
		weight := conduct.Trial
		switch serves := !retired && g.relies(s); {
		case serves && loss.Shared:
			weight = conduct.Doubtful
		case serves:
			weight = conduct.Certain
		}
		g.strike(loss.What, "the script brought its worker process down: "+loss.What, weight)
	}
}

// relies reports whether the guild's authors rely on the script: it serves, or
// is loaded because it is to serve again. One that was replaced and ends its
// last handlers is neither.
func (g *guild) relies(s *script) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return g.active == s || !s.trial && !s.up
}

// strike charges the guild's script, and quarantines the guild when it is
// enough.
func (g *guild) strike(reason, message string, weight conduct.Weight) {
	g.mu.Lock()
	now := time.Now()
	quarantined := g.record.Strike(now, reason, weight)
	pause, apart := g.record.Pause(now), g.record.ApartUntil().Sub(now).Round(time.Second)
	g.mu.Unlock()
	g.bot.cfg.Metrics.Struck()
	g.bot.cfg.Log.Warn("a script is charged", zap.Stringer("guild_id", g.id), zap.String("reason", reason), zap.Bool("quarantined", quarantined))
	switch {
	case quarantined:
		g.log("error", logs.TargetRuntime, fmt.Sprintf("%s. That is %d times within %s: the script is quarantined. It is not loaded, its cron jobs do not run, its events are dropped and interactions stay unanswered until a deployment succeeds or an operator releases it", message, conduct.Strikes, conduct.Window))
		g.bot.cfg.Metrics.Quarantined(1)
		g.confine()
	case weight == conduct.Certain:
		g.log("error", logs.TargetRuntime, fmt.Sprintf("%s. It runs apart from other scripts for %s, and is loaded again after %s; %d times within %s quarantine it", message, apart, pause, conduct.Strikes, conduct.Window))
	case weight == conduct.Doubtful:
		g.log("error", logs.TargetRuntime, fmt.Sprintf("%s. It runs apart from other scripts for %s, and is loaded again after %s; others run apart beside it, so this does not count towards a quarantine", message, apart, pause))
	default:
		g.log("error", logs.TargetRuntime, fmt.Sprintf("%s. This guild's scripts run apart from others for %s", message, apart))
	}
}

// confine leaves the guild without a script for as long as it is quarantined.
// What the last one handled is remembered, so that what is dropped is counted.
func (g *guild) confine() {
	g.mu.Lock()
	if !g.record.Quarantined() {
		g.mu.Unlock()
		return // Released meanwhile.
	}
	old := g.active
	g.doze(false)
	g.active, g.awaiting, g.failures, g.lostAt = nil, false, 0, time.Time{}
	g.dropped += uint64(len(g.queue.events))
	g.bot.cfg.Meter.Dropped(droppedUnserved, g.queue.clear())
	g.bot.cfg.Crons.Clear(g.id)
	g.mu.Unlock()
	g.bot.wanted.update(g)
	if old != nil {
		old.retire()
	}
}

// drop counts an event of a quarantined guild. The caller holds mu.
func (g *guild) drop(e discord.Event) {
	if g.latest == nil || !g.latest.handles(e) {
		return
	}
	g.dropped++
	g.bot.cfg.Metrics.DroppedInQuarantine()
	if g.dropped%1000 == 1 {
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("events are dropped, and interactions not answered, because the script is quarantined (%d so far)", g.dropped))
	}
}

// pardon ends a quarantine and what else follows from a record. The caller
// holds mu.
func (g *guild) pardon(forget func()) {
	if g.record.Quarantined() {
		g.bot.cfg.Metrics.Quarantined(-1)
	}
	forget()
	g.pause, g.hold, g.dropped = 0, time.Time{}, 0
}
