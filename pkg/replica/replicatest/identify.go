package replicatest

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
)

func (s *suite) identify(store replica.Store, of replica.Identify) time.Duration {
	s.T.Helper()
	wait, err := store.Identify(s.Ctx, of)
	s.Must(err)
	return wait
}

func (s *suite) turns() {
	a, b := replica.Identify{Instance: "a", Every: long, Hold: long}, replica.Identify{Instance: "b", Every: long, Hold: long}
	s.Same("wait", s.identify(s.Store, a), time.Duration(0))
	s.Same("wait", s.identify(s.Store, a), time.Duration(0)) // It has it already.
	if wait := s.identify(s.other, b); wait <= 0 || wait > long {
		s.T.Errorf("the second waits %s", wait)
	}
	elsewhere := b
	elsewhere.Lane = 1
	s.Same("wait in another lane", s.identify(s.other, elsewhere), time.Duration(0))
	over := func(of replica.Identify, done bool) replica.Identify {
		of.Done, of.Left = done, !done
		return of
	}
	s.identify(s.other, over(b, true)) // Not its own.
	if wait := s.identify(s.other, b); wait <= 0 {
		s.T.Error("it got a turn that another has")
	}
	s.identify(s.Store, over(a, false))
	s.Same("wait", s.identify(s.other, b), time.Duration(0))
	s.identify(s.other, over(b, true))
	if wait := s.identify(s.Store, a); wait <= 0 || wait > long {
		s.T.Errorf("after an IDENTIFY the next one waits %s, want up to %s", wait, long)
	}
}

func (s *suite) turnsEnd() {
	s.Same("wait", s.identify(s.Store, replica.Identify{Instance: "a", Every: short, Hold: short}), time.Duration(0))
	b := replica.Identify{Instance: "b", Every: short, Hold: long}
	s.eventually("given on", func() bool { return s.identify(s.other, b) == 0 })
	b.Done = true
	s.identify(s.other, b)
	c := replica.Identify{Instance: "c", Every: short, Hold: long}
	s.eventually("the next one's", func() bool { return s.identify(s.other, c) == 0 })
}

func (s *suite) day() {
	lane := 0
	// use begins a session in a lane of its own, or says how long to wait.
	use := func(store replica.Store, limit *discord.SessionStartLimit) time.Duration {
		s.T.Helper()
		lane++
		of := replica.Identify{Instance: "a", Lane: lane, Every: long, Hold: long, Limit: limit}
		wait := s.identify(store, of)
		if wait == 0 {
			of.Limit, of.Done = nil, true
			s.identify(store, of)
		}
		return wait
	}
	hour := int64(time.Hour / time.Millisecond)
	s.Same("wait", use(s.Store, &discord.SessionStartLimit{Total: 1000, Remaining: 3, ResetAfter: hour}), time.Duration(0))
	s.Same("wait", use(s.other, nil), time.Duration(0))
	// What Discord said before those two is no news; the day is the same.
	s.Same("wait", use(s.other, &discord.SessionStartLimit{Total: 1000, Remaining: 3, ResetAfter: hour + 1000}), time.Duration(0))
	if wait := use(s.Store, nil); wait <= time.Hour-time.Minute || wait > time.Hour+time.Minute {
		s.T.Errorf("with nothing left one waits %s, want about an hour", wait)
	}
	// Another day.
	s.Same("wait", use(s.Store, &discord.SessionStartLimit{Total: 2, Remaining: 1, ResetAfter: 24 * hour}), time.Duration(0))
	if wait := use(s.other, &discord.SessionStartLimit{Total: 2, Remaining: 0, ResetAfter: 30}); wait <= 0 {
		s.T.Error("it does not wait although Discord says that nothing is left")
	}
	for range 2 {
		s.eventually("the next day", func() bool { return use(s.other, nil) == 0 })
	}
	if wait := use(s.Store, nil); wait <= 23*time.Hour || wait > 24*time.Hour {
		s.T.Errorf("with nothing left of the next day one waits %s, want about a day", wait)
	}
}
