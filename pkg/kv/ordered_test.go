package kv_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/kvtest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

func openOrdered(t *testing.T, dir string, c clock.Clock) *kv.DB {
	t.Helper()
	limits := kv.DefaultLimits()
	limits.CommitsPerMinute = 0
	db, err := postgrestest.Open(t, kv.Config{Dir: dir, Limits: limits, Clock: c, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestOrdered(t *testing.T) {
	t.Parallel()
	kvtest.RunOrdered(t, postgrestest.Rounds(t, 8, 2), func(t *testing.T, c clock.Clock) (kv.Ordered, func() kv.Ordered) {
		t.Helper()
		dir := t.TempDir()
		db := openOrdered(t, dir, c)
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db, func() kv.Ordered {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = openOrdered(t, dir, c)
			return db
		}
	})
}

// TestArchivesHaveOrderedStores: bytes that are no text go out and come in.
func TestArchivesHaveOrderedStores(t *testing.T) {
	t.Parallel()
	db := openOrdered(t, t.TempDir(), clock.Real)
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := db.Set(t.Context(), 1, "plain", "k", "v", kv.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	var c kv.Commit
	for _, key := range []string{"\x00", "\x01\xff\x00", "\x02a\x00", "\xf0\xfe"} {
		c.Mutations = append(c.Mutations, kv.Mutation{Kind: kv.Set, Key: key, Value: "v\xff\x00" + key})
	}
	if _, err := db.Commit(t.Context(), 1, ".kv", c); err != nil {
		t.Fatal(err)
	}
	e, err := db.Export(t.Context(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := db.OpenExport(t.Context(), 1, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), 2, bytes.NewReader(b), kv.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	everything := []kv.Range{{Start: "", End: "\xff", Limit: 10}}
	want, err := db.ReadRanges(t.Context(), 1, ".kv", everything)
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.ReadRanges(t.Context(), 2, ".kv", everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][]kv.Pair{want[0], got[0]} {
		for i := range p {
			p[i].Version = 0
		}
	}
	if diff := cmp.Diff(want, got); len(got[0]) != 4 || diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCommitsAreCounted: so many commits a minute, of 64 KiB each, and deletes
// and the runtime's own are free.
func TestCommitsAreCounted(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Unix(1_800_000_000, 0))
	limits := kv.DefaultLimits()
	limits.CommitsPerMinute, limits.WritesPerMinute = 10, 1
	db, err := postgrestest.Open(t, kv.Config{Dir: "/kv", Memory: true, Limits: limits, Clock: c, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	many := func(n, bytes int) (m []kv.Mutation) {
		for i := range n {
			m = append(m, kv.Mutation{Kind: kv.Set, Key: fmt.Sprint(i), Value: strings.Repeat("v", bytes)})
		}
		return m
	}
	for i, tt := range []struct {
		store string
		c     kv.Commit
		ok    bool
	}{
		{".kv", kv.Commit{Mutations: many(100, 10)}, true},    // 1.
		{".kv", kv.Commit{Mutations: many(5, 60_000)}, true},  // 6.
		{".kv", kv.Commit{Mutations: many(5, 60_000)}, false}, // 11.
		{".kv", kv.Commit{Mutations: many(3, 60_000)}, true},  // 9.
		{".kv", kv.Commit{Mutations: many(1, 1)}, true},       // 10.
		{".kv", kv.Commit{Mutations: many(1, 1)}, false},
		{".kv", kv.Commit{Mutations: many(1, 1), Uncounted: true}, true},
		{".kv", kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Delete, Key: "0"}}}, true},
		{".kv", kv.Commit{Checks: []kv.Check{{Key: "none"}}}, true},
		{".kv-other", kv.Commit{Mutations: many(1, 1)}, true},
	} {
		_, err := db.Commit(t.Context(), 1, tt.store, tt.c)
		if (err == nil) != tt.ok || err != nil && !fault.Is(err, fault.RateLimited) {
			t.Errorf("commit %d: %v", i, err)
		}
	}
	c.Advance(time.Minute)
	if _, err := db.Commit(t.Context(), 1, ".kv", kv.Commit{Mutations: many(1, 1)}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// TestWhoIsToldOfCommits: of the keys, and of all when a store goes or comes in.
func TestWhoIsToldOfCommits(t *testing.T) {
	t.Parallel()
	var told []string
	db, err := postgrestest.Open(t, kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), CacheBytes: 1 << 20, Committed: func(id snowflake.GuildID, store string, keys []string) {
		told = append(told, fmt.Sprintf("%s %s %q", id, store, keys))
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	commit := func(c kv.Commit) {
		t.Helper()
		_, err := db.Commit(ctx, 1, ".kv", c)
		do(err)
	}
	do(db.Set(ctx, 1, "plain", "k", "v", kv.SetOptions{}))
	commit(kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Set, Key: "a", Value: "v"}, {Kind: kv.Set, Key: "s", Value: "v", Suffix: func(v uint64) string { return fmt.Sprint(v) }}}})
	commit(kv.Commit{Checks: []kv.Check{{Key: "a"}}, Mutations: []kv.Mutation{{Kind: kv.Set, Key: "b", Value: "v"}}}) // It does not hold.
	commit(kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Delete, Key: "none"}}})                                       // It changes nothing.
	e, err := db.Export(ctx, 1, "")
	do(err)
	f, _, err := db.OpenExport(ctx, 1, e.ID)
	do(err)
	do(db.DeleteStore(ctx, 1, "plain"))
	do(db.DeleteStore(ctx, 1, ".kv"))
	_, err = db.Import(ctx, 1, f, kv.ImportOptions{})
	do(err)
	do(f.Close())
	if diff := cmp.Diff([]string{`1 .kv ["a" "s2"]`, `1 .kv []`, `1 .kv []`}, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
