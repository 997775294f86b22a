package discordsim

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// sayRequest is what somebody says in a channel.
type sayRequest struct {
	Content string `json:"content"`
	// Author is a member, by user name or id.
	Author string `json:"author"`
	// ReplyTo is the message that is answered.
	ReplyTo     string      `json:"reply_to"`
	Attachments []givenFile `json:"attachments"`
}

// Say lets a member, by user name or id, say something, and returns the
// message as Discord writes it. With author "" a plain member speaks.
func (s *Sim) Say(guild snowflake.GuildID, channel snowflake.ChannelID, author, content string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return nil, errUnknownGuild
	}
	ch := g.channels[channel]
	if ch == nil {
		return nil, errUnknownChannel
	}
	m, err := s.say(ch, sayRequest{Content: content, Author: author})
	if err != nil {
		return nil, err
	}
	return mustEncode(m), nil
}

func (s *Sim) say(ch *channel, req sayRequest) (*message, error) {
	who, err := s.speaker(ch.guild, req.Author)
	if err != nil {
		return nil, err
	}
	content := strings.TrimSpace(req.Content)
	switch {
	case content == "" && len(req.Attachments) == 0:
		return nil, wrong("content must not be empty")
	case len(req.Attachments) > maxFiles:
		return nil, wrong("attachments must be at most %d", maxFiles)
	case utf8.RuneCountInString(content) > maxContent:
		return nil, wrong("content must be at most %d characters", maxContent)
	case !ch.hasMessages():
		return nil, wrong("channel %s holds no messages", ch.ID)
	}
	need := permSendMessages
	if ch.isThread() {
		need = permSendInThreads
	}
	if ch.guild.permissionsIn(ch, who, s.now())&need == 0 {
		return nil, refuse(http.StatusForbidden, 50013, who.User.Username+" may not send messages in channel "+ch.ID.String())
	}
	var target *message
	if req.ReplyTo != "" {
		id, err := snowflake.ParseGuild(req.ReplyTo)
		if err != nil {
			return nil, wrong("reply_to %q is not a message id", clip(req.ReplyTo))
		}
		if target, err = ch.visible(snowflake.MessageID(id)); err != nil {
			return nil, absent(10008, "channel %s has no message %s", ch.ID, id)
		}
	}
	m := s.newMessage(ch, who.User)
	m.Content, m.allowed = content, allMentions()
	for _, f := range req.Attachments {
		a, err := s.attach(ch, f)
		if err != nil {
			return nil, err
		}
		m.Attachments = append(slices.Clip(m.Attachments), a)
	}
	if target != nil {
		s.refer(m, target, 0)
	}
	s.applyMentions(m, who)
	s.enliven(ch, m.by)
	s.post(m)
	return m, nil
}

func (s *Sim) controlSay(c *controlCall) (any, error) {
	var req sayRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	m, err := s.say(ch, req)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(mustEncode(m)), nil
}

// controlMessages lists the newest messages, or those after an id, oldest
// first; "as" shows the ephemeral ones of a member too.
func (s *Sim) controlMessages(c *controlCall) (any, error) {
	limit, err := c.count("limit", 100, 2*maxMessages)
	if err != nil {
		return nil, err
	}
	after, err := c.after()
	if err != nil {
		return nil, err
	}
	before, err := c.id("before")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	list := ch.everyones()
	var viewer snowflake.UserID
	if as := c.req.URL.Query().Get("as"); as != "" {
		who, err := s.speaker(ch.guild, as)
		if err != nil {
			return nil, err
		}
		viewer = who.User.ID
		list = slices.Clone(ch.messages.list)
		list = slices.DeleteFunc(list, func(m *message) bool { return m.seenBy != 0 && m.seenBy != who.User.ID })
	}
	if before != 0 {
		list = list[:(&messageLog{list: list}).index(snowflake.MessageID(before))]
	}
	from := max(0, len(list)-limit)
	if after != 0 {
		from = (&messageLog{list: list}).index(snowflake.MessageID(after) + 1)
	}
	shown := []*message{}
	for _, m := range list[from:min(len(list), from+limit)] {
		shown = append(shown, m.as(viewer))
	}
	return json.RawMessage(mustEncode(shown)), nil
}

// controlEdit lets the author of a message change it.
func (s *Sim) controlEdit(c *controlCall) (any, error) {
	var req sayRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	who := m.channel.guild.members[m.by]
	content := strings.TrimSpace(req.Content)
	switch {
	case who == nil || m.by == s.bot.ID:
		return nil, refuse(http.StatusForbidden, 50005, "only messages of members can be edited here")
	case content == "" || utf8.RuneCountInString(content) > maxContent:
		return nil, wrong("content must be from 1 to %d characters", maxContent)
	}
	m.Content, m.EditedTimestamp = content, ptr(timestamp(s.now()))
	s.applyMentions(m, who)
	s.tell("MESSAGE_UPDATE", m)
	return json.RawMessage(mustEncode(m)), nil
}

func (s *Sim) controlDelete(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	s.removeMessage(m)
	return nil, nil
}

// reactRequest is an emoji that somebody puts under a message, or takes away.
type reactRequest struct {
	Emoji  string `json:"emoji"`
	Author string `json:"author"`
}

func (s *Sim) controlReact(c *controlCall) (any, error)   { return s.controlReaction(c, true) }
func (s *Sim) controlUnreact(c *controlCall) (any, error) { return s.controlReaction(c, false) }

func (s *Sim) controlReaction(c *controlCall, add bool) (any, error) {
	var req reactRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	who, err := s.speaker(m.channel.guild, req.Author)
	if err != nil {
		return nil, err
	}
	e, err := s.parseEmoji(req.Emoji)
	if err != nil {
		return nil, wrong("emoji %q is neither a unicode emoji nor name:id of one of a guild", clip(req.Emoji))
	}
	if !add {
		s.unreact(m, e, who.User.ID)
		return nil, nil
	}
	return nil, s.react(m, e, who.User)
}

// controlAttachment is the content of an uploaded file.
func (s *Sim) controlAttachment(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := snowflake.ParseChannel(c.param("channel"))
	var found *attachment
	look := func(list []*attachment) {
		for _, a := range list {
			if a.ID.String() == c.param("attachment") {
				found = a
			}
		}
	}
	if ch := s.channels[id]; ch != nil {
		for _, m := range ch.messages.list {
			look(m.Attachments)
		}
		look(s.uploads)
	}
	if found == nil {
		return nil, absent(0, "there is no such attachment")
	}
	kind := found.ContentType
	if _, _, err := mime.ParseMediaType(kind); err != nil {
		kind = "application/octet-stream"
	}
	return blob{kind: kind, data: found.data}, nil
}
