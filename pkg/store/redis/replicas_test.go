package redis_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/replica/replicatest"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

// openReplicas opens the store of a bot; it is closed with the test.
func openReplicas(t *testing.T, cfg redis.Config, identity uint64) *redis.Replicas {
	t.Helper()
	s, err := redis.NewReplicas(cfg, identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	replicatest.Run(t, func(t *testing.T) (a, b replica.Store) {
		cfg := redis.Config{URL: dbtest.Redis(t), Prefix: dbtest.Name()}
		return openReplicas(t, cfg, 1), openReplicas(t, cfg, 1)
	})
}

func TestReplicasOfTwoBots(t *testing.T) {
	t.Parallel()
	cfg := redis.Config{URL: dbtest.Redis(t), Prefix: dbtest.Name()}
	a, b := openReplicas(t, cfg, 1), openReplicas(t, cfg, 2)
	for _, s := range []*redis.Replicas{a, b} {
		v, err := s.Beat(t.Context(), replica.Beat{Peer: replica.Peer{Member: replica.Member{Name: "same"}, Instance: fmt.Sprintf("%p", s)}, Lease: time.Hour, Shards: 1})
		if err != nil || v.Rival != nil || len(v.Peers) != 1 {
			t.Errorf("got %+v, %v", v, err)
		}
	}
}

func TestReplicasSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, err := redis.NewReplicas(redis.Config{URL: "redis://:s3cret@%zz"}, 1); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "cache.url must look like") {
		t.Errorf("got %v", err)
	}
	s := openReplicas(t, redis.Config{URL: "redis://127.0.0.1:1/0"}, 1)
	if _, err := s.Beat(t.Context(), replica.Beat{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Beat(t.Context(), replica.Beat{}); err == nil {
		t.Error("it answers after it was closed")
	}
}

// crowd is several groups over one Redis, and a Discord whose events they handle:
// each shard has one session that never ends.
type crowd struct {
	t      *testing.T
	server *dbtest.Server
	all    atomic.Int64 // Events that were begun.

	mu    sync.Mutex
	seqs  [crowdShards]int64
	begun map[[2]int64]string
}

const (
	crowdShards = 4
	crowdLease  = 2 * time.Second // The machine is busy.
)

type person struct {
	c    *crowd
	name string
	end  func()

	mu       sync.Mutex
	dispatch uint64
	asked    map[uint64][2]int64
	marks    map[uint64]func()
	has      map[int]bool
}

func (c *crowd) join(name string) *person {
	c.t.Helper()
	store, err := redis.NewReplicas(redis.Config{URL: c.server.URL}, 1)
	if err != nil {
		c.t.Fatal(err)
	}
	g, err := replica.New(replica.Config{Store: store, Member: replica.Member{Name: name, URL: "http://" + name}, Identity: 1, Lease: crowdLease})
	if err != nil {
		c.t.Fatal(err)
	}
	p := &person{c: c, name: name, asked: map[uint64][2]int64{}, marks: map[uint64]func(){}, has: map[int]bool{}}
	living, stop := context.WithCancel(context.Background())
	sharing, cancel := context.WithCancel(living)
	var runs, shares sync.WaitGroup
	runs.Go(func() {
		if err := g.Run(living); err != nil {
			c.t.Errorf("%s: %v", name, err)
		}
	})
	shares.Go(func() {
		n, err := g.Shards().Layout(sharing, crowdShards)
		if err == nil {
			err = g.Shards().Run(sharing, 1, n, p.serve)
		}
		if err != nil && sharing.Err() == nil {
			c.t.Errorf("%s: %v", name, err)
		}
	})
	p.end = sync.OnceFunc(func() {
		cancel()
		shares.Wait()
		stop()
		runs.Wait()
		if err := store.Close(); err != nil {
			c.t.Error(err)
		}
	})
	c.t.Cleanup(p.end)
	return p
}

// serve handles each event as fast as it can. A session that was lost begins
// where the events are.
func (p *person) serve(ctx context.Context, shard int, slot discord.SessionSlot) error {
	session, ok := slot.Load()
	if !ok {
		p.c.mu.Lock()
		session = discord.Session{ID: "s", Seq: p.c.seqs[shard]}
		p.c.mu.Unlock()
		if err := slot.Save(session); err != nil {
			return err
		}
	}
	p.hold(shard, true)
	defer p.hold(shard, false)
	for seq := session.Seq; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		p.c.mu.Lock()
		seq = max(seq, p.c.seqs[shard]-500) // What is older, nobody replays.
		p.c.seqs[shard] = max(p.c.seqs[shard], seq+1)
		p.c.mu.Unlock()
		seq++
		if slot.Fate(seq) == discord.FateWaits {
			mark := slot.Keep(seq)
			p.mu.Lock()
			p.dispatch++
			id := p.dispatch
			p.asked[id], p.marks[id] = [2]int64{int64(shard), seq}, func() { slot.Note(mark, discord.FateSettled) }
			p.mu.Unlock()
			switch slot.Begin(mark, 0, id, p) {
			case discord.ClaimGranted:
				p.Claimed(id, true)
			case discord.ClaimDenied:
				p.Claimed(id, false)
			}
		}
		slot.Advance(seq)
	}
	return nil
}

func (p *person) hold(shard int, has bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.has[shard] = has
}

// Claimed implements discord.Claimant.
func (p *person) Claimed(id uint64, ok bool) {
	p.mu.Lock()
	e, settle := p.asked[id], p.marks[id]
	delete(p.asked, id)
	delete(p.marks, id)
	p.mu.Unlock()
	if !ok {
		return
	}
	p.c.mu.Lock()
	if by := p.c.begun[e]; by != "" {
		p.c.t.Errorf("event %v began at %s and at %s", e, by, p.name)
	}
	p.c.begun[e] = p.name
	p.c.mu.Unlock()
	p.c.all.Add(1)
	settle()
}

// served waits until every shard has one who has it, and events begin.
func (c *crowd) served(people ...*person) {
	c.t.Helper()
	eventually(c.t, "served", func() bool {
		has := map[int]int{}
		for _, p := range people {
			p.mu.Lock()
			for shard, held := range p.has {
				if held {
					has[shard]++
				}
			}
			p.mu.Unlock()
		}
		return len(has) == crowdShards
	})
	was := c.all.Load()
	eventually(c.t, "events begin", func() bool { return c.all.Load() > was+100 })
}

// TestGroups has groups over a real Redis, which stands still, loses all and
// comes back, while members come and go.
func TestGroups(t *testing.T) {
	t.Parallel()
	c := &crowd{t: t, server: dbtest.OwnRedis(t), begun: map[[2]int64]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, b := c.join("a"), c.join("b")
	c.served(a, b)
	d := c.join("d")
	c.served(a, b, d)
	a.end()
	c.served(b, d)
	// It stands still for longer than a lease.
	must(c.server.Pause())
	eventually(t, "without shards", func() bool {
		for _, p := range []*person{b, d} {
			p.mu.Lock()
			for _, held := range p.has {
				if held {
					p.mu.Unlock()
					return false
				}
			}
			p.mu.Unlock()
		}
		return true
	})
	must(c.server.Resume())
	c.served(b, d)
	// It loses everything.
	must(c.server.Kill())
	must(c.server.Start())
	c.served(b, d)
	e := c.join("a")
	c.served(b, d, e)
	for _, p := range []*person{b, d, e} {
		p.end()
	}
}
