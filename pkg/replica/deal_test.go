package replica

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestDeal: whatever there was, everyone gets as much as the others or one more,
// and no shard moves that need not.
func TestDeal(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		shards, n := 1+random.IntN(40), random.IntN(7)
		var peers []Peer
		for i := range n {
			peers = append(peers, Peer{Member: Member{Name: fmt.Sprint("n", random.IntN(100), "-", i)}, Instance: fmt.Sprint("i", i)})
		}
		owners := make([]string, shards)
		for s := range owners {
			owners[s] = fmt.Sprint("i", random.IntN(n+2)) // Some are of nobody who is there.
			if random.IntN(4) == 0 {
				owners[s] = ""
			}
		}
		owner := func(s int) string { return owners[s] }
		got := deal(shards, peers, owner)
		random.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
		if again := deal(shards, peers, owner); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Fatalf("round %d: another order of members deals otherwise", round)
		}
		if n == 0 {
			if len(got) != 0 {
				t.Fatalf("round %d: shards are dealt to nobody", round)
			}
			continue
		}
		if len(got) != shards {
			t.Fatalf("round %d: %d of %d shards are dealt", round, len(got), shards)
		}
		has, had, keep := map[string]int{}, map[string]int{}, map[string]int{}
		for s, instance := range got {
			has[instance]++
			had[owners[s]]++
			if owners[s] == instance {
				keep[instance]++
			}
		}
		for _, p := range peers {
			i := p.Instance
			if has[i] < shards/n || has[i] > (shards+n-1)/n {
				t.Fatalf("round %d: %s gets %d of %d shards among %d", round, i, has[i], shards, n)
			}
			if keep[i] != min(had[i], has[i]) {
				t.Fatalf("round %d: %s had %d shards, gets %d and keeps only %d of them", round, i, had[i], has[i], keep[i])
			}
		}
		// What is dealt stays.
		after := deal(shards, peers, func(s int) string { return got[s] })
		if fmt.Sprint(after) != fmt.Sprint(got) {
			t.Fatalf("round %d: a deal that was done is not the next one", round)
		}
	}
}
