package egress_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// patience bounds every wait; a test that reaches it has failed.
const patience = 20 * time.Second

const (
	guildA = snowflake.GuildID(100000000000000001)
	guildB = snowflake.GuildID(100000000000000002)
)

// world is a client with an internet of its own.
type world struct {
	*egresstest.Net
	t      *testing.T
	client *egress.Client

	mu       sync.Mutex // Guards outcomes.
	outcomes map[egress.Outcome]int
}

func newWorld(t *testing.T, change func(*egress.Config)) *world {
	t.Helper()
	w := &world{Net: egresstest.New(), t: t, outcomes: map[egress.Outcome]int{}}
	cfg := egress.Config{
		Limits: egress.DefaultLimits(), UserAgent: "Flora/test", Resolver: w.Net, Dial: w.Dial, Roots: w.Roots(),
		Count: func(o egress.Outcome) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outcomes[o]++
		},
	}
	if change != nil {
		change(&cfg)
	}
	w.client = egress.New(cfg)
	t.Cleanup(w.client.Close)
	return w
}

func (w *world) do(r egress.Request) (*egress.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.Do(ctx, guildA, r)
}

func (w *world) get(url string) (*egress.Response, error) { return w.do(egress.Request{URL: url}) }

func (w *world) must(r egress.Request) *egress.Response {
	w.t.Helper()
	res, err := w.do(r)
	if err != nil {
		w.t.Fatalf("%s: %v", r.URL, err)
	}
	return res
}

// fails expects a failure with this code.
func (w *world) fails(r egress.Request, code string) {
	w.t.Helper()
	_ = w.failure(r, code)
}

// failure is fails, and gives it.
func (w *world) failure(r egress.Request, code string) *egress.Failure {
	w.t.Helper()
	res, err := w.do(r)
	f, ok := errors.AsType[*egress.Failure](err)
	if !ok || f.Code != code {
		w.t.Errorf("%.200s: got %+v, %v; want %s", r.URL, res, err, code)
		return &egress.Failure{}
	}
	return f
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
}

// undialled expects that no connection was tried.
func (w *world) undialled() {
	w.t.Helper()
	if d := w.Dialled(); len(d) > 0 {
		w.t.Errorf("connections were tried: %s", strings.Join(d, " "))
	}
}
