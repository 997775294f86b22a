package discord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// limits of a limiter.
type limits struct {
	global   int // Requests a second; none when negative.
	perGuild int // Requests of a guild at once.
	waiting  int // More of a guild that may wait.
}

// limiter decides when a request is sent. A request passes two gates: its
// bucket, in the order of arrival; then its guild's share, which is a number of
// requests at once and, when Discord's global limit is short, every guild's turn
// in a round. A request that waits in a bucket takes no part of its guild's
// share.
type limiter struct {
	limits limits

	mu      sync.Mutex // Guards the members below and all buckets.
	buckets map[bucketKey]*bucket
	routes  map[[2]string]string // Method and route to Discord's name of the bucket.
	pruneAt int
	guilds  map[snowflake.GuildID]*share
	// urgent and ordinary are the rounds: guilds with requests that wait for a
	// turn. Urgent are those outside the global limit, the answers to
	// interactions among them, which have three seconds.
	urgent, ordinary []*share
	global           globalWindow
	banned           time.Time // Nothing at all goes before.
	timer            *time.Timer
}

// globalWindow keeps the times of the last requests, so that no second sees
// more than allowed.
type globalWindow struct {
	sent    []time.Time
	next    int
	blocked time.Time
}

// opens is when the next request may go.
func (g *globalWindow) opens() time.Time {
	t := g.blocked
	if len(g.sent) > 0 {
		if free := g.sent[g.next].Add(time.Second); free.After(t) {
			t = free
		}
	}
	return t
}

func (g *globalWindow) take(now time.Time) {
	if len(g.sent) > 0 {
		g.sent[g.next] = now
		g.next = (g.next + 1) % len(g.sent)
	}
}

// share is what one guild has under way.
type share struct {
	guild            snowflake.GuildID
	inflight         int
	waiting          int // Grants that are not given, in buckets and here.
	urgent, ordinary []*grant
	queued           [2]bool // In the rounds urgent and ordinary.
}

// grant is the right to send one request, once it is given.
type grant struct {
	call     *call
	bucket   *bucket
	share    *share
	deadline time.Time // Zero for none.
	ready    chan struct{}
	given    bool
	dead     bool
	admitted bool  // Its bucket has counted it.
	err      error // Why it will not be given.
}

const firstPrune = 1024

// resize keeps the times of that many requests from now on, of those before the
// latest.
func (g *globalWindow) resize(n int) {
	if n == len(g.sent) {
		return
	}
	before := append(slices.Clone(g.sent[g.next:]), g.sent[:g.next]...) // The oldest first.
	g.sent, g.next = make([]time.Time, max(n, 0)), 0
	if drop := len(before) - len(g.sent); drop > 0 {
		before = before[drop:]
	}
	copy(g.sent[len(g.sent)-len(before):], before)
}

// setGlobal changes how many requests a second are sent in all.
func (m *limiter) setGlobal(n int, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.global = n
	m.global.resize(n)
	m.turn(now)
}

func newLimiter(l limits) *limiter {
	m := &limiter{
		limits: l, buckets: map[bucketKey]*bucket{}, routes: map[[2]string]string{}, pruneAt: firstPrune,
		guilds: map[snowflake.GuildID]*share{},
	}
	if l.global > 0 {
		m.global.sent = make([]time.Time, l.global)
	}
	return m
}

// acquire waits until the call may be made. It fails at once when that is known
// not to be before ctx ends. again puts a call that was refused before the
// others. What was given must be released.
func (m *limiter) acquire(ctx context.Context, c *call, again bool) (*grant, error) {
	now := time.Now()
	m.mu.Lock()
	g := &grant{call: c, bucket: m.bucket(c, now), share: m.share(c.guild)}
	g.deadline, _ = ctx.Deadline()
	if err := m.hopeless(g, now); err != nil {
		m.drop(g.share)
		m.mu.Unlock()
		return nil, err
	}
	g.share.waiting++
	switch {
	case len(g.bucket.waiters) == 0 && g.bucket.admits(now):
		m.admit(g)
	case again:
		g.bucket.waiters = slices.Insert(g.bucket.waiters, 0, g)
	default:
		g.bucket.waiters = append(g.bucket.waiters, g)
	}
	m.arm(g.bucket, now)
	m.turn(now)
	if g.given {
		m.mu.Unlock()
		return g, nil
	}
	g.ready = make(chan struct{})
	m.mu.Unlock()
	select {
	case <-g.ready:
		if g.err != nil {
			return nil, g.err
		}
		return g, nil
	case <-ctx.Done():
		return nil, m.abandon(ctx, g)
	}
}

// hopeless is the error of a grant that cannot be given in time.
func (m *limiter) hopeless(g *grant, now time.Time) error {
	at := g.bucket.estimate(now)
	for _, t := range []time.Time{m.banned, m.global.blocked} {
		if t.After(at) && (t.Equal(m.banned) || !g.call.bearer) {
			at = t
		}
	}
	if !g.deadline.IsZero() && at.After(g.deadline) {
		return rateLimited(g.call, at.Sub(now))
	}
	if g.share.waiting >= m.limits.waiting {
		return rateLimited(g.call, max(at.Sub(now), time.Second))
	}
	return nil
}

// abandon is the end of waiting because ctx ended.
func (m *limiter) abandon(ctx context.Context, g *grant) error {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	if g.given {
		g.share.inflight--
		g.bucket.resolve().giveBack()
	} else {
		g.dead = true
		g.share.waiting--
		b := g.bucket.resolve()
		if g.admitted {
			b.giveBack()
			g.share.urgent = without(g.share.urgent, g)
			g.share.ordinary = without(g.share.ordinary, g)
		} else {
			b.waiters = without(b.waiters, g)
		}
	}
	m.flow(g.bucket.resolve(), now)
	m.drop(g.share)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		at := g.bucket.resolve().estimate(now)
		if t := m.global.opens(); t.After(at) && !g.call.bearer {
			at = t
		}
		return rateLimited(g.call, max(at.Sub(now), 100*time.Millisecond))
	}
	return fmt.Errorf("wait to call %s %s: %w", g.call.method, g.call.route, ctx.Err())
}

func without(list []*grant, g *grant) []*grant {
	if i := slices.Index(list, g); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// bucket finds the call's bucket. m.mu is held.
func (m *limiter) bucket(c *call, now time.Time) *bucket {
	key := bucketKey{c.method, c.route, c.major}
	if name, ok := m.routes[[2]string{c.method, c.route}]; ok {
		key = bucketKey{"", name, c.major}
	}
	return m.bucketAt(key, now)
}

func (m *limiter) bucketAt(key bucketKey, now time.Time) *bucket {
	b := m.buckets[key]
	if b != nil {
		return b
	}
	if len(m.buckets) >= m.pruneAt {
		for k, b := range m.buckets {
			if b.idle(now) {
				delete(m.buckets, k)
			}
		}
		m.pruneAt = max(firstPrune, 2*len(m.buckets))
	}
	b = &bucket{key: key}
	m.buckets[key] = b
	return b
}

func (b *bucket) resolve() *bucket {
	for b.merged != nil {
		b = b.merged
	}
	return b
}

// share finds the guild's share. m.mu is held.
func (m *limiter) share(guild snowflake.GuildID) *share {
	s := m.guilds[guild]
	if s == nil {
		s = &share{guild: guild}
		m.guilds[guild] = s
	}
	return s
}

// drop forgets a share that holds nothing. m.mu is held.
func (m *limiter) drop(s *share) {
	if s.inflight == 0 && s.waiting == 0 {
		delete(m.guilds, s.guild)
	}
}

// flow lets the bucket's waiters through as far as it goes. m.mu is held.
func (m *limiter) flow(b *bucket, now time.Time) {
	n := 0
	for n < len(b.waiters) && b.admits(now) {
		m.admit(b.waiters[n])
		n++
	}
	b.waiters = slices.Delete(b.waiters, 0, n)
	m.arm(b, now)
	m.turn(now)
}

// arm sets the bucket's timer if somebody waits for a time. m.mu is held.
func (m *limiter) arm(b *bucket, now time.Time) {
	if len(b.waiters) == 0 {
		return
	}
	at := b.opens()
	if at.IsZero() {
		return
	}
	d := max(at.Sub(now), 0)
	if b.timer == nil {
		b.timer = time.AfterFunc(d, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.flow(b.resolve(), time.Now())
		})
		return
	}
	b.timer.Reset(d)
}

// admit counts a grant in its bucket and queues it for its guild's turn. m.mu
// is held.
func (m *limiter) admit(g *grant) {
	g.bucket.take()
	g.admitted = true
	if g.call.bearer {
		g.share.urgent = append(g.share.urgent, g)
	} else {
		g.share.ordinary = append(g.share.ordinary, g)
	}
	m.enqueue(g.share)
}

// enqueue puts the share into the rounds that it has grants for. m.mu is held.
func (m *limiter) enqueue(s *share) {
	if s.guild != 0 && s.inflight >= m.limits.perGuild {
		return
	}
	if len(s.urgent) > 0 && !s.queued[0] {
		s.queued[0] = true
		m.urgent = append(m.urgent, s)
	}
	if len(s.ordinary) > 0 && !s.queued[1] {
		s.queued[1] = true
		m.ordinary = append(m.ordinary, s)
	}
}

// turn gives what can be given: guild after guild, one grant each. m.mu is held.
func (m *limiter) turn(now time.Time) {
	if now.Before(m.banned) {
		m.wake(m.banned, now)
		return
	}
	for len(m.urgent) > 0 {
		s := m.urgent[0]
		m.urgent = m.urgent[1:]
		s.queued[0] = false
		m.give(s, &s.urgent)
	}
	for len(m.ordinary) > 0 {
		if at := m.global.opens(); now.Before(at) {
			m.wake(at, now)
			return
		}
		s := m.ordinary[0]
		m.ordinary = m.ordinary[1:]
		s.queued[1] = false
		if m.give(s, &s.ordinary) {
			m.global.take(now)
		}
	}
}

// give gives the first grant of the list, unless the guild has its share.
func (m *limiter) give(s *share, list *[]*grant) bool {
	if len(*list) == 0 || s.guild != 0 && s.inflight >= m.limits.perGuild {
		return false
	}
	g := (*list)[0]
	(*list)[0] = nil
	*list = (*list)[1:]
	s.inflight++
	s.waiting--
	g.given = true
	if g.ready != nil {
		close(g.ready)
	}
	m.enqueue(s)
	return true
}

// wake has turn called again. m.mu is held.
func (m *limiter) wake(at, now time.Time) {
	d := max(at.Sub(now), 0)
	if m.timer == nil {
		m.timer = time.AfterFunc(d, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.turn(time.Now())
		})
		return
	}
	m.timer.Reset(d)
}
