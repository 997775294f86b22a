package forward

import (
	"net/netip"
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

// sender is what counts as one address: whoever has one of IPv6 has a network of
// them.
func sender(a netip.Addr) string {
	const network = 64
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(network); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// enter takes a slot until leave is called.
func (s *slots) enter(name string, from netip.Addr) (leave func(), err error) {
	caller := sender(from)
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
