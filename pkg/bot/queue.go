package bot

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// answerBy is how long Discord waits for the first answer to an interaction.
const answerBy = 3 * time.Second

// event waits for a guild's script.
type event struct {
	name        string
	payload     []byte
	cpu         time.Duration
	interaction bool
	received    time.Time // An interaction: when Discord made it.
	id          snowflake.InteractionID
	token       string
	answerable  bool   // It is an interaction that a message can answer.
	answers     int    // Ops that answered it, or are about to.
	done        func() // Called once when its handler has settled or it was dropped.
	// over, if not nil, is called once with what became of the event.
	over          func(later.Outcome)
	receipt       discord.Receipt
	begun         time.Time  // When it was handed to a script.
	ended, failed bool       // Its handlers have settled, and how.
	lost          bool       // Its handlers were cut off by what their script did.
	span          trace.Span // Of the way it takes.
}

func (e event) finish() {
	e.span.End()
	e.receipt.Settled()
	if e.done != nil {
		e.done()
	}
	if e.over != nil {
		e.over(e.outcome())
	}
}

// late is how long the event waited, if that is too long for an answer.
func (e event) late(now time.Time) (waited time.Duration, late bool) {
	waited = now.Sub(e.received)
	return waited, e.interaction && waited > answerBy
}

// received is when an interaction's time began: its id says so. A clock that
// differs from Discord's by a minute says nothing about a delay.
func received(id snowflake.InteractionID, now time.Time) time.Time {
	if at := id.Time(); !id.IsZero() && at.Before(now) && now.Sub(at) < time.Minute {
		return at
	}
	return now
}

// queueBytes bounds the payloads that wait for one guild.
const queueBytes = 16 << 20

// queue is what waits for a guild's script, bounded in number and bytes.
type queue struct {
	events []event
	bytes  int
}

func (q *queue) empty() bool { return len(q.events) == 0 }

// add appends the event. When the queue is full, the new event goes or, for an
// interaction, the oldest queued one that is none. It gives how many went.
func (q *queue) add(e event, limit int) (dropped int) {
	for len(q.events) > 0 && (len(q.events) >= limit || q.bytes+len(e.payload) > queueBytes) {
		dropped++
		if !e.interaction || !q.evict() {
			e.finish()
			return dropped
		}
	}
	q.events = append(q.events, e)
	q.bytes += len(e.payload)
	return dropped
}

// evict drops the oldest event that is no interaction.
func (q *queue) evict() bool {
	for i, e := range q.events {
		if !e.interaction {
			e.finish()
			q.bytes -= len(e.payload)
			copy(q.events[i:], q.events[i+1:])
			q.events[len(q.events)-1] = event{}
			q.events = q.events[:len(q.events)-1]
			return true
		}
	}
	return false
}

// shift takes the first event out.
func (q *queue) shift() {
	q.bytes -= len(q.events[0].payload)
	q.events[0] = event{}
	if q.events = q.events[1:]; len(q.events) == 0 {
		*q = queue{}
	}
}

// unshift puts events in front. They were counted in flight, and may exceed
// the limits until they are delivered.
func (q *queue) unshift(events []event) {
	for _, e := range events {
		e.receipt.Waits()
		q.bytes += len(e.payload)
	}
	if len(events) > 0 {
		q.events = append(events, q.events...)
	}
}

// clear drops all, and gives how many went.
func (q *queue) clear() (dropped int) {
	dropped = len(q.events)
	for _, e := range q.events {
		e.finish()
	}
	*q = queue{}
	return dropped
}
