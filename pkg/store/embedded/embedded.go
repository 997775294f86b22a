// Package embedded keeps deployments, revisions, API tokens, secrets, settings and
// the list of key-value stores in one Pebble database, for a runtime without
// Postgres. What was acknowledged is on disk; a revision and the mark that makes
// it the current one are one write.
package embedded

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

const (
	schemaName    = "flora-state"
	schemaVersion = 1
	// memTable holds a revision with its largest bundle and sources.
	memTable = 32 << 20
)

// The first byte of every key says what it is. Numbers are big-endian.
const (
	tagDeployment = 0x01 // guild -> deploymentRecord
	tagRevision   = 0x02 // guild, id -> revision without its body
	tagHistory    = 0x03 // guild, time, id -> size of the body, and a byte after it if it is a failure
	tagBody       = 0x04 // guild, id -> body
	tagToken      = 0x05 // id -> tokenRecord
	tagOwner      = 0x06 // user, 0, id -> nothing
	tagSecret     = 0x07 // guild, name -> secretRecord
	tagSettings   = 0x08 // guild -> settings.Settings
	tagVariable   = 0x09 // guild, name -> variableRecord
	tagRequest    = 0x0a // guild, key -> requestRecord
	tagRequestOf  = 0x0b // guild, id -> the key of the request that made the revision
	tagKVStores   = 0x20 // guild -> []kvStoreRecord
)

// ErrDamaged is in every error about a record that cannot be read.
var ErrDamaged = pebbledb.ErrCorrupt

// Config of a Store.
type Config struct {
	Dir string
	Log *zap.Logger // nil logs nothing.
	// KeepRevisions and KeepBytes bound a guild's history, see
	// deploy.KeepRevisions, which are the standard.
	KeepRevisions int
	KeepBytes     int64

	// Memory keeps all in memory only: for tests of scripts.
	Memory bool

	fs vfs.FS // Set by tests of power loss.
}

// Store implements the stores below.
type Store struct {
	cfg    Config
	pebble *pebble.DB
	room   *pebbledb.Room

	// life is read-held by every method; Close takes it and sets closed.
	life   sync.RWMutex
	closed bool

	// writing makes read, check and write one step. Deploys and token changes
	// are rare.
	writing sync.Mutex
}

var (
	_ deploy.Store    = (*Store)(nil)
	_ auth.TokenStore = (*Store)(nil)
	_ secret.Store    = (*Store)(nil)
	_ settings.Store  = (*Store)(nil)
	_ kv.Index        = (*Store)(nil)
)

// Open opens or makes the database in cfg.Dir.
func Open(cfg Config) (*Store, error) {
	if cfg.KeepRevisions <= 0 {
		cfg.KeepRevisions = deploy.KeepRevisions
	}
	if cfg.KeepBytes <= 0 {
		cfg.KeepBytes = deploy.KeepBytes
	}
	if cfg.Memory {
		cfg.fs = vfs.NewMem()
	}
	o := pebbledb.Options{Name: schemaName, Version: schemaVersion, MemTable: memTable, Log: cfg.Log, FS: cfg.fs}
	p, err := pebbledb.Open(cfg.Dir, o)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, pebble: p, room: pebbledb.NewRoom(o, cfg.Dir)}, nil
}

// Close waits for the methods that run and closes the database. Methods called
// later fail.
func (s *Store) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.pebble.Close()
}

// enter begins a method; leave ends it.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return fault.New(fault.Unavailable, "storage is closed; try again when the runtime has restarted")
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// write runs f, which fills the batch, alone and commits the batch. An empty
// one is not written.
func (s *Store) write(ctx context.Context, o *pebble.WriteOptions, f func(b *batch) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.room.Check(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	b := &batch{Batch: s.pebble.NewBatch()}
	err := f(b)
	if err == nil {
		err = b.err
	}
	if err == nil && !b.Empty() {
		err = failed("write", s.room.Write(func() error { return b.Commit(o) }))
	}
	return errors.Join(err, b.Close())
}

// batch keeps the first error of its operations.
type batch struct {
	*pebble.Batch
	err error
}

func (b *batch) set(key, value []byte) {
	if err := b.Set(key, value, nil); err != nil && b.err == nil {
		b.err = failed("write", err)
	}
}

func (b *batch) setJSON(key []byte, value any) int {
	doc, err := json.Marshal(value)
	if err != nil {
		if b.err == nil {
			b.err = fmt.Errorf("encode a record: %w", err)
		}
		return 0
	}
	b.set(key, doc)
	return len(doc)
}

func (b *batch) delete(key []byte) {
	if err := b.Delete(key, nil); err != nil && b.err == nil {
		b.err = failed("write", err)
	}
}

// get decodes the record at key into out and says whether there is one.
func (s *Store) get(r pebble.Reader, key []byte, out any) (found bool, err error) {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, failed("read", err)
	}
	err = decode(v, out)
	return err == nil, errors.Join(err, closer.Close())
}

func decode(v []byte, out any) error {
	if err := json.Unmarshal(v, out); err != nil {
		return damaged(err)
	}
	return nil
}

// scan calls f with every record from lower to upper, backwards if asked, until
// f says stop.
func (s *Store) scan(lower, upper []byte, backwards bool, f func(k, v []byte) (more bool, err error)) error {
	iter, err := s.pebble.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return failed("read", err)
	}
	first, next := iter.First, iter.Next
	if backwards {
		first, next = iter.Last, iter.Prev
	}
	for ok := first(); ok; ok = next() {
		v, err := iter.ValueAndErr()
		if err != nil {
			return errors.Join(failed("read", err), iter.Close())
		}
		more, err := f(iter.Key(), v)
		if err != nil {
			return errors.Join(err, iter.Close())
		}
		if !more {
			break
		}
	}
	if err := errors.Join(iter.Error(), iter.Close()); err != nil {
		return failed("read", err)
	}
	return nil
}

// records reads all records under the prefix.
func records[T any](ctx context.Context, s *Store, prefix []byte) (out []T, err error) {
	err = s.scan(prefix, after(prefix), false, func(_, v []byte) (bool, error) {
		var r T
		if err := decode(v, &r); err != nil {
			return false, err
		}
		out = append(out, r)
		return true, ctx.Err()
	})
	return out, err
}

// failed names what the database could not do; nil stays nil.
func failed(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case pebble.IsCorruptionError(err):
		return damaged(err)
	}
	return fault.Wrap(err, fault.Internal, "storage failed to %s; tell the operator", what)
}

func damaged(err error) error {
	return fault.Wrap(fmt.Errorf("%w: %w", ErrDamaged, err), fault.Internal, "storage is damaged; the operator must restore a backup")
}

func guildKey(tag byte, guild snowflake.GuildID) []byte {
	return binary.BigEndian.AppendUint64([]byte{tag}, uint64(guild))
}

func revisionKey(tag byte, guild snowflake.GuildID, id string) []byte {
	return append(guildKey(tag, guild), id...)
}

// historyKey orders a guild's revisions by time and id.
func historyKey(guild snowflake.GuildID, c deploy.Cursor) []byte {
	at := uint64(deploy.Time(c.DeployedAt).UnixMicro()) ^ 1<<63 //nolint:gosec // Flips the sign so that it sorts.
	return append(binary.BigEndian.AppendUint64(guildKey(tagHistory, guild), at), c.ID...)
}

// historyPrefix is the length of a historyKey without the id.
const historyPrefix = 1 + 8 + 8

func nameKey(tag byte, guild snowflake.GuildID, name string) []byte {
	return append(guildKey(tag, guild), name...)
}

func tokenKey(id string) []byte { return append([]byte{tagToken}, id...) }

func ownerKey(user, id string) []byte {
	return append(append(append([]byte{tagOwner}, user...), 0), id...)
}

// after is the smallest key above all that start with b; b[0] is a tag.
func after(b []byte) []byte {
	for i := len(b) - 1; ; i-- {
		if b[i] < math.MaxUint8 {
			out := append([]byte(nil), b[:i+1]...)
			out[i]++
			return out
		}
	}
}
