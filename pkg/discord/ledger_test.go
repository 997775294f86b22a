package discord

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// TestLedgerAgreesWithAModel keeps events of a session, begins and settles them
// in any order, and opens the file again as after a kill: what was settled or
// begun is known, and Discord is asked for all that was not.
func TestLedgerAgreesWithAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test's.
		dir := t.TempDir()
		slot := openSession(t, dir, 0)
		save(t, slot, Session{ID: "a", Seq: 1})
		model := map[int64]Fate{}
		open := []int64{}
		marks := map[int64]uint64{}
		next := int64(1)
		for range 400 {
			switch n := random.IntN(10); {
			case n < 3: // Nobody wants it.
				next++
				model[next] = FateSettled
				slot.Advance(next)
			case n < 6:
				next++
				model[next] = FateWaits
				open = append(open, next)
				marks[next] = slot.Keep(next)
				slot.Advance(next)
			case n < 9 && len(open) > 0:
				i := random.IntN(len(open))
				seq := open[i]
				if f := Fate(random.IntN(3)); f == FateSettled { //nolint:gosec // Small.
					model[seq] = f
					slot.Note(marks[seq], f)
					open = slices.Delete(open, i, i+1)
				} else {
					model[seq] = f
					slot.Note(marks[seq], f)
				}
			case n == 9:
				again := openSession(t, dir, 0)
				s, _ := again.Load()
				for seq := int64(2); seq <= next+5; seq++ {
					known, received := model[seq]
					got := again.Fate(seq)
					switch {
					case seq <= s.Seq && known != FateSettled:
						t.Fatalf("seed %d: %d is not replayed, its fate is %d", seed, seq, known)
					case seq > s.Seq && received && got != known:
						t.Fatalf("seed %d: the fate of %d is %d, want %d", seed, seq, got, known)
					case !received && got != FateWaits:
						t.Fatalf("seed %d: %d, which never came, has the fate %d", seed, seq, got)
					}
				}
				if len(open) == 0 && s.Seq != next {
					t.Fatalf("seed %d: nothing waits, and Discord is asked from %d instead of %d", seed, s.Seq, next)
				}
				if err := again.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// What waits for ever does not keep Discord from trimming.
func TestLedgerGivesOldEventsUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slot := openSession(t, dir, 0)
	save(t, slot, Session{ID: "a", Seq: 1})
	mark := slot.Keep(2)
	slot.Advance(2)
	for seq := int64(3); seq < 3*remembered; seq++ {
		slot.Advance(seq)
	}
	if got := slot.SettledTo(); got < 2*remembered-2 || got >= 3*remembered {
		t.Errorf("settled to %d", got)
	}
	slot.Note(mark, FateSettled)
	if got := slot.SettledTo(); got != 3*remembered-1 {
		t.Errorf("settled to %d once nothing waits", got)
	}
	// Another session knows nothing of it, and what waits of the one before is not
	// taken for one of its own events.
	old := slot.Keep(3 * remembered)
	slot.Advance(3 * remembered)
	save(t, slot, Session{ID: "b", Seq: 1})
	if slot.Fate(5) != FateWaits || slot.SettledTo() != 1 {
		t.Errorf("the next session has the fate %d, and is settled to %d", slot.Fate(5), slot.SettledTo())
	}
	for seq := int64(2); seq < 3*remembered; seq++ {
		slot.Advance(seq)
	}
	now := slot.Keep(3 * remembered)
	slot.Advance(3 * remembered)
	slot.Note(old, FateSettled)
	if got := slot.Fate(3 * remembered); got != FateWaits || slot.SettledTo() != 3*remembered-1 {
		t.Errorf("the fate is %d, settled to %d", got, slot.SettledTo())
	}
	slot.Note(now, FateSettled)
	if slot.SettledTo() != 3*remembered {
		t.Errorf("settled to %d in the end", slot.SettledTo())
	}
}

func TestLedgerIsNotedAfterItsClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slot := openSession(t, dir, 0)
	save(t, slot, Session{ID: "a", Seq: 1})
	var marks []uint64
	for seq := int64(2); seq < 4; seq++ {
		marks = append(marks, slot.Keep(seq))
		slot.Advance(seq)
	}
	if err := slot.Close(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, mark := range marks {
		wg.Go(func() { slot.Note(mark, FateBegun); slot.Note(mark, FateSettled) })
	}
	wg.Wait()
	if s, _ := openSession(t, dir, 0).Load(); s.Seq != 3 {
		t.Errorf("the next process asks from %d", s.Seq)
	}
}

// keeper keeps every message; the test says what becomes of it.
type keeper struct {
	*recorder
	receipts chan Receipt
	lost     chan string
}

func (k keeper) HandleEvent(ctx context.Context, e Event) {
	if e.Type != typeMessageCreate {
		return
	}
	if e.Lost {
		k.lost <- idOf(e.Data)
		return
	}
	k.receipts <- e.Keep()
	k.recorder.HandleEvent(ctx, e)
}

func TestGatewayReplaysWhatWasNotBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	w.cfg.Sessions = FileSessions{Dir: t.TempDir()}
	k := keeper{receipts: make(chan Receipt, 16), lost: make(chan string, 16)}
	w.sinkOf = func(r *recorder) Sink { k.recorder = r; return k }
	w.start()
	var kept []Receipt
	for i := range 5 {
		w.say(0, fmt.Sprint("m", i))
		kept = append(kept, <-k.receipts)
	}
	kept[0].Settled()
	kept[1].Begin(0, 0, nil)
	kept[2].Settled()
	kept[4].Begin(0, 0, nil)
	kept[4].Waits()
	// Another connection of the same process replays nothing of it.
	w.fail(discordsim.GatewayFault{Kind: "drop"})
	w.say(0, "m5")
	kept = append(kept, <-k.receipts)
	kept[5].Settled()
	w.sink.waitMessages(t, "m0", "m1", "m2", "m3", "m4", "m5")
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.say(0, "m6")
	w.start()
	w.sink.waitMessages(t, "m3", "m4", "m6")
	if len(k.lost) != 1 {
		t.Errorf("%d events are lost, want the one that was begun", len(k.lost))
	}
	w.identifies(1)
	if diff := cmp.Diff(1, w.logs.FilterMessage("gateway connection ended").Len()); diff != "" {
		t.Error(diff)
	}
}
