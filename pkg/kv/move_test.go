package kv_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// moveEnv makes the test binary a process that moves data and is killed: it has
// the direction, the folder, the address and the number of records until then.
const moveEnv = "FLORA_KV_MOVE"

// places are a folder and a database that data moves between.
type places struct {
	dir, address string
	// killAt is the record with which the process kills itself; 0 is none.
	killAt int
}

func (p places) kept() string { return filepath.Join(p.dir, "archives") }

// move opens both, moves and closes both.
func (p places) move(ctx context.Context, to string, replace bool) (m kv.Moved, err error) {
	own, err := kv.OpenPebble(filepath.Join(p.dir, "kv"), 1<<20, zap.NewNop())
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	s, err := postgres.Open(ctx, postgres.Config{URL: p.address, MaxConnections: 2})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	shared, err := s.KV(ctx, postgres.KVConfig{Exclusive: true})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, shared.Close()) }()
	if err := shared.Ready(ctx); err != nil {
		return m, err
	}
	from, into := kv.Place{Name: "pebble", Engine: own, Archives: kv.ArchiveFiles(p.kept())}, kv.Place{Name: "postgres", Engine: shared, Archives: shared}
	if to == "pebble" {
		from, into = into, from
	}
	if p.killAt > 0 {
		into.Engine = killing{into.Engine, p.killAt}
	}
	return kv.Move(ctx, from, into, kv.MoveOptions{Replace: replace, Spool: p.kept()})
}

// open is a runtime with the engine.
func (p places) open(t *testing.T, engine string) (db *kv.DB, done func(), err error) {
	t.Helper()
	cfg := kv.Config{Dir: filepath.Join(p.dir, "kv"), Archives: p.kept(), Limits: unlimited(), CacheBytes: 1 << 20}
	cfg.Limits.ExportEvery = 0
	done = func() {}
	if engine == "postgres" {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: p.address, MaxConnections: 2})
		if err != nil {
			t.Fatal(err)
		}
		done = func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		shared, err := s.KV(t.Context(), postgres.KVConfig{})
		if err == nil {
			err = shared.Ready(t.Context())
		}
		if err != nil {
			_ = shared.Close()
			done()
			return nil, nil, err
		}
		cfg.Engine, cfg.Kept = shared, shared
	}
	db, err = kv.Open(cfg)
	if err != nil {
		done()
		return nil, nil, err
	}
	closing := done
	return db, func() {
		if err := errors.Join(db.Check(), db.Close()); err != nil {
			t.Error(err)
		}
		closing()
	}, nil
}

// killing is an engine with which the process dies in a Fill.
type killing struct {
	kv.Engine

	at int
}

func (k killing) Fill(ctx context.Context, f func(kv.Tx) error) error {
	return k.Engine.Fill(ctx, func(tx kv.Tx) error { return f(&killingTx{tx, k.at}) })
}

type killingTx struct {
	kv.Tx

	left int
}

func (t *killingTx) Set(key, value []byte) {
	if t.left--; t.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	t.Tx.Set(key, value)
}

// moveAndDie is the process that is killed.
func moveAndDie(arguments string) error {
	parts := strings.SplitN(arguments, " ", 4)
	p := places{dir: parts[1], address: parts[3]}
	if _, err := fmt.Sscan(parts[2], &p.killAt); err != nil {
		return err
	}
	_, err := p.move(context.Background(), parts[0], false)
	return errors.Join(err, errors.New("it was not killed"))
}

// everything is all that can be seen of the data.
type everything struct {
	Stores  []kv.StoreInfo
	Entries map[string]kv.Entry
	Pairs   map[string][]kv.Pair
	Exports []kv.Export
}

func see(t *testing.T, db *kv.DB, guild snowflake.GuildID) (e everything) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	e.Stores, err = db.Stores(t.Context(), guild)
	must(err)
	e.Exports, err = db.Exports(t.Context(), guild)
	must(err)
	e.Entries, e.Pairs = map[string]kv.Entry{}, map[string][]kv.Pair{}
	for _, s := range e.Stores {
		if strings.HasPrefix(s.Name, kv.Reserved) {
			found, err := db.ReadRanges(t.Context(), guild, s.Name, []kv.Range{{Start: "", End: "\xff\xff", Limit: 1000}})
			must(err)
			e.Pairs[s.Name] = found[0]
			continue
		}
		page, err := db.List(t.Context(), guild, s.Name, kv.ListOptions{Limit: 1000})
		must(err)
		for _, k := range page.Keys {
			e.Entries[s.Name+"/"+k.Name], err = db.Get(t.Context(), guild, s.Name, k.Name)
			must(err)
		}
	}
	return e
}

// put writes data of every kind.
func put(t *testing.T, db *kv.DB, guild snowflake.GuildID, n int) {
	t.Helper()
	var errs []error
	note := func(_ any, err error) { errs = append(errs, err) }
	note(db.CreateStore(t.Context(), guild, fmt.Sprintf("empty%d", n)))
	for i := range 40 {
		note(nil, db.Set(t.Context(), guild, "s", fmt.Sprintf("%d/%02d", n, i), strings.Repeat("v", i*200), kv.SetOptions{TTL: int64(i%2) * 100_000, Metadata: json.RawMessage(`{"a":"ä"}`)}))
	}
	note(nil, db.Set(t.Context(), guild, "s", "gone", "v", kv.SetOptions{Expiration: 1}))
	note(db.Commit(t.Context(), guild, ".kv", kv.Commit{Mutations: []kv.Mutation{
		{Kind: kv.Set, Key: fmt.Sprintf("\x00\xff\xfe%d", n), Value: "v\x00\xff" + strings.Repeat("\x80", 9000)},
		{Kind: kv.Sum, Key: "sum", Value: "u" + strings.Repeat("\x01", 8)},
		{Kind: kv.Set, Key: "\x02later", Value: "j{}", Suffix: func(v uint64) string { return fmt.Sprint(v) }},
	}}))
	note(db.Export(t.Context(), guild, ""))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestMove takes data of every kind from one engine to the other and back, with
// writes between, and processes that are killed on the way.
func TestMove(t *testing.T) {
	t.Parallel()
	p := places{dir: t.TempDir(), address: dbtest.Postgres(t)}
	guilds := []snowflake.GuildID{guildA, 77, guildB}
	var want map[snowflake.GuildID]everything
	look := func(db *kv.DB) map[snowflake.GuildID]everything {
		out := map[snowflake.GuildID]everything{}
		for _, g := range guilds {
			out[g] = see(t, db, g)
		}
		return out
	}
	at, other := "pebble", "postgres"
	for round := range 3 {
		db, done, err := p.open(t, at)
		if err != nil {
			t.Fatal(err)
		}
		if want != nil {
			if diff := cmp.Diff(want, look(db)); diff != "" {
				t.Errorf("round %d: what came to %s (-want +got):\n%.3000s", round, at, diff)
			}
		}
		for _, g := range guilds {
			put(t, db, g, round)
		}
		want = look(db)
		done()

		p.killed(t, other, 150)
		if _, _, err := p.open(t, other); !errors.Is(err, kv.ErrElsewhere) || !fault.Is(err, fault.Unavailable) {
			t.Fatalf("half of a copy is opened: %v", err)
		}
		moved, err := p.move(t.Context(), other, false)
		if err != nil {
			t.Fatal(err)
		}
		if moved.Guilds != 3 || moved.Archives != 3*(round+1) || moved.Keys != 3*(round+1)*42+3*2 {
			t.Errorf("round %d: moved %s", round, moved)
		}
		if _, _, err := p.open(t, at); !errors.Is(err, kv.ErrElsewhere) {
			t.Errorf("what was moved away is opened: %v", err)
		}
		if _, err := p.move(t.Context(), other, true); !errors.Is(err, kv.ErrElsewhere) {
			t.Errorf("what was moved away is moved again: %v", err)
		}
		at, other = other, at
	}
}

// killed has a process move data and die in the middle.
func (p places) killed(t *testing.T, to string, record int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d %s", moveEnv, to, p.dir, record, p.address))
	out, err := cmd.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("the process ended with %v: %s", err, out)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v: %s", err, out)
	}
	// It does not have to be forgotten first.
	if err := forgetProcesses(ctx, p.address); err != nil {
		t.Fatal(err)
	}
}

func TestMoveRefusals(t *testing.T) {
	t.Parallel()
	p := places{dir: t.TempDir(), address: dbtest.Postgres(t)}
	for _, engine := range []string{"pebble", "postgres"} {
		db, done, err := p.open(t, engine)
		if err != nil {
			t.Fatal(err)
		}
		put(t, db, guildA, 1)
		if _, err := p.move(t.Context(), "postgres", true); err == nil || !strings.Contains(err.Error(), "in use by") {
			t.Errorf("data in %s that is in use is moved: %v", engine, err)
		}
		done()
	}
	for _, to := range []string{"postgres", "pebble"} {
		if _, err := p.move(t.Context(), to, false); !errors.Is(err, kv.ErrNotEmpty) {
			t.Errorf("data in %s is replaced: %v", to, err)
		}
	}
	if _, err := p.move(t.Context(), "postgres", true); err != nil {
		t.Error(err)
	}
}

// TestMoveTheWrongWay has data on one side only, and --to naming that side.
func TestMoveTheWrongWay(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"pebble", "postgres"} {
		t.Run(at, func(t *testing.T) {
			p, other := places{dir: t.TempDir(), address: dbtest.Postgres(t)}, "postgres"
			if at == "postgres" {
				other = "pebble"
			}
			db, done, err := p.open(t, at)
			if err != nil {
				t.Fatal(err)
			}
			put(t, db, guildA, 1)
			done()
			for _, replace := range []bool{false, true} {
				if m, err := p.move(t.Context(), at, replace); !errors.Is(err, kv.ErrNothing) {
					t.Errorf("nothing took the place of data, with replace %v: %+v, %v", replace, m, err)
				}
			}
			m, err := p.move(t.Context(), other, false)
			if err != nil || m.Keys == 0 {
				t.Fatalf("it is not there any more: %+v, %v", m, err)
			}
			if at == "postgres" {
				return
			}
			// What was moved away is the last copy when its target was lost.
			lost := places{dir: p.dir, address: dbtest.Postgres(t)}
			if m, err := lost.move(t.Context(), at, false); !errors.Is(err, kv.ErrNothing) {
				t.Errorf("nothing took the place of a copy: %+v, %v", m, err)
			}
			if _, err := lost.move(t.Context(), at, true); err != nil {
				t.Error(err)
			}
			if _, err := p.move(t.Context(), "pebble", false); err != nil {
				t.Error(err)
			}
		})
	}
}

// forgetProcesses is as if processLease had passed.
func forgetProcesses(ctx context.Context, address string) error {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "DELETE FROM kv_processes")
	return errors.Join(err, c.Close(ctx))
}
