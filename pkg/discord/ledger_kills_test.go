package discord

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLedgerOverManyKills has processes follow one another in the middle of
// whatever they do, replays included: no event begins twice, and none is lost
// that had not begun, those included that were given to a script. Now and then many come at once, so that numbers wrap.
func TestLedgerOverManyKills(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // A test's.
		dir := t.TempDir()
		slot := openSession(t, dir, 0)
		save(t, slot, Session{ID: "a", Seq: 1})
		sent := int64(1)                // By Discord.
		begun := map[int64]int{}        // How often.
		done := map[int64]bool{1: true} // Settled, told to be lost, or wanted by nobody.
		last := map[uint64]uint64{}     // The last dispatch that began, by place.
		dispatch := uint64(0)
		earlier := func(place, dispatch uint64) bool {
			begun, known := last[place]
			return !known || dispatch <= begun
		}
		for process := range uint64(30) {
			waits := map[int64]uint64{}
			var runs []int64
			type given struct {
				seq      int64
				dispatch uint64
			}
			queues := map[uint64][]given{} // What was given to a place and has not begun, in order.
			for place := range uint64(3) {
				last[process<<8|place] = 0
			}
			s, _ := slot.Load()
			at := s.Seq
			for n := int64(2); n <= at; n++ {
				if !done[n] {
					t.Fatalf("seed %d: %d is not replayed", seed, n)
				}
			}
			take := func(seq int64) {
				switch slot.Fate(seq) {
				case FateSettled:
					if !done[seq] {
						t.Fatalf("seed %d: %d counts as settled", seed, seq)
					}
				case FateBegun:
					if begun[seq] == 0 {
						t.Fatalf("seed %d: %d counts as begun", seed, seq)
					}
					done[seq] = true
				default:
					if done[seq] && begun[seq] > 0 {
						t.Fatalf("seed %d: %d comes again", seed, seq)
					}
					if random.IntN(3) == 0 {
						waits[seq] = slot.Keep(seq)
					} else {
						done[seq] = true // Nobody wants it.
					}
				}
				slot.Advance(seq)
			}
			for range random.IntN(60) {
				switch random.IntN(7) {
				case 0, 1:
					if at == sent {
						sent++
					}
					at++
					take(at)
				case 2, 3:
					for seq, mark := range waits { // One of them.
						if slices.Contains(runs, seq) {
							continue
						}
						dispatch++
						place := process<<8 | random.Uint64N(3)
						slot.Begin(mark, place, dispatch, nil)
						queues[place] = append(queues[place], given{seq, dispatch})
						runs = append(runs, seq)
						break
					}
				case 5, 6:
					for place, queue := range queues {
						if len(queue) == 0 {
							continue
						}
						next := queue[0]
						queues[place] = queue[1:]
						if begun[next.seq]++; begun[next.seq] > 1 {
							t.Fatalf("seed %d: %d begins twice", seed, next.seq)
						}
						last[place] = next.dispatch
						break
					}
				case 4:
					if len(runs) > 0 && begun[runs[0]] > 0 {
						slot.Note(waits[runs[0]], FateSettled)
						done[runs[0]] = true
						delete(waits, runs[0])
						runs = runs[1:]
					}
				}
			}
			if random.IntN(8) == 0 && at == sent && len(waits) == 0 {
				for range remembered + 10 {
					sent++
					at++
					done[at] = true
					slot.Advance(at)
				}
			}
			slot = openSession(t, dir, 0, earlier) // As after a kill.
		}
	}
}
