package egress

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	remembered = 512         // Guilds, before those that are quiet are forgotten.
	quiet      = time.Minute // No request for so long.
	idleConn   = 30 * time.Second
)

// guild is what the requests of one guild share. Nothing of it is shared with
// another guild: a connection that carried one's credentials never carries
// another's request.
type guild struct {
	transport *http.Transport
	slots     chan struct{} // One for each request under way.

	mu       sync.Mutex // Guards the members below.
	bytes    limit.Bucket
	buffered int64 // Of bodies that are in memory.
	active   int   // Requests, those that wait for a slot included.
	used     time.Time
}

// guilds keeps the guilds that made requests lately.
type guilds struct {
	mu   sync.Mutex // Guards all.
	all  map[snowflake.GuildID]*guild
	make func() *guild
}

// enter notes a request of the guild; leave ends it.
func (g *guilds) enter(id snowflake.GuildID, now time.Time) *guild {
	g.mu.Lock()
	defer g.mu.Unlock()
	one, ok := g.all[id]
	if !ok {
		if len(g.all) >= remembered {
			g.forget(now)
		}
		one = g.make()
		g.all[id] = one
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.active++
	one.used = now
	return one
}

// forget drops the quiet ones. The caller holds mu.
func (g *guilds) forget(now time.Time) {
	for id, one := range g.all {
		one.mu.Lock()
		idle := one.active == 0 && now.Sub(one.used) > quiet
		one.mu.Unlock()
		if idle {
			one.transport.CloseIdleConnections()
			delete(g.all, id)
		}
	}
}

func (g *guild) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
}

// slot waits for the guild's turn; the caller calls what it gives.
func (g *guild) slot(ctx context.Context) (func(), error) {
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// spend takes bytes from what the guild may move.
func (g *guild) spend(now time.Time, n int, l Limits) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.bytes.Take(now, float64(n), float64(l.BytesPerMinute)/60, float64(l.BytesAtOnce), 0)
	return ok
}

// hold takes memory for a body, or gives it back when n is negative.
func (g *guild) hold(n, most int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n > 0 && g.buffered+n > most {
		return false
	}
	g.buffered += n
	return true
}
