package egress

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
	"golang.org/x/net/http/httpguts"

	"github.com/flora-runtime/flora-runtime/pkg/platform"
)

// Redirect says what becomes of a redirect.
type Redirect string

// The modes. Manual gives the redirecting response itself.
const (
	Follow Redirect = "follow"
	Refuse Redirect = "error"
	Manual Redirect = "manual"
)

// Pair is one header. Its texts stand for bytes, a character each, as the fetch
// standard has it.
type Pair [2]string

// Request is what a script asks for.
type Request struct {
	Method   string
	URL      string
	Headers  []Pair
	Body     []byte
	Stream   io.ReadCloser // The body as it is made, in place of Body; it is closed at the end.
	Redirect Redirect      // "" is Follow.
	Ended    func()        // Called when the response's Stream is over by itself; may be nil.
	Max      int64         // Of the response's body when it is taken as a whole; 0 is the limit.

	at *url.Url
}

// Response is what came back.
type Response struct {
	Status     int
	StatusText string
	URL        string // Of the last hop, without fragment.
	Redirected bool
	Headers    []Pair  // Lower case, sorted by name.
	Body       []byte  // Of Do.
	Stream     *Stream // Of Open; nil when there is no body.
	host       string
}

// Header is the first value of a header; name is in lower case.
func (r *Response) Header(name string) string {
	for _, h := range r.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// StatusLine is such as "404 Not Found".
func (r *Response) StatusLine() string {
	return strings.TrimSpace(strconv.Itoa(r.Status) + " " + r.StatusText)
}

// host is the host as the script gave it, for errors.
func (r *Request) host() string {
	if r.at == nil {
		return "the address"
	}
	return r.at.Host()
}

// parse reads an address by the URL standard: what 0x7f.1 or a fullwidth digit
// means is decided before it is checked.
func parse(base *url.Url, text string) (*url.Url, error) {
	if len(text) > MaxURL {
		return nil, failure(Invalid, "EURL", "the URL is longer than "+strconv.Itoa(MaxURL)+" bytes")
	}
	from := ""
	if base != nil {
		from = base.Href(true)
	}
	u, err := platform.Parse(from, text)
	switch {
	case err != nil:
		return nil, failure(Invalid, "EURL", "the URL is not valid")
	case u.Scheme() != "http" && u.Scheme() != "https":
		return nil, failure(Refused, "ESCHEME", "only http: and https: can be fetched, not "+clip(u.Scheme())+":")
	case u.Username() != "" || u.Password() != "":
		return nil, failure(Refused, "ECREDENTIALS", "a URL with a user name or password cannot be fetched; send an Authorization header")
	case u.Hostname() == "":
		return nil, failure(Invalid, "EURL", "the URL has no host")
	}
	return u, nil
}

// clip shortens what is quoted.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

var (
	standardMethods  = []string{"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}
	forbiddenMethods = []string{"CONNECT", "TRACE", "TRACK"}
)

// forbidden are the headers that are not the script's to set: they frame the
// message or steer proxies. They are left out, as in browsers.
var forbidden = []string{
	"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "via",
}

func isForbidden(name string) bool {
	return slices.Contains(forbidden, name) || strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, ":")
}

// prepare checks the request and gives its headers as they are sent.
func (c *Client) prepare(r *Request) (http.Header, error) {
	var err error
	if r.at, err = parse(nil, r.URL); err != nil {
		return nil, err
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	upper := strings.ToUpper(r.Method)
	if slices.Contains(standardMethods, upper) {
		r.Method = upper
	}
	if !httpguts.ValidHeaderFieldName(r.Method) || slices.Contains(forbiddenMethods, upper) {
		return nil, failure(Invalid, "EMETHOD", "the method "+strconv.Quote(clip(r.Method))+" cannot be sent")
	}
	if (len(r.Body) > 0 || r.Stream != nil) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return nil, failure(Invalid, "EMETHOD", "a "+r.Method+" request cannot have a body")
	}
	if int64(len(r.Body)) > c.cfg.Limits.RequestBytes {
		return nil, failure(TooLarge, "EBODY", "the request's body has more than "+strconv.FormatInt(c.cfg.Limits.RequestBytes, 10)+" bytes")
	}
	switch r.Redirect {
	case "":
		r.Redirect = Follow
	case Follow, Refuse, Manual:
	default:
		return nil, failure(Invalid, "EMODE", "redirect must be follow, error or manual")
	}
	if r.Max <= 0 || r.Max > c.cfg.Limits.ResponseBytes {
		r.Max = c.cfg.Limits.ResponseBytes
	}
	return c.headers(r)
}

func (c *Client) headers(r *Request) (http.Header, error) {
	out := http.Header{}
	size := 0
	if len(r.Headers) > maxHeaders {
		return nil, failure(TooLarge, "EHEADERS", "the request has more than "+strconv.Itoa(maxHeaders)+" headers")
	}
	for _, h := range r.Headers {
		name, value := strings.ToLower(h[0]), strings.Trim(h[1], " \t\r\n")
		value, narrow := toBytes(value)
		if size += len(name) + len(value) + 4; size > maxHeaderBytes {
			return nil, failure(TooLarge, "EHEADERS", "the request's headers have more than "+strconv.Itoa(maxHeaderBytes)+" bytes")
		}
		if isForbidden(name) {
			continue
		}
		if !narrow || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, failure(Invalid, "EHEADERS", "the header "+strconv.Quote(clip(name))+" cannot be sent")
		}
		out.Add(name, value)
	}
	setDefault := func(name, value string) {
		if out.Get(name) == "" {
			out.Set(name, value)
		}
	}
	setDefault("Accept", "*/*")
	setDefault("User-Agent", c.cfg.UserAgent)
	if out.Get("Range") != "" {
		setDefault("Accept-Encoding", "identity") // A part cannot be decompressed.
	}
	setDefault("Accept-Encoding", "gzip, deflate, br, zstd")
	return out, nil
}

// toBytes makes the bytes that a header's text stands for.
func toBytes(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		out = append(out, byte(r)) //nolint:gosec // It was just checked.
	}
	return string(out), true
}

// fromBytes makes the text that stands for a header's bytes.
func fromBytes(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}
