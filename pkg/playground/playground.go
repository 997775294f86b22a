// Package playground is the page on which one plays with a bot in the simulated
// Discord: it serves the page's files, and passes a few requests of the page on
// to the API, which it cannot ask itself because it has no token. It answers
// this machine's own pages only; the page does the rest with the simulator's
// routes.
package playground

import (
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

//go:embed web
var files embed.FS

// Prefixes are the paths that belong to the playground. "/" is that path only.
var Prefixes = []string{"/", "/playground"}

// Owns reports whether the path is the playground's.
func Owns(p string) bool { return p == "/" || under(p, "/playground") }

// apiPrefix is where the routes of the API are that the page may use.
const apiPrefix = "/playground/api"

// policy lets the page run its own modules and styles, and talk to where it came
// from. What a script says is text to it: nothing can make code of text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// New makes the playground. API serves what the page may ask, as whoever may
// see it; with nil there is no simulated Discord, and the page says so.
func New(api http.Handler) (http.Handler, error) {
	web, err := fs.Sub(files, "web")
	if err != nil {
		return nil, err
	}
	return &handler{api: api, web: web}, nil
}

type handler struct {
	api http.Handler
	web fs.FS
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	switch {
	case h.api != nil && under(p, apiPrefix):
		h.pass(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "Method not allowed: the playground is read")
	case p == "/" && h.api == nil:
		h.file(w, "nosim.html")
	case p == "/":
		h.file(w, "index.html")
	default:
		name := strings.TrimPrefix(p, "/playground/")
		if h.api == nil && path.Ext(name) == ".js" || path.Ext(name) == ".html" {
			name = ""
		}
		h.file(w, name)
	}
}

func under(p, prefix string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }

// file serves a file of the page.
func (h *handler) file(w http.ResponseWriter, name string) {
	b, err := fs.ReadFile(h.web, name)
	if err != nil {
		refuse(w, http.StatusNotFound, "not_found", "Resource not found: the playground has no such file")
		return
	}
	guard(w.Header())
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(b) //nolint:gosec // It is a file of this package.
}

// guard keeps browsers from doing with an answer what it is not for. Nothing is
// kept, because the next start may bring another version on the same port.
func guard(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// allowed are the routes of the API that the page may use: all that a person
// looks at, and the start of a cron job. Nothing that deploys, writes keys,
// reads or writes secrets, or makes tokens may ever stand here.
var allowed = []struct{ method, path string }{
	{http.MethodGet, "/deployments/{guild}"},
	{http.MethodGet, "/logs/{guild}"},
	{http.MethodGet, "/logs/{guild}/stream"},
	{http.MethodGet, "/kv/stores"},
	{http.MethodGet, "/kv/{guild}/{name}"},
	{http.MethodGet, "/kv/{guild}/{name}/{name}"},
	{http.MethodGet, "/crons/{guild}"},
	{http.MethodPost, "/crons/{guild}/{name}/run"},
}

// pass sends a request on to the API, when it is a page's own and may be sent.
func (h *handler) pass(w http.ResponseWriter, r *http.Request) {
	if !ownPage(r) {
		refuse(w, http.StatusForbidden, "forbidden", "Forbidden: only the playground's own page may ask here; with an API token, ask below /api")
		return
	}
	if !mayPass(r) {
		refuse(w, http.StatusNotFound, "not_found", "Resource not found: the playground has no such route; with an API token, ask below /api")
		return
	}
	// The caller is the page, whatever else the browser says of itself.
	out := r.Clone(r.Context())
	out.Header.Del("Authorization")
	out.Header.Del("Cookie")
	out.URL.Path = strings.TrimPrefix(r.URL.Path, "/playground")
	out.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/playground")
	out.RequestURI = ""
	h.api.ServeHTTP(w, out)
}

// ownPage reports whether the request does not come from a page of another site.
// Browsers say so for every request, also for those that only read.
func ownPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// mayPass looks the request up in the list, segment by segment as it was sent,
// so that an encoded slash never makes another path.
func mayPass(r *http.Request) bool {
	sent := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix), "/")
	for _, a := range allowed {
		if a.method == r.Method && fits(strings.Split(a.path, "/"), sent) {
			return true
		}
	}
	return false
}

func fits(pattern, sent []string) bool {
	if len(pattern) != len(sent) {
		return false
	}
	for i, p := range pattern {
		switch s := sent[i]; {
		case p == "{guild}":
			if s == "" || strings.Trim(s, "0123456789") != "" {
				return false
			}
		case p == "{name}":
			if s == "" || s == "." || s == ".." {
				return false
			}
		case p != s:
			return false
		}
	}
	return true
}

// refuse answers like the API's own errors.
func refuse(w http.ResponseWriter, status int, code, message string) {
	guard(w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message, "code": code})
}
