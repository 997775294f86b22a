package kv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
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
	Dir    string
	Limits Limits
	Clock  clock.Clock // nil is the real one.
	Log    *zap.Logger // nil logs nothing.
	// SweepEvery is the pause between two rounds that remove expired keys; 0 is
	// 10 s.
	SweepEvery time.Duration
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

// DB implements Store with Pebble.
type DB struct {
	bounds atomic.Pointer[Limits] // In force.
	clock  clock.Clock
	log    *zap.Logger
	every  time.Duration
	pebble *pebble.DB
	fs     vfs.FS

	room          *pebbledb.Room
	archives      string
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

	// mu makes read, check and write of this guild one step. It is not held
	// while a write waits for the disk.
	mu     sync.Mutex
	loaded bool
	// importing keeps the sweep away from what an import counts.
	importing bool
	guildRecord
	stores map[string]*store
}

type store struct {
	storeRecord
	writes window
}

// Open opens or makes the database in cfg.Dir.
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
	if cfg.CacheBytes <= 0 {
		cfg.CacheBytes = 64 << 20
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
	o := pebbledb.Options{Name: schemaName, Version: schemaVersion, MemTable: memTable, Cache: cfg.CacheBytes, Log: cfg.Log, FS: cfg.fs}
	p, err := pebbledb.Open(cfg.Dir, o)
	if err != nil {
		return nil, err
	}
	db := &DB{
		clock: cfg.Clock, log: cfg.Log, every: cfg.SweepEvery, pebble: p, fs: cfg.fs, room: pebbledb.NewRoom(o, cfg.Dir),
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
	return db.pebble.Close()
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

// acquire gives the guild's state, which stays until release.
func (db *DB) acquire(id snowflake.GuildID) *guild {
	db.mu.Lock()
	defer db.mu.Unlock()
	g, ok := db.guilds[id]
	if !ok {
		g = &guild{id: id, inFlight: semaphore.NewWeighted(db.limits().InFlightBytes)}
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

// lock takes the guild's mutex and makes sure that its counters are in memory.
// After an error it is not held.
func (db *DB) lock(g *guild) error {
	g.mu.Lock()
	if g.loaded {
		return nil
	}
	if err := db.load(g); err != nil {
		g.mu.Unlock()
		return err
	}
	g.loaded = true
	return nil
}

func (db *DB) load(g *guild) error {
	b, err := db.get(db.pebble, guildKey(tagGuild, g.id))
	if err != nil {
		return err
	}
	g.guildRecord = guildRecord{}
	if b != nil {
		if g.guildRecord, err = decodeGuild(b); err != nil {
			return db.damaged(g.id, "guild", err)
		}
	}
	g.stores = map[string]*store{}
	return db.scan(db.pebble, storeKey(g.id, ""), func(k, v []byte) error {
		s, err := decodeStore(v)
		if err != nil {
			return db.damaged(g.id, "store", err)
		}
		g.stores[string(k[9:])] = &store{storeRecord: s}
		return nil
	})
}

// get gives a copy of a record, nil when there is none.
func (db *DB) get(r pebble.Reader, key []byte) ([]byte, error) {
	v, closer, err := r.Get(key)
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

// scan calls f with every record whose key starts with prefix.
func (db *DB) scan(r pebble.Reader, prefix []byte, f func(k, v []byte) error) error {
	iter, err := r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return failed("read", err)
	}
	for iter.First(); iter.Valid(); iter.Next() {
		v, err := iter.ValueAndErr()
		if err == nil {
			err = f(iter.Key(), v)
		}
		if err != nil {
			return errors.Join(err, iter.Close())
		}
	}
	if err := errors.Join(iter.Error(), iter.Close()); err != nil {
		return failed("read", err)
	}
	return nil
}

// commit writes the batch in its order and unlocks the guild, then waits for
// the disk, so that the guild's next write joins the same sync. apply changes
// the state in memory to what the batch says.
func (db *DB) commit(g *guild, b *pebble.Batch, apply func()) error {
	if err := db.room.Write(func() error { return db.pebble.ApplyNoSyncWait(b, pebble.Sync) }); err != nil {
		g.mu.Unlock()
		return errors.Join(failed("write", err), b.Close())
	}
	apply()
	g.mu.Unlock()
	db.room.Synced(b.SyncWait())
	if err := b.Close(); err != nil {
		return failed("write", err)
	}
	return nil
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
