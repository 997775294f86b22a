package kv

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Names of what the tests of the encoding need.
var (
	EntryKeyForTest       = func(g snowflake.GuildID, store, key string) []byte { return entryKey(tagHead, g, store, key) }
	ParseEntryKeyForTest  = parseEntryKey
	ExpiryKeyForTest      = expiryKey
	ParseExpiryKeyForTest = parseExpiryKey
	AfterForTest          = after
)

// WithFS opens the database in another file system.
func (c Config) WithFS(fs vfs.FS) Config {
	c.fs = fs
	return c
}

// Pebble is the database itself.
func (db *DB) Pebble() *pebble.DB { return db.engine.(*onDisk).db } //nolint:forcetypeassert // Of tests of Pebble.

// Count counts the keys that are stored, expired ones too.
func (db *DB) Count() (n int, err error) {
	err = scan(context.Background(), db.engine, []byte{tagHead}, func([]byte, []byte) error { n++; return nil })
	return n, err
}

// States is the number of guilds in memory.
func (db *DB) States() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return len(db.guilds)
}

// Forget drops what is idle.
func (db *DB) Forget() { db.forget() }

// Recode reads a head and writes it again.
func Recode(b []byte) ([]byte, error) {
	h, err := decodeHead(b)
	if err != nil {
		return nil, err
	}
	return h.encode(), nil
}

// Check compares every counter, and every record that belongs to another one,
// with the entries.
func (db *DB) Check() error {
	ctx, r := context.Background(), db.engine
	type total struct{ bytes, keys int64 }
	stores, guilds := map[string]total{}, map[snowflake.GuildID]total{}
	large := 0
	err := scan(ctx, r, []byte{tagHead}, func(k, v []byte) error {
		g, name, key, err := parseEntryKey(k)
		if err != nil {
			return err
		}
		h, err := decodeHead(v)
		if err != nil {
			return err
		}
		s := stores[string(storeKey(g, name))]
		stores[string(storeKey(g, name))] = total{s.bytes + h.size(key), s.keys + 1}
		guilds[g] = total{guilds[g].bytes + h.size(key), guilds[g].keys + 1}
		if !h.inline {
			large++
			b, err := r.Get(ctx, entryKey(tagValue, g, name, key))
			if err != nil {
				return err
			}
			if _, err := decodeValue(b, h); err != nil {
				return fmt.Errorf("value of %q: %w", key, err)
			}
		}
		if h.expiration == 0 {
			return nil
		}
		b, err := r.Get(ctx, expiryKey(g, h.expiration, name, key))
		if err == nil && b == nil {
			err = fmt.Errorf("the expiration of %q is not in order", key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := scan(ctx, r, []byte{tagValue}, func([]byte, []byte) error { large--; return nil }); err != nil {
		return err
	}
	if large != 0 {
		return fmt.Errorf("there are %d values without a head", -large)
	}
	err = scan(ctx, r, []byte{tagStore}, func(k, v []byte) error {
		s, err := decodeStore(v)
		if err != nil {
			return err
		}
		if got := (total{s.bytes, s.keys}); got != stores[string(k)] {
			return fmt.Errorf("store %q counts %v, it has %v", k, got, stores[string(k)])
		}
		delete(stores, string(k))
		return nil
	})
	if err != nil {
		return err
	}
	if len(stores) > 0 {
		return fmt.Errorf("stores without a record: %v", stores)
	}
	return scan(ctx, r, []byte{tagGuild}, func(k, v []byte) error {
		r, err := decodeGuild(v)
		if err != nil {
			return err
		}
		var id snowflake.GuildID
		for _, b := range k[1:] {
			id = id<<8 | snowflake.GuildID(b)
		}
		if got := (total{r.bytes, r.keys}); got != guilds[id] {
			return fmt.Errorf("guild %s counts %v, it has %v", id, got, guilds[id])
		}
		return nil
	})
}
