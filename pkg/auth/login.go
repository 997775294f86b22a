package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// LoginTime is how long a login may take from its start to Discord's answer.
const LoginTime = 10 * time.Minute

// maxNext bounds where a login leads to.
const maxNext = 2048

// Login is a login that was begun.
type Login struct {
	// State is for a cookie of the browser that began it.
	State string
	// URL is where the browser goes.
	URL string
}

// loginRecord is what is remembered of a login until Discord answers.
type loginRecord struct {
	Verifier string `json:"verifier"`
	Next     string `json:"next"`
}

// Begin begins a login that ends at next, a path of this site, or at "/".
func (s *Sessions) Begin(ctx context.Context, next string) (Login, error) {
	if next == "" {
		next = "/"
	}
	if err := checkNext(next); err != nil {
		return Login{}, err
	}
	state, verifier := newBearer(), newBearer()
	sealed, err := s.vault.seal("login", state, loginRecord{Verifier: verifier, Next: next})
	if err != nil {
		return Login{}, err
	}
	if err := s.cfg.Cache.Set(ctx, keyOf("login", state), sealed, LoginTime); err != nil {
		return Login{}, err
	}
	return Login{State: state, URL: s.cfg.Provider.LoginURL(state, challengeOf(verifier))}, nil
}

// checkNext takes paths of this site only. Browsers read a backslash as a
// slash, and skip control characters.
func checkNext(next string) error {
	refused := fault.New(fault.BadRequest, "Bad request: next must be a path of this site, such as /guilds")
	odd := strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f || r == '\uFFFD' })
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || odd {
		return refused
	}
	if u, err := url.Parse(next); err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return refused
	}
	return nil
}

// Answer is what Discord sent the browser back with.
type Answer struct {
	State string
	Code  string
	Error string // Instead of the code.
}

// Finish ends a login: cookie is the State that the browser kept. It gives the
// session's cookie and where to go on.
func (s *Sessions) Finish(ctx context.Context, cookie string, a Answer) (session, next string, err error) {
	login, err := s.begun(ctx, cookie, a.State)
	if err != nil {
		return "", "", err
	}
	switch {
	case a.Error == "access_denied":
		return "", "", fault.New(fault.Forbidden, "Forbidden: the login was cancelled at Discord")
	case a.Error != "" || a.Code == "":
		return "", "", fault.New(fault.BadRequest, "Bad request: Discord did not allow the login; begin it again")
	}
	one, err := s.enter(ctx, a.Code, login.Verifier)
	if errors.Is(err, ErrGrantEnded) {
		return "", "", fault.Wrap(err, fault.Unauthorized, "Unauthorized: Discord does not accept the code of this login; begin it again")
	}
	if err != nil {
		return "", "", err
	}
	return one.cookie, login.Next, nil
}

// begun gives the login that the browser began, once.
func (s *Sessions) begun(ctx context.Context, cookie, state string) (loginRecord, error) {
	var login loginRecord
	switch {
	case cookie == "":
		return login, fault.New(fault.Unauthorized, "Unauthorized: Missing OAuth state; begin the login again in this browser")
	case subtle.ConstantTimeCompare([]byte(cookie), []byte(state)) != 1:
		return login, fault.New(fault.Unauthorized, "Unauthorized: OAuth state mismatch; begin the login again in this browser")
	}
	expired := fault.New(fault.Unauthorized, "Unauthorized: Expired OAuth state; begin the login again")
	if !isBearer(state) {
		return login, expired
	}
	sealed, err := s.cfg.Cache.Take(ctx, keyOf("login", state))
	if fault.Is(err, fault.NotFound) {
		return login, expired
	}
	if err != nil {
		return login, err
	}
	if err := s.vault.open("login", state, sealed, &login); err != nil {
		return login, expired
	}
	return login, nil
}

// enter makes a session of Discord's code.
func (s *Sessions) enter(ctx context.Context, code, verifier string) (*Session, error) {
	g, err := s.cfg.Provider.Exchange(ctx, code, verifier)
	if err != nil {
		return nil, err
	}
	for _, scope := range []string{"identify", "guilds"} {
		if !slices.Contains(g.Scopes, scope) {
			return nil, fault.New(fault.Forbidden, "Forbidden: Discord did not grant %q, which a login needs; begin it again", scope)
		}
	}
	user, err := s.cfg.Provider.User(ctx, g.Access)
	if err != nil {
		return nil, err
	}
	if user.ID == "" {
		return nil, fault.Wrap(fmt.Errorf("the user has no id"), fault.Upstream, "Discord's answer was not understood; try again")
	}
	return s.begin(ctx, user, g)
}
