package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// outcome is what came of something that a test did.
type outcome struct {
	Replies  []string        `json:"replies"` // Ids of messages.
	Said     string          `json:"said,omitempty"`
	Person   string          `json:"person,omitempty"`
	Source   string          `json:"source,omitempty"`
	Modal    json.RawMessage `json:"modal,omitempty"`
	Choices  json.RawMessage `json:"choices,omitempty"`
	Answered bool            `json:"answered"`
	Calls    []call          `json:"calls"`
	Logs     []report.Line   `json:"logs"`
	Failure  string          `json:"failure,omitempty"`
	Response *response       `json:"response,omitempty"`
}

// moment is how far the world was.
type moment struct {
	dispatches, calls, sent int
	line                    uint64
}

func (w *world) now() moment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return moment{len(w.dispatches), len(w.calls), len(w.sent), w.hub.LastID(w.guild)}
}

// act does something and waits until the handlers that it set off have ended.
// Those that wait for time to pass end when somebody lets it.
func (w *world) act(ctx context.Context, p *place, do func(o *outcome) error) (outcome, error) {
	o, since, ours, err := w.begin(ctx, p, do)
	if err != nil {
		return o, err
	}
	waited := false
	for _, d := range ours {
		select {
		case <-d.done:
			continue
		default:
		}
		waited = true
		select {
		case <-d.done:
		case <-ctx.Done():
			return o, fmt.Errorf("a handler of %s has not ended", d.event)
		}
	}
	if waited {
		again := w.step.reserve()
		again.enter()
		err = w.quiet(ctx)
		again.leave()
	}
	for _, d := range ours {
		if d.failure != nil {
			o.Failure = w.author(d.failure.Text)
			break
		}
	}
	w.tell(&o, since)
	return o, err
}

func (w *world) begin(ctx context.Context, p *place, do func(o *outcome) error) (o outcome, since moment, ours []*dispatch, err error) {
	defer p.leave()
	p.enter()
	since = w.now()
	if err := do(&o); err != nil {
		return o, since, nil, err
	}
	if err := w.quiet(ctx); err != nil {
		return o, since, nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return o, since, w.dispatches[since.dispatches:], nil
}

// tell fills in what was seen since a moment.
func (w *world) tell(o *outcome, since moment) {
	w.observe(nil)
	o.Logs = w.lines(since.line, true)
	w.mu.Lock()
	defer w.mu.Unlock()
	o.Calls = append([]call{}, w.calls[since.calls:]...)
	o.Replies = []string{}
	for _, m := range w.sent[since.sent:] {
		o.Replies = append(o.Replies, m.ID)
	}
}

// quiet waits until the script has nothing to do but wait for time to pass, and
// no event is on its way to it. The caller holds step.
func (w *world) quiet(ctx context.Context) error {
	_, err := w.settle(ctx)
	return err
}

// settle is quiet that gives the time of the script's next timer.
func (w *world) settle(ctx context.Context) (next time.Time, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)() //nolint:contextcheck // The end of the world ends the wait.
	w.mu.Lock()
	most := len(w.dispatches) + mostDispatches
	w.mu.Unlock()
	defer w.watchdog(most, cancel)()
	// What the script did may have made events, which come before the second
	// fence.
	for last := ^uint64(0); ; {
		if err := w.pass(ctx); err != nil {
			return next, w.ended(ctx, err)
		}
		var given uint64
		if next, given, err = w.bot.Rest(ctx, w.guild); err != nil {
			return next, w.ended(ctx, err)
		}
		if given == last {
			w.given = given
			return next, nil
		}
		last = given
		w.queue.Settle()
		w.queue.Tick(ctx)
	}
}

// settleTimers is settle after nothing has happened but that time passed: a timer
// that called no op has made no events, and there are many like that.
func (w *world) settleTimers(ctx context.Context) (next time.Time, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)() //nolint:contextcheck // The end of the world ends the wait.
	next, given, err := w.bot.Rest(ctx, w.guild)
	if err != nil {
		return next, w.ended(ctx, err)
	}
	if given == w.given {
		return next, nil
	}
	return w.settle(ctx)
}

func (w *world) ended(ctx context.Context, err error) error {
	if w.ctx.Err() != nil {
		return errors.New("the bot is gone: its test has ended")
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the script does not come to rest: %d handlers began one after the other; does it answer its own messages? (Discord tells a bot of those, too: look at msg.author.bot)", mostDispatches)
	}
	return err
}

// mostDispatches is how many handlers one thing that a test does may set off:
// those that set off each other would go on forever.
const mostDispatches = 100

// watchdog calls stop once more handlers have begun than most, until the
// returned function is called.
func (w *world) watchdog(most int, stop func()) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most, w.tooMany = most, stop
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tooMany = nil
	}
}

// pass waits until all events so far were handed to the script.
func (w *world) pass(ctx context.Context) error {
	id := w.barrier.Add(1)
	passed := make(chan struct{})
	w.mu.Lock()
	w.passed[id] = passed
	w.mu.Unlock()
	if err := w.sim.Emit(w.guild, fence, map[string]any{"guild_id": w.guild, "flora_fence": id}); err != nil {
		return err
	}
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// advance lets time pass: timers fire in their order, and cron jobs, messages and
// schedules.
func (w *world) advance(ctx context.Context, p *place, d time.Duration) (o outcome, err error) {
	defer p.leave()
	p.enter()
	since := w.now()
	end := w.clock.Now().Add(d)
	next, err := w.settle(ctx)
	for err == nil {
		for _, j := range w.crons.Jobs(w.guild) {
			if !j.Next.IsZero() && (next.IsZero() || j.Next.Before(next)) {
				next = j.Next
			}
		}
		if at := w.queue.Next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			if next = at; at.Before(w.clock.Now()) {
				next = w.clock.Now()
			}
		}
		if next.IsZero() || next.After(end) {
			break
		}
		w.clock.Advance(next.Sub(w.clock.Now()))
		w.crons.Tick()
		w.queue.Tick(ctx)
		next, err = w.settleTimers(ctx)
	}
	if err != nil {
		return o, err
	}
	w.clock.Advance(end.Sub(w.clock.Now()))
	w.mu.Lock()
	for _, d := range w.dispatches[since.dispatches:] {
		if d.failure != nil && o.Failure == "" {
			o.Failure = w.author(d.failure.Text)
		}
	}
	w.mu.Unlock()
	w.tell(&o, since)
	return o, nil
}

// interact lets somebody use a command, a component or a modal.
func (w *world) interact(ctx context.Context, p *place, a discordsim.Action) (outcome, error) {
	var deed *discordsim.Deed
	o, err := w.act(ctx, p, func(*outcome) (err error) {
		deed, err = w.sim.Begin(w.guild, a)
		return err
	})
	if deed == nil || err != nil {
		return o, err
	}
	seen, answered := deed.Outcome()
	o.Answered, o.Modal, o.Choices = answered, seen.Modal, seen.Choices
	if id := deed.Source(); id != 0 {
		o.Source = id.String()
	}
	return o, nil
}

// fire lets a cron job be due.
func (w *world) fire(ctx context.Context, p *place, name string) (outcome, error) {
	return w.act(ctx, p, func(*outcome) error {
		_, err := w.crons.Trigger(w.guild, name)
		switch {
		case errors.Is(err, cron.ErrNoJob):
			names := "none"
			for i, j := range w.crons.Jobs(w.guild) {
				if i == 0 {
					names = j.Name
				} else {
					names += ", " + j.Name
				}
			}
			return fmt.Errorf("there is no cron job %q; there are: %s", name, names)
		case err != nil:
			return fmt.Errorf("cron job %q: %w", name, err)
		}
		return nil
	})
}

func id[T ~uint64](text string) T {
	v, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0
	}
	return T(v)
}
