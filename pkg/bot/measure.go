package bot

import (
	"context"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Meter measures events on their way through scripts, and what those ask for.
type Meter interface {
	// Dispatched is told of an event whose handlers have ended.
	Dispatched(event, outcome string, took time.Duration)
	// Op is told of an op that was answered.
	Op(name, outcome string, took time.Duration)
	// Dropped is told of events that a script handles and did not get.
	Dropped(reason string, n int)
}

type unmeasured struct{}

func (unmeasured) Dispatched(string, string, time.Duration) {}
func (unmeasured) Op(string, string, time.Duration)         {}
func (unmeasured) Dropped(string, int)                      {}

// The outcomes of dispatches and ops.
const (
	outcomeOK      = "ok"
	outcomeFailed  = "failed"
	outcomeRefused = "refused"
	outcomeLost    = "lost"
)

// Why an event is dropped.
const (
	droppedFull     = "queue_full"
	droppedLate     = "too_late"
	droppedLarge    = "too_large"
	droppedUnserved = "no_script"
)

// DropReasons lists what Meter.Dropped is told.
func DropReasons() []string { return []string{droppedFull, droppedLate, droppedLarge, droppedUnserved} }

// CronEvent is what all cron jobs are measured as: their names are the
// authors', and there is no end of them.
const CronEvent = "cron"

// What messages and schedules, and changes of what is watched, are measured as.
const (
	QueueEvent    = "queue"
	ScheduleEvent = "schedule"
	WatchEvent    = "watch"
)

// OwnEvents are the events as they are measured that are not Discord's.
func OwnEvents() []string { return []string{CronEvent, QueueEvent, ScheduleEvent, WatchEvent} }

func measured(name string) string {
	switch {
	case strings.HasPrefix(name, catalog.CronPrefix):
		return CronEvent
	case strings.HasPrefix(name, catalog.QueuePrefix):
		return QueueEvent
	case strings.HasPrefix(name, catalog.SchedulePrefix):
		return ScheduleEvent
	case name == catalog.Watch:
		return WatchEvent
	}
	return name
}

// trace begins the trace of an event, if it is one that is followed.
func (g *guild) trace(name string) trace.Span {
	span := g.bot.cfg.Tracer.Begin("dispatch")
	if span.Recorded() {
		span.Set("flora.guild_id", g.id.String())
		span.Set("flora.event", name)
	}
	return span
}

// settled measures a dispatch that has ended; f is why not well.
func (s *script) settled(id uint64, e event, f *wire.Failure) {
	outcome := outcomeOK
	if f != nil {
		outcome = outcomeFailed
		e.span.Fail("a handler failed") // What it threw is the guild's own.
	}
	s.measureEnd(id, e, outcome)
}

// measureEnd measures a dispatch that has ended somehow.
func (s *script) measureEnd(id uint64, e event, outcome string) {
	took := time.Since(e.begun)
	s.guild.bot.cfg.Meter.Dispatched(measured(e.name), outcome, took)
	if e.span.Recorded() {
		e.span.Set("flora.outcome", outcome)
		e.span.Set("flora.revision", s.revision.ID)
		s.guild.bot.cfg.Log.Debug("dispatch", zap.String("trace_id", e.span.TraceID()), zap.Stringer("guild_id", s.guild.id),
			zap.String("event", e.name), zap.Uint64("dispatch", id), zap.String("outcome", outcome), zap.Duration("took", took))
	}
}

// measure runs an op below the span of the dispatch that called it.
func (s *script) measure(ctx context.Context, name string, c wire.OpCall, do func(context.Context) (any, error)) (any, error) {
	s.mu.Lock()
	span := s.inflight[c.Dispatch].span
	s.mu.Unlock()
	ctx, op := trace.Start(span.Context(ctx), name)
	defer op.End()
	begun := time.Now()
	result, err := do(ctx)
	outcome := outcomeOK
	if err != nil {
		f := fault.From(err)
		if outcome = outcomeFailed; f.Status() < 500 {
			outcome = outcomeRefused
		}
		op.Fail(string(f.Code))
	}
	s.guild.bot.cfg.Meter.Op(name, outcome, time.Since(begun))
	return result, err
}
