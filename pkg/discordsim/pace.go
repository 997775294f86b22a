package discordsim

import "time"

const (
	// standardStarts is how many sessions may be begun a day, and startWindow the day.
	standardStarts = 1000
	startWindow    = 24 * time.Hour
	// standardConcurrency is max_concurrency, and standardEvery how long Discord
	// refuses another IDENTIFY of the same class of shards.
	standardConcurrency = 16
	standardEvery       = 5 * time.Second
)

// pace is what Discord allows of IDENTIFYs. Sim.mu guards it.
type pace struct {
	// total counts the sessions that were begun, and refused the IDENTIFYs that
	// came too early.
	total, refused int
	// began is when the day's window began, and used what was used of it.
	began time.Time
	used  int
	// last is when a class's last IDENTIFY was taken.
	last map[uint64]time.Time
}

// concurrency is the number of classes: a shard's class is its number modulo that.
func (s *Sim) concurrency() int { return s.cfg.MaxConcurrency }

// early reports whether the shard's class has identified a moment ago, and if
// not, begins its time. Sim.mu is held.
func (s *Sim) early(shard uint64) bool {
	class := shard % uint64(s.concurrency()) //nolint:gosec // At least 1.
	now := s.now()
	if last, ok := s.pace.last[class]; ok && now.Sub(last) < s.cfg.IdentifyEvery {
		s.pace.refused++
		return true
	}
	if s.pace.last == nil {
		s.pace.last = map[uint64]time.Time{}
	}
	s.pace.last[class] = now
	return false
}

// countStart counts a session that is to begin; false means that it was one too
// many for the day. Sim.mu is held.
func (s *Sim) countStart() bool {
	used, _ := s.startsUsed()
	if used >= s.cfg.SessionStarts && !s.cfg.NoRateLimits {
		s.exceed()
		return false
	}
	s.pace.total++
	if used == 0 {
		s.pace.began, s.pace.used = s.now(), 0
	}
	s.pace.used++
	return true
}

// exceed does what Discord does about too many IDENTIFYs: every session ends,
// and the bot gets a new token, so the one in use is refused everywhere. Sim.mu
// is held.
func (s *Sim) exceed() {
	s.tokenReset.Store(true)
	for c := range s.conns {
		if c.session != nil {
			c.close(closeAuthentication, "Authentication failed.")
		}
	}
	clear(s.sessions)
}

// startsUsed is how many sessions were begun in the day's window, and when it
// ends. Sim.mu is held.
func (s *Sim) startsUsed() (used int, reset time.Duration) {
	reset = startWindow - s.now().Sub(s.pace.began)
	if reset <= 0 {
		return 0, startWindow
	}
	return s.pace.used, reset
}

// leaveStarts lets the day have so many IDENTIFYs left, and gives the bot its
// token back. Sim.mu is held.
func (s *Sim) leaveStarts(remaining int) {
	s.tokenReset.Store(false)
	s.pace.began, s.pace.used = s.now(), s.cfg.SessionStarts-remaining
	s.pace.last = nil
}
