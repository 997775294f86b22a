package discord

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Fate is how far an event came.
type Fate uint8

// The fates.
const (
	FateWaits   Fate = iota // It was to be handed over. 0, as in fresh memory.
	FateBegun               // It was given to its script, which may have begun, and did not settle.
	FateSettled             // Nothing more becomes of it.
)

// Begun tells of an earlier process whether the dispatch that was given to a
// place had begun there.
type Begun func(place, dispatch uint64) bool

// remembered is how many events after the oldest unsettled one are remembered one by
// one. One that is older counts as settled: it must not keep Discord from
// trimming what it would replay.
const remembered = 4096

// ledger says in memory that outlives the process how far each event has come:
// all up to low are settled, each up to high has its fate. So a new process has
// Discord replay from low on, and hands over what the one before did not.
//
// As long as nothing waits, which is nearly always, an event costs one store.
type ledger struct {
	lowWord  *atomic.Uint64 // Low bits, and the session's generation above them.
	highWord *atomic.Uint64
	fates    []byte // By number modulo remembered.
	given    []byte // Where each went that was begun: the place and the dispatch.

	open atomic.Int64 // Events that are kept and not settled.

	mu       sync.Mutex // Guards the members below.
	tag      uint64     // The generation, in its place in the words.
	low      int64
	received int64
	closing  func() // Unmaps the memory once nothing is open; nil until Close.
}

// seqMask takes the number out of a word.
const seqMask = 1<<seqBits - 1

func (l *ledger) attach(mem []byte) {
	l.lowWord = wordAt(mem, seqOffset)
	l.highWord = wordAt(mem, highOffset)
	l.fates = mem[fatesOffset : fatesOffset+remembered]
	l.given = mem[givenOffset : givenOffset+remembered*givenSize]
}

// wordAt is a word of a mapping; a page begins aligned, so multiples of eight
// are too.
func wordAt(mem []byte, at int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&mem[at])) //nolint:gosec // Eight bytes inside the mapping.
}

// begin starts a session's ledger at seq.
func (l *ledger) begin(generation uint64, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tag, l.low, l.received = generation<<seqBits, seq, seq
	l.highWord.Store(l.word(seq))
	l.lowWord.Store(l.word(seq))
}

// takeOver goes on with the session that an earlier process had: its number, or
// seq when the words are another session's. What was given to a script and had
// not begun there waits again.
func (l *ledger) takeOver(generation uint64, seq int64, begun Begun) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tag = generation << seqBits
	if word := l.lowWord.Load(); word&^seqMask == l.tag {
		seq = max(seq, int64(word&seqMask)) //nolint:gosec // 48 bits.
	}
	l.low, l.received = seq, seq
	high := l.highWord.Load()
	if begun == nil || high&^seqMask != l.tag {
		return seq
	}
	for n := seq + 1; n <= min(int64(high&seqMask), seq+remembered); n++ { //nolint:gosec // 48 bits.
		place, dispatch := l.givenTo(n)
		if Fate(l.fates[n%remembered]) == FateBegun && !begun(place.Load(), dispatch.Load()) {
			l.fates[n%remembered] = byte(FateWaits)
		}
	}
	return seq
}

// givenTo is where the event's place and dispatch are written down.
func (l *ledger) givenTo(seq int64) (place, dispatch *atomic.Uint64) {
	at := int(seq % remembered * givenSize)
	return wordAt(l.given, at), wordAt(l.given, at+8)
}

func (l *ledger) word(seq int64) uint64 { return l.tag | uint64(seq)&seqMask } //nolint:gosec // Sequence numbers are not negative.

// advance notes that the event was taken in, and that it is settled unless it
// is kept. Numbers only grow.
func (l *ledger) advance(seq int64) {
	if l.open.Load() == 0 {
		l.lowWord.Store(l.tag | uint64(seq)&seqMask) //nolint:gosec // Not negative.
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receive(seq, FateSettled)
	l.trim()
}

// keep notes that the event waits to be handed over. advance follows. The mark
// stands for the event: its number and its session.
func (l *ledger) keep(seq int64) (mark uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.Load() == 0 {
		// advance did not count since the last one settled.
		l.low = seq - 1
		l.received = seq - 1
	}
	l.receive(seq, FateWaits)
	l.open.Add(1)
	l.lowWord.Store(l.word(l.low))
	return l.word(seq)
}

// receive gives an event, which is new, its first fate. mu is held.
func (l *ledger) receive(seq int64, f Fate) {
	for l.received < seq {
		l.received++
		l.fates[l.received%remembered] = byte(FateSettled)
		if l.received == seq {
			l.fates[seq%remembered] = byte(f)
		}
		if l.received-l.low >= remembered {
			l.low++
		}
	}
	if l.highWord.Load() < l.word(seq) || l.highWord.Load()&^seqMask != l.tag {
		l.highWord.Store(l.word(seq))
	}
}

// set changes the fate of an event that is kept, unless it is of a session that
// is over.
func (l *ledger) set(mark uint64, f Fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fates == nil {
		return
	}
	if seq := int64(mark & seqMask); seq > l.low && mark&^seqMask == l.tag { //nolint:gosec // 48 bits.
		l.fates[seq%remembered] = byte(f)
	}
	if f != FateSettled {
		return
	}
	l.trim()
	if l.open.Load() == 1 {
		// Before open says so: the reader's own store must be the later one.
		l.low = l.received
		l.lowWord.Store(l.word(l.low))
	}
	if l.open.Add(-1) == 0 && l.closing != nil {
		l.unmap()
	}
}

// give is set to FateBegun, and says where.
func (l *ledger) give(mark, place, dispatch uint64) {
	l.mu.Lock()
	if seq := int64(mark & seqMask); l.fates != nil && seq > l.low && mark&^seqMask == l.tag { //nolint:gosec // 48 bits.
		p, d := l.givenTo(seq)
		p.Store(place)
		d.Store(dispatch)
	}
	l.mu.Unlock()
	l.set(mark, FateBegun)
}

// trim moves low over what is settled. mu is held.
func (l *ledger) trim() {
	for l.low < l.received && Fate(l.fates[(l.low+1)%remembered]) == FateSettled {
		l.low++
	}
	l.lowWord.Store(l.word(l.low))
}

// fate is what became of an event in an earlier process.
func (l *ledger) fate(seq int64) Fate {
	high := l.highWord.Load()
	if high&^seqMask != l.tag || seq > int64(high&seqMask) { //nolint:gosec // 48 bits.
		return FateWaits
	}
	return Fate(l.fates[seq%remembered])
}

// settledTo is the number up to which all is settled.
func (l *ledger) settledTo() int64 { return int64(l.lowWord.Load() & seqMask) } //nolint:gosec // 48 bits.

// close gives the memory up with unmap once nothing is open.
func (l *ledger) close(unmap func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = unmap
	if l.open.Load() == 0 {
		l.unmap()
	}
}

func (l *ledger) unmap() {
	l.closing()
	l.closing, l.fates, l.given = nil, nil, nil
}

// Receipt stands for an event that somebody keeps: a process that is killed
// leaves it to the next one as long as it was not begun. The zero Receipt is
// for what comes from elsewhere.
type Receipt struct {
	slot SessionSlot
	mark uint64
}

// Begin asks whether the event may be given to its script, under the dispatch's
// number and at the place where a later process finds whether it began. 0 is no
// such place: then no other process gives it to a script.
func (r Receipt) Begin(place, dispatch uint64, who Claimant) Claim {
	if r.slot == nil {
		return ClaimGranted
	}
	return r.slot.Begin(r.mark, place, dispatch, who)
}

// Kept reports whether the event is kept: it is not when it came from elsewhere.
func (r Receipt) Kept() bool { return r.slot != nil }

// Waits takes Begin back: it turned out that the script had not begun.
func (r Receipt) Waits() {
	if r.slot != nil {
		r.slot.Note(r.mark, FateWaits)
	}
}

// Settled says, once, that nothing more becomes of the event.
func (r Receipt) Settled() {
	if r.slot != nil {
		r.slot.Note(r.mark, FateSettled)
	}
}

// Keep is called, at most once and before Sink.HandleEvent returns, by a sink
// that has not done with the event by then.
func (e Event) Keep() Receipt {
	if e.slot == nil {
		return Receipt{}
	}
	return Receipt{slot: e.slot, mark: e.slot.Keep(e.Seq)}
}

// Of gives the event as one of a session whose slot that is: for those who bring
// events to a sink without a gateway.
func (e Event) Of(slot SessionSlot, seq int64) Event {
	e.slot, e.Seq = slot, seq
	return e
}
