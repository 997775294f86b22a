package kv

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Get implements Store.
func (db *DB) Get(ctx context.Context, id snowflake.GuildID, name, key string) (Entry, error) {
	if err := first(db.limits().checkStore(name), db.limits().checkKey(key)); err != nil {
		return Entry{}, err
	}
	if err := db.enter(ctx, id); err != nil {
		return Entry{}, err
	}
	defer db.leave()
	// An entry that is all in its head needs no snapshot.
	h, err := db.head(db.pebble, id, name, key)
	switch {
	case err != nil, h == nil, db.expired(*h, db.clock.Now().Unix()):
		return Entry{}, err
	case !h.inline:
		return db.large(id, name, key)
	}
	return Entry{Found: true, Value: string(h.value), Expiration: h.expiration, Metadata: h.metadata, Version: h.version}, nil
}

// GetMany implements Store.
func (db *DB) GetMany(ctx context.Context, id snowflake.GuildID, name string, keys []string) (out []Entry, err error) {
	err = first(db.limits().checkStore(name), db.limits().checkBatch(len(keys)))
	for _, key := range keys {
		err = first(err, db.limits().checkKey(key))
	}
	if err != nil {
		return nil, err
	}
	if err := db.enter(ctx, id); err != nil {
		return nil, err
	}
	defer db.leave()
	snapshot := db.pebble.NewSnapshot()
	defer func() {
		if e := snapshot.Close(); e != nil && err == nil {
			err = failed("read", e)
		}
	}()
	out = make([]Entry, len(keys))
	held := 0
	for i, key := range keys {
		if out[i], err = db.entry(snapshot, id, name, key); err != nil {
			return nil, err
		}
		held += len(out[i].Value) + len(out[i].Metadata)
		if len(keys) > 1 && held > db.limits().BatchBytes {
			return nil, fault.New(fault.TooLarge, "the values of these keys have more than %s together; ask for fewer at once", size(int64(db.limits().BatchBytes)))
		}
	}
	return out, nil
}

// entry reads an entry where nothing changes meanwhile.
func (db *DB) entry(r pebble.Reader, id snowflake.GuildID, name, key string) (Entry, error) {
	h, err := db.head(r, id, name, key)
	if err != nil || h == nil || db.expired(*h, db.clock.Now().Unix()) {
		return Entry{}, err
	}
	value, err := db.value(r, id, name, key, *h)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Found: true, Value: value, Expiration: h.expiration, Metadata: h.metadata, Version: h.version}, nil
}

// value is that of an entry, read where nothing changed since its head was.
func (db *DB) value(r pebble.Reader, id snowflake.GuildID, name, key string, h head) (string, error) {
	if h.inline {
		return string(h.value), nil
	}
	b, err := db.get(r, entryKey(tagValue, id, name, key))
	if err != nil {
		return "", err
	}
	value, err := decodeValue(b, h)
	if err != nil {
		return "", db.damaged(id, "value", err)
	}
	return value, nil
}

func (db *DB) head(r pebble.Reader, id snowflake.GuildID, name, key string) (*head, error) {
	b, err := db.get(r, entryKey(tagHead, id, name, key))
	if err != nil || b == nil {
		return nil, err
	}
	h, err := decodeHead(b)
	if err != nil {
		return nil, db.damaged(id, "entry", err)
	}
	return &h, nil
}

// large reads an entry and the value beside it as they were at one moment.
func (db *DB) large(id snowflake.GuildID, name, key string) (e Entry, err error) {
	snapshot := db.pebble.NewSnapshot()
	defer func() {
		if e := snapshot.Close(); e != nil && err == nil {
			err = failed("read", e)
		}
	}()
	return db.entry(snapshot, id, name, key)
}

// List implements Store.
func (db *DB) List(ctx context.Context, id snowflake.GuildID, name string, o ListOptions) (Page, error) {
	if err := db.checkList(name, o); err != nil {
		return Page{}, err
	}
	if err := db.enter(ctx, id); err != nil {
		return Page{}, err
	}
	defer db.leave()
	if o.Limit == 0 {
		o.Limit = db.limits().ListDefault
	}
	o.Limit = max(1, min(o.Limit, db.limits().ListMax))
	lower := entryKey(tagHead, id, name, o.Prefix)
	upper := after(lower)
	if o.Cursor != "" {
		// The smallest key above the cursor.
		next := append(entryKey(tagHead, id, name, o.Cursor), 0)
		if bytes.Compare(next, lower) > 0 {
			lower = next
		}
	}
	if bytes.Compare(lower, upper) >= 0 {
		return Page{Keys: []Key{}, Complete: true}, nil
	}
	iter, err := db.pebble.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return Page{}, failed("list", err)
	}
	page, err := db.page(ctx, iter, o.Limit)
	if e := errors.Join(iter.Error(), iter.Close()); e != nil && err == nil {
		err = failed("list", e)
	}
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

func (db *DB) checkList(name string, o ListOptions) error {
	if err := first(db.limits().checkStore(name), checkText("prefix", o.Prefix)); err != nil || o.Cursor == "" {
		return err
	}
	return db.limits().checkKey(o.Cursor)
}

// page reads until it is full and another key that counts is found.
func (db *DB) page(ctx context.Context, iter *pebble.Iterator, limit int) (Page, error) {
	const checkEvery = 1024
	page := Page{Keys: []Key{}, Complete: true}
	now := db.clock.Now().Unix()
	held, seen := 0, 0
	for iter.First(); iter.Valid(); iter.Next() {
		if seen++; seen%checkEvery == 0 && ctx.Err() != nil {
			return Page{}, ctx.Err()
		}
		v, err := iter.ValueAndErr()
		if err != nil {
			return Page{}, failed("list", err)
		}
		id, _, key, err := parseEntryKey(iter.Key())
		if err != nil {
			return Page{}, db.damaged(id, "key", err)
		}
		h, err := decodeHead(v)
		if err != nil {
			return Page{}, db.damaged(id, "entry", err)
		}
		if db.expired(h, now) {
			continue
		}
		if len(page.Keys) == limit || held > db.limits().ListBytes {
			page.Complete = false
			page.Cursor = page.Keys[len(page.Keys)-1].Name
			break
		}
		page.Keys = append(page.Keys, Key{Name: key, Expiration: h.expiration, Metadata: h.metadata})
		held += len(key) + len(h.metadata)
	}
	return page, nil
}

// Stores implements Store.
func (db *DB) Stores(ctx context.Context, id snowflake.GuildID) ([]StoreInfo, error) {
	if err := db.enter(ctx, id); err != nil {
		return nil, err
	}
	defer db.leave()
	g := db.acquire(id)
	defer db.release(g)
	if err := db.lock(g); err != nil {
		return nil, err
	}
	defer g.mu.Unlock()
	out := make([]StoreInfo, 0, len(g.stores))
	for name, s := range g.stores {
		out = append(out, s.info(id, name))
	}
	slices.SortFunc(out, func(a, b StoreInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
