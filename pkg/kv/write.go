package kv

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Set implements Store.
func (db *DB) Set(ctx context.Context, id snowflake.GuildID, name, key, value string, o SetOptions) error {
	metadata, err := db.limits.checkMetadata(o.Metadata)
	err = first(db.limits.checkStore(name), db.limits.checkKey(key), db.limits.checkValue(value), err)
	if err != nil {
		return err
	}
	return db.write(ctx, id, int64(len(key)+len(value)+len(metadata)), func(g *guild) error {
		return db.put(g, name, key, o.Expiration, metadata, &value)
	})
}

// UpdateMetadata implements Store.
func (db *DB) UpdateMetadata(ctx context.Context, id snowflake.GuildID, name, key string, metadata json.RawMessage) error {
	metadata, err := db.limits.checkMetadata(metadata)
	if err = first(db.limits.checkStore(name), db.limits.checkKey(key), err); err != nil {
		return err
	}
	return db.write(ctx, id, int64(len(key)+len(metadata)+inlineBytes), func(g *guild) error {
		return db.put(g, name, key, 0, metadata, nil)
	})
}

// Delete implements Store.
func (db *DB) Delete(ctx context.Context, id snowflake.GuildID, name, key string) (existed bool, err error) {
	if err := first(db.limits.checkStore(name), db.limits.checkKey(key)); err != nil {
		return false, err
	}
	err = db.write(ctx, id, int64(len(key)), func(g *guild) error {
		s, h, err := db.find(g, name, key)
		if err != nil || h == nil || db.expired(*h, db.clock.Now().Unix()) {
			g.mu.Unlock()
			return err
		}
		existed = true
		c := db.change(g, name, s)
		c.remove(key, *h)
		return db.finish(c)
	})
	return existed && err == nil, err
}

// CreateStore implements Store.
func (db *DB) CreateStore(ctx context.Context, id snowflake.GuildID, name string) (StoreInfo, error) {
	if err := db.limits.checkStore(name); err != nil {
		return StoreInfo{}, err
	}
	var info StoreInfo
	err := db.write(ctx, id, int64(len(name)), func(g *guild) error {
		if g.stores[name] != nil {
			g.mu.Unlock()
			return fault.New(fault.Conflict, "store %q already exists", name)
		}
		s, err := db.newStore(g)
		if err != nil {
			g.mu.Unlock()
			return err
		}
		c := db.change(g, name, s)
		info = c.store.info(id, name)
		return db.finish(c)
	})
	return info, err
}

// DeleteStore implements Store.
func (db *DB) DeleteStore(ctx context.Context, id snowflake.GuildID, name string) error {
	if err := db.limits.checkStore(name); err != nil {
		return err
	}
	return db.write(ctx, id, int64(len(name)), func(g *guild) error {
		s := g.stores[name]
		if s == nil {
			g.mu.Unlock()
			return fault.New(fault.NotFound, "store not found")
		}
		counters := g.guildRecord
		counters.bytes -= s.bytes
		counters.keys -= s.keys
		b := db.pebble.NewBatch()
		// What is left in the order of expirations points at nothing and goes
		// with the sweep.
		err := errors.Join(
			deleteAll(b, entryKey(tagHead, id, name, "")),
			deleteAll(b, entryKey(tagValue, id, name, "")),
			b.Delete(storeKey(id, name), nil),
			b.Set(guildKey(tagGuild, id), counters.encode(), nil),
		)
		if err != nil {
			g.mu.Unlock()
			return errors.Join(failed("write", err), b.Close())
		}
		return db.commit(g, b, func() {
			g.guildRecord = counters
			delete(g.stores, name)
		})
	})
}

func deleteAll(b *pebble.Batch, prefix []byte) error {
	return b.DeleteRange(prefix, after(prefix), nil)
}

// write runs f with the guild locked, once there is room for n bytes in flight.
// f unlocks the guild, through commit or before it returns.
func (db *DB) write(ctx context.Context, id snowflake.GuildID, n int64, f func(*guild) error) error {
	if err := db.enter(ctx, id); err != nil {
		return err
	}
	defer db.leave()
	g := db.acquire(id)
	defer db.release(g)
	n = min(n, db.limits.InFlightBytes)
	if err := g.inFlight.Acquire(ctx, n); err != nil {
		return fault.Wrap(err, fault.Timeout, "kv write did not start in time; try again")
	}
	defer g.inFlight.Release(n)
	if err := db.lock(g); err != nil {
		return err
	}
	return f(g)
}

// put writes an entry. Without a value it changes the metadata only.
func (db *DB) put(g *guild, name, key string, expiration int64, metadata json.RawMessage, value *string) error {
	c, err := db.preparePut(g, name, key, expiration, metadata, value)
	if err != nil {
		g.mu.Unlock()
		return err
	}
	return db.finish(c)
}

func (db *DB) preparePut(g *guild, name, key string, expiration int64, metadata json.RawMessage, value *string) (*change, error) {
	s, old, next, err := db.fit(g, name, key, value == nil, func(h *head) {
		h.metadata = metadata
		if value != nil {
			h.expiration = expiration
			h.setValue(*value)
		}
	})
	if err != nil {
		return nil, err
	}
	if wait := s.writes.wait(db.clock.Now().UnixNano(), db.limits.WritesPerMinute); wait > 0 {
		f := fault.New(fault.RateLimited, "kv write rate limit exceeded; retry later")
		f.RetryAfter = wait
		return nil, f
	}
	c := db.change(g, name, s)
	c.writes = true
	if old != nil {
		c.forget(key, *old)
		if !old.inline && next.inline {
			c.delete(entryKey(tagValue, g.id, name, key))
		}
	}
	c.add(key, next, value)
	return c, nil
}

// fit makes the head that follows the key's present one and checks that it
// fits into the quotas. Expired keys are removed where that may make room.
func (db *DB) fit(g *guild, name, key string, must bool, edit func(*head)) (s *store, old *head, next head, err error) {
	const rounds = 16 // Of removing; the rest is left to Run.
	for round := 0; ; round++ {
		if s, old, err = db.find(g, name, key); err != nil {
			return nil, nil, next, err
		}
		next = head{}
		if must {
			if old == nil || db.expired(*old, db.clock.Now().Unix()) {
				return nil, nil, next, fault.New(fault.NotFound, "key not found")
			}
			next = *old
		}
		next.version = g.version + 1
		edit(&next)
		if s == nil {
			if s, err = db.newStore(g); err != nil {
				return nil, nil, next, err
			}
		}
		if err = db.exceeded(g, s, key, old, next); err == nil {
			return s, old, next, nil
		}
		n := 0
		if fault.Is(err, fault.QuotaExceeded) && round < rounds {
			var sweepErr error
			if n, sweepErr = db.sweepGuild(g); sweepErr != nil {
				return nil, nil, next, sweepErr
			}
		}
		if n == 0 {
			return nil, nil, next, err
		}
	}
}

// setValue puts the value into the head or beside it.
func (h *head) setValue(value string) {
	h.valueLen = len(value)
	if h.inline = len(value) <= inlineBytes; h.inline {
		h.value = []byte(value)
		return
	}
	h.valueVersion = h.version
}

// newStore makes the record of a store that is not registered yet.
func (db *DB) newStore(g *guild) (*store, error) {
	if limit := db.limits.Stores; limit > 0 && len(g.stores) >= limit {
		return nil, fault.New(fault.QuotaExceeded, "kv guild has %d stores, which is the most allowed; delete one first", limit)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, failed("make an id", err)
	}
	now := db.clock.Now()
	return &store{storeRecord: storeRecord{id: id, created: now, updated: now}}, nil
}

// exceeded checks the size of an entry and the quotas. What does not grow is
// always within the quotas.
func (db *DB) exceeded(g *guild, s *store, key string, old *head, next head) error {
	l := db.limits
	grown, keys := next.size(key), int64(1)
	if grown > int64(l.EntryBytes) {
		return l.entryTooLarge()
	}
	if old != nil {
		keys = 0
		grown -= old.size(key)
	}
	switch {
	case grown > 0 && l.StoreBytes > 0 && s.bytes+grown > l.StoreBytes:
		return fault.New(fault.QuotaExceeded, "kv store storage quota exceeded")
	case grown > 0 && l.GuildBytes > 0 && g.bytes+grown > l.GuildBytes:
		return fault.New(fault.QuotaExceeded, "kv guild storage quota exceeded")
	case keys > 0 && l.GuildKeys > 0 && g.keys+keys > l.GuildKeys:
		return fault.New(fault.QuotaExceeded, "kv guild has %d keys, which is the most allowed; delete some first", l.GuildKeys)
	}
	return nil
}

// find gives the store and the entry's head, nil for what is not there. Expired
// entries are found.
func (db *DB) find(g *guild, name, key string) (*store, *head, error) {
	s := g.stores[name]
	if s == nil {
		return nil, nil, nil
	}
	b, err := db.get(db.pebble, entryKey(tagHead, g.id, name, key))
	if err != nil || b == nil {
		return s, nil, err
	}
	h, err := decodeHead(b)
	if err != nil {
		return nil, nil, db.damaged(g.id, "entry", err)
	}
	return s, &h, nil
}

// info is the store as others see it.
func (s *storeRecord) info(id snowflake.GuildID, name string) StoreInfo {
	return StoreInfo{ID: s.id.String(), Guild: id, Name: strings.Clone(name), CreatedAt: micro(s.created), UpdatedAt: micro(s.updated)}
}
