// Package kv is the key-value storage of scripts: named stores per guild with
// ordered keys, values with an expiration, metadata and a version. DB keeps them
// in one Pebble database. What was acknowledged is on disk, an expired key is
// gone at once for every reader, and quotas are counters that change in the same
// write as the data, so that a write costs the same in a full store as in an
// empty one. Archives carry a guild's stores out of the database and back in.
package kv

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Store is the storage of all guilds. A store comes to be by its first write;
// reading one that does not exist finds nothing. Its methods may be called at
// once from many goroutines. A write is on disk when its method returns.
type Store interface {
	// Get gives the entry, or one with Found false.
	Get(ctx context.Context, guild snowflake.GuildID, store, key string) (Entry, error)
	// GetMany gives the entries of the keys in their order, all as they were at
	// one moment.
	GetMany(ctx context.Context, guild snowflake.GuildID, store string, keys []string) ([]Entry, error)
	// Write makes all the changes to one store, or none: when a condition does
	// not hold, which is a fault.Conflict with the key and its version, or a
	// limit is reached. It gives the version that all written keys have then, 0
	// when there was nothing to do. No key may be there twice.
	Write(ctx context.Context, guild snowflake.GuildID, store string, changes []Change) (version uint64, err error)
	// Increment adds to the whole number that the value is, as decimal text. It
	// keeps the metadata, and the expiration if the options name none. A value
	// that is no such number, and a sum that is too large, are
	// fault.InvalidInput.
	Increment(ctx context.Context, guild snowflake.GuildID, store, key string, o IncrementOptions) (Number, error)
	// UpdateMetadata replaces the metadata only; nil and null clear it. A key
	// that does not exist is a fault.NotFound.
	UpdateMetadata(ctx context.Context, guild snowflake.GuildID, store, key string, metadata json.RawMessage) error
	// List gives keys in the order of their bytes.
	List(ctx context.Context, guild snowflake.GuildID, store string, o ListOptions) (Page, error)
	// CreateStore makes an empty store. One that exists is a fault.Conflict.
	CreateStore(ctx context.Context, guild snowflake.GuildID, name string) (StoreInfo, error)
	// Stores gives the guild's stores ordered by name.
	Stores(ctx context.Context, guild snowflake.GuildID) ([]StoreInfo, error)
	// DeleteStore removes a store and all its keys. One that does not exist is a
	// fault.NotFound.
	DeleteStore(ctx context.Context, guild snowflake.GuildID, name string) error
	// Export puts the guild's stores, or the named one, as they are at one moment
	// into an archive on disk. The newest few are kept.
	Export(ctx context.Context, guild snowflake.GuildID, store string) (Export, error)
	// Exports lists the archives that are kept, the newest first.
	Exports(ctx context.Context, guild snowflake.GuildID) ([]Export, error)
	// OpenExport gives the archive's bytes; the caller closes it.
	OpenExport(ctx context.Context, guild snowflake.GuildID, id string) (ExportFile, Export, error)
	// Import reads an archive to its end and takes all of it in, or nothing: it
	// is checked as a whole first, and what it brings becomes visible in one
	// step. Versions are new ones.
	Import(ctx context.Context, guild snowflake.GuildID, archive io.Reader, o ImportOptions) (Imported, error)
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
	// TTL is the same in seconds from now, 0 for none. Only one may be given.
	TTL      int64
	Metadata json.RawMessage // Any JSON; nil and null are none.
}

// Change is one change of a Write: a set or, with Delete, a removal.
type Change struct {
	Key    string
	Delete bool
	Value  string
	SetOptions
	Condition
}

// Condition of a Change. The zero one always holds.
type Condition struct {
	IfVersion uint64 // The key must have this version; 0 is any.
	IfAbsent  bool   // The key must not exist.
}

// IncrementOptions of an Increment.
type IncrementOptions struct {
	By    int64
	Start int64 // What a key counts as that does not exist.
	// Expiration and TTL are those of SetOptions; without them a key keeps what
	// it has.
	Expiration, TTL int64
	// Most is the largest magnitude that the sum may have; 0 is that of int64.
	Most int64
}

// Number is what an Increment came to.
type Number struct {
	Value   int64
	Version uint64
}

// Export is an archive that is kept.
type Export struct {
	ID        string // A UUID.
	CreatedAt time.Time
	Bytes     int64
}

// ExportFile is an archive's bytes.
type ExportFile interface {
	io.ReadSeeker
	io.Closer
}

// ImportOptions of an Import.
type ImportOptions struct {
	// Replace takes away what the archive does not have: all other stores, or
	// for an archive of one store its other keys. Without it keys of the archive
	// replace those of the same name and all others stay.
	Replace bool
}

// Imported says what an Import took in.
type Imported struct {
	Stores, Keys int
	Expired      int // Keys of the archive that are past their expiration.
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
