package bot

import (
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
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
	over    func(later.Outcome)
	request *Request // nil for what is none.
	receipt discord.Receipt
	ticket  uint64        // Under which it was asked for; 0 when it was not.
	granted bool          // And may begin here.
	begun   time.Time     // When it was handed to a script.
	ended   bool          // Its handlers have settled,
	failure *wire.Failure // and why not well.
	cut     bool          // Its handlers were cut off,
	lost    bool          // and by what their script did.
	span    trace.Span    // Of the way it takes.
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
	if e.request != nil {
		e.request.Over(e.fate())
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
	claims int // Of the events, those that were asked for.
}

func (q *queue) empty() bool { return len(q.events) == 0 }

// asked reports whether events wait for their claims.
func (q *queue) asked() bool { return q.claims > 0 }

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
	if e.ticket != 0 {
		q.claims++
	}
	return dropped
}

// evict drops the oldest event that is no interaction.
func (q *queue) evict() bool {
	for i, e := range q.events {
		if !e.interaction {
			e.finish()
			q.remove(i)
			return true
		}
	}
	return false
}

// count has an event of the queue begin, and counts what it asked for.
func (q *queue) count(e *event, begin func(*event) start) start {
	had := e.ticket != 0
	out := begin(e)
	switch has := e.ticket != 0; {
	case has && !had:
		q.claims++
	case had && !has:
		q.claims--
	}
	return out
}

// remove takes an event out.
func (q *queue) remove(at int) {
	q.bytes -= len(q.events[at].payload)
	if q.events[at].ticket != 0 {
		q.claims--
	}
	if at == 0 {
		q.events[0] = event{}
		q.events = q.events[1:]
	} else {
		q.events = slices.Delete(q.events, at, at+1)
	}
	if len(q.events) == 0 {
		*q = queue{}
	}
}

// unshift puts events in front. They were counted in flight, and may exceed
// the limits until they are delivered.
func (q *queue) unshift(events []event) {
	for i := range events {
		events[i].receipt.Waits()
		events[i].ticket, events[i].granted = 0, false
		q.bytes += len(events[i].payload)
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

// forsake leaves all to somebody else.
func (q *queue) forsake() {
	for _, e := range q.events {
		e.forsake()
	}
	*q = queue{}
}
