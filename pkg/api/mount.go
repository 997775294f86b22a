package api

import (
	"net"
	"net/http"
	"strings"
)

// beside sends the prefixes to local, for callers on this machine only. Web
// pages of other sites may not act on it either, although they run here.
func beside(api, local http.Handler, prefixes []string) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(local)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !under(r.URL.Path, prefixes) || !fromHere(r.RemoteAddr) {
			api.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func under(path string, prefixes []string) bool {
	for _, p := range prefixes {
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
