package egress

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/nlnwa/whatwg-url/url"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
)

// hop is one request on the way.
type hop struct {
	at     *url.Url
	method string
	header http.Header
	body   []byte
	stream io.ReadCloser
}

// follow makes the request and those it is redirected to, by the fetch
// standard. Every hop is parsed, resolved and checked like the first.
func (c *Client) follow(ctx context.Context, e *exchange, by *deadline, header http.Header, r Request) error {
	h := hop{at: r.at, method: r.Method, header: header, body: r.Body, stream: r.Stream}
	for n := 0; ; n++ {
		res, err := c.send(ctx, e, by, h)
		if err != nil {
			f := explain(ctx, err, h.at.Host())
			if n > 0 && f.Code == "ESECRET" {
				f.Text = "a redirect leads to " + h.at.Host() + ": " + f.Text
			}
			return f
		}
		location, redirects := res.Header.Get("Location"), isRedirect(res.StatusCode)
		if !redirects || location == "" || r.Redirect == Manual {
			e.finish(h, res, n > 0)
			return nil
		}
		drop(res)
		if r.Redirect == Refuse {
			return failure(Refused, "EREDIRECT", h.at.Host()+" redirects, and redirect is \"error\"")
		}
		if n == MaxRedirects {
			return failure(Refused, "EREDIRECT", "there were more than 20 redirects")
		}
		if h.stream != nil && res.StatusCode != http.StatusSeeOther {
			return failure(Refused, "EREDIRECT", h.at.Host()+" redirects, and a body that is a stream cannot be sent again")
		}
		// A server that was told a secret may name it in the address.
		if h, err = h.next(res.StatusCode, e.disguise.scrubber().Text(location)); err != nil {
			return err
		}
	}
}

func isRedirect(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

// drop lets the connection be used again if little is left of the body.
func drop(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	_ = res.Body.Close()
}

// next is where a redirect leads.
func (h hop) next(status int, location string) (hop, error) {
	to, err := parse(h.at, location)
	if f, ok := err.(*Failure); ok { //nolint:errorlint // parse makes it.
		f.Text = h.at.Host() + " redirects to where nothing can be fetched: " + f.Text
		return hop{}, f
	}
	out := hop{at: to, method: h.method, header: h.header.Clone(), body: h.body, stream: h.stream}
	post := h.method == http.MethodPost
	if status == 303 && h.method != http.MethodGet && h.method != http.MethodHead || (status == 301 || status == 302) && post {
		out.method, out.body, out.stream = http.MethodGet, nil, nil
		for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"} {
			out.header.Del(name)
		}
	}
	if origin(h.at) != origin(to) {
		// What was meant for one server is not another's.
		for name, values := range out.header {
			if name == "Authorization" || name == "Cookie" || name == "Proxy-Authorization" || slices.ContainsFunc(values, secret.Has) {
				delete(out.header, name)
			}
		}
	}
	return out, nil
}

func origin(u *url.Url) string { return u.Protocol() + "//" + u.Host() }

// send makes one request. Cookies are neither kept nor sent.
func (c *Client) send(ctx context.Context, e *exchange, by *deadline, h hop) (*http.Response, error) {
	if !portAllowed(uint16(h.at.DecodedPort())) { //nolint:gosec // The parser takes no more than 65535.
		return nil, errPort
	}
	out, err := e.disguise.reveal(h, c.cfg.Limits)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	switch {
	case h.stream != nil:
		body = &upload{from: out.stream, close: h.stream.Close, paid: func(n int) error {
			c.cfg.Moved(n, 0)
			return c.pay(ctx, e, n)
		}, deadline: by}
	case len(out.body) > 0:
		body = bytes.NewReader(out.body)
		if err := c.pay(ctx, e, len(out.body)); err != nil {
			return nil, err
		}
		c.cfg.Moved(len(out.body), 0)
	}
	req, err := http.NewRequestWithContext(ctx, h.method, out.href, body)
	if err != nil {
		return nil, failure(Invalid, "EURL", "the URL is not valid")
	}
	if body == nil && (h.method == http.MethodPost || h.method == http.MethodPut) {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	// What the standard library reads must be what was parsed and checked.
	if req.URL.Hostname() != strings.Trim(h.at.Hostname(), "[]") {
		return nil, failure(Invalid, "EURL", "the URL is not valid")
	}
	req.Header = out.header
	return e.guild.transport.RoundTrip(req)
}

func overLimit() *Failure {
	return failure(OverLimit, "EBUDGET", "this server's scripts have moved too many bytes lately; try again in a minute")
}

// finish reads the head of the response.
func (e *exchange) finish(h hop, res *http.Response, redirected bool) {
	out := &Response{Status: res.StatusCode, URL: h.at.Href(true), Redirected: redirected, Headers: pairs(res.Header), host: h.at.Host()}
	out.StatusText = strings.TrimSpace(strings.TrimPrefix(res.Status, res.Status[:min(3, len(res.Status))]))
	out.StatusText = fromBytes(out.StatusText)
	if strings.ContainsFunc(out.StatusText, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		out.StatusText = ""
	}
	e.disguise.conceal(out)
	e.res, e.raw = out, res
	e.empty = h.method == http.MethodHead || res.StatusCode == 204 || res.StatusCode == 304
}

// pairs lists the headers by name, the values of one in their order.
func pairs(h http.Header) []Pair {
	out := make([]Pair, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			out = append(out, Pair{strings.ToLower(name), fromBytes(v)})
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int { return strings.Compare(a[0], b[0]) })
	return out
}
