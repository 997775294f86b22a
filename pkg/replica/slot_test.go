package replica

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// answers keeps what a claimant was told, in order.
type answers struct {
	mu  sync.Mutex
	all []uint64
	ok  map[uint64]bool
}

func (a *answers) Claimed(dispatch uint64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ok == nil {
		a.ok = map[uint64]bool{}
	}
	a.all = append(a.all, dispatch)
	a.ok[dispatch] = ok
}

func (a *answers) told() ([]uint64, map[uint64]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all), a.ok
}

// slotOf gives the member's slot of shard 0, once it has it.
func (b *bench) slotOf(m *member) discord.SessionSlot {
	b.Helper()
	for range 100 {
		m.mu.Lock()
		s := m.slots[0]
		m.mu.Unlock()
		if s != nil {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatalf("%s does not get the shard", m.cfg.Name)
	return nil
}

var someSession = discord.Session{ID: "s", URL: "wss://u", Seq: 1}

// come lets events come to the slot, and gives their marks.
func come(s discord.SessionSlot, from, to int64) map[int64]uint64 {
	out := map[int64]uint64{}
	for seq := from; seq <= to; seq++ {
		out[seq] = s.Keep(seq)
		s.Advance(seq)
	}
	return out
}

func TestSlotHandsOver(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		s := b.slotOf(a)
		if _, ok := s.Load(); ok {
			b.Error("there is a session")
		}
		if err := s.Save(someSession); err != nil {
			b.Fatal(err)
		}
		marks := come(s, 2, 7)
		var who answers
		for seq := int64(2); seq <= 6; seq++ {
			if got := s.Begin(marks[seq], 0, uint64(seq), &who); got != discord.ClaimAsked {
				b.Errorf("begin %d: %v", seq, got)
			}
		}
		time.Sleep(10 * time.Millisecond)
		all, ok := who.told()
		if !slices.Equal(all, []uint64{2, 3, 4, 5, 6}) || !ok[2] || !ok[6] {
			b.Errorf("told %v, %v", all, ok)
		}
		s.Note(marks[2], discord.FateSettled)
		s.Note(marks[4], discord.FateSettled)
		s.Note(marks[6], discord.FateWaits) // Its worker died.
		if got := s.Begin(marks[6], 0, 16, &who); got != discord.ClaimGranted {
			b.Errorf("begin again: %v", got)
		}
		s.Note(marks[6], discord.FateWaits)
		time.Sleep(time.Second)
		if n := s.SettledTo(); n != 2 {
			b.Errorf("settled to %d, want 2", n)
		}
		if got, _ := s.Load(); got.Seq != 7 || got.ID != "s" {
			b.Errorf("another connection resumes %+v", got)
		}
		// 3 and 5 run on, 6 and 7 wait.
		a.end()
		if s.Valid() {
			b.Error("it is valid after it was let go")
		}
		if got := s.Begin(marks[7], 0, 17, &who); got != discord.ClaimDenied {
			b.Errorf("begin after the end: %v", got)
		}
		next := b.join("b", 1)
		n := b.slotOf(next)
		if got, ok := n.Load(); !ok || got != (discord.Session{ID: "s", URL: "wss://u", Seq: 5}) {
			b.Errorf("the next owner resumes %+v", got)
		}
		for seq := int64(6); seq <= 8; seq++ {
			if got := n.Fate(seq); got != discord.FateWaits {
				b.Errorf("the fate of %d is %v", seq, got)
			}
		}
		next.end()
	})
}

// TestSlotAfterADeath: what ran is lost, what was done with is not.
func TestSlotAfterADeath(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		store := &deaf{Store: b.store}
		a := b.joinOver(store, "a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		marks := come(s, 2, 6)
		var who answers
		for _, seq := range []int64{3, 4, 5} {
			s.Begin(marks[seq], 0, uint64(seq), &who)
		}
		time.Sleep(10 * time.Millisecond)
		s.Note(marks[4], discord.FateSettled)
		time.Sleep(time.Second)
		store.set(true) // Nothing is heard of it any more.
		next := b.join("b", 1)
		n := b.slotOf(next)
		if got, _ := n.Load(); got.Seq != 1 {
			b.Errorf("the next owner resumes at %d, want 1", got.Seq)
		}
		for seq, want := range map[int64]discord.Fate{2: discord.FateWaits, 3: discord.FateBegun, 4: discord.FateSettled, 5: discord.FateBegun, 6: discord.FateWaits} {
			if got := n.Fate(seq); got != want {
				b.Errorf("the fate of %d is %v, want %v", seq, got, want)
			}
		}
		time.Sleep(time.Second)
		if s.Valid() {
			b.Error("the former owner's slot is valid")
		}
		next.end()
		a.end()
	})
}

// deaf is a store whose answers to writes get lost, and beats with them, or
// whose answers to beats come late, or whose writes do.
type deaf struct {
	Store
	late time.Duration
	slow time.Duration // Writes take that long.
	mu   sync.Mutex
	now  bool
}

func (d *deaf) set(now bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = now
}

func (d *deaf) lost(ctx context.Context) bool {
	d.mu.Lock()
	now := d.now
	d.mu.Unlock()
	if now {
		<-ctx.Done()
	}
	return now
}

func (d *deaf) Beat(ctx context.Context, b Beat) (View, error) {
	if d.lost(ctx) {
		return View{}, ctx.Err()
	}
	out, err := d.Store.Beat(ctx, b)
	time.Sleep(d.late)
	return out, err
}

func (d *deaf) Write(ctx context.Context, w Write) (Written, error) {
	time.Sleep(d.slow)
	out, err := d.Store.Write(ctx, w)
	if d.lost(ctx) {
		return Written{}, ctx.Err()
	}
	return out, err
}

// TestSlotKnowsWhatItDidNotBegin: a process that loses its shard with claims on
// their way, and takes it again, begins what it had not.
func TestSlotKnowsWhatItDidNotBegin(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		store := &deaf{Store: b.store}
		a := b.joinOver(store, "a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		marks := come(s, 2, 4)
		var who answers
		s.Begin(marks[2], 0, 2, &who)
		time.Sleep(100 * time.Millisecond)
		store.set(true)
		s.Begin(marks[3], 0, 3, &who)
		time.Sleep(2 * time.Second)
		all, ok := who.told()
		if !slices.Equal(all, []uint64{2, 3}) || !ok[2] || ok[3] {
			b.Errorf("told %v, %v", all, ok)
		}
		store.set(false)
		time.Sleep(2 * time.Second)
		n := b.slotOf(a)
		if n == s {
			b.Fatal("it is the same slot")
		}
		for seq, want := range map[int64]discord.Fate{2: discord.FateBegun, 3: discord.FateWaits, 4: discord.FateWaits} {
			if got := n.Fate(seq); got != want {
				b.Errorf("the fate of %d is %v, want %v", seq, got, want)
			}
		}
		a.end()
	})
}

// TestSlotLeavesWhatNobodyHereWaitsFor: an event whose claim was asked, and that was
// left to the next owner before the answer, is not taken for one that began.
func TestSlotLeavesWhatNobodyHereWaitsFor(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.joinOver(&deaf{Store: b.store, slow: 20 * time.Millisecond}, "a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		marks := come(s, 2, 6)
		var who answers
		for seq := int64(2); seq <= 5; seq++ {
			s.Begin(marks[seq], 0, uint64(seq), &who)
		}
		time.Sleep(10 * time.Millisecond) // The claims are on their way.
		s.Note(marks[3], discord.FateWaits)
		s.Note(marks[4], discord.FateWaits)
		if got := s.Begin(marks[4], 0, 14, &who); got != discord.ClaimAsked {
			b.Errorf("begin again: %v", got)
		}
		s.Note(marks[5], discord.FateSettled)
		s.Begin(marks[6], 0, 6, &who) // That one is not, yet.
		s.Note(marks[6], discord.FateWaits)
		time.Sleep(100 * time.Millisecond)
		if _, ok := who.told(); !ok[2] || !ok[14] {
			b.Errorf("told %v", ok)
		}
		a.end()
		next := b.join("b", 1)
		n := b.slotOf(next)
		if got, _ := n.Load(); got.Seq != 2 {
			b.Errorf("the next owner resumes at %d, want 2", got.Seq)
		}
		for seq, want := range map[int64]discord.Fate{3: discord.FateWaits, 4: discord.FateSettled, 5: discord.FateSettled, 6: discord.FateWaits} {
			if got := n.Fate(seq); got != want {
				b.Errorf("the fate of %d is %v, want %v", seq, got, want)
			}
		}
		next.end()
	})
}

// TestSlotRemembersSoMuch: an event that waits for very long keeps Discord from
// forgetting what came after it only so far.
func TestSlotRemembersSoMuch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		marks := come(s, 2, 3)
		for seq := int64(4); seq <= 3+remembered; seq++ {
			s.Advance(seq)
		}
		time.Sleep(time.Second)
		if n := s.SettledTo(); n != 3+remembered {
			b.Errorf("settled to %d, want all", n)
		}
		// It may begin all the same: nobody else gets it.
		var who answers
		if got := s.Begin(marks[2], 0, 2, &who); got != discord.ClaimAsked {
			b.Errorf("begin: %v", got)
		}
		time.Sleep(100 * time.Millisecond)
		if _, ok := who.told(); !ok[2] {
			b.Error("it is denied")
		}
		a.end()
	})
}

// TestSlotOfAnotherSession: what waited when the session ended is nobody else's.
func TestSlotOfAnotherSession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		old := come(s, 2, 5)
		var who answers
		s.Begin(old[2], 0, 2, &who)
		_ = s.Save(discord.Session{ID: "t", Seq: 1})
		s.Begin(old[3], 0, 3, &who)
		marks := come(s, 2, 3)
		s.Begin(marks[3], 0, 13, &who)
		time.Sleep(100 * time.Millisecond)
		all, ok := who.told()
		if !slices.Equal(all, []uint64{2, 3, 13}) || !ok[2] || !ok[3] || !ok[13] {
			b.Errorf("told %v, %v", all, ok)
		}
		if got := s.Begin(old[4], 0, 4, &who); got != discord.ClaimGranted {
			b.Errorf("begin of an earlier session: %v", got)
		}
		s.Note(old[2], discord.FateSettled)
		s.Note(marks[2], discord.FateSettled)
		a.end()
		b.store.mu.Lock()
		defer b.store.mu.Unlock()
		if r := b.store.ledgers[0]; r.session.ID != "t" || r.session.Seq != 3 {
			b.Errorf("the store has %+v", r.session)
		}
	})
}

// TestSlotWritesAgainWhatTheStoreLost: a store that fell back to an earlier state
// gets all that its owner knows.
func TestSlotWritesAgainWhatTheStoreLost(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		s := b.slotOf(a)
		_ = s.Save(someSession)
		marks := come(s, 2, 5)
		var who answers
		s.Begin(marks[3], 0, 3, &who)
		s.Begin(marks[4], 0, 4, &who)
		time.Sleep(100 * time.Millisecond)
		s.Note(marks[4], discord.FateSettled)
		time.Sleep(time.Second)
		b.store.mu.Lock()
		b.store.ledgers[0] = &record{number: 1, claimed: map[int64]int64{}, settled: map[int64]bool{}}
		b.store.mu.Unlock()
		s.Begin(marks[5], 0, 5, &who)
		time.Sleep(time.Second)
		b.store.mu.Lock()
		r := *b.store.ledgers[0]
		b.store.mu.Unlock()
		if r.session.ID != "s" || r.session.Seq != 1 || len(r.claimed) != 3 || !r.settled[4] || len(r.settled) != 1 {
			b.Errorf("the store has %+v", r)
		}
		a.end()
	})
}

// TestLeaseCountsFromTheBeat: however late the store's answers come, a member
// that is cut off stops before the next one begins.
func TestLeaseCountsFromTheBeat(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		store := &deaf{Store: b.store, late: 300 * time.Millisecond}
		a, c := b.joinOver(store, "a", 1), b.join("b", 0)
		for n := range 10 {
			first := b.slotOf(a)
			taker := b.join(fmt.Sprint("c", n), 1)
			time.Sleep(2*time.Second + time.Duration(n)*70*time.Millisecond)
			if !first.Valid() {
				b.Fatal("it has lost its shard while the store answers")
			}
			store.set(true)
			for taker.has() == 0 {
				time.Sleep(time.Millisecond)
			}
			if first.Valid() {
				b.Error("two have the shard")
			}
			store.set(false)
			time.Sleep(time.Second)
			taker.end()
		}
		a.end()
		c.end()
	})
}
