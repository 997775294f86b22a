package client

import (
	"context"
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Settings are a guild's switches.
type Settings struct {
	ErrorReplies    bool   `json:"error_replies"`
	ErrorText       string `json:"error_reply_text"`
	InboundEndpoint bool   `json:"inbound_endpoint"`
	// EndpointURL is where the endpoint is reached; it is not set.
	EndpointURL string `json:"endpoint_url,omitempty"`
}

func settingsPath(guild snowflake.GuildID) string { return "/guilds/" + guild.String() + "/settings" }

// Settings gives a guild's.
func (c *Client) Settings(ctx context.Context, guild snowflake.GuildID) (Settings, error) {
	var s Settings
	err := c.call(ctx, request{method: http.MethodGet, path: settingsPath(guild)}, &s)
	return s, err
}

// PutSettings replaces all of them, and gives them as they are in force.
func (c *Client) PutSettings(ctx context.Context, guild snowflake.GuildID, s Settings) (Settings, error) {
	s.EndpointURL = ""
	var now Settings
	err := c.call(ctx, request{method: http.MethodPut, path: settingsPath(guild), body: s}, &now)
	return now, err
}
