package logs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// writeBehind is how long a line may be in memory only.
	writeBehind = 500 * time.Millisecond
	// syncTime is what the syncs between two writes may take; files that are
	// not reached are synced after the next.
	syncTime = 300 * time.Millisecond
	// lastSyncTime is that when the process ends.
	lastSyncTime = 5 * time.Second
	// sayEvery is how often the runtime's log tells of a disk that fails.
	sayEvery = time.Minute
)

// writer brings lines to disk, in a goroutine of its own.
type writer struct {
	archive *archive
	cfg     Config
	wake    chan struct{}
	asked   chan request
	last    chan uint64 // Ends it.
	done    chan struct{}
	failed  error // At the end; read after done.
	failing atomic.Bool

	mu    sync.Mutex // Guards dirty.
	dirty map[*ring]struct{}

	// Of the goroutine only.
	unsynced map[snowflake.GuildID]struct{}
	said     time.Time // When a failure was told last; zero when all is well.
}

// request is to write and sync a guild's lines.
type request struct {
	ring *ring
	done chan<- error
}

func startWriter(a *archive, cfg Config) *writer {
	w := &writer{
		archive: a, cfg: cfg, wake: make(chan struct{}, 1), asked: make(chan request), last: make(chan uint64), done: make(chan struct{}),
		dirty: map[*ring]struct{}{}, unsynced: map[snowflake.GuildID]struct{}{},
	}
	go w.run()
	return w
}

// note says that the ring has lines to write. It is called with the ring's mu.
func (w *writer) note(r *ring, now bool) {
	w.mu.Lock()
	w.dirty[r] = struct{}{}
	w.mu.Unlock()
	if now {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// errStopped is for lines that come after the end.
var errStopped = errors.New("log lines are no longer written to disk: the hub is closed")

func (w *writer) sync(ctx context.Context, r *ring) error {
	done := make(chan error, 1)
	select {
	case w.asked <- request{r, done}:
	case <-w.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close writes what is left. last is the highest id in use.
func (w *writer) close(last uint64) error {
	select {
	case w.last <- last:
	case <-w.done:
		return nil
	}
	<-w.done
	return w.failed
}

func (w *writer) run() {
	defer close(w.done)
	tick := time.NewTicker(writeBehind)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = w.flush(syncTime) // It has said what failed.
		case <-w.wake:
			_ = w.flush(syncTime) // It has said what failed.
		case q := <-w.asked:
			q.done <- errors.Join(w.write(q.ring, true), w.settle(q.ring.id))
		case last := <-w.last:
			w.failed = errors.Join(w.flush(lastSyncTime), w.archive.reserve(last))
			return
		}
	}
}

// flush writes all rings' lines, those that cannot wait first.
func (w *writer) flush(syncs time.Duration) error {
	w.mu.Lock()
	rings := w.dirty
	w.dirty = map[*ring]struct{}{}
	w.mu.Unlock()
	var failed error
	for _, first := range []bool{true, false} {
		for r := range rings {
			if _, _, urgent := r.unwritten(); urgent == first {
				failed = errors.Join(failed, w.write(r, urgent))
				delete(rings, r)
			}
		}
	}
	begun := time.Now()
	for guild := range w.unsynced {
		if time.Since(begun) > syncs {
			break
		}
		failed = errors.Join(failed, w.settle(guild))
	}
	w.say(failed)
	return failed
}

// write writes one ring's lines. When that fails, they are tried again as long
// as they are in memory.
func (w *writer) write(r *ring, sync bool) error {
	lines, gaps, _ := r.unwritten()
	if len(lines) == 0 {
		return nil
	}
	n, err := w.archive.write(r.id, lines, gaps, sync)
	w.failing.Store(err != nil)
	if n < len(lines) {
		w.note(r, false)
	}
	if n > 0 {
		r.written(lines[n-1].ID)
		w.cfg.Written(n)
		if !sync {
			w.unsynced[r.id] = struct{}{}
		}
	}
	return err
}

// settle syncs a guild's lines that were written without it.
func (w *writer) settle(guild snowflake.GuildID) error {
	if _, due := w.unsynced[guild]; !due {
		return nil
	}
	delete(w.unsynced, guild)
	return w.archive.sync(guild)
}

// say tells of a failure, not too often, and of its end.
func (w *writer) say(failed error) {
	switch {
	case failed == nil && !w.said.IsZero():
		w.said = time.Time{}
		w.cfg.Log.Info("log lines are written to disk again")
	case failed != nil && time.Since(w.said) > sayEvery:
		w.said = time.Now()
		w.cfg.Log.Error("log lines cannot be written to disk; the latest stay in memory, and are tried again", zap.Error(failed))
	}
}
