package forward

import (
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Requests that may be under way to one replica, and of them those of one
// address: neither a replica that is slow nor a caller with many connections
// takes the way to the others.
const (
	perTarget = 1024
	perCaller = perTarget / 8
)

// slots counts what is under way.
type slots struct {
	mu sync.Mutex // Guards by.
	by map[string]*target
}

type target struct {
	all     int
	callers map[string]int
}

// enter takes a slot until leave is called.
func (s *slots) enter(name, caller string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.by[name]
	if t == nil {
		t = &target{callers: map[string]int{}}
		s.by[name] = t
	}
	if t.all >= perTarget || t.callers[caller] >= perCaller {
		f := fault.New(fault.Unavailable, "too many requests are on their way to the replica that has this server; try again in a moment")
		f.RetryAfter = time.Second
		return nil, f
	}
	t.all++
	t.callers[caller]++
	return func() { s.leave(name, t, caller) }, nil
}

func (s *slots) leave(name string, t *target, caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.callers[caller]--; t.callers[caller] == 0 {
		delete(t.callers, caller)
	}
	if t.all--; t.all == 0 {
		delete(s.by, name)
	}
}
