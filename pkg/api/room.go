package api

import (
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// room is something that all callers together may hold so much of at once, and
// each of them a share: who takes theirs up keeps nobody else out.
type room struct {
	share, total int64
	what         string // Is in the way of one more.

	mu   sync.Mutex // Guards the members below.
	held int64
	by   map[string]int64
}

func newRoom(share, total int64, what string) *room {
	return &room{share: share, total: total, what: what, by: map[string]int64{}}
}

// enter takes n for the caller until leave is called. What is more than a share
// counts as one, and fits when the caller has nothing else.
func (r *room) enter(caller string, n int64) (leave func(), err error) {
	n = min(n, r.share)
	r.mu.Lock()
	defer r.mu.Unlock()
	var f *fault.Fault
	switch {
	case r.by[caller]+n > r.share:
		f = fault.New(fault.RateLimited, "too many %s of yours are under way; let one end first", r.what)
	case r.held+n > r.total:
		f = fault.New(fault.Unavailable, "too many %s are under way; try again in a moment", r.what)
	default:
		r.held += n
		r.by[caller] += n
		return func() { r.leave(caller, n) }, nil
	}
	f.RetryAfter = time.Second
	return nil, f
}

func (r *room) leave(caller string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= n
	if r.by[caller] -= n; r.by[caller] == 0 {
		delete(r.by, caller)
	}
}
