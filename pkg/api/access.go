package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// authenticate finds out who calls.
func (a *API) authenticate(c *call) (err error) {
	if c.route.access == operator {
		c.who, err = a.cfg.Operators.Operator(c.ctx(), bearer(c.Request()))
		return err
	}
	if c.who, err = a.identify(c.ctx(), c.Request()); err != nil {
		return err
	}
	if c.who.Session != nil {
		return a.ownOrigin(c)
	}
	return nil
}

// bearer is the token that a request brings, or "".
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(token)
}

// identityKey is where As leaves who calls.
type identityKey struct{}

// As serves requests of this process itself for somebody, without asking for a
// token or a session. Whoever mounts it decides which requests get there.
func (a *API) As(who auth.Identity) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.echo.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	})
}

// identify takes this process's own word first, then the session's, then the
// API token's.
func (a *API) identify(ctx context.Context, r *http.Request) (auth.Identity, error) {
	if who, ok := r.Context().Value(identityKey{}).(auth.Identity); ok {
		return who, nil
	}
	cookie, token := a.cookie(r, sessionCookie), bearer(r)
	if cookie != "" && a.cfg.Sessions != nil {
		who, err := a.cfg.Sessions.Identify(ctx, cookie)
		if err == nil || token == "" {
			return who, err
		}
	}
	if token == "" {
		return auth.Identity{}, fault.New(fault.Unauthorized, "Unauthorized: Login required; send the header Authorization: Bearer <API token>")
	}
	return a.cfg.Tokens.Verify(ctx, token)
}

// ownOrigin refuses what a page of another site makes a browser do with the
// session that is in it.
func (a *API) ownOrigin(c *call) error {
	if err := a.origins.Check(c.Request()); err != nil {
		return fault.Wrap(err, fault.Forbidden, "Forbidden: pages of other sites may not act with your login")
	}
	return nil
}

// callerKey is what a caller's requests are counted by: all tokens of a user
// count together.
func callerKey(who auth.Identity) string { return who.Type + " " + who.UserID }

// named makes text the call's guild.
func (c *call) named(text string) (err error) {
	if c.guild, err = snowflake.ParseGuild(text); err != nil {
		return fault.New(fault.BadRequest, "Bad request: Invalid guild ID")
	}
	return nil
}

// admin makes text the call's guild when the caller administers it.
func (c *call) admin(text string) error {
	if err := c.named(text); err != nil {
		return err
	}
	return c.api.cfg.Authorizer.GuildAdmin(c.ctx(), c.who, c.guild)
}

func unescape(s string) (string, error) {
	v, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(v) {
		return "", fault.New(fault.BadRequest, "Bad request: the path is not percent-encoded UTF-8")
	}
	return v, nil
}
