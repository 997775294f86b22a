package kv

import "time"

// change is a write to one store, and the counters as they will be after it. The
// guild is locked as long as it lives.
type change struct {
	guild  *guild
	name   string
	into   *store // Gets store when the change is written.
	store  storeRecord
	after  guildRecord
	tx     Tx
	raw    []byte // after, encoded.
	limits Limits
	writes int // Count against the store's rate limit.
	now    time.Time
}

func (db *DB) change(g *guild, tx Tx, name string, s *store) *change {
	c := &change{guild: g, name: name, into: s, store: s.storeRecord, after: g.guildRecord, tx: tx, now: db.clock.Now()}
	c.after.version++
	c.store.updated = c.now
	return c
}

func (c *change) count(bytes, keys int64) {
	c.store.bytes += bytes
	c.store.keys += keys
	c.after.bytes += bytes
	c.after.keys += keys
}

// add writes a head, and the value where there is one that is not inline.
func (c *change) add(key string, h head, value *string) {
	id := c.guild.id
	c.tx.Set(entryKey(tagHead, id, c.name, key), h.encode())
	if value != nil && !h.inline {
		c.tx.Set(entryKey(tagValue, id, c.name, key), encodeValue(h.valueVersion, *value))
	}
	if h.expiration != 0 {
		c.tx.Set(expiryKey(id, h.expiration, c.name, key), nil)
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
			c.tx.Delete(entryKey(tagValue, c.guild.id, c.name, s.key))
		}
	}
	c.add(s.key, *s.next, s.value)
}

// forget takes an entry that is about to be replaced out of the counters and
// out of the order of expirations.
func (c *change) forget(key string, h head) {
	if h.expiration != 0 {
		c.tx.Delete(expiryKey(c.guild.id, h.expiration, c.name, key))
	}
	c.count(-h.size(key), -1)
}

// remove deletes an entry.
func (c *change) remove(key string, h head) {
	c.forget(key, h)
	c.tx.Delete(entryKey(tagHead, c.guild.id, c.name, key))
	if !h.inline {
		c.tx.Delete(entryKey(tagValue, c.guild.id, c.name, key))
	}
}

// finish puts the counters into the write.
func (c *change) finish(limits Limits) *change {
	c.limits, c.raw = limits, c.after.encode()
	c.tx.Set(storeKey(c.guild.id, c.name), c.store.encode())
	c.tx.Set(guildKey(tagGuild, c.guild.id), c.raw)
	return c
}

// apply makes the state in memory what was written.
func (c *change) apply() {
	c.into.storeRecord = c.store
	c.guild.stores[c.name] = c.into
	c.guild.counted(c.after, c.raw)
	c.into.writes.take(c.now.UnixNano(), c.limits.perMinute(c.name), c.writes)
}

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
