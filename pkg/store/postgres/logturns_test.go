package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/logs/shared"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// TestLogTurns: the bases of a shard's turns rise by more than a turn has lines,
// whoever begins them, and from one number of shards to another.
func TestLogTurns(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	stores := []*postgres.Store{open(t, postgres.Config{URL: address}), open(t, postgres.Config{URL: address})}
	before := uint64(time.Now().UnixMicro()) //nolint:gosec // Not negative.
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() {
			for n := range 10 {
				if _, err := s.BeginTurn(t.Context(), n%2, 2, []string{"a", "b"}[i], 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	highest := uint64(0)
	for shard := range 2 {
		turns, err := stores[0].LogTurns(t.Context(), shard, 2)
		if err != nil || len(turns) != 10 {
			t.Fatalf("shard %d: %v, %v", shard, turns, err)
		}
		by := map[string]int{}
		for i, turn := range turns {
			if by[turn.Replica]++; i > 0 && turn.Base < turns[i-1].Base+shared.Ahead || turn.Base < before || turn.At.IsZero() {
				t.Errorf("shard %d: turn %d is %+v", shard, i, turn)
			}
			highest = max(highest, turn.Base)
		}
		if by["a"] != 5 || by["b"] != 5 {
			t.Errorf("shard %d: turns of %v", shard, by)
		}
	}
	// With three shards, a guild's lines may have been those of any of the two.
	base, err := stores[1].BeginTurn(t.Context(), 2, 3, "a", 0)
	if err != nil || base < highest+shared.Ahead {
		t.Errorf("with another number of shards it begins at %d, after %d: %v", base, highest, err)
	}
	// And never below what a replica has given without asking.
	if got, err := stores[0].BeginTurn(t.Context(), 0, 3, "a", 10*base); err != nil || got != 10*base {
		t.Errorf("it begins at %d, want %d: %v", got, 10*base, err)
	}
}
