// Package kvtest is what every kv.Index must do, as one suite of tests that each
// implementation runs.
package kvtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// patience bounds every wait; a test that reaches it has failed.
const patience = 30 * time.Second

// Run tests the indexes that open makes, each empty.
func Run(t *testing.T, open func(t *testing.T) kv.Index) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, index kv.Index){
		"put and list":   putAndList,
		"many at once":   manyAtOnce,
		"it is followed": follow,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func store(name string) kv.Registered {
	return kv.Registered{ID: uuid.NewString(), Name: name, CreatedAt: epoch}
}

// same compares what the index has with what it should.
func same(t *testing.T, index kv.Index, want map[snowflake.GuildID][]kv.Registered) {
	t.Helper()
	guilds, err := index.KVGuilds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(guilds) != len(want) {
		t.Errorf("the index has guilds %v, want %d", guilds, len(want))
	}
	for i, g := range guilds {
		if i > 0 && guilds[i-1] >= g {
			t.Errorf("guilds are out of order: %v", guilds)
		}
	}
	for g, list := range want {
		got, err := index.KVStores(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("guild %s (-want +got):\n%s", g, diff)
		}
	}
}

func putAndList(t *testing.T, index kv.Index) {
	t.Helper()
	const a, b, last = snowflake.GuildID(1), snowflake.GuildID(2), snowflake.GuildID(1<<63 - 1)
	same(t, index, nil)
	// Ordered by their bytes.
	list := []kv.Registered{store("B"), store("a b"), store("a'\"%"), store(strings.Repeat("z", 64)), store("ä😀")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(index.PutKVStores(t.Context(), b, list))
	must(index.PutKVStores(t.Context(), last, list[:1]))
	must(index.PutKVStores(t.Context(), a, list[2:3]))
	same(t, index, map[snowflake.GuildID][]kv.Registered{a: list[2:3], b: list, last: list[:1]})
	// One goes, one comes, one is another store of the same name.
	again := []kv.Registered{list[0], store("a b"), store("new"), list[4]}
	must(index.PutKVStores(t.Context(), b, again))
	must(index.PutKVStores(t.Context(), b, again))
	must(index.PutKVStores(t.Context(), last, nil))
	must(index.PutKVStores(t.Context(), 77, nil))
	same(t, index, map[snowflake.GuildID][]kv.Registered{a: list[2:3], b: again})
	if got, err := index.KVStores(t.Context(), 77); err != nil || len(got) > 0 {
		t.Errorf("a guild without stores has %v, %v", got, err)
	}
}

func manyAtOnce(t *testing.T, index kv.Index) {
	t.Helper()
	lists := [][]kv.Registered{{store("a"), store("b")}, {store("b"), store("c")}, {store("a")}, {}}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if err := index.PutKVStores(t.Context(), 1, lists[(w+i)%len(lists)]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := index.KVStores(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		if cmp.Equal(list, got, cmpopts.EquateEmpty()) {
			return
		}
	}
	t.Errorf("the index has a mixture: %v", got)
}

// follow runs a mirror between a database and the index.
func follow(t *testing.T, index kv.Index) {
	t.Helper()
	// Of an earlier process: one that is gone, and one that has changed.
	if err := index.PutKVStores(t.Context(), 9, []kv.Registered{store("gone")}); err != nil {
		t.Fatal(err)
	}
	if err := index.PutKVStores(t.Context(), 1, []kv.Registered{store("s0"), store("old")}); err != nil {
		t.Fatal(err)
	}
	m := kv.NewFollower(index, clock.Real, zap.NewNop())
	db, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), CacheBytes: 1 << 20, StoresChanged: m.Mark})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i := range 3 {
		if err := db.Set(t.Context(), 1, fmt.Sprintf("s%d", i), "k", "v", kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wg.Go(func() {
		if err := m.Run(ctx, db); err != nil {
			t.Error(err)
		}
	})
	Eventually(t, db, index, 1, 9)
	if err := db.DeleteStore(t.Context(), 1, "s1"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateStore(t.Context(), 2, "made"); err != nil {
		t.Fatal(err)
	}
	Eventually(t, db, index, 1, 2, 9)
}

// Eventually waits until the index has the stores of the guilds that the
// database has.
func Eventually(t *testing.T, db *kv.DB, index kv.Index, guilds ...snowflake.GuildID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		diff := ""
		for _, g := range guilds {
			stores, err := db.Stores(ctx, g)
			if err != nil {
				t.Fatal(err)
			}
			want := []kv.Registered{}
			for _, s := range stores {
				want = append(want, kv.Registered{ID: s.ID, Name: s.Name, CreatedAt: s.CreatedAt})
			}
			got, err := index.KVStores(ctx, g)
			if err != nil {
				diff += err.Error() // It may be away.
			}
			diff += cmp.Diff(want, got, cmpopts.EquateEmpty())
		}
		if diff == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the index does not follow (-want +got):\n%s", diff)
		}
	}
}
