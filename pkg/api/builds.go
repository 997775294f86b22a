package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Builds builds uploaded projects.
type Builds interface {
	Submit(guild snowflake.GuildID, entry string, archive []byte) (build.Build, error)
	Get(id string) (build.Build, error)
	// Follow gives the lines after the one with the id, and waits for some. No
	// lines and a final status is the end.
	Follow(ctx context.Context, id string, after uint64) ([]build.Line, build.Status, error)
}

func (a *API) buildRoutes() []route {
	l := a.cfg.Limits
	return []route{
		{method: "POST", path: "/api/builds", access: guildInside, handle: a.createBuild, body: l.BuildBody, timeout: l.DeployTime, writes: true},
		{method: "GET", path: "/api/builds/:build", access: guildInside, handle: a.getBuild},
		{method: "GET", path: "/api/builds/:build/logs", access: guildInside, handle: a.followBuild, stream: true},
	}
}

// buildForm is what a form to build has; the archive is binary.
type buildForm struct {
	Guild   string `json:"guild_id"`
	Entry   string `json:"entry"`
	Archive []byte `json:"project_zip"`
}

// createdBuild is the answer of an upload.
type createdBuild struct {
	ID     string       `json:"build_id"`
	Status build.Status `json:"status"`
}

func (a *API) createBuild(c *call) error {
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return fault.New(fault.UnsupportedType, "the body must be a form; send it as multipart/form-data with guild_id, entry and project_zip")
	}
	raw, err := c.read()
	if err != nil {
		return err
	}
	form, err := parseForm(raw, params["boundary"])
	if err != nil {
		return err
	}
	// Where the guild is, so that what it may build holds for all replicas.
	if served, err := c.told(form.Guild, raw); served || err != nil {
		return err
	}
	if err := c.admin(form.Guild); err != nil {
		return err
	}
	b, err := a.cfg.Builds.Submit(c.guild, form.Entry, form.Archive)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, createdBuild{ID: b.ID, Status: b.Status})
}

// Bounds of a form.
const (
	formParts     = 32
	formTextBytes = 4 << 10
)

// parseForm reads a form with an archive. Fields that it does not know are left
// out, and the same field twice is refused: readers differ in which one counts.
func parseForm(raw []byte, boundary string) (buildForm, error) {
	var form buildForm
	bad := func(format string, args ...any) error {
		return fault.New(fault.BadRequest, "Bad request: "+format, args...)
	}
	seen := map[string]bool{}
	for r := multipart.NewReader(bytes.NewReader(raw), boundary); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form, bad("the form is malformed: %s", clip(err.Error()))
		}
		name := part.FormName()
		if seen[name] {
			return form, bad("the form has the field %q twice", clip(name))
		}
		if seen[name] = true; len(seen) > formParts {
			return form, bad("the form has more than %d fields", formParts)
		}
		text := name == "guild_id" || name == "entry"
		if !text && name != "project_zip" {
			continue
		}
		b, err := io.ReadAll(part)
		switch {
		case err != nil:
			return form, bad("the form is malformed: %s", clip(err.Error()))
		case text && (len(b) > formTextBytes || !utf8.Valid(b)):
			return form, bad("the form's field %q is too long, or not UTF-8", name)
		case name == "guild_id":
			form.Guild = string(b)
		case name == "entry":
			form.Entry = string(b)
		default:
			form.Archive = b
		}
	}
	for _, name := range []string{"guild_id", "entry", "project_zip"} {
		if !seen[name] {
			return form, bad("missing field %q", name)
		}
	}
	return form, nil
}

// build finds the build that the path names, if the caller may see it.
func (c *call) build() (build.Build, error) {
	id, err := uuid.Parse(c.Param("build"))
	if err != nil {
		return build.Build{}, fault.New(fault.BadRequest, "Bad request: Invalid build ID")
	}
	b, err := c.api.cfg.Builds.Get(id.String())
	if err != nil {
		return build.Build{}, err
	}
	return b, c.admin(b.Guild.String())
}

func (a *API) getBuild(c *call) error {
	if served, err := c.holder(); served {
		return err
	}
	b, err := c.build()
	if err != nil {
		return err
	}
	size := 0
	for _, line := range b.Logs {
		size += len(line)
	}
	if b.Artifact != nil {
		size += len(b.Artifact.Bundle) + len(b.Artifact.SourceMap)
	}
	if err := c.hold(size); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, b)
}

// followBuild sends the build's log from its beginning, or from the line after
// Last-Event-ID, and then how it ended.
func (a *API) followBuild(c *call) error {
	if served, err := c.holder(); served {
		return err
	}
	b, err := c.build()
	if err != nil {
		return err
	}
	var after uint64
	if text := c.Request().Header.Get("Last-Event-ID"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return fault.New(fault.BadRequest, "Bad request: Last-Event-ID must be the id of an event of this stream")
		}
	}
	return a.stream(c, func(ctx context.Context, out *events) error { return a.tellBuild(ctx, b.ID, after, out) })
}

func (a *API) tellBuild(ctx context.Context, id string, after uint64, out *events) error {
	for {
		waiting, cancel := context.WithTimeout(ctx, a.cfg.Limits.KeepAlive)
		lines, status, err := a.cfg.Builds.Follow(waiting, id, after)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = out.send(": keep-alive\n\n")
		case err != nil:
			return err
		case len(lines) == 0:
			return out.say("done", map[string]build.Status{"status": status})
		default:
			var b bytes.Buffer
			for _, l := range lines {
				// A carriage return would end the line for a reader.
				fmt.Fprintf(&b, "event: log\nid: %d\ndata: %s\n\n", l.ID, strings.ReplaceAll(l.Text, "\r", " "))
				after = l.ID
			}
			err = out.send(b.String())
		}
		if err != nil {
			return err
		}
	}
}

// stream answers with server-sent events until tell ends, the caller leaves or
// the server stops.
func (a *API) stream(c *call, tell func(ctx context.Context, out *events) error) error {
	leave, err := a.streams.enter(callerKey(c.who))
	if err != nil {
		return err
	}
	defer leave()
	ctx, stop := context.WithCancel(c.ctx())
	defer stop()
	defer context.AfterFunc(a.streams.ctx, stop)()
	h := c.Response().Header()
	h.Set("Content-Type", eventStream)
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	out := &events{w: c.Response(), rc: http.NewResponseController(c.Response()), patience: a.cfg.Limits.StreamWrite}
	defer out.finish()
	if err := tell(ctx, out); err != nil && ctx.Err() == nil {
		a.cfg.Log.Debug("a stream ended", zap.String("route", c.Path()), zap.Error(err))
	}
	return nil
}

// built makes the request to deploy a build's artifact.
func (a *API) built(c *call, in deployBody) (deploy.Request, error) {
	id, err := uuid.Parse(in.BuildID)
	if err != nil {
		return deploy.Request{}, fault.New(fault.BadRequest, "Bad request: build_id must be the id of a build, since there are neither files nor a bundle")
	}
	b, err := a.findBuild(c.ctx(), id.String())
	if err == nil && b.Guild != c.guild {
		err = fault.New(fault.NotFound, "build %s not found among those of this guild", id)
	}
	switch {
	case err != nil:
		return deploy.Request{}, err
	case b.Status == build.Failed:
		return deploy.Request{}, fault.New(fault.Conflict, "build %s failed: %s", b.ID, b.Error)
	case b.Status != build.Done:
		return deploy.Request{}, fault.New(fault.Conflict, "build %s is %s; deploy it when it is done", b.ID, b.Status)
	}
	entry := b.Entry
	if in.Entry != nil {
		if entry, err = deploy.ValidateEntry(*in.Entry); err != nil {
			return deploy.Request{}, err
		}
	}
	return deploy.Request{
		Entry: entry, Bundle: &b.Artifact.Bundle, SourceMap: &deploy.SourceMap{Path: "bundle.js.map", Contents: b.Artifact.SourceMap},
		Files: b.Sources, BuildID: b.ID,
	}, nil
}
