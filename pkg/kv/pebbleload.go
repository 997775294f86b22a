package kv

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Load implements Engine: tables of the database are made beside it, and put in
// place in one step. The keys of each kind must come in ascending order, and no
// place in the order of expirations is taken away.
func (e *onDisk) Load(ctx context.Context, _ snowflake.GuildID, dir string, f func(Tx) error) (err error) {
	l := &loader{pebbleReader: e.pebbleReader, e: e, expiries: e.db.NewBatch()}
	defer func() { err = errors.Join(err, l.expiries.Close()) }()
	for _, name := range []string{"records", "heads", "values"} {
		t, err := e.table(dir, name)
		if err != nil {
			return err
		}
		defer t.abandon()
		l.tables = append(l.tables, t)
	}
	if err := f(l); err != nil {
		return err
	}
	if err := e.room.Check(); err != nil {
		return err
	}
	// On disk before the heads that they belong to.
	l.note(wrap("import", l.expiries.LogData(nil, nil)))
	if l.err == nil {
		l.note(wrap("import", e.room.Write(func() error { return l.expiries.Commit(pebble.Sync) })))
	}
	var paths []string
	for _, t := range l.tables {
		if l.err != nil {
			return l.err
		}
		if err := t.finish(); err != nil {
			return err
		}
		if t.some {
			paths = append(paths, t.path)
		}
	}
	if err := ctx.Err(); err != nil || len(paths) == 0 {
		return err
	}
	return wrap("import", e.db.Ingest(context.WithoutCancel(ctx), paths))
}

// loader spreads what is loaded over the tables. Places in the order of
// expirations go before the rest, in any number of writes: one that points at
// nothing does no harm.
type loader struct {
	pebbleReader

	e        *onDisk
	tables   []*table // Of records, heads and values.
	expiries *pebble.Batch
	err      error // The first one.
}

func (l *loader) note(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *loader) table(key []byte) *table {
	switch key[0] {
	case tagHead:
		return l.tables[1]
	case tagValue:
		return l.tables[2]
	}
	return l.tables[0]
}

// Set implements Tx.
func (l *loader) Set(key, value []byte) {
	switch {
	case l.err != nil:
	case key[0] == tagExpiry:
		l.note(l.expires(key))
	default:
		t := l.table(key)
		t.some = true
		l.note(wrap("import", t.w.Set(key, value)))
	}
}

// Delete implements Tx.
func (l *loader) Delete(key []byte) {
	if l.err == nil {
		t := l.table(key)
		t.some = true
		l.note(wrap("import", t.w.Delete(key)))
	}
}

// DeleteAll implements Tx. What the table itself holds stays.
func (l *loader) DeleteAll(prefix []byte) {
	if l.err == nil {
		t := l.table(prefix)
		t.some = true
		l.note(wrap("import", t.w.DeleteRange(prefix, after(prefix))))
	}
}

func (l *loader) expires(key []byte) error {
	if err := l.expiries.Set(key, nil, nil); err != nil {
		return failed("import", err)
	}
	const most = 1 << 20
	if l.expiries.Len() < most {
		return nil
	}
	if err := l.e.room.Check(); err != nil {
		return err
	}
	if err := l.e.room.Write(func() error { return l.expiries.Commit(pebble.NoSync) }); err != nil {
		return failed("import", err)
	}
	l.expiries.Reset()
	return nil
}

// table is a file of the database that is being made.
type table struct {
	path string
	w    *sstable.Writer // nil when finished or abandoned.
	some bool            // There is something in it.
}

func (e *onDisk) table(dir, name string) (*table, error) {
	path := e.fs.PathJoin(dir, name+".sst")
	f, err := e.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, failed("import", err)
	}
	return &table{path: path, w: sstable.NewWriter(objstorageprovider.NewFileWritable(f), sstable.WriterOptions{
		TableFormat: e.db.FormatMajorVersion().MaxTableFormat(), FilterPolicy: bloom.FilterPolicy(bloomBits),
	})}, nil
}

// bloomBits are those of the database's other tables.
const bloomBits = 10

// finish puts the table on disk.
func (t *table) finish() error {
	w := t.w
	t.w = nil
	return wrap("import", w.Close())
}

func (t *table) abandon() {
	if t.w != nil {
		_ = t.w.Close() // Its file goes with the folder.
		t.w = nil
	}
}
