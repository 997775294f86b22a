package discord

import (
	"net/http"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

// release ends a request that was sent, and takes what its answer says.
func (m *limiter) release(g *grant, a answer, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.share.inflight--
	was := g.bucket.resolve()
	was.inflight--
	b := was
	h := readRateHeaders(a.header)
	if h.ok && h.bucket != "" {
		b = m.named(b, g.call, h.bucket, now)
		b.learn(h, now)
	} else if !b.known && a.status > 0 && a.status < 500 && a.status != http.StatusTooManyRequests {
		b.free = true
	}
	if a.status == http.StatusTooManyRequests {
		m.refused(b, a, now)
	}
	m.enqueue(g.share)
	m.flow(b, now)
	if was = was.resolve(); was != b {
		m.flow(was, now)
	}
	m.drop(g.share)
}

// named gives the bucket that Discord's name stands for: b itself once it is
// called that, or the one that has the name already. m.mu is held.
func (m *limiter) named(b *bucket, c *call, name string, now time.Time) *bucket {
	m.routes[[2]string{c.method, c.route}] = name
	key := bucketKey{"", name, c.major}
	switch {
	case b.key == key:
		return b
	case b.key.method == "":
		// The route has moved to another bucket.
		return m.bucketAt(key, now)
	}
	delete(m.buckets, b.key)
	other := m.buckets[key]
	if other == nil {
		b.key = key
		m.buckets[key] = b
		return b
	}
	for _, w := range b.waiters {
		w.bucket = other
	}
	other.waiters = append(other.waiters, b.waiters...)
	other.inflight += b.inflight
	b.merged, b.waiters, b.inflight = other, nil, 0
	return other
}

// refused takes a 429. m.mu is held.
func (m *limiter) refused(b *bucket, a answer, now time.Time) {
	until := now.Add(a.retryAfter())
	global := a.header.Get("X-RateLimit-Global") == "true" || a.header.Get("X-RateLimit-Scope") == "global" ||
		jsonscan.True(jsonscan.Get(a.body, "global"))
	switch {
	case !jsonscan.Valid(a.body):
		// Not Discord but what stands before it: the address is banned.
		m.banned = later(m.banned, until)
	case global:
		m.global.blocked = later(m.global.blocked, until)
	default:
		b.refused(until)
	}
	for _, w := range slices.Clone(b.waiters) {
		m.fail(w, now)
	}
	if global || m.banned.After(now) {
		for _, s := range m.guilds {
			for _, w := range slices.Concat(s.urgent, s.ordinary) {
				m.fail(w, now)
			}
		}
	}
}

// fail tells a grant that it will not be given in time, if that is so. m.mu is
// held.
func (m *limiter) fail(g *grant, now time.Time) {
	b := g.bucket.resolve()
	at := b.opens()
	if g.admitted {
		at = time.Time{}
	}
	at = later(at, m.banned)
	if !g.call.bearer {
		at = later(at, m.global.blocked)
	}
	if g.given || g.dead || g.ready == nil || g.deadline.IsZero() || !at.After(g.deadline) {
		return
	}
	g.dead = true
	g.err = rateLimited(g.call, at.Sub(now))
	g.share.waiting--
	if g.admitted {
		b.giveBack()
		g.share.urgent, g.share.ordinary = without(g.share.urgent, g), without(g.share.ordinary, g)
	} else {
		b.waiters = without(b.waiters, g)
	}
	close(g.ready)
	m.drop(g.share)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
