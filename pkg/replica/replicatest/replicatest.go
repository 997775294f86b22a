// Package replicatest is what every replica.Store must do, as one suite of tests
// that each implementation runs.
package replicatest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/storetest"
)

const (
	// patience bounds every wait.
	patience = 60 * time.Second
	// long is a lease that does not end in a test, short one that does.
	long  = time.Hour
	short = 30 * time.Millisecond
)

// Run tests the stores that open makes: the same empty one, as two processes have
// it.
func Run(t *testing.T, open func(t *testing.T) (a, b replica.Store)) {
	t.Helper()
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		a, b := open(f.T)
		return &suite{Frame: f, Store: a, other: b}
	},
		storetest.Row[*suite]{Name: "members", Test: (*suite).members},
		storetest.Row[*suite]{Name: "members end", Test: (*suite).membersEnd},
		storetest.Row[*suite]{Name: "what the group agrees on", Test: (*suite).facts},
		storetest.Row[*suite]{Name: "a name of two", Test: (*suite).rivals},
		storetest.Row[*suite]{Name: "fallow", Test: (*suite).fallow},
		storetest.Row[*suite]{Name: "take", Test: (*suite).take},
		storetest.Row[*suite]{Name: "take what is left", Test: (*suite).takeLeft},
		storetest.Row[*suite]{Name: "one of many takes", Test: (*suite).oneOfMany},
		storetest.Row[*suite]{Name: "ledger", Test: (*suite).ledger},
		storetest.Row[*suite]{Name: "claims", Test: (*suite).claims},
		storetest.Row[*suite]{Name: "claims of what did not begin", Test: (*suite).unbegun},
		storetest.Row[*suite]{Name: "a full ledger", Test: (*suite).full},
		storetest.Row[*suite]{Name: "stale writes", Test: (*suite).stale},
		storetest.Row[*suite]{Name: "claims after the end", Test: (*suite).claimsAfterTheEnd},
		storetest.Row[*suite]{Name: "turns", Test: (*suite).turns},
		storetest.Row[*suite]{Name: "turns end", Test: (*suite).turnsEnd},
		storetest.Row[*suite]{Name: "the day's limit", Test: (*suite).day},
		storetest.Row[*suite]{Name: "news", Test: (*suite).news},
		storetest.Row[*suite]{Name: "callers who give up", Test: (*suite).givenUp},
	)
}

type suite struct {
	storetest.Frame
	replica.Store
	other replica.Store
}

// eventually waits until the condition holds.
func (s *suite) eventually(what string, holds func() bool) {
	s.T.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			s.T.Fatalf("after %s: not yet %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func peer(name string) replica.Peer {
	return replica.Peer{Member: replica.Member{Name: name, URL: "http://" + name + ":3000"}, Instance: "i-" + name, Serving: true}
}

func (s *suite) beat(store replica.Store, name string, lease time.Duration, shards int) replica.View {
	s.T.Helper()
	v, err := store.Beat(s.Ctx, replica.Beat{Peer: peer(name), Lease: lease, Shards: shards})
	s.Must(err)
	return v
}

// ready makes members that live long, in a store where shards can be taken.
func (s *suite) ready(names ...string) {
	s.T.Helper()
	s.beat(s.Store, "first", time.Millisecond, 0)
	s.eventually("open", func() bool { return s.beat(s.Store, "opener", time.Millisecond, 0).Fallow == 0 })
	s.eventually("empty", func() bool {
		v := s.beat(s.Store, names[0], long, 0)
		if v.Lease == long {
			return true
		}
		s.Must(s.Leave(s.Ctx, peer(names[0]).Instance))
		return false
	})
	for _, name := range names[1:] {
		s.beat(s.Store, name, long, 0)
	}
}

func (s *suite) peers(v replica.View, want ...string) {
	s.T.Helper()
	var all []replica.Peer
	for _, name := range want {
		all = append(all, peer(name))
	}
	var got []replica.Peer
	for _, p := range v.Peers {
		got = append(got, p.Peer)
		if p.Left <= 0 || p.Left > v.Lease {
			s.T.Errorf("%s lives for %s, with a lease of %s", p.Name, p.Left, v.Lease)
		}
	}
	s.Same("peers", got, all, cmpopts.SortSlices(func(a, b replica.Peer) bool { return a.Name < b.Name }), cmpopts.EquateEmpty())
}

func (s *suite) members() {
	v := s.beat(s.Store, "a", long, 0)
	if !v.Fresh {
		s.T.Error("a new member is not fresh")
	}
	s.peers(v, "a")
	v = s.beat(s.other, "b", long, 0)
	if !v.Fresh {
		s.T.Error("a second member is not fresh")
	}
	s.peers(v, "a", "b")
	v = s.beat(s.Store, "a", long, 0)
	if v.Fresh {
		s.T.Error("a member that lived is fresh")
	}
	s.peers(v, "a", "b")
	quiet := replica.Beat{Peer: peer("a"), Lease: long}
	quiet.Serving = false
	_, err := s.Beat(s.Ctx, quiet)
	s.Must(err)
	for _, p := range s.beat(s.other, "b", long, 0).Peers {
		if p.Name == "a" && p.Serving {
			s.T.Error("it is not seen that a member does not serve any more")
		}
	}
	s.Must(s.other.Leave(s.Ctx, peer("b").Instance))
	s.peers(s.beat(s.Store, "a", long, 0), "a")
	s.Must(s.other.Leave(s.Ctx, "nobody"))
	if v := s.beat(s.other, "b", long, 0); !v.Fresh {
		s.T.Error("one that came back is not fresh")
	}
}

func (s *suite) membersEnd() {
	s.beat(s.Store, "a", short, 0)
	s.eventually("ended", func() bool { return len(s.beat(s.other, "b", short, 0).Peers) == 1 })
	s.eventually("fresh after its end", func() bool { return s.beat(s.Store, "a", short, 0).Fresh })
}

func (s *suite) facts() {
	v := s.beat(s.Store, "a", long, 0)
	s.Same("shards", v.Shards, 0)
	v = s.beat(s.other, "b", short, 16)
	s.Same("lease", v.Lease, long)
	s.Same("shards", v.Shards, 16)
	v = s.beat(s.Store, "a", short, 8)
	s.Same("lease", v.Lease, long)
	s.Same("shards", v.Shards, 16)
	s.Must(s.Leave(s.Ctx, peer("a").Instance))
	s.Same("shards", s.beat(s.other, "b", long, 4).Shards, 16)
	// Nobody is left who agreed.
	s.Must(s.Leave(s.Ctx, peer("b").Instance))
	v = s.beat(s.Store, "c", 2*long, 4)
	s.Same("lease", v.Lease, 2*long)
	s.Same("shards", v.Shards, 4)
}

func (s *suite) rivals() {
	s.beat(s.Store, "a", long, 0)
	second := peer("a")
	second.Instance = "other"
	second.URL = "http://second"
	v, err := s.other.Beat(s.Ctx, replica.Beat{Peer: second, Lease: long, Shards: 3})
	s.Must(err)
	if v.Rival == nil {
		s.T.Fatal("it has the name too")
	}
	s.Same("rival", v.Rival.Peer, peer("a"))
	if v.Rival.Left <= 0 || v.Rival.Left > long {
		s.T.Errorf("the rival lives for %s", v.Rival.Left)
	}
	v = s.beat(s.Store, "a", long, 0)
	s.peers(v, "a")
	s.Same("shards", v.Shards, 0)
	s.Must(s.Leave(s.Ctx, peer("a").Instance))
	v, err = s.other.Beat(s.Ctx, replica.Beat{Peer: second, Lease: long})
	s.Must(err)
	if v.Rival != nil || !v.Fresh {
		s.T.Errorf("got %+v after the name was free", v)
	}
	if v := s.beat(s.Store, "a", long, 0); v.Rival == nil || v.Rival.Instance != "other" {
		s.T.Errorf("the first one has its name again: %+v", v)
	}
}

func (s *suite) fallow() {
	v := s.beat(s.Store, "a", long, 0)
	if v.Fallow <= 0 || v.Fallow > long {
		s.T.Errorf("a store that knows nothing is fallow for %s", v.Fallow)
	}
	if _, err := s.Take(s.Ctx, replica.Take{Instance: peer("a").Instance}); !errors.Is(err, replica.ErrBusy) {
		s.T.Errorf("a shard was taken from who may live: %v", err)
	}
}

func (s *suite) taken(store replica.Store, name string, shard int, seen int64) replica.Taken {
	s.T.Helper()
	out, err := store.Take(s.Ctx, replica.Take{Instance: peer(name).Instance, Shard: shard, Seen: seen})
	s.Must(err)
	if out.Generation <= seen {
		s.T.Errorf("generation %d follows %d", out.Generation, seen)
	}
	return out
}

// seize takes a shard for a member whose lease is short.
func (s *suite) seize(name string, shard int) (out replica.Taken) {
	s.T.Helper()
	s.eventually("taken by "+name, func() bool {
		v := s.beat(s.other, name, short, 0)
		var err error
		out, err = s.other.Take(s.Ctx, replica.Take{Instance: peer(name).Instance, Shard: shard, Seen: v.Owners[shard].Generation})
		if !errors.Is(err, replica.ErrBusy) {
			s.Must(err)
		}
		return err == nil
	})
	return out
}

func (s *suite) busy(name string, shard int, seen int64) {
	s.T.Helper()
	if out, err := s.other.Take(s.Ctx, replica.Take{Instance: peer(name).Instance, Shard: shard, Seen: seen}); !errors.Is(err, replica.ErrBusy) {
		s.T.Errorf("%s took shard %d: %+v, %v", name, shard, out, err)
	}
}

func (s *suite) take() {
	s.ready("a", "b")
	first := s.taken(s.Store, "a", 3, 0)
	s.Same("state", first, replica.Taken{Generation: first.Generation}, cmpopts.EquateEmpty())
	s.Same("owners", s.beat(s.other, "b", long, 0).Owners, map[int]replica.Owner{3: {Generation: first.Generation, Instance: peer("a").Instance}})
	s.busy("b", 3, first.Generation)
	s.busy("b", 3, 0)
	s.busy("a", 3, 0) // One that was on its way for long.
	s.busy("stranger", 4, 0)
	// What it has already, it may take anew.
	second := s.taken(s.Store, "a", 3, first.Generation)
	s.Same("former", second.Former, peer("a").Instance)
	// Above is a generation that the store has forgotten.
	out, err := s.other.Take(s.Ctx, replica.Take{Instance: peer("b").Instance, Shard: 5, Above: second.Generation + 1<<40})
	s.Must(err)
	s.Same("generation", out.Generation, second.Generation+1<<40+1)
	s.Same("owners", s.beat(s.Store, "a", long, 0).Owners, map[int]replica.Owner{
		3: {Generation: second.Generation, Instance: peer("a").Instance}, 5: {Generation: out.Generation, Instance: peer("b").Instance},
	})
}

func (s *suite) takeLeft() {
	s.ready("a", "b")
	first := s.taken(s.Store, "a", 1, 0)
	s.Must(s.Leave(s.Ctx, peer("a").Instance))
	s.Same("owners", s.beat(s.other, "b", long, 0).Owners, map[int]replica.Owner{1: {Generation: first.Generation}})
	second := s.taken(s.other, "b", 1, first.Generation)
	s.Same("former", second.Former, "")
	_, err := s.other.Write(s.Ctx, replica.Write{Instance: peer("b").Instance, Shard: 1, Generation: second.Generation, Number: 1, Release: true})
	s.Must(err)
	s.beat(s.Store, "a", long, 0)
	s.Same("former", s.taken(s.Store, "a", 1, second.Generation).Former, "")
	// The owner's lease ends.
	s.Must(s.Leave(s.Ctx, peer("b").Instance))
	s.Must(s.Leave(s.Ctx, peer("a").Instance))
	s.seize("c", 1)
	s.eventually("ended", func() bool { return s.beat(s.other, "d", short, 0).Fresh })
	s.Same("former", s.seize("d", 1).Former, peer("c").Instance)
	// One whose time was over has nothing.
	s.eventually("without shards", func() bool {
		v := s.beat(s.other, "d", short, 0)
		return v.Fresh && v.Owners[1].Instance == ""
	})
}

func (s *suite) oneOfMany() {
	names := []string{"a", "b", "c", "d", "e", "f"}
	s.ready(names...)
	var wg sync.WaitGroup
	var took atomic.Int64
	for _, name := range names {
		wg.Go(func() {
			_, err := s.Take(s.Ctx, replica.Take{Instance: peer(name).Instance, Shard: 7})
			switch {
			case err == nil:
				took.Add(1)
			case !errors.Is(err, replica.ErrBusy):
				s.T.Error(err)
			}
		})
	}
	wg.Wait()
	s.Same("takers", took.Load(), int64(1))
}

func (s *suite) news() {
	ctx, cancel := context.WithCancel(s.Ctx)
	var wg sync.WaitGroup
	var heard atomic.Int64
	wg.Go(func() {
		if err := s.other.Watch(ctx, func() { heard.Add(1) }); err != nil {
			s.T.Error(err)
		}
	})
	defer wg.Wait()
	defer cancel()
	s.eventually("told at the start", func() bool { return heard.Load() > 0 })
	step := func(what string, do func()) {
		s.T.Helper()
		was := heard.Load()
		do()
		s.eventually("told of "+what, func() bool { return heard.Load() > was })
	}
	s.ready("a", "b")
	step("a new member", func() { s.beat(s.Store, "c", long, 0) })
	step("one that does not serve any more", func() {
		quiet := peer("c")
		quiet.Serving = false
		_, err := s.Beat(s.Ctx, replica.Beat{Peer: quiet, Lease: long})
		s.Must(err)
	})
	var w *scribe
	step("an owner", func() { w = s.scribe() })
	step("a shard that is free", func() { w.write(replica.Write{Release: true}) })
	step("a member that goes", func() { s.Must(s.Leave(s.Ctx, peer("b").Instance)) })
}

func (s *suite) givenUp() {
	ctx, cancel := context.WithCancel(s.Ctx)
	cancel()
	for name, call := range map[string]func() error{
		"Beat":     func() error { _, err := s.Beat(ctx, replica.Beat{Peer: peer("a"), Lease: long}); return err },
		"Leave":    func() error { return s.Leave(ctx, "a") },
		"Take":     func() error { _, err := s.Take(ctx, replica.Take{Instance: "a"}); return err },
		"Write":    func() error { _, err := s.Write(ctx, replica.Write{Instance: "a"}); return err },
		"Identify": func() error { _, err := s.Identify(ctx, replica.Identify{Instance: "a"}); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			s.T.Errorf("%s: %v", name, err)
		}
	}
	s.Must(s.Watch(ctx, func() {}))
	s.Same("peers", fmt.Sprint(len(s.beat(s.Store, "b", long, 0).Peers)), "1")
}
