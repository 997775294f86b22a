package bot

import (
	"sync"
	"sync/atomic"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// subscriptions counts the guilds that handle each gateway type, so that an
// event that no script handles costs one look-up.
type subscriptions struct {
	wanted atomic.Pointer[interest]
	want   func(catalog.Intents) // Told what the types need.

	mu     sync.Mutex // Guards the members below; taken before a guild's mu.
	counts map[string]int
	every  int // Guilds whose script is on its way and was never seen.
	had    map[*guild]interest
}

// interest is what somebody wants: some types, or every deliverable one.
type interest struct {
	types map[string]struct{}
	every bool
}

func (s *subscriptions) init(want func(catalog.Intents)) {
	s.want = want
	s.counts = map[string]int{}
	s.had = map[*guild]interest{}
	s.wanted.Store(&interest{})
}

func (s *subscriptions) wants(eventType string) bool {
	w := s.wanted.Load()
	if _, ok := w.types[eventType]; ok {
		return true
	}
	return w.every && catalog.Names(eventType) != nil
}

// update asks the guild anew what it wants.
func (s *subscriptions) update(g *guild) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, now := s.had[g], g.interest()
	if len(old.types) == 0 && !old.every && len(now.types) == 0 && !now.every {
		return
	}
	changed := s.add(old, -1)
	changed = s.add(now, +1) || changed
	s.had[g] = now
	if len(now.types) == 0 && !now.every {
		delete(s.had, g)
	}
	if !changed {
		return
	}
	next := &interest{types: make(map[string]struct{}, len(s.counts)), every: s.every > 0}
	for t := range s.counts {
		next.types[t] = struct{}{}
	}
	s.wanted.Store(next)
	s.want(intents(next.types))
}

// add counts the interest n times and reports whether that may change what all
// together want.
func (s *subscriptions) add(i interest, n int) (changed bool) {
	if i.every {
		s.every += n
		changed = true
	}
	for t := range i.types {
		before := s.counts[t]
		if s.counts[t] = before + n; s.counts[t] == 0 {
			delete(s.counts, t)
		}
		changed = changed || before == 0 || before+n == 0
	}
	return changed
}
