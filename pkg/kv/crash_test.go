package kv_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

// crashDir names the environment variable that makes the test binary the
// process that is killed.
const crashDir = "FLORA_KV_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if arguments := os.Getenv(moveEnv); arguments != "" {
		fmt.Fprintln(os.Stderr, moveAndDie(arguments))
		os.Exit(1)
	}
	os.Exit(dbtest.Main(m))
}

const (
	crashWriters = 8
	crashKeys    = 5 // Of a writer.
)

// nthState is what key has after its n-th write: each third one deletes it,
// and some values do not fit into their head.
func nthState(n int) (value string, present bool) {
	if n == 0 || n%3 == 0 {
		return "", false
	}
	return fmt.Sprintf("%d ", n) + strings.Repeat("x", n%7*1500), true
}

// crashKey spreads the writers over guilds and stores.
func crashKey(writer, key int) (snowflake.GuildID, string, string) {
	return snowflake.GuildID(1 + writer%3), fmt.Sprintf("s%d", writer%2), fmt.Sprintf("%d/%d", writer, key)
}

// writeUntilKilled says "begin" before and "done" after every write.
func writeUntilKilled(dir string) error {
	db, err := kv.Open(kv.Config{Dir: dir, Limits: unlimited()})
	if err != nil {
		return err
	}
	go func() { _ = db.Run(context.Background()) }()
	var out sync.Mutex
	say := func(what string, writer, key, n int) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%s %d %d %d\n", what, writer, key, n)
	}
	errs := make(chan error)
	for w := range crashWriters {
		go func() {
			rng := rand.New(rand.NewPCG(uint64(w), uint64(time.Now().UnixNano()))) //nolint:gosec // Not negative.
			last, err := lastWrites(db, w)
			for err == nil {
				k := rng.IntN(crashKeys)
				last[k]++
				say("begin", w, k, last[k])
				if err = writeNth(db, w, k, last[k]); err == nil {
					say("done", w, k, last[k])
				}
			}
			errs <- err
		}()
	}
	return <-errs
}

// lastWrites reads the numbers to go on from; they are kept in the database.
func lastWrites(db *kv.DB, writer int) (last [crashKeys]int, err error) {
	for k := range crashKeys {
		g, store, key := crashKey(writer, k)
		e, err := db.Get(context.Background(), g, store, "n/"+key)
		if err != nil {
			return last, err
		}
		if e.Found {
			if _, err := fmt.Sscan(e.Value, &last[k]); err != nil {
				return last, err
			}
		}
	}
	return last, nil
}

func writeNth(db *kv.DB, writer, k, n int) error {
	ctx := context.Background()
	g, store, key := crashKey(writer, k)
	value, present := nthState(n)
	if !present {
		if _, err := db.Delete(ctx, g, store, key); err != nil {
			return err
		}
	} else {
		o := kv.SetOptions{}
		if n%2 == 0 {
			o = kv.SetOptions{Expiration: time.Now().Unix() + 100_000, Metadata: json.RawMessage(`{"n":1}`)}
		}
		if err := db.Set(ctx, g, store, key, value, o); err != nil {
			return err
		}
	}
	return db.Set(ctx, g, store, "n/"+key, fmt.Sprint(n), kv.SetOptions{})
}

func unlimited() kv.Limits {
	l := kv.DefaultLimits()
	l.StoreBytes, l.GuildBytes, l.GuildKeys, l.Stores, l.WritesPerMinute = 0, 0, 0, 0, 0
	return l
}

// TestKilledProcessKeepsWhatItAcknowledged kills a process that writes, again
// and again, and looks for every write that it said was done.
func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 4))
	type progress struct{ begun, done int }
	var state [crashWriters][crashKeys]progress
	for round := range 4 {
		lines := 50 + rng.IntN(800)
		if err := killAfter(t, dir, lines, func(what string, w, k, n int) {
			if what == "begin" {
				state[w][k].begun = n
			} else {
				state[w][k].done = n
			}
		}); err != nil {
			t.Fatal(err)
		}
		db, err := kv.Open(kv.Config{Dir: dir, Limits: unlimited()})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Check(); err != nil {
			t.Errorf("round %d: %s", round, err)
		}
		for w := range crashWriters {
			for k := range crashKeys {
				g, store, key := crashKey(w, k)
				e, err := db.Get(t.Context(), g, store, key)
				if err != nil {
					t.Fatal(err)
				}
				p := &state[w][k]
				ok := false
				for n := p.done; n <= p.begun; n++ {
					value, present := nthState(n)
					ok = ok || e.Found == present && e.Value == value
				}
				if !ok {
					t.Errorf("round %d: key %s has %.20q (%t), writes %d to %d may be the last", round, key, e.Value, e.Found, p.done, p.begun)
				}
			}
			last, err := lastWrites(db, w)
			if err != nil {
				t.Fatal(err)
			}
			for k, n := range last {
				if n < state[w][k].done || n > state[w][k].begun {
					t.Errorf("round %d: counter %d/%d is %d, it was at %+v", round, w, k, n, state[w][k])
				}
				// The next process goes on from here.
				state[w][k] = progress{begun: state[w][k].begun, done: n}
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs the writing process, reads so many of its lines, kills it and
// reads the rest.
func killAfter(t *testing.T, dir string, lines int, each func(what string, w, k, n int)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	seen := 0
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // A line that was cut off says nothing.
		}
		if err != nil {
			return err
		}
		var what string
		var w, k, n int
		if _, err := fmt.Sscan(line, &what, &w, &k, &n); err != nil {
			return fmt.Errorf("the process says %q: %w", line, err)
		}
		each(what, w, k, n)
		if seen++; seen == lines {
			if err := cmd.Process.Kill(); err != nil {
				return err
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		return errors.New("the process ended by itself")
	}
	if seen < lines {
		return fmt.Errorf("the process ended after %d lines", seen)
	}
	return nil
}

// TestPowerLossKeepsWhatWasAcknowledged takes everything away that was not
// synced while many write.
func TestPowerLossKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(5, 6))
	for round := range 5 {
		cfg := kv.Config{Dir: "a/b/kv", Limits: unlimited()}.WithFS(disk)
		db, err := kv.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex // Guards done and lost.
		done := map[string]int{}
		var lost *vfs.MemFS
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				for n := 1; n <= 60; n++ {
					g, _, key := crashKey(w, 0)
					if err := db.Set(t.Context(), g, fmt.Sprint(round), key, fmt.Sprint(n)+strings.Repeat("x", n*100), kv.SetOptions{}); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if lost == nil {
						done[key] = n
						if w == 3 && n == 20+round*5 {
							lost = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: round * 20, RNG: rng})
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		disk = lost
		db, err = kv.Open(cfg.WithFS(disk))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Check(); err != nil {
			t.Errorf("round %d: %s", round, err)
		}
		for w := range 6 {
			g, _, key := crashKey(w, 0)
			e, err := db.Get(t.Context(), g, fmt.Sprint(round), key)
			n := 0
			_, _ = fmt.Sscanf(strings.TrimRight(e.Value, "x"), "%d", &n)
			if err != nil || n < done[key] {
				t.Errorf("round %d: %s is at %d after write %d was acknowledged, %v", round, key, n, done[key], err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClosedDatabaseRefuses(t *testing.T) {
	t.Parallel()
	db, err := postgrestest.Open(t, kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				err := db.Set(t.Context(), guildA, fmt.Sprintf("%d-%d", w, i/100), "k", "v", kv.SetOptions{})
				if fault.Is(err, fault.Unavailable) {
					return
				}
				if err != nil {
					t.Errorf("write: %s", err)
					return
				}
				if i == 20 && w == 0 {
					wg.Go(func() {
						if err := db.Close(); err != nil {
							t.Errorf("Close: %s", err)
						}
					})
				}
			}
		})
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %s", err)
	}
	_, err = db.Get(t.Context(), guildA, "s", "k")
	refused(t, "Get", err, fault.Unavailable, "kv storage is closed; try again when the runtime has restarted")
	if err := db.Sweep(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Sweep gave %v", err)
	}
}

func TestOpenRefusesBadLimits(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		edit func(*kv.Limits)
		want string
	}{
		{"none at all", func(l *kv.Limits) { *l = kv.Limits{} }, "kv limit of value bytes is 0, it must be from 1 to 16777216"},
		{"negative quota", func(l *kv.Limits) { l.StoreBytes = -1 }, "kv limit of store bytes is -1"},
		{"longest list below the standard", func(l *kv.Limits) { l.ListMax = 5 }, "kv limit of longest list is 5, it must be from 100"},
	}
	for _, row := range rows {
		l := kv.DefaultLimits()
		row.edit(&l)
		_, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: l})
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s: error is %v, want %q", row.name, err, row.want)
		}
	}
}
