package logs

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// ErrClosed is what Next gives once the subscription or the hub is closed.
var ErrClosed = errors.New("log subscription is closed")

// maxBatch bounds the lines of one Next.
const maxBatch = 256

// Subscription reads one guild's lines. It holds no lines itself: a slow reader
// costs nothing and loses what leaves the ring before it comes for it.
type Subscription struct {
	ring  *ring
	after uint64 // Used by Next only.
	once  sync.Once
	done  chan struct{}
}

// Subscribe starts after the line afterID. 0, and an id that the guild has not
// reached, start with the oldest line kept.
func (h *Hub) Subscribe(guild snowflake.GuildID, afterID uint64) *Subscription {
	r := h.ring(guild)
	r.mu.Lock()
	defer r.mu.Unlock()
	if afterID == 0 || afterID > r.last {
		afterID = r.last - uint64(len(r.lines))
	}
	return &Subscription{ring: r, after: afterID, done: make(chan struct{})}
}

// Next waits until there are lines after those it gave before and returns them,
// the oldest first, with the number of lines that were lost before the first of
// them. It is for one goroutine at a time.
func (s *Subscription) Next(ctx context.Context) (entries []Entry, dropped uint64, err error) {
	for {
		select {
		case <-s.done:
			return nil, 0, ErrClosed
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		default:
		}
		entries, dropped, added, closed := s.take()
		if len(entries) > 0 {
			return entries, dropped, nil
		}
		if closed {
			return nil, 0, ErrClosed
		}
		select {
		case <-added:
		case <-s.done:
		case <-ctx.Done():
		}
	}
}

// take reads what is in the ring, or gives the channel that the next line closes.
func (s *Subscription) take() (entries []Entry, dropped uint64, added <-chan struct{}, closed bool) {
	r := s.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.after == r.last || len(r.lines) == 0 {
		r.waited = true
		return nil, 0, r.added, r.closed
	}
	first := r.lines[0].ID
	skip := uint64(0)
	switch {
	case s.after >= first:
		skip = s.after - first + 1
	case s.after >= r.base:
		dropped = first - s.after - 1
	}
	end := min(skip+maxBatch, uint64(len(r.lines)))
	entries = slices.Clone(r.lines[skip:end])
	s.after = entries[len(entries)-1].ID
	return entries, dropped, nil, false
}

// Close ends the subscription; a waiting Next returns ErrClosed.
func (s *Subscription) Close() { s.once.Do(func() { close(s.done) }) }
