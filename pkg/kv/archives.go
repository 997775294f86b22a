package kv

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Names of files in a guild's folder of archives. What begins with a dot is not
// finished, and of no use to the next process.
const (
	archiveSuffix = ".jsonl.gz"
	unfinished    = "."
)

// archiveFiles are Archives in a folder, which has one for each guild.
type archiveFiles struct {
	fs  vfs.FS
	dir string
}

// ArchiveFiles gives the Archives of a folder.
func ArchiveFiles(dir string) Archives { return archiveFiles{vfs.Default, dir} }

// Keep implements Archives. The file is on the same disk.
func (a archiveFiles) Keep(_ context.Context, id snowflake.GuildID, e Export, file string, _ io.ReadSeeker) error {
	if err := a.fs.MkdirAll(a.path(id, ""), 0o700); err != nil {
		return failed("make the folder of archives", err)
	}
	if err := a.fs.Rename(file, a.path(id, e.file())); err != nil {
		return failed("export", err)
	}
	d, err := a.fs.OpenDir(a.path(id, ""))
	if err != nil {
		return failed("write", err)
	}
	return wrap("write", errors.Join(d.Sync(), d.Close()))
}

// List implements Archives.
func (a archiveFiles) List(_ context.Context, id snowflake.GuildID) ([]Export, error) {
	names, err := a.fs.List(a.path(id, ""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("list exports", err)
	}
	out := []Export{}
	for _, name := range names {
		e, ok := parseExport(name)
		if !ok {
			continue
		}
		info, err := a.fs.Stat(a.path(id, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // Removed meanwhile.
		}
		if err != nil {
			return nil, failed("list exports", err)
		}
		e.Bytes = info.Size()
		out = append(out, e)
	}
	return out, nil
}

// Open implements Archives.
func (a archiveFiles) Open(_ context.Context, id snowflake.GuildID, e Export) (ExportFile, error) {
	f, err := a.fs.Open(a.path(id, e.file()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "export not found")
	}
	if err != nil {
		return nil, failed("read", err)
	}
	return exportFile{io.NewSectionReader(f, 0, e.Bytes), f}, nil
}

type exportFile struct {
	io.ReadSeeker
	io.Closer
}

// Remove implements Archives.
func (a archiveFiles) Remove(_ context.Context, id snowflake.GuildID, e Export) error {
	if err := a.fs.Remove(a.path(id, e.file())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove an export", err)
	}
	return nil
}

// Guilds implements Archives.
func (a archiveFiles) Guilds(ctx context.Context) (out []snowflake.GuildID, err error) {
	names, err := a.fs.List(a.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("list exports", err)
	}
	for _, name := range names {
		id, err := snowflake.ParseGuild(name)
		if err != nil {
			continue
		}
		some, err := a.List(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(some) > 0 {
			out = append(out, id)
		}
	}
	return out, nil
}

// path is a file among the guild's archives.
func (a archiveFiles) path(id snowflake.GuildID, name string) string {
	return a.fs.PathJoin(a.dir, id.String(), name)
}

func (a archiveFiles) create(id snowflake.GuildID, name string) (vfs.File, error) {
	if err := a.fs.MkdirAll(a.path(id, ""), 0o700); err != nil {
		return nil, failed("make the folder of archives", err)
	}
	f, err := a.fs.Create(a.path(id, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, failed("make an archive", err)
	}
	return f, nil
}

// file is the name of the archive's file, which says all about it.
func (e Export) file() string {
	return strconv.FormatInt(e.CreatedAt.UnixMicro(), 10) + "_" + e.ID + archiveSuffix
}

func parseExport(name string) (Export, bool) {
	text, ok := strings.CutSuffix(name, archiveSuffix)
	at, id, sep := strings.Cut(text, "_")
	n, err := strconv.ParseInt(at, 10, 64)
	if !ok || !sep || err != nil || uuid.Validate(id) != nil {
		return Export{}, false
	}
	return Export{ID: id, CreatedAt: time.UnixMicro(n).UTC()}, true
}
