package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	schemaName    = "flora-kv"
	schemaVersion = 1
	// memTable is large enough that a guild's biggest values do not make the
	// others wait for a flush.
	memTable = 64 << 20
)

// Config of a DB.
type Config struct {
	// Dir is the folder of the Pebble database that is used when Engine is nil.
	Dir string
	// Engine keeps the data; the DB closes it.
	Engine Engine
	// Kept keeps finished archives; nil is the folder Archives.
	Kept   Archives
	Limits Limits
	Clock  clock.Clock // nil is the real one.
	Log    *zap.Logger // nil logs nothing.
	// SweepEvery is the pause between two rounds that remove expired keys; 0 is
	// 10 s.
	SweepEvery time.Duration
	// Reads bounds how many reads of more than one small value of a guild are under
	// way at once, where all guilds read through the same few connections; 0 is no
	// bound.
	Reads int
	// CacheBytes is the size of the block cache; 0 is 64 MiB.
	CacheBytes int64
	// Archives is the folder of exports and of imports under way; "" is that of
	// Dir with "-archives" after its name.
	Archives string
	// StoresChanged is told of a guild in which a store came or went; nil is
	// nobody. It must not wait.
	StoresChanged func(guild snowflake.GuildID)
	// Committed is told of the keys that a Commit wrote or removed, of none when an
	// import may have changed any; nil is nobody.
	// It must not wait.
	Committed func(guild snowflake.GuildID, store string, keys []string)

	// Memory keeps all in memory only: for tests of scripts.
	Memory bool

	fs vfs.FS // Set by tests of power loss.
}

// DB implements Store and Ordered over an Engine.
type DB struct {
	bounds atomic.Pointer[Limits] // In force.
	clock  clock.Clock
	log    *zap.Logger
	every  time.Duration
	engine Engine
	reads  int
	fs     vfs.FS

	archives      string // The folder of what is under way.
	kept          Archives
	archiving     *semaphore.Weighted // Bounds the exports and imports at once.
	storesChanged func(snowflake.GuildID)
	told          func(guild snowflake.GuildID, store string, keys []string)

	// life is read-held by every method; Close takes it and sets closed. closing
	// ends before that and stops what may take long.
	life    sync.RWMutex
	closed  bool
	closing context.Context //nolint:containedctx // The database's own life.
	close   context.CancelFunc

	mu     sync.Mutex // Guards guilds, every guild's users and idle, and busy.
	guilds map[snowflake.GuildID]*guild
	busy   map[snowflake.GuildID]struct{} // Has an export or import under way.
}

var _ Store = (*DB)(nil)

// guild is what the DB knows of a guild in memory. It is there while somebody
// uses it and a while longer.
type guild struct {
	id       snowflake.GuildID
	users    int
	idle     time.Time // Since when users is 0.
	inFlight *semaphore.Weighted
	reading  *semaphore.Weighted

	// mu makes read, check and write of this guild one step. It is not held
	// while a write waits for the disk, or for others to write.
	mu     sync.Mutex
	loaded bool
	raw    []byte // The guildRecord as it was read, where the engine is shared.
	// importing keeps the sweep away from what an import counts.
	importing bool
	guildRecord
	stores map[string]*store
}

type store struct {
	storeRecord
	writes window
}

// Open opens the storage of cfg.Engine, or opens or makes the database in cfg.Dir.
//
//nolint:contextcheck // It reads one key of its own disk, which nobody can cut off.
func Open(cfg Config) (*DB, error) {
	if err := cfg.Limits.Validate(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.SweepEvery <= 0 {
		cfg.SweepEvery = 10 * time.Second
	}
	if cfg.Archives == "" {
		cfg.Archives = strings.TrimRight(cfg.Dir, "/") + "-archives"
	}
	if cfg.StoresChanged == nil {
		cfg.StoresChanged = func(snowflake.GuildID) {}
	}
	if cfg.Memory {
		cfg.fs = vfs.NewMem()
	}
	if cfg.fs == nil {
		cfg.fs = vfs.Default
	}
	if cfg.Engine == nil {
		engine, err := openPebble(cfg.Dir, cfg.CacheBytes, cfg.Log, cfg.fs)
		if err != nil {
			return nil, err
		}
		if err := CheckState(context.Background(), engine); err != nil {
			return nil, errors.Join(err, engine.Close())
		}
		cfg.Engine = engine
	}
	if cfg.Kept == nil {
		cfg.Kept = archiveFiles{cfg.fs, cfg.Archives}
	}
	db := &DB{
		clock: cfg.Clock, log: cfg.Log, every: cfg.SweepEvery, engine: cfg.Engine, reads: cfg.Reads, fs: cfg.fs, kept: cfg.Kept,
		archives: cfg.Archives, archiving: semaphore.NewWeighted(archivesAtOnce), storesChanged: cfg.StoresChanged, told: cfg.Committed,
		guilds: map[snowflake.GuildID]*guild{}, busy: map[snowflake.GuildID]struct{}{},
	}
	db.bounds.Store(&cfg.Limits)
	db.closing, db.close = context.WithCancel(context.Background())
	if err := db.tidyArchives(); err != nil {
		// They can wait: nobody but their owner misses what is in it.
		db.log.Error("archives of key-value stores may not work", zap.Error(err))
	}
	return db, nil
}

func (db *DB) limits() Limits { return *db.bounds.Load() }

// SetLimits has later calls go by these limits. What was stored stays, and so
// does InFlightBytes.
func (db *DB) SetLimits(l Limits) error {
	l.InFlightBytes = db.limits().InFlightBytes
	if err := l.Validate(); err != nil {
		return err
	}
	db.bounds.Store(&l)
	return nil
}

// Close waits for the methods that run and closes the database. Methods called
// later fail.
func (db *DB) Close() error {
	db.close()
	db.life.Lock()
	defer db.life.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	return db.engine.Close()
}

// enter begins a method; leave ends it.
func (db *DB) enter(ctx context.Context, id snowflake.GuildID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id.IsZero() {
		return fault.New(fault.InvalidInput, "guild context not available")
	}
	db.life.RLock()
	if db.closed {
		db.life.RUnlock()
		return fault.New(fault.Unavailable, "kv storage is closed; try again when the runtime has restarted")
	}
	return nil
}

func (db *DB) leave() { db.life.RUnlock() }

// share waits until the guild may begin one more read, so that no guild has all
// connections.
func (db *DB) share(ctx context.Context, id snowflake.GuildID) (done func(), err error) {
	if db.reads == 0 {
		return func() {}, nil
	}
	g := db.acquire(id)
	if err := g.reading.Acquire(ctx, 1); err != nil {
		db.release(g)
		return nil, fault.Wrap(err, fault.Timeout, "other reads of this server did not end in time; try again, with fewer at once")
	}
	return func() {
		g.reading.Release(1)
		db.release(g)
	}, nil
}

// acquire gives the guild's state, which stays until release.
func (db *DB) acquire(id snowflake.GuildID) *guild {
	db.mu.Lock()
	defer db.mu.Unlock()
	g, ok := db.guilds[id]
	if !ok {
		g = &guild{id: id, inFlight: semaphore.NewWeighted(db.limits().InFlightBytes), reading: semaphore.NewWeighted(int64(db.reads))}
		db.guilds[id] = g
	}
	g.users++
	return g
}

func (db *DB) release(g *guild) {
	db.mu.Lock()
	defer db.mu.Unlock()
	g.users--
	g.idle = db.clock.Now()
}

// forget drops the state of guilds that nobody used for longer than a write
// counts against the rate limit.
func (db *DB) forget() {
	db.mu.Lock()
	defer db.mu.Unlock()
	limit := db.clock.Now().Add(-2 * time.Duration(windowLength))
	for id, g := range db.guilds {
		if g.users == 0 && g.idle.Before(limit) {
			delete(db.guilds, id)
		}
	}
}

// update is a write of a guild that is alone in it and finds its counters in
// memory.
type update struct {
	db   *DB
	ctx  context.Context //nolint:containedctx // It lives as long as the call.
	g    *guild
	keys func() [][]byte // May be nil.
	// do gives what makes the state in memory that which it wrote, nil when it
	// wrote nothing.
	do      func(*guild, Tx) (applier, error)
	applier applier
	locked  bool
}

type applier interface{ apply() }

type applies func()

func (f applies) apply() { f() }

// update makes the write.
func (db *DB) update(ctx context.Context, g *guild, lazy bool, keys func() [][]byte, do func(*guild, Tx) (applier, error)) error {
	u := &update{db: db, ctx: ctx, g: g, keys: keys, do: do}
	defer u.unlock()
	return db.engine.Update(ctx, g.id, lazy, u)
}

func (u *update) unlock() {
	if u.locked {
		u.locked = false
		u.g.mu.Unlock()
	}
}

// Keys implements Update.
func (u *update) Keys() (keys [][]byte) {
	if u.keys != nil {
		keys = u.keys()
	}
	return append(keys, guildKey(tagGuild, u.g.id))
}

// Do implements Update.
func (u *update) Do(tx Tx) (err error) {
	u.unlock()
	u.g.mu.Lock()
	u.locked = true
	if err := u.db.load(u.ctx, u.g, tx); err != nil {
		u.unlock()
		return err
	}
	u.applier, err = u.do(u.g, tx)
	if err != nil || u.applier == nil { // There is nothing to be done with.
		u.unlock()
	}
	return err
}

// Done implements Update.
func (u *update) Done() {
	u.applier.apply()
	u.unlock()
}

// Undone implements Update.
func (u *update) Undone() {
	u.g.mu.Lock()
	u.g.loaded = false
	u.g.mu.Unlock()
}

// load makes sure that the guild's counters in memory are those that are stored.
func (db *DB) load(ctx context.Context, g *guild, r Reader) error {
	if g.loaded && !db.engine.Shared() {
		return nil
	}
	b, err := r.Get(ctx, guildKey(tagGuild, g.id))
	if err != nil {
		return err
	}
	// Every write gives another record, so the stores are the same too.
	if g.loaded && bytes.Equal(b, g.raw) {
		return nil
	}
	g.loaded = false
	record := guildRecord{}
	if b != nil {
		if record, err = decodeGuild(b); err != nil {
			return db.damaged(g.id, "guild", err)
		}
	}
	stores, err := db.records(ctx, r, g.id)
	if err != nil {
		return err
	}
	for name, s := range stores {
		if have := g.stores[name]; have != nil {
			s.writes = have.writes
		}
	}
	g.guildRecord, g.stores, g.raw, g.loaded = record, stores, b, true
	return nil
}

// records reads the guild's stores.
func (db *DB) records(ctx context.Context, r Reader, id snowflake.GuildID) (map[string]*store, error) {
	stores := map[string]*store{}
	err := scan(ctx, r, storeKey(id, ""), func(k, v []byte) error {
		s, err := decodeStore(v)
		if err != nil {
			return db.damaged(id, "store", err)
		}
		stores[string(k[9:])] = &store{storeRecord: s}
		return nil
	})
	return stores, err
}

// counted makes the record what was written.
func (g *guild) counted(r guildRecord, encoded []byte) {
	g.guildRecord, g.raw = r, encoded
}

// scan calls f with every record whose key starts with prefix.
func scan(ctx context.Context, r Reader, prefix []byte, f func(k, v []byte) error) error {
	iter, err := r.Iter(ctx, Span{Lower: prefix, Upper: after(prefix)})
	if err != nil {
		return err
	}
	for iter.Next() {
		v, err := iter.Value()
		if err == nil {
			err = f(iter.Key(), v)
		}
		if err != nil {
			return errors.Join(err, iter.Close())
		}
	}
	return iter.Close()
}

func failed(what string, err error) error {
	return fault.Wrap(err, fault.Internal, "kv storage failed to %s; tell the operator", what)
}

func (db *DB) damaged(id snowflake.GuildID, what string, err error) error {
	db.log.Error("kv record is damaged", zap.Stringer("guild_id", id), zap.String("record", what))
	return fault.Wrap(fmt.Errorf("%s record of guild %s: %w", what, id, err), fault.Internal,
		"kv storage is damaged; the operator must restore a backup")
}

func (db *DB) expired(h head, now int64) bool { return h.expiration != 0 && h.expiration <= now }
