package replica

import (
	"context"
	"errors"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// batch bounds the claims in one write.
const batch = 512

// writer is what a slot's one goroutine that writes knows.
type writer struct {
	number  int64     // Of the last attempt.
	written int64     // Of the last one that the store has for certain.
	at      time.Time // When that was.
}

// write writes until the slot is closed or the shard lost.
func (s *slot) write() {
	defer close(s.finished)
	s.writer.at = s.group.cfg.Clock.Now()
	for !s.closed.Load() && !s.lost.Load() {
		wait := s.due()
		kick := s.kick
		if wait <= 0 {
			if s.attempt() {
				continue
			}
			// Whatever comes meanwhile has no better chance.
			wait, kick = s.group.span()/20, nil
		}
		s.pause(wait, kick)
	}
	s.deny()
	s.release()
}

// due is how long what is to be written can wait.
func (s *slot) due() time.Duration {
	s.mu.Lock()
	asked, news := len(s.asked) > 0 || s.fresh, len(s.settled) > 0 || len(s.freed) > 0
	s.mu.Unlock()
	since, span := s.group.cfg.Clock.Now().Sub(s.writer.at), s.group.span()
	switch {
	case asked:
		return 0
	case news:
		return span/20 - since
	case since < span/4:
		return span/4 - since
	case s.behind():
		return 0
	default:
		return span / 4
	}
}

// behind reports whether events were settled that the store does not know of.
func (s *slot) behind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.low() != s.stored.Load()
}

// pause waits for a while, or less.
func (s *slot) pause(d time.Duration, kick <-chan struct{}) {
	timer := s.group.cfg.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-kick:
	case <-s.fenced:
	case <-s.finish:
	}
}

// low is the number up to which all is settled. mu is held.
func (s *slot) low() int64 {
	s.trim()
	if len(s.kept) > 0 {
		return s.kept[0].seq - 1
	}
	return s.received.Load()
}

// flight is one write, and what came along.
type flight struct {
	Write
	tag     uint64
	fresh   bool
	asks    int
	entries []*entry // Of Claim, from its start.
}

// board takes what is to be written. mu is held.
func (s *slot) board() flight {
	s.writer.number++
	f := flight{tag: s.tag, fresh: s.fresh, Write: Write{
		Instance: s.group.instance, Shard: s.shard, Generation: s.generation, Number: s.writer.number,
		Low: s.low(), Free: s.freed, Settle: s.settled,
	}}
	for _, seq := range s.freed {
		// From now on whoever begins it must ask.
		if e := s.at(seq); e != nil {
			e.claimed = false
		}
	}
	f.asks = min(len(s.asked), batch)
	for _, a := range s.asked[:f.asks] {
		if a.entry != nil {
			a.entry.tried = true
			f.Claim = append(f.Claim, a.entry.seq)
			f.entries = append(f.entries, a.entry)
		}
	}
	if s.fresh {
		s.boardAll(&f)
	}
	s.freed, s.settled, s.fresh = nil, nil, false
	return f
}

// boardAll takes the session, and what is known of its events. mu is held.
func (s *slot) boardAll(f *flight) {
	session := s.session
	session.Seq = f.Low
	f.Session = &session
	for _, e := range s.kept {
		if e.claimed {
			f.Claim = append(f.Claim, e.seq)
		}
		if e.claimed && e.fate == discord.FateSettled {
			f.Settle = append(f.Settle, e.seq)
		}
	}
	for seq, fate := range s.inherited {
		if seq <= f.Low {
			continue
		}
		f.Claim = append(f.Claim, seq)
		if fate == discord.FateSettled {
			f.Settle = append(f.Settle, seq)
		}
	}
}

// unboard takes back what was not written, as far as it is known. mu is held.
func (s *slot) unboard(f flight) {
	if s.tag != f.tag {
		return
	}
	s.fresh = s.fresh || f.fresh
	s.freed = append(f.Free, s.freed...)
	s.settled = append(f.Settle, s.settled...)
}

// attempt writes once; false says that it is to be tried again.
func (s *slot) attempt() bool {
	s.mu.Lock()
	f := s.board()
	s.mu.Unlock()
	c := s.group.cfg.Clock
	began := c.Now()
	out, err := s.send(f.Write)
	// Only now: the process may have stood still at any moment.
	valid := s.Valid()
	if err != nil {
		s.mu.Lock()
		s.unboard(f)
		s.mu.Unlock()
		switch {
		case errors.Is(err, ErrStale):
			s.group.lose(s, lostTaken)
		case !valid:
			s.group.expire()
		}
		return false
	}
	s.writer.at = c.Now()
	asks, granted := s.land(f, out, valid)
	if len(asks) > 0 {
		s.group.cfg.Meter.Claimed(len(asks), s.writer.at.Sub(began))
	}
	for i, a := range asks {
		a.who.Claimed(a.dispatch, granted[i])
	}
	return true
}

// land notes that the store has it, and gives who asked and what they are told.
func (s *slot) land(f flight, out Written, valid bool) (asks []ask, granted []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tag == f.tag {
		s.stored.Store(max(s.stored.Load(), f.Low))
	}
	if f.fresh {
		s.saved = f.tag
	}
	refused := map[*entry]bool{}
	for i, e := range f.entries {
		e.claimed = out.Granted[i]
		refused[e] = !e.claimed
		switch {
		case !e.claimed:
		case e.fate == discord.FateSettled:
			s.settled = append(s.settled, e.seq)
		case e.left:
			s.freed = append(s.freed, e.seq)
		case valid:
			e.fate = discord.FateBegun
		}
	}
	asks, s.asked = s.asked[:f.asks:f.asks], s.asked[f.asks:]
	for _, a := range asks {
		granted = append(granted, valid && !refused[a.entry])
	}
	if out.Before < s.writer.written {
		s.log.Warn("what the replicas share has lost what this process wrote last, and gets it again; see that Redis does not fail over to a copy that is behind")
		s.fresh, s.freed, s.settled = true, nil, nil
	}
	s.writer.written = f.Number
	return asks, granted
}

// send writes within the time that one call has.
func (s *slot) send(w Write) (Written, error) {
	ctx, cancel := s.group.limited(context.Background())
	defer cancel()
	return s.group.cfg.Store.Write(ctx, w)
}

// deny answers all that was asked.
func (s *slot) deny() {
	s.mu.Lock()
	asked := s.asked
	s.asked = nil
	s.mu.Unlock()
	for _, a := range asked {
		a.who.Claimed(a.dispatch, false)
	}
}

// release writes down what is done with, lets the shard go and leaves what waits
// to the next owner. What was begun is taken care of.
func (s *slot) release() {
	s.mu.Lock()
	s.over = true
	for _, e := range s.kept {
		switch {
		case e.fate == discord.FateBegun:
			e.fate = discord.FateSettled
			s.settled = append(s.settled, e.seq)
		case e.fate == discord.FateWaits && e.tried:
			s.freed = append(s.freed, e.seq)
		}
	}
	s.mu.Unlock()
	for !s.lost.Load() && s.group.valid() {
		s.mu.Lock()
		f := s.board()
		s.mu.Unlock()
		f.Release = true
		_, err := s.send(f.Write)
		if err == nil || errors.Is(err, ErrStale) {
			return
		}
		s.mu.Lock()
		s.unboard(f)
		s.mu.Unlock()
		if !clock.Sleep(context.Background(), s.group.cfg.Clock, s.group.span()/20) {
			return
		}
	}
}

// unbegun are the events that the store may have as begun here, and that did not
// begin and will not.
func (s *slot) unbegun() (out []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.saved != s.tag {
		return nil // The store may have those of another session.
	}
	for _, e := range s.kept {
		if e.fate == discord.FateWaits && e.tried {
			out = append(out, e.seq)
		}
	}
	return out
}
