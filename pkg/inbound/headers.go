package inbound

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// hop are the headers of one connection; they end where it does.
var hop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// internal is what proxies in front of the runtime say to it: it names addresses
// of the operator's network, and anybody else can make it up. Scripts are told
// the caller's address in another way.
var internal = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Real-Ip",
	"X-Original-Url", "X-Rewrite-Url", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip",
}

// incoming are the headers that the script sees, by name in the order of their
// bytes; values are one character a byte.
func (e *Endpoint) incoming(r *http.Request, guild snowflake.GuildID) [][2]string {
	drop := slices.Concat(hop, internal)
	for _, v := range r.Header["Connection"] {
		for name := range strings.SplitSeq(v, ",") {
			drop = append(drop, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	if !e.cfg.Base.own() {
		// The host's cookies are the API's, or every guild's.
		drop = append(drop, "Cookie")
	}
	if slices.ContainsFunc(r.Header["Authorization"], e.reserved) {
		drop = append(drop, "Authorization")
	}
	var names []string
	for name := range r.Header {
		if !slices.Contains(drop, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	origin, _ := url.Parse(e.cfg.Base.origin(guild))
	out := [][2]string{{"host", origin.Host}}
	for _, name := range names {
		for _, v := range r.Header[name] {
			if httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(v) {
				out = append(out, [2]string{strings.ToLower(name), latin1(v)})
			}
		}
	}
	return out
}

// reserved reports whether credentials are the API's own.
func (e *Endpoint) reserved(credentials string) bool {
	words := strings.Fields(credentials)
	return len(words) == 2 && strings.EqualFold(words[0], "Bearer") && e.cfg.Reserved(words[1])
}

// latin1 makes a character of each byte, as scripts see headers.
func latin1(v string) string {
	out := make([]rune, len(v))
	for i := range len(v) {
		out[i] = rune(v[i])
	}
	return string(out)
}

// bytesOf is the other direction. It is false for what has no such form.
func bytesOf(v string) (string, bool) {
	out := make([]byte, 0, len(v))
	for _, c := range v {
		if c > 0xff {
			return "", false
		}
		out = append(out, byte(c)) //nolint:gosec // It was just looked at.
	}
	return string(out), true
}

// withheld are headers of responses that would act on more than the guild's own
// endpoint: on the host, which others share, on the connection, or on proxies
// in between.
var withheld = []string{
	"Content-Length", // Is counted.
	"Set-Cookie2", "Clear-Site-Data", "Service-Worker-Allowed", "Strict-Transport-Security", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Expect-Ct",
	"Alt-Svc", "Nel", "Report-To", "Reporting-Endpoints", "Accept-Ch", "Critical-Ch", "Origin-Agent-Cluster", "Www-Authenticate", "Set-Login", "Set-Cookie",
	"X-Request-Id", "X-Sendfile", "X-Lighttpd-Send-File", "X-Reproxy-Url", "X-Reproxy-File", "Surrogate-Control", "X-Dns-Prefetch-Control",
}

// ownWithheld is withheld where each guild has a host of its own.
var ownWithheld = slices.DeleteFunc(slices.Clone(withheld), func(name string) bool {
	switch name {
	case "Set-Cookie", "Www-Authenticate", "Clear-Site-Data":
		return true
	}
	return false
})

// Bounds of a response's headers.
const (
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10
)

// sandbox gives a page an origin of its own, so that it is nobody's neighbour:
// with the host's it could act with what a browser has for the API.
const sandbox = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-presentation allow-scripts"

// outgoing puts a response's headers into h, without what is withheld. The error
// says what is wrong with them.
func (e *Endpoint) outgoing(h http.Header, guild snowflake.GuildID, headers [][2]string) error {
	if len(headers) > maxHeaders {
		return fmt.Errorf("the response has %d headers; at most %d are sent", len(headers), maxHeaders)
	}
	drop := withheld
	if e.cfg.Base.own() {
		drop = ownWithheld
	}
	size := 0
	for _, p := range headers {
		name, value := http.CanonicalHeaderKey(p[0]), p[1]
		value, narrow := bytesOf(value)
		if size += len(name) + len(value); size > maxHeaderBytes {
			return fmt.Errorf("the response's headers have more than %d bytes", maxHeaderBytes)
		}
		if !narrow || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("the response has a header %.40q that cannot be sent", p[0])
		}
		switch {
		case slices.Contains(hop, name), slices.Contains(drop, name), strings.HasPrefix(name, "X-Accel-"), strings.HasPrefix(name, http.TrailerPrefix):
			continue
		case name == "Location", name == "Content-Location":
			value = e.relocated(guild, value)
		case name == "Set-Cookie":
			value = undomained(value)
		}
		h.Add(name, value)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if !e.cfg.Base.own() {
		// Beside what the script says: of two policies both hold.
		h.Add("Content-Security-Policy", sandbox)
	}
	return nil
}

// relocated makes what the script calls its own address, the origin and a path
// below it, what it is for the client.
func (e *Endpoint) relocated(guild snowflake.GuildID, value string) string {
	root := e.cfg.Base.root(guild)
	if root == "" {
		return value
	}
	origin := e.cfg.Base.origin(guild)
	path, ours := strings.CutPrefix(value, origin)
	if ours && (path == "" || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "?") || strings.HasPrefix(path, "#")) {
		if strings.HasPrefix(path, root+"/") || path == root {
			return value
		}
		return origin + root + "/" + strings.TrimPrefix(path, "/")
	}
	if strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") && !strings.HasPrefix(value, `/\`) && !strings.HasPrefix(value, root+"/") && value != root {
		return root + value
	}
	return value
}

// undomained takes the domain off a cookie: it is for the guild's own host, and
// not for its neighbours'.
func undomained(cookie string) string {
	parts := strings.Split(cookie, ";")
	parts = slices.DeleteFunc(parts, func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return strings.EqualFold(strings.TrimSpace(name), "domain")
	})
	return strings.Join(parts, ";")
}
