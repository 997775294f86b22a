// Package cachetest is what every cache.Store must do, as one suite of tests
// that each implementation runs.
package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/storetest"
)

// patience bounds every wait.
const patience = 60 * time.Second

// Run tests the stores that open makes: the same empty one, as two replicas have
// it.
func Run(t *testing.T, open func(t *testing.T) (a, b cache.Store)) {
	t.Helper()
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		a, b := open(f.T)
		return &suite{Frame: f, Store: a, other: b}
	},
		storetest.Row[*suite]{Name: "set and get", Test: (*suite).setAndGet},
		storetest.Row[*suite]{Name: "add", Test: (*suite).add},
		storetest.Row[*suite]{Name: "take", Test: (*suite).take},
		storetest.Row[*suite]{Name: "expiry", Test: (*suite).expiry},
		storetest.Row[*suite]{Name: "touch", Test: (*suite).touch},
		storetest.Row[*suite]{Name: "delete", Test: (*suite).remove},
		storetest.Row[*suite]{Name: "delete by prefix", Test: (*suite).removePrefix},
		storetest.Row[*suite]{Name: "messages", Test: (*suite).messages},
		storetest.Row[*suite]{Name: "a slow subscriber", Test: (*suite).slow},
		storetest.Row[*suite]{Name: "refusals", Test: (*suite).refusals},
		storetest.Row[*suite]{Name: "one of many", Test: (*suite).oneOfMany},
	)
}

type suite struct {
	storetest.Frame
	cache.Store
	other cache.Store
}

func (s *suite) has(key, want string) {
	s.T.Helper()
	for _, store := range []cache.Store{s.Store, s.other} {
		got, err := store.Get(s.Ctx, key)
		if err != nil || string(got) != want {
			s.T.Errorf("%q is %.60q, %v; want %.60q", key, got, err, want)
		}
	}
}

func (s *suite) lacks(key string) {
	s.T.Helper()
	for _, store := range []cache.Store{s.Store, s.other} {
		if got, err := store.Get(s.Ctx, key); !fault.Is(err, fault.NotFound) {
			s.T.Errorf("%q is %.60q, %v; want an error of %s", key, got, err, fault.NotFound)
		}
	}
}

// eventually waits until the condition holds.
func (s *suite) eventually(what string, holds func() bool) {
	s.T.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			s.T.Fatalf("after %s: not yet %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *suite) setAndGet() {
	s.lacks("none")
	large := strings.Repeat("\x00\xff\r\n", 200_000)
	for key, value := range map[string]string{"k": "v", "empty": "", "\x00\xff *?[": "\x00", strings.Repeat("k", cache.MaxKey): large} {
		s.Must(s.Set(s.Ctx, key, []byte(value), time.Hour))
		s.has(key, value)
	}
	s.Must(s.other.Set(s.Ctx, "k", []byte("v2"), time.Hour))
	s.has("k", "v2")
	// What a caller does with its bytes later changes nothing.
	b := []byte("mine")
	s.Must(s.Set(s.Ctx, "k", b, time.Hour))
	copy(b, "your")
	got, err := s.Get(s.Ctx, "k")
	s.Must(err)
	copy(got, "gone")
	s.has("k", "mine")
}

func (s *suite) added(key, value string, want bool) {
	s.T.Helper()
	got, err := s.Add(s.Ctx, key, []byte(value), time.Hour)
	if err != nil || got != want {
		s.T.Errorf("add %s: %v, %v; want %v", key, got, err, want)
	}
}

func (s *suite) add() {
	s.added("k", "1", true)
	s.added("k", "2", false)
	s.has("k", "1")
	s.Must(s.Delete(s.Ctx, "k"))
	s.added("k", "3", true)
	s.has("k", "3")
}

func (s *suite) take() {
	s.Must(s.Set(s.Ctx, "k", []byte("v"), time.Hour))
	got, err := s.other.Take(s.Ctx, "k")
	if err != nil || string(got) != "v" {
		s.T.Errorf("got %q, %v", got, err)
	}
	s.lacks("k")
	if got, err := s.Take(s.Ctx, "k"); !fault.Is(err, fault.NotFound) {
		s.T.Errorf("a second time: %q, %v", got, err)
	}
	s.added("k", "new", true)
}

func (s *suite) expiry() {
	const short = 30 * time.Millisecond
	s.Must(s.Set(s.Ctx, "long", []byte("v"), time.Hour))
	s.Must(s.Set(s.Ctx, "longer", []byte("v"), short))
	s.Must(s.Set(s.Ctx, "longer", []byte("v"), time.Hour))
	s.Must(s.Set(s.Ctx, "shorter", []byte("v"), time.Hour))
	s.Must(s.Set(s.Ctx, "shorter", []byte("v"), short))
	_, err := s.Add(s.Ctx, "added", []byte("v"), short)
	s.Must(err)
	s.Must(s.Set(s.Ctx, "least", []byte("v"), time.Nanosecond))
	s.Must(s.Set(s.Ctx, "most", []byte("v"), cache.MaxTTL))
	for _, key := range []string{"shorter", "added", "least"} {
		s.eventually("gone: "+key, func() bool { _, err := s.Get(s.Ctx, key); return fault.Is(err, fault.NotFound) })
		s.lacks(key)
		if got, err := s.Take(s.Ctx, key); !fault.Is(err, fault.NotFound) {
			s.T.Errorf("took %s, %q, after its end: %v", key, got, err)
		}
		if found, err := s.Touch(s.Ctx, key, time.Hour); found || err != nil {
			s.T.Errorf("touched %s after its end: %v, %v", key, found, err)
		}
		s.added(key, "again", true)
		s.has(key, "again")
	}
	for _, key := range []string{"long", "longer", "most"} {
		s.has(key, "v")
	}
}

func (s *suite) touch() {
	if found, err := s.Touch(s.Ctx, "none", time.Hour); found || err != nil {
		s.T.Errorf("got %v, %v", found, err)
	}
	s.lacks("none")
	s.Must(s.Set(s.Ctx, "k", []byte("v"), time.Hour))
	found, err := s.other.Touch(s.Ctx, "k", time.Millisecond)
	s.Must(err)
	if !found {
		s.T.Error("it was not found")
	}
	s.eventually("gone", func() bool { _, err := s.Get(s.Ctx, "k"); return fault.Is(err, fault.NotFound) })
	// One that would have ended lives on.
	s.eventually("touched in time", func() bool {
		s.Must(s.Set(s.Ctx, "k", []byte("v"), 200*time.Millisecond))
		found, err := s.Touch(s.Ctx, "k", time.Hour)
		s.Must(err)
		return found
	})
	s.Must(s.Set(s.Ctx, "gauge", nil, 200*time.Millisecond))
	s.eventually("as late as it would have ended", func() bool { _, err := s.Get(s.Ctx, "gauge"); return fault.Is(err, fault.NotFound) })
	s.has("k", "v")
}

func (s *suite) remove() {
	s.Must(s.Set(s.Ctx, "k", []byte("v"), time.Hour))
	s.Must(s.Set(s.Ctx, "kk", []byte("v"), time.Hour))
	s.Must(s.other.Delete(s.Ctx, "k"))
	s.Must(s.Delete(s.Ctx, "k"))
	s.lacks("k")
	s.has("kk", "v")
}

func (s *suite) removePrefix() {
	odd := `a*?[b]\^-`
	gone := []string{odd, odd + ":1", odd + "\x00"}
	for n := range 2500 { // More than one page of a scan.
		gone = append(gone, fmt.Sprint(odd, n))
	}
	stay := []string{"other", "x" + odd, "a", "a*", "axxbxx", `a*?[b]\`, "ab"}
	for _, key := range slices.Concat(gone, stay) {
		s.Must(s.Set(s.Ctx, key, []byte(key), time.Hour))
	}
	s.Must(s.other.DeletePrefix(s.Ctx, odd))
	for _, key := range gone {
		if got, err := s.Get(s.Ctx, key); !fault.Is(err, fault.NotFound) {
			s.T.Fatalf("%q is %q, %v; want an error of %s", key, got, err, fault.NotFound)
		}
	}
	for _, key := range stay {
		s.has(key, key)
	}
	s.Must(s.DeletePrefix(s.Ctx, "nothing"))
}

// ear is a subscriber that keeps what it hears.
type ear struct {
	mu    sync.Mutex
	heard []string
	lives atomic.Int64
}

func (e *ear) message(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, string(b))
}

func (e *ear) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// listen subscribes and waits until the subscription is live; stop ends it and
// waits for that.
func (s *suite) listen(store cache.Store, topic string, e *ear) (stop func()) {
	s.T.Helper()
	ctx, cancel := context.WithCancel(s.Ctx)
	done := make(chan error, 1)
	go func() { done <- store.Subscribe(ctx, topic, func() { e.lives.Add(1) }, e.message) }()
	s.eventually("live", func() bool { return e.lives.Load() > 0 })
	return func() {
		s.T.Helper()
		cancel()
		select {
		case err := <-done:
			s.Must(err)
		case <-time.After(patience):
			s.T.Fatal("a subscription does not end")
		}
	}
}

func (s *suite) messages() {
	s.Must(s.Publish(s.Ctx, "t", []byte("nobody hears")))
	var a, b, other ear
	stopA, stopB, stopOther := s.listen(s.Store, "t", &a), s.listen(s.other, "t", &b), s.listen(s.Store, "t*", &other)
	var want []string
	for n := range 200 {
		text := fmt.Sprint("\x00\xff", n)
		want = append(want, text)
		s.Must([]cache.Store{s.Store, s.other}[n/100].Publish(s.Ctx, "t", []byte(text)))
	}
	s.Must(s.Publish(s.Ctx, "t*", nil))
	for _, e := range []*ear{&a, &b} {
		s.eventually("heard", func() bool { return len(e.all()) >= len(want) })
		// Each was published when the one before was.
		if got := e.all(); !cmp.Equal(got, want) {
			s.T.Errorf("heard (-got +want):\n%s", cmp.Diff(got, want))
		}
	}
	s.eventually("heard by the other", func() bool { return len(other.all()) > 0 })
	if got := other.all(); !cmp.Equal(got, []string{""}) {
		s.T.Errorf("another topic heard %q", got)
	}
	stopA()
	s.Must(s.Publish(s.Ctx, "t", []byte("last")))
	s.eventually("heard", func() bool { return slices.Contains(b.all(), "last") })
	if slices.Contains(a.all(), "last") {
		s.T.Error("one that has ended heard a message")
	}
	stopB()
	stopOther()
}

// slow misses messages and is told so, and holds up nobody.
func (s *suite) slow() {
	ctx, cancel := context.WithCancel(s.Ctx)
	release, done := make(chan struct{}), make(chan error, 1)
	var lives atomic.Int64
	var last atomic.Value
	go func() {
		done <- s.Subscribe(ctx, "t", func() { lives.Add(1) }, func(b []byte) {
			<-release
			last.Store(string(b))
		})
	}()
	s.eventually("live", func() bool { return lives.Load() > 0 })
	payload := bytes.Repeat([]byte("x"), 1000)
	for range 5000 {
		s.Must(s.other.Publish(s.Ctx, "t", payload))
	}
	s.Must(s.Set(s.Ctx, "k", []byte("v"), time.Hour))
	s.has("k", "v")
	close(release)
	s.eventually("told that it missed something", func() bool { return lives.Load() > 1 })
	s.eventually("hearing again", func() bool {
		s.Must(s.Publish(s.Ctx, "t", []byte("last")))
		return last.Load() == "last"
	})
	cancel()
	s.Must(<-done)
}

func (s *suite) refusals() {
	long := strings.Repeat("k", cache.MaxKey+1)
	for name, err := range map[string]error{
		"no key": s.Set(s.Ctx, "", nil, time.Hour), "a long key": s.Set(s.Ctx, long, nil, time.Hour),
		"no time": s.Set(s.Ctx, "k", nil, 0), "a past end": s.Set(s.Ctx, "k", nil, -1), "a late end": s.Set(s.Ctx, "k", nil, cache.MaxTTL+1),
		"every key": s.DeletePrefix(s.Ctx, ""), "no topic": s.Publish(s.Ctx, "", nil), "a long topic": s.Subscribe(s.Ctx, long, func() {}, func([]byte) {}),
	} {
		if err == nil || fault.Is(err, fault.Unavailable) {
			s.T.Errorf("%s: error is %v", name, err)
		}
	}
	s.lacks("k")
	ended, cancel := context.WithCancel(s.Ctx)
	cancel()
	if err := s.Set(ended, "k", nil, time.Hour); err == nil || fault.Is(err, fault.Unavailable) {
		s.T.Errorf("after its context had ended: %v", err)
	}
	if err := s.Subscribe(ended, "t", func() {}, func([]byte) {}); err != nil {
		s.T.Errorf("a subscription that has ended: %v", err)
	}
}

func (s *suite) oneOfMany() {
	for round := range 20 {
		key := fmt.Sprint("k", round)
		var added, taken atomic.Int64
		var wg sync.WaitGroup
		for n := range 8 {
			store := []cache.Store{s.Store, s.other}[n%2]
			wg.Go(func() {
				ok, err := store.Add(s.Ctx, key, []byte("v"), time.Hour)
				if err != nil {
					s.T.Error(err)
				}
				if ok {
					added.Add(1)
				}
			})
		}
		wg.Wait()
		for n := range 8 {
			store := []cache.Store{s.Store, s.other}[n%2]
			wg.Go(func() {
				_, err := store.Take(s.Ctx, key)
				if err == nil {
					taken.Add(1)
				} else if !fault.Is(err, fault.NotFound) {
					s.T.Error(err)
				}
			})
		}
		wg.Wait()
		if added.Load() != 1 || taken.Load() != 1 {
			s.T.Errorf("round %d: %d added, %d took", round, added.Load(), taken.Load())
		}
	}
}
