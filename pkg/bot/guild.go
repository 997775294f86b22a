package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// A script that is lost again and again is reloaded with growing pauses; one
// that does not load by its own fault is given up after some tries.
const (
	firstReload = 10 * time.Millisecond
	maxReload   = 30 * time.Second
	settledFor  = time.Minute // A life this long resets the pause.
	loadTries   = 5
)

// answerBy is how long Discord waits for the first answer to an interaction.
const answerBy = 3 * time.Second

// event waits for a guild's script.
type event struct {
	name        string
	payload     []byte
	cpu         time.Duration
	interaction bool
	received    time.Time
	done        func() // Called once when its handler has settled or it was dropped.
}

func (e event) finish() {
	if e.done != nil {
		e.done()
	}
}

// guild is one server's script and what waits for it.
type guild struct {
	bot *Bot
	id  snowflake.GuildID

	deploys sync.Mutex // Held while a script is being loaded or stopped.

	mu       sync.Mutex // Guards the members below.
	active   *script
	awaiting bool    // A script is on its way; events queue.
	queue    []event // Waiting for a script or for room in it.
	dropped  int     // Since the last notice.
	pause    time.Duration
}

func (g *guild) log(level, target, message string) {
	g.bot.cfg.Logs.Append(g.id, level, target, message)
}

func (g *guild) serving() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.active != nil || g.awaiting
}

// wants reports whether the script, or the one on its way, may handle the type.
func (g *guild) wants(eventType string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active == nil {
		return g.awaiting
	}
	return g.active.handles(eventType)
}

func (g *guild) types() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active == nil {
		return nil
	}
	return g.active.types()
}

// deliver hands the event to the script, or queues it while the script loads
// or has all its dispatches in flight.
func (g *guild) deliver(e event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active == nil && !g.awaiting {
		e.finish()
		return
	}
	if g.active != nil && !g.active.subscribed(e.name) {
		e.finish()
		return
	}
	if g.active != nil && len(g.queue) == 0 && g.active.begin(e) {
		return
	}
	if len(g.queue) >= g.bot.cfg.Limits.Queue {
		g.drop(e)
		return
	}
	g.queue = append(g.queue, e)
}

// drop makes room: the new event goes, or, for an interaction, the oldest
// queued event that is none. The caller holds mu.
func (g *guild) drop(e event) {
	if e.interaction {
		for i, q := range g.queue {
			if !q.interaction {
				q.finish()
				g.queue = append(append(g.queue[:i:i], g.queue[i+1:]...), e)
				e = event{}
				break
			}
		}
	}
	e.finish()
	g.dropped++
	if g.dropped == 1 || g.dropped%1000 == 0 {
		g.log("warn", logs.TargetRuntime, fmt.Sprintf("events are dropped: %d wait already and the script does not keep up (%d dropped)", len(g.queue), g.dropped))
	}
}

// pump moves queued events into the script while it has room.
func (g *guild) pump() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.queue) > 0 && g.active != nil {
		e := g.queue[0]
		switch {
		case !g.active.subscribed(e.name):
			e.finish()
		case e.interaction && time.Since(e.received) > answerBy:
			e.finish()
			g.log("warn", logs.TargetRuntime, fmt.Sprintf("%s was not delivered: it waited %s, and Discord takes answers for %s", e.name, time.Since(e.received).Round(time.Millisecond), answerBy))
		case !g.active.begin(e):
			return
		}
		g.queue[0] = event{}
		g.queue = g.queue[1:]
	}
	if len(g.queue) == 0 {
		g.queue = nil
		g.dropped = 0
	}
}

// requeue puts events that were sent but not begun in front of those that wait.
func (g *guild) requeue(events []event) {
	if len(events) == 0 {
		return
	}
	g.mu.Lock()
	if g.active != nil || g.awaiting {
		g.queue = append(events, g.queue...)
		events = nil
	}
	g.mu.Unlock()
	for _, e := range events {
		e.finish()
	}
}

// swap makes s the guild's script and returns the one before. nil stops the
// guild and drops what waits.
func (g *guild) swap(s *script) (old *script) {
	g.mu.Lock()
	old, g.active, g.awaiting = g.active, s, false
	var orphans []event
	if s == nil {
		orphans, g.queue = g.queue, nil
	}
	g.mu.Unlock()
	for _, e := range orphans {
		e.finish()
	}
	if s == nil {
		g.bot.cfg.Crons.Clear(g.id)
	} else {
		g.bot.cfg.Crons.Set(g.id, s.jobs())
	}
	g.bot.resubscribe()
	g.greet()
	g.pump()
	return old
}

// greet delivers "ready" to a script that serves and has not had it.
func (g *guild) greet() {
	payload := g.bot.ready.Load()
	if payload == nil {
		return
	}
	g.mu.Lock()
	first := g.active != nil && !g.active.greeted
	if first {
		g.active.greeted = true
	}
	g.mu.Unlock()
	if first {
		g.deliver(event{name: "ready", payload: *payload})
	}
}

// restore loads the stored deployment when the guild has no script. While that
// fails, events go on waiting for the next try.
func (g *guild) restore(ctx context.Context) error {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	g.mu.Lock()
	if g.active != nil {
		g.mu.Unlock()
		return nil
	}
	g.awaiting = true
	g.mu.Unlock()
	rev, err := g.bot.cfg.Store.Current(ctx, g.id)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			g.swap(nil)
		}
		return err
	}
	s, err := newScript(ctx, g, rev)
	if err != nil {
		return err
	}
	g.swap(s)
	g.syncCommands(ctx, s)
	return nil
}

// lost is called when the active script's isolate is gone by itself.
func (g *guild) lost(s *script, reason error) {
	g.mu.Lock()
	if g.active != s {
		g.mu.Unlock()
		return
	}
	g.active, g.awaiting = nil, true
	pause := g.pause
	if time.Since(s.since) > settledFor {
		pause = 0
	}
	g.pause = min(max(pause*2, firstReload), maxReload)
	g.mu.Unlock()
	g.log("error", logs.TargetRuntime, fmt.Sprintf("the script's isolate ended: %s; it is loaded again", reason))
	g.bot.background(func(ctx context.Context) { g.reload(ctx, pause) })
}

// reload loads the guild's stored deployment until it serves, the guild has
// none, or the script has failed too often.
func (g *guild) reload(ctx context.Context, pause time.Duration) {
	for failures := 0; ; pause = min(max(pause*2, firstReload), maxReload) {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		err := g.restore(ctx)
		if err == nil || ctx.Err() != nil || fault.Is(err, fault.NotFound) {
			return
		}
		g.bot.cfg.Log.Error("guild is not loaded", zap.Stringer("guild_id", g.id), zap.Error(err))
		if fault.Is(err, fault.DeployFailed) {
			failures++
		}
		if failures == loadTries {
			g.log("error", logs.TargetRuntime, fmt.Sprintf("the script could not be loaded in %d tries and is not tried again until it is deployed or the runtime restarts: %s", loadTries, fault.From(err).Message))
			g.swap(nil)
			return
		}
	}
}

// stop unloads the guild's script.
func (g *guild) stop() {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	if old := g.swap(nil); old != nil {
		old.retire()
	}
}

func (g *guild) syncCommands(ctx context.Context, s *script) string {
	commands := s.commands()
	if commands == nil || g.bot.cfg.SyncCommands == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := g.bot.cfg.SyncCommands(ctx, g.id, commands); err != nil {
		message := fmt.Sprintf("slash commands were not registered: %s", err)
		g.log("error", logs.TargetRuntime, message)
		return message
	}
	return ""
}
