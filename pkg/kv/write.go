package kv

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Set is Write of one value; it replaces value, expiration and metadata together.
func (db *DB) Set(ctx context.Context, id snowflake.GuildID, name, key, value string, o SetOptions) error {
	_, err := db.Write(ctx, id, name, []Change{{Key: key, Value: value, SetOptions: o}})
	return err
}

// Delete is Write of one removal, and says whether the key was there.
func (db *DB) Delete(ctx context.Context, id snowflake.GuildID, name, key string) (existed bool, err error) {
	version, err := db.Write(ctx, id, name, []Change{{Key: key, Delete: true}})
	return version != 0, err
}

// Write implements Store.
func (db *DB) Write(ctx context.Context, id snowflake.GuildID, name string, changes []Change) (uint64, error) {
	if err := first(db.limits().checkStore(name), db.limits().checkBatch(len(changes))); err != nil {
		return 0, err
	}
	edits := make([]edit, len(changes))
	seen := make(map[string]struct{}, len(changes))
	total, sets := 0, 0
	for i, c := range changes {
		var err error
		if edits[i], err = db.edit(c); err != nil {
			return 0, err
		}
		if _, twice := seen[c.Key]; twice {
			return 0, fault.New(fault.InvalidInput, "key %.100q is in the batch twice", c.Key)
		}
		seen[c.Key] = struct{}{}
		total += len(c.Key)
		if !c.Delete {
			total += len(c.Value) + len(c.Metadata)
			sets++
		}
	}
	if len(changes) > 1 && total > db.limits().BatchBytes {
		return 0, fault.New(fault.TooLarge, "the batch has more than %s of keys, values and metadata; make it several", size(int64(db.limits().BatchBytes)))
	}
	if limit := db.limits().WritesPerMinute; limit > 0 && sets > limit {
		return 0, fault.New(fault.InvalidInput, "the batch sets %d keys, and only %d may be set in a minute; make it several", sets, limit)
	}
	return db.apply(ctx, id, name, int64(total), edits)
}

// UpdateMetadata implements Store.
func (db *DB) UpdateMetadata(ctx context.Context, id snowflake.GuildID, name, key string, metadata json.RawMessage) error {
	metadata, err := db.limits().checkMetadata(metadata)
	if err = first(db.limits().checkStore(name), db.limits().checkKey(key), err); err != nil {
		return err
	}
	_, err = db.apply(ctx, id, name, int64(len(key)+len(metadata)+inlineBytes), []edit{{key: key, writes: 1, next: func(live *head) (*head, *string, error) {
		if live == nil {
			return nil, nil, fault.New(fault.NotFound, "key not found")
		}
		h := *live
		h.metadata = metadata
		return &h, nil, nil
	}}})
	return err
}

// CreateStore implements Store.
func (db *DB) CreateStore(ctx context.Context, id snowflake.GuildID, name string) (StoreInfo, error) {
	if err := db.limits().checkStore(name); err != nil {
		return StoreInfo{}, err
	}
	var info StoreInfo
	err := db.write(ctx, id, int64(len(name)), nil, func(g *guild, tx Tx) (applier, error) {
		if g.stores[name] != nil {
			return nil, fault.New(fault.Conflict, "store %q already exists", name)
		}
		s, err := db.newStore(g)
		if err != nil {
			return nil, err
		}
		c := db.change(g, tx, name, s)
		info = c.store.info(id, name)
		return c.finish(db.limits()), nil
	})
	if err != nil {
		return StoreInfo{}, err
	}
	db.storesChanged(id)
	return info, nil
}

// DeleteStore implements Store.
func (db *DB) DeleteStore(ctx context.Context, id snowflake.GuildID, name string) error {
	if err := db.limits().checkAny(name); err != nil {
		return err
	}
	err := db.write(ctx, id, int64(len(name)), nil, func(g *guild, tx Tx) (applier, error) {
		s := g.stores[name]
		if s == nil {
			return nil, fault.New(fault.NotFound, "store not found")
		}
		counters := g.guildRecord
		counters.version++ // So that the record tells that the stores are others.
		counters.bytes -= s.bytes
		counters.keys -= s.keys
		raw := counters.encode()
		// What is left in the order of expirations points at nothing and goes
		// with the sweep.
		tx.DeleteAll(entryKey(tagHead, id, name, ""))
		tx.DeleteAll(entryKey(tagValue, id, name, ""))
		tx.Delete(storeKey(id, name))
		tx.Set(guildKey(tagGuild, id), raw)
		return applies(func() {
			g.counted(counters, raw)
			delete(g.stores, name)
		}), nil
	})
	if err != nil {
		return err
	}
	db.storesChanged(id)
	db.tell(id, name, nil)
	return nil
}

// write does it in an update of the guild, once there is room for n bytes in
// flight. Where that is over a quota, expired keys are removed, and it is tried
// again.
func (db *DB) write(ctx context.Context, id snowflake.GuildID, n int64, keys func() [][]byte, do func(*guild, Tx) (applier, error)) error {
	if err := db.enter(ctx, id); err != nil {
		return err
	}
	defer db.leave()
	if err := db.engine.Room(); err != nil {
		return err
	}
	g := db.acquire(id)
	defer db.release(g)
	n = min(n, db.limits().InFlightBytes)
	if err := g.inFlight.Acquire(ctx, n); err != nil {
		return fault.Wrap(err, fault.Timeout, "kv write did not start in time; try again")
	}
	defer g.inFlight.Release(n)
	const rounds = 16 // Of removing; the rest is left to Run.
	for round := 0; ; round++ {
		err := db.update(ctx, g, false, keys, do)
		if err == nil || round == rounds || !fault.Is(err, fault.QuotaExceeded) {
			return err
		}
		n, sweepErr := db.sweepGuild(ctx, g)
		if sweepErr != nil {
			return sweepErr
		}
		if n == 0 {
			return err
		}
	}
}

// edit is what a write does to one key.
type edit struct {
	key string
	// writes is how many it counts as against the rate limit.
	writes int
	// looks says that next only looks at what is there, which stays.
	looks bool
	// next gives the head that follows the key's present one, and the value if
	// that is another one. live is nil when there is no such key; next gives a nil
	// head when there is to be none.
	next func(live *head) (*head, *string, error)
}

// step is an edit that was worked out. old may have expired; one of old and
// next is there.
type step struct {
	edit

	old, next *head
	value     *string
}

// edit checks a change by itself.
func (db *DB) edit(c Change) (edit, error) {
	if err := first(db.limits().checkKey(c.Key), c.check(c.Delete)); err != nil {
		return edit{}, err
	}
	if c.Delete {
		return edit{key: c.Key, next: func(live *head) (*head, *string, error) { return nil, nil, c.holds(c.Key, live) }}, nil
	}
	metadata, err := db.limits().checkMetadata(c.Metadata)
	if err = first(db.limits().checkValue(c.Value), err); err != nil {
		return edit{}, err
	}
	expiration, err := db.expiration(c.Expiration, c.TTL)
	if err != nil {
		return edit{}, err
	}
	return edit{key: c.Key, writes: 1, next: func(live *head) (*head, *string, error) {
		h := &head{expiration: expiration, metadata: metadata}
		h.setValue(c.Value)
		return h, &c.Value, c.holds(c.Key, live)
	}}, nil
}

// latest is the largest expiration: the largest integer that a script's number
// holds exactly.
const latest = 1<<53 - 1

// expiration is that of a key with the one or the other.
func (db *DB) expiration(at, ttl int64) (int64, error) {
	switch {
	case ttl == 0:
		return at, nil
	case at != 0:
		return 0, fault.New(fault.InvalidInput, "give expiration or ttl, not both")
	case ttl < 1:
		return 0, fault.New(fault.InvalidInput, "ttl must be at least 1 second")
	}
	return min(ttl, latest-db.clock.Now().Unix()) + db.clock.Now().Unix(), nil
}

func (c Condition) check(deletes bool) error {
	switch {
	case c.IfVersion != 0 && c.IfAbsent:
		return fault.New(fault.InvalidInput, "give a version or that the key must not exist, not both")
	case deletes && c.IfAbsent:
		return fault.New(fault.InvalidInput, "a delete cannot ask that the key does not exist")
	}
	return nil
}

// holds reports a condition that does not hold as a conflict, with the version
// that the key has.
func (c Condition) holds(key string, live *head) error {
	switch {
	case c.IfAbsent && live != nil:
		return fault.New(fault.Conflict, "key %.100q exists already", key).With("key", key).With("version", live.version)
	case c.IfVersion == 0 || live != nil && live.version == c.IfVersion:
		return nil
	case live == nil:
		return fault.New(fault.Conflict, "key %.100q does not exist, it was to have version %d", key, c.IfVersion).With("key", key).With("version", nil)
	}
	return fault.New(fault.Conflict, "key %.100q has version %d, it was to have version %d", key, live.version, c.IfVersion).With("key", key).With("version", live.version)
}

// apply makes the edits to a store in one write of about n bytes.
func (db *DB) apply(ctx context.Context, id snowflake.GuildID, name string, n int64, edits []edit) (version uint64, err error) {
	return db.applyAt(ctx, id, name, n, func(uint64) []edit { return edits })
}

// applyAt is apply of edits that depend on the version which they give.
func (db *DB) applyAt(ctx context.Context, id snowflake.GuildID, name string, n int64, edits func(version uint64) []edit) (version uint64, err error) {
	made := false
	keys := func() [][]byte {
		list := edits(0)
		out := make([][]byte, len(list))
		for i, e := range list {
			out[i] = entryKey(tagHead, id, name, e.key)
		}
		return out
	}
	err = db.write(ctx, id, n, keys, func(g *guild, tx Tx) (applier, error) {
		version = 0
		c, err := db.prepare(ctx, g, tx, name, edits)
		if err != nil || c == nil {
			return nil, err
		}
		version, made = c.after.version, g.stores[name] == nil
		return c.finish(db.limits()), nil
	})
	if err != nil {
		return 0, err
	}
	if made {
		db.storesChanged(id)
	}
	return version, nil
}

// prepare works the edits out and checks that they fit; nil is nothing to do.
func (db *DB) prepare(ctx context.Context, g *guild, tx Tx, name string, edits func(version uint64) []edit) (*change, error) {
	steps, err := db.steps(ctx, g, tx, name, edits(g.version+1))
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	s := g.stores[name]
	if s == nil {
		if s, err = db.newStore(g); err != nil {
			return nil, err
		}
	}
	if err := db.exceeded(g, s, steps); err != nil {
		return nil, err
	}
	writes := 0
	for _, st := range steps {
		writes += st.writes
	}
	// After the quotas, so that a refused write costs nothing.
	if wait := s.writes.wait(db.clock.Now().UnixNano(), db.limits().perMinute(name), writes); writes > 0 && wait > 0 {
		f := fault.New(fault.RateLimited, "kv write rate limit exceeded; retry later")
		f.RetryAfter = wait
		return nil, f
	}
	c := db.change(g, tx, name, s)
	c.writes = writes
	for _, st := range steps {
		c.take(st)
	}
	return c, nil
}

// steps works out what the edits do now, and leaves out what does nothing.
func (db *DB) steps(ctx context.Context, g *guild, tx Tx, name string, edits []edit) ([]step, error) {
	steps := make([]step, 0, len(edits))
	now := db.clock.Now().Unix()
	for _, e := range edits {
		_, old, err := db.find(ctx, g, tx, name, e.key)
		if err != nil {
			return nil, err
		}
		live := old
		if old != nil && db.expired(*old, now) {
			live = nil
		}
		next, value, err := e.next(live)
		if err != nil {
			return nil, err
		}
		if e.looks || next == nil && live == nil {
			continue // What has expired is left to the sweep.
		}
		if next != nil {
			next.version = g.version + 1
			if value != nil && !next.inline {
				next.valueVersion = next.version
			}
		}
		steps = append(steps, step{edit: e, old: old, next: next, value: value})
	}
	return steps, nil
}

// setValue puts the value into the head or beside it.
func (h *head) setValue(value string) {
	h.valueLen = len(value)
	if h.inline = len(value) <= inlineBytes; h.inline {
		h.value = []byte(value)
	}
}

// newStore makes the record of a store that is not registered yet.
func (db *DB) newStore(g *guild) (*store, error) {
	if limit := db.limits().Stores; limit > 0 && len(g.stores) >= limit {
		return nil, db.limits().tooManyStores()
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, failed("make an id", err)
	}
	now := db.clock.Now()
	return &store{storeRecord: storeRecord{id: id, created: now, updated: now}}, nil
}

// exceeded checks the sizes of entries and the quotas. What does not grow is
// always within the quotas.
func (db *DB) exceeded(g *guild, s *store, steps []step) error {
	l := db.limits()
	var grown, keys int64
	for _, st := range steps {
		if st.old != nil {
			grown -= st.old.size(st.key)
			keys--
		}
		if st.next == nil {
			continue
		}
		n := st.next.size(st.key)
		if n > int64(l.EntryBytes) {
			return l.entryTooLarge()
		}
		grown += n
		keys++
	}
	return l.exceeded(s.bytes, g.bytes, g.keys, grown, keys)
}

// exceeded checks the quotas of a store and a guild that grow by so much.
func (l Limits) exceeded(storeBytes, guildBytes, guildKeys, grown, keys int64) error {
	switch {
	case grown > 0 && l.StoreBytes > 0 && storeBytes+grown > l.StoreBytes:
		return fault.New(fault.QuotaExceeded, "kv store storage quota exceeded")
	case grown > 0 && l.GuildBytes > 0 && guildBytes+grown > l.GuildBytes:
		return fault.New(fault.QuotaExceeded, "kv guild storage quota exceeded")
	case keys > 0 && l.GuildKeys > 0 && guildKeys+keys > l.GuildKeys:
		return fault.New(fault.QuotaExceeded, "kv guild has %d keys, which is the most allowed; delete some first", l.GuildKeys)
	}
	return nil
}

// find gives the store and the entry's head, nil for what is not there. Expired
// entries are found.
func (db *DB) find(ctx context.Context, g *guild, r Reader, name, key string) (*store, *head, error) {
	s := g.stores[name]
	if s == nil {
		return nil, nil, nil
	}
	h, err := db.head(ctx, r, g.id, name, key)
	return s, h, err
}

// info is the store as others see it.
func (s *storeRecord) info(id snowflake.GuildID, name string) StoreInfo {
	return StoreInfo{ID: s.id.String(), Guild: id, Name: strings.Clone(name), CreatedAt: micro(s.created), UpdatedAt: micro(s.updated)}
}
