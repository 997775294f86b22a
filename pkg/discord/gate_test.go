package discord

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGateSpacesIdentifies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := newGate(5*time.Second, SessionStartLimit{Total: 1000, Remaining: 1000, ResetAfter: 1000, MaxConcurrency: 2}, start)
		var mu sync.Mutex
		at := map[int]time.Duration{}
		var wg sync.WaitGroup
		for shard := range 6 {
			wg.Go(func() {
				p, err := g.enter(t.Context(), shard)
				if err != nil {
					t.Error(err)
					return
				}
				defer p.leave()
				if shard == 3 {
					return // It could not connect: nobody waits for it.
				}
				time.Sleep(time.Second) // Connecting takes time.
				p.used()
				mu.Lock()
				at[shard] = time.Since(start)
				mu.Unlock()
				time.Sleep(time.Hour) // The connection lives; the pass is no more of use.
			})
			synctest.Wait()
		}
		wg.Wait()
		// Even shards share a lane, and odd ones do.
		want := map[int]time.Duration{0: time.Second, 2: 7 * time.Second, 4: 13 * time.Second, 1: time.Second, 5: 7 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("times of IDENTIFY (-want +got):\n%s", diff)
		}
	})
}

func TestGateKeepsToTheDaysLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := newGate(time.Millisecond, SessionStartLimit{Total: 2, Remaining: 1, ResetAfter: 60_000}, start)
		for n, want := range []time.Duration{0, time.Minute, time.Minute, time.Minute + 24*time.Hour} {
			p, err := g.enter(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			p.used()
			if got := time.Since(start); got < want || got > want+time.Second {
				t.Errorf("IDENTIFY %d after %v, want %v", n, got, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for range 3 {
			if p, err := g.enter(ctx, 0); err == nil {
				p.used()
			}
		}
		if _, err := g.enter(ctx, 0); err == nil {
			t.Error("a shard enters although there is nothing left")
		}
	})
}
