package discordsim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Request is one REST request that was answered.
type Request struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"` // When it was answered.
	Method string    `json:"method"`
	// Path is below /api/v10, and Route its pattern with the method before it,
	// such as "POST /channels/{channel}/messages".
	Path   string          `json:"path"`
	Route  string          `json:"route"`
	Query  string          `json:"query,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Files  []string        `json:"files,omitempty"`
	Reason string          `json:"reason,omitempty"`
	Status int             `json:"status"`
}

// maxRequests is how many requests are remembered, maxSeenBody how long their
// bodies may be to be shown, and maxSeenBodies how much of all is kept.
const (
	maxRequests   = 10_000
	maxSeenBody   = 64 << 10
	maxSeenBodies = 32 << 20
)

// requestLog remembers requests and tells who waits for one.
type requestLog struct {
	mu   sync.Mutex
	seq  int64
	ring []Request
	// bodies is the size of the bodies that are kept, those after shown.
	bodies  int
	shown   int64
	changed chan struct{} // closed and replaced when somebody waits and one arrives.
	waiting bool
	hooks   []*func(Request)
}

func newRequestLog() *requestLog { return &requestLog{changed: make(chan struct{})} }

func (l *requestLog) add(r Request) {
	if len(r.Body) > maxSeenBody {
		r.Body = nil
	}
	l.mu.Lock()
	l.seq++
	r.Seq = l.seq
	if len(l.ring) < maxRequests {
		l.ring = append(l.ring, r)
	} else {
		l.dropBody(l.seq - maxRequests)
		l.ring[(l.seq-1)%maxRequests] = r
	}
	l.bodies += len(r.Body)
	for l.bodies > maxSeenBodies {
		l.dropBody(l.shown + 1)
	}
	if l.waiting {
		close(l.changed)
		l.changed, l.waiting = make(chan struct{}), false
	}
	hooks := l.hooks
	l.mu.Unlock()
	for _, h := range hooks {
		(*h)(r)
	}
}

// dropBody forgets the bodies up to that of request seq. l.mu is held.
func (l *requestLog) dropBody(seq int64) {
	for ; l.shown < seq; l.shown++ {
		old := &l.ring[l.shown%maxRequests]
		l.bodies -= len(old.Body)
		old.Body = nil
	}
}

// since lists what came after seq, oldest first.
func (l *requestLog) since(seq int64) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sinceLocked(seq)
}

func (l *requestLog) sinceLocked(seq int64) []Request {
	first := max(seq+1, l.seq-int64(len(l.ring))+1)
	out := make([]Request, 0, max(0, l.seq-first+1))
	for n := first; n <= l.seq; n++ {
		out = append(out, l.ring[(n-1)%maxRequests])
	}
	return out
}

// watch is the channel that closes when something arrives after seq.
func (l *requestLog) watch(seq int64) ([]Request, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = true
	return l.sinceLocked(seq), l.changed
}

// Requests lists the REST requests after the one with number seq, oldest
// first; 0 lists all that are remembered.
func (s *Sim) Requests(seq int64) []Request { return s.requests.since(seq) }

// WaitRequest returns the first remembered or coming request after seq that
// match accepts.
func (s *Sim) WaitRequest(ctx context.Context, seq int64, match func(Request) bool) (Request, error) {
	for {
		list, changed := s.requests.watch(seq)
		for _, r := range list {
			seq = r.Seq
			if match(r) {
				return r, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Request{}, fmt.Errorf("wait for a request: %w", ctx.Err())
		}
	}
}

// OnRequest calls seen after every REST request, on the request's goroutine,
// until cancel is called.
func (s *Sim) OnRequest(seen func(Request)) (cancel func()) {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hooks = append(slices.Clone(l.hooks), &seen)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hooks = slices.DeleteFunc(slices.Clone(l.hooks), func(h *func(Request)) bool { return h == &seen })
	}
}
