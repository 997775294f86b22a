package discordsim

import (
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxReactions is how many different reactions a message can have.
const maxReactions = 20

// reaction is one emoji under a message and who used it.
type reaction struct {
	Count       int           `json:"count"`
	Details     reactionCount `json:"count_details"`
	BurstColors []string      `json:"burst_colors"`
	MeBurst     bool          `json:"me_burst"`
	BurstMe     bool          `json:"burst_me"`
	BurstCount  int           `json:"burst_count"`
	Me          bool          `json:"me"`
	Emoji       emojiRef      `json:"emoji"`

	users []snowflake.UserID
}

type reactionCount struct {
	Burst  int `json:"burst"`
	Normal int `json:"normal"`
}

func (m *message) reaction(e emojiRef) *reaction {
	for _, r := range m.Reactions {
		if r.Emoji.same(e) {
			return r
		}
	}
	return nil
}

// react adds a user's reaction and tells the sessions.
func (s *Sim) react(m *message, e emojiRef, by *user) error {
	r := m.reaction(e)
	if r == nil {
		if len(m.Reactions) >= maxReactions {
			return errMaxReactions
		}
		r = &reaction{Emoji: e, BurstColors: []string{}}
		m.Reactions = append(m.Reactions, r)
	}
	if slices.Contains(r.users, by.ID) {
		return nil
	}
	r.users = append(r.users, by.ID)
	r.recount(s.bot.ID)
	m.noteMessage()
	d := reactionEvent(m, e)
	d["user_id"], d["burst"], d["type"] = by.ID, false, 0
	d["member"] = m.channel.guild.members[by.ID]
	if m.by != 0 {
		d["message_author_id"] = m.by
	}
	s.dispatchIn(m.channel, "MESSAGE_REACTION_ADD", d)
	return nil
}

// unreact takes a user's reaction away; one that is not there is no error.
func (s *Sim) unreact(m *message, e emojiRef, by snowflake.UserID) {
	r := m.reaction(e)
	if r == nil {
		return
	}
	i := slices.Index(r.users, by)
	if i < 0 {
		return
	}
	r.users = slices.Delete(r.users, i, i+1)
	r.recount(s.bot.ID)
	if len(r.users) == 0 {
		m.Reactions = slices.DeleteFunc(m.Reactions, func(o *reaction) bool { return o == r })
	}
	m.noteMessage()
	d := reactionEvent(m, e)
	d["user_id"], d["burst"], d["type"] = by, false, 0
	s.dispatchIn(m.channel, "MESSAGE_REACTION_REMOVE", d)
}

func (r *reaction) recount(me snowflake.UserID) {
	r.Count = len(r.users)
	r.Details.Normal = r.Count
	r.Me = slices.Contains(r.users, me)
}

func reactionEvent(m *message, e emojiRef) map[string]any {
	return map[string]any{"channel_id": m.ChannelID, "message_id": m.ID, "guild_id": m.channel.GuildID, "emoji": e}
}

func (c *call) pathReaction(need permission) (*message, emojiRef, error) {
	_, m, err := c.pathMessage(need)
	if err != nil {
		return nil, emojiRef{}, err
	}
	e, err := c.sim.parseEmoji(c.param("emoji"))
	return m, e, err
}

func (s *Sim) addReaction(c *call) (any, error) {
	m, e, err := c.pathReaction(permReadHistory)
	if err != nil {
		return nil, err
	}
	if m.reaction(e) == nil {
		if err := s.botNeedsIn(m.channel, permAddReactions); err != nil {
			return nil, err
		}
	}
	return nil, s.react(m, e, s.bot)
}

func (s *Sim) removeOwnReaction(c *call) (any, error) {
	m, e, err := c.pathReaction(0)
	if err == nil {
		s.unreact(m, e, s.bot.ID)
	}
	return nil, err
}

func (s *Sim) removeReaction(c *call) (any, error) {
	m, e, err := c.pathReaction(0)
	if err != nil {
		return nil, err
	}
	by, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	if by != s.bot.ID {
		if err := s.botNeedsIn(m.channel, permManageMessages); err != nil {
			return nil, err
		}
	}
	if s.users[by] == nil {
		return nil, errUnknownUser
	}
	s.unreact(m, e, by)
	return nil, nil
}

func (s *Sim) listReactions(c *call) (any, error) {
	m, e, err := c.pathReaction(0)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(25, 100)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	out := []*user{}
	r := m.reaction(e)
	if r == nil {
		return out, nil
	}
	ids := slices.Sorted(slices.Values(r.users))
	for _, id := range ids {
		if u := s.users[id]; u != nil && id > after && len(out) < limit {
			out = append(out, u)
		}
	}
	return out, nil
}

func (s *Sim) clearReactions(c *call) (any, error) {
	ch, m, err := c.pathMessage(permManageMessages)
	if err != nil {
		return nil, err
	}
	m.Reactions = nil
	m.noteMessage()
	s.dispatchIn(ch, "MESSAGE_REACTION_REMOVE_ALL", map[string]any{"channel_id": ch.ID, "message_id": m.ID, "guild_id": ch.GuildID})
	return nil, nil
}

func (s *Sim) clearReactionsOf(c *call) (any, error) {
	m, e, err := c.pathReaction(permManageMessages)
	if err != nil {
		return nil, err
	}
	r := m.reaction(e)
	if r == nil {
		return nil, errUnknownGuildEmoji
	}
	m.Reactions = slices.DeleteFunc(m.Reactions, func(o *reaction) bool { return o == r })
	m.noteMessage()
	s.dispatchIn(m.channel, "MESSAGE_REACTION_REMOVE_EMOJI", reactionEvent(m, e))
	return nil, nil
}
