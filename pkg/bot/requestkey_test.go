package bot_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

func keyed(source, key, digest string) deploy.Request {
	return deploy.Request{Guild: guildA, Entry: "main.ts", Bundle: &source, Key: deploy.RequestKey{Key: key, Digest: digest}}
}

func (w *world) revisions(t *testing.T) int {
	t.Helper()
	h, err := w.store.History(t.Context(), guildA, deploy.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(h)
}

func TestARequestIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			rev, err := w.bot.Deploy(t.Context(), keyed(says("one"), "k", "d"))
			if err != nil {
				t.Errorf("request %d: %s", i, err)
			}
			ids[i] = rev.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("one key made %q", ids)
		}
	}
	w.deploy(guildA, says("two"))
	// One that comes late does not bring the old script back.
	if rev, err := w.bot.Deploy(t.Context(), keyed(says("one"), "k", "d")); err != nil || rev.ID != ids[0] {
		t.Errorf("got %s, %v", rev.ID, err)
	}
	w.message(guildA, "hi")
	w.wait(guildA, 1, "two hi")
	if _, err := w.bot.Deploy(t.Context(), keyed(says("three"), "k", "d2")); !fault.Is(err, fault.Unprocessable) {
		t.Errorf("another request with the key: %v", err)
	}
	if n := w.revisions(t); n != 2 {
		t.Errorf("%d revisions", n)
	}
}

// uncertain stores revisions and says, once, that it does not know.
type uncertain struct {
	deploy.Store
	once sync.Once
}

func (s *uncertain) PutRevision(ctx context.Context, r deploy.Revision) error {
	err := s.Store.PutRevision(ctx, r)
	if r.Request.Key == "lost" {
		s.once.Do(func() { err = errors.Join(err, fault.New(fault.Unavailable, "the database went away")) })
	}
	return err
}

// TestARepeatedRequestServes: what was stored although nobody knew it runs when
// the request that comes again is told so.
func TestARepeatedRequestServes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{store: func(s deploy.Store) deploy.Store { return &uncertain{Store: s} }})
	w.deploy(guildA, says("one"))
	if _, err := w.bot.Deploy(t.Context(), keyed(says("two"), "lost", "d")); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	rev, err := w.bot.Deploy(t.Context(), keyed(says("two"), "lost", "d"))
	if err != nil {
		t.Fatal(err)
	}
	if runs := w.bot.Status(guildA).Revision; runs != rev.ID {
		t.Errorf("revision %q runs, %q is told", runs, rev.ID)
	}
	w.message(guildA, "hi")
	w.wait(guildA, 1, "two hi")
}

func TestAFailedRequestFailsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	var texts []string
	for range 2 {
		_, err := w.bot.Deploy(t.Context(), keyed("throw new Error('no')", "k", "d"))
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.Code != fault.DeployFailed || f.Details["revision_id"] == "" {
			t.Fatalf("got %v", err)
		}
		texts = append(texts, f.Message)
	}
	if n := w.revisions(t); n != 1 || texts[0] != texts[1] {
		t.Errorf("%d revisions, %q", n, texts)
	}
}

// TestARequestThatIsGivenUp: a caller that goes away during the load leaves
// nothing that its next attempt would take for an outcome.
func TestARequestThatIsGivenUp(t *testing.T) {
	t.Parallel()
	l := newPuppets()
	w := newWorld(t, options{launch: l})
	p := l.next(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := w.bot.Deploy(ctx, keyed("x", "k", "d"))
		done <- err
	}()
	next[wire.Load](t, p)
	cancel()
	if err := <-done; err == nil {
		t.Fatal("it was deployed")
	}
	if n := w.revisions(t); n != 0 {
		t.Errorf("%d revisions", n)
	}
}
