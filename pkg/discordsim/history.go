package discordsim

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// maxLives is how many connections are remembered after their end, and
	// maxDispatches how many dispatches.
	maxLives      = 10_000
	maxDispatches = 100_000
)

// life is the time in which a connection had a session: from IDENTIFY or RESUME
// to its end. Sim.mu guards it.
type life struct {
	Connection uint64    `json:"connection"`
	Session    string    `json:"session_id"`
	Shard      [2]uint64 `json:"shard"`
	From       string    `json:"from"` // The client's address.
	Began      time.Time `json:"began"`
	Resumed    bool      `json:"resumed"`
	// Ended is null while the connection has the session. Both numbers count what
	// begins and ends at all connections, so that they are in order also where the
	// clock is not.
	Ended *time.Time `json:"ended"`
	Enter uint64     `json:"enter"`
	Leave uint64     `json:"leave,omitempty"`
}

// enter notes that the connection has the session from now on. Sim.mu is held.
func (s *Sim) enter(c *conn, ss *session, resumed bool) {
	s.turns++
	l := &life{
		Connection: c.number, Session: ss.id, Shard: ss.shard, From: c.from, Began: s.now(), Resumed: resumed, Enter: s.turns,
	}
	c.session, c.life, ss.conn = ss, l, c
	if len(s.lives) >= 2*maxLives {
		s.lives = append(s.lives[:0], s.lives[len(s.lives)-maxLives:]...)
	}
	s.lives = append(s.lives, l)
}

// leave notes that the connection has its session no longer. Sim.mu is held.
func (s *Sim) leave(c *conn) {
	if l := c.life; l != nil && l.Ended == nil {
		s.turns++
		now := s.now()
		l.Ended, l.Leave = &now, s.turns
	}
}

// dispatched is an event that a session was given.
type dispatched struct {
	seq   int64
	at    time.Time
	conn  uint64 // 0 while nobody was connected.
	ss    *session
	event *event
	// again is set when it is sent after a RESUME.
	again bool
}

// dispatchLog remembers what sessions were given. Sim.mu guards it.
type dispatchLog struct {
	now   func() time.Time
	count int64
	ring  []dispatched
}

func (l *dispatchLog) add(d dispatched) {
	if d.event.pattern != nil {
		return // A flood has too many.
	}
	d.at = l.now()
	if len(l.ring) < maxDispatches {
		l.ring = append(l.ring, d)
	} else {
		l.ring[l.count%maxDispatches] = d
	}
	l.count++
}

// Dispatch is an event that a session was given, as GET /sim/gateway/dispatches
// tells of it.
type Dispatch struct {
	// Number is what after= goes on behind.
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Session string    `json:"session_id"`
	Shard   [2]uint64 `json:"shard"`
	Seq     int64     `json:"seq"`
	Event   string    `json:"event"`
	// ID and Guild are those of the event's data, if it has such.
	ID    string `json:"id,omitempty"`
	Guild string `json:"guild_id,omitempty"`
	// Connection got it, live or in the replay after a RESUME; 0 is nobody yet.
	Connection uint64 `json:"connection"`
	Replayed   bool   `json:"replayed"`
}

// since lists up to limit dispatches of the event, "" for all, after a number.
func (l *dispatchLog) since(after int64, limit int, event string) []Dispatch {
	out := []Dispatch{}
	for n := max(after, l.count-int64(len(l.ring))); n < l.count && len(out) < limit; n++ {
		d := &l.ring[n%maxDispatches]
		name := d.event.name()
		if event != "" && event != name {
			continue
		}
		var about struct {
			ID    string `json:"id"`
			Guild string `json:"guild_id"`
		}
		_ = json.Unmarshal(d.event.data, &about) // Not every event has them.
		out = append(out, Dispatch{
			Number: n + 1, At: d.at, Session: d.ss.id, Shard: d.ss.shard, Seq: d.seq, Event: name,
			ID: about.ID, Guild: about.Guild, Connection: d.conn, Replayed: d.again,
		})
	}
	return out
}

// name is the event's name, which stands in its head.
func (e *event) name() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(e.head, eventHead("")[:len(`{"t":"`)]), `"`)
	return name
}

// controlLives lists which connections had which sessions.
func (s *Sim) controlLives(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]life, 0, len(s.lives))
	for _, l := range s.lives {
		out = append(out, *l)
	}
	return out, nil
}

// controlDispatches lists what sessions were given.
func (s *Sim) controlDispatches(c *controlCall) (any, error) {
	after, err := c.count("after", 0, 1<<53)
	if err != nil {
		return nil, err
	}
	limit, err := c.count("limit", maxDispatches, maxDispatches)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dispatches.since(int64(after), limit, c.req.URL.Query().Get("event")), nil
}

// step is something that was done about an interaction.
type step struct {
	At time.Time `json:"at"`
	// Request is the request's route, and From the address that it came from.
	Request string `json:"request"`
	From    string `json:"from"`
	// Status is the answer's, and Code Discord's own number of what was wrong.
	Status int `json:"status"`
	Code   int `json:"code,omitempty"`
}

// story is an interaction as GET /sim/interactions tells of it.
type story struct {
	ID      snowflake.InteractionID `json:"id"`
	Guild   snowflake.GuildID       `json:"guild_id"`
	Type    int                     `json:"type"`
	Command string                  `json:"command,omitempty"`
	Made    time.Time               `json:"made"`
	// Answer is the type of the first answer, 0 for none; Answers is how often one
	// was sent, taken or not.
	Answer  int    `json:"answer"`
	Answers int    `json:"answers"`
	Edits   int    `json:"edits"`
	Steps   []step `json:"steps"`
}

// record notes a request that was about the interaction. Sim.mu is held.
func (in *interaction) record(c *call, at time.Time, status int, err error) {
	st := step{At: at, Request: c.route.name, From: c.req.RemoteAddr, Status: status}
	var refused *apiError
	if errors.As(err, &refused) {
		st.Code = refused.Code
	}
	if len(in.steps) < maxSteps {
		in.steps = append(in.steps, st)
	}
	if c.route.pattern == callbackPattern {
		in.answers++
	}
}

// maxSteps is how many requests about one interaction are remembered.
const maxSteps = 100

// controlInteractions lists what became of the interactions after an id.
func (s *Sim) controlInteractions(c *controlCall) (any, error) {
	after, err := c.after()
	if err != nil {
		return nil, err
	}
	limit, err := c.count("limit", maxInteractions, maxInteractions)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []story{}
	for _, in := range s.interactions.order {
		if uint64(in.id) <= after {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, in.story())
	}
	return out, nil
}

func (in *interaction) story() story {
	steps := in.steps
	if steps == nil {
		steps = []step{}
	}
	return story{
		ID: in.id, Guild: in.channel.GuildID, Type: in.kind, Command: in.command, Made: in.made,
		Answer: in.answer, Answers: in.answers, Edits: in.edited, Steps: steps,
	}
}
