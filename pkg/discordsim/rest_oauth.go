package discordsim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenWindow is of the token endpoints' rate limit.
const tokenWindow = 10 * time.Second

// oauthError is an error of the token endpoints, as RFC 6749 has it.
func oauthError(status int, code, description string) (int, map[string]any) {
	d := map[string]any{"error": code}
	if description != "" {
		d["error_description"] = description
	}
	return status, d
}

func (s *Sim) oauthRoutes() []route {
	return []route{
		{method: "POST", pattern: "/oauth2/token", handle: s.postToken, open: true, free: true, form: true, bucket: per(100, tokenWindow)},
		{method: "POST", pattern: "/oauth2/token/revoke", handle: s.postRevoke, open: true, free: true, form: true, bucket: per(100, tokenWindow)},
		{method: "GET", pattern: "/oauth2/@me", handle: s.getAuthorization, bearer: "identify"},
	}
}

// fail makes an OAuth error the answer.
func (c *call) fail(status int, code, description string) (any, error) {
	var doc map[string]any
	c.status, doc = oauthError(status, code, description)
	return doc, nil
}

// client checks the application's own credentials, in the header or the form.
func (c *call) client(q url.Values) bool {
	id, secret, ok := c.req.BasicAuth()
	if !ok {
		id, secret = q.Get("client_id"), q.Get("client_secret")
	}
	s := c.sim
	return id == s.application.ID.String() && secret != "" && (s.cfg.ClientSecret == "" || secret == s.cfg.ClientSecret)
}

func (s *Sim) postToken(c *call) (any, error) {
	q := c.formBody
	if !c.client(q) {
		return c.fail(http.StatusUnauthorized, "invalid_client", "")
	}
	switch q.Get("grant_type") {
	case "authorization_code":
		code, ok := s.oauth.codes[q.Get("code")]
		delete(s.oauth.codes, q.Get("code")) // Good once, whatever comes of it.
		switch {
		case !ok || !s.now().Before(code.end):
			return c.fail(http.StatusBadRequest, "invalid_grant", `Invalid "code" in request.`)
		case q.Get("redirect_uri") != code.redirect:
			return c.fail(http.StatusBadRequest, "invalid_grant", `Invalid "redirect_uri" in request.`)
		case code.challenge != "" && challengeOf(q.Get("code_verifier")) != code.challenge:
			return c.fail(http.StatusBadRequest, "invalid_grant", `Invalid "code_verifier" in request.`)
		case code.challenge == "" && q.Has("code_verifier"):
			return c.fail(http.StatusBadRequest, "invalid_grant", `Invalid "code_verifier" in request.`)
		}
		return s.grant(code.user, code.scopes), nil
	case "refresh_token":
		i := slices.IndexFunc(s.oauth.grants, func(g *grant) bool { return g.refresh == q.Get("refresh_token") })
		if i < 0 {
			return c.fail(http.StatusBadRequest, "invalid_grant", `Invalid "refresh_token" in request.`)
		}
		old := s.oauth.grants[i]
		s.oauth.grants = slices.Delete(s.oauth.grants, i, i+1)
		return s.grant(old.user, old.scopes), nil
	default:
		return c.fail(http.StatusBadRequest, "unsupported_grant_type", "Grant type None is not supported")
	}
}

// postRevoke takes back everything of the authorization that the token is of. A
// token that nobody knows is no error.
func (s *Sim) postRevoke(c *call) (any, error) {
	q := c.formBody
	switch token := q.Get("token"); {
	case !c.client(q):
		return c.fail(http.StatusUnauthorized, "invalid_client", "")
	case token == "":
		return c.fail(http.StatusBadRequest, "invalid_request", `Missing "token" in request.`)
	default:
		for _, g := range s.oauth.grants {
			if g.access == token || g.refresh == token {
				s.disown(g.user)
				break
			}
		}
	}
	return map[string]any{}, nil
}

func (s *Sim) getAuthorization(c *call) (any, error) {
	app := map[string]any{
		"id": s.application.ID, "name": s.bot.Username, "icon": nil, "description": "", "type": nil, "bot": s.bot,
		"verify_key": "0000000000000000000000000000000000000000000000000000000000000000", "flags": s.application.Flags,
		"bot_public": true, "bot_require_code_grant": false, "hook": true, "is_monetized": false, "is_verified": false, "storefront_available": false, "flags_new": "0",
	}
	return map[string]any{
		"application": app, "scopes": c.grant.scopes, "expires": timestamp(c.grant.end), "user": s.users[c.grant.user],
	}, nil
}

// readForm takes in a body of application/x-www-form-urlencoded.
func (c *call) readForm(body []byte, kind string) error {
	if !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return invalidForm("CONTENT_TYPE_INVALID", `Expected "Content-Type" header to be one of {'application/x-www-form-urlencoded'}.`, "_errors")
	}
	q, err := url.ParseQuery(string(body))
	if err != nil {
		return errBadJSON
	}
	c.formBody = q
	return nil
}
