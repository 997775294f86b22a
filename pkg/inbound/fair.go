package inbound

import (
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

// fair bounds requests by a key: how fast they come, and how many are under way.
type fair[K comparable] struct {
	clock clock.Clock

	mu   sync.Mutex // Guards the members below.
	rate Rate
	all  map[K]*share
}

type share struct {
	bucket limit.Bucket
	used   time.Time
	under  int // Requests under way.
}

// mostShares bounds the memory of a limiter: strangers have many addresses.
const mostShares = 10_000

func newFair[K comparable](c clock.Clock, r Rate) *fair[K] {
	return &fair[K]{clock: c, rate: r, all: map[K]*share{}}
}

// enter counts a request until leave is called. Else it says how long to wait;
// slow is whether because of the rate.
func (f *fair[K]) enter(k K) (leave func(), wait time.Duration, slow bool) {
	now := f.clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	s, known := f.all[k]
	if !known {
		f.makeRoom(now)
		s = &share{}
		f.all[k] = s
	}
	s.used = now
	if s.under >= f.rate.AtOnce {
		return nil, time.Second, false
	}
	if f.rate.PerSecond > 0 {
		if wait, ok := s.bucket.Take(now, 1, f.rate.PerSecond, f.rate.Burst, 0); !ok {
			return nil, wait, true
		}
	}
	s.under++
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		s.under--
	}), 0, false
}

// makeRoom forgets those whose bucket is full again, and if there are none
// everybody but those with something under way, rather than grow. The caller
// holds mu.
func (f *fair[K]) makeRoom(now time.Time) {
	if len(f.all) < mostShares {
		return
	}
	full := time.Duration(f.rate.Burst / max(f.rate.PerSecond, 1) * float64(time.Second))
	for k, s := range f.all {
		if s.under == 0 && now.Sub(s.used) > full {
			delete(f.all, k)
		}
	}
	if len(f.all) < mostShares {
		return
	}
	for k, s := range f.all {
		if s.under == 0 {
			delete(f.all, k)
		}
	}
}
