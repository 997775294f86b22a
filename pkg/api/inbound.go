package api

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Inbound are the endpoints of guilds' scripts.
type Inbound interface {
	// Owns reports whether a request is theirs.
	Owns(r *http.Request) bool
	// Serve answers it; an error is what to answer, and nothing was written.
	Serve(w http.ResponseWriter, r *http.Request, who inbound.Caller) error
	// Guild is whose endpoint a request of theirs is for, if it names one.
	Guild(r *http.Request) (guild snowflake.GuildID, ok bool)
	// Within is how long the beginning of an answer may take.
	Within() time.Duration
	// URL is where a guild's is reached.
	URL(guild snowflake.GuildID) string
	Close()
}

// inboundRoute is what the endpoints' requests are measured as.
const inboundRoute = "/g/:guild"

// withInbound sends what is theirs to the guilds' endpoints. Nothing of the API's
// is asked about it: neither who calls nor what is allowed.
func (a *API) withInbound(rest http.Handler) http.Handler {
	if a.cfg.Inbound == nil {
		return rest
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.cfg.Inbound.Owns(r) {
			rest.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		c := a.echo.NewContext(r, w)
		h := c.Response().Header()
		id := forward.ID(r.Context())
		if id == "" {
			id = uuid.NewString()
		}
		h.Set(requestID, id)
		a.cfg.Site.guard(h)
		served, err := a.passInbound(c, id)
		if served && err == nil {
			return // The owner measures it.
		}
		if err == nil {
			err = a.cfg.Inbound.Serve(c.Response(), r, caller(c))
		}
		if err != nil && !errors.Is(err, http.ErrAbortHandler) {
			a.problem(err, c)
		}
		// Clients choose methods and scripts statuses; metrics have few of both.
		status := c.Response().Status
		a.cfg.Meter(ordinary(r.Method), inboundRoute, status-status%100, time.Since(start), h.Get("Content-Type") == eventStream)
		a.cfg.Log.Debug("request of an endpoint", zap.String("method", r.Method), zap.Int("status", status),
			zap.Duration("took", time.Since(start)), zap.String("remote", c.RealIP()), zap.String("request_id", id))
		if errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
	})
}

// ordinary is a method as metrics name it.
func ordinary(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// caller is who sends a request: the address that the trusted proxies name.
func caller(c echo.Context) inbound.Caller {
	who := inbound.Caller{Key: c.RealIP()}
	direct, err := netip.ParseAddrPort(c.Request().RemoteAddr)
	if err == nil {
		who.Address = direct
	}
	if a, err := netip.ParseAddr(c.RealIP()); err == nil {
		who.Key = neighbourhood(a)
		if a.Unmap() != direct.Addr().Unmap() {
			who.Address = netip.AddrPortFrom(a, 0) // The proxy's port is not theirs.
		}
	}
	return who
}
