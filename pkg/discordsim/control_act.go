package discordsim

import (
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// controlVote lets somebody vote in a poll.
func (s *Sim) controlVote(c *controlCall) (any, error) {
	var req struct {
		Author string `json:"author"`
		Answer int    `json:"answer"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	s.mu.Lock()
	m, err := c.message()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return nil, s.Vote(m.channel.GuildID, m.ChannelID, m.ID, req.Author, req.Answer)
}

// controlVoice lets somebody join a voice or stage channel, or leave without
// one.
func (s *Sim) controlVoice(c *controlCall) (any, error) {
	var req struct {
		Author  string              `json:"author"`
		Channel snowflake.ChannelID `json:"channel"`
	}
	g, err := c.decodeInGuild(&req)
	if err != nil {
		return nil, err
	}
	return nil, s.Connect(g.ID, req.Author, req.Channel)
}

// controlAttend lets somebody be interested in a scheduled event.
func (s *Sim) controlAttend(c *controlCall) (any, error) {
	var req struct {
		Author string `json:"author"`
	}
	g, err := c.decodeInGuild(&req)
	if err != nil {
		return nil, err
	}
	id, err := snowflake.ParseGuild(c.param("event"))
	if err != nil {
		return nil, wrong("%q is not an event's id", clip(c.param("event")))
	}
	return nil, s.Attend(g.ID, uint64(id), req.Author)
}
