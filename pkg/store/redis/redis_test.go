package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/cache/cachetest"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// patience bounds every wait.
const patience = 60 * time.Second

// open opens a store; it is closed with the test.
func open(t *testing.T, cfg redis.Config) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestCache(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) (a, b cache.Store) {
		// The prefix holds what a pattern would take for its own.
		cfg := redis.Config{URL: dbtest.Redis(t), Prefix: dbtest.Name() + `*[:`}
		return open(t, cfg), open(t, cfg)
	})
}

func TestPrefixesKeepApart(t *testing.T) {
	t.Parallel()
	name := dbtest.Name()
	a, b := open(t, redis.Config{URL: dbtest.Redis(t), Prefix: name + "a"}), open(t, redis.Config{URL: dbtest.Redis(t), Prefix: name + "b"})
	if err := a.Set(t.Context(), "k", []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := b.DeletePrefix(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), "k"); !fault.Is(err, fault.NotFound) {
		t.Errorf("error is %v, want one of %s", err, fault.NotFound)
	}
	if got, err := a.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	wrong := strings.Replace(dbtest.Redis(t), "redis://", "redis://nobody", 1)
	for name, row := range map[string]struct{ url, want string }{
		"no URL":       {"redis://:s3cret@%zz", "cache.url must look like"},
		"no scheme":    {"s3cret@host", "cache.url must look like"},
		"nobody there": {"redis://:s3cret@127.0.0.1:1/0", "the cache at 127.0.0.1:1 cannot be used; see that it runs and that cache.url is right"},
		"a stranger":   {wrong, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := redis.Open(t.Context(), redis.Config{URL: row.url})
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %q, want it to say %q and no password", err, row.want)
			}
		})
	}
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s: not yet %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestOutage takes the server away from a store that is in use: whatever fails
// says that it is away and when to try again, and all goes on when it is back,
// subscriptions too.
func TestOutage(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ away, back func(s *dbtest.Server) error }{
		"stopped": {(*dbtest.Server).Stop, (*dbtest.Server).Start},
		"killed":  {(*dbtest.Server).Kill, (*dbtest.Server).Start},
		"hanging": {(*dbtest.Server).Pause, (*dbtest.Server).Resume},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dbtest.OwnRedis(t)
			core, lines := observer.New(zapcore.DebugLevel)
			s := open(t, redis.Config{URL: server.URL, Log: zap.New(core)})
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			var good, refused, lives, heard atomic.Int64
			wg.Go(func() {
				if err := s.Subscribe(ctx, "t", func() { lives.Add(1) }, func([]byte) { heard.Add(1) }); err != nil {
					t.Error(err)
				}
			})
			const workers = 6
			for w := range workers {
				wg.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						// Not cancelled: the end of the test is no outage.
						switch err := use(context.Background(), s, fmt.Sprintf("%d:%d", w, n)); {
						case err == nil:
							good.Add(1)
						case away(err):
							refused.Add(1)
						default:
							t.Errorf("error is %v, want one of %s that says when to try again", err, fault.Unavailable)
							return
						}
					}
				})
			}
			eventually(t, "live", func() bool { return lives.Load() > 0 })
			for range 2 {
				before := good.Load()
				eventually(t, "used", func() bool { return good.Load() > before+workers })
				if err := row.away(server); err != nil {
					t.Fatal(err)
				}
				was := refused.Load()
				eventually(t, "refused", func() bool { return refused.Load() > was+workers })
				began := lives.Load()
				if name == "hanging" {
					// Until it is found out that the connection is dead.
					eventually(t, "without a connection", func() bool { return refused.Load() > was+3*workers })
				}
				if err := row.back(server); err != nil {
					t.Fatal(err)
				}
				if name != "hanging" {
					eventually(t, "told that it missed something", func() bool { return lives.Load() > began })
				}
			}
			before, sounds := good.Load(), heard.Load()
			eventually(t, "healed", func() bool { return good.Load() > before+workers && heard.Load() > sounds })
			for _, message := range []string{"the cache does not answer; what needs it is refused until it does", "the cache answers again"} {
				if n := lines.FilterMessage(message).Len(); n < 2 {
					t.Errorf("the log says %q %d times, want it for each outage", message, n)
				}
			}
		})
	}
}

func away(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code == fault.Unavailable && f.RetryAfter > 0
}

// use calls every method; a value may be gone, since the server may have begun
// anew.
func use(ctx context.Context, s *redis.Store, key string) error {
	if err := s.Set(ctx, key, []byte(key), time.Hour); err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil && string(got) != key {
		return fmt.Errorf("%s is %q", key, got)
	}
	if _, err := s.Touch(ctx, key, time.Minute); err != nil {
		return err
	}
	if err := s.Publish(ctx, "t", []byte(key)); err != nil {
		return err
	}
	if err := s.DeletePrefix(ctx, key); err != nil {
		return err
	}
	if _, err := s.Add(ctx, key, nil, time.Hour); err != nil {
		return err
	}
	if _, err := s.Take(ctx, key); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.Delete(ctx, key)
}

// TestCallersWhoGiveUp get their own error, not that of a server that is away.
func TestCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnRedis(t)
	core, lines := observer.New(zapcore.DebugLevel)
	s := open(t, redis.Config{URL: server.URL, Log: zap.New(core)})
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if n := lines.FilterMessageSnippet("does not answer").Len(); n != 0 {
		t.Errorf("the log blames the server %d times", n)
	}
}
