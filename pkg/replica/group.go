// Package replica is what several processes that serve one bot agree on, through
// a store that all reach: who is alive, which process has which shard, which
// events were begun, and whose turn it is to begin a session.
//
// A process is a member for a lease from its last sign of life on. It counts its
// own lease from the moment before it sent that sign, by its own clock, and less
// a tenth: so it stops before anybody can take its shards. A shard is a member's
// under a generation, which grows each time the shard is taken; whoever writes
// under an older one is refused. So an event is begun once, however slow a former
// owner is.
package replica

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// Bounds of a lease.
const (
	MinLease = 300 * time.Millisecond
	MaxLease = time.Minute
)

// Member is a process of the group.
type Member struct {
	Name string // Another for each.
	URL  string // Where the others reach its API.
}

// Config says who a member is.
type Config struct {
	Store Store
	Member
	// Identity is of the bot and its Discord, as discord.Identity gives it.
	Identity uint64
	// Lease is how long the shards of a process that died stay without owner; one
	// second by default.
	Lease time.Duration
	Log   *zap.Logger // nil logs nothing.
	Clock clock.Clock // nil is the machine's.
	Meter Meter       // nil measures nothing.
}

// Meter is told what happens.
type Meter interface {
	// State tells how many members are alive and how many shards this one has.
	State(members, shards int)
	// Took counts a shard that this process took: from one that was lost, or one
	// that had let it go.
	Took(lost bool)
	// Lost counts a shard that was lost, by cause.
	Lost(cause string)
	// Claimed counts claims of events that were answered together.
	Claimed(events int, took time.Duration)
}

// The causes that Meter.Lost is told.
const (
	lostExpired = "expired" // The store was not reached in time, or the process stood still.
	lostTaken   = "taken"   // The store says that the shard is not this process's.
)

// Causes lists what Meter.Lost is told.
func Causes() []string { return []string{lostExpired, lostTaken} }

type noMeter struct{}

func (noMeter) State(int, int)             {}
func (noMeter) Took(bool)                  {}
func (noMeter) Lost(string)                {}
func (noMeter) Claimed(int, time.Duration) {}

// Validate sets the defaults and refuses what cannot work.
func (c *Config) Validate() error {
	if c.Lease == 0 {
		c.Lease = time.Second
	}
	switch {
	case c.Store == nil:
		return errors.New("a replica needs a store")
	case strings.TrimSpace(c.Name) == "":
		return errors.New("a replica needs a name (replicas.name)")
	case c.Lease < MinLease || c.Lease > MaxLease:
		return fmt.Errorf("replicas.lease_ms must be from %d to %d", MinLease.Milliseconds(), MaxLease.Milliseconds())
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Clock == nil {
		c.Clock = clock.Real
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	return nil
}

// Group is this process's place among the others. Run keeps it alive.
type Group struct {
	cfg      Config
	instance string
	start    time.Time
	until    atomic.Int64 // Nanoseconds after start up to which the lease is valid.
	lease    atomic.Int64
	kick     chan struct{} // Asks for a beat.

	mu      sync.Mutex // Guards the members below.
	view    View
	seen    bool // view is of the store.
	news    chan struct{}
	wanted  int // Shards that the process would have.
	session *sharing
	held    map[int]*holding
	unbegun map[int]leftover
	highest int64                     // Generation that was ever seen.
	limit   discord.SessionStartLimit // That was passed on last.
}

// New makes a member; Run joins.
func New(cfg Config) (*Group, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Group{
		cfg: cfg, instance: rand.Text(), start: cfg.Clock.Now(), kick: make(chan struct{}, 1),
		news: make(chan struct{}), held: map[int]*holding{}, unbegun: map[int]leftover{},
	}
	g.lease.Store(int64(cfg.Lease))
	return g, nil
}

// span is the lease that the group agreed on.
func (g *Group) span() time.Duration { return time.Duration(g.lease.Load()) }

// limited bounds one call of the store.
func (g *Group) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, g.span()/2)
}

// valid reports whether this process's lease is good at this moment.
func (g *Group) valid() bool { return int64(g.cfg.Clock.Now().Sub(g.start)) < g.until.Load() }

func (g *Group) beatSoon() {
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// Run keeps the process a member until ctx ends, and leaves then. It fails when
// another process goes by the same name.
func (g *Group) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() {
		if err := g.cfg.Store.Watch(watching, g.beatSoon); err != nil && watching.Err() == nil {
			g.cfg.Log.Warn("changes of the replicas are not told any more, and seen a little later", zap.Error(err))
		}
	})
	wg.Go(func() { g.guard(watching) })
	err := g.live(ctx)
	g.loseAll(lostExpired)
	leaving, cancel := g.limited(context.WithoutCancel(ctx))
	defer cancel()
	if err := g.cfg.Store.Leave(leaving, g.instance); err != nil {
		g.cfg.Log.Warn("the other replicas are not told that this one ends; they find out by its lease", zap.Error(err))
	}
	return err
}

// live beats until ctx ends.
func (g *Group) live(ctx context.Context) error {
	var trouble troubles
	for ctx.Err() == nil {
		sent := g.cfg.Clock.Now()
		next, err := g.beat(ctx, sent)
		if err != nil && ctx.Err() == nil {
			if trouble.fatal(err, sent, g.cfg.Clock.Now()) {
				return err
			}
			next = g.span() / 8
		}
		trouble.tell(g, err)
		g.wait(ctx, next)
	}
	return nil
}

// wait waits for the next beat: d, or until something happened, but not at once.
func (g *Group) wait(ctx context.Context, d time.Duration) {
	least := g.span() / 50
	if !clock.Sleep(ctx, g.cfg.Clock, min(least, d)) || d <= least {
		return
	}
	timer := g.cfg.Clock.NewTimer(d - least)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.kick:
	case <-ctx.Done():
	}
}

// beat gives a sign of life, takes in what there is and does what follows from
// it. It says when to beat again.
func (g *Group) beat(ctx context.Context, sent time.Time) (next time.Duration, err error) {
	g.mu.Lock()
	b := Beat{Peer: Peer{g.cfg.Member, g.instance, g.session != nil}, Lease: g.span(), Shards: g.wanted}
	g.mu.Unlock()
	limited, cancel := g.limited(ctx)
	defer cancel()
	v, err := g.cfg.Store.Beat(limited, b)
	if err != nil {
		return 0, fmt.Errorf("renew the lease: %w", err)
	}
	if v.Rival != nil {
		return 0, &rivalError{*v.Rival, g.cfg.Name}
	}
	// What is not this process's any more is lost before the lease is good again.
	g.expire()
	if v.Fresh {
		g.loseAll(lostTaken)
	}
	g.mismatch(v)
	if int64(v.Lease) != g.lease.Swap(int64(v.Lease)) {
		g.cfg.Log.Info("the replicas' lease is that of those who were there first", zap.Duration("lease", v.Lease), zap.Duration("configured", g.cfg.Lease))
	}
	g.until.Store(int64(sent.Sub(g.start) + v.Lease - v.Lease/10))
	g.look(v)
	g.settle(ctx, v)
	next = v.Lease / 4
	for _, p := range v.Peers {
		if p.Instance != g.instance {
			next = min(next, p.Left+time.Millisecond)
		}
	}
	if v.Fallow > 0 {
		next = min(next, v.Fallow+time.Millisecond)
	}
	return max(0, next-g.cfg.Clock.Now().Sub(sent)), nil
}

// look keeps what was seen.
func (g *Group) look(v View) {
	slices.SortFunc(v.Peers, func(a, b Living) int { return strings.Compare(a.Name+"\x00"+a.Instance, b.Name+"\x00"+b.Instance) })
	g.mu.Lock()
	was := g.view.Peers
	g.view, g.seen = v, true
	for _, o := range v.Owners {
		g.highest = max(g.highest, o.Generation)
	}
	close(g.news)
	g.news = make(chan struct{})
	shards := len(g.held)
	g.mu.Unlock()
	g.cfg.Meter.State(len(v.Peers), shards)
	g.tellPeers(was, v.Peers)
}

// tellPeers logs who came and went.
func (g *Group) tellPeers(was, is []Living) {
	has := func(list []Living, instance string) bool {
		return slices.ContainsFunc(list, func(p Living) bool { return p.Instance == instance })
	}
	for _, p := range is {
		if p.Instance != g.instance && !has(was, p.Instance) {
			g.cfg.Log.Info("a replica is there", zap.String("replica", p.Name), zap.String("url", p.URL))
		}
	}
	for _, p := range was {
		if p.Instance != g.instance && !has(is, p.Instance) {
			g.cfg.Log.Info("a replica is gone", zap.String("replica", p.Name))
		}
	}
}
