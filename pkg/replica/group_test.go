package replica

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestConfigSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	store := NewMemory(clock.Real)
	for name, row := range map[string]struct {
		cfg  Config
		want string
	}{
		"no store":      {Config{Member: Member{Name: "a"}}, "needs a store"},
		"no name":       {Config{Store: store, Member: Member{Name: " "}}, "replicas.name"},
		"a short lease": {Config{Store: store, Member: Member{Name: "a"}, Lease: MinLease - 1}, "replicas.lease_ms must be from 300 to 60000"},
		"a long lease":  {Config{Store: store, Member: Member{Name: "a"}, Lease: MaxLease + 1}, "replicas.lease_ms must be from 300 to 60000"},
	} {
		if _, err := New(row.cfg); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bench is a store and groups in a bubble.
type bench struct {
	*testing.T
	store *Memory
	wg    sync.WaitGroup
}

// member is a group that runs, and what it serves.
type member struct {
	*Group
	end    func() // Asks it to let all go, and waits.
	result chan error

	mu     sync.Mutex
	slots  map[int]discord.SessionSlot
	losses []string
	noMeter
}

// Lost implements Meter.
func (m *member) Lost(cause string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.losses = append(m.losses, cause)
}

func inBubble(t *testing.T, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, store: NewMemory(clock.Real)}
		test(b)
		b.wg.Wait()
	})
}

// join runs a group. With shards, it serves some.
func (b *bench) join(name string, shards int) *member {
	b.Helper()
	return b.joinOver(b.store, name, shards)
}

func (b *bench) joinOver(store Store, name string, shards int) *member {
	b.Helper()
	m := &member{result: make(chan error, 2), slots: map[int]discord.SessionSlot{}}
	g, err := New(Config{Store: store, Member: Member{Name: name, URL: "http://" + name}, Identity: 7, Meter: m})
	if err != nil {
		b.Fatal(err)
	}
	m.Group = g
	living, stop := context.WithCancel(context.Background())
	sharing, cancel := context.WithCancel(living)
	var runs, shares sync.WaitGroup
	b.wg.Add(1)
	runs.Go(func() {
		if err := g.Run(living); err != nil {
			m.result <- err
		}
	})
	shares.Go(func() {
		if shards == 0 {
			return
		}
		n, err := g.Shards().Layout(sharing, shards)
		if err == nil {
			err = g.Shards().Run(sharing, 7, n, m.serve)
		}
		if err != nil && sharing.Err() == nil {
			m.result <- err
		}
	})
	m.end = sync.OnceFunc(func() {
		cancel()
		shares.Wait()
		stop()
		runs.Wait()
		b.wg.Done()
	})
	return m
}

func (m *member) serve(ctx context.Context, shard int, s discord.SessionSlot) error {
	m.mu.Lock()
	m.slots[shard] = s
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	delete(m.slots, shard)
	m.mu.Unlock()
	return nil
}

func (m *member) has() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.slots)
}

func TestShardsAreDealtEvenly(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		want := func(what string, rows map[*member]int) {
			b.Helper()
			time.Sleep(3 * time.Second)
			for m, n := range rows {
				if got := m.has(); got != n {
					b.Errorf("%s: %s has %d shards, want %d", what, m.cfg.Name, got, n)
				}
				if n, member := m.Part(); n != rows[m] || !member {
					b.Errorf("%s: %s is to have %d shards, %v", what, m.cfg.Name, n, member)
				}
			}
		}
		a := b.join("a", 16)
		want("alone", map[*member]int{a: 16})
		c := b.join("c", 16)
		want("two", map[*member]int{a: 8, c: 8})
		// It adopts the others' number, and what is not dealt evenly stays where it is.
		d := b.join("b", 99)
		want("three", map[*member]int{a: 6, c: 5, d: 5})
		idle := b.join("idle", 0)
		time.Sleep(time.Second)
		if n := len(idle.Members()); n != 4 {
			b.Errorf("there are %d members, want 4", n)
		}
		want("with one that takes none", map[*member]int{a: 6, c: 5, d: 5})
		a.end()
		want("one less", map[*member]int{c: 8, d: 8})
		for _, m := range []*member{c, d, idle} {
			m.end()
		}
	})
}

func TestOwners(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 2)
		time.Sleep(2 * time.Second)
		c := b.join("b", 2)
		time.Sleep(2 * time.Second)
		guilds := []snowflake.GuildID{0, 1 << 22} // Of shards 0 and 1.
		selves := map[string]int{}
		for _, m := range []*member{a, c} {
			for _, guild := range guilds {
				owner, self, err := m.Owner(b.Context(), guild)
				if err != nil {
					b.Fatal(err)
				}
				if self != (owner == m.cfg.Member) {
					b.Errorf("%s says that %+v has guild %d, itself %v", m.cfg.Name, owner, guild, self)
				}
				if self {
					selves[m.cfg.Name]++
				}
			}
		}
		if selves["a"] != 1 || selves["b"] != 1 {
			b.Errorf("owners say of themselves: %v", selves)
		}
		a.end()
		changed := c.Changed()
		<-changed
		time.Sleep(time.Second)
		for _, guild := range guilds {
			if _, self, err := c.Owner(b.Context(), guild); err != nil || !self {
				b.Errorf("guild %d of the one that is left: %v, %v", guild, self, err)
			}
		}
		c.end()
		if _, _, err := c.Owner(b.Context(), 0); !fault.Is(err, fault.Unavailable) {
			b.Errorf("one that has ended knows an owner: %v", err)
		}
		// A member without anybody who serves.
		idle := b.join("c", 0)
		time.Sleep(3 * time.Second)
		if _, _, err := idle.Owner(b.Context(), 0); !fault.Is(err, fault.Unavailable) {
			b.Errorf("it knows an owner: %v", err)
		}
		idle.end()
	})
}

func TestOneNameForTwo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		time.Sleep(2 * time.Second)
		second := b.join("a", 1)
		err := <-second.result
		for _, want := range []string{"http://a", `"a"`, "replicas.name"} {
			if !strings.Contains(err.Error(), want) {
				b.Errorf("the error %q lacks %q", err, want)
			}
		}
		if a.has() != 1 {
			b.Error("the first one has lost its shard")
		}
		second.end()
		// One that was killed leaves its name with its lease.
		if _, err := b.store.Beat(b.Context(), Beat{Peer: Peer{Member: Member{Name: "dead"}, Instance: "dead"}, Lease: time.Second}); err != nil {
			b.Fatal(err)
		}
		again := b.join("dead", 1)
		time.Sleep(2 * time.Second)
		select {
		case err := <-again.result:
			b.Error(err)
		default:
		}
		if n := len(a.Members()); n != 2 {
			b.Errorf("there are %d members, want 2", n)
		}
		again.end()
		a.end()
	})
}

// TestANameOfOneThatWasKilled: it is waited for however long its lease is, and
// however often something happens meanwhile.
func TestANameOfOneThatWasKilled(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		const lease = 20 * time.Second // The one that starts has a lease of a second.
		dead := Beat{Peer: Peer{Member: Member{Name: "a"}, Instance: "dead", Serving: true}, Lease: lease, Shards: 1}
		if _, err := b.store.Beat(b.Context(), dead); err != nil {
			b.Fatal(err)
		}
		again := b.join("a", 1)
		for range 95 {
			time.Sleep(lease / 100)
			again.beatSoon()
		}
		select {
		case err := <-again.result:
			b.Errorf("it ended: %v", err)
		default:
		}
		time.Sleep(lease)
		if again.has() != 1 {
			b.Error("it does not serve after the lease of the one that was killed")
		}
		again.end()
	})
}

func TestAnotherNumberOfShards(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 3)
		time.Sleep(2 * time.Second)
		// All the others, who had agreed, are forgotten.
		b.store.Wipe()
		if _, err := b.store.Beat(b.Context(), Beat{Peer: Peer{Member: Member{Name: "b"}, Instance: "b"}, Lease: time.Second, Shards: 5}); err != nil {
			b.Fatal(err)
		}
		if err := <-a.result; !strings.Contains(err.Error(), "3 shards") || !strings.Contains(err.Error(), "5") {
			b.Errorf("got %v", err)
		}
		a.end()
	})
}

// TestWhatTheStoreGaveAway: a member whose shard is another's in the store has
// lost it when it next looks, before its lease is good again.
func TestWhatTheStoreGaveAway(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 1)
		s := b.slotOf(a)
		other, err := b.store.Beat(b.Context(), Beat{Peer: Peer{Member: Member{Name: "b"}, Instance: "b", Serving: true}, Lease: time.Second})
		if err != nil {
			b.Fatal(err)
		}
		b.store.mu.Lock()
		b.store.owners[0] = Owner{other.Owners[0].Generation + 1, "b"}
		b.store.tell()
		b.store.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		if s.Valid() || a.has() != 0 {
			b.Error("it goes on with the shard")
		}
		if got := s.Begin(0, 0, 1, nil); got != discord.ClaimDenied {
			b.Errorf("begin: %v", got)
		}
		a.mu.Lock()
		if len(a.losses) != 1 || a.losses[0] != lostTaken {
			b.Errorf("it counts as %v", a.losses)
		}
		a.mu.Unlock()
		// The other one dies.
		time.Sleep(2 * time.Second)
		if next := b.slotOf(a); next == s || !next.Valid() {
			b.Error("it does not have the shard again")
		}
		a.end()
	})
}

func TestAnIdentityOfAnother(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		a := b.join("a", 0)
		if err := a.Shards().Run(b.Context(), 8, 1, nil); err == nil {
			b.Error("it serves another bot")
		}
		a.end()
	})
}

// TestIdentifies: one in each class at a time, the next after a pause, and a
// process that dies in its turn holds up the others for a little only.
func TestIdentifies(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		const every = 5 * time.Second
		limit := discord.SessionStartLimit{Total: 1000, Remaining: 7, ResetAfter: time.Hour.Milliseconds(), MaxConcurrency: 2}
		members := []*member{b.join("a", 0), b.join("b", 0), b.join("c", 0)}
		time.Sleep(time.Second)
		start := time.Now()
		var mu sync.Mutex
		last := map[int]time.Time{}
		count := 0
		var wg sync.WaitGroup
		for shard := range 6 {
			wg.Go(func() {
				used, leave, err := members[shard%3].Shards().Enter(b.Context(), shard, limit, every)
				if err != nil {
					b.Error(err)
					return
				}
				time.Sleep(300 * time.Millisecond) // It connects.
				mu.Lock()
				defer mu.Unlock()
				if before, ok := last[shard%2]; ok && time.Since(before) < every {
					b.Errorf("two sessions of a class began within %s", time.Since(before))
				}
				last[shard%2] = time.Now()
				count++
				used()
				used()
				leave()
			})
		}
		wg.Wait()
		if took := time.Since(start); took > 20*time.Second {
			b.Errorf("six sessions in two classes took %s", took)
		}
		// One that leaves holds up nobody.
		_, leave, err := members[0].Shards().Enter(b.Context(), 0, limit, every)
		if err != nil {
			b.Fatal(err)
		}
		leave()
		// One that dies in its turn does a little.
		if wait, err := b.store.Identify(b.Context(), Identify{Instance: "dead", Lane: 0, Every: every, Hold: every + turnSpare}); err != nil || wait > 0 {
			b.Fatal(wait, err)
		}
		begun := time.Now()
		used, leave, err := members[1].Shards().Enter(b.Context(), 2, limit, every)
		if err != nil {
			b.Fatal(err)
		}
		if waited := time.Since(begun); waited > every+turnSpare+askAgain {
			b.Errorf("a process that died in its turn held up the next one for %s", waited)
		}
		// A turn lasts as long as its process needs it.
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		defer cancel()
		if _, _, err := members[2].Shards().Enter(ctx, 4, limit, every); err == nil {
			b.Error("it got a turn that another one has")
		}
		used()
		leave()
		// The seventh was the last of the day.
		begun = time.Now()
		_, leave, err = members[0].Shards().Enter(b.Context(), 1, limit, every)
		if err != nil {
			b.Fatal(err)
		}
		if waited := time.Since(begun); waited < 50*time.Minute || waited > time.Hour {
			b.Errorf("with nothing left of the day it waited %s, want what is left of an hour", waited)
		}
		leave()
		for _, m := range members {
			m.end()
		}
	})
}
