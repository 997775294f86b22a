// Package pebbledb opens the Pebble databases of the runtime: with a name for
// what is inside, so that one program's data is never taken for another's, and
// with an error by name for everything that can be wrong with a directory.
package pebbledb

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"
)

// What can be wrong with a directory.
var (
	ErrLocked  = errors.New("the directory is in use by another process (or cannot be locked); stop the other one or choose another directory")
	ErrForeign = errors.New("the directory holds something else; choose an empty directory or one that the runtime made")
	ErrNewer   = errors.New("the data was written by a newer version; run that version, or restore a backup from before")
	ErrCorrupt = errors.New("the data is damaged; restore a backup")
)

// schemaKey names what a database holds. No other key starts with this byte.
var schemaKey = []byte("\x00schema")

// FirstKey is the smallest key that the owner of a database may use.
const FirstKey = 0x01

// Options of a database.
type Options struct {
	// Name and Version say what the database holds. A database with another
	// name or a higher version is not opened.
	Name    string
	Version int
	// MemTable is the bytes that are written before a flush starts; 0 is 4 MiB.
	MemTable uint64
	// Cache is the bytes of the block cache; 0 is 8 MiB.
	Cache int64
	Log   *zap.Logger // nil logs nothing.
	FS    vfs.FS      // nil is the machine's.
}

// Open opens or makes the database in dir.
func Open(dir string, o Options) (*pebble.DB, error) {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	db, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open %s database in %s: %w", o.Name, dir, err)
	}
	return db, nil
}

func open(dir string, o Options) (*pebble.DB, error) {
	if err := makeDir(o.FS, dir); err != nil {
		return nil, err
	}
	if err := inspect(o.FS, dir); err != nil {
		return nil, err
	}
	opts := options(o)
	lock, err := pebble.LockDirectory(dir, o.FS)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	opts.Lock = lock
	db, err := openLocked(dir, opts, o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	// From now on the database holds the lock too.
	if err := lock.Close(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// makeDir makes the directory and those above it that are missing, and syncs
// the entry of each, so that a power loss cannot take what is inside.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent == dir {
		return fmt.Errorf("there is no directory %s", dir)
	}
	if err := makeDir(fs, parent); err != nil {
		return err
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := fs.OpenDir(parent)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func openLocked(dir string, opts *pebble.Options, o Options) (*pebble.DB, error) {
	db, err := pebble.Open(dir, opts)
	switch {
	case err == nil:
	case pebble.IsCorruptionError(err):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	default:
		return nil, err
	}
	if err := check(db, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func options(o Options) *pebble.Options {
	opts := &pebble.Options{
		FS:                 o.FS,
		FormatMajorVersion: pebble.FormatNewest,
		MemTableSize:       o.MemTable,
		CacheSize:          o.Cache,
		// A flush that is late must not stop writers soon.
		MemTableStopWritesThreshold: 4,
		L0StopWritesThreshold:       24,
		Logger:                      logger{o.Log.Sugar()},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	opts.EventListener = &pebble.EventListener{
		// Damage is an error of the read that meets it, not the end of the process.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			o.Log.Error("data is damaged", zap.String("file", info.Path), zap.Error(info.Details))
		},
		BackgroundError: func(err error) { o.Log.Error("database background work failed", zap.Error(err)) },
	}
	return opts
}

// ours are the names of files that Pebble makes, also while it makes a database.
var ours = regexp.MustCompile(`^(LOCK|CURRENT|lost\+found|marker\..*|MANIFEST-\d+|OPTIONS-\d+|.*\.dbtmp|temporary\..*|\d+(-\d+)?\.(log|sst|blob|dbtmp))$`)

// inspect refuses a directory that holds anything but a Pebble database.
func inspect(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !ours.MatchString(name) {
			return fmt.Errorf("%w (found %q)", ErrForeign, name)
		}
	}
	return nil
}

// check compares the name in the database with the wanted one, or writes it to
// an empty one.
func check(db *pebble.DB, o Options) error {
	value, closer, err := db.Get(schemaKey)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return label(db, o)
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case err != nil:
		return err
	}
	text := string(value)
	if err := closer.Close(); err != nil {
		return err
	}
	name, version, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(version)
	switch {
	case err != nil || name != o.Name:
		return fmt.Errorf("%w (it says %.60q)", ErrForeign, text)
	case n > o.Version:
		return fmt.Errorf("%w (version %d, this one knows %d)", ErrNewer, n, o.Version)
	}
	return nil
}

func label(db *pebble.DB, o Options) error {
	iter, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	some := iter.First()
	if err := errors.Join(iter.Error(), iter.Close()); err != nil {
		return err
	}
	if some {
		return fmt.Errorf("%w (a database without a name)", ErrForeign)
	}
	return db.Set(schemaKey, fmt.Appendf(nil, "%s %d", o.Name, o.Version), pebble.Sync)
}

// logger writes Pebble's messages to zap. Pebble calls Fatalf when a write to
// disk failed and it can no longer keep what it promised. It ends the process: a
// panic that somebody recovers leaves a database whose writers wait for ever.
type logger struct{ log *zap.SugaredLogger }

func (l logger) Infof(format string, args ...any)  { l.log.Debugf(format, args...) }
func (l logger) Errorf(format string, args ...any) { l.log.Errorf(format, args...) }
func (l logger) Fatalf(format string, args ...any) { l.log.Fatalf(format, args...) }
