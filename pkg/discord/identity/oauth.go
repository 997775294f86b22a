// Package identity asks Discord who people are and what they may do: for logins
// as those people, by OAuth2, and for API tokens as the bot. It is what
// pkg/auth knows of Discord.
package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// scopes are what a login asks for.
	scopes = "identify guilds"
	// maxGuilds is Discord's limit of the guilds in one answer, and of the guilds
	// a person can be in.
	maxGuilds = "200"
	// maxAnswer bounds an answer's body.
	maxAnswer = 1 << 20
	// maxConns bounds how many people are asked about at once.
	maxConns = 64
	// idleFor is how long a connection waits for the next question.
	idleFor = 90 * time.Second
	// standardWait is what callers are told to wait when Discord does not say.
	standardWait = time.Second
)

// Config of an OAuth.
type Config struct {
	// Base is the API's address with its version, discord.DefaultBase when "".
	Base                   string
	ClientID, ClientSecret string
	// RedirectURI is where Discord sends people back to; the application must
	// have it among its own.
	RedirectURI string
	Timeout     time.Duration // Of one request; 8 s when zero.
	Log         *zap.Logger   // nil logs nothing.
}

// OAuth is Discord's OAuth2; it implements auth.Provider.
type OAuth struct {
	cfg       Config
	authorize string
	http      *http.Client
	transport *http.Transport
}

var _ auth.Provider = (*OAuth)(nil)

// version ends an address of the API; pages have none.
var version = regexp.MustCompile(`/v[0-9]+$`)

// NewOAuth makes a client.
func NewOAuth(cfg Config) (*OAuth, error) {
	if cfg.Base == "" {
		cfg.Base = discord.DefaultBase
	}
	cfg.Base = strings.TrimRight(cfg.Base, "/")
	if cfg.Timeout <= 0 {
		cfg.Timeout = 8 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.ClientID == "" || cfg.ClientSecret == "" || cfg.RedirectURI == "" {
		return nil, errors.New("logins need discord.client_id, discord.client_secret and discord.redirect_uri")
	}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: maxConns, MaxIdleConnsPerHost: maxConns, IdleConnTimeout: idleFor,
		TLSHandshakeTimeout: cfg.Timeout, MaxResponseHeaderBytes: 64 << 10,
	}
	return &OAuth{
		cfg: cfg, authorize: version.ReplaceAllString(cfg.Base, "") + "/oauth2/authorize", transport: t,
		http: &http.Client{
			Transport: t, Timeout: cfg.Timeout,
			// A redirect would take tokens elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close lets go of the connections.
func (o *OAuth) Close() { o.transport.CloseIdleConnections() }

// LoginURL implements auth.Provider.
func (o *OAuth) LoginURL(state, challenge string) string {
	return o.authorize + "?" + url.Values{
		"client_id": {o.cfg.ClientID}, "response_type": {"code"}, "redirect_uri": {o.cfg.RedirectURI}, "scope": {scopes},
		"state": {state}, "prompt": {"consent"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode()
}

// Exchange implements auth.Provider.
func (o *OAuth) Exchange(ctx context.Context, code, verifier string) (auth.Grant, error) {
	return o.tokens(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {o.cfg.RedirectURI}, "code_verifier": {verifier},
	})
}

// Refresh implements auth.Provider.
func (o *OAuth) Refresh(ctx context.Context, refresh string) (auth.Grant, error) {
	return o.tokens(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

// Revoke implements auth.Provider.
func (o *OAuth) Revoke(ctx context.Context, token string) error {
	return o.post(ctx, "/oauth2/token/revoke", url.Values{"token": {token}}, nil)
}

func (o *OAuth) tokens(ctx context.Context, form url.Values) (auth.Grant, error) {
	var doc struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Type    string  `json:"token_type"`
		Scope   string  `json:"scope"`
		Expires float64 `json:"expires_in"`
	}
	if err := o.post(ctx, "/oauth2/token", form, &doc); err != nil {
		return auth.Grant{}, err
	}
	if doc.Access == "" || !strings.EqualFold(doc.Type, "Bearer") || doc.Expires < 1 || doc.Expires > math.MaxInt32 {
		return auth.Grant{}, fault.New(fault.Upstream, "Discord's answer to a login was not understood; try again")
	}
	return auth.Grant{Access: doc.Access, Refresh: doc.Refresh, Scopes: strings.Fields(doc.Scope), ExpiresIn: time.Duration(doc.Expires) * time.Second}, nil
}

// post sends a form with the application's credentials.
func (o *OAuth) post(ctx context.Context, path string, form url.Values, into any) error {
	form.Set("client_id", o.cfg.ClientID)
	form.Set("client_secret", o.cfg.ClientSecret)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.cfg.Base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("make a request to %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body, err := o.send(req)
	if err != nil {
		return err
	}
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // What is not JSON has no such member.
	switch {
	case status == http.StatusBadRequest && e.Error == "invalid_grant":
		return auth.ErrGrantEnded
	case e.Error == "invalid_client" || e.Error == "unauthorized_client":
		o.cfg.Log.Error("Discord does not accept the application; check discord.client_id and discord.client_secret", zap.Int("status", status))
		return fault.New(fault.Upstream, "logins do not work: Discord does not accept this application; tell the operator")
	case status != http.StatusOK:
		return o.refused(path, status, e.Error)
	}
	return decode(body, into)
}

// User implements auth.Provider.
func (o *OAuth) User(ctx context.Context, access string) (auth.User, error) {
	var u auth.User
	err := o.get(ctx, "/users/@me", access, &u)
	return u, err
}

// Guilds implements auth.Provider.
func (o *OAuth) Guilds(ctx context.Context, access string) ([]auth.Membership, error) {
	var list []auth.Membership
	if err := o.get(ctx, "/users/@me/guilds?limit="+maxGuilds, access, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// get asks as a person.
func (o *OAuth) get(ctx context.Context, path, access string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.cfg.Base+path, nil)
	if err != nil {
		return fmt.Errorf("make a request to %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	status, body, err := o.send(req)
	switch {
	case err != nil:
		return err
	case status == http.StatusUnauthorized:
		return auth.ErrGrantEnded
	case status != http.StatusOK:
		return o.refused(path, status, "")
	}
	return decode(body, into)
}

// send gives the status and the body of an answer that is no 429.
func (o *OAuth) send(req *http.Request) (status int, body []byte, err error) {
	req.Header.Set("User-Agent", discord.UserAgent)
	resp, err := o.http.Do(req)
	if err != nil {
		return 0, nil, unreachable(err)
	}
	defer resp.Body.Close() //nolint:errcheck // It was only read.
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, unreachable(err)
	case len(body) > maxAnswer:
		return 0, nil, fault.New(fault.Upstream, "Discord's answer is larger than %d bytes", maxAnswer)
	case resp.StatusCode == http.StatusTooManyRequests:
		return 0, nil, later(wait(resp.Header, body))
	}
	return resp.StatusCode, body, nil
}

func decode(body []byte, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Wrap(err, fault.Upstream, "Discord's answer was not understood; try again")
	}
	return nil
}

func unreachable(err error) error {
	return fault.Wrap(err, fault.Upstream, "Discord could not be reached or did not answer in time; try again")
}

func (o *OAuth) refused(path string, status int, code string) error {
	path, _, _ = strings.Cut(path, "?")
	return fault.Wrap(fmt.Errorf("%s: status %d %s", path, status, code), fault.Upstream, "Discord answered with an error (%d); try again", status)
}

// later is for what Discord wants to be asked later.
func later(after time.Duration) error {
	f := fault.New(fault.Unavailable, "Discord limits how often it is asked; try again in %d s", int(math.Ceil(after.Seconds())))
	f.RetryAfter = after
	return f
}

// wait is how long a 429 says to wait.
func wait(h http.Header, body []byte) time.Duration {
	const most = 24 * 60 * 60
	var doc struct {
		After float64 `json:"retry_after"`
	}
	_ = json.Unmarshal(body, &doc) // What is not JSON has no such member.
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil && doc.After <= 0 {
		doc.After = s
	}
	if doc.After > 0 && doc.After <= most {
		return time.Duration(doc.After * float64(time.Second))
	}
	return standardWait
}
