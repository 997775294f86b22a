package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// archiveTime is above the server's own limit for making and reading archives.
const archiveTime = 31 * time.Minute

// Export is an archive of key-value stores that the server keeps.
type Export struct {
	ID        string    `json:"backup_id"`
	CreatedAt time.Time `json:"created_at"`
	Bytes     int64     `json:"bytes"`
}

func exportPath(guild snowflake.GuildID) string { return "/kv/export/" + guild.String() }

// CreateExport puts all stores, or one, into an archive.
func (c *Client) CreateExport(ctx context.Context, guild snowflake.GuildID, store string) (Export, error) {
	var e Export
	q := url.Values{}
	if store != "" {
		q.Set("store", store)
	}
	if err := c.call(ctx, request{method: http.MethodPost, path: exportPath(guild), query: q, time: archiveTime}, &e); err != nil {
		return e, err
	}
	return e, c.plain(e)
}

// plain refuses an archive whose id is none: callers make names of files of it.
func (c *Client) plain(e Export) error {
	if e.ID == "" || e.Bytes < 0 || strings.ContainsFunc(e.ID, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return fmt.Errorf("%s answers with an archive whose id %q or size %d is none; is the address right?", c.base, e.ID, e.Bytes)
	}
	return nil
}

// Exports lists the archives that are kept, the newest first.
func (c *Client) Exports(ctx context.Context, guild snowflake.GuildID) ([]Export, error) {
	var doc struct {
		Exports []Export `json:"exports"`
	}
	if err := c.call(ctx, request{method: http.MethodGet, path: exportPath(guild)}, &doc); err != nil {
		return nil, err
	}
	for _, e := range doc.Exports {
		if err := c.plain(e); err != nil {
			return nil, err
		}
	}
	return doc.Exports, nil
}

// errCut is a download that ended early; asking for the rest goes on.
var errCut = errors.New("the connection ended in the middle of the archive")

// Download writes an archive from the given byte on, as far as it comes, and
// tells how many bytes that were.
func (c *Client) Download(ctx context.Context, guild snowflake.GuildID, e Export, from int64, w io.Writer) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, archiveTime)
	defer cancel()
	r := request{method: http.MethodGet, path: exportPath(guild) + "/" + segment(e.ID), header: map[string]string{"Accept": "application/gzip"}}
	if from > 0 {
		r.header["Range"] = fmt.Sprintf("bytes=%d-", from)
	}
	res, err := c.send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	// Who answers with the whole thing, or another part, is not believed.
	if from > 0 && !strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)) {
		return 0, fmt.Errorf("%s does not send the rest of the archive", c.base)
	}
	n, err := io.Copy(writer{w}, io.LimitReader(res.Body, e.Bytes-from))
	if broken, ok := errors.AsType[*writeError](err); ok {
		return n, broken.err
	}
	if err == nil && from+n < e.Bytes {
		err = errCut
	}
	if err != nil {
		return n, &NetworkError{URL: c.base, Err: err}
	}
	return n, nil
}

// writer marks the errors of writing: they are not the connection's.
type writer struct{ io.Writer }

func (w writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = &writeError{err}
	}
	return n, err
}

type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// Imported is what an archive brought.
type Imported struct {
	Stores  int `json:"stores"`
	Keys    int `json:"keys"`
	Expired int `json:"expired"`
}

// Import sends an archive of the given length. With replace, what is not in it
// goes.
func (c *Client) Import(ctx context.Context, guild snowflake.GuildID, archive io.Reader, length int64, replace bool) (Imported, error) {
	var done Imported
	q := url.Values{"mode": {"merge"}}
	if replace {
		q.Set("mode", "replace")
	}
	err := c.call(ctx, request{
		method: http.MethodPost, path: "/kv/import/" + guild.String(), query: q, time: archiveTime,
		raw: archive, length: length, header: map[string]string{"Content-Type": "application/gzip"},
	}, &done)
	return done, err
}
