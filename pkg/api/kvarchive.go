package api

import (
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
)

// exportDoc is an archive that is kept. The id has the name that clients of the
// original know.
type exportDoc struct {
	ID        string    `json:"backup_id"`
	CreatedAt time.Time `json:"created_at"`
	Bytes     int64     `json:"bytes"`
}

type exportsDoc struct {
	Exports []exportDoc `json:"exports"`
}

func exportOf(e kv.Export) exportDoc {
	return exportDoc{ID: e.ID, CreatedAt: e.CreatedAt, Bytes: e.Bytes}
}

// export makes an archive of all stores, or of ?store=.
func (a *API) export(c *call) error {
	e, err := a.cfg.KV.Export(c.ctx(), c.guild, c.QueryParam("store"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, exportOf(e))
}

func (a *API) listExports(c *call) error {
	all, err := a.cfg.KV.Exports(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	out := make([]exportDoc, len(all))
	for i, e := range all {
		out[i] = exportOf(e)
	}
	return c.JSON(http.StatusOK, exportsDoc{Exports: out})
}

const archiveType = "application/gzip"

// download sends an archive; a reader that was cut off may ask for the rest.
func (a *API) download(c *call) error {
	id, err := c.param("export")
	if err != nil {
		return err
	}
	leave, err := a.streams.enter(callerKey(c.who))
	if err != nil {
		return err
	}
	defer leave()
	f, e, err := a.cfg.KV.OpenExport(c.ctx(), c.guild, id)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := c.Response().Header()
	h.Set("Content-Type", archiveType)
	h.Set("Content-Disposition", `attachment; filename="kv-`+c.guild.String()+"-"+e.ID+`.jsonl.gz"`)
	h.Set("ETag", `"`+e.ID+`"`)
	w := &steady{ResponseWriter: c.Response(), rc: http.NewResponseController(c.Response()), patience: a.cfg.Limits.StreamWrite}
	http.ServeContent(w, c.Request(), "", e.CreatedAt, f)
	_ = w.rc.SetWriteDeadline(time.Time{})
	return nil
}

// steady writes as long as the other side goes on reading.
type steady struct {
	http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
}

func (s *steady) Write(p []byte) (int, error) {
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.patience))
	return s.ResponseWriter.Write(p)
}

// Archives that are being received at once, of one caller and of all. They may
// take long, and are on disk meanwhile.
const (
	importsPerCaller = 1
	importsAtOnce    = 8
)

// importArchive takes an archive in, as it comes.
func (a *API) importArchive(c *call) error {
	var o kv.ImportOptions
	switch mode := c.QueryParam("mode"); mode {
	case "", "merge":
	case "replace":
		o.Replace = true
	default:
		return fault.New(fault.BadRequest, "Bad request: mode must be merge or replace")
	}
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != archiveType && kind != "application/octet-stream" {
		return fault.New(fault.UnsupportedType, "the body must be an archive; send the header Content-Type: %s", archiveType)
	}
	leave, err := a.imports.enter(callerKey(c.who), 1)
	if err != nil {
		return err
	}
	defer leave()
	body, err := c.stream()
	if err != nil {
		return err
	}
	done, err := a.cfg.KV.Import(c.ctx(), c.guild, body, o)
	if err != nil {
		return body.explain(err)
	}
	return c.JSON(http.StatusOK, importedDoc{Stores: done.Stores, Keys: done.Keys, Expired: done.Expired})
}

type importedDoc struct {
	Stores  int `json:"stores"`
	Keys    int `json:"keys"`
	Expired int `json:"expired"`
}

// stream gives the body to be read as it comes: as long as it keeps coming,
// within the route's size and time.
func (c *call) stream() (*stream, error) {
	limit := c.route.body
	if c.Request().ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return &stream{c: c, in: http.MaxBytesReader(c.Response(), c.Request().Body, limit), rc: http.NewResponseController(c.Response())}, nil
}

// stream is a body that is read piece by piece.
type stream struct {
	c   *call
	in  io.Reader
	rc  *http.ResponseController
	err error // Why it could not be read.
}

func (s *stream) Read(p []byte) (int, error) {
	_ = s.rc.SetReadDeadline(time.Now().Add(s.c.api.cfg.Limits.BodyTime))
	n, err := s.in.Read(p)
	switch {
	case err == io.EOF: //nolint:errorlint // Readers give it bare.
		s.c.bodyDone()
	case err != nil:
		s.err = err
	}
	return n, err
}

// explain tells a body that did not come from one that was refused.
func (s *stream) explain(err error) error {
	if s.err != nil {
		return s.c.notRead(s.err)
	}
	return err
}
