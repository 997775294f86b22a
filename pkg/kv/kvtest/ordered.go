package kvtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// RunOrdered tests what open makes, each empty, without a limit of writes in a
// minute and with the clock. reopen, if not nil, is a restart. It takes so many
// random histories.
func RunOrdered(t *testing.T, histories int, open func(t *testing.T, c clock.Clock) (db kv.Ordered, reopen func() kv.Ordered)) {
	t.Helper()
	t.Run("like a model", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(histories) { //nolint:gosec // Not negative.
			likeAModel(t, seed, open)
		}
	})
	t.Run("one at a time", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t, clock.Real)
		oneAtATime(t, db)
	})
	t.Run("refusals", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t, clock.Real)
		refusals(t, db)
	})
}

// modelled is one key of the model.
type modelled struct {
	value      string
	version    uint64
	expiration int64
}

func u64(n uint64) string { return string(binary.LittleEndian.AppendUint64([]byte{kv.U64}, n)) }

// likeAModel does the same at random with the store and with a map, and compares
// all that can be seen.
func likeAModel(t *testing.T, seed uint64, open func(t *testing.T, c clock.Clock) (kv.Ordered, func() kv.Ordered)) {
	t.Helper()
	const steps, keys = 300, 12
	c := clock.NewFake(epoch)
	db, reopen := open(t, c)
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // It is to be the same each time.
	model := map[string]modelled{}
	last := uint64(0)
	key := func() string { return fmt.Sprintf("\x02k%02d\x00\xff", r.IntN(keys)) }
	live := func(k string) (modelled, bool) {
		m, ok := model[k]
		return m, ok && (m.expiration == 0 || m.expiration > c.Now().Unix())
	}
	var history []string
	for range steps {
		switch r.IntN(10) {
		case 0:
			c.Advance(time.Duration(r.IntN(3)) * time.Second)
		case 1:
			if reopen != nil && r.IntN(5) == 0 {
				history = append(history, "reopen")
				db = reopen()
			}
		case 2, 3, 4:
			compareRange(t, seed, history, r, db, key, live, model)
		default:
			commit := randomCommit(r, c, key, live)
			history = append(history, fmt.Sprintf("%+v", commit))
			next, ok, bad := expect(commit, model, live)
			got, err := db.Commit(t.Context(), 1, ".kv", commit)
			if (err != nil) != bad || err == nil && got.OK != ok {
				t.Fatalf("seed %d: got %+v, %v, want ok %v, an error %v, after\n%v", seed, got, err, ok, bad, history)
			}
			if err != nil || !ok {
				continue
			}
			if got.Version < last {
				t.Fatalf("seed %d: version %d comes after %d", seed, got.Version, last)
			}
			last = got.Version
			for k, m := range next {
				if m.version = got.Version; m.value == "" {
					delete(model, k)
					continue
				}
				model[k] = m
			}
		}
	}
}

func randomCommit(r *rand.Rand, c clock.Clock, key func() string, live func(string) (modelled, bool)) kv.Commit {
	var out kv.Commit
	for range r.IntN(3) {
		k := key()
		m, ok := live(k)
		if !ok {
			m.version = 0
		}
		if r.IntN(4) == 0 {
			m.version++
		}
		out.Checks = append(out.Checks, kv.Check{Key: k, Version: m.version})
	}
	for range r.IntN(4) {
		m := kv.Mutation{Kind: kv.Kind(1 + r.IntN(5)), Key: key(), Value: u64(r.Uint64())} //nolint:gosec // Small.
		switch {
		case m.Kind == kv.Delete:
			m.Value = ""
		case m.Kind == kv.Set && r.IntN(8) == 0:
			m.Value = "v" + string(make([]byte, r.IntN(4000)))
		}
		if m.Kind == kv.Set && r.IntN(3) == 0 {
			m.Expiration = c.Now().Unix() + int64(r.IntN(4)) + 1
		}
		out.Mutations = append(out.Mutations, m)
	}
	return out
}

// expect is what the commit comes to; an empty value is none.
func expect(c kv.Commit, model map[string]modelled, live func(string) (modelled, bool)) (next map[string]modelled, ok, bad bool) {
	_ = model
	next = map[string]modelled{}
	for _, k := range c.Checks {
		m, found := live(k.Key)
		if found && m.version != k.Version || !found && k.Version != 0 {
			return nil, false, false
		}
	}
	for _, m := range c.Mutations {
		is, found := next[m.Key]
		if !found {
			is, found = live(m.Key)
		}
		found = found && is.value != ""
		to := modelled{value: m.Value, expiration: m.Expiration}
		if m.Kind > kv.Delete && found {
			if len(is.value) != 9 || is.value[0] != kv.U64 {
				return nil, false, true
			}
			a, b := binary.LittleEndian.Uint64([]byte(is.value[1:])), binary.LittleEndian.Uint64([]byte(m.Value[1:]))
			to.value = u64(map[kv.Kind]uint64{kv.Sum: a + b, kv.Min: min(a, b), kv.Max: max(a, b)}[m.Kind])
		}
		next[m.Key] = to
	}
	return next, true, false
}

func compareRange(t *testing.T, seed uint64, history []string, r *rand.Rand, db kv.Ordered, key func() string, live func(string) (modelled, bool), model map[string]modelled) {
	t.Helper()
	want := kv.Range{Start: key(), End: key(), Limit: 1 + r.IntN(5), Reverse: r.IntN(2) == 0}
	var pairs []kv.Pair
	for k := range model {
		if m, ok := live(k); ok && k >= want.Start && k < want.End {
			pairs = append(pairs, kv.Pair{Key: k, Value: m.value, Version: m.version})
		}
	}
	slices.SortFunc(pairs, func(a, b kv.Pair) int {
		if (a.Key < b.Key) != want.Reverse {
			return -1
		}
		return 1
	})
	pairs = append([]kv.Pair{}, pairs[:min(len(pairs), want.Limit)]...)
	got, err := db.ReadRanges(t.Context(), 1, ".kv", []kv.Range{want})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pairs, got[0]); diff != "" {
		t.Fatalf("seed %d: %+v (-want +got):\n%s\nafter %v", seed, want, diff, history)
	}
}

// oneAtATime: of commits that check the same version only one is made.
func oneAtATime(t *testing.T, db kv.Ordered) {
	t.Helper()
	const workers, rounds = 8, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				found, err := db.ReadRanges(t.Context(), 1, ".kv", []kv.Range{{Start: "\x02n", End: "\x02n\x00", Limit: 1}})
				if err != nil {
					t.Error(err)
					return
				}
				n, version := uint64(0), uint64(0)
				if len(found[0]) > 0 {
					n, version = binary.LittleEndian.Uint64([]byte(found[0][0].Value[1:])), found[0][0].Version
				}
				got, err := db.Commit(t.Context(), 1, ".kv", kv.Commit{
					Checks:    []kv.Check{{Key: "\x02n", Version: version}},
					Mutations: []kv.Mutation{{Kind: kv.Set, Key: "\x02n", Value: u64(n + 1)}, {Kind: kv.Sum, Key: "\x02s", Value: u64(1)}},
				})
				if err != nil {
					t.Error(err)
					return
				}
				if got.OK {
					done++
				}
			}
		})
	}
	wg.Wait()
	found, err := db.ReadRanges(t.Context(), 1, ".kv", []kv.Range{{Start: "\x02", End: "\x03", Limit: 9}})
	if err != nil || len(found[0]) != 2 || found[0][0].Value != u64(workers*rounds) || found[0][1].Value != u64(workers*rounds) {
		t.Errorf("got %v, %v, want two times %d", found, err, workers*rounds)
	}
}

func refusals(t *testing.T, db kv.Ordered) {
	t.Helper()
	set := func(key, value string) kv.Commit {
		return kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Set, Key: key, Value: value}}}
	}
	for _, tt := range []struct {
		name, store string
		guild       snowflake.GuildID
		commit      kv.Commit
		code        fault.Code
	}{
		{"an ordinary store", "kv", 1, set("k", "v"), fault.InvalidInput},
		{"a bad name", "../kv", 1, set("k", "v"), fault.InvalidInput},
		{"no guild", ".kv", 0, set("k", "v"), fault.InvalidInput},
		{"no key", ".kv", 1, set("", "v"), fault.InvalidInput},
		{"a long key", ".kv", 1, set(string(make([]byte, 2049)), "v"), fault.TooLarge},
		{"no value", ".kv", 1, set("k", ""), fault.InvalidInput},
		{"a large value", ".kv", 1, set("k", string(make([]byte, 100_000))), fault.TooLarge},
		{"no mutation", ".kv", 1, kv.Commit{Mutations: []kv.Mutation{{Key: "k", Value: "v"}}}, fault.InvalidInput},
		{"a sum of a text", ".kv", 1, kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Sum, Key: "k", Value: "v"}}}, fault.InvalidInput},
	} {
		if _, err := db.Commit(t.Context(), tt.guild, tt.store, tt.commit); !fault.Is(err, tt.code) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.code)
		}
	}
}
