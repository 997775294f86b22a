package kv

import (
	"context"
	"io"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Engine keeps pairs of bytes in the order of their keys, for all guilds. What a
// pair means is the DB's business: limits, quotas, versions and archives are the
// same whatever the engine.
type Engine interface {
	Reader // Each call sees one moment of its own.
	// View calls f, maybe more than once, with a Reader that sees one moment.
	View(ctx context.Context, f func(Reader) error) error
	// LongView is View without a limit of time, and calls f once.
	LongView(ctx context.Context, f func(Reader) error) error
	// Update makes a write of a guild, see there. One that is lazy may get lost
	// with the process.
	Update(ctx context.Context, guild snowflake.GuildID, lazy bool, u Update) error
	// Load is an Update of any size, which calls f once. Others see all of it or
	// nothing. dir is an empty folder for what it needs meanwhile.
	Load(ctx context.Context, guild snowflake.GuildID, dir string, f func(Tx) error) error
	// Fill writes any amount, of all guilds, in pieces. Nobody else uses the data.
	Fill(ctx context.Context, f func(Tx) error) error
	// Reset takes everything away and leaves one pair, in one step.
	Reset(ctx context.Context, key, value []byte) error
	// Skim calls f with the first key of each group of keys that have their first
	// width bytes in common. No key has 0xff behind those.
	Skim(ctx context.Context, lower, upper []byte, width int, f func(key []byte) error) error
	// Room is nil if something may be written.
	Room() error
	// Turn says whether this process is the one that sweeps now. It is called
	// again and again while the DB lives.
	Turn(ctx context.Context) (bool, error)
	// Shared says that other processes write as well, so that what is in memory
	// is to be held against what is stored.
	Shared() bool
	// Close waits for what runs. Everything called later fails.
	Close() error
}

// Reader reads pairs. Nobody changes the bytes that go in or come out.
type Reader interface {
	// Get gives the key's value, nil when there is none.
	Get(ctx context.Context, key []byte) ([]byte, error)
	// Fetch is Get of several keys.
	Fetch(ctx context.Context, keys [][]byte) ([][]byte, error)
	// Firsts gives the first key of each span, nil where there is none.
	Firsts(ctx context.Context, spans []Span) ([][]byte, error)
	// Iter walks through the span. The caller closes it.
	Iter(ctx context.Context, s Span) (Iterator, error)
}

// Span is the keys from Lower on that are before Upper.
type Span struct {
	Lower, Upper []byte
	Reverse      bool
	// Expect is how many pairs are likely wanted; 0 is most of them.
	Expect int
}

// Iterator stands before the first pair of a span. What it gives is good until
// it moves.
type Iterator interface {
	// Next goes to the next pair. It is false at the end, and after an error,
	// which Close gives.
	Next() bool
	// Seek goes forward to the first pair from this key on.
	Seek(key []byte) bool
	Key() []byte
	Value() ([]byte, error)
	Close() error
}

// Update is a write of one guild.
type Update interface {
	// Keys gives keys that Do is likely to read.
	Keys() [][]byte
	// Do reads and writes; its error undoes what it wrote. It may be called again,
	// when a try before is known to have come to nothing. No other Do of the guild
	// runs until Done, or until it has ended without anything written.
	Do(tx Tx) error
	// Done is called once the guild's next Do may begin, which sees what was
	// written.
	Done()
	// Undone is called before the guild's next Do when, after Done, nothing was
	// written after all, or that is not known.
	Undone()
}

// Tx is a write that is being made. What it writes counts together and in this
// order. Its reads need not see what it wrote: no write reads that.
type Tx interface {
	Reader
	Set(key, value []byte)
	Delete(key []byte)
	// DeleteAll takes away the keys that start with prefix.
	DeleteAll(prefix []byte)
}

// Archives keeps the finished archives of exports.
type Archives interface {
	// Keep takes the archive over in one step: the file at the path, or what is
	// read from it.
	Keep(ctx context.Context, guild snowflake.GuildID, e Export, path string, file io.ReadSeeker) error
	// List gives a guild's, in any order.
	List(ctx context.Context, guild snowflake.GuildID) ([]Export, error)
	// Open gives the bytes of one that List gave, a fault.NotFound when it went.
	Open(ctx context.Context, guild snowflake.GuildID, e Export) (ExportFile, error)
	Remove(ctx context.Context, guild snowflake.GuildID, e Export) error
	// Guilds lists those that have archives.
	Guilds(ctx context.Context) ([]snowflake.GuildID, error)
}
