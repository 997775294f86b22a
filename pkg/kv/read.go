package kv

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

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
	h, err := db.head(ctx, db.engine, id, name, key)
	switch {
	case err != nil, h == nil, db.expired(*h, db.clock.Now().Unix()):
		return Entry{}, err
	case !h.inline:
		return db.large(ctx, id, name, key)
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
	over, err := db.share(ctx, id)
	if err != nil {
		return nil, err
	}
	defer over()
	err = db.engine.View(ctx, func(r Reader) error {
		out, err = db.entries(ctx, r, id, name, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// entries reads several where nothing changes meanwhile.
func (db *DB) entries(ctx context.Context, r Reader, id snowflake.GuildID, name string, keys []string) ([]Entry, error) {
	wanted := make([][]byte, len(keys))
	for i, key := range keys {
		wanted[i] = entryKey(tagHead, id, name, key)
	}
	heads, err := r.Fetch(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(keys))
	held := 0
	now := db.clock.Now().Unix()
	for i, b := range heads {
		if b == nil {
			continue
		}
		h, err := decodeHead(b)
		if err != nil {
			return nil, db.damaged(id, "entry", err)
		}
		if db.expired(h, now) {
			continue
		}
		if held += h.valueLen + len(h.metadata); len(keys) > 1 && held > db.limits().BatchBytes {
			return nil, fault.New(fault.TooLarge, "the values of these keys have more than %s together; ask for fewer at once", size(int64(db.limits().BatchBytes)))
		}
		value, err := db.value(ctx, r, id, name, keys[i], h)
		if err != nil {
			return nil, err
		}
		out[i] = Entry{Found: true, Value: value, Expiration: h.expiration, Metadata: h.metadata, Version: h.version}
	}
	return out, nil
}

// value is that of an entry, read where nothing changed since its head was.
func (db *DB) value(ctx context.Context, r Reader, id snowflake.GuildID, name, key string, h head) (string, error) {
	if h.inline {
		return string(h.value), nil
	}
	b, err := r.Get(ctx, entryKey(tagValue, id, name, key))
	if err != nil {
		return "", err
	}
	value, err := decodeValue(b, h)
	if err != nil {
		return "", db.damaged(id, "value", err)
	}
	return value, nil
}

func (db *DB) head(ctx context.Context, r Reader, id snowflake.GuildID, name, key string) (*head, error) {
	b, err := r.Get(ctx, entryKey(tagHead, id, name, key))
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
func (db *DB) large(ctx context.Context, id snowflake.GuildID, name, key string) (e Entry, err error) {
	over, err := db.share(ctx, id)
	if err != nil {
		return e, err
	}
	defer over()
	err = db.engine.View(ctx, func(r Reader) error {
		found, err := db.entries(ctx, r, id, name, []string{key})
		if err == nil {
			e = found[0]
		}
		return err
	})
	return e, err
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
	over, err := db.share(ctx, id)
	if err != nil {
		return Page{}, err
	}
	defer over()
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
	var page Page
	err = db.engine.View(ctx, func(r Reader) error {
		iter, err := r.Iter(ctx, Span{Lower: lower, Upper: upper, Expect: o.Limit + 1})
		if err != nil {
			return err
		}
		page, err = db.page(ctx, iter, o.Limit)
		return cmp.Or(err, iter.Close())
	})
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
func (db *DB) page(ctx context.Context, iter Iterator, limit int) (Page, error) {
	const checkEvery = 1024
	page := Page{Keys: []Key{}, Complete: true}
	now := db.clock.Now().Unix()
	held, seen := 0, 0
	for iter.Next() {
		if seen++; seen%checkEvery == 0 && ctx.Err() != nil {
			return Page{}, ctx.Err()
		}
		v, err := iter.Value()
		if err != nil {
			return Page{}, err
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
	over, err := db.share(ctx, id)
	if err != nil {
		return nil, err
	}
	defer over()
	var stores map[string]*store
	err = db.engine.View(ctx, func(r Reader) (err error) {
		stores, err = db.records(ctx, r, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]StoreInfo, 0, len(stores))
	for name, s := range stores {
		out = append(out, s.info(id, name))
	}
	slices.SortFunc(out, func(a, b StoreInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
