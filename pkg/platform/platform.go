// Package platform answers, inside a worker, what the web platform of a script
// needs of native code: addresses by the URL standard, and text as UTF-8 bytes.
// Bytes cross as base64, which V8 turns into buffers by itself. The functions
// take what any script gives them: each is bounded in size, and none panics.
package platform

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nlnwa/whatwg-url/url"
)

// Bounds of one call, in bytes.
const (
	MaxURL  = 64 << 10
	MaxText = 16 << 20
)

// Errors of a call.
var (
	ErrTooLong = errors.New("it is too long")
	ErrInvalid = errors.New("it is not valid UTF-8")
	errURL     = errors.New("it is not a valid URL")
)

// Parts are the members of a URL, in the order that sdk-bundle/src/url.ts
// reads them.
type Parts struct {
	Href     string `json:"href"`
	Origin   string `json:"origin"`
	Protocol string `json:"protocol"`
	Username string `json:"username"`
	Password string `json:"password"`
	Host     string `json:"host"`
	Hostname string `json:"hostname"`
	Port     string `json:"port"`
	Pathname string `json:"pathname"`
	Search   string `json:"search"`
	Hash     string `json:"hash"`
}

// URL reads a JSON array and gives the parts of a URL as JSON: of [url],
// [url, base], or [url, member, value], which is the URL with a member set.
func URL(args []byte) (doc string, err error) {
	if len(args) > MaxURL {
		return "", fmt.Errorf("URL of %d bytes: %w", len(args), ErrTooLong)
	}
	var in []string
	if err := json.Unmarshal(args, &in); err != nil || len(in) < 1 || len(in) > 3 {
		return "", errURL
	}
	defer func() {
		if p := recover(); p != nil {
			doc, err = "", errURL
		}
	}()
	base := ""
	if len(in) == 2 {
		if base = in[1]; base == "" {
			return "", errURL
		}
	}
	u, err := Parse(base, in[0])
	if err != nil {
		return "", err
	}
	if len(in) == 3 {
		if u, err = set(u, in[1], in[2]); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(parts(u)) //nolint:gosec // It goes back to the script that wrote it.
	return string(b), err
}

// Bounds of what stands before a URL's path: the parser's time grows with the
// square of its length, and of the number of its at signs. To write a path takes
// as long as it is, for each of its segments.
const (
	maxAuthority = 2048
	maxAts       = 64
	maxSegments  = 1024
	maxMember    = 256 // Of a user name, a password or a host that is set.
)

var (
	ignored   = strings.NewReplacer("\t", "", "\n", "", "\r", "")
	hasScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

// crowded reports whether a URL has too much before its path, or too many segments
// in it. What it takes for that is never less than what the parser does.
func crowded(s string) bool {
	s = strings.TrimLeftFunc(ignored.Replace(s), func(r rune) bool { return r <= ' ' })
	scheme := hasScheme.FindString(s)
	rest := s[len(scheme):]
	authority := strings.TrimLeft(rest, "/\\")
	special := slices.Contains([]string{"http:", "https:", "ws:", "wss:", "ftp:", "file:"}, strings.ToLower(scheme))
	opaque := scheme != "" && !special && len(rest) == len(authority)
	if !opaque && segments(rest) > maxSegments {
		return true
	}
	if len(rest)-len(authority) < 2 && !special {
		return false // It is a path.
	}
	if end := strings.IndexAny(authority, "/\\?#"); end >= 0 && special {
		authority = authority[:end]
	} else if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end] // A backslash is one of its characters, or begins the path.
	}
	return len(authority) > maxAuthority || strings.Count(authority, "@") > maxAts
}

// segments is how many a path has at most.
func segments(path string) int {
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	return strings.Count(path, "/") + strings.Count(path, "\\")
}

// Parse reads a URL, relative to base if that is not "". The parser is foreign
// and meets what strangers wrote, so it must neither panic nor take long.
func Parse(base, text string) (u *url.Url, err error) {
	defer func() {
		if p := recover(); p != nil {
			u, err = nil, errURL
		}
	}()
	if crowded(base) || crowded(text) {
		return nil, errURL
	}
	if base == "" {
		u, err = parser.Parse(text)
	} else {
		u, err = parser.ParseRef(base, text)
	}
	if err != nil {
		return nil, errURL
	}
	return spaced(u)
}

// parser is as the library's own, but for a character that the standard has come
// to escape in paths.
var parser = url.NewParser(url.WithPathPercentEncodeSet(url.PathPercentEncodeSet.Set('^')))

// spaced escapes the space at the end of an opaque path that a query or a fragment
// follows, as the standard has come to do instead of taking it away later.
func spaced(u *url.Url) (*url.Url, error) {
	href, path := u.Href(false), u.Protocol()+u.Pathname()
	if !u.OpaquePath() || !strings.HasSuffix(path, " ") || len(href) == len(path) {
		return u, nil
	}
	return parser.Parse(path[:len(path)-1] + "%20" + href[len(path):])
}

// set changes a member. What the standard does not allow changes nothing.
func set(u *url.Url, member, value string) (*url.Url, error) {
	if len(value) > maxMember && slices.Contains([]string{"username", "password", "host", "hostname"}, member) {
		return u, nil
	}
	if member == "pathname" && strings.Count(value, "/")+strings.Count(value, "\\") > maxSegments/2 {
		return u, nil
	}
	switch member {
	case "href":
		return Parse("", value)
	case "protocol":
		u.SetProtocol(value)
	case "username":
		u.SetUsername(value)
	case "password":
		u.SetPassword(value)
	case "host":
		u.SetHost(value)
	case "hostname":
		u.SetHostname(value)
	case "port":
		u.SetPort(value)
	case "pathname":
		u.SetPathname(value)
	case "search":
		u.SetSearch(value)
	case "hash":
		u.SetHash(value)
	}
	return u, nil
}

func parts(u *url.Url) Parts {
	return Parts{
		Href: u.Href(false), Origin: origin(u), Protocol: u.Protocol(), Username: u.Username(), Password: u.Password(),
		Host: u.Host(), Hostname: u.Hostname(), Port: u.Port(), Pathname: u.Pathname(), Search: u.Search(), Hash: u.Hash(),
	}
}

// origin is the serialized origin: "null" for what is none.
func origin(u *url.Url) string {
	switch u.Scheme() {
	case "http", "https", "ws", "wss", "ftp":
		return u.Protocol() + "//" + u.Host()
	case "blob":
		if inner, err := Parse("", u.Pathname()); err == nil && strings.HasPrefix(inner.Scheme(), "http") {
			return origin(inner)
		}
	}
	return "null"
}

// Encode gives a text's UTF-8 in base64.
func Encode(text []byte) (string, error) {
	if len(text) > MaxText {
		return "", fmt.Errorf("text of %d bytes: %w", len(text), ErrTooLong)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}

// Decode gives the bytes that are in base64 as text. V8 puts U+FFFD for what is
// not UTF-8, as the encoding standard has it; fatal makes that an error.
func Decode(encoded []byte, fatal bool) (string, error) {
	if len(encoded) > base64.StdEncoding.EncodedLen(MaxText) {
		return "", fmt.Errorf("%d bytes: %w", base64.StdEncoding.DecodedLen(len(encoded)), ErrTooLong)
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Decode(out, encoded)
	if err != nil {
		return "", fmt.Errorf("read base64: %w", err)
	}
	if fatal && !utf8.Valid(out[:n]) {
		return "", ErrInvalid
	}
	return string(out[:n]), nil
}
