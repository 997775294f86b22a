package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// passedOn is set in the context of a request that another replica has answered,
// which measures and logs it.
const passedOn = "passed on"

// ownerGrace is what an answer may take longer than its route, so that the
// owner's own word on that comes first.
const ownerGrace = 5 * time.Second

// elsewhere has a request about a guild answered by the replica that has the
// guild. Who calls and what they may is that one's to decide. It is false when
// the request is this one's.
func (c *call) elsewhere(guild snowflake.GuildID) (served bool, err error) {
	f := c.api.cfg.Replicas
	if f == nil {
		return false, nil
	}
	served, err = f.Serve(c.Response(), c.Request(), c.passage(guild))
	if served && err == nil {
		c.Set(passedOn, true)
	}
	if !served {
		c.api.bound(c) // It may have been on its way.
	}
	return served, err
}

// passage is how the call goes to another replica.
func (c *call) passage(guild snowflake.GuildID) forward.Request {
	r := c.Request()
	within := c.route.timeout
	if c.route.stream {
		within = c.api.cfg.Limits.RequestTime
	}
	return forward.Request{
		Guild: guild, Caller: caller(c).Address, ID: c.Response().Header().Get(requestID), Within: within + c.api.cfg.Limits.BodyTime + ownerGrace,
		Repeat: r.Method == http.MethodGet || r.Method == http.MethodHead,
	}
}

// guildText is the guild that the address of a request names, "" if there is none.
func (c *call) guildText() string {
	if c.route.inQuery {
		return c.QueryParam("guild_id")
	}
	return c.Param("guild")
}

// about is elsewhere for the guild in the request's address. What names no guild
// is for the handler to refuse.
func (c *call) about() (served bool, err error) {
	if c.api.cfg.Replicas == nil {
		return false, nil
	}
	guild, err := snowflake.ParseGuild(c.guildText())
	if err != nil {
		return false, nil //nolint:nilerr // As documented.
	}
	return c.elsewhere(guild)
}

// told is elsewhere for a guild that only the body named, which was read: raw.
func (c *call) told(text string, raw []byte) (served bool, err error) {
	guild, err := snowflake.ParseGuild(text)
	if err != nil || c.api.cfg.Replicas == nil {
		return false, nil //nolint:nilerr // The handler refuses it.
	}
	r := c.Request()
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(raw)), int64(len(raw)), nil
	return c.elsewhere(guild)
}

// holder has a request about a build answered by the replica that has the build.
func (c *call) holder() (served bool, err error) {
	f := c.api.cfg.Replicas
	if f == nil {
		return false, nil
	}
	m, ok := f.Holder(c.Param("build"))
	if !ok {
		return false, nil
	}
	if err = f.Here(c.Response(), c.Request(), m, c.passage(0)); err == nil {
		c.Set(passedOn, true)
	}
	return true, err
}

// sharedBuild is a build as another replica gets it.
type sharedBuild struct {
	build.Build
	Sources []deploy.File `json:"sources"`
}

// shareBuilds tells other replicas of the builds of this one.
func (a *API) shareBuilds() {
	a.cfg.Replicas.Answer("builds/{id}", func(r *http.Request) (any, error) {
		b, err := a.cfg.Builds.Get(r.PathValue("id"))
		return sharedBuild{Build: b, Sources: b.Sources}, err
	})
}

// findBuild gives a build, whichever replica has it.
func (a *API) findBuild(ctx context.Context, id string) (build.Build, error) {
	if f := a.cfg.Replicas; f != nil {
		if m, ok := f.Holder(id); ok {
			var b sharedBuild
			err := f.Ask(ctx, m, "builds/"+id, nil, &b)
			b.Build.Sources = b.Sources
			return b.Build, err
		}
	}
	return a.cfg.Builds.Get(id)
}

// abort ends the connection when an answer of another replica was cut off, so
// that it does not look complete.
func abort(err error) {
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
}

// passInbound is elsewhere for a request to a guild's endpoint.
func (a *API) passInbound(c echo.Context, id string) (served bool, err error) {
	f := a.cfg.Replicas
	if f == nil {
		return false, nil
	}
	guild, ok := a.cfg.Inbound.Guild(c.Request())
	if !ok {
		return false, nil
	}
	// A script's handler runs once: what it has begun is not sent again.
	return f.Serve(c.Response(), c.Request(), forward.Request{
		Guild: guild, Caller: caller(c).Address, ID: id, Within: a.cfg.Inbound.Within() + ownerGrace,
	})
}
