package kv

import (
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// change is a write to one store: a batch and the counters as they will be
// after it. The guild is locked as long as it lives.
type change struct {
	guild  *guild
	name   string
	into   *store // Gets store when the batch is written.
	store  storeRecord
	after  guildRecord
	batch  *pebble.Batch
	err    error // The first one of the batch.
	writes int   // Count against the store's rate limit.
	now    time.Time
}

func (db *DB) change(g *guild, name string, s *store) *change {
	c := &change{guild: g, name: name, into: s, store: s.storeRecord, after: g.guildRecord, batch: db.pebble.NewBatch(), now: db.clock.Now()}
	c.after.version++
	c.store.updated = c.now
	return c
}

func (c *change) set(key, value []byte) { c.err = errors.Join(c.err, c.batch.Set(key, value, nil)) }
func (c *change) delete(key []byte)     { c.err = errors.Join(c.err, c.batch.Delete(key, nil)) }

func (c *change) count(bytes, keys int64) {
	c.store.bytes += bytes
	c.store.keys += keys
	c.after.bytes += bytes
	c.after.keys += keys
}

// add writes a head, and the value where there is one that is not inline.
func (c *change) add(key string, h head, value *string) {
	id := c.guild.id
	c.set(entryKey(tagHead, id, c.name, key), h.encode())
	if value != nil && !h.inline {
		c.set(entryKey(tagValue, id, c.name, key), encodeValue(h.valueVersion, *value))
	}
	if h.expiration != 0 {
		c.set(expiryKey(id, h.expiration, c.name, key), nil)
	}
	c.count(h.size(key), 1)
}

// take does one step of a write.
func (c *change) take(s step) {
	switch {
	case s.next == nil:
		c.remove(s.key, *s.old)
		return
	case s.old != nil:
		c.forget(s.key, *s.old)
		if !s.old.inline && s.next.inline {
			c.delete(entryKey(tagValue, c.guild.id, c.name, s.key))
		}
	}
	c.add(s.key, *s.next, s.value)
}

// forget takes an entry that is about to be replaced out of the counters and
// out of the order of expirations.
func (c *change) forget(key string, h head) {
	if h.expiration != 0 {
		c.delete(expiryKey(c.guild.id, h.expiration, c.name, key))
	}
	c.count(-h.size(key), -1)
}

// remove deletes an entry.
func (c *change) remove(key string, h head) {
	c.forget(key, h)
	c.delete(entryKey(tagHead, c.guild.id, c.name, key))
	if !h.inline {
		c.delete(entryKey(tagValue, c.guild.id, c.name, key))
	}
}

// records puts the counters into the batch.
func (c *change) records() error {
	c.set(storeKey(c.guild.id, c.name), c.store.encode())
	c.set(guildKey(tagGuild, c.guild.id), c.after.encode())
	return c.err
}

// apply makes the state in memory what the batch says.
func (c *change) apply(limits Limits) {
	c.into.storeRecord = c.store
	c.guild.stores[c.name] = c.into
	c.guild.guildRecord = c.after
	c.into.writes.take(c.now.UnixNano(), limits.perMinute(c.name), c.writes)
}

// finish writes the change, unlocks the guild and waits for the disk.
func (db *DB) finish(c *change) error {
	if err := c.records(); err != nil {
		c.guild.mu.Unlock()
		return errors.Join(failed("write", err), c.batch.Close())
	}
	made := c.guild.stores[c.name] == nil
	if err := db.commit(c.guild, c.batch, func() { c.apply(db.limits()) }); err != nil {
		return err
	}
	if made {
		db.storesChanged(c.guild.id)
	}
	return nil
}

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
