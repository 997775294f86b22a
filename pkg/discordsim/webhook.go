package discordsim

import (
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxWebhooks is how many webhooks a channel can have.
const maxWebhooks = 15

// webhook posts into a channel without an account.
type webhook struct {
	ID            snowflake.WebhookID      `json:"id"`
	Type          int                      `json:"type"`
	GuildID       snowflake.GuildID        `json:"guild_id"`
	ChannelID     snowflake.ChannelID      `json:"channel_id"`
	Name          string                   `json:"name"`
	Avatar        *string                  `json:"avatar"`
	ApplicationID *snowflake.ApplicationID `json:"application_id"`
	Token         string                   `json:"token,omitempty"`
	URL           string                   `json:"url,omitempty"`
	User          *user                    `json:"user,omitempty"`
	SourceGuild   map[string]any           `json:"source_guild,omitempty"`
	SourceChannel map[string]any           `json:"source_channel,omitempty"`

	channel *channel
	from    *channel // What it follows.
}

// withoutUser is the webhook as its own token sees it.
func (w *webhook) withoutUser() *webhook {
	c := *w
	c.User = nil
	return &c
}

// webhooksOf lists the webhooks of a channel, or of a guild when ch is nil, by id.
func (s *Sim) webhooksOf(g *guild, ch *channel) []*webhook {
	out := []*webhook{}
	for _, w := range s.webhooks {
		if w.channel.guild == g && (ch == nil || w.channel == ch) {
			out = append(out, w)
		}
	}
	sortBy(out, func(w *webhook) uint64 { return uint64(w.ID) })
	return out
}

// author is the user object that stands above a message of the webhook.
func (w *webhook) author(name, avatar string) *user {
	u := &user{ID: snowflake.UserID(w.ID), Username: w.Name, Discriminator: "0000", Avatar: w.Avatar, Bot: true}
	if name != "" {
		u.Username = name
	}
	if avatar != "" {
		u.Avatar = &avatar
	}
	return u
}

// webhooksChanged tells the sessions that a channel's webhooks are others now.
func (s *Sim) webhooksChanged(ch *channel) {
	s.dispatch(ch.guild, "WEBHOOKS_UPDATE", map[string]any{"guild_id": ch.GuildID, "channel_id": ch.ID})
}
