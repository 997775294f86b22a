package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Server is what a server says about itself and its caller.
type Server struct {
	User    User
	Version string    // "" of servers that do not say it.
	Time    time.Time // Its clock, to a second; zero when it does not say it.
}

// Server asks who the token belongs to, and which server that is.
func (c *Client) Server(ctx context.Context) (Server, error) {
	var s Server
	var doc struct {
		User User `json:"user"`
	}
	seen := func(h http.Header) {
		s.Version = h.Get("X-Flora-Version")
		s.Time, _ = http.ParseTime(h.Get("Date"))
	}
	err := c.call(ctx, request{method: http.MethodGet, path: "/auth/me", seen: seen, once: true}, &doc)
	s.User = doc.User
	return s, err
}

// Ready asks whether the server takes requests; the error says why not. It needs
// no token.
func (c *Client) Ready(ctx context.Context) error {
	return c.call(ctx, request{method: http.MethodGet, path: "/readyz", once: true}, nil)
}

// Guild is a guild that the caller administers.
type Guild struct {
	ID          snowflake.GuildID `json:"id"`
	Name        string            `json:"name"`
	Icon        *string           `json:"icon"`
	Permissions uint64            `json:"permissions"`
}

// Guilds lists the guilds that the caller administers and the bot is in.
func (c *Client) Guilds(ctx context.Context) ([]Guild, error) {
	var all []Guild
	err := c.call(ctx, request{method: http.MethodGet, path: "/guilds"}, &all)
	return all, err
}

// Token is an API token without its text.
type Token struct {
	ID         string              `json:"token_id"`
	Label      string              `json:"label"`
	CreatedAt  time.Time           `json:"created_at"`
	LastUsedAt *time.Time          `json:"last_used_at"`
	ExpiresAt  *time.Time          `json:"expires_at,omitempty"`
	Guilds     []snowflake.GuildID `json:"guild_ids,omitempty"`
	ReadOnly   bool                `json:"read_only,omitempty"`
}

// MadeToken is a new token with its text, which is shown once.
type MadeToken struct {
	Text string `json:"token"`
	Token
}

// NewToken says what a new token is for. Zero members are not there.
type NewToken struct {
	Label     string              `json:"label,omitempty"`
	ExpiresIn int64               `json:"expires_in_secs,omitempty"`
	Guilds    []snowflake.GuildID `json:"guild_ids,omitempty"`
	ReadOnly  bool                `json:"read_only,omitempty"`
}

// CreateToken makes a token.
func (c *Client) CreateToken(ctx context.Context, t NewToken) (MadeToken, error) {
	var made MadeToken
	err := c.call(ctx, request{method: http.MethodPost, path: "/tokens", body: t}, &made)
	return made, err
}

// Tokens lists the caller's tokens, the newest first.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	var all []Token
	err := c.call(ctx, request{method: http.MethodGet, path: "/tokens"}, &all)
	return all, err
}

// DeleteToken ends a token.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/tokens/" + segment(id)}, nil)
}

// AskLogin opens the page that asks a person in the browser, as that browser
// would, to see that there is one. It needs no token.
func (c *Client) AskLogin(ctx context.Context, query url.Values) error {
	err := c.call(ctx, request{method: http.MethodGet, path: "/auth/cli", query: query, once: true}, nil)
	if _, ok := errors.AsType[*redirected](err); ok {
		return nil // To the login at Discord.
	}
	return err
}

// Redeem gives a command line its token for the code that the browser brought.
// It needs no token.
func (c *Client) Redeem(ctx context.Context, code, verifier, label string) (MadeToken, error) {
	var made MadeToken
	body := map[string]string{"code": code, "code_verifier": verifier, "label": label}
	err := c.call(ctx, request{method: http.MethodPost, path: "/auth/cli/token", body: body}, &made)
	return made, err
}
