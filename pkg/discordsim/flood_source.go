package discordsim

import (
	"encoding/json"
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// floodSource makes the events of a flood in one guild. They are alike but for
// their id and time, so they are encoded once.
type floodSource struct {
	sim     *Sim
	channel *channel
	who     *member
	model   *message
	// whole and stripped are the event for sessions with and without the message
	// content intent; stripped is whole when both see the same.
	whole, stripped *pattern
	// other is another event than a message, with the intent that it needs.
	other  *event
	intent int
}

func (s *Sim) newFloodSource(g *guild, req Flood) (*floodSource, error) {
	who, err := s.speaker(g, req.Author)
	if err != nil {
		return nil, err
	}
	ch, err := s.where(g, who, "")
	if err != nil {
		return nil, err
	}
	if g.permissionsIn(ch, who, s.now())&permSendMessages == 0 {
		return nil, refuse(http.StatusForbidden, 50013, who.User.Username+" may not send messages in channel "+ch.ID.String())
	}
	src := &floodSource{sim: s, channel: ch, who: who}
	if req.Event != "" {
		return src, src.setEvent(req)
	}
	src.setContent(req.Content)
	return src, nil
}

func (src *floodSource) setContent(content string) {
	s := src.sim
	m := s.newMessage(src.channel, src.who.User)
	m.Content, m.allowed = content, allMentions()
	s.applyMentions(m, src.who)
	src.model = m
	src.whole = newPattern(messageEvent(m), m)
	src.stripped = src.whole
	if !m.showsContentTo(s.bot.ID) {
		src.stripped = newPattern(messageEvent(m.withoutContent()), m)
	}
}

func (src *floodSource) setEvent(req Flood) error {
	var data map[string]json.RawMessage
	if sent(req.Data) && (json.Unmarshal(req.Data, &data) != nil || data == nil) {
		return wrong("data must be a JSON object")
	}
	if data == nil {
		data = map[string]json.RawMessage{}
	}
	for key, id := range map[string]any{"guild_id": src.channel.GuildID, "channel_id": src.channel.ID} {
		if data[key] == nil {
			data[key] = mustEncode(id)
		}
	}
	src.other, src.intent = newEvent(req.Event, mustEncode(data)), eventIntents(req.Event)
	return nil
}

// emit sends one event. Sim.mu is held.
func (src *floodSource) emit() snowflake.MessageID {
	s := src.sim
	if src.other != nil {
		for _, ss := range s.sessions {
			if ss.takes(src.channel.GuildID, src.intent) {
				ss.push(src.other)
			}
		}
		return 0
	}
	m := *src.model
	m.ID = snowflake.MessageID(s.ids.next())
	m.Timestamp = messageTime(m.ID)
	src.channel.messages.add(&m)
	src.channel.LastMessageID = &m.ID
	if s.botNeedsIn(src.channel, permViewChannel) != nil {
		return m.ID
	}
	var whole, stripped *event
	for _, ss := range s.sessions {
		switch {
		case !ss.takes(src.channel.GuildID, intentMessages):
		case ss.intents&intentMessageContent != 0:
			whole = src.push(ss, whole, src.whole, m.ID)
		default:
			stripped = src.push(ss, stripped, src.stripped, m.ID)
		}
	}
	return m.ID
}

var messageHead = eventHead("MESSAGE_CREATE")

func (src *floodSource) push(ss *session, e *event, p *pattern, id snowflake.MessageID) *event {
	if e == nil {
		e = &event{head: messageHead, pattern: p, id: id}
	}
	ss.push(e)
	return e
}

// say sends one message with another content. Sim.mu is held.
func (src *floodSource) say(content string) snowflake.MessageID {
	one := *src
	one.other = nil
	one.setContent(content)
	return one.emit()
}
