package api

import (
	"context"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Cookies. Browsers let only this very host set one with hostPrefix, by https.
const (
	hostPrefix    = "__Host-"
	sessionCookie = "flora_session"
	stateCookie   = "flora_oauth_state"
)

const loginPath = "/api/auth/login"

// Users tells who callers are.
type Users interface {
	User(ctx context.Context, who auth.Identity) (auth.User, error)
}

func (a *API) cookieName(name string) string {
	if a.cfg.Site.Secure {
		return hostPrefix + name
	}
	return name
}

// cookie is a cookie's value, or "".
func (a *API) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(a.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a cookie, or takes it away when life is zero.
func (c *call) setCookie(name, value string, life time.Duration) {
	age := int(life.Seconds())
	if age == 0 {
		age = -1
	}
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure where browsers come by https.
		Name: c.api.cookieName(name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.api.cfg.Site.Secure,
	})
}

// sessions gives the logins, or says that there are none.
func (a *API) sessions() (*auth.Sessions, error) {
	if a.cfg.Sessions == nil {
		return nil, fault.New(fault.NotFound, "Resource not found: logins are not configured; set discord.client_id, discord.client_secret, discord.redirect_uri and api.secret, or use an API token")
	}
	return a.cfg.Sessions, nil
}

// login sends the browser to Discord.
func (a *API) login(c *call) error {
	s, err := a.sessions()
	if err != nil {
		return err
	}
	l, err := s.Begin(c.ctx(), c.QueryParam("next"))
	if err != nil {
		return err
	}
	c.setCookie(stateCookie, l.State, auth.LoginTime)
	return c.Redirect(http.StatusFound, l.URL)
}

// callback is where Discord sends the browser back to.
func (a *API) callback(c *call) error {
	s, err := a.sessions()
	if err != nil {
		return err
	}
	answer := auth.Answer{State: c.QueryParam("state"), Code: c.QueryParam("code"), Error: c.QueryParam("error")}
	session, next, err := s.Finish(c.ctx(), a.cookie(c.Request(), stateCookie), answer)
	if err != nil {
		return err
	}
	c.setCookie(stateCookie, "", 0)
	c.setCookie(sessionCookie, session, s.Life())
	return c.Redirect(http.StatusFound, next)
}

// logout ends the browser's session; without one there is nothing to do.
func (a *API) logout(c *call) error {
	if err := a.ownOrigin(c); err != nil {
		return err
	}
	if cookie := a.cookie(c.Request(), sessionCookie); cookie != "" && a.cfg.Sessions != nil {
		if err := a.cfg.Sessions.End(c.ctx(), cookie); err != nil {
			return err
		}
	}
	c.setCookie(sessionCookie, "", 0)
	return c.NoContent(http.StatusNoContent)
}

// meDoc tells callers who they are.
type meDoc struct {
	User auth.User `json:"user"`
}

func (a *API) me(c *call) error {
	user := auth.User{ID: c.who.UserID, Username: c.who.Username}
	if a.cfg.Users != nil {
		var err error
		if user, err = a.cfg.Users.User(c.ctx(), c.who); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, meDoc{User: user})
}
