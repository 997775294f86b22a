package replica

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// Memory is a Store for groups in one process: for tests.
type Memory struct {
	clock clock.Clock

	mu       sync.Mutex // Guards the members below.
	peers    map[string]*life
	lease    time.Duration
	shards   int
	open     time.Time // From when on shards can be taken; zero before the first beat.
	owners   map[int]Owner
	ledgers  map[int]*record
	lanes    map[int]*turn
	day      day
	watchers map[chan struct{}]struct{}
}

type life struct {
	Peer
	until time.Time
}

// record is what is kept of a shard.
type record struct {
	number  int64
	session discord.Session
	claimed map[int64]int64 // The generations.
	settled map[int64]bool
}

// turn is a lane's.
type turn struct {
	holder string
	until  time.Time
	next   time.Time
}

// day is how many sessions may be begun.
type day struct {
	known            bool
	total, remaining int
	reset            time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory(c clock.Clock) *Memory {
	m := &Memory{clock: c, watchers: map[chan struct{}]struct{}{}}
	m.Wipe()
	return m
}

// Wipe loses everything, as a server does that keeps nothing over a restart.
func (m *Memory) Wipe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peers, m.lease, m.shards, m.open = map[string]*life{}, 0, 0, time.Time{}
	m.owners, m.ledgers, m.lanes, m.day = map[int]Owner{}, map[int]*record{}, map[int]*turn{}, day{}
}

// bury removes those whose time is over. mu is held.
func (m *Memory) bury(now time.Time) {
	maps.DeleteFunc(m.peers, func(_ string, l *life) bool { return !l.until.After(now) })
}

// Beat implements Store.
func (m *Memory) Beat(ctx context.Context, b Beat) (View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return View{}, ctx.Err()
	}
	now := m.clock.Now()
	m.bury(now)
	for _, l := range m.peers {
		if l.Name == b.Name && l.Instance != b.Instance {
			return View{Rival: &Living{l.Peer, l.until.Sub(now)}}, nil
		}
	}
	if len(m.peers) == 0 {
		m.lease, m.shards = 0, 0
	}
	before := m.peers[b.Instance]
	if m.lease == 0 {
		m.lease = b.Lease
	}
	if m.shards == 0 {
		m.shards = b.Shards
	}
	if m.open.IsZero() {
		// Whoever had a shard before all was lost has it no longer than that.
		m.open = now.Add(m.lease)
	}
	if before == nil {
		m.drop(b.Instance)
	}
	m.peers[b.Instance] = &life{b.Peer, now.Add(m.lease)}
	if before == nil || before.Peer != b.Peer {
		m.tell()
	}
	v := View{Fresh: before == nil, Lease: m.lease, Shards: m.shards, Owners: maps.Clone(m.owners), Fallow: max(0, m.open.Sub(now))}
	for _, l := range m.peers {
		v.Peers = append(v.Peers, Living{l.Peer, l.until.Sub(now)})
	}
	return v, nil
}

// drop lets all shards of the instance go. mu is held.
func (m *Memory) drop(instance string) {
	for shard, o := range m.owners {
		if o.Instance == instance {
			m.owners[shard] = Owner{Generation: o.Generation}
		}
	}
}

// tell wakes who watches. mu is held.
func (m *Memory) tell() {
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Leave implements Store.
func (m *Memory) Leave(ctx context.Context, instance string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	delete(m.peers, instance)
	m.drop(instance)
	m.tell()
	return nil
}

// Take implements Store.
func (m *Memory) Take(ctx context.Context, t Take) (Taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return Taken{}, ctx.Err()
	}
	now := m.clock.Now()
	m.bury(now)
	o := m.owners[t.Shard]
	if m.peers[t.Instance] == nil || m.open.After(now) || o.Generation != t.Seen || o.Instance != t.Instance && m.peers[o.Instance] != nil {
		return Taken{}, ErrBusy
	}
	mine := Owner{max(o.Generation+1, t.Above+1, now.UnixMicro()), t.Instance}
	m.owners[t.Shard] = mine
	r := m.ledgers[t.Shard]
	if r == nil {
		r = &record{claimed: map[int64]int64{}, settled: map[int64]bool{}}
		m.ledgers[t.Shard] = r
	}
	r.number = 0
	for _, seq := range t.Unbegun {
		if r.claimed[seq] == t.Of && !r.settled[seq] {
			delete(r.claimed, seq)
		}
	}
	m.tell()
	return Taken{mine.Generation, o.Instance, r.session, slices.Sorted(maps.Keys(r.claimed)), slices.Sorted(maps.Keys(r.settled))}, nil
}

// Write implements Store.
func (m *Memory) Write(ctx context.Context, w Write) (Written, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return Written{}, ctx.Err()
	}
	now := m.clock.Now()
	m.bury(now)
	r := m.ledgers[w.Shard]
	if m.owners[w.Shard] != (Owner{w.Generation, w.Instance}) || r == nil || w.Number <= r.number || len(w.Claim) > 0 && m.peers[w.Instance] == nil {
		return Written{}, ErrStale
	}
	out := Written{Before: r.number}
	r.number = w.Number
	if w.Session != nil {
		r.session = *w.Session
		clear(r.claimed)
		clear(r.settled)
	}
	r.session.Seq = max(r.session.Seq, w.Low)
	maps.DeleteFunc(r.claimed, func(seq, _ int64) bool { return seq <= r.session.Seq })
	maps.DeleteFunc(r.settled, func(seq int64, _ bool) bool { return seq <= r.session.Seq })
	for _, seq := range w.Free {
		if r.claimed[seq] == w.Generation && !r.settled[seq] {
			delete(r.claimed, seq)
		}
	}
	for _, seq := range w.Claim {
		if seq > r.session.Seq && r.claimed[seq] == 0 {
			r.claimed[seq] = w.Generation
		}
		out.Granted = append(out.Granted, seq <= r.session.Seq || r.claimed[seq] == w.Generation)
	}
	for _, seq := range w.Settle {
		if r.claimed[seq] != 0 {
			r.settled[seq] = true
		}
	}
	if w.Release {
		m.owners[w.Shard] = Owner{Generation: w.Generation}
		m.tell()
	}
	return out, nil
}

// SameDay is how far Discord's word about when the day ends may be from what is
// known for it to be about the same day.
const SameDay = 5 * time.Minute

// Identify implements Store.
func (m *Memory) Identify(ctx context.Context, i Identify) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	now := m.clock.Now()
	t := m.lanes[i.Lane]
	if t == nil {
		t = &turn{}
		m.lanes[i.Lane] = t
	}
	if i.Done || i.Left {
		if t.holder != i.Instance {
			return 0, nil
		}
		t.holder, t.until = "", time.Time{}
		if i.Done {
			t.next = now.Add(i.Every)
			m.day.remaining--
		}
		return 0, nil
	}
	m.day.learn(now, i.Limit)
	if m.day.known && m.day.remaining <= 0 {
		return m.day.reset.Sub(now), nil
	}
	if t.holder != "" && t.holder != i.Instance && t.until.After(now) {
		return t.until.Sub(now), nil
	}
	if wait := t.next.Sub(now); wait > 0 {
		return wait, nil
	}
	t.holder, t.until = i.Instance, now.Add(i.Hold)
	return 0, nil
}

// learn takes in what Discord said. Of the same day the smaller number counts:
// others may have begun sessions since Discord was asked.
func (d *day) learn(now time.Time, l *discord.SessionStartLimit) {
	if l != nil {
		reset := now.Add(time.Duration(l.ResetAfter) * time.Millisecond)
		remaining := l.Remaining
		if d.known && d.reset.After(now) && d.reset.Sub(reset).Abs() < SameDay {
			remaining = min(remaining, d.remaining)
		}
		*d = day{true, max(l.Total, 1), remaining, reset}
	}
	if d.known && !d.reset.After(now) {
		d.remaining, d.reset = d.total, now.Add(24*time.Hour)
	}
}

// Watch implements Store.
func (m *Memory) Watch(ctx context.Context, news func()) error {
	w := make(chan struct{}, 1)
	w <- struct{}{}
	m.mu.Lock()
	m.watchers[w] = struct{}{}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, w)
	}()
	for {
		select {
		case <-w:
			news()
		case <-ctx.Done():
			return nil
		}
	}
}
