package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// listDeployments gives the deployments of the guilds that the caller
// administers.
func (a *API) listDeployments(c *call) error {
	all, err := a.cfg.Deployments.List(c.ctx())
	if err != nil {
		return err
	}
	guilds := make([]snowflake.GuildID, len(all))
	for i, d := range all {
		guilds[i] = d.Guild
	}
	if guilds, err = a.cfg.Authorizer.Administered(c.ctx(), c.who, guilds); err != nil {
		return err
	}
	own := slices.DeleteFunc(all, func(d deploy.Deployment) bool { return !slices.Contains(guilds, d.Guild) })
	if own == nil {
		own = []deploy.Deployment{}
	}
	return c.JSON(http.StatusOK, own)
}

// deployment is a revision as the guild's deployment.
type deployment struct {
	Guild      snowflake.GuildID `json:"guild_id"`
	CreatedAt  string            `json:"created_at"`
	UpdatedAt  string            `json:"updated_at"`
	Entry      string            `json:"entry"`
	RevisionID string            `json:"revision_id"`
	Files      []deploy.File     `json:"files,omitempty"`
	SourceMap  *deploy.SourceMap `json:"source_map,omitempty"`
	Bundle     string            `json:"bundle,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
}

func deploymentOf(r deploy.Revision) deployment {
	at := deploy.FormatTime(r.DeployedAt)
	return deployment{Guild: r.Guild, CreatedAt: at, UpdatedAt: at, Entry: r.Entry, RevisionID: r.ID, Warnings: r.Warnings}
}

func (a *API) getDeployment(c *call) error {
	bundle, err := c.flag("include_bundle")
	if err != nil {
		return err
	}
	r, err := a.cfg.Deployments.Current(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	d := deploymentOf(r)
	d.Files, d.SourceMap = r.Files, r.SourceMap
	if bundle {
		d.Bundle = r.Bundle
	}
	if err := c.hold(contents(r, true, bundle)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, d)
}

// deployBody is the body of a deploy.
type deployBody struct {
	Entry     *string           `json:"entry,omitempty"`
	Files     *[]sentFile       `json:"files,omitempty"`
	Bundle    *string           `json:"bundle,omitempty"`
	SourceMap *deploy.SourceMap `json:"source_map,omitempty"`
	BuildID   string            `json:"build_id,omitempty"`
}

// sentFile tells what was left out from what is empty.
type sentFile struct {
	Path     *string `json:"path"`
	Contents *string `json:"contents"`
}

func given(sent []sentFile) ([]deploy.File, error) {
	files := make([]deploy.File, len(sent))
	for i, f := range sent {
		switch {
		case f.Path == nil:
			return nil, fault.New(fault.Unprocessable, "missing field \"files[%d].path\"", i)
		case f.Contents == nil:
			return nil, fault.New(fault.Unprocessable, "missing field \"files[%d].contents\"", i)
		}
		files[i] = deploy.File{Path: *f.Path, Contents: *f.Contents}
	}
	return files, nil
}

func (a *API) deploy(c *call) error {
	source, err := deploy.ValidateSource(c.Request().Header.Get("X-Flora-Deploy-Source"))
	if err != nil {
		return err
	}
	var in deployBody
	if err := c.body(&in); err != nil {
		return err
	}
	rev, err := a.once(c, in, func(key deploy.RequestKey) (deploy.Revision, error) {
		r, err := a.request(c, in)
		if err != nil {
			return deploy.Revision{}, err
		}
		r.Guild, r.Source, r.Actor, r.Key = c.guild, source, c.actor(), key
		return a.cfg.Deploy(c.ctx(), r)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, deploymentOf(rev))
}

// once gives what came of an earlier request with the same Idempotency-Key, or
// carries this one out. It looks before anything else is done: what the request
// refers to may be gone by now, a build as well as a revision.
func (a *API) once(c *call, asked any, carryOut func(key deploy.RequestKey) (deploy.Revision, error)) (deploy.Revision, error) {
	key, err := deploy.NewRequestKey(c.Request().Header.Get("Idempotency-Key"), asked)
	if err != nil {
		return deploy.Revision{}, err
	}
	if !key.IsZero() {
		before, err := a.cfg.Deployments.ByRequest(c.ctx(), c.guild, key.Key)
		if err == nil {
			if before, err = before.Repeat(key); err != nil {
				return deploy.Revision{}, err
			}
			// It may be stored and not serve yet, if the database went away meanwhile.
			return before, a.cfg.Settle(c.ctx(), c.guild)
		}
		if !fault.Is(err, fault.NotFound) {
			return deploy.Revision{}, err
		}
	}
	return carryOut(key)
}

func (c *call) actor() deploy.Actor {
	return deploy.Actor{UserID: c.who.UserID, Username: c.who.Username, Type: c.who.Type}
}

// request checks what a deploy's body says.
func (a *API) request(c *call, in deployBody) (deploy.Request, error) {
	if in.BuildID != "" && in.Bundle == nil && in.Files == nil {
		return a.built(c, in)
	}
	r := deploy.Request{Bundle: in.Bundle, SourceMap: in.SourceMap, BuildID: in.BuildID}
	if in.Entry == nil {
		return r, fault.New(fault.Unprocessable, "missing field \"entry\"")
	}
	var err error
	if r.Entry, err = deploy.ValidateEntry(*in.Entry); err != nil {
		return r, err
	}
	if in.Bundle == nil && in.Files == nil {
		return r, fault.New(fault.BadRequest, "Bad request: give files, a bundle or the build_id of a build")
	}
	if in.Bundle != nil && strings.TrimSpace(*in.Bundle) == "" {
		if in.Files == nil {
			return r, fault.New(fault.BadRequest, "Bad request: bundle must not be blank")
		}
		r.Bundle = nil
	}
	if in.Files != nil {
		limits := a.cfg.Limits.Sources
		if r.Bundle != nil { // They are only kept beside it.
			limits = a.cfg.Limits.Stored
		}
		if r.Files, err = given(*in.Files); err != nil {
			return r, err
		}
		if r.Files, err = deploy.ValidateFiles(r.Files, limits); err != nil {
			return r, err
		}
	}
	if in.SourceMap != nil {
		if err := deploy.ValidateSourceMap(*in.SourceMap); err != nil {
			return r, err
		}
	}
	const maxBuildID = 64
	if len(in.BuildID) > maxBuildID {
		return r, fault.New(fault.BadRequest, "Bad request: build_id is longer than %d bytes", maxBuildID)
	}
	return r, nil
}

// deletedDoc is the answer of a deletion.
type deletedDoc struct {
	Deleted  bool     `json:"deleted"`
	Warnings []string `json:"warnings,omitempty"`
}

func (a *API) deleteDeployment(c *call) error {
	warnings, err := a.cfg.Undeploy(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, deletedDoc{Deleted: true, Warnings: warnings})
}

// Bounds of a page of the history. The last is of what include flags add: a page
// ends with the revision that reaches it.
const (
	historyPage     = 25
	maxHistoryPage  = 100
	historyIncludes = 8 << 20
)

func (a *API) history(c *call) error {
	limit, err := c.number("limit", historyPage)
	if err != nil {
		return err
	}
	limit = min(max(limit, 1), maxHistoryPage)
	before, err := c.cursor()
	if err != nil {
		return err
	}
	files, err := c.flag("include_files")
	if err != nil {
		return err
	}
	bundle, err := c.flag("include_bundle")
	if err != nil {
		return err
	}
	list, err := a.cfg.Deployments.History(c.ctx(), c.guild, before, limit)
	if err != nil {
		return err
	}
	full := len(list) == limit
	if files || bundle {
		n, err := a.include(c, list, files, bundle)
		if err != nil {
			return err
		}
		full = full || n < len(list)
		list = list[:n]
	}
	if full {
		last := list[len(list)-1]
		q := url.Values{
			"limit": {strconv.Itoa(limit)}, "cursor_deployed_at": {deploy.FormatTime(last.DeployedAt)}, "cursor_id": {last.ID},
		}
		for name, set := range map[string]bool{"include_files": files, "include_bundle": bundle} {
			if set {
				q.Set(name, "true")
			}
		}
		c.Response().Header().Set("Link", `<`+c.Request().URL.Path+`?`+q.Encode()+`>; rel="next"`)
	}
	if list == nil {
		list = []deploy.Revision{}
	}
	return c.JSON(http.StatusOK, list)
}

// include adds to the revisions of a page what is asked for, and gives how many
// fit into it.
func (a *API) include(c *call, list []deploy.Revision, files, bundle bool) (n int, err error) {
	size := 0
	for i := range list {
		r, err := a.cfg.Deployments.Revision(c.ctx(), c.guild, list[i].ID)
		switch {
		case fault.Is(err, fault.NotFound):
			continue // It went with a deployment that came meanwhile.
		case err != nil:
			return 0, err
		}
		if files {
			list[i].Files, list[i].SourceMap = r.Files, r.SourceMap
		}
		if bundle {
			list[i].Bundle = r.Bundle
		}
		more := contents(r, files, bundle)
		if err := c.hold(more); err != nil {
			return 0, err
		}
		if size += more; size >= historyIncludes {
			return i + 1, nil
		}
	}
	return len(list), nil
}

// contents is how many bytes of a revision's contents are asked for.
func contents(r deploy.Revision, files, bundle bool) (size int) {
	if files {
		for _, f := range r.Files {
			size += len(f.Path) + len(f.Contents)
		}
		if r.SourceMap != nil {
			size += len(r.SourceMap.Contents)
		}
	}
	if bundle {
		size += len(r.Bundle)
	}
	return size
}

// cursor is the place in the history where a page starts.
func (c *call) cursor() (deploy.Cursor, error) {
	at, id := c.QueryParam("cursor_deployed_at"), c.QueryParam("cursor_id")
	if at == "" && id == "" {
		return deploy.Cursor{}, nil
	}
	if at == "" || id == "" {
		return deploy.Cursor{}, fault.New(fault.BadRequest, "Bad request: give both cursor_deployed_at and cursor_id, or none")
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return deploy.Cursor{}, fault.New(fault.BadRequest, "Bad request: cursor_deployed_at must be a time in RFC 3339; a + in it is written %%2B")
	}
	u, err := uuid.Parse(id)
	if err != nil {
		return deploy.Cursor{}, fault.New(fault.BadRequest, "Bad request: cursor_id must be a UUID")
	}
	return deploy.Cursor{DeployedAt: t.UTC(), ID: u.String()}, nil
}

// revision finds the revision that the path names.
func (a *API) revision(c *call) (deploy.Revision, error) {
	id, err := uuid.Parse(c.Param("revision"))
	if err != nil {
		return deploy.Revision{}, fault.New(fault.BadRequest, "Bad request: Invalid revision ID")
	}
	return a.cfg.Deployments.Revision(c.ctx(), c.guild, id.String())
}

func (a *API) getRevision(c *call) error {
	bundle, err := c.flag("include_bundle")
	if err != nil {
		return err
	}
	r, err := a.revision(c)
	if err != nil {
		return err
	}
	if !bundle {
		r.Bundle = ""
	}
	if err := c.hold(contents(r, true, bundle)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (a *API) rollback(c *call) error {
	source, err := deploy.ValidateSource(c.Request().Header.Get("X-Flora-Deploy-Source"))
	if err != nil {
		return err
	}
	if source == "unknown" {
		source = "api"
	}
	asked := map[string]string{"rollback_of": c.Param("revision")}
	rev, err := a.once(c, asked, func(key deploy.RequestKey) (deploy.Revision, error) {
		target, err := a.revision(c)
		if err != nil {
			return deploy.Revision{}, err
		}
		if target.Status != deploy.Success {
			return deploy.Revision{}, fault.New(fault.BadRequest, "Bad request: Rollback target must be a successful revision")
		}
		return a.cfg.Deploy(c.ctx(), deploy.Request{
			Guild: c.guild, Entry: target.Entry, Files: target.Files, Bundle: &target.Bundle, SourceMap: target.SourceMap,
			Source: source, Actor: c.actor(), BuildID: target.BuildID, RollbackOf: target.ID, Key: key,
		})
	})
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == fault.DeployFailed {
		out := fault.Wrap(err, fault.DeployFailed, "rollback failed: %s", f.Message)
		out.Details = f.Details
		return out
	}
	if err != nil {
		return err
	}
	rev.Bundle = ""
	return c.JSON(http.StatusOK, rev)
}

// flag reads an optional boolean of the query.
func (c *call) flag(name string) (bool, error) {
	switch c.QueryParam(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fault.New(fault.BadRequest, "Bad request: %s must be true or false", name)
}

// number reads an optional integer of the query that is not negative.
func (c *call) number(name string, standard int) (int, error) {
	text := c.QueryParam(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fault.New(fault.BadRequest, "Bad request: %s must be a whole number that is not negative", name)
	}
	return int(n), nil //nolint:gosec // It has 31 bits.
}
