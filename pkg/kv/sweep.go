package kv

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"
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
func (db *DB) Run(ctx context.Context) error {
	ticker := db.clock.NewTicker(db.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if err := db.Sweep(ctx); err != nil && ctx.Err() == nil {
			db.log.Error("kv sweep failed; it is tried again", zap.Error(err))
		}
		db.forget()
	}
}

// Sweep is one round of Run over all guilds.
func (db *DB) Sweep(ctx context.Context) error {
	if err := db.room.Check(); err != nil {
		return nil //nolint:nilerr // It is told, and what is left is swept once there is room.
	}
	var errs []error
	for id := snowflake.GuildID(0); ; {
		next, err := db.nextExpired(ctx, id+1)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if next.IsZero() {
			return errors.Join(errs...)
		}
		id = next
		for more := true; more; {
			if more, err = db.sweepSlice(ctx, id); err != nil {
				// One guild's damage must not keep the others from being swept.
				errs = append(errs, err)
				break
			}
		}
	}
}

// nextExpired gives the first guild from id on that has something to sweep,
// zero when none has.
func (db *DB) nextExpired(ctx context.Context, id snowflake.GuildID) (next snowflake.GuildID, err error) {
	if err := db.enter(ctx, id); err != nil {
		return 0, err
	}
	defer db.leave()
	iter, err := db.pebble.NewIter(&pebble.IterOptions{LowerBound: guildKey(tagExpiry, id), UpperBound: []byte{tagExpiry + 1}})
	if err != nil {
		return 0, failed("sweep", err)
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	now := db.clock.Now().Unix()
	for ok := iter.First(); ok; {
		if len(iter.Key()) < 17 {
			return 0, db.damaged(0, "expiration", errDamaged)
		}
		g := snowflake.GuildID(binary.BigEndian.Uint64(iter.Key()[1:]))
		if _, expiration, _, _, err := parseExpiryKey(iter.Key()); err != nil || expiration <= now {
			return g, nil
		}
		ok = iter.SeekGE(guildKey(tagExpiry, g+1))
	}
	return 0, iter.Error()
}

// sweepSlice sweeps one slice of the guild and says whether there may be more.
func (db *DB) sweepSlice(ctx context.Context, id snowflake.GuildID) (more bool, err error) {
	if err := db.enter(ctx, id); err != nil {
		return false, err
	}
	defer db.leave()
	g := db.acquire(id)
	defer db.release(g)
	if err := db.lock(g); err != nil {
		return false, err
	}
	defer g.mu.Unlock()
	if g.importing {
		return false, nil
	}
	n, err := db.sweepGuild(g)
	return n > 0, err
}

// sweepGuild removes at most a slice of the guild's expired keys and gives
// their number. The guild is locked. The write is not synced: after a crash it
// is simply done again.
func (db *DB) sweepGuild(g *guild) (n int, err error) {
	lower := guildKey(tagExpiry, g.id)
	upper := expiryKey(g.id, db.clock.Now().Unix()+1, "", "")
	iter, err := db.pebble.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return 0, failed("sweep", err)
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	b := db.pebble.NewBatch()
	defer func() { err = errors.Join(err, b.Close()) }()
	s := sweep{db: db, guild: g, batch: b, after: g.guildRecord, stores: map[string]storeRecord{}}
	for iter.First(); iter.Valid() && n < sliceKeys && s.freed < sliceBytes; iter.Next() {
		if err := s.entry(iter.Key()); err != nil {
			return 0, err
		}
		n++
	}
	if err := iter.Error(); err != nil {
		return 0, failed("sweep", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.commit()
}

// sweep gathers what a slice changes.
type sweep struct {
	db     *DB
	guild  *guild
	batch  *pebble.Batch
	after  guildRecord
	stores map[string]storeRecord
	freed  int64
}

// entry removes the entry that an expiration points at, if it is still that one.
func (s *sweep) entry(expiry []byte) error {
	g := s.guild
	if err := s.batch.Delete(expiry, nil); err != nil {
		return failed("sweep", err)
	}
	_, expiration, name, key, err := parseExpiryKey(expiry)
	if err != nil {
		return s.db.damaged(g.id, "expiration", err)
	}
	st, h, err := s.db.find(g, name, key)
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
	err = s.batch.Delete(entryKey(tagHead, g.id, name, key), nil)
	if !h.inline {
		err = errors.Join(err, s.batch.Delete(entryKey(tagValue, g.id, name, key), nil))
	}
	if err != nil {
		return failed("sweep", err)
	}
	return nil
}

func (s *sweep) commit() error {
	g := s.guild
	err := s.batch.Set(guildKey(tagGuild, g.id), s.after.encode(), nil)
	for name, record := range s.stores {
		err = errors.Join(err, s.batch.Set(storeKey(g.id, name), record.encode(), nil))
	}
	if err == nil {
		err = s.db.room.Write(func() error { return s.batch.Commit(pebble.NoSync) })
	}
	if err != nil {
		return failed("sweep", err)
	}
	g.guildRecord = s.after
	for name, record := range s.stores {
		g.stores[name].storeRecord = record
	}
	return nil
}
