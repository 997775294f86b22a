package logs

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// ErrClosed is what Next gives once the subscription or the hub is closed, and
// ErrMoved when another process has the guild.
var (
	ErrClosed = errors.New("log subscription is closed")
	ErrMoved  = errors.New("another process has the guild")
)

// maxBatch bounds the lines of one Next.
const maxBatch = 256

// Subscription reads one guild's lines. It holds no lines itself: a slow reader
// costs nothing and loses what leaves the ring before it comes for it.
type Subscription struct {
	hub   *Hub
	ring  *ring
	after uint64 // Used by Next only.
	moves int    // Of the ring, when it began.
	once  sync.Once
	done  chan struct{}
}

// Subscribe starts after the line afterID. 0, and an id that the guild has not
// reached, start with the oldest line kept.
func (h *Hub) Subscribe(guild snowflake.GuildID, afterID uint64) *Subscription {
	r := h.ring(guild)
	r.mu.Lock()
	if afterID > r.last {
		afterID = 0
	}
	oldest, moves := r.first(), r.moves
	r.mu.Unlock()
	if afterID == 0 {
		for _, e := range h.onDisk(guild, func(d *reading) ([]Entry, error) { return d.forward(0, 1, all) }) {
			oldest = min(oldest, e.ID)
		}
		afterID = oldest - 1
	}
	return &Subscription{hub: h, ring: r, after: afterID, moves: moves, done: make(chan struct{})}
}

func all(Entry) bool { return true }

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
		entries, first, added, end := s.take()
		if s.after+1 < first {
			entries, dropped = s.older(first, entries)
		}
		if len(entries) > 0 {
			s.after = entries[len(entries)-1].ID
			return entries, dropped, nil
		}
		s.after = max(s.after, first-1) // There is nothing before.
		if end != nil {
			return nil, 0, end
		}
		select {
		case <-added:
		case <-s.done:
		case <-ctx.Done():
		}
	}
}

// take reads what is in the ring; first is the id of the first line there, or of
// the next. Without a line it gives the channel that the next one closes, and why
// there is none any more.
func (s *Subscription) take() (entries []Entry, first uint64, added <-chan struct{}, end error) {
	r := s.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case s.moves != r.moves:
		end = ErrMoved
	case r.closed:
		end = ErrClosed
	}
	skip := r.above(s.after)
	if skip == len(r.lines) {
		r.waited = true
		return nil, r.first(), r.added, end
	}
	return slices.Clone(r.lines[skip:min(skip+maxBatch, len(r.lines))]), r.first(), r.added, end
}

// older gives lines from before the first in the ring, if there are some, else
// those of the ring, and how many are lost before them.
func (s *Subscription) older(first uint64, ring []Entry) (entries []Entry, dropped uint64) {
	entries = s.hub.onDisk(s.ring.id, func(d *reading) ([]Entry, error) {
		return d.forward(s.after, maxBatch, func(e Entry) bool { return e.ID < first })
	})
	if len(entries) == 0 {
		entries = ring
	}
	if len(entries) > 0 {
		dropped = s.hub.Lost(s.ring.id, s.after, entries[0].ID)
	}
	return entries, dropped
}

// Close ends the subscription; a waiting Next returns ErrClosed.
func (s *Subscription) Close() { s.once.Do(func() { close(s.done) }) }
