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

// Pauses of a Mirror after a failure; they double.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Mirror keeps an Index like the stores of a DB. It writes behind: a store that
// comes or goes is only marked, and no write of a script waits for the index or
// fails with it. What the index missed, in this process or an earlier one, is
// made up for when it can be reached.
type Mirror struct {
	index Index
	clock clock.Clock
	log   *zap.Logger

	mu    sync.Mutex // Guards dirty.
	dirty map[snowflake.GuildID]struct{}
	wake  chan struct{}
}

// NewMirror makes a mirror for Config.StoresChanged and Run.
func NewMirror(index Index, c clock.Clock, log *zap.Logger) *Mirror {
	return &Mirror{index: index, clock: c, log: log, dirty: map[snowflake.GuildID]struct{}{}, wake: make(chan struct{}, 1)}
}

// Mark says that the guild's stores are not what the index has.
func (m *Mirror) Mark(guild snowflake.GuildID) {
	m.mu.Lock()
	m.dirty[guild] = struct{}{}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take gives a marked guild and unmarks it.
func (m *Mirror) take() (guild snowflake.GuildID, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for g := range m.dirty {
		delete(m.dirty, g)
		return g, true
	}
	return 0, false
}

// Run brings the index up to date with db, and goes on doing so until ctx ends.
func (m *Mirror) Run(ctx context.Context, db *DB) error {
	m.until(ctx, func() error { return m.markAll(ctx, db) })
	for ctx.Err() == nil {
		guild, ok := m.take()
		if !ok {
			select {
			case <-m.wake:
			case <-ctx.Done():
			}
			continue
		}
		m.until(ctx, func() error { return m.copy(ctx, db, guild) })
	}
	return nil
}

// until tries f with pauses until it succeeds or ctx ends.
func (m *Mirror) until(ctx context.Context, f func() error) {
	for pause, failed := firstPause, false; ; pause, failed = min(2*pause, longestPause), true {
		err := f()
		switch {
		case err == nil && failed:
			m.log.Info("the index of key-value stores is reached again")
			return
		case err == nil || ctx.Err() != nil:
			return
		case !failed:
			m.log.Warn("the index of key-value stores cannot be brought up to date now; it is tried again", zap.Error(err))
		}
		timer := m.clock.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// markAll marks the guilds of both sides.
func (m *Mirror) markAll(ctx context.Context, db *DB) error {
	indexed, err := m.index.KVGuilds(ctx)
	if err != nil {
		return err
	}
	own, err := db.guildsWithStores(ctx)
	if err != nil {
		return err
	}
	for _, guild := range slices.Concat(indexed, own) {
		m.Mark(guild)
	}
	return nil
}

func (m *Mirror) copy(ctx context.Context, db *DB, guild snowflake.GuildID) error {
	stores, err := db.Stores(ctx, guild)
	if err != nil {
		return err
	}
	list := make([]Registered, len(stores))
	for i, s := range stores {
		list[i] = Registered{ID: s.ID, Name: s.Name, CreatedAt: s.CreatedAt}
	}
	return m.index.PutKVStores(ctx, guild, list)
}

// guildsWithStores lists them in ascending order.
func (db *DB) guildsWithStores(ctx context.Context) (out []snowflake.GuildID, err error) {
	if err := db.enter(ctx, 1); err != nil {
		return nil, err
	}
	defer db.leave()
	err = db.scan(db.pebble, []byte{tagStore}, func(k, _ []byte) error {
		guild, _, _, err := parseEntryKey(append(slices.Clip(k), 0))
		if err != nil {
			return db.damaged(0, "store", err)
		}
		if len(out) == 0 || out[len(out)-1] != guild {
			out = append(out, guild)
		}
		return ctx.Err()
	})
	return out, err
}
