package pebbledb

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// leastRoom is what stays free on the disk: room for what is in memory, and
	// for what is written until the next look.
	leastRoom = 128 << 20
	lookEvery = int64(250 * time.Millisecond)
	// fullRetry is what callers are told to wait.
	fullRetry = 30 * time.Second
)

// Room refuses writes before the disk is full: Pebble does not survive a write
// that fails.
type Room struct {
	fs   vfs.FS
	dir  string
	log  *zap.Logger
	next atomic.Int64 // Unix nanoseconds of the next look.
	full atomic.Bool
}

// NewRoom watches the disk that the directory is on.
func NewRoom(o Options, dir string) *Room {
	r := &Room{fs: o.FS, dir: dir, log: o.Log}
	if r.fs == nil {
		r.fs = vfs.Default
	}
	if r.log == nil {
		r.log = zap.NewNop()
	}
	return r
}

// Check is nil if something may be written.
func (r *Room) Check() error {
	now := time.Now().UnixNano()
	if next := r.next.Load(); now >= next && r.next.CompareAndSwap(next, now+lookEvery) {
		// A file system that does not tell is not guarded.
		usage, err := r.fs.GetDiskUsage(r.dir)
		full := err == nil && usage.AvailBytes < leastRoom
		if r.full.Swap(full) != full {
			r.tell(full, usage)
		}
	}
	if !r.full.Load() {
		return nil
	}
	f := fault.New(fault.Unavailable, "the runtime's disk is nearly full, and nothing is stored until its operator makes room; try again later")
	f.RetryAfter = fullRetry
	return f
}

func (r *Room) tell(full bool, usage vfs.DiskUsage) {
	if !full {
		r.log.Info("there is room on the disk again", zap.String("dir", r.dir), zap.Uint64("free_bytes", usage.AvailBytes))
		return
	}
	r.log.Error("the disk is nearly full: nothing is stored until there is room", zap.String("dir", r.dir), zap.Uint64("free_bytes", usage.AvailBytes), zap.Uint64("least_bytes", leastRoom))
}

const broken = "a write to the disk failed; the process ends, as its database cannot go on"

// Write runs a write of a database, and ends the process when Pebble panics in
// it, as it does when the disk fails. It then holds its locks for ever: whoever
// recovered from that would have all later writers wait.
func (r *Room) Write(write func() error) error {
	defer func() {
		if p := recover(); p != nil {
			r.log.Fatal(broken, zap.Any("error", p))
		}
	}()
	return write()
}

// Synced ends the process when what was written did not come to disk: what is in
// memory is then not what a later process finds.
func (r *Room) Synced(err error) {
	if err != nil {
		r.log.Fatal(broken, zap.Error(err))
	}
}
