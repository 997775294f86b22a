package discordsim

import (
	"encoding/json"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// controlEvent sends an event to the sessions of a guild, as it is given. What
// it says happened changes nothing in the world.
func (s *Sim) controlEvent(c *controlCall) (any, error) {
	var req struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	e := catalog.ByType(req.Type)
	if e == nil {
		if reason, ok := catalog.Omitted[req.Type]; ok {
			return nil, wrong("type %s is no event of a guild: %s", req.Type, reason)
		}
		return nil, wrong("type must be the name of an event of a guild, such as GUILD_UPDATE")
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(req.Data, &data) != nil || data == nil {
		return nil, wrong("data must be a JSON object")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	switch given := data[e.Guild]; {
	case given == nil:
		data[e.Guild] = mustEncode(g.ID)
	case rawGuild(given) != g.ID:
		return nil, wrong("data.%s must be %s, the guild of the path", e.Guild, g.ID)
	}
	s.sendEvent(g, e, data)
	return nil, nil
}

func rawGuild(raw json.RawMessage) (id snowflake.GuildID) {
	if json.Unmarshal(raw, &id) != nil {
		return 0
	}
	return id
}

// sendEvent dispatches an event, without what people wrote to sessions that may
// not read it. Sim.mu is held.
func (s *Sim) sendEvent(g *guild, e *catalog.Event, data map[string]json.RawMessage) {
	s.inventing = true
	defer func() { s.inventing = false }()
	if e.Whole&catalog.MessageContent == 0 || s.mayRead(e.Type, data) {
		s.dispatch(g, e.Type, data)
		return
	}
	reads := func(ss *session) bool { return ss.intents&intentMessageContent != 0 }
	s.dispatchIf(g.ID, e.Type, data, reads)
	s.dispatchIf(g.ID, e.Type, withoutText(e.Type, data), func(ss *session) bool { return !reads(ss) })
}

// mayRead reports whether the bot sees a message whatever its intents are: it
// wrote it or is mentioned in it.
func (s *Sim) mayRead(eventType string, data map[string]json.RawMessage) bool {
	type person struct {
		ID snowflake.UserID `json:"id"`
	}
	var author person
	var mentions []person
	if eventType == "AUTO_MODERATION_ACTION_EXECUTION" {
		return false
	}
	_ = json.Unmarshal(data["author"], &author) // A message without one is nobody's.
	_ = json.Unmarshal(data["mentions"], &mentions)
	return author.ID == s.bot.ID || slices.Contains(mentions, person{s.bot.ID})
}

// withoutText is the data with the members emptied that need the message
// content intent.
func withoutText(eventType string, data map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(data))
	for key, value := range data {
		out[key] = value
	}
	empty := map[string]string{"content": `""`, "embeds": `[]`, "attachments": `[]`, "components": `[]`}
	if eventType == "AUTO_MODERATION_ACTION_EXECUTION" {
		empty = map[string]string{"content": `""`, "matched_content": `""`}
	}
	for key, value := range empty {
		if out[key] != nil {
			out[key] = json.RawMessage(value)
		}
	}
	delete(out, "poll")
	delete(out, "message_snapshots")
	return out
}
