package discordsim

import (
	"bytes"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// event is one dispatch, encoded once for all sessions that get it; only the
// sequence number differs between them.
type event struct {
	// head ends where the sequence number goes, data is the payload's "d".
	head string
	data []byte
	// pattern makes the data out of id when it is set, which keeps the events of
	// a flood small.
	pattern *pattern
	id      snowflake.MessageID
}

// pattern is the data of a message event around its id and its timestamp.
type pattern struct {
	before, between, after []byte
}

// newPattern cuts an encoded message event apart. The id is its first key, and
// no timestamp stands before its own: a quote within a string is escaped.
func newPattern(data []byte, m *message) *pattern {
	idAt := bytes.Index(data, []byte(m.ID.String()))
	mark := []byte(`"timestamp":"`)
	timeAt := bytes.Index(data, mark) + len(mark)
	idEnd := idAt + len(m.ID.String())
	return &pattern{before: data[:idAt], between: data[idEnd:timeAt], after: data[timeAt+len(m.Timestamp):]}
}

func (p *pattern) append(b []byte, id snowflake.MessageID) []byte {
	b = append(b, p.before...)
	b = strconv.AppendUint(b, uint64(id), 10)
	b = append(b, p.between...)
	b = append(b, messageTime(id)...)
	return append(b, p.after...)
}

func newEvent(name string, data []byte) *event {
	return &event{head: eventHead(name), data: data}
}

func eventHead(name string) string { return `{"t":"` + name + `","s":` }

// appendFrame appends the payload as sequence number seq.
func (e *event) appendFrame(b []byte, seq int64) []byte {
	b = append(b, e.head...)
	b = strconv.AppendInt(b, seq, 10)
	b = append(b, `,"op":0,"d":`...)
	if e.pattern != nil {
		b = e.pattern.append(b, e.id)
	} else {
		b = append(b, e.data...)
	}
	return append(b, '}')
}

// dispatch sends an event of a guild to every session that takes it. Sim.mu is held.
func (s *Sim) dispatch(g *guild, name string, d any) {
	s.dispatchIf(g.ID, name, d, nil)
}

// dispatchIn is dispatch for what happens in a channel: nobody hears of it
// when the bot does not see the channel.
func (s *Sim) dispatchIn(c *channel, name string, d any) {
	if s.botNeedsIn(c, permViewChannel) == nil {
		s.dispatch(c.guild, name, d)
	}
}

// dispatchIf encodes d once, when the first session wants it. also, if given,
// decides about each session beside its shard and intents.
func (s *Sim) dispatchIf(guild snowflake.GuildID, name string, d any, also func(*session) bool) {
	s.noteEvent(guild, name)
	var e *event
	intent := eventIntents(name)
	for _, ss := range s.sessions {
		if !ss.takes(guild, intent) || also != nil && !also(ss) {
			continue
		}
		if e == nil {
			e = s.observed(name, encodePayload(d))
		}
		ss.push(e)
	}
}

// observed is newEvent for events that the observer sees.
func (s *Sim) observed(name string, data []byte) *event {
	if s.cfg.Observer != nil {
		s.cfg.Observer.Sent(Sent{Event: name, Invented: s.inventing, Data: data})
	}
	return newEvent(name, data)
}

func encodePayload(d any) []byte {
	if raw, ok := d.([]byte); ok {
		return raw
	}
	return mustEncode(d)
}
