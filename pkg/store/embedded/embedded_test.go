package embedded_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/auth/authtest"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/deploy/deploytest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/kvtest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

// crashDir names the environment variable that makes the test binary the
// process that is killed.
const crashDir = "FLORA_EMBEDDED_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// open gives a store and a way to restart it.
func open(t *testing.T, cfg embedded.Config) (*embedded.Store, func() *embedded.Store) {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	var s *embedded.Store
	reopen := func() *embedded.Store {
		t.Helper()
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if s, err = embedded.Open(cfg); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %s", err)
		}
	})
	return reopen(), reopen
}

func TestDeployStore(t *testing.T) {
	t.Parallel()
	deploytest.Run(t, func(t *testing.T) (deploy.Store, func() deploy.Store) {
		s, reopen := open(t, embedded.Config{})
		return s, func() deploy.Store { return reopen() }
	})
}

func TestTokenStore(t *testing.T) {
	t.Parallel()
	authtest.Run(t, func(t *testing.T) (auth.TokenStore, func() auth.TokenStore) {
		s, reopen := open(t, embedded.Config{})
		return s, func() auth.TokenStore { return reopen() }
	})
}

func TestKVStores(t *testing.T) {
	t.Parallel()
	kvtest.Run(t, func(t *testing.T) kv.Index {
		s, _ := open(t, embedded.Config{})
		return s
	})
}

func ids(t *testing.T, s *embedded.Store, guild snowflake.GuildID) []string {
	t.Helper()
	h, err := s.History(t.Context(), guild, deploy.Cursor{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range h {
		out = append(out, strings.TrimLeft(r.ID[len(r.ID)-12:], "0"))
	}
	return out
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		cfg    embedded.Config
		bundle int
		fail   int // All from this one on.
		want   []string
	}{
		{"by number", embedded.Config{KeepRevisions: 3}, 10, 9, []string{"6", "5", "4"}},
		{"by size", embedded.Config{KeepBytes: 100_000}, 40_000, 9, []string{"6", "5"}},
		{"a large one alone", embedded.Config{KeepBytes: 100_000}, 200_000, 9, []string{"6"}},
		{"the current one stays", embedded.Config{KeepRevisions: 2}, 10, 2, []string{"6", "5", "1"}},
		{"failures count for themselves", embedded.Config{KeepRevisions: 1}, 10, 4, []string{"6", "3"}},
		{"and so do their bytes", embedded.Config{KeepBytes: 100_000}, 60_000, 4, []string{"6", "3"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.cfg.Dir = t.TempDir()
			s, _ := open(t, row.cfg)
			for n := 1; n <= 6; n++ {
				r := deploytest.Sample(1, n)
				r.Bundle = strings.Repeat("x", row.bundle)
				r.Request = deploy.RequestKey{Key: strconv.Itoa(n), Digest: "d"}
				if n >= row.fail {
					r.Status = deploy.Failed
				}
				for _, g := range []snowflake.GuildID{1, 2} {
					r.Guild = g
					if g == 2 && n > 2 {
						continue
					}
					if err := s.PutRevision(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
			}
			if diff := cmp.Diff(ids(t, s, 1), row.want); diff != "" {
				t.Errorf("history (-got +want):\n%s", diff)
			}
			if _, err := s.Current(t.Context(), 1); err != nil {
				t.Errorf("Current: %s", err)
			}
			if _, err := s.Revision(t.Context(), 1, deploytest.Sample(1, 2).ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("a revision that went gives %v", err)
			}
			if _, err := s.ByRequest(t.Context(), 1, "2"); !fault.Is(err, fault.NotFound) {
				t.Errorf("the key of a revision that went gives %v", err)
			}
			if _, err := s.ByRequest(t.Context(), 1, "6"); err != nil {
				t.Errorf("ByRequest: %s", err)
			}
			left := 0
			iter, err := s.Pebble().NewIter(&pebble.IterOptions{LowerBound: binary.BigEndian.AppendUint64([]byte{4}, 1), UpperBound: binary.BigEndian.AppendUint64([]byte{4}, 2)})
			if err != nil {
				t.Fatal(err)
			}
			for iter.First(); iter.Valid(); iter.Next() {
				left++
			}
			if err := iter.Close(); err != nil || left != len(row.want) {
				t.Errorf("%d bodies are left of %d revisions, %v", left, len(row.want), err)
			}
		})
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	s, _ := open(t, embedded.Config{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, errList := s.List(t.Context())
	_, errCurrent := s.Current(t.Context(), 1)
	_, errHistory := s.History(t.Context(), 1, deploy.Cursor{}, 1)
	_, errToken := s.Token(t.Context(), "x")
	_, errTokens := s.Tokens(t.Context(), "x")
	errs := map[string]error{
		"List": errList, "Current": errCurrent, "History": errHistory, "Token": errToken, "Tokens": errTokens,
		"PutRevision": s.PutRevision(t.Context(), deploytest.Sample(1, 1)), "DeleteToken": s.DeleteToken(t.Context(), "u", "x"),
	}
	for name, err := range errs {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s gave %v", name, err)
		}
	}
}

// TestDamage writes nonsense beside the store's back.
func TestDamage(t *testing.T) {
	t.Parallel()
	guild := func(tag byte) []byte { return binary.BigEndian.AppendUint64([]byte{tag}, 1) }
	r := deploytest.Sample(1, 1)
	current := func(s *embedded.Store) error { _, err := s.Current(t.Context(), 1); return err }
	history := func(s *embedded.Store) error {
		_, err := s.History(t.Context(), 1, deploy.Cursor{}, 9)
		return err
	}
	token := func(s *embedded.Store) error { _, err := s.Token(t.Context(), "t"); return err }
	rows := []struct {
		name, value string
		key         []byte
		do          func(*embedded.Store) error
	}{
		{"deployment", "{", guild(1), current},
		{"deployment in a list", "7", guild(1), func(s *embedded.Store) error { _, err := s.List(t.Context()); return err }},
		{"pointer to nothing", `{"deployment":{"guild_id":"1","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"},"revision":"x"}`, guild(1), current},
		{"revision", "{}", append(guild(2), r.ID...), current},
		{"revision in a history", "\xff", append(guild(2), r.ID...), history},
		{"body", "no", append(guild(4), r.ID...), current},
		{"history", "", guild(3), history},
		{"history when more comes", "", append(guild(3), "12345678x"...), func(s *embedded.Store) error {
			return s.PutRevision(t.Context(), deploytest.Sample(1, 2))
		}},
		{"token", "[]", []byte("\x05t"), token},
		{"token's hash", `{"id":"t","hash":"00"}`, []byte("\x05t"), token},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t, embedded.Config{Dir: "state"}.WithFS(vfs.NewMem()))
			if err := s.PutRevision(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if err := s.Pebble().Set(row.key, []byte(row.value), pebble.Sync); err != nil {
				t.Fatal(err)
			}
			err := row.do(s)
			if !errors.Is(err, embedded.ErrDamaged) || fault.From(err).Message != "storage is damaged; the operator must restore a backup" {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestOpenRefusesForeignData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(embedded.Config{Dir: dir}); !errors.Is(err, pebbledb.ErrForeign) {
		t.Errorf("error is %v, want %v", err, pebbledb.ErrForeign)
	}
}

const crashWriters = 4

// state is what a writer's guild and token must look like after step n: odd
// steps deploy, each fourth one fails to; even steps make a token or delete it.
func step(ctx context.Context, s *embedded.Store, w, n int) error {
	user := fmt.Sprint("user", w)
	switch n % 4 {
	case 1, 3:
		r := deploytest.Sample(snowflake.GuildID(w+1), n) //nolint:gosec // Small.
		if n%4 == 3 {
			r.Status = deploy.Failed
		}
		r.Bundle = strings.Repeat(fmt.Sprint(n, " "), n%50*200)
		return s.PutRevision(ctx, r)
	case 2:
		return s.PutToken(ctx, auth.Token{ID: fmt.Sprintf("%s-%d", user, n), UserID: user, Hash: [32]byte{1}, CreatedAt: time.Unix(int64(n), 0)})
	default:
		return s.DeleteToken(ctx, user, fmt.Sprintf("%s-%d", user, n-2))
	}
}

// holds checks that the store looks like after step n.
func holds(ctx context.Context, s *embedded.Store, w, n int) error {
	guild, user := snowflake.GuildID(w+1), fmt.Sprint("user", w) //nolint:gosec // Small.
	lastGood, lastAny := 0, 0
	for i := 1; i <= n; i++ {
		if i%4 == 1 {
			lastGood = i
		}
		if i%2 == 1 {
			lastAny = i
		}
	}
	current, err := s.Current(ctx, guild)
	switch {
	case lastGood == 0 && fault.Is(err, fault.NotFound):
	case err != nil:
		return err
	case current.ID != deploytest.Sample(guild, lastGood).ID || current.Bundle != strings.Repeat(fmt.Sprint(lastGood, " "), lastGood%50*200):
		return fmt.Errorf("current revision is %s, want that of step %d", current.ID, lastGood)
	}
	h, err := s.History(ctx, guild, deploy.Cursor{}, 1)
	if err != nil {
		return err
	}
	if lastAny > 0 && (len(h) == 0 || h[0].ID != deploytest.Sample(guild, lastAny).ID) || lastAny == 0 && len(h) > 0 {
		return fmt.Errorf("the history starts with %v, want step %d", h, lastAny)
	}
	tokens, err := s.Tokens(ctx, user)
	if err != nil {
		return err
	}
	want := []string{}
	if m := n % 4; n > 1 && m >= 2 {
		want = append(want, fmt.Sprintf("%s-%d", user, n-m+2))
	}
	got := []string{}
	for _, t := range tokens {
		got = append(got, t.ID)
	}
	if !cmp.Equal(got, want) {
		return fmt.Errorf("tokens are %v, want %v", got, want)
	}
	return nil
}

// writeUntilKilled says "begin" before and "done" after every step. It goes on
// after the last step that the store holds.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := embedded.Open(embedded.Config{Dir: dir, KeepRevisions: 20})
	if err != nil {
		return err
	}
	var out sync.Mutex
	errs := make(chan error)
	for w := range crashWriters {
		go func() {
			n := 0
			_, err := fmt.Sscan(os.Getenv(fmt.Sprint("STEP", w)), &n)
			for err == nil {
				n++
				out.Lock()
				fmt.Println("begin", w, n)
				out.Unlock()
				if err = step(ctx, s, w, n); err == nil {
					out.Lock()
					fmt.Println("done", w, n)
					out.Unlock()
				}
			}
			errs <- err
		}()
	}
	return <-errs
}

// TestKilledProcessKeepsWhatItAcknowledged kills a process that deploys, again
// and again, and compares the store with what it said was done.
func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var begun, done [crashWriters]int
	for round := range 4 {
		env := []string{crashDir + "=" + dir}
		for w, n := range done {
			env = append(env, fmt.Sprintf("STEP%d=%d", w, n))
		}
		if err := killAfter(t, env, 20+rng.IntN(400), func(what string, w, n int) {
			if what == "begin" {
				begun[w] = n
			} else {
				done[w] = n
			}
		}); err != nil {
			t.Fatal(err)
		}
		s, err := embedded.Open(embedded.Config{Dir: dir, KeepRevisions: 20})
		if err != nil {
			t.Fatal(err)
		}
		for w := range crashWriters {
			err := holds(t.Context(), s, w, done[w])
			if err != nil && begun[w] > done[w] {
				if e := holds(t.Context(), s, w, begun[w]); e == nil {
					err, done[w] = nil, begun[w]
				}
			}
			if err != nil {
				t.Errorf("round %d, writer %d after step %d (%d begun): %s", round, w, done[w], begun[w], err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs the writing process, reads so many of its lines, kills it and
// reads the rest.
func killAfter(t *testing.T, env []string, lines int, each func(what string, w, n int)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), env...)
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
		var w, n int
		if _, err := fmt.Sscan(line, &what, &w, &n); err != nil {
			return fmt.Errorf("the process says %q: %w", line, err)
		}
		each(what, w, n)
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

// TestPowerLoss takes everything away that was not synced after each step.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	disk := vfs.NewCrashableMem()
	cfg := embedded.Config{Dir: "data/state", KeepRevisions: 5}
	for n := 1; n <= 40; n++ {
		s, err := embedded.Open(cfg.WithFS(disk))
		if err != nil {
			t.Fatal(err)
		}
		if err := holds(t.Context(), s, 0, n-1); err != nil {
			t.Fatalf("before step %d: %s", n, err)
		}
		if err := step(t.Context(), s, 0, n); err != nil {
			t.Fatal(err)
		}
		disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
