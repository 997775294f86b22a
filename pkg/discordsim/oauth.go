package discordsim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// codeLife is how long a code of the login can be exchanged.
	codeLife = 10 * time.Minute
	// maxCodes and maxGrants bound what logins leave behind; the oldest go.
	maxCodes  = 1000
	maxGrants = 10_000
)

// oauthScopes are what a person can allow here.
var oauthScopes = []string{"identify", "guilds", "guilds.members.read", "email"}

// oauthCode is what a person allowed, until it is exchanged for tokens.
type oauthCode struct {
	user      snowflake.UserID
	redirect  string
	scopes    []string
	challenge string // S256; "" without PKCE.
	end       time.Time
}

// grant is a pair of tokens.
type grant struct {
	user    snowflake.UserID
	scopes  []string
	access  string
	refresh string
	end     time.Time // Of the access token.
}

func (g *grant) allows(scope string) bool { return slices.Contains(g.scopes, scope) }

// oauthState is the OAuth provider. Sim.mu guards it.
type oauthState struct {
	life   time.Duration // Of access tokens.
	codes  map[string]oauthCode
	grants []*grant
	// last is who allowed something last: prompt=none goes on as them.
	last snowflake.UserID
}

// granted finds the grant of an access token that is good.
func (s *Sim) granted(access string) *grant {
	for _, g := range s.oauth.grants {
		if g.access == access && s.now().Before(g.end) {
			return g
		}
	}
	return nil
}

// allow makes a code for what the person allowed.
func (s *Sim) allow(c oauthCode) string {
	for key, old := range s.oauth.codes {
		if len(s.oauth.codes) >= maxCodes || !s.now().Before(old.end) {
			delete(s.oauth.codes, key)
		}
	}
	c.end = s.now().Add(codeLife)
	code := rand.Text()
	s.oauth.codes[code] = c
	s.oauth.last = c.user
	return code
}

// grant makes tokens; they are what the token endpoint answers.
func (s *Sim) grant(user snowflake.UserID, scopes []string) map[string]any {
	g := &grant{user: user, scopes: scopes, access: rand.Text(), refresh: rand.Text(), end: s.now().Add(s.oauth.life)}
	if len(s.oauth.grants) >= maxGrants {
		s.oauth.grants = slices.Delete(s.oauth.grants, 0, 1)
	}
	s.oauth.grants = append(s.oauth.grants, g)
	return map[string]any{
		"access_token": g.access, "refresh_token": g.refresh, "token_type": "Bearer",
		"expires_in": int(s.oauth.life.Seconds()), "scope": strings.Join(scopes, " "),
	}
}

// disown takes back all that a person allowed.
func (s *Sim) disown(user snowflake.UserID) {
	s.oauth.grants = slices.DeleteFunc(s.oauth.grants, func(g *grant) bool { return g.user == user })
}

// ExpireAccessTokens makes every access token too old; refresh tokens stay good.
func (s *Sim) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.oauth.grants {
		g.end = s.now()
	}
}

// SetAccessTokenLife says how long access tokens made from now on are good.
func (s *Sim) SetAccessTokenLife(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.life = d
}

// Deauthorize takes back what the person has allowed the application, as in
// Discord's settings.
func (s *Sim) Deauthorize(user snowflake.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disown(user)
}

// registered reports whether codes may be sent to the address. Without a list
// those of this machine may.
func (s *Sim) registered(redirect string) bool {
	if len(s.cfg.RedirectURIs) > 0 {
		return slices.Contains(s.cfg.RedirectURIs, redirect)
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// challengeOf is what PKCE makes of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// serveAuthorize is the page on which a person allows the application to know
// them. The query's sim_user presses the button: a name, or "deny".
func (s *Sim) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	code, problem := s.asked(q)
	person := q.Get("sim_user")
	if person == "" && q.Get("prompt") == "none" && s.users[s.oauth.last] != nil {
		person = s.oauth.last.String()
	}
	answer := url.Values{}
	if q.Has("state") {
		answer.Set("state", q.Get("state"))
	}
	switch {
	case problem != nil, person == "":
	case person == "deny":
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The resource owner or authorization server denied the request")
	default:
		if u := s.userNamed(person); u == nil || u.Bot {
			problem = refuse(http.StatusBadRequest, 10013, "the simulator has no person of that name; GET /sim lists the users")
		} else {
			code.user = u.ID
			answer.Set("code", s.allow(code))
		}
	}
	names := make([]string, len(people))
	for i := range people {
		names[i] = s.person(i).Username
	}
	s.mu.Unlock()
	switch {
	case problem != nil:
		writeError(w, problem)
	case person == "":
		writeAuthorizePage(w, q, names)
	default:
		to, _ := url.Parse(code.redirect) // It was parsed before.
		query := to.Query()
		for k, v := range answer {
			query[k] = v
		}
		to.RawQuery = query.Encode()
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to.String(), http.StatusFound)
	}
}

// asked checks what an application asks for. Sim.mu is held.
func (s *Sim) asked(q url.Values) (oauthCode, *apiError) {
	bad := func(key, text string) (oauthCode, *apiError) {
		return oauthCode{}, invalidForm("OAUTH2_INVALID", text, key)
	}
	c := oauthCode{redirect: q.Get("redirect_uri"), scopes: strings.Fields(q.Get("scope")), challenge: q.Get("code_challenge")}
	switch {
	case q.Get("client_id") != s.application.ID.String():
		return oauthCode{}, errUnknownApplication
	case q.Get("response_type") != "code":
		return bad("response_type", "Unsupported response type")
	case !s.registered(c.redirect):
		return bad("redirect_uri", "Invalid OAuth2 redirect_uri")
	case len(c.scopes) == 0 || slices.ContainsFunc(c.scopes, func(v string) bool { return !slices.Contains(oauthScopes, v) }):
		return bad("scope", "The requested scope is invalid, unknown, or malformed.")
	case q.Has("code_challenge_method") && q.Get("code_challenge_method") != "S256", q.Has("code_challenge_method") != q.Has("code_challenge"):
		return bad("code_challenge_method", "Only S256 is supported.")
	case c.challenge != "" && len(c.challenge) != len(challengeOf("")):
		return bad("code_challenge", "Invalid code challenge.")
	case !slices.Contains([]string{"", "consent", "none"}, q.Get("prompt")):
		return bad("prompt", "Invalid prompt.")
	}
	return c, nil
}
