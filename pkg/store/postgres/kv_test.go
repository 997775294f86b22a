package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

const kvGuild = snowflake.GuildID(7)

// openKV opens key-value data in the database as one process does.
func openKV(t *testing.T, cfg postgres.Config, k postgres.KVConfig, edit func(*kv.Limits)) (*kv.DB, *postgres.KV) {
	t.Helper()
	engine, err := open(t, cfg).KV(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	limits := kv.DefaultLimits()
	limits.WritesPerMinute, limits.CommitsPerMinute, limits.ExportEvery = 0, 0, 0
	if edit != nil {
		edit(&limits)
	}
	db, err := kv.Open(kv.Config{Engine: engine, Kept: engine, Archives: t.TempDir(), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, engine
}

// TestKVOfSeveralProcesses: two write the same guild at once, and neither loses
// what the other wrote, exceeds a quota or gives a version twice.
func TestKVOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	cfg := postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 2}
	const most, each = 50, 40
	var dbs [2]*kv.DB
	for i := range dbs {
		dbs[i], _ = openKV(t, cfg, postgres.KVConfig{MaxConnections: 3}, func(l *kv.Limits) { l.GuildKeys, l.Stores = most, 3 })
	}
	var mu sync.Mutex
	versions := map[uint64]bool{}
	var wg sync.WaitGroup
	var stored atomic.Int64
	for i, db := range dbs {
		for w := range 2 {
			wg.Go(func() {
				for n := range each {
					number, err := db.Increment(t.Context(), kvGuild, "counters", "n", kv.IncrementOptions{By: 1})
					mu.Lock()
					if err != nil || versions[number.Version] {
						t.Errorf("increment: version %d, again %t, %v", number.Version, versions[number.Version], err)
					}
					versions[number.Version] = true
					mu.Unlock()
					err = db.Set(t.Context(), kvGuild, fmt.Sprintf("s%d", w), fmt.Sprintf("%d/%d", i, n), "v", kv.SetOptions{})
					if err == nil {
						stored.Add(1)
					} else if !fault.Is(err, fault.QuotaExceeded) {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	for i, db := range dbs {
		e, err := db.Get(t.Context(), kvGuild, "counters", "n")
		if err != nil || e.Value != fmt.Sprint(4*each) || stored.Load() != most-1 {
			t.Errorf("process %d: the counter is %s, %v, and %d keys were stored", i, e.Value, err, stored.Load())
		}
		stores, err := db.Stores(t.Context(), kvGuild)
		if err != nil || len(stores) != 3 {
			t.Errorf("process %d: stores %v, %v", i, stores, err)
		}
	}
	// What one does to the stores the other knows at once.
	if err := dbs[0].DeleteStore(t.Context(), kvGuild, "s0"); err != nil {
		t.Fatal(err)
	}
	if _, err := dbs[1].CreateStore(t.Context(), kvGuild, "s0"); err != nil {
		t.Fatal(err)
	}
	if _, err := dbs[0].CreateStore(t.Context(), kvGuild, "s0"); !fault.Is(err, fault.Conflict) {
		t.Errorf("a store that is there is made: %v", err)
	}
	if err := dbs[0].Set(t.Context(), kvGuild, "s0", "k", "v", kv.SetOptions{}); err != nil {
		t.Errorf("there is no room after a store went: %s", err)
	}
	// Archives are everybody's.
	e, err := dbs[0].Export(t.Context(), kvGuild, "")
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := dbs[1].OpenExport(t.Context(), kvGuild, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if done, err := dbs[1].Import(t.Context(), kvGuild+1, f, kv.ImportOptions{}); err != nil || done.Stores != 3 {
		t.Errorf("import: %+v, %v", done, err)
	}
}

// kvUpdate is a kv.Update of its own.
type kvUpdate struct {
	do   func(kv.Tx) error
	done atomic.Int32
}

func (u *kvUpdate) Keys() [][]byte    { return nil }
func (u *kvUpdate) Do(tx kv.Tx) error { return u.do(tx) }
func (u *kvUpdate) Done()             { u.done.Add(1) }
func (u *kvUpdate) Undone()           { u.done.Add(-1) }
func kvSpan(key string) kv.Span       { return kv.Span{Lower: []byte(key), Upper: []byte(key + "\xff")} }
func walk(tx kv.Tx, key string) error {
	it, err := tx.Iter(context.Background(), kvSpan(key))
	if err != nil {
		return err
	}
	for it.Next() {
		_ = it.Key()
	}
	return it.Close()
}

// TestKVWritesThatWalk: one that walks through keys has those of the ones before it
// written first; it wrote nothing itself by that.
func TestKVWritesThatWalk(t *testing.T) {
	t.Parallel()
	_, engine := openKV(t, postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 2}, postgres.KVConfig{MaxConnections: 2}, nil)
	refused := errors.New("refused")
	for together := false; !together; {
		// While the first is under way the others come together, sooner or later.
		began, end := make(chan struct{}), make(chan struct{})
		var txs [3]kv.Tx
		updates := []*kvUpdate{
			{do: func(tx kv.Tx) error { txs[0] = tx; tx.Set([]byte("\x01walk"), []byte("v")); return nil }},
			{do: func(tx kv.Tx) error { txs[1] = tx; return walk(tx, "\x01walk") }},
			{do: func(tx kv.Tx) error { txs[2] = tx; return errors.Join(walk(tx, "\x01walk"), refused) }},
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = engine.Update(t.Context(), kvGuild, false, &kvUpdate{do: func(kv.Tx) error { close(began); <-end; return nil }})
		})
		<-began
		errs := make([]error, len(updates))
		for i, u := range updates {
			wg.Go(func() { errs[i] = engine.Update(t.Context(), kvGuild, false, u) })
		}
		runtime.Gosched()
		close(end)
		wg.Wait()
		together = txs[0] == txs[1] && txs[1] == txs[2]
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], refused) || strings.Contains(errs[2].Error(), "some of it") {
			t.Errorf("%v", errs)
		}
		for i, want := range []int32{1, 0, 0} {
			if got := updates[i].done.Load(); got != want {
				t.Errorf("update %d was done %d times, want %d", i, got, want)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// TestKVOneSweeps: of several processes that live, and another when it ends.
func TestKVOneSweeps(t *testing.T) {
	t.Parallel()
	cfg := postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 2}
	var engines [3]*postgres.KV
	var dbs [3]*kv.DB
	for i := range engines {
		dbs[i], engines[i] = openKV(t, cfg, postgres.KVConfig{MaxConnections: 2}, nil)
	}
	turn := func(of ...int) int {
		t.Helper()
		who := -1
		for range 2 { // The first round makes them known.
			who = -1
			for _, i := range of {
				mine, err := engines[i].Turn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if mine && who >= 0 {
					who = -2
				} else if mine {
					who = i
				}
			}
		}
		return who
	}
	first := turn(0, 1, 2)
	if first < 0 || turn(0, 1, 2) != first {
		t.Fatalf("process %d sweeps", first)
	}
	if err := dbs[first].Close(); err != nil {
		t.Fatal(err)
	}
	if second := turn((first+1)%3, (first+2)%3); second < 0 || second == first {
		t.Errorf("process %d sweeps after %d ended", second, first)
	}
}

// TestKVCommitsThatAreLost: what did certainly not happen is done again, a commit
// without an answer is looked for, and nothing is done twice.
func TestKVCommitsThatAreLost(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	lose := func(ctx context.Context, c *pgx.Conn) {
		if err := kill(ctx, address, c.PgConn().PID()); err != nil {
			t.Error(err)
		}
	}
	commit := func(ctx context.Context, c *pgx.Conn) {
		if _, err := c.Exec(ctx, "COMMIT"); err != nil {
			t.Error(err)
		}
	}
	var next []func(ctx context.Context, c *pgx.Conn)
	db, _ := openKV(t, postgres.Config{URL: address}, postgres.KVConfig{}.BeforeCommit(func(ctx context.Context, c *pgx.Conn) {
		if len(next) > 0 {
			next[0](ctx, c)
			next = next[1:]
		}
	}), nil)
	both := func(ctx context.Context, c *pgx.Conn) { commit(ctx, c); lose(ctx, c) }
	good := func(context.Context, *pgx.Conn) {}
	want := int64(0)
	for _, row := range []struct {
		name    string
		faults  []func(ctx context.Context, c *pgx.Conn)
		refused bool
	}{
		{"nothing", nil, false},
		{"before the commit", []func(context.Context, *pgx.Conn){lose}, false},
		{"the answer", []func(context.Context, *pgx.Conn){both}, false},
		{"first one, then the other", []func(context.Context, *pgx.Conn){lose, both}, false},
		{"again and again", []func(context.Context, *pgx.Conn){lose, lose}, true},
		{"afterwards", []func(context.Context, *pgx.Conn){good}, false},
	} {
		next = row.faults
		n, err := db.Increment(t.Context(), kvGuild, "s", "n", kv.IncrementOptions{By: 1})
		if row.refused {
			if err := unavailable(err); err != nil {
				t.Errorf("%s: %s", row.name, err)
			}
		} else if want++; err != nil || n.Value != want {
			t.Errorf("%s: the sum is %d, want %d, %v", row.name, n.Value, want, err)
		}
		e, err := db.Get(t.Context(), kvGuild, "s", "n")
		if err != nil || e.Value != fmt.Sprint(want) {
			t.Errorf("%s: %s is stored, want %d, %v", row.name, e.Value, want, err)
		}
	}
	// An import whose answer is lost is there, once.
	e, err := db.Export(t.Context(), kvGuild, "")
	if err != nil {
		t.Fatal(err)
	}
	next = []func(context.Context, *pgx.Conn){both}
	f, _, err := db.OpenExport(t.Context(), kvGuild, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := db.Import(t.Context(), kvGuild+1, f, kv.ImportOptions{}); err != nil || done.Keys != 1 {
		t.Errorf("import: %+v, %v", done, err)
	}
	if got, err := db.Get(t.Context(), kvGuild+1, "s", "n"); err != nil || got.Value != fmt.Sprint(want) {
		t.Errorf("after the import: %+v, %v", got, err)
	}
}

// TestKVWhileConnectionsAreKilled: what was acknowledged is there, and what was
// refused for sure is not.
func TestKVWhileConnectionsAreKilled(t *testing.T) {
	t.Parallel()
	address := dbtest.Postgres(t)
	db, _ := openKV(t, postgres.Config{URL: address}, postgres.KVConfig{MaxConnections: 4}, nil)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	var wg sync.WaitGroup
	var done, unknown [3]atomic.Int64
	for w := range 6 {
		wg.Go(func() {
			g := w % 3
			for n := 0; ctx.Err() == nil; n++ {
				// Two keys, which are never apart.
				_, err := db.Commit(t.Context(), kvGuild+snowflake.GuildID(g), ".kv", kv.Commit{Mutations: []kv.Mutation{ //nolint:gosec // Small.
					{Kind: kv.Sum, Key: "a", Value: "u\x01" + strings.Repeat("\x00", 7)}, {Kind: kv.Sum, Key: "b", Value: "u\x01" + strings.Repeat("\x00", 7)},
				}})
				switch {
				case err == nil:
					done[g].Add(1)
				case !fault.Is(err, fault.Unavailable):
					t.Error(err)
				case strings.Contains(fault.From(err).Message, "not known"):
					unknown[g].Add(1)
				}
			}
		})
	}
	wg.Go(func() {
		c, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Error(err)
			return
		}
		for ctx.Err() == nil {
			_, err = c.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1")
			if err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	for g := range 3 {
		found, err := db.ReadRanges(t.Context(), kvGuild+snowflake.GuildID(g), ".kv", []kv.Range{{Start: "a", End: "c", Limit: 9}}) //nolint:gosec // Small.
		if err != nil || len(found[0]) != 2 || found[0][0].Value != found[0][1].Value || found[0][0].Version != found[0][1].Version {
			t.Errorf("guild %d has %v, %v", g, found, err)
			continue
		}
		sum := int64(0)
		for i := range 8 {
			sum |= int64(found[0][0].Value[1+i]) << (8 * i)
		}
		if least := done[g].Load(); sum < least || sum > least+unknown[g].Load() {
			t.Errorf("guild %d: the sum is %d after %d that were acknowledged and %d that are not known", g, sum, least, unknown[g].Load())
		}
	}
}

// TestKVIsOutOfReach and comes back: everything is refused as unavailable.
func TestKVIsOutOfReach(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	db, _ := openKV(t, postgres.Config{URL: server.URL}, postgres.KVConfig{}, nil)
	if err := db.Set(t.Context(), kvGuild, "s", "k", "v", kv.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"get":    func() error { _, err := db.Get(t.Context(), kvGuild, "s", "k"); return err },
		"list":   func() error { _, err := db.List(t.Context(), kvGuild, "s", kv.ListOptions{}); return err },
		"set":    func() error { return db.Set(t.Context(), kvGuild, "s", "k", "w", kv.SetOptions{}) },
		"delete": func() error { return db.DeleteStore(t.Context(), kvGuild, "s") },
		"export": func() error { _, err := db.Export(t.Context(), kvGuild, ""); return err },
		"sweep":  func() error { return db.Sweep(t.Context()) },
	} {
		if err := unavailable(call()); err != nil {
			t.Errorf("%s: %s", name, err)
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the value is there", func() bool {
		e, err := db.Get(t.Context(), kvGuild, "s", "k")
		return err == nil && e.Value == "v"
	})
	if err := db.Set(t.Context(), kvGuild, "s", "k", "w", kv.SetOptions{}); err != nil {
		t.Error(err)
	}
}
