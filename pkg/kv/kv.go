// Package kv is the key-value storage of scripts: named stores per guild with
// ordered keys, values with an expiration and metadata. DB keeps them in one
// Pebble database. What was acknowledged is on disk, an expired key is gone at
// once for every reader, and quotas are counters that change in the same write
// as the data, so that a write costs the same in a full store as in an empty one.
package kv

import (
	"context"
	"encoding/json"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Store is the storage of all guilds. A store comes to be by its first write;
// reading one that does not exist finds nothing. Its methods may be called at
// once from many goroutines. A write is on disk when its method returns.
type Store interface {
	// Get gives the entry, or one with Found false.
	Get(ctx context.Context, guild snowflake.GuildID, store, key string) (Entry, error)
	// Set replaces value, expiration and metadata together.
	Set(ctx context.Context, guild snowflake.GuildID, store, key, value string, o SetOptions) error
	// UpdateMetadata replaces the metadata only; nil and null clear it. A key
	// that does not exist is a fault.NotFound.
	UpdateMetadata(ctx context.Context, guild snowflake.GuildID, store, key string, metadata json.RawMessage) error
	// Delete removes the key and says whether it was there.
	Delete(ctx context.Context, guild snowflake.GuildID, store, key string) (existed bool, err error)
	// List gives keys in the order of their bytes.
	List(ctx context.Context, guild snowflake.GuildID, store string, o ListOptions) (Page, error)
	// CreateStore makes an empty store. One that exists is a fault.Conflict.
	CreateStore(ctx context.Context, guild snowflake.GuildID, name string) (StoreInfo, error)
	// Stores gives the guild's stores ordered by name.
	Stores(ctx context.Context, guild snowflake.GuildID) ([]StoreInfo, error)
	// DeleteStore removes a store and all its keys. One that does not exist is a
	// fault.NotFound.
	DeleteStore(ctx context.Context, guild snowflake.GuildID, name string) error
}

// Entry is a value and what belongs to it.
type Entry struct {
	Found      bool
	Value      string
	Expiration int64           // Unix seconds, 0 for none.
	Metadata   json.RawMessage // nil for none.
	// Version changes with every write and never comes again in the guild.
	Version uint64
}

// SetOptions of a Set.
type SetOptions struct {
	// Expiration is the Unix second at which the key is gone, 0 for never. A
	// moment that has passed, negative ones too, is allowed.
	Expiration int64
	Metadata   json.RawMessage // Any JSON; nil and null are none.
}

// ListOptions of a List.
type ListOptions struct {
	Prefix string
	// Cursor is that of the page before, "" for the first. Any key serves: the
	// page starts with the first key after it.
	Cursor string
	// Limit is the most keys wanted, 0 for the standard number; others are
	// brought into the range from 1 to the maximum.
	Limit int
}

// Key is one key of a Page.
type Key struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// Page is a part of a store's keys. It may hold fewer than asked for when they
// carry much metadata.
type Page struct {
	Keys []Key // Never nil.
	// Complete is true exactly when no key comes after the page's.
	Complete bool
	// Cursor gives the next page, "" when Complete.
	Cursor string
}

// StoreInfo is a store without its contents.
type StoreInfo struct {
	ID        string            `json:"id"` // A UUID.
	Guild     snowflake.GuildID `json:"guild_id"`
	Name      string            `json:"store_name"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"` // Of the last write.
}
