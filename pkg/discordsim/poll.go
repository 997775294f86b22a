package discordsim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// poll is a poll of a message, with who voted for what.
type poll struct {
	question string
	answers  []string
	emoji    []map[string]any // Of each answer; nil for none.
	expiry   time.Time
	multi    bool
	over     bool
	votes    map[int][]*user  // By the answer's id, in the order of the votes.
	viewer   snowflake.UserID // Whose votes are marked, in a copy for somebody.
}

// readPoll reads "poll"; nil when there is none.
func readPoll(f form, now time.Time) *poll {
	p, ok := f.sub("poll")
	if !ok {
		return nil
	}
	out := &poll{votes: map[int][]*user{}}
	if q, ok := p.sub("question"); ok {
		out.question = q.needText("text", 1, 300)
	} else {
		p.required("question")
	}
	list, _ := p.subs("answers", 10)
	if len(list) == 0 {
		p.required("answers")
	}
	for _, a := range list {
		media, ok := a.sub("poll_media")
		if !ok {
			a.required("poll_media")
			continue
		}
		out.answers = append(out.answers, media.needText("text", 1, 55))
		out.emoji = append(out.emoji, readPollEmoji(media))
	}
	hours, ok := p.number("duration", 1, 768)
	if !ok {
		hours = 24
	}
	out.expiry = now.Add(time.Duration(hours) * time.Hour)
	out.multi, _ = p.flag("allow_multiselect")
	return out
}

// readPollEmoji reads "emoji" of an answer: an object, as in components.
func readPollEmoji(media form) map[string]any {
	e, ok := media.sub("emoji")
	if !ok {
		return nil
	}
	out := map[string]any{"id": nil, "name": e.text("name", 32)}
	if id, ok := e.id("id"); ok {
		out["id"] = strconv.FormatUint(id, 10)
	}
	return out
}

// MarshalJSON writes the poll as messages carry it.
func (p *poll) MarshalJSON() ([]byte, error) {
	answers, counts := []any{}, []any{}
	for i, text := range p.answers {
		media := map[string]any{"text": text}
		if p.emoji[i] != nil {
			media["emoji"] = p.emoji[i]
		}
		answers = append(answers, map[string]any{"answer_id": i + 1, "poll_media": media})
		if n := len(p.votes[i+1]); n > 0 {
			counts = append(counts, map[string]any{"id": i + 1, "count": n, "me_voted": slices.ContainsFunc(p.votes[i+1], func(u *user) bool { return u.ID == p.viewer })})
		}
	}
	return json.Marshal(map[string]any{
		"question": map[string]any{"text": p.question}, "answers": answers, "expiry": timestamp(p.expiry),
		"allow_multiselect": p.multi, "layout_type": 1,
		"results": map[string]any{"answer_counts": counts, "is_finalized": p.over},
	})
}

// pathPoll finds the message of the path, which must have a poll.
func (c *call) pathPoll(need permission) (*message, *poll, error) {
	_, m, err := c.pathMessage(need)
	if err != nil {
		return nil, nil, err
	}
	p, ok := m.Poll.(*poll)
	if !ok {
		return nil, nil, errNoPoll
	}
	return m, p, nil
}

func (s *Sim) listVoters(c *call) (any, error) {
	_, p, err := c.pathPoll(permReadHistory)
	if err != nil {
		return nil, err
	}
	answer, err := strconv.Atoi(c.param("answer"))
	if err != nil || answer < 1 || answer > len(p.answers) {
		return nil, errUnknownAnswer
	}
	limit, err := c.queryLimit(25, 100)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	voters := slices.Clone(p.votes[answer])
	sortBy(voters, func(u *user) uint64 { return uint64(u.ID) })
	out := []*user{}
	for _, u := range voters {
		if u.ID > after && len(out) < limit {
			out = append(out, u)
		}
	}
	return map[string]any{"users": out}, nil
}

func (s *Sim) endPoll(c *call) (any, error) {
	m, p, err := c.pathPoll(0)
	if err != nil {
		return nil, err
	}
	if m.by != s.bot.ID {
		return nil, errNotAuthor
	}
	if p.over || !s.now().Before(p.expiry) {
		return nil, errPollOver
	}
	p.over, p.expiry = true, s.now()
	s.tell("MESSAGE_UPDATE", m)
	return m, nil
}

// Vote lets a member vote for an answer of a poll; answers count from 1.
func (s *Sim) Vote(guild snowflake.GuildID, channel snowflake.ChannelID, message snowflake.MessageID, voter string, answer int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil || g.channels[channel] == nil {
		return errUnknownChannel
	}
	m, err := g.channels[channel].visible(message)
	if err != nil {
		return err
	}
	who, err := s.speaker(g, voter)
	if err != nil {
		return err
	}
	p, ok := m.Poll.(*poll)
	switch {
	case !ok:
		return errNoPoll
	case answer < 1 || answer > len(p.answers):
		return errUnknownAnswer
	case p.over || !s.now().Before(p.expiry):
		return errPollOver
	case slices.Contains(p.votes[answer], who.User):
		return nil
	}
	p.votes[answer] = append(p.votes[answer], who.User)
	m.noteMessage()
	s.dispatchIn(m.channel, "MESSAGE_POLL_VOTE_ADD", map[string]any{
		"user_id": who.User.ID, "channel_id": channel, "message_id": message, "guild_id": guild, "answer_id": answer,
	})
	return nil
}
