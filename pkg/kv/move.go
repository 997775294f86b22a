package kv

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Place is where key-value data is, or is to be.
type Place struct {
	Name     string // Of the engine, as it is configured.
	Engine   Engine
	Archives Archives
}

// MoveOptions of a Move.
type MoveOptions struct {
	// Replace takes away data that the target has of its own, if there is any to
	// replace it.
	Replace bool
	// Spool is a folder for one archive at a time; on the disk of the target, if
	// that keeps archives as files.
	Spool string
}

// Moved is what a Move copied. Both sides were read to their ends, and are the
// same.
type Moved struct {
	Guilds, Stores, Keys int
	Records              int // Of all kinds.
	Bytes                int64
	Archives             int
	Sum                  string // SHA-256 of all records, in hexadecimal.
}

// ErrNotEmpty is in the error about a target with data of its own, and
// ErrNothing in the one about a source without any.
var (
	ErrNotEmpty = errors.New("the target holds data")
	ErrNothing  = errors.New("the source holds no data, and the target does")
)

// Move copies all of one place to the other, and from then on the data is to be
// used there: versions, expirations, counters, messages and archives are what
// they were. Nobody else uses either. A Move that is cut off leaves the source as
// it was and the target unusable; the next one begins anew.
func Move(ctx context.Context, from, to Place, o MoveOptions) (Moved, error) {
	if err := CheckState(ctx, from.Engine); err != nil {
		return Moved{}, fmt.Errorf("move from %s: %w", from.Name, err)
	}
	if err := vacant(ctx, from, to, o.Replace); err != nil {
		return Moved{}, fmt.Errorf("move to %s: %w", to.Name, err)
	}
	if err := empty(ctx, to); err != nil {
		return Moved{}, fmt.Errorf("clear %s: %w", to.Name, err)
	}
	moved, err := copyRecords(ctx, from.Engine, to.Engine)
	if err != nil {
		return Moved{}, fmt.Errorf("copy from %s to %s: %w", from.Name, to.Name, err)
	}
	if moved.Archives, err = copyArchives(ctx, from, to, o.Spool); err != nil {
		return Moved{}, fmt.Errorf("copy archives from %s to %s: %w", from.Name, to.Name, err)
	}
	there, err := countRecords(ctx, to.Engine, nil)
	if err != nil {
		return Moved{}, fmt.Errorf("read %s: %w", to.Name, err)
	}
	there.Archives = moved.Archives
	if there != moved {
		return Moved{}, fmt.Errorf("%s does not have what was copied: it has %+v, want %+v; do it again", to.Name, there, moved)
	}
	if err := to.Engine.Fill(ctx, func(tx Tx) error { tx.Delete(stateKey); return nil }); err != nil {
		return Moved{}, fmt.Errorf("open %s: %w", to.Name, err)
	}
	if err := from.Engine.Fill(ctx, func(tx Tx) error { tx.Set(stateKey, []byte(stateMoved+to.Name)); return nil }); err != nil {
		return Moved{}, fmt.Errorf("all was copied and is used from %s on, but %s is not marked as moved: %w", to.Name, from.Name, err)
	}
	return moved, nil
}

// vacant refuses a target with data that is used. Where the source has nothing it
// refuses to lose what the target has: such a move is the wrong way round.
func vacant(ctx context.Context, from, to Place, replace bool) error {
	state, err := to.Engine.Get(ctx, stateKey)
	if err != nil {
		return err
	}
	inUse := state == nil // Else what it has was moved away, or is half of a copy.
	if has, err := holds(ctx, to); err != nil || !has {
		return err
	}
	something, err := holds(ctx, from)
	switch {
	case err != nil:
		return err
	case !something && (inUse || !replace):
		return ErrNothing
	case inUse && !replace:
		return ErrNotEmpty
	}
	return nil
}

// holds says whether there are records or archives.
func holds(ctx context.Context, p Place) (bool, error) {
	found, err := p.Engine.Firsts(ctx, []Span{{Lower: []byte{tagGuild}, Upper: []byte{tagState}, Expect: 1}})
	if err != nil || found[0] != nil {
		return err == nil, err
	}
	guilds, err := p.Archives.Guilds(ctx)
	return len(guilds) > 0, err
}

// empty takes away all that the target has.
func empty(ctx context.Context, to Place) error {
	if err := to.Engine.Reset(ctx, stateKey, []byte(stateFilling)); err != nil {
		return err
	}
	return eachArchive(ctx, to.Archives, func(guild snowflake.GuildID, e Export) error { return to.Archives.Remove(ctx, guild, e) })
}

func copyRecords(ctx context.Context, from, to Engine) (m Moved, err error) {
	err = to.Fill(ctx, func(tx Tx) error {
		m, err = countRecords(ctx, from, tx)
		return err
	})
	return m, err
}

// countRecords reads all, and puts it into the other if there is one.
func countRecords(ctx context.Context, from Engine, into Tx) (m Moved, err error) {
	iter, err := from.Iter(ctx, Span{Lower: []byte{tagGuild}, Upper: []byte{tagState}})
	if err != nil {
		return m, err
	}
	sum := sha256.New()
	for iter.Next() && ctx.Err() == nil {
		key := iter.Key()
		value, e := iter.Value()
		if e != nil {
			err = e
			break
		}
		m.count(key, value, sum)
		if into != nil {
			into.Set(key, value)
		}
	}
	m.Sum = hex.EncodeToString(sum.Sum(nil))
	return m, errors.Join(err, iter.Close(), ctx.Err())
}

func (m *Moved) count(key, value []byte, sum hash.Hash) {
	switch key[0] {
	case tagGuild:
		m.Guilds++
	case tagStore:
		m.Stores++
	case tagHead:
		m.Keys++
	}
	m.Records++
	m.Bytes += int64(len(key) + len(value))
	for _, b := range [][]byte{key, value} {
		_, _ = sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b)))) // A hash takes everything.
		_, _ = sum.Write(b)
	}
}

func eachArchive(ctx context.Context, a Archives, f func(guild snowflake.GuildID, e Export) error) error {
	guilds, err := a.Guilds(ctx)
	if err != nil {
		return err
	}
	for _, guild := range guilds {
		exports, err := a.List(ctx, guild)
		if err != nil {
			return err
		}
		for _, e := range exports {
			if err := f(guild, e); err != nil {
				return fmt.Errorf("archive %s of guild %s: %w", e.ID, guild, err)
			}
		}
	}
	return nil
}

func copyArchives(ctx context.Context, from, to Place, spool string) (n int, err error) {
	err = eachArchive(ctx, from.Archives, func(guild snowflake.GuildID, e Export) error {
		n++
		want, err := copyArchive(ctx, from, to, guild, e, archiveFiles{vfs.Default, spool})
		if err != nil {
			return err
		}
		got := sha256.New()
		if err := readArchiveInto(ctx, to.Archives, guild, e, got); err != nil {
			return err
		}
		if s := hex.EncodeToString(got.Sum(nil)); s != want {
			return fmt.Errorf("it was copied with sum %s, want %s; do it again", s, want)
		}
		return nil
	})
	return n, err
}

// copyArchive copies by way of a file, and gives the archive's sum.
func copyArchive(ctx context.Context, from, to Place, guild snowflake.GuildID, e Export, files archiveFiles) (sum string, err error) {
	name := unfinished + e.file()
	f, err := files.create(guild, name)
	if err != nil {
		return "", err
	}
	path := files.path(guild, name)
	defer func() { _ = files.fs.Remove(path) }() // Unless it was taken over.
	h := sha256.New()
	err = readArchiveInto(ctx, from.Archives, guild, e, io.MultiWriter(&copying{f: f}, h))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	if f, err = files.fs.Open(path); err != nil {
		return "", err
	}
	err = to.Archives.Keep(ctx, guild, e, path, io.NewSectionReader(f, 0, e.Bytes))
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

func readArchiveInto(ctx context.Context, a Archives, guild snowflake.GuildID, e Export, w io.Writer) error {
	f, err := a.Open(ctx, guild, e)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// String says what was copied.
func (m Moved) String() string {
	return fmt.Sprintf("%d keys in %d stores of %d servers (%d records, %d bytes) and %d archives", m.Keys, m.Stores, m.Guilds, m.Records, m.Bytes, m.Archives)
}
