package api

import (
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxTokenLife bounds how far in the future a token may end.
const maxTokenLife = 100 * 365 * 24 * time.Hour

// ownGuild is a guild of the caller.
type ownGuild struct {
	ID          snowflake.GuildID `json:"id"`
	Name        string            `json:"name"`
	Icon        *string           `json:"icon"`
	Permissions uint64            `json:"permissions"`
}

// listGuilds gives the guilds that the caller administers.
func (a *API) listGuilds(c *call) error {
	list, err := a.cfg.Authorizer.Guilds(c.ctx(), c.who)
	if err != nil {
		return err
	}
	out := make([]ownGuild, len(list))
	for i, m := range list {
		out[i] = ownGuild(m)
	}
	return c.JSON(http.StatusOK, out)
}

// madeToken is a token with its text, which is shown once.
type madeToken struct {
	Token string `json:"token"`
	auth.ShownToken
}

// tokenBody is the body of a new token.
type tokenBody struct {
	Label     string               `json:"label,omitempty"`
	ExpiresIn *int64               `json:"expires_in_secs,omitempty"`
	ExpiresAt *string              `json:"expires_at,omitempty"`
	Guilds    *[]snowflake.GuildID `json:"guild_ids,omitempty"`
	ReadOnly  bool                 `json:"read_only,omitempty"`
}

func (b tokenBody) options(now time.Time) ([]auth.Option, error) {
	var out []auth.Option
	switch {
	case b.ExpiresIn != nil && b.ExpiresAt != nil:
		return nil, fault.New(fault.BadRequest, "Bad request: give expires_in_secs or expires_at, not both")
	case b.ExpiresIn != nil:
		if *b.ExpiresIn < 1 || *b.ExpiresIn > int64(maxTokenLife/time.Second) {
			return nil, fault.New(fault.BadRequest, "Bad request: expires_in_secs must be from 1 to %d", int64(maxTokenLife/time.Second))
		}
		out = append(out, auth.WithExpiry(now.Add(time.Duration(*b.ExpiresIn)*time.Second)))
	case b.ExpiresAt != nil:
		at, err := time.Parse(time.RFC3339, *b.ExpiresAt)
		if err != nil || !at.After(now) || at.After(now.Add(maxTokenLife)) {
			return nil, fault.New(fault.BadRequest, "Bad request: expires_at must be a time to come, such as %s", now.Add(24*time.Hour).UTC().Format(time.RFC3339))
		}
		out = append(out, auth.WithExpiry(at))
	}
	if b.Guilds != nil {
		out = append(out, auth.WithGuilds(*b.Guilds...))
	}
	if b.ReadOnly {
		out = append(out, auth.ReadOnly())
	}
	return out, nil
}

func (a *API) createToken(c *call) error {
	var in tokenBody
	if err := c.body(&in); err != nil {
		return err
	}
	options, err := in.options(a.cfg.Clock.Now())
	if err != nil {
		return err
	}
	text, t, err := a.cfg.Tokens.CreateAs(c.ctx(), c.who, in.Label, options...)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, madeToken{text, t.Shown()})
}

func (a *API) listTokens(c *call) error {
	list, err := a.cfg.Tokens.ListAs(c.ctx(), c.who)
	if err != nil {
		return err
	}
	out := make([]auth.ShownToken, len(list))
	for i, t := range list {
		out[i] = t.Shown()
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) deleteToken(c *call) error {
	id, err := c.param("token")
	if err != nil {
		return err
	}
	if err := a.cfg.Tokens.DeleteAs(c.ctx(), c.who, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
