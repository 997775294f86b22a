package replicas

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// newReplicas starts a group of so many, with a bot in every guild.
func newReplicas(t *testing.T, count int) (*group, *book) {
	t.Helper()
	g := newGroup(t)
	for range count {
		g.add()
	}
	if err := together(g.replicas, (*replica).begin); err != nil {
		t.Fatal(err)
	}
	b := newBook(g)
	g.prepare(b)
	return g, b
}

// reserve is the time that one seed of a soak has at least.
const reserve = 15 * time.Minute

// brief are the faults of a test that is no soak.
var brief = map[string]bool{
	"kill one": true, "roll all": true, "lose what one says to Redis": true,
	"freeze one for longer than its lease": true, "deploy while one goes": true,
}

// TestFaults lets everything go wrong that can, one after the other, and in a
// soak again and again in another order.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, count := range rig.Soak(map[string]int{"three": 3}, map[string]int{"two": 2, "three": 3}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, b := newReplicas(t, count)
			from, to := uint64(1), uint64(1)
			if rig.Soak(false, true) {
				from, to = seeds(t)
			}
			var total figures
			for seed := from; seed <= to; seed++ {
				if end, ok := t.Deadline(); seed > from && ok && time.Until(end) < reserve {
					t.Logf("the time is over; SOAK_SEEDS=%d-%d goes on from here", seed, to)
					break
				}
				list := append([]fault(nil), faults...)
				rng := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // Repeatable.
				rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				for n, f := range list {
					if !rig.Soak(brief[f.name], strings.Contains(f.name, os.Getenv("SOAK_FAULTS"))) {
						continue
					}
					figures, wrong := g.endure(b, f, seed<<8+uint64(n)) //nolint:gosec // Small.
					t.Logf("%d %s: %s", seed, f.name, figures)
					total.add(figures)
					report(t, fmt.Sprintf("%s, with seed %d", f.name, seed), wrong)
				}
			}
			t.Logf("in all: %s", total)
			if total.crons == 0 {
				t.Error("no cron job ran")
			}
		})
	}
}
