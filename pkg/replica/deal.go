package replica

import (
	"cmp"
	"slices"
)

// deal says which member is to have which shard, the same to all who see the
// same. Everyone gets the same number or one more; a shard only moves away from
// who has too many, or is not there. peers are those that serve; owner gives the
// instance that has a shard, or "".
func deal(shards int, peers []Peer, owner func(shard int) string) map[int]string {
	out := make(map[int]string, shards)
	if len(peers) == 0 {
		return out
	}
	has := map[string]int{}
	for s := range shards {
		has[owner(s)]++
	}
	order := slices.Clone(peers)
	slices.SortFunc(order, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(has[b.Instance], has[a.Instance]), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Instance, b.Instance))
	})
	room := make(map[string]int, len(order))
	for i, p := range order {
		room[p.Instance] = shards / len(order)
		if i < shards%len(order) { // Those who have most, so that the fewest move.
			room[p.Instance]++
		}
	}
	for s := range shards {
		if o := owner(s); room[o] > 0 {
			room[o]--
			out[s] = o
		}
	}
	slices.SortFunc(order, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Instance, b.Instance))
	})
	next := 0
	for s := range shards {
		if _, ok := out[s]; ok {
			continue
		}
		for room[order[next].Instance] == 0 {
			next++
		}
		room[order[next].Instance]--
		out[s] = order[next].Instance
	}
	return out
}
