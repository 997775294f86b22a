package bot

import (
	"context"
	"encoding/json"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Request is one request from outside for a guild's script. Its functions are
// called from where things happen, and must not wait.
type Request struct {
	Payload []byte
	// Void says that nobody waits for an answer any more: a handler that has not
	// begun never does.
	Void func() bool
	// Begun is called when it is handed to a script, with the life of that.
	Begun func(life context.Context)
	// Over is called once, when the handler has ended or will never begin: with
	// nil when it ended well.
	Over func(err error)
}

// Request delivers a request like an event. The error says why nothing of it
// happens, and Over is not called then.
func (b *Bot) Request(guild snowflake.GuildID, r *Request) error {
	if !b.owns(guild) {
		return errElsewhere()
	}
	g := b.known(guild)
	if g == nil {
		return errUnserved()
	}
	if b.draining.Load() {
		return fault.New(fault.Unavailable, "the runtime is going down; try again in a moment")
	}
	g.mu.Lock()
	quarantined, heard := g.record.Quarantined(), g.subscribed(catalog.Request)
	g.mu.Unlock()
	switch {
	case quarantined:
		return fault.New(fault.Unavailable, "the script behind this address was stopped because it did harm; its authors' log says more")
	case !heard:
		return errUnserved()
	}
	g.deliver(event{name: catalog.Request, payload: r.Payload, request: r, span: g.trace(catalog.Request)})
	return nil
}

// Abandon tells the script that had the request that nobody waits for its answer.
func (b *Bot) Abandon(guild snowflake.GuildID, id string) {
	payload, err := json.Marshal(map[string]any{"id": id, "gone": true})
	if err != nil {
		return
	}
	b.Notify(later.Delivery{Guild: guild, Name: catalog.Request, Payload: payload, Over: func(later.Outcome) {}})
}

// Has reports whether the guild has a script, or one that is on its way or
// quarantined.
func (b *Bot) Has(guild snowflake.GuildID) bool {
	g := b.known(guild)
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.active != nil || g.awaiting || g.record.Quarantined()
}

// Handles reports whether the guild's script has a handler for the event.
func (b *Bot) Handles(guild snowflake.GuildID, event string) bool {
	g := b.known(guild)
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return (g.active != nil || g.asleep) && g.latest.subscribed(event)
}

// Hit counts a limit that somebody ran into for a guild's script, and tells its
// log.
func (b *Bot) Hit(guild snowflake.GuildID, name limit.Name, text string) {
	if g := b.known(guild); g != nil {
		g.hit(name, 1, text)
	}
}

func errUnserved() error {
	return fault.New(fault.NotFound, "Resource not found: nothing is served here")
}

// void reports whether the event is a request that nobody waits for.
func (e event) void() bool { return e.request != nil && e.request.Void() }

// fate is what became of a request.
func (e event) fate() error {
	switch {
	case e.cut:
		return fault.New(fault.Upstream, "the script behind this address ended before it answered")
	case !e.ended:
		return fault.New(fault.Unavailable, "the script behind this address does not keep up or was taken away; try again in a moment")
	case e.failure == nil:
		return nil
	case e.failure.Name == "TimeoutError":
		return fault.New(fault.Timeout, "the script behind this address took too long")
	}
	return fault.New(fault.ScriptFailed, "the script behind this address failed")
}

// stage is what the log calls the handlers of an event.
func (e event) stage() string {
	switch {
	case e.request != nil:
		return "request"
	case e.cpu > 0:
		return "cron"
	}
	return "dispatch"
}

// settle notes how the event's handlers ended; ended is false for those that
// count as if they had not begun.
func (e *event) settle(f *wire.Failure, ended bool) { e.ended, e.failure = ended, f }
