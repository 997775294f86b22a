package kv

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// held is an engine whose views wait until they are let go.
type held struct {
	Engine

	in  chan struct{}
	out chan struct{}
}

func (h held) View(ctx context.Context, f func(Reader) error) error {
	h.in <- struct{}{}
	<-h.out
	return h.Engine.View(ctx, f)
}

// TestNoGuildReadsThroughAllConnections: one that reads as much as it can leaves
// room for others, and for looks at its own queue.
func TestNoGuildReadsThroughAllConnections(t *testing.T) {
	t.Parallel()
	const greedy, other, reads, many = snowflake.GuildID(1), snowflake.GuildID(2), 2, 20
	engine, err := openPebble("/kv", 1<<20, nil, vfs.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	h := held{engine, make(chan struct{}, many+2), make(chan struct{})}
	db, err := Open(Config{Dir: "/kv", Engine: h, Memory: true, Limits: DefaultLimits(), Reads: reads})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	kinds := []func() error{
		func() error { _, err := db.GetMany(ctx, greedy, "s", []string{"a"}); return err },
		func() error { _, err := db.List(ctx, greedy, "s", ListOptions{}); return err },
		func() error { _, err := db.Stores(ctx, greedy); return err },
		func() error { _, err := db.large(ctx, greedy, "s", "a"); return err },
		func() error {
			_, err := db.ReadRanges(ctx, greedy, Reserved+"s", []Range{{End: "z", Limit: 2}})
			return err
		},
	}
	ended := make(chan error, many+2)
	for i := range many {
		go func() { ended <- kinds[i%len(kinds)]() }()
	}
	arrive := func() {
		t.Helper()
		select {
		case <-h.in:
		case <-ctx.Done():
			t.Fatal("a read does not begin")
		}
	}
	for range reads {
		arrive()
	}
	go func() { _, err := db.GetMany(ctx, other, "s", []string{"a"}); ended <- err }()
	go func() {
		_, err := db.ReadRanges(ctx, greedy, Reserved+"s", []Range{{End: "z", Limit: 1}})
		ended <- err
	}()
	arrive()
	arrive()
	if n := len(h.in); n != 0 {
		t.Errorf("%d reads of a guild are under way, want %d", reads+n, reads)
	}
	// Who gives up does not take a turn.
	gone, give := context.WithCancel(ctx)
	give()
	if _, err := db.share(gone, greedy); !fault.Is(err, fault.Timeout) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(h.out)
	for range many + 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
