package kv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Import implements Store. The archive is kept on disk and checked to its end;
// then the engine takes it in in one step. Whatever ends an import before that
// step leaves the stores as they were. While it goes on the guild's other writes
// wait, reads do not.
func (db *DB) Import(ctx context.Context, id snowflake.GuildID, in io.Reader, o ImportOptions) (Imported, error) {
	ctx, done, err := db.begin(ctx, id)
	if err != nil {
		return Imported{}, err
	}
	defer done()
	name := unfinished + "import-" + uuid.NewString()
	dir := archiveFiles{db.fs, db.archives}.path(id, name)
	if err := db.fs.MkdirAll(dir, 0o700); err != nil {
		return Imported{}, failed("import", err)
	}
	defer func() {
		if err := db.fs.RemoveAll(dir); err != nil {
			db.log.Warn("the files of an import are not removed", zap.Stringer("guild_id", id), zap.Error(err))
		}
	}()
	spool := db.fs.PathJoin(dir, "archive")
	if err := db.spool(ctx, in, spool); err != nil {
		return Imported{}, err
	}
	over, err := db.turn(ctx)
	if err != nil {
		return Imported{}, err
	}
	defer over()
	g := db.acquire(id)
	defer db.release(g)
	// Nobody else writes from here on.
	if err := g.inFlight.Acquire(ctx, db.limits().InFlightBytes); err != nil {
		return Imported{}, fault.Wrap(err, fault.Timeout, "kv import did not start in time; try again")
	}
	defer g.inFlight.Release(db.limits().InFlightBytes)
	if err := db.settle(ctx, g); err != nil {
		return Imported{}, err
	}
	defer func() {
		g.mu.Lock()
		g.importing = false
		g.mu.Unlock()
	}()
	m := &intake{db: db, guild: g, replace: o.Replace, stores: map[string]storeRecord{}}
	err = db.engine.Load(ctx, id, dir, func(tx Tx) error { return m.run(ctx, tx, spool) })
	g.mu.Lock()
	g.loaded = false // Whatever is stored counts.
	g.mu.Unlock()
	if err != nil {
		return Imported{}, err
	}
	db.storesChanged(id)
	for name := range m.stores {
		db.tell(id, name, nil)
	}
	return m.result, nil
}

// spool puts the archive on disk and checks all of it that can be checked
// without the guild's other data.
func (db *DB) spool(ctx context.Context, in io.Reader, path string) error {
	f, err := db.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return failed("import", err)
	}
	defer func() { _ = f.Close() }() // Only read again by this process.
	return db.readArchive(ctx, io.TeeReader(in, &copying{f: f}), func(archive.Header) error { return nil }, db.checkRecord())
}

// checkRecord holds each line against the limits.
func (db *DB) checkRecord() func(archive.Record) error {
	var store, guild, keys int64
	name := ""
	return func(r archive.Record) error {
		if r.Store != nil {
			store, name = 0, r.Store.Name
			return db.limits().checkAny(name)
		}
		e := r.Entry
		metadata, err := db.limits().checkMetadata(e.Metadata)
		key, value, bad := db.limits().inward(name, e.Key, e.Value)
		if err := first(bad, err); err != nil {
			return err
		}
		h := head{metadata: metadata, valueLen: len(value)}
		n := h.size(key)
		if n > int64(db.limits().EntryBytes) {
			return db.limits().entryTooLarge()
		}
		if db.expired(head{expiration: e.Expiration}, db.clock.Now().Unix()) {
			return nil
		}
		store, guild, keys = store+n, guild+n, keys+1
		return db.limits().exceeded(store-n, guild-n, keys-1, n, 1)
	}
}

// readArchive calls f with every line. What is wrong with the archive is the
// fault of who sent it.
func (db *DB) readArchive(ctx context.Context, in io.Reader, begin func(archive.Header) error, f func(archive.Record) error) error {
	const (
		escaped = 6 // Bytes in JSON, at most, of one byte of text.
		slack   = 64 << 10
	)
	l := archive.Limits{Line: escaped*(db.limits().EntryBytes+db.limits().ValueBytes) + slack}
	if db.limits().GuildBytes > 0 {
		l.Total = escaped*db.limits().GuildBytes + 1<<30
	}
	r, err := archive.NewReader(in, l)
	if err != nil {
		return unreadable(err)
	}
	if err := begin(r.Header()); err != nil {
		return err
	}
	for line := 2; ; line++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if err := f(record); err != nil {
			if fa, ok := errors.AsType[*fault.Fault](err); ok && fa.Code != fault.Internal {
				return fault.New(fa.Code, "the archive cannot be imported: line %d: %s", line, fa.Message)
			}
			return err
		}
	}
}

func unreadable(err error) error {
	if bad, ok := errors.AsType[*archive.BadError](err); ok {
		return fault.New(fault.InvalidInput, "the archive cannot be imported: %s", bad.Error())
	}
	return err
}

// settle removes what has expired, so that the counters are those of live keys,
// and keeps the sweep away.
func (db *DB) settle(ctx context.Context, g *guild) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n, err := db.sweepGuild(ctx, g); err != nil {
			return err
		} else if n == 0 {
			break
		}
	}
	g.mu.Lock()
	g.importing = true
	g.mu.Unlock()
	return nil
}

// intake turns an archive into records.
type intake struct {
	db      *DB
	guild   *guild
	replace bool

	tx      Tx
	old     Iterator // Over the heads that are there.
	version uint64

	stores map[string]storeRecord // As they will be.
	after  guildRecord
	name   string // Of the store whose keys follow.
	result Imported
}

func (m *intake) run(ctx context.Context, tx Tx, spool string) (err error) {
	db, id := m.db, m.guild.id
	f, err := db.fs.Open(spool)
	if err != nil {
		return failed("import", err)
	}
	defer func() { _ = f.Close() }()
	m.guild.mu.Lock()
	err = db.load(ctx, m.guild, tx)
	m.guild.mu.Unlock()
	if err != nil {
		return err
	}
	// Nobody else writes, so the guild is what it is until the end.
	m.tx, m.after = tx, m.guild.guildRecord
	lower := guildKey(tagHead, id)
	if m.old, err = tx.Iter(ctx, Span{Lower: lower, Upper: after(lower)}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.old.Close()) }()
	m.version = m.guild.version + 1
	m.after.version = m.version
	if err := db.readArchive(ctx, f, m.begin, m.record); err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	m.records()
	return nil
}

// begin takes away what the archive is to replace.
func (m *intake) begin(h archive.Header) error {
	id := m.guild.id
	for name, s := range m.guild.stores {
		record := s.storeRecord
		if m.replace && (h.Store == "" || h.Store == name) {
			m.after.bytes -= record.bytes
			m.after.keys -= record.keys
			record.bytes, record.keys = 0, 0
			if h.Store == "" {
				continue // Comes back if the archive has it.
			}
		}
		m.stores[name] = record
	}
	if !m.replace {
		return nil
	}
	prefix := func(tag byte) []byte { return guildKey(tag, id) }
	if h.Store != "" {
		prefix = func(tag byte) []byte { return entryKey(tag, id, h.Store, "") }
	}
	m.tx.DeleteAll(prefix(tagHead))
	m.tx.DeleteAll(prefix(tagValue))
	return nil
}

func (m *intake) record(r archive.Record) error {
	if s := r.Store; s != nil {
		m.name = s.Name
		m.result.Stores++
		record, ok := m.stores[s.Name]
		if !ok {
			record = storeRecord{id: uuid.New(), created: s.CreatedAt}
			if have := m.guild.stores[s.Name]; have != nil {
				record.id, record.created = have.id, have.created
			}
		}
		record.updated = m.db.clock.Now()
		m.stores[s.Name] = record
		return nil
	}
	return m.entry(*r.Entry)
}

func (m *intake) entry(e archive.Entry) error {
	db, id := m.db, m.guild.id
	h := head{version: m.version, valueVersion: m.version, expiration: e.Expiration}
	if db.expired(h, db.clock.Now().Unix()) {
		m.result.Expired++
		return nil
	}
	var err error
	if h.metadata, err = db.limits().checkMetadata(e.Metadata); err != nil {
		return err
	}
	if e.Key, e.Value, err = db.limits().inward(m.name, e.Key, e.Value); err != nil {
		return err
	}
	h.setValue(e.Value)
	key := entryKey(tagHead, id, m.name, e.Key)
	old, err := m.present(key)
	if err != nil {
		return err
	}
	record := m.stores[m.name]
	if old != nil {
		m.count(&record, -old.size(e.Key), -1)
	}
	m.count(&record, h.size(e.Key), 1)
	m.stores[m.name] = record
	m.result.Keys++
	m.tx.Set(key, h.encode())
	if !h.inline {
		m.tx.Set(entryKey(tagValue, id, m.name, e.Key), encodeValue(h.valueVersion, e.Value))
	} else if old != nil && !old.inline {
		m.tx.Delete(entryKey(tagValue, id, m.name, e.Key))
	}
	if h.expiration != 0 {
		m.tx.Set(expiryKey(id, h.expiration, m.name, e.Key), nil)
	}
	return nil
}

func (m *intake) count(s *storeRecord, bytes, keys int64) {
	s.bytes += bytes
	s.keys += keys
	m.after.bytes += bytes
	m.after.keys += keys
}

// present gives the head that stays beside the archive's, nil for none. Keys
// come in ascending order.
func (m *intake) present(key []byte) (*head, error) {
	if m.replace || !m.old.Seek(key) || !bytes.Equal(m.old.Key(), key) {
		return nil, nil
	}
	v, err := m.old.Value()
	if err != nil {
		return nil, err
	}
	h, err := decodeHead(v)
	if err != nil {
		return nil, m.db.damaged(m.guild.id, "entry", err)
	}
	return &h, nil
}

// check holds what will be there against the quotas.
func (m *intake) check() error {
	l := m.db.limits()
	if l.Stores > 0 && len(m.stores) > l.Stores && len(m.stores) > len(m.guild.stores) {
		return l.tooManyStores()
	}
	for name, s := range m.stores {
		var before int64
		if have := m.guild.stores[name]; have != nil {
			before = have.bytes
		}
		if s.bytes > before && l.StoreBytes > 0 && s.bytes > l.StoreBytes {
			return fault.New(fault.QuotaExceeded, "kv store storage quota exceeded")
		}
	}
	l.StoreBytes = 0 // The stores together may grow by more.
	return l.exceeded(0, m.guild.bytes, m.guild.keys, m.after.bytes-m.guild.bytes, m.after.keys-m.guild.keys)
}

// records writes the counters.
func (m *intake) records() {
	id := m.guild.id
	m.tx.Set(guildKey(tagGuild, id), m.after.encode())
	if m.replace {
		m.tx.DeleteAll(storeKey(id, ""))
	}
	for _, name := range slices.Sorted(maps.Keys(m.stores)) {
		m.tx.Set(storeKey(id, name), m.stores[name].encode())
	}
}
