package replica

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// remembered is how many events after the oldest unsettled one are remembered
// one by one. One that is older counts as settled, as in the files of a process
// that runs alone.
const remembered = 4096

// slot keeps one shard's session in the store, as long as the shard is this
// process's. What is claimed is written at once, with all that waits by then; how
// far the events have come follows with it or a little later.
type slot struct {
	group      *Group
	shard      int
	generation int64
	log        *zap.Logger

	lost     atomic.Bool
	closed   atomic.Bool
	received atomic.Int64 // The last event that came.
	stored   atomic.Int64 // What Discord may forget: the store's low.
	oldest   atomic.Int64 // The oldest event that is kept, 0 for none.

	kick     chan struct{} // Something is to be written.
	fenced   chan struct{} // Closed when the shard was lost.
	finish   chan struct{} // Closed by Close.
	finished chan struct{} // Closed when nothing more is written.

	mu        sync.Mutex // Guards the members below.
	session   discord.Session
	tag       uint64 // Counts sessions; in marks above the number.
	saved     uint64 // The last one that the store has.
	fresh     bool   // The store is to have the session, and all that is known.
	inherited map[int64]discord.Fate
	kept      []*entry // By number.
	asked     []ask
	settled   []int64 // Claimed, and settled since.
	freed     []int64 // Claimed, and not to be begun.
	over      bool    // Nothing counts any more.

	writer writer
}

// entry is an event that is kept.
type entry struct {
	seq     int64
	fate    discord.Fate
	tried   bool // The store may have its claim,
	claimed bool // and has it.
	left    bool // It was given up while its claim was asked.
}

// ask is a claim that waits for its answer.
type ask struct {
	entry    *entry // nil when nobody else can begin it once the store has what came before.
	dispatch uint64
	who      discord.Claimant
}

var _ discord.SessionSlot = (*slot)(nil)

const (
	seqBits = 48
	seqMask = 1<<seqBits - 1
)

func newSlot(g *Group, shard int, t Taken) *slot {
	s := &slot{
		group: g, shard: shard, generation: t.Generation, session: t.Session, inherited: map[int64]discord.Fate{},
		log:  g.cfg.Log.With(zap.Int("shard_id", shard)),
		kick: make(chan struct{}, 1), fenced: make(chan struct{}), finish: make(chan struct{}), finished: make(chan struct{}),
	}
	for _, seq := range t.Claimed {
		s.inherited[seq] = discord.FateBegun
	}
	for _, seq := range t.Settled {
		s.inherited[seq] = discord.FateSettled
	}
	s.received.Store(t.Session.Seq)
	s.stored.Store(t.Session.Seq)
	return s
}

// Load implements discord.SessionSlot.
func (s *slot) Load() (discord.Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.session
	out.Seq = s.received.Load()
	return out, out.ID != ""
}

// Save implements discord.SessionSlot. The store has the session a moment later,
// and before anything is claimed in it.
func (s *slot) Save(session discord.Session) error {
	s.mu.Lock()
	s.session = session
	s.tag++
	s.fresh = true
	s.inherited, s.kept, s.settled, s.freed = nil, nil, nil, nil
	for i := range s.asked {
		s.asked[i].entry = nil // Discord replays nothing of the session before.
	}
	s.oldest.Store(0)
	s.received.Store(session.Seq)
	s.stored.Store(session.Seq)
	s.mu.Unlock()
	s.wake()
	return nil
}

// Advance implements discord.SessionSlot.
func (s *slot) Advance(seq int64) {
	s.received.Store(seq)
	if oldest := s.oldest.Load(); oldest != 0 && seq-oldest >= remembered {
		s.mu.Lock()
		s.trim()
		s.mu.Unlock()
	}
}

// Keep implements discord.SessionSlot.
func (s *slot) Keep(seq int64) (mark uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, &entry{seq: seq})
	s.trim()
	return s.tag<<seqBits | uint64(seq)&seqMask //nolint:gosec // Sequence numbers are not negative.
}

// trim forgets what is settled or too old at the front. mu is held.
func (s *slot) trim() {
	received := s.received.Load()
	for len(s.kept) > 0 && (s.kept[0].fate == discord.FateSettled || received-s.kept[0].seq >= remembered) {
		s.kept[0] = nil
		s.kept = s.kept[1:]
	}
	s.oldest.Store(0)
	if len(s.kept) > 0 {
		s.oldest.Store(s.kept[0].seq)
	}
}

// find gives the event of a mark, unless it is over, too old, or of another
// session; then ours is whether it is of this one. mu is held.
func (s *slot) find(mark uint64) (e *entry, ours bool) {
	if mark>>seqBits != s.tag&(1<<(64-seqBits)-1) {
		return nil, false
	}
	seq := int64(mark & seqMask) //nolint:gosec // 48 bits.
	return s.at(seq), true
}

// at gives the event of a number, or nil. mu is held.
func (s *slot) at(seq int64) *entry {
	i, ok := slices.BinarySearchFunc(s.kept, seq, func(e *entry, seq int64) int { return cmp.Compare(e.seq, seq) })
	if !ok {
		return nil
	}
	return s.kept[i]
}

// Note implements discord.SessionSlot.
func (s *slot) Note(mark uint64, f discord.Fate) {
	s.mu.Lock()
	e, _ := s.find(mark)
	if e != nil && f == discord.FateWaits {
		e.left = !e.claimed
	}
	if e == nil || e.fate == f || e.fate == discord.FateSettled || s.over {
		s.mu.Unlock()
		return
	}
	switch f {
	case discord.FateSettled:
		e.fate = f
		if at := slices.Index(s.freed, e.seq); at >= 0 {
			s.freed = slices.Delete(s.freed, at, at+1)
		}
		if e.claimed {
			s.settled = append(s.settled, e.seq)
		}
		s.trim()
	case discord.FateWaits:
		e.fate = f
		if e.claimed {
			s.freed = append(s.freed, e.seq)
		}
	case discord.FateBegun: // Begin says that.
	}
	s.mu.Unlock()
	s.wake()
}

// Begin implements discord.SessionSlot.
func (s *slot) Begin(mark, _, dispatch uint64, who discord.Claimant) discord.Claim {
	if !s.Valid() {
		return discord.ClaimDenied
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() || s.lost.Load() {
		return discord.ClaimDenied
	}
	e, ours := s.find(mark)
	switch {
	case e == nil && !ours && s.saved == s.tag:
		// Its session is over, and no other process can have it again.
		return discord.ClaimGranted
	case e != nil && e.claimed:
		if at := slices.Index(s.freed, e.seq); at >= 0 {
			s.freed = slices.Delete(s.freed, at, at+1)
		}
		e.fate = discord.FateBegun
		return discord.ClaimGranted
	}
	if e != nil {
		e.left = false
	}
	s.asked = append(s.asked, ask{e, dispatch, who})
	s.wake()
	return discord.ClaimAsked
}

// Valid implements discord.SessionSlot.
func (s *slot) Valid() bool { return !s.lost.Load() && !s.closed.Load() && s.group.valid() }

// Fate implements discord.SessionSlot.
func (s *slot) Fate(seq int64) discord.Fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inherited[seq]
}

// SettledTo implements discord.SessionSlot: only what the store has is told.
func (s *slot) SettledTo() int64 { return s.stored.Load() }

// fence ends the slot because the shard was lost.
func (s *slot) fence() {
	if s.lost.CompareAndSwap(false, true) {
		close(s.fenced)
	}
}

// Close implements discord.SessionSlot: it lets the shard go, unless that was
// lost, and leaves what waits to the next owner. What was begun is taken care of.
func (s *slot) Close() error {
	if s.closed.CompareAndSwap(false, true) {
		close(s.finish)
	}
	<-s.finished
	return nil
}

func (s *slot) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
