package kv_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/kvtest"
)

func openOrdered(t *testing.T, dir string, c clock.Clock) *kv.DB {
	t.Helper()
	limits := kv.DefaultLimits()
	limits.CommitsPerMinute = 0
	db, err := kv.Open(kv.Config{Dir: dir, Limits: limits, Clock: c, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestOrdered(t *testing.T) {
	t.Parallel()
	kvtest.RunOrdered(t, func(t *testing.T, c clock.Clock) (kv.Ordered, func() kv.Ordered) {
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
