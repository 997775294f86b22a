package discordsim

import (
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// application is the one application that is simulated.
type application struct {
	ID    snowflake.ApplicationID `json:"id"`
	Flags int                     `json:"flags"`
}

type user struct {
	ID            snowflake.UserID `json:"id"`
	Username      string           `json:"username"`
	Discriminator string           `json:"discriminator"`
	GlobalName    *string          `json:"global_name"`
	Avatar        *string          `json:"avatar"`
	Bot           bool             `json:"bot,omitempty"`
	PublicFlags   int              `json:"public_flags"`
	Flags         int              `json:"flags"`
	PrimaryGuild  *struct{}        `json:"primary_guild"` // Nobody has one here.
}

type guild struct {
	ID          snowflake.GuildID
	Name        string
	OwnerID     snowflake.UserID
	Icon        *string
	Description *string
	Joined      time.Time
	unavailable bool

	// roles has @everyone under the guild's own id.
	roles    map[snowflake.RoleID]*role
	channels map[snowflake.ChannelID]*channel
	members  map[snowflake.UserID]*member
	bans     map[snowflake.UserID]ban
	emojis   []*emoji
	invites  map[string]*invite
	settings
	holdings
	feed *feed // nil until somebody looks.
	// commands are those registered for this guild only.
	commands commandSet
}

type ban struct {
	Reason *string `json:"reason"`
	User   *user   `json:"user"`
}

type role struct {
	ID           snowflake.RoleID `json:"id"`
	Name         string           `json:"name"`
	Description  *string          `json:"description"`
	Color        int              `json:"color"`
	Colors       roleColors       `json:"colors"`
	Hoist        bool             `json:"hoist"`
	Icon         *string          `json:"icon"`
	UnicodeEmoji *string          `json:"unicode_emoji"`
	Position     int              `json:"position"`
	Permissions  permission       `json:"permissions"`
	Managed      bool             `json:"managed"`
	Mentionable  bool             `json:"mentionable"`
	Flags        int              `json:"flags"`
	Tags         *roleTags        `json:"tags,omitempty"`
}

type roleColors struct {
	Primary   int  `json:"primary_color"`
	Secondary *int `json:"secondary_color"`
	Tertiary  *int `json:"tertiary_color"`
}

type roleTags struct {
	BotID snowflake.UserID `json:"bot_id"`
}

type member struct {
	User          *user              `json:"user,omitempty"`
	Nick          *string            `json:"nick"`
	Avatar        *string            `json:"avatar"`
	Banner        *string            `json:"banner"`
	Roles         []snowflake.RoleID `json:"roles"`
	JoinedAt      string             `json:"joined_at"`
	PremiumSince  *string            `json:"premium_since"`
	Deaf          bool               `json:"deaf"`
	Mute          bool               `json:"mute"`
	Flags         int                `json:"flags"`
	Pending       bool               `json:"pending"`
	DisabledUntil *string            `json:"communication_disabled_until"`
	Permissions   *permission        `json:"permissions,omitempty"`
}

type emoji struct {
	ID            snowflake.EmojiID  `json:"id"`
	Name          string             `json:"name"`
	Roles         []snowflake.RoleID `json:"roles"`
	User          *user              `json:"user,omitempty"`
	RequireColons bool               `json:"require_colons"`
	Managed       bool               `json:"managed"`
	Animated      bool               `json:"animated"`
	Available     bool               `json:"available"`
}

func (m *member) hasRole(id snowflake.RoleID) bool { return slices.Contains(m.Roles, id) }

func (m *member) timedOut(now time.Time) bool {
	if m.DisabledUntil == nil {
		return false
	}
	until, err := time.Parse(time.RFC3339Nano, *m.DisabledUntil)
	return err == nil && now.Before(until)
}

// withoutUser is the member as it stands beside a user in events.
func (m *member) withoutUser() *member {
	c := *m
	c.User = nil
	return &c
}

func (g *guild) everyone() *role { return g.roles[snowflake.RoleID(g.ID)] }

// sortedRoles lists the roles from the lowest to the highest.
func (g *guild) sortedRoles() []*role {
	list := make([]*role, 0, len(g.roles))
	for _, r := range g.roles {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Position != list[j].Position {
			return list[i].Position < list[j].Position
		}
		return list[i].ID < list[j].ID
	})
	return list
}

// sortedMembers lists the members by user id.
func (g *guild) sortedMembers() []*member {
	list := make([]*member, 0, len(g.members))
	for _, m := range g.members {
		list = append(list, m)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].User.ID < list[j].User.ID })
	return list
}

// sortedChannels lists the channels, or the threads, by position and id.
func (g *guild) sortedChannels(threads bool) []*channel {
	list := make([]*channel, 0, len(g.channels))
	for _, c := range g.channels {
		if c.isThread() == threads {
			list = append(list, c)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if !threads && *a.Position != *b.Position {
			return *a.Position < *b.Position
		}
		return a.ID < b.ID
	})
	return list
}

// document is the guild object of REST; the GUILD_CREATE event adds to it.
func (g *guild) document() map[string]any {
	emojis := g.emojis
	if emojis == nil {
		emojis = []*emoji{}
	}
	d := map[string]any{
		"id": g.ID, "name": g.Name, "owner_id": g.OwnerID, "icon": g.Icon, "description": g.Description,
		"splash": nil, "discovery_splash": nil, "banner": nil, "features": []string{},
		"afk_channel_id": nil, "afk_timeout": 300, "system_channel_id": nil, "system_channel_flags": 0,
		"rules_channel_id": nil, "public_updates_channel_id": nil, "safety_alerts_channel_id": nil,
		"widget_enabled": g.widget.Enabled, "widget_channel_id": g.widget.ChannelID, "verification_level": 0,
		"default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0,
		"application_id": nil, "max_presences": nil, "max_members": 25_000_000, "vanity_url_code": nil,
		"max_video_channel_users": 25, "max_stage_video_channel_users": 50, "home_header": nil,
		"premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": false,
		"preferred_locale": "en-US", "nsfw": false, "region": "deprecated", "incidents_data": g.incidents,
		"roles": g.sortedRoles(), "emojis": emojis, "stickers": values(g.stickers, stickerKey), "inventory_settings": nil,
	}
	maps.Copy(d, g.changed)
	return d
}
