package discordsim

import (
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Messages are what is encoded most, twice for every answer of a bot, so they
// are written by hand; a test holds the result against encoding/json.

// MarshalJSON writes the message as REST does.
func (m *message) MarshalJSON() ([]byte, error) { return appendMessage(nil, m, nil), nil }

// appendMessage writes the message; with g it is the event's form, with the
// guild, the author's member and the members that are mentioned.
func appendMessage(b []byte, m *message, g *guild) []byte {
	b = appendID(append(b, `{"id":`...), uint64(m.ID))
	b = appendID(append(b, `,"channel_id":`...), uint64(m.ChannelID))
	b = strconv.AppendInt(append(b, `,"type":`...), int64(m.Type), 10)
	b = appendText(append(b, `,"content":`...), m.Content)
	b = appendUser(append(b, `,"author":`...), m.Author, nil)
	b = appendList(append(b, `,"attachments":`...), m.Attachments)
	b = appendList(append(b, `,"embeds":`...), m.Embeds)
	b = appendMentions(append(b, `,"mentions":`...), m.Mentions, g)
	b = appendList(append(b, `,"mention_roles":`...), m.MentionRoles)
	b = strconv.AppendBool(append(b, `,"mention_everyone":`...), m.MentionEveryone)
	b = strconv.AppendBool(append(b, `,"pinned":`...), m.Pinned)
	b = strconv.AppendBool(append(b, `,"tts":`...), m.TTS)
	b = appendText(append(b, `,"timestamp":`...), m.Timestamp)
	b = appendOptional(append(b, `,"edited_timestamp":`...), m.EditedTimestamp)
	b = strconv.AppendInt(append(b, `,"flags":`...), int64(m.Flags), 10)
	b = appendList(append(b, `,"components":`...), m.Components)
	b = m.appendRare(b)
	if g != nil {
		b = strconv.AppendInt(append(b, `,"channel_type":`...), int64(m.channel.Type), 10)
		b = appendID(append(b, `,"guild_id":`...), uint64(g.ID))
		if who := g.members[m.by]; who != nil {
			b = appendMember(append(b, `,"member":`...), who)
		}
	}
	return append(b, '}')
}

// appendRare writes the fields that most messages do not have.
func (m *message) appendRare(b []byte) []byte {
	if len(m.Reactions) > 0 {
		b = append(append(b, `,"reactions":`...), mustEncode(m.Reactions)...)
	}
	if m.WebhookID != nil {
		b = appendID(append(b, `,"webhook_id":`...), uint64(*m.WebhookID))
	}
	if m.ApplicationID != nil {
		b = appendID(append(b, `,"application_id":`...), uint64(*m.ApplicationID))
	}
	if m.Interaction != nil {
		b = append(append(b, `,"interaction":`...), mustEncode(m.Interaction)...)
	}
	if m.Metadata != nil {
		b = append(append(b, `,"interaction_metadata":`...), mustEncode(m.Metadata)...)
	}
	if r := m.Reference; r != nil {
		b = strconv.AppendInt(append(b, `,"message_reference":{"type":`...), int64(r.Type), 10)
		b = appendID(append(b, `,"message_id":`...), uint64(r.MessageID))
		b = appendID(append(b, `,"channel_id":`...), uint64(r.ChannelID))
		b = append(appendID(append(b, `,"guild_id":`...), uint64(r.GuildID)), '}')
	}
	switch {
	case m.Referenced != nil:
		b = appendMessage(append(b, `,"referenced_message":`...), m.Referenced, nil)
	case m.Type == messageReply && m.Reference != nil:
		b = append(b, `,"referenced_message":null`...)
	}
	if len(m.Snapshots) > 0 {
		b = append(append(b, `,"message_snapshots":`...), mustEncode(m.Snapshots)...)
	}
	if m.Thread != nil {
		b = append(append(b, `,"thread":`...), mustEncode(m.Thread)...)
	}
	if m.Nonce != nil {
		b = append(append(b, `,"nonce":`...), mustEncode(m.Nonce)...)
	}
	if m.Poll != nil {
		b = append(append(b, `,"poll":`...), mustEncode(m.Poll)...)
	}
	return b
}

func appendID(b []byte, id uint64) []byte {
	return append(strconv.AppendUint(append(b, '"'), id, 10), '"')
}

// appendText writes a string; what is not plain ASCII goes the long way.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, mustEncode(s)...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendOptional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, `null`...)
	}
	return appendText(b, *s)
}

func appendList[T any](b []byte, list []T) []byte {
	if len(list) == 0 {
		return append(b, `[]`...)
	}
	return append(b, mustEncode(list)...)
}

// appendUser writes a user, with the member of it if there is one.
func appendUser(b []byte, u *user, m *member) []byte {
	b = appendID(append(b, `{"id":`...), uint64(u.ID))
	b = appendText(append(b, `,"username":`...), u.Username)
	b = appendText(append(b, `,"discriminator":`...), u.Discriminator)
	b = appendOptional(append(b, `,"global_name":`...), u.GlobalName)
	b = appendOptional(append(b, `,"avatar":`...), u.Avatar)
	if u.Bot {
		b = append(b, `,"bot":true`...)
	}
	b = strconv.AppendInt(append(b, `,"public_flags":`...), int64(u.PublicFlags), 10)
	b = strconv.AppendInt(append(b, `,"flags":`...), int64(u.Flags), 10)
	b = append(b, `,"primary_guild":null`...)
	if m != nil {
		b = appendMember(append(b, `,"member":`...), m)
	}
	return append(b, '}')
}

// appendMember writes a member without its user.
func appendMember(b []byte, m *member) []byte {
	b = appendOptional(append(b, `{"nick":`...), m.Nick)
	b = appendOptional(append(b, `,"avatar":`...), m.Avatar)
	b = appendOptional(append(b, `,"banner":`...), m.Banner)
	b = append(b, `,"roles":[`...)
	for i, id := range m.Roles {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendID(b, uint64(id))
	}
	b = appendText(append(b, `],"joined_at":`...), m.JoinedAt)
	b = appendOptional(append(b, `,"premium_since":`...), m.PremiumSince)
	b = strconv.AppendBool(append(b, `,"deaf":`...), m.Deaf)
	b = strconv.AppendBool(append(b, `,"mute":`...), m.Mute)
	b = strconv.AppendInt(append(b, `,"flags":`...), int64(m.Flags), 10)
	b = strconv.AppendBool(append(b, `,"pending":`...), m.Pending)
	b = appendOptional(append(b, `,"communication_disabled_until":`...), m.DisabledUntil)
	return append(b, '}')
}

func appendMentions(b []byte, list []*user, g *guild) []byte {
	b = append(b, '[')
	for i, u := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var m *member
		if g != nil {
			m = g.members[u.ID]
		}
		b = appendUser(b, u, m)
	}
	return append(b, ']')
}

// roughSize is about how long the message becomes, so that its buffer seldom grows.
func (m *message) roughSize() int {
	n := 640 + len(m.Content) + 160*len(m.Mentions)
	if m.Reference != nil {
		n += 160
	}
	if m.Referenced != nil {
		n += 640 + len(m.Referenced.Content)
	}
	return n
}

// messageEvent is the message as events carry it.
func messageEvent(m *message) []byte {
	return appendMessage(make([]byte, 0, m.roughSize()+256), m, m.channel.guild)
}

// noRoles and the like are what messages without them share.
var (
	noFiles    = []*attachment{}
	noParts    = []any{}
	noMentions = []*user{}
	noRoles    = []snowflake.RoleID{}
)
