package api

import (
	"context"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// authenticate finds out who calls.
func (a *API) authenticate(c *call) error {
	who, err := a.identify(c.ctx(), c.token())
	if err != nil {
		return err
	}
	c.who = who
	return nil
}

func (c *call) token() string {
	token, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(token)
}

func (a *API) identify(ctx context.Context, token string) (auth.Identity, error) {
	if token == "" {
		return auth.Identity{}, fault.New(fault.Unauthorized, "Unauthorized: Login required; send the header Authorization: Bearer <API token>")
	}
	return a.cfg.Tokens.Verify(ctx, token)
}

// callerKey is what a caller's requests are counted by: all tokens of a user
// count together.
func callerKey(who auth.Identity) string { return who.Type + " " + who.UserID }

// admin makes text the call's guild when the caller administers it.
func (c *call) admin(text string) error {
	guild, err := snowflake.ParseGuild(text)
	if err != nil {
		return fault.New(fault.BadRequest, "Bad request: Invalid guild ID")
	}
	if err := c.api.cfg.Authorizer.GuildAdmin(c.ctx(), c.who, guild); err != nil {
		return err
	}
	c.guild = guild
	return nil
}

func unescape(s string) (string, error) {
	v, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(v) {
		return "", fault.New(fault.BadRequest, "Bad request: the path is not percent-encoded UTF-8")
	}
	return v, nil
}
