package kv

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

// onDisk is the Engine of one Pebble database.
type onDisk struct {
	pebbleReader

	db   *pebble.DB
	fs   vfs.FS
	room *pebbledb.Room
}

// OpenPebble opens or makes the database of a folder as an Engine; cacheBytes 0
// is 64 MiB.
func OpenPebble(dir string, cacheBytes int64, log *zap.Logger) (Engine, error) {
	return openPebble(dir, cacheBytes, log, vfs.Default)
}

func openPebble(dir string, cacheBytes int64, log *zap.Logger, fs vfs.FS) (*onDisk, error) {
	if cacheBytes <= 0 {
		cacheBytes = 64 << 20
	}
	o := pebbledb.Options{Name: schemaName, Version: schemaVersion, MemTable: memTable, Cache: cacheBytes, Log: log, FS: fs}
	p, err := pebbledb.Open(dir, o)
	if err != nil {
		return nil, err
	}
	return &onDisk{pebbleReader{p}, p, fs, pebbledb.NewRoom(o, dir)}, nil
}

// View implements Engine.
func (e *onDisk) View(_ context.Context, f func(Reader) error) error {
	snapshot := e.db.NewSnapshot()
	err := f(pebbleReader{snapshot})
	if c := snapshot.Close(); c != nil && err == nil {
		err = failed("read", c)
	}
	return err
}

// LongView implements Engine.
func (e *onDisk) LongView(ctx context.Context, f func(Reader) error) error { return e.View(ctx, f) }

// Update implements Engine. It does not hold up the guild's next write while it
// waits for the disk, so that they share a sync.
func (e *onDisk) Update(_ context.Context, _ snowflake.GuildID, lazy bool, u Update) error {
	b := e.db.NewBatch()
	tx := &pebbleTx{pebbleReader: e.pebbleReader, batch: b}
	err := u.Do(tx)
	if err == nil && tx.err != nil {
		err = failed("write", tx.err)
	}
	if err != nil || b.Empty() {
		_ = b.Close() // Nothing of it was used.
		return err
	}
	if lazy {
		if err := e.room.Write(func() error { return b.Commit(pebble.NoSync) }); err != nil {
			return errors.Join(failed("write", err), b.Close())
		}
		u.Done()
		return wrap("write", b.Close())
	}
	if err := e.room.Write(func() error { return e.db.ApplyNoSyncWait(b, pebble.Sync) }); err != nil {
		return errors.Join(failed("write", err), b.Close())
	}
	u.Done()
	e.room.Synced(b.SyncWait())
	return wrap("write", b.Close())
}

// Fill implements Engine.
func (e *onDisk) Fill(_ context.Context, f func(Tx) error) (err error) {
	t := &filler{pebbleTx{pebbleReader: e.pebbleReader, batch: e.db.NewBatch()}, e}
	defer func() { _ = t.batch.Close() }()
	if err := f(t); err != nil {
		return err
	}
	t.note(t.batch.LogData(nil, nil)) // The sync is for all before, too.
	t.flush(pebble.Sync)
	return wrap("write", t.err)
}

// filler is a batch that is written whenever it is large.
type filler struct {
	pebbleTx

	e *onDisk
}

// Set implements Tx.
func (t *filler) Set(key, value []byte) {
	t.pebbleTx.Set(key, value)
	const most = 4 << 20
	if t.batch.Len() >= most {
		t.flush(pebble.NoSync)
	}
}

func (t *filler) flush(o *pebble.WriteOptions) {
	if t.err != nil {
		return
	}
	if t.note(t.e.room.Check()); t.err == nil {
		t.note(t.e.room.Write(func() error { return t.batch.Commit(o) }))
		t.batch.Reset()
	}
}

// Reset implements Engine.
func (e *onDisk) Reset(_ context.Context, key, value []byte) (err error) {
	b := e.db.NewBatch()
	err = errors.Join(b.DeleteRange([]byte{pebbledb.FirstKey}, []byte{0xff}, nil), b.Set(key, value, nil))
	if err == nil {
		err = e.room.Write(func() error { return b.Commit(pebble.Sync) })
	}
	return wrap("write", errors.Join(err, b.Close()))
}

// Skim implements Engine.
func (e *onDisk) Skim(ctx context.Context, lower, upper []byte, width int, f func(key []byte) error) (err error) {
	iter, err := e.Iter(ctx, Span{Lower: lower, Upper: upper})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for ok := iter.Next(); ok; {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := append([]byte(nil), iter.Key()...)
		if err := f(key); err != nil {
			return err
		}
		ok = iter.Seek(append(key[:min(width, len(key)):min(width, len(key))], 0xff))
	}
	return nil
}

// Room implements Engine.
func (e *onDisk) Room() error { return e.room.Check() }

// Turn implements Engine.
func (e *onDisk) Turn(context.Context) (bool, error) { return true, nil }

// Shared implements Engine: the folder is locked.
func (e *onDisk) Shared() bool { return false }

// Close implements Engine.
func (e *onDisk) Close() error { return e.db.Close() }

// pebbleReader reads from the database or from a snapshot of it.
type pebbleReader struct{ r pebble.Reader }

// Get implements Reader.
func (p pebbleReader) Get(_ context.Context, key []byte) ([]byte, error) {
	v, closer, err := p.r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("read", err)
	}
	out := append(make([]byte, 0, len(v)), v...)
	if err := closer.Close(); err != nil {
		return nil, failed("read", err)
	}
	return out, nil
}

// Fetch implements Reader.
func (p pebbleReader) Fetch(ctx context.Context, keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if out[i], err = p.Get(ctx, key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Firsts implements Reader.
func (p pebbleReader) Firsts(ctx context.Context, spans []Span) ([][]byte, error) {
	out := make([][]byte, len(spans))
	for i, s := range spans {
		iter, err := p.Iter(ctx, s)
		if err != nil {
			return nil, err
		}
		if iter.Next() {
			out[i] = append([]byte(nil), iter.Key()...)
		}
		if err := iter.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Iter implements Reader.
func (p pebbleReader) Iter(_ context.Context, s Span) (Iterator, error) {
	iter, err := p.r.NewIter(&pebble.IterOptions{LowerBound: s.Lower, UpperBound: s.Upper})
	if err != nil {
		return nil, failed("read", err)
	}
	return &pebbleIterator{Iterator: iter, reverse: s.Reverse}, nil
}

type pebbleIterator struct {
	*pebble.Iterator

	begun, reverse bool
}

// Next implements Iterator.
func (i *pebbleIterator) Next() bool {
	first := !i.begun
	i.begun = true
	switch {
	case first && i.reverse:
		return i.Last()
	case first:
		return i.First()
	case i.reverse:
		return i.Prev()
	}
	return i.Iterator.Next()
}

// Seek implements Iterator.
func (i *pebbleIterator) Seek(key []byte) bool {
	i.begun = true
	return i.SeekGE(key)
}

// Value implements Iterator.
func (i *pebbleIterator) Value() ([]byte, error) {
	v, err := i.ValueAndErr()
	if err != nil {
		return nil, failed("read", err)
	}
	return v, nil
}

// Close implements Iterator.
func (i *pebbleIterator) Close() error {
	if err := errors.Join(i.Error(), i.Iterator.Close()); err != nil {
		return failed("read", err)
	}
	return nil
}

// pebbleTx gathers a batch. Reads do not see it: no write reads what it wrote.
type pebbleTx struct {
	pebbleReader

	batch *pebble.Batch
	err   error // The first one.
}

func (t *pebbleTx) note(err error) {
	if t.err == nil {
		t.err = err
	}
}

// Set implements Tx.
func (t *pebbleTx) Set(key, value []byte) { t.note(t.batch.Set(key, value, nil)) }

// Delete implements Tx.
func (t *pebbleTx) Delete(key []byte) { t.note(t.batch.Delete(key, nil)) }

// DeleteAll implements Tx.
func (t *pebbleTx) DeleteAll(prefix []byte) { t.note(t.batch.DeleteRange(prefix, after(prefix), nil)) }
