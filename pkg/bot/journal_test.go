package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// journal is the op table: what scripts asked for, and what is held back.
type journal struct {
	mu      sync.Mutex // Guards the members below.
	changed chan struct{}
	calls   []string
	open    map[string]bool
	ended   int // Ops whose context ended while they were held.
}

func newJournal() *journal { return &journal{changed: make(chan struct{}), open: map[string]bool{}} }

type keyArgs struct {
	Store string `json:"store,omitempty"`
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

type tokenArgs struct {
	Token string `json:"token"`
}

func (j *journal) table() []op.Op {
	return []op.Op{
		// Answers its key once the test has released it.
		op.Define("op_kv_get", op.Self, func(ctx context.Context, _ snowflake.GuildID, a keyArgs) (any, error) {
			j.note("get " + a.Key)
			return j.hold(ctx, a.Key)
		}),
		op.Define("op_kv_set", op.Self, func(_ context.Context, guild snowflake.GuildID, a keyArgs) (any, error) {
			j.note(fmt.Sprintf("set %s %s", a.Key, a.Value))
			return nil, nil
		}),
		op.Define("op_kv_delete", op.Self, func(_ context.Context, _ snowflake.GuildID, a keyArgs) (any, error) {
			return failing(a.Key)
		}),
		op.Define("op_defer_interaction_response", op.Interaction, func(_ context.Context, _ snowflake.GuildID, a tokenArgs) (any, error) {
			j.note("defer " + a.Token)
			return nil, nil
		}),
		{Name: "op_raw", Rule: op.Self, Handler: func(ctx context.Context, _ op.Call) (any, error) { return j.hold(ctx, "held") }},
	}
}

func (j *journal) note(call string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call)
	j.announce()
}

func (j *journal) has(call string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Contains(j.calls, call)
}

func (j *journal) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *journal) release(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open[key] = true
	j.announce()
}

func (j *journal) hold(ctx context.Context, key string) (any, error) {
	for {
		j.mu.Lock()
		open, changed := j.open[key], j.changed
		j.mu.Unlock()
		if open {
			return key, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			j.mu.Lock()
			j.ended++
			j.announce()
			j.mu.Unlock()
			return nil, ctx.Err()
		}
	}
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.calls)
}

func (j *journal) count(call string) int {
	n := 0
	for _, c := range j.all() {
		if c == call {
			n++
		}
	}
	return n
}

// wait waits until the call was made n times.
func (j *journal) wait(t *testing.T, n int, call string) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		j.mu.Lock()
		changed := j.changed
		j.mu.Unlock()
		if j.count(call) >= n {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("waited for %d x %q, got %q", n, call, j.all())
		}
	}
}

// reset forgets what scripts asked for.
func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = nil
}
