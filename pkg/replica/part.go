package replica

// Part tells how many shards are to be this process's, and whether it is a member
// that takes some now.
func (g *Group) Part() (shards int, member bool) {
	valid := g.valid()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.view.Peers {
		member = member || p.Instance == g.instance && p.Serving
	}
	for _, instance := range plan(g.view) {
		if instance == g.instance {
			shards++
		}
	}
	return shards, member && valid
}

// plan deals the shards to those that serve.
func plan(v View) map[int]string {
	var serving []Peer
	for _, p := range v.Peers {
		if p.Serving {
			serving = append(serving, p.Peer)
		}
	}
	return deal(v.Shards, serving, func(shard int) string { return v.Owners[shard].Instance })
}
