package supervisor

import (
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Apart says whether a script is to run away from the others.
type Apart int

// The placements.
const (
	// Together is with the others, on the worker that is the guild's.
	Together Apart = iota
	// AloneIfRoom is in a penalty worker when one is free.
	AloneIfRoom
	// NeverTogether is in a penalty worker: one that is free, or beside others
	// that may not run with everybody either.
	NeverTogether
)

// penalty takes a place in a penalty worker for the guild; nil when there is
// none for it. The caller gives the place back through slot.vacate or by the
// instance's end.
func (p *Pool) takePenalty(guild snowflake.GuildID, apart Apart) *slot {
	p.placing.Lock()
	defer p.placing.Unlock()
	var best *slot
	fewest := 0
	for _, s := range p.penalty {
		s.mu.Lock()
		n, own := len(s.tenants), s.tenants[guild] > 0
		s.mu.Unlock()
		if own {
			best = s
			break
		}
		if best == nil || n < fewest {
			best, fewest = s, n
		}
		if best == s && n > 0 && apart != NeverTogether {
			best = nil
		}
	}
	if best != nil {
		best.occupy(guild)
	}
	return best
}

func (s *slot) occupy(guild snowflake.GuildID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants[guild]++
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

// vacate gives a place back, and ends the process when nobody is left in it.
// The caller holds mu.
func (s *slot) vacate(guild snowflake.GuildID) {
	if !s.penal {
		return
	}
	if s.tenants[guild]--; s.tenants[guild] <= 0 {
		delete(s.tenants, guild)
	}
	if len(s.tenants) == 0 && s.proc != nil {
		s.condemn(sentence{cause: Stopped, why: "nobody is in it any more"})
	}
}

func (s *slot) occupied() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tenants) > 0
}
