package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// pathChannel finds the channel of the path; the bot must see it and have need.
func (c *call) pathChannel(need permission) (*channel, error) {
	id, err := pathID[snowflake.ChannelID](c, "channel")
	if err != nil {
		return nil, err
	}
	ch, err := c.sim.channelByID(id, need)
	if err == nil {
		c.guild = ch.guild
	}
	return ch, err
}

// pathMessage finds the channel and the message of the path.
func (c *call) pathMessage(need permission) (*channel, *message, error) {
	ch, err := c.pathChannel(need)
	if err != nil {
		return nil, nil, err
	}
	id, err := pathID[snowflake.MessageID](c, "message")
	if err != nil {
		return nil, nil, err
	}
	m, err := ch.visible(id)
	return ch, m, err
}

func (s *Sim) createMessage(c *call) (any, error) {
	id, err := pathID[snowflake.ChannelID](c, "channel")
	if err != nil {
		return nil, err
	}
	ch := s.channels[id]
	if ch == nil {
		return nil, errUnknownChannel
	}
	if err := s.mayWrite(ch); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	d := s.readDraft(f, c.files, draftRules{flags: settableFlags})
	if d.reference != nil {
		if err := s.checkReference(f, ch, d); err != nil {
			return nil, err
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if d.empty() {
		return nil, errEmptyMessage
	}
	if err := s.mayShow(ch, d); err != nil {
		return nil, err
	}
	if d.enforce && d.nonce != nil {
		if old := ch.byNonce(d.nonce, s.bot.ID, s.now()); old != nil {
			return old, nil
		}
	}
	m := s.newMessage(ch, s.bot)
	s.fillMessage(m, d)
	s.enliven(ch, m.by)
	s.post(m)
	s.floodReply(m, c.received)
	return m, nil
}

// mayWrite refuses where the bot cannot send messages.
func (s *Sim) mayWrite(ch *channel) error {
	need := permSendMessages
	if ch.isThread() {
		need = permSendInThreads
	}
	if err := s.botNeedsIn(ch, need); err != nil {
		return err
	}
	if !ch.hasMessages() {
		return errVoiceText
	}
	if ch.isThread() && ch.Metadata.Locked && s.botNeedsIn(ch, permManageThreads) != nil {
		return errThreadLocked
	}
	return nil
}

// mayShow refuses what the message contains and the bot may not send.
func (s *Sim) mayShow(ch *channel, d *draft) error {
	var need permission
	if d.embeds != nil && len(*d.embeds) > 0 {
		need |= permEmbedLinks
	}
	if len(d.files) > 0 {
		need |= permAttachFiles
	}
	if d.reference != nil && d.reference.kind == 0 {
		need |= permReadHistory
	}
	if d.tts {
		need |= permSendTTS
	}
	return s.botNeedsIn(ch, need)
}

// checkReference complains about a reply to a message that is not there.
func (s *Sim) checkReference(f form, ch *channel, d *draft) error {
	r := d.reference
	from := ch
	if r.channel != 0 && r.channel != ch.ID {
		from = s.channels[r.channel]
		if r.kind == 0 || from == nil {
			f.complain("message_reference", "MESSAGE_REFERENCE_CHANNEL_ID_INVALID", "Cannot reply to a message in a different channel")
			return nil
		}
		if err := s.botNeedsIn(from, permReadHistory); err != nil {
			return err
		}
	}
	if _, err := from.visible(r.message); err != nil {
		if r.message <= from.messages.forgotten && r.kind == 0 {
			return nil // It was there; only the simulator does not know its content any more.
		}
		if r.mayBeAbsent {
			d.reference = nil
			return nil
		}
		f.complain("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
	}
	return nil
}

// fillMessage writes a checked draft into a new message.
func (s *Sim) fillMessage(m *message, d *draft) {
	m.allowed, m.TTS, m.Nonce = d.mentions, d.tts, d.nonce
	if r := d.reference; r != nil {
		from := m.channel
		if r.channel != 0 {
			from = s.channels[r.channel]
		}
		if target, err := from.visible(r.message); err == nil {
			s.refer(m, target, int(r.kind))
		} else {
			m.Type = messageReply
			m.Reference = &reference{MessageID: r.message, ChannelID: from.ID, GuildID: from.GuildID}
		}
	}
	s.applyDraft(m, d)
	s.applyMentions(m, m.channel.guild.members[m.by])
}

// refer makes the message a reply to the target, or its forward.
func (s *Sim) refer(m, target *message, kind int) {
	m.Reference = &reference{Type: kind, MessageID: target.ID, ChannelID: target.ChannelID, GuildID: target.channel.GuildID}
	if kind == 0 {
		m.Type, m.Referenced = messageReply, target
		if target.Referenced != nil { // Replies show one level, and keep no chain alive.
			flat := *target
			flat.Referenced = nil
			m.Referenced = &flat
		}
		return
	}
	m.Flags |= flagHasSnapshot
	m.Snapshots = []any{map[string]any{"message": map[string]any{
		"type": target.Type, "content": target.Content, "embeds": target.Embeds, "attachments": target.Attachments,
		"timestamp": target.Timestamp, "edited_timestamp": target.EditedTimestamp, "flags": target.Flags,
		"mentions": target.Mentions, "mention_roles": target.MentionRoles, "components": target.Components,
	}}}
}

// nonceHolds is for how long Discord remembers a nonce.
const nonceHolds = 5 * time.Minute

// byNonce finds the message that was sent with the same nonce a moment ago.
func (c *channel) byNonce(nonce any, by snowflake.UserID, now time.Time) *message {
	m := c.messages.byNonce[nonceKey{by, nonce}]
	if m == nil || now.Sub(m.ID.Time()) > nonceHolds {
		return nil
	}
	return m
}

func (s *Sim) getMessage(c *call) (any, error) {
	_, m, err := c.pathMessage(permReadHistory)
	return m, err
}

func (s *Sim) listMessages(c *call) (any, error) {
	ch, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(50, 100)
	if err != nil {
		return nil, err
	}
	if !ch.hasMessages() {
		return nil, errVoiceText
	}
	var bounds [3]snowflake.MessageID
	for i, name := range []string{"before", "after", "around"} {
		if bounds[i], err = queryID[snowflake.MessageID](c, name); err != nil {
			return nil, err
		}
	}
	if !s.botHasIn(ch, permReadHistory) {
		return []*message{}, nil
	}
	return ch.page(limit, bounds[0], bounds[1], bounds[2]), nil
}

// page is a part of the channel's history, newest first.
func (c *channel) page(limit int, before, after, around snowflake.MessageID) []*message {
	list := c.everyones()
	from, to := 0, len(list)
	at := func(id snowflake.MessageID) int { l := messageLog{list: list}; return l.index(id) }
	switch {
	case around != 0:
		i := at(around)
		from = max(0, i-limit/2)
		to = min(len(list), from+limit)
	case before != 0:
		to = at(before)
		from = max(0, to-limit)
	case after != 0:
		from = at(after + 1)
		to = min(len(list), from+limit)
	default:
		from = max(0, to-limit)
	}
	out := make([]*message, 0, to-from)
	for i := to - 1; i >= from; i-- {
		out = append(out, list[i])
	}
	return out
}

// everyones are the messages that are not for one user only.
func (c *channel) everyones() []*message {
	for i, m := range c.messages.list {
		if m.seenBy != 0 {
			list := append([]*message{}, c.messages.list[:i]...)
			for _, m := range c.messages.list[i:] {
				if m.seenBy == 0 {
					list = append(list, m)
				}
			}
			return list
		}
	}
	return c.messages.list
}
