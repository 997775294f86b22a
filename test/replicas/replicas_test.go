package replicas

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// prepare deploys the bot everywhere, through one replica after the other, and
// waits until it answers.
func (g *group) prepare(b *book) {
	g.t.Helper()
	for i, p := range g.places {
		g.until("a deployment", func() (bool, error) {
			err := g.deploy(p, g.replicas[i%len(g.replicas)])
			return err == nil, err
		})
	}
	for _, p := range g.places {
		if fault := b.runs(p); fault != "" {
			g.t.Fatal(fault)
		}
	}
}

// endure lets people use the bot while the fault happens, and gives what is
// wrong afterwards.
func (g *group) endure(b *book, f fault, seed uint64) (figures, []string) {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // Repeatable.
	r, err := begin(g, b, seed)
	if err != nil {
		return figures{}, []string{err.Error()}
	}
	moment(rng, time.Second)
	lost := g.lost()
	var wrong []string
	if err := f.do(g, rng); err != nil {
		wrong = append(wrong, err.Error())
	}
	pause(lease / 2)
	if missing := r.finish(f.name != losesAll); f.name != losesAll {
		wrong = append(wrong, missing...)
	}
	wrong = append(wrong, r.check()...)
	if f.gentle && r.cut > 0 && g.lost() == lost {
		wrong = append(wrong, fmt.Sprintf("%d handlers were cut off, though every process could wait for them", r.cut))
	}
	for _, p := range g.places {
		if what := b.runs(p); what != "" {
			wrong = append(wrong, what)
		}
	}
	return r.figures, wrong
}

// report fails the test with what is wrong, at most 20 things.
func report(t *testing.T, name string, wrong []string) {
	t.Helper()
	if len(wrong) > 20 {
		wrong = append(wrong[:20], "and "+strconv.Itoa(len(wrong)-20)+" more")
	}
	if len(wrong) > 0 {
		t.Errorf("%s:\n%s", name, strings.Join(wrong, "\n"))
	}
}

// seeds are the rounds of a soak: SOAK_SEEDS=from-to, 1 to 15 if it is
// not set. A run that was ended goes on with the next seed.
func seeds(t *testing.T) (from, to uint64) {
	t.Helper()
	text := os.Getenv("SOAK_SEEDS")
	if text == "" {
		return 1, 15
	}
	if n, err := fmt.Sscanf(text, "%d-%d", &from, &to); n != 2 || err != nil || to < from {
		t.Fatalf("SOAK_SEEDS is %q, want two numbers like 1-30", text)
	}
	return from, to
}
