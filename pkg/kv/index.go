package kv

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Registered is a store in an Index.
type Registered struct {
	ID        string // A UUID.
	Name      string
	CreatedAt time.Time
}

// Index is a copy of the list of all stores, in a database that others read
// too. A DB is always right, an Index follows it.
type Index interface {
	// PutKVStores makes the guild's stores those of the list, in one step. An
	// empty list removes the guild.
	PutKVStores(ctx context.Context, guild snowflake.GuildID, stores []Registered) error
	// KVStores lists the guild's stores ordered by name.
	KVStores(ctx context.Context, guild snowflake.GuildID) ([]Registered, error)
	// KVGuilds lists the guilds that have stores, in ascending order.
	KVGuilds(ctx context.Context) ([]snowflake.GuildID, error)
}

// Pauses of a Follower after a failure; they double.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Follower keeps an Index like the stores of a DB. It writes behind: a store that
// comes or goes is only marked, and no write of a script waits for the index or
// fails with it. What the index missed, in this process or an earlier one, is
// made up for when it can be reached.
type Follower struct {
	index Index
	clock clock.Clock
	log   *zap.Logger

	mu    sync.Mutex // Guards dirty.
	dirty map[snowflake.GuildID]struct{}
	wake  chan struct{}
}

// NewFollower makes one for Config.StoresChanged and Run.
func NewFollower(index Index, c clock.Clock, log *zap.Logger) *Follower {
	return &Follower{index: index, clock: c, log: log, dirty: map[snowflake.GuildID]struct{}{}, wake: make(chan struct{}, 1)}
}

// Mark says that the guild's stores are not what the index has.
func (f *Follower) Mark(guild snowflake.GuildID) {
	f.mu.Lock()
	f.dirty[guild] = struct{}{}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// take gives a marked guild and unmarks it.
func (f *Follower) take() (guild snowflake.GuildID, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for g := range f.dirty {
		delete(f.dirty, g)
		return g, true
	}
	return 0, false
}

// Run brings the index up to date with db, and goes on doing so until ctx ends.
func (f *Follower) Run(ctx context.Context, db *DB) error {
	f.until(ctx, func() error { return f.markAll(ctx, db) })
	for ctx.Err() == nil {
		guild, ok := f.take()
		if !ok {
			select {
			case <-f.wake:
			case <-ctx.Done():
			}
			continue
		}
		f.until(ctx, func() error { return f.copy(ctx, db, guild) })
	}
	return nil
}

// until tries with pauses until it succeeds or ctx ends.
func (f *Follower) until(ctx context.Context, try func() error) {
	for pause, failed := firstPause, false; ; pause, failed = min(2*pause, longestPause), true {
		err := try()
		switch {
		case err == nil && failed:
			f.log.Info("the index of key-value stores is reached again")
			return
		case err == nil || ctx.Err() != nil:
			return
		case !failed:
			f.log.Warn("the index of key-value stores cannot be brought up to date now; it is tried again", zap.Error(err))
		}
		clock.Sleep(ctx, f.clock, pause)
	}
}

// markAll marks the guilds of both sides.
func (f *Follower) markAll(ctx context.Context, db *DB) error {
	indexed, err := f.index.KVGuilds(ctx)
	if err != nil {
		return err
	}
	own, err := db.guildsWithStores(ctx)
	if err != nil {
		return err
	}
	for _, guild := range slices.Concat(indexed, own) {
		f.Mark(guild)
	}
	return nil
}

func (f *Follower) copy(ctx context.Context, db *DB, guild snowflake.GuildID) error {
	stores, err := db.Stores(ctx, guild)
	if err != nil {
		return err
	}
	list := make([]Registered, len(stores))
	for i, s := range stores {
		list[i] = Registered{ID: s.ID, Name: s.Name, CreatedAt: s.CreatedAt}
	}
	return f.index.PutKVStores(ctx, guild, list)
}

// guildsWithStores lists them in ascending order.
func (db *DB) guildsWithStores(ctx context.Context) (out []snowflake.GuildID, err error) {
	if err := db.enter(ctx, 1); err != nil {
		return nil, err
	}
	defer db.leave()
	err = db.engine.Skim(ctx, []byte{tagStore}, []byte{tagStore + 1}, guildWidth, func(key []byte) error {
		guild, _, _, err := parseEntryKey(append(slices.Clip(key), 0))
		if err != nil {
			return db.damaged(0, "store", err)
		}
		out = append(out, guild)
		return nil
	})
	return out, err
}
