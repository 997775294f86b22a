package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/diamondburned/arikawa/v3/utils/httputil/httpdriver"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// call is a Request that was checked and encoded.
type call struct {
	guild  snowflake.GuildID
	method string
	route  string // The template.
	major  string // What keeps the route's limits apart: ids, a token.
	url    string
	body   *body
	reason string
	// bearer routes carry a token in their path: they need no bot token and do
	// not count against the global limit.
	bearer     bool
	repeatable bool
}

// maxReason is Discord's limit of an audit log reason, in characters.
const maxReason = 512

func (r *REST) prepare(req Request) (*call, error) {
	if err := checkPath(req.Route, req.Path); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(req.Reason) > maxReason {
		return nil, fault.New(fault.InvalidInput, "Invalid input for reason: it has more than %d characters", maxReason)
	}
	b, err := encodeBody(req)
	if err != nil {
		return nil, err
	}
	c := &call{guild: req.Guild, method: req.Method, route: req.Route, url: r.cfg.Base + req.Path, body: b, reason: req.Reason}
	c.major, c.bearer = majorOf(req.Path)
	if len(req.Query) > 0 {
		c.url += "?" + req.Query.Encode()
	}
	switch req.Method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
		c.repeatable = true
	case http.MethodPost:
		c.repeatable = req.Route == "/channels/{channel.id}/messages" && b != nil && hasNonce(b.json)
	}
	return c, nil
}

// hasNonce reports whether Discord takes the message only once.
func hasNonce(message []byte) bool {
	nonce := jsonscan.Get(message, "nonce")
	return jsonscan.True(jsonscan.Get(message, "enforce_nonce")) && nonce != nil && string(nonce) != "null" && string(nonce) != `""`
}

// checkPath holds the path against its template: the same words in the same
// places, and nothing in place of an id that could be more than one segment.
// Callers escape what they fill in; this is what a mistake there runs into.
func checkPath(route, path string) error {
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\' {
			return fault.Wrap(fmt.Errorf("path %q of route %s", path, route), fault.InvalidInput, "Invalid input for route %s: a part of its path is not escaped", route)
		}
	}
	t, p := route, path
	for t != "" || p != "" {
		var template, segment string
		var okT, okP bool
		if template, t, okT = nextSegment(t); !okT {
			break
		}
		if segment, p, okP = nextSegment(p); !okP {
			return mismatch(route, path)
		}
		if template == segment {
			continue
		}
		if template == "" || template[0] != '{' || segment == "" || segment == "." || segment == ".." {
			return mismatch(route, path)
		}
	}
	if t != "" || p != "" || route == "" {
		return mismatch(route, path)
	}
	return nil
}

func mismatch(route, path string) error {
	return fault.Wrap(fmt.Errorf("path %q of route %s", path, route), fault.InvalidInput, "Invalid input for route %s: its path does not fit", route)
}

// nextSegment cuts "/a/b" into "a" and "/b".
func nextSegment(s string) (segment, rest string, ok bool) {
	if s == "" || s[0] != '/' {
		return "", s, false
	}
	s = s[1:]
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i], s[i:], true
	}
	return s, "", true
}

// majorOf gives the part of the path by which limits are kept apart (a channel,
// a guild, a webhook or interaction with its token), and whether it holds a
// token.
func majorOf(path string) (major string, bearer bool) {
	first, rest, _ := nextSegment(path)
	switch first {
	case "channels", "guilds":
		_, rest, _ = nextSegment(rest)
		return path[:len(path)-len(rest)], false
	case "webhooks", "interactions":
		_, rest, _ = nextSegment(rest)
		token, after, _ := nextSegment(rest)
		return path[:len(path)-len(after)], token != ""
	case "applications":
		// Commands of a guild are counted by guild.
		_, rest, _ = nextSegment(rest)
		if kind, after, _ := nextSegment(rest); kind == "guilds" {
			_, after, _ = nextSegment(after)
			return path[:len(path)-len(after)], false
		}
	}
	return "", false
}

// send makes one attempt.
func (r *REST) send(ctx context.Context, c *call) answer {
	timeout := time.Duration(r.timeout.Load())
	if c.body != nil {
		timeout += time.Duration(c.body.size/(1<<20)) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := r.cfg.Driver.NewRequest(ctx, c.method, c.url)
	if err != nil {
		return answer{err: err}
	}
	header := http.Header{"User-Agent": {UserAgent}}
	if !c.bearer {
		header["Authorization"] = []string{r.auth}
	}
	if c.reason != "" {
		header["X-Audit-Log-Reason"] = []string{url.PathEscape(c.reason)}
	}
	if c.body != nil {
		header["Content-Type"] = []string{c.body.contentType}
		c.body.attach(req)
	}
	req.AddHeader(header)
	resp, err := r.cfg.Driver.Do(req)
	if err != nil {
		return answer{err: err}
	}
	return readAnswer(resp)
}

// driver settings: Discord speaks HTTP/1.1 well, and many connections of it are
// quicker than one of HTTP/2 that every request shares.
const (
	maxConns = 256
	idleFor  = 90 * time.Second
)

func newTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		t = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.ForceAttemptHTTP2 = false
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	t.Protocols = protocols
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = maxConns, maxConns, maxConns
	t.IdleConnTimeout = idleFor
	t.DisableCompression = true
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}

func newDriver(t http.RoundTripper) httpdriver.Client {
	return httpdriver.WrapClient(http.Client{
		Transport: t,
		// A redirect would take the bot token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// marshal is encoding/json without its escaping for HTML. JSON that is given is
// checked, not copied.
func marshal(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		if !jsonscan.Valid(raw) {
			return nil, fault.New(fault.InvalidInput, "Invalid input for body: it is not JSON, or nests too deeply")
		}
		return raw, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode a request's body: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
