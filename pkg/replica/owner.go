package replica

import (
	"context"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Owner tells who has the guild's shard at the moment: self is this process.
// Nobody, or not known, is a fault.Unavailable; Changed tells when to ask again.
func (g *Group) Owner(_ context.Context, guild snowflake.GuildID) (m Member, self bool, err error) {
	valid := g.valid()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !valid || g.view.Shards == 0 {
		return Member{}, false, nobody("this process is not among the replicas at the moment; try again in some seconds", g.span())
	}
	shard := int(uint64(guild) >> 22 % uint64(g.view.Shards)) //nolint:gosec // Small.
	if h := g.held[shard]; h != nil && !h.ending {
		return g.cfg.Member, true, nil
	}
	owner := g.view.Owners[shard].Instance
	for _, p := range g.view.Peers {
		if p.Instance == owner && owner != g.instance {
			return p.Member, false, nil
		}
	}
	return Member{}, false, nobody("no replica has this server at the moment; try again in some seconds", g.span())
}

func nobody(message string, lease time.Duration) error {
	f := fault.New(fault.Unavailable, "%s", message)
	f.RetryAfter = max(time.Second, 2*lease)
	return f
}

// Changed gives a channel that is closed when the next look at the group was
// taken: at the latest a quarter of a lease from now, if the store answers.
func (g *Group) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.news
}

// Members are those alive as last seen, this one included, by name.
func (g *Group) Members() []Member {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Member, 0, len(g.view.Peers)+1)
	here := false
	for _, p := range g.view.Peers {
		out = append(out, p.Member)
		here = here || p.Instance == g.instance
	}
	if !here {
		out = append(out, g.cfg.Member)
	}
	return out
}
