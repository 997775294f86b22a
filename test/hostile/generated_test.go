package hostile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
	"github.com/flora-runtime/flora-runtime/test/hostile/generate"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// slice is how long a generated script may do what it does before the next
// takes its guild, if it did not end by itself.
const slice = 2 * time.Second

// TestGenerated runs scripts that nobody has seen before, for FLORA_HOSTILE_TIME
// (20s; ten minutes in a soak), from FLORA_HOSTILE_SEED (one of its own).
func TestGenerated(t *testing.T) {
	t.Parallel()
	limit, seed := 20*time.Second, rand.Uint64()
	if soak() {
		limit = 10 * time.Minute
	}
	if text := os.Getenv("FLORA_HOSTILE_TIME"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("FLORA_HOSTILE_TIME: %v", err)
		}
		limit = d
	}
	if text := os.Getenv("FLORA_HOSTILE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("FLORA_HOSTILE_SEED: %v", err)
		}
		seed = n
	}
	bodies, err := generate.Bodies()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("FLORA_HOSTILE_SEED=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	a := enter(t, "FLORA_RUNTIME_MAX_MEMORY_MB=32")
	for _, f := range a.guilds {
		a.reset(f)
	}
	before := a.usage()
	w := a.watch()
	var recent []string
	n := 0
	for end := time.Now().Add(limit); time.Now().Before(end); n++ {
		s := generate.Next(rng, bodies)
		recent = append(recent, fmt.Sprintf("script %d (%s):\n%s", n, s.Trigger, s.Body))
		recent = recent[max(0, len(recent)-hostiles):]
		if err := a.try(w, s); err != nil {
			t.Errorf("seed %d: %v; the latest scripts are\n%s", seed, err, strings.Join(recent, "\n"))
			break
		}
	}
	for _, f := range a.guilds {
		a.reset(f)
	}
	w.end()
	a.compare(before)
	a.leave()
	t.Logf("%d generated scripts", n)
	if t.Failed() {
		t.Logf("FLORA_HOSTILE_SEED=%d makes the same scripts; the latest were\n%s", seed, strings.Join(recent, "\n"))
	}
}

// try runs a script for its slice of time. Whatever it does is right, as long
// as the others do not feel it.
func (a *arena) try(w *watch, s generate.Script) error {
	f := a.next()
	if list := a.logs(f.Guild, 0); len(list) > 0 {
		f.seen = list[len(list)-1].ID
	}
	status, answer := a.deploy(f.Guild, corpus.Source(s.Trigger, s.Body, a.idsFor(f)))
	switch {
	case status == 200:
		a.provoke(f, s.Trigger)
		// Many end in no way that is told; the slice ends them.
		_ = rig.Within(slice, "an outcome", func() (bool, error) {
			for _, l := range a.logs(f.Guild, f.seen) {
				if _, ok := outcomeOf(l.Message); ok {
					return true, nil
				}
			}
			return false, nil
		})
	case status >= 500 && status != 503:
		return fmt.Errorf("the deploy was answered with %d %s", status, answer)
	}
	select {
	case <-a.Done:
		return fmt.Errorf("control has ended: %.3000s", a.Stderr)
	default:
	}
	return w.late()
}
