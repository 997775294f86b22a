package api

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// beside sends the prefixes to local, for callers on this machine only. Web
// pages of other sites may not act on it either, although they run here: a
// browser says whose page asks, and a name that its owner has made lead here
// is not ours.
func (s Site) beside(api, local http.Handler, prefixes []string) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.refusal(fault.New(fault.Forbidden, "Forbidden: pages of other sites may not act on this machine")))
	guarded := protection.Handler(local)
	strange := s.refusal(fault.New(fault.Forbidden, "Forbidden: this is served under the names of this machine only; use 127.0.0.1 or localhost"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !under(r.URL.Path, prefixes) || !fromHere(r.RemoteAddr) {
			api.ServeHTTP(w, r)
			return
		}
		if !ownName(r.Host) {
			strange.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// refusal answers like the API's own errors.
func (s Site) refusal(f *fault.Fault) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		id := uuid.NewString()
		h := w.Header()
		h.Set(requestID, id)
		h.Set("Content-Type", "application/json")
		s.guard(h)
		if f.RetryAfter > 0 {
			h.Set("Retry-After", seconds(f.RetryAfter))
		}
		w.WriteHeader(f.Status())
		_ = json.NewEncoder(w).Encode(map[string]any{"message": f.Message, "code": f.Code, "request_id": id})
	}
}

// ownName accepts addresses and localhost in a Host header.
func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil
}

func under(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if p == "/" { // The front page, not all that there is.
			if path == p {
				return true
			}
			continue
		}
		p = strings.TrimSuffix(p, "/")
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func fromHere(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
