package egress

import (
	"context"
	"net"
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

	memory, windows, sockets *pool // Of all guilds.

	mu       sync.Mutex // Guards the members below.
	bytes    limit.Bucket
	buffered int64 // Of bodies that are in memory.
	wide     int64 // What decompressions look back to.
	open     int64 // Connections, those that are being made or wait to be used again included.
	active   int   // Requests, those that wait for a slot included.
	used     time.Time
}

// pool is what all guilds have together. The less is left, the less of it one may
// have, but something in any case: many that take what they can get leave some
// for the next.
type pool struct {
	most  int64
	parts int64 // One guild may have what is left, divided by this.

	mu   sync.Mutex // Guards used.
	used int64
}

// take gives n more to who has own already, if it may have so much.
func (p *pool) take(own, n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.most - p.used
	if n > left || own > 0 && own+n > left/p.parts {
		return false
	}
	p.used += n
	return true
}

func (p *pool) inUse() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

func (p *pool) give(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used -= n
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

// spend takes bytes from what the guild may move, on credit if they come back
// within patience; wait is how long that takes.
func (g *guild) spend(now time.Time, n int, l Limits, patience time.Duration) (wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes.Take(now, float64(n), float64(l.BytesPerMinute)/60, float64(l.BytesAtOnce), patience)
}

// hold takes memory for a body; release gives it back.
func (g *guild) hold(n, most int64) bool { return g.grow(&g.buffered, g.memory, n, most) }

func (g *guild) release(n int64) { g.shrink(&g.buffered, g.memory, n) }

// widen takes memory for what a decompression looks back to; narrow gives it
// back.
func (g *guild) widen(n, most int64) bool { return g.grow(&g.wide, g.windows, n, most) }

func (g *guild) narrow(n int64) { g.shrink(&g.wide, g.windows, n) }

// grow takes n more of what all guilds have together, up to most in all.
func (g *guild) grow(own *int64, of *pool, n, most int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *own+n > most || !of.take(*own, n) {
		return false
	}
	*own += n
	return true
}

func (g *guild) shrink(own *int64, of *pool, n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*own -= n
	of.give(n)
}

// connect has dial make a connection that is counted until it is closed. One may
// be in the making when its request was long given up.
func (g *guild) connect(most int64, dial func() (net.Conn, error)) (net.Conn, error) {
	g.mu.Lock()
	room := g.open < most && g.sockets.take(g.open, 1)
	if room {
		g.open++
	}
	g.mu.Unlock()
	if !room {
		return nil, errCrowded
	}
	conn, err := dial()
	if err != nil {
		g.disconnected()
		return nil, err
	}
	return &counted{Conn: conn, closed: sync.OnceFunc(g.disconnected)}, nil
}

func (g *guild) disconnected() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	g.sockets.give(1)
}

// counted is a connection of a guild.
type counted struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
