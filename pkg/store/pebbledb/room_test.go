package pebbledb_test

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

// disk has as much room as the test says.
type disk struct {
	vfs.FS
	free atomic.Uint64
	err  error
}

func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.free.Load()}, d.err
}

// TestRoomRefusesBeforeTheDiskIsFull lets a disk fill up and be emptied.
func TestRoomRefusesBeforeTheDiskIsFull(t *testing.T) {
	t.Parallel()
	core, said := observer.New(zap.InfoLevel)
	d := &disk{FS: vfs.NewMem()}
	d.free.Store(1 << 30)
	r := pebbledb.NewRoom(pebbledb.Options{FS: d, Log: zap.New(core)}, "dir")
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	becomes := func(free uint64, refused bool) {
		t.Helper()
		d.free.Store(free)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(30 * time.Second); ; <-tick.C {
			err := r.Check()
			if fault.Is(err, fault.Unavailable) == refused && (err != nil) == refused {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("with %d bytes free, a write gets %v", free, err)
			}
		}
	}
	becomes(1<<20, true)
	becomes(1<<30, false)
	if n := said.Len(); n != 2 {
		t.Errorf("the log has %d lines: %v", n, said.All())
	}
	unknown := &disk{FS: vfs.NewMem(), err: errors.New("not here")}
	if err := pebbledb.NewRoom(pebbledb.Options{FS: unknown}, "dir").Check(); err != nil {
		t.Errorf("a file system that does not tell its room is full: %v", err)
	}
}

// TestAWriteThatPanicsEndsTheProcess stands for a disk that fails.
func TestAWriteThatPanicsEndsTheProcess(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(r *pebbledb.Room) error{
		"panics":     func(r *pebbledb.Room) error { return r.Write(func() error { panic("no space left on device") }) },
		"not synced": func(r *pebbledb.Room) error { r.Synced(errors.New("no space left on device")); return nil },
	} {
		core, said := observer.New(zap.InfoLevel)
		// The end of a goroutine stands for that of the process.
		r := pebbledb.NewRoom(pebbledb.Options{FS: vfs.NewMem(), Log: zap.New(core, zap.WithFatalHook(goexit{}))}, "dir")
		done := make(chan struct{})
		returned := false
		go func() {
			defer close(done)
			_ = write(r)
			returned = true
		}()
		<-done
		if returned || said.Len() != 1 {
			t.Errorf("%s: it goes on; the log has %v", name, said.All())
		}
	}
}

type goexit struct{}

func (goexit) OnWrite(*zapcore.CheckedEntry, []zapcore.Field) { runtime.Goexit() }
