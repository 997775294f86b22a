package kv

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// A slice is what one step of the sweep removes, so that the guild's own
// writes get their turn between two of them.
const (
	sliceKeys  = 256
	sliceBytes = 4 << 20
)

// Run removes expired keys and what is left of deleted stores, until ctx ends.
// Of several processes with the same data one does.
func (db *DB) Run(ctx context.Context) error {
	ticker := db.clock.NewTicker(db.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		mine, err := db.engine.Turn(ctx)
		if err == nil && mine {
			err = db.Sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			db.log.Error("kv sweep failed; it is tried again", zap.Error(err))
		}
		db.forget()
	}
}

// Sweep is one round of Run over all guilds.
func (db *DB) Sweep(ctx context.Context) error {
	if err := db.engine.Room(); err != nil {
		return nil //nolint:nilerr // It is told, and what is left is swept once there is room.
	}
	guilds, err := db.due(ctx)
	errs := []error{err}
	for _, id := range guilds {
		for more := true; more; {
			if more, err = db.sweepSlice(ctx, id); err != nil {
				// One guild's damage must not keep the others from being swept.
				errs = append(errs, err)
				break
			}
		}
	}
	return errors.Join(errs...)
}

// due gives the guilds that have something to sweep.
func (db *DB) due(ctx context.Context) (out []snowflake.GuildID, err error) {
	if err := db.enter(ctx, 1); err != nil {
		return nil, err
	}
	defer db.leave()
	now := db.clock.Now().Unix()
	err = db.engine.Skim(ctx, []byte{tagExpiry}, []byte{tagExpiry + 1}, guildWidth, func(key []byte) error {
		if len(key) < 17 {
			return db.damaged(0, "expiration", errDamaged)
		}
		if id, expiration, _, _, err := parseExpiryKey(key); err != nil || expiration <= now {
			out = append(out, id)
		}
		return nil
	})
	return out, err
}

// sweepSlice sweeps one slice of the guild and says whether there may be more.
func (db *DB) sweepSlice(ctx context.Context, id snowflake.GuildID) (more bool, err error) {
	if err := db.enter(ctx, id); err != nil {
		return false, err
	}
	defer db.leave()
	g := db.acquire(id)
	defer db.release(g)
	g.mu.Lock()
	importing := g.importing
	g.mu.Unlock()
	if importing {
		return false, nil
	}
	n, err := db.sweepGuild(ctx, g)
	return n > 0, err
}

// sweepGuild removes at most a slice of the guild's expired keys and gives
// their number. The write is not synced: after a crash it is simply done again.
func (db *DB) sweepGuild(ctx context.Context, g *guild) (n int, err error) {
	err = db.update(ctx, g, true, nil, func(g *guild, tx Tx) (applier, error) {
		n = 0
		if g.importing {
			return nil, nil
		}
		s := sweep{db: db, guild: g, tx: tx, after: g.guildRecord, stores: map[string]storeRecord{}}
		if n, err = s.slice(ctx); err != nil || n == 0 {
			return nil, err
		}
		return s.finish(), nil
	})
	return n, err
}

// sweep gathers what a slice changes.
type sweep struct {
	db     *DB
	guild  *guild
	tx     Tx
	after  guildRecord
	stores map[string]storeRecord
	freed  int64
}

// slice removes the entries of a slice.
func (s *sweep) slice(ctx context.Context) (n int, err error) {
	id := s.guild.id
	iter, err := s.tx.Iter(ctx, Span{Lower: guildKey(tagExpiry, id), Upper: expiryKey(id, s.db.clock.Now().Unix()+1, "", ""), Expect: sliceKeys})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for n < sliceKeys && s.freed < sliceBytes && iter.Next() {
		if err := s.entry(ctx, iter.Key()); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// entry removes the entry that an expiration points at, if it is still that one.
func (s *sweep) entry(ctx context.Context, expiry []byte) error {
	g := s.guild
	s.tx.Delete(expiry)
	_, expiration, name, key, err := parseExpiryKey(expiry)
	if err != nil {
		return s.db.damaged(g.id, "expiration", err)
	}
	st, h, err := s.db.find(ctx, g, s.tx, name, key)
	if err != nil || h == nil || h.expiration != expiration {
		return err
	}
	record, ok := s.stores[name]
	if !ok {
		record = st.storeRecord
	}
	n := h.size(key)
	record.bytes -= n
	record.keys--
	s.after.bytes -= n
	s.after.keys--
	s.freed += n
	s.stores[name] = record
	s.tx.Delete(entryKey(tagHead, g.id, name, key))
	if !h.inline {
		s.tx.Delete(entryKey(tagValue, g.id, name, key))
	}
	return nil
}

// finish writes the counters, and gives what makes the state in memory that.
func (s *sweep) finish() applier {
	g := s.guild
	raw := s.after.encode()
	s.tx.Set(guildKey(tagGuild, g.id), raw)
	for name, record := range s.stores {
		s.tx.Set(storeKey(g.id, name), record.encode())
	}
	return applies(func() {
		g.counted(s.after, raw)
		for name, record := range s.stores {
			g.stores[name].storeRecord = record
		}
	})
}
