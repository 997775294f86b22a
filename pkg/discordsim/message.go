package discordsim

import (
	"sort"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The message types that are simulated.
const (
	messageDefault     = 0
	messagePinned      = 6
	messageThread      = 18
	messageReply       = 19
	messageCommand     = 20
	messageThreadStart = 21
	messageContextMenu = 23
)

// The message flags that mean something here.
const (
	flagCrossposted           = 1 << 0
	flagIsCrosspost           = 1 << 1
	flagSuppressEmbeds        = 1 << 2
	flagHasThread             = 1 << 5
	flagEphemeral             = 1 << 6
	flagLoading               = 1 << 7
	flagSuppressNotifications = 1 << 12
	flagVoice                 = 1 << 13
	flagHasSnapshot           = 1 << 14
	flagComponentsV2          = 1 << 15
)

// message is a message as REST writes it; message_json.go does the writing.
type message struct {
	ID              snowflake.MessageID  `json:"id"`
	ChannelID       snowflake.ChannelID  `json:"channel_id"`
	Type            int                  `json:"type"`
	Content         string               `json:"content"`
	Author          *user                `json:"author"`
	Attachments     []*attachment        `json:"attachments"`
	Embeds          []any                `json:"embeds"`
	Mentions        []*user              `json:"mentions"`
	MentionRoles    []snowflake.RoleID   `json:"mention_roles"`
	MentionEveryone bool                 `json:"mention_everyone"`
	Pinned          bool                 `json:"pinned"`
	TTS             bool                 `json:"tts"`
	Timestamp       string               `json:"timestamp"`
	EditedTimestamp *string              `json:"edited_timestamp"`
	Flags           int                  `json:"flags"`
	Components      []any                `json:"components"`
	Reactions       []*reaction          `json:"reactions,omitempty"`
	WebhookID       *snowflake.WebhookID `json:"webhook_id,omitempty"`
	ApplicationID   *uint64String        `json:"application_id,omitempty"`
	Interaction     any                  `json:"interaction,omitempty"`
	Metadata        any                  `json:"interaction_metadata,omitempty"`
	Reference       *reference           `json:"message_reference,omitempty"`
	Referenced      *message             `json:"referenced_message,omitempty"`
	Snapshots       []any                `json:"message_snapshots,omitempty"`
	Thread          *channel             `json:"thread,omitempty"`
	Nonce           any                  `json:"nonce,omitempty"`
	Poll            any                  `json:"poll,omitempty"`

	channel *channel
	// seenBy is the only user who sees the message; zero for everybody.
	seenBy snowflake.UserID
	// by is the account behind the author: a user, or none for a webhook.
	by snowflake.UserID
	// allowed says which mentions of the content count; edits keep it.
	allowed mentionRules
}

type reference struct {
	Type      int                 `json:"type"`
	MessageID snowflake.MessageID `json:"message_id"`
	ChannelID snowflake.ChannelID `json:"channel_id"`
	GuildID   snowflake.GuildID   `json:"guild_id"`
}

type attachment struct {
	ID          snowflake.AttachmentID `json:"id"`
	Filename    string                 `json:"filename"`
	Title       *string                `json:"title,omitempty"`
	Description *string                `json:"description,omitempty"`
	Size        int                    `json:"size"`
	URL         string                 `json:"url"`
	ProxyURL    string                 `json:"proxy_url"`
	ContentType string                 `json:"content_type,omitempty"`
	Ephemeral   bool                   `json:"ephemeral,omitempty"`

	data []byte
}

// A channel remembers at least maxMessages messages, and at most spareMessages
// more, which go all at once.
const (
	maxMessages   = 1000
	spareMessages = 250
)

// messageLog keeps the newest messages of a channel, oldest first.
type messageLog struct {
	list []*message
	// forgotten is the newest message that is not kept any more.
	forgotten snowflake.MessageID
	// byNonce is the newest message of each author and nonce.
	byNonce map[nonceKey]*message
}

type nonceKey struct {
	by    snowflake.UserID
	nonce any // A string or a number.
}

func (l *messageLog) add(m *message) {
	if len(l.list) >= maxMessages+spareMessages {
		l.forgotten = l.list[spareMessages-1].ID
		for _, old := range l.list[:spareMessages] {
			l.dropNonce(old)
		}
		n := copy(l.list, l.list[spareMessages:])
		clear(l.list[n:])
		l.list = l.list[:n]
	}
	l.list = append(l.list, m)
	if m.Nonce != nil {
		if l.byNonce == nil {
			l.byNonce = make(map[nonceKey]*message)
		}
		l.byNonce[nonceKey{m.by, m.Nonce}] = m
	}
}

func (l *messageLog) dropNonce(m *message) {
	if key := (nonceKey{m.by, m.Nonce}); m.Nonce != nil && l.byNonce[key] == m {
		delete(l.byNonce, key)
	}
}

// index is where the message stands, or where it would.
func (l *messageLog) index(id snowflake.MessageID) int {
	return sort.Search(len(l.list), func(i int) bool { return l.list[i].ID >= id })
}

func (l *messageLog) get(id snowflake.MessageID) *message {
	if i := l.index(id); i < len(l.list) && l.list[i].ID == id {
		return l.list[i]
	}
	return nil
}

func (l *messageLog) remove(id snowflake.MessageID) {
	if i := l.index(id); i < len(l.list) && l.list[i].ID == id {
		l.dropNonce(l.list[i])
		l.list = append(l.list[:i], l.list[i+1:]...)
	}
}

// visible finds a message that everybody in the channel sees.
func (c *channel) visible(id snowflake.MessageID) (*message, error) {
	if m := c.messages.get(id); m != nil && m.seenBy == 0 {
		return m, nil
	}
	return nil, errUnknownMessage
}

// newMessage is a message with every list present; it is not in a channel yet.
func (s *Sim) newMessage(c *channel, by *user) *message {
	id := snowflake.MessageID(s.ids.next())
	m := &message{
		ID: id, ChannelID: c.ID, Timestamp: messageTime(id), channel: c,
		Attachments: noFiles, Embeds: noParts, Mentions: noMentions, MentionRoles: noRoles, Components: noParts,
	}
	if by != nil {
		m.Author, m.by = by, by.ID
	}
	return m
}

// post puts the message into its channel and tells the sessions.
func (s *Sim) post(m *message) {
	c := m.channel
	c.messages.add(m)
	if m.seenBy != 0 {
		m.noteMessage()
		return
	}
	c.LastMessageID = &m.ID
	if c.isThread() {
		c.MessageCount++
		c.TotalMessageSent++
	}
	s.tell("MESSAGE_CREATE", m)
}

// tell sends a message event, without the content to sessions that may not
// read it.
func (s *Sim) tell(name string, m *message) {
	m.noteMessage()
	if m.seenBy != 0 || s.botNeedsIn(m.channel, permViewChannel) != nil {
		return
	}
	var full, stripped *event
	for _, ss := range s.sessions {
		if !ss.takes(m.channel.GuildID, intentMessages) {
			continue
		}
		if ss.intents&intentMessageContent != 0 || m.showsContentTo(s.bot.ID) {
			if full == nil {
				full = s.observed(name, messageEvent(m))
			}
			ss.push(full)
			continue
		}
		if stripped == nil {
			stripped = s.observed(name, messageEvent(m.withoutContent()))
		}
		ss.push(stripped)
	}
}

// showsContentTo reports whether the bot sees the content without the message
// content intent: of its own messages, and of those that mention it.
func (m *message) showsContentTo(bot snowflake.UserID) bool {
	if m.by == bot || m.ApplicationID != nil {
		return true
	}
	for _, u := range m.Mentions {
		if u.ID == bot {
			return true
		}
	}
	return false
}

// isSystem reports whether Discord wrote the message itself.
func (m *message) isSystem() bool {
	return m.Type == messagePinned || m.Type == messageThread || m.Type == messageThreadStart
}

func (m *message) withoutContent() *message {
	c := *m
	c.Content, c.Attachments, c.Embeds, c.Components, c.Poll = "", noFiles, noParts, noParts, nil
	c.Snapshots = nil
	if c.Referenced != nil {
		c.Referenced = c.Referenced.withoutContent()
	}
	return &c
}
