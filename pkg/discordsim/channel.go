package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The channel types that are simulated.
const (
	channelText          = 0
	channelVoice         = 2
	channelCategory      = 4
	channelAnnouncement  = 5
	channelNewsThread    = 10
	channelPublicThread  = 11
	channelPrivateThread = 12
	channelStage         = 13
	channelForum         = 15
)

// channel is a channel or a thread, as Discord writes it. What threads lack
// and what only they have is in the two embedded parts.
type channel struct {
	ID               snowflake.ChannelID  `json:"id"`
	Type             int                  `json:"type"`
	GuildID          snowflake.GuildID    `json:"guild_id"`
	Name             string               `json:"name"`
	ParentID         *snowflake.ChannelID `json:"parent_id"`
	LastMessageID    *snowflake.MessageID `json:"last_message_id"`
	LastPinTimestamp *string              `json:"last_pin_timestamp,omitempty"`
	RateLimitPerUser int                  `json:"rate_limit_per_user"`
	Flags            int                  `json:"flags"`
	*place
	*threadPart

	guild       *guild
	messages    messageLog
	voiceStatus *string
	// threadMembers are the users who joined; nil for channels.
	threadMembers map[snowflake.UserID]*threadMember
}

// place is what channels have and threads have not.
type place struct {
	Position                   *int           `json:"position"`
	PermissionOverwrites       []overwrite    `json:"permission_overwrites"`
	Topic                      *string        `json:"topic"`
	NSFW                       bool           `json:"nsfw"`
	Bitrate                    *int           `json:"bitrate,omitempty"`
	UserLimit                  *int           `json:"user_limit,omitempty"`
	RTCRegion                  *string        `json:"rtc_region,omitempty"`
	DefaultAutoArchiveDuration *int           `json:"default_auto_archive_duration,omitempty"`
	AvailableTags              *[]any         `json:"available_tags,omitempty"`
	DefaultReactionEmoji       map[string]any `json:"default_reaction_emoji,omitempty"`
}

// threadPart is what only threads have.
type threadPart struct {
	OwnerID          snowflake.UserID `json:"owner_id"`
	MessageCount     int              `json:"message_count"`
	MemberCount      int              `json:"member_count"`
	TotalMessageSent int              `json:"total_message_sent"`
	Metadata         threadMetadata   `json:"thread_metadata"`
	AppliedTags      []any            `json:"applied_tags,omitempty"`
}

type threadMetadata struct {
	Archived            bool   `json:"archived"`
	AutoArchiveDuration int    `json:"auto_archive_duration"`
	ArchiveTimestamp    string `json:"archive_timestamp"`
	Locked              bool   `json:"locked"`
	Invitable           *bool  `json:"invitable,omitempty"`
	CreateTimestamp     string `json:"create_timestamp"`
}

type threadMember struct {
	ID            snowflake.ChannelID `json:"id"`
	UserID        snowflake.UserID    `json:"user_id"`
	JoinTimestamp string              `json:"join_timestamp"`
	Flags         int                 `json:"flags"`
}

func newChannel(g *guild, id snowflake.ChannelID, kind int, name string) *channel {
	p := &place{Position: ptr(0), PermissionOverwrites: []overwrite{}}
	if kind == channelVoice || kind == channelStage {
		p.Bitrate, p.UserLimit = ptr(64000), ptr(0)
	}
	if kind == channelForum {
		p.AvailableTags = &[]any{}
	}
	return &channel{ID: id, Type: kind, GuildID: g.ID, Name: name, place: p, guild: g}
}

func newMember(u *user, joined time.Time) *member {
	return &member{User: u, Roles: []snowflake.RoleID{}, JoinedAt: timestamp(joined)}
}

func (c *channel) isThread() bool { return c.threadPart != nil }

// hasMessages reports whether the channel is of a type that holds messages.
func (c *channel) hasMessages() bool {
	return c.Type != channelCategory && c.Type != channelForum
}

// overwriteSource are the overwrites that hold in the channel: a thread has its parent's.
func (c *channel) overwriteSource(g *guild) []overwrite {
	if c.isThread() {
		if parent := g.channels[*c.ParentID]; parent != nil {
			return parent.PermissionOverwrites
		}
		return nil
	}
	return c.PermissionOverwrites
}

// addChannel puts a channel into the world without telling anybody.
func (s *Sim) addChannel(c *channel) {
	c.guild.channels[c.ID] = c
	s.channels[c.ID] = c
}

// removeChannel takes a channel and its threads out of the world and returns
// the threads.
func (s *Sim) removeChannel(c *channel) []*channel {
	var threads []*channel
	for _, t := range c.guild.channels {
		if t.isThread() && *t.ParentID == c.ID {
			threads = append(threads, t)
			delete(c.guild.channels, t.ID)
			delete(s.channels, t.ID)
		}
	}
	delete(c.guild.channels, c.ID)
	delete(s.channels, c.ID)
	return threads
}

// channelByID finds a channel the way REST does: unknown is 10003, and one the
// bot does not see is 50001.
func (s *Sim) channelByID(id snowflake.ChannelID, need permission) (*channel, error) {
	c := s.channels[id]
	if c == nil {
		return nil, errUnknownChannel
	}
	if err := s.botNeedsIn(c, need); err != nil {
		return nil, err
	}
	return c, nil
}

// topic is "" for threads, and for channels without one.
func (c *channel) topic() string {
	if c.place == nil || c.Topic == nil {
		return ""
	}
	return *c.Topic
}
