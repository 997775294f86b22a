package inbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// placeholder stands for the guild's id in the address of endpoints.
const placeholder = "{guild}"

// prefix begins the paths of endpoints that share a host.
const prefix = "/g/"

// Base is where endpoints are reached from outside.
type Base struct {
	scheme, host string // The host with {guild}, if each guild has its own.
	// apart says that the host is not the API's, so nothing else is there.
	apart bool
}

// ParseBase reads an address like https://bot.example.com, under which the
// endpoints are at /g/<guild>/, or https://{guild}.bots.example.com. apart says
// that its host is not the API's.
func ParseBase(text string, apart bool) (Base, error) {
	if strings.Count(text, placeholder) > 1 {
		return Base{}, errors.New("{guild} may stand there once")
	}
	// A brace is no part of a host.
	u, err := url.Parse(strings.Replace(text, placeholder, "0", 1))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return Base{}, fmt.Errorf("%q is no address like https://bot.example.com or https://{guild}.bots.example.com", text)
	}
	_, host, _ := strings.Cut(text, "://")
	if strings.Contains(host, placeholder) && !strings.HasPrefix(host, placeholder+".") {
		return Base{}, errors.New("{guild} must be the first label of the host")
	}
	return Base{scheme: u.Scheme, host: strings.ToLower(host), apart: apart}, nil
}

// own reports whether each guild has a host of its own.
func (b Base) own() bool { return strings.HasPrefix(b.host, placeholder) }

// origin is that of the guild's endpoint.
func (b Base) origin(guild snowflake.GuildID) string {
	return b.scheme + "://" + strings.Replace(b.host, placeholder, guild.String(), 1)
}

// root is the path below which the guild's endpoint is, without a slash.
func (b Base) root(guild snowflake.GuildID) string {
	if b.own() {
		return ""
	}
	return prefix + guild.String()
}

// URL is where the guild's endpoint is reached, with a slash at its end.
func (b Base) URL(guild snowflake.GuildID) string { return b.origin(guild) + b.root(guild) + "/" }

// hostname is a host in lower case without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// Owns reports whether the request is for an endpoint, or for the endpoints'
// own host, and so for nobody else.
func (b Base) Owns(r *http.Request) bool {
	name := hostname(r.Host)
	switch {
	case b.own():
		return strings.HasSuffix(name, hostname(strings.TrimPrefix(b.host, placeholder)))
	case b.apart:
		return name == hostname(b.host)
	}
	return strings.HasPrefix(r.URL.Path, prefix) || r.URL.Path == strings.TrimSuffix(prefix, "/")
}

// place is which guild's endpoint a request is for, and the path below it.
func (b Base) place(r *http.Request) (guild snowflake.GuildID, path string, err error) {
	path = r.URL.EscapedPath()
	id := ""
	if b.own() {
		id, _, _ = strings.Cut(hostname(r.Host), ".")
	} else {
		below, ok := strings.CutPrefix(path, prefix)
		if !ok {
			return 0, "", errClosed()
		}
		id, path, _ = strings.Cut(below, "/")
		path = "/" + path
	}
	if guild, err = snowflake.ParseGuild(id); err != nil || guild.String() != id {
		return 0, "", errClosed()
	}
	if !strings.HasPrefix(path, "/") {
		return 0, "", fault.New(fault.BadRequest, "Bad request: the request names no path")
	}
	if dotted(path) {
		return 0, "", fault.New(fault.BadRequest, "Bad request: the path has the segment . or .., which nobody would see; send it resolved")
	}
	return guild, path, nil
}

// Guild is whose endpoint a request is for, if it names one.
func (b Base) Guild(r *http.Request) (guild snowflake.GuildID, ok bool) {
	guild, _, err := b.place(r)
	return guild, err == nil
}

// dotted reports whether a segment of the path is one that URLs resolve.
func dotted(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".", "..":
			return true
		}
	}
	return false
}

// errClosed is the answer where nothing is served, whatever the reason.
func errClosed() error {
	return fault.New(fault.NotFound, "Resource not found: nothing is served here")
}
