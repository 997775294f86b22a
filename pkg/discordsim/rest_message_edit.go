package discordsim

import (
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) editMessage(c *call) (any, error) {
	ch, m, err := c.pathMessage(0)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if ch.isThread() && ch.Metadata.Archived {
		return nil, errArchivedThread
	}
	if m.isSystem() {
		return nil, errSystemMessage
	}
	if m.by != s.bot.ID || m.WebhookID != nil && m.ApplicationID == nil {
		if !onlyFlags(f) {
			return nil, errNotAuthor
		}
		if err := s.botNeedsIn(ch, permManageMessages); err != nil {
			return nil, err
		}
	}
	return s.edit(m, f, c.files)
}

func onlyFlags(f form) bool {
	for key := range f.fields {
		if key != "flags" {
			return false
		}
	}
	return true
}

// edit applies a request to a message that exists.
func (s *Sim) edit(m *message, f form, files []upload) (any, error) {
	d := s.readDraft(f, files, draftRules{flags: flagSuppressEmbeds | flagComponentsV2, v2: m.Flags&flagComponentsV2 != 0, edit: true})
	if err := f.err(); err != nil {
		return nil, err
	}
	after := *m
	s.applyDraft(&after, d)
	if after.Content == "" && len(after.Embeds) == 0 && len(after.Components) == 0 && len(after.Attachments) == 0 && after.Poll == nil && len(after.Snapshots) == 0 {
		return nil, errEmptyMessage
	}
	if d.hasRules {
		after.allowed = d.mentions
	}
	after.Flags &^= flagLoading
	after.EditedTimestamp = ptr(timestamp(s.now()))
	*m = after
	s.applyMentions(m, m.channel.guild.members[m.by])
	s.tell("MESSAGE_UPDATE", m)
	return m, nil
}

func (s *Sim) deleteMessage(c *call) (any, error) {
	ch, m, err := c.pathMessage(0)
	if err != nil {
		return nil, err
	}
	if m.by != s.bot.ID {
		if err := s.botNeedsIn(ch, permManageMessages); err != nil {
			return nil, err
		}
	}
	s.removeMessage(m)
	return nil, nil
}

func (s *Sim) removeMessage(m *message) {
	m.channel.messages.remove(m.ID)
	m.noteGone()
	if m.seenBy == 0 {
		s.dispatchIn(m.channel, "MESSAGE_DELETE", map[string]any{"id": m.ID, "channel_id": m.ChannelID, "guild_id": m.channel.GuildID})
	}
}

func (s *Sim) bulkDelete(c *call) (any, error) {
	ch, err := c.pathChannel(permManageMessages)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	ids, ok := f.ids("messages", 1000)
	if !ok && f.err() == nil {
		f.required("messages")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(ids) < 2 || len(ids) > 100 {
		return nil, errBulkCount
	}
	seen := map[uint64]bool{}
	gone := []snowflake.MessageID{}
	oldest := s.now().Add(-14 * 24 * time.Hour)
	for _, id := range ids {
		if seen[id] {
			return nil, invalidForm("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value", "messages")
		}
		seen[id] = true
		if snowflake.MessageID(id).Time().Before(oldest) {
			return nil, errBulkAge
		}
	}
	for _, id := range ids {
		if m, err := ch.visible(snowflake.MessageID(id)); err == nil {
			ch.messages.remove(m.ID)
			m.noteGone()
			gone = append(gone, m.ID)
		}
	}
	if len(gone) > 0 {
		s.dispatchIn(ch, "MESSAGE_DELETE_BULK", map[string]any{"ids": gone, "channel_id": ch.ID, "guild_id": ch.GuildID})
	}
	return nil, nil
}

func (s *Sim) crosspost(c *call) (any, error) {
	ch, m, err := c.pathMessage(permSendMessages)
	if err != nil {
		return nil, err
	}
	if ch.Type != channelAnnouncement {
		return nil, errChannelType
	}
	if m.by != s.bot.ID {
		if err := s.botNeedsIn(ch, permManageMessages); err != nil {
			return nil, err
		}
	}
	if m.Flags&flagCrossposted != 0 {
		return nil, errCrossposted
	}
	m.Flags |= flagCrossposted
	s.tell("MESSAGE_UPDATE", m)
	s.deliver(m)
	return m, nil
}

// deliver posts a published message into the channels that follow its own.
func (s *Sim) deliver(m *message) {
	for _, w := range s.webhooks {
		if w.from != m.channel {
			continue
		}
		copied := s.newMessage(w.channel, w.author("", ""))
		copied.by, copied.WebhookID, copied.Flags = 0, &w.ID, flagIsCrosspost
		copied.Content, copied.Embeds, copied.Components = m.Content, m.Embeds, m.Components
		copied.Reference = &reference{MessageID: m.ID, ChannelID: m.ChannelID, GuildID: m.channel.GuildID}
		s.post(copied)
	}
}

func (s *Sim) startTyping(c *call) (any, error) {
	ch, err := c.pathChannel(permSendMessages)
	if err != nil {
		return nil, err
	}
	ch.guild.note(change{kind: changeTyping, channel: ch.ID, user: s.bot.ID})
	s.dispatchIn(ch, "TYPING_START", s.typing(ch, ch.guild.members[s.bot.ID]))
	c.status = http.StatusNoContent
	return nil, nil
}

func (s *Sim) typing(ch *channel, m *member) map[string]any {
	return map[string]any{
		"channel_id": ch.ID, "guild_id": ch.GuildID, "user_id": m.User.ID, "timestamp": s.now().Unix(), "member": m,
	}
}
