package kv

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// archivesAtOnce bounds the exports and imports of all guilds, uploads aside.
const archivesAtOnce = 2

// begin keeps other exports and imports of the guild away; done ends it. ctx ends
// with the database, too.
func (db *DB) begin(ctx context.Context, id snowflake.GuildID) (_ context.Context, done func(), err error) {
	if err := db.enter(ctx, id); err != nil {
		return nil, nil, err
	}
	db.mu.Lock()
	_, busy := db.busy[id]
	db.busy[id] = struct{}{}
	db.mu.Unlock()
	if busy {
		db.leave()
		return nil, nil, fault.New(fault.Conflict, "an export or import of this server is under way; try again when it is done")
	}
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(db.closing, cancel)
	return ctx, func() {
		unlink()
		cancel()
		db.mu.Lock()
		delete(db.busy, id)
		db.mu.Unlock()
		db.leave()
	}, nil
}

// turn waits until the work of an export or import may be done. Nothing is
// waited for from outside after that: what comes slowly would hold up others.
func (db *DB) turn(ctx context.Context) (done func(), err error) {
	if err := db.archiving.Acquire(ctx, 1); err != nil {
		return nil, fault.Wrap(err, fault.Timeout, "other exports and imports did not end in time; try again")
	}
	return func() { db.archiving.Release(1) }, nil
}

// Export implements Store.
func (db *DB) Export(ctx context.Context, id snowflake.GuildID, store string) (Export, error) {
	if store != "" {
		if err := db.limits().checkAny(store); err != nil {
			return Export{}, err
		}
	}
	ctx, done, err := db.begin(ctx, id)
	if err != nil {
		return Export{}, err
	}
	defer done()
	kept, err := db.Exports(ctx, id)
	if err != nil {
		return Export{}, err
	}
	over, err := db.turn(ctx)
	if err != nil {
		return Export{}, err
	}
	defer over()
	now := micro(db.clock.Now())
	if len(kept) > 0 {
		if wait := kept[0].CreatedAt.Add(db.limits().ExportEvery).Sub(now); wait > 0 {
			f := fault.New(fault.RateLimited, "kv export rate limit exceeded; retry later")
			f.RetryAfter = wait
			return Export{}, f
		}
	}
	e, err := db.export(ctx, id, store, now)
	if err != nil {
		return Export{}, err
	}
	for _, old := range kept[min(len(kept), db.limits().Exports-1):] {
		if err := db.kept.Remove(ctx, id, old); err != nil {
			db.log.Warn("an old export is not removed", zap.Stringer("guild_id", id), zap.Error(err))
		}
	}
	return e, nil
}

// export writes the archive beside its place, and hands it over when it is whole
// and on disk.
func (db *DB) export(ctx context.Context, id snowflake.GuildID, store string, now time.Time) (Export, error) {
	e := Export{ID: uuid.NewString(), CreatedAt: now}
	files := archiveFiles{db.fs, db.archives}
	f, err := files.create(id, unfinished+e.file())
	if err != nil {
		return Export{}, err
	}
	path := files.path(id, unfinished+e.file())
	defer func() {
		// Unless it was taken over.
		if e := db.fs.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			db.log.Warn("what is left of an export is not removed", zap.Stringer("guild_id", id), zap.Error(e))
		}
	}()
	err = db.writeArchive(ctx, f, id, archive.Header{Guild: id.String(), Store: store, CreatedAt: now})
	if err == nil {
		err = wrap("export", f.Sync())
	}
	if err == nil {
		info, statErr := f.Stat()
		if err = wrap("export", statErr); err == nil {
			e.Bytes = info.Size()
		}
	}
	if err = errors.Join(err, wrap("export", f.Close())); err != nil {
		return Export{}, err
	}
	if f, err = db.fs.Open(path); err != nil {
		return Export{}, failed("export", err)
	}
	err = db.kept.Keep(ctx, id, e, path, io.NewSectionReader(f, 0, e.Bytes))
	if err = errors.Join(err, wrap("export", f.Close())); err != nil {
		return Export{}, err
	}
	return e, nil
}

// copying keeps what it is given from the file, which may change it.
type copying struct {
	f   vfs.File
	buf []byte
}

// Write implements io.Writer.
func (c *copying) Write(p []byte) (int, error) {
	c.buf = append(c.buf[:0], p...)
	return c.f.Write(c.buf)
}

// writeArchive writes the stores as they are at this moment.
func (db *DB) writeArchive(ctx context.Context, f vfs.File, id snowflake.GuildID, h archive.Header) error {
	return db.engine.LongView(ctx, func(r Reader) error { return db.writeStores(ctx, r, f, id, h) })
}

func (db *DB) writeStores(ctx context.Context, r Reader, f vfs.File, id snowflake.GuildID, h archive.Header) error {
	type named struct {
		name   string
		record storeRecord
	}
	var stores []named
	prefix := storeKey(id, "")
	if err := scan(ctx, r, prefix, func(k, v []byte) error {
		s, err := decodeStore(v)
		if err != nil {
			return db.damaged(id, "store", err)
		}
		if name := string(k[len(prefix):]); h.Store == "" || h.Store == name {
			stores = append(stores, named{name, s})
		}
		return nil
	}); err != nil {
		return err
	}
	if len(stores) == 0 {
		if h.Store != "" {
			return fault.New(fault.NotFound, "store not found")
		}
		return fault.New(fault.NotFound, "there are no stores to export")
	}
	const buffer = 256 << 10
	out := bufio.NewWriterSize(&copying{f: f}, buffer)
	w, err := archive.NewWriter(out, h)
	if err != nil {
		return wrap("export", err)
	}
	for _, s := range stores {
		if err := w.Store(archive.Store{Name: s.name, CreatedAt: micro(s.record.created)}); err != nil {
			return wrap("export", err)
		}
		if err := db.writeEntries(ctx, w, r, id, s.name); err != nil {
			return err
		}
	}
	return wrap("export", errors.Join(w.Close(), out.Flush()))
}

func (db *DB) writeEntries(ctx context.Context, w *archive.Writer, r Reader, id snowflake.GuildID, store string) error {
	now := db.clock.Now().Unix()
	prefix := entryKey(tagHead, id, store, "")
	return scan(ctx, r, prefix, func(k, v []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := decodeHead(v)
		if err != nil {
			return db.damaged(id, "entry", err)
		}
		if db.expired(h, now) {
			return nil
		}
		key := string(k[len(prefix):])
		value, err := db.value(ctx, r, id, store, key, h)
		if err != nil {
			return err
		}
		text, data := outward(store, key, value)
		return wrap("export", w.Entry(archive.Entry{Key: text, Value: data, Expiration: h.expiration, Metadata: h.metadata}))
	})
}

// Exports implements Store.
func (db *DB) Exports(ctx context.Context, id snowflake.GuildID) ([]Export, error) {
	if err := db.enter(ctx, id); err != nil {
		return nil, err
	}
	defer db.leave()
	out, err := db.kept.List(ctx, id)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Export) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// OpenExport implements Store.
func (db *DB) OpenExport(ctx context.Context, id snowflake.GuildID, export string) (ExportFile, Export, error) {
	all, err := db.Exports(ctx, id)
	if err != nil {
		return nil, Export{}, err
	}
	missing := fault.New(fault.NotFound, "export not found; only the newest %d are kept", db.limits().Exports)
	i := slices.IndexFunc(all, func(e Export) bool { return e.ID == export })
	if i < 0 {
		return nil, Export{}, missing
	}
	f, err := db.kept.Open(ctx, id, all[i])
	if fault.Is(err, fault.NotFound) {
		return nil, Export{}, missing
	}
	return f, all[i], err
}

// tidyArchives removes what an earlier process left unfinished.
func (db *DB) tidyArchives() error {
	guilds, err := db.fs.List(db.archives)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, guild := range guilds {
		names, listErr := db.fs.List(db.fs.PathJoin(db.archives, guild))
		err = errors.Join(err, listErr)
		for _, name := range names {
			if strings.HasPrefix(name, unfinished) {
				err = errors.Join(err, db.fs.RemoveAll(db.fs.PathJoin(db.archives, guild, name)))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("tidy the folder of archives %s: %w", db.archives, err)
	}
	return nil
}

// wrap names what could not be done; a fault stays what it is.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	return failed(what, err)
}
