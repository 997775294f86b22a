package api

import (
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Starting answers while the runtime starts: the probes, and everything else
// with 503. ready says what the start waits for.
func Starting(ready func() error) http.Handler {
	alive := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok"))
	}
	refuse := func(w http.ResponseWriter, r *http.Request) {
		f := notReady(ready())
		f.RetryAfter = time.Second
		Site{}.refusal(f)(w, r)
	}
	mux := http.NewServeMux()
	for _, base := range []string{"", "/api"} {
		mux.HandleFunc("GET "+base+"/health", alive)
		mux.HandleFunc("GET "+base+"/livez", alive)
	}
	mux.HandleFunc("/", refuse)
	return mux
}

// notReady is the answer of a runtime that is not ready, which err says why.
func notReady(err error) *fault.Fault {
	if err == nil {
		return fault.New(fault.Unavailable, "the runtime is starting")
	}
	return fault.Wrap(err, fault.Unavailable, "not ready: %s", fault.From(err).Message)
}

// NewServer is an HTTP server with the bounds of a connection that the API
// needs. There is no WriteTimeout, which would cut streams: every route has a
// deadline of its own instead. The proxies are those of the Site. Whoever runs it closes the API when it shuts
// down, so that streams end first.
func NewServer(h http.Handler, proxies []netip.Prefix, log *zap.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: zap.NewStdLog(log), ConnState: newConnections(connectionLimit(), proxies).changed,
	}
}
