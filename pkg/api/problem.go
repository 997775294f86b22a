package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
)

const requestID = "X-Request-ID"

// observe gives the request its id and writes the access log. It writes errors
// itself, so that the log has their status.
func (a *API) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		h := c.Response().Header()
		id := forward.ID(c.Request().Context())
		if id == "" {
			id = uuid.NewString()
		}
		h.Set(requestID, id)
		a.cfg.Site.guard(h)
		err := next(c)
		defer abort(err)
		if err != nil {
			c.Error(err)
		}
		if c.Get(passedOn) != nil {
			a.cfg.Log.Debug("request passed on", zap.String("method", c.Request().Method), zap.String("route", c.Path()), zap.Int("status", c.Response().Status),
				zap.Duration("took", time.Since(start)), zap.String("remote", c.RealIP()), zap.String("request_id", id))
			return nil
		}
		a.cfg.Meter(c.Request().Method, c.Path(), c.Response().Status, time.Since(start), c.Response().Header().Get("Content-Type") == eventStream)
		level := zap.InfoLevel
		switch {
		case c.Response().Status >= http.StatusInternalServerError:
			level = zap.ErrorLevel
		case a.probes[c.Path()]:
			level = zap.DebugLevel // They come every few seconds.
		}
		a.cfg.Log.Log(level, "request",
			zap.String("method", c.Request().Method), zap.String("route", c.Path()), zap.Int("status", c.Response().Status),
			zap.Duration("took", time.Since(start)), zap.String("remote", c.RealIP()), zap.String("request_id", id))
		return nil
	}
}

// recover turns a panic into an answer; its stack goes to the log.
func (a *API) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				a.cfg.Log.Error("handler panicked", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		return next(c)
	}
}

// problem answers with an error's public face.
func (a *API) problem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if c.Request().ContentLength != 0 && c.Get(bodyRead) == nil {
		// Else the answer would wait for the rest of the body.
		c.Response().Header().Set("Connection", "close")
	}
	f := faultOf(err)
	if f.Code == fault.Internal {
		a.cfg.Log.Error("request failed", zap.Error(err), zap.String("request_id", c.Response().Header().Get(requestID)))
	}
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", seconds(f.RetryAfter))
	}
	if f.Status() == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", "Bearer")
	}
	doc := map[string]any{}
	for k, v := range f.Details {
		doc[k] = v
	}
	doc["message"], doc["code"], doc["request_id"] = f.Message, f.Code, c.Response().Header().Get(requestID)
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(f.Status())
		return
	}
	if err := c.JSON(f.Status(), doc); err != nil {
		a.cfg.Log.Debug("error was not delivered", zap.Error(err))
	}
}

// seconds is a Retry-After.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// faultOf names every error that can come out of a handler or the router.
func faultOf(err error) *fault.Fault {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Timeout, "the request took too long; try again")
	case errors.Is(err, context.Canceled):
		return fault.Wrap(err, fault.Unavailable, "the request was given up")
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch he.Code {
		case http.StatusNotFound:
			return fault.New(fault.NotFound, "Resource not found: there is no such route")
		case http.StatusMethodNotAllowed:
			return fault.New(fault.MethodNotAllow, "this method is not allowed here; see the Allow header")
		}
	}
	return fault.From(err)
}

// trimSlash makes a trailing slash optional.
func trimSlash(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if len(u.Path) > 1 && strings.HasSuffix(echo.GetPath(c.Request()), "/") {
			// In place: echo's router looks at this very URL.
			u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
		}
		return next(c)
	}
}
