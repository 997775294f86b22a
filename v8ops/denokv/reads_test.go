package denokv_test

import (
	"context"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// counting is a store that holds reads up and counts them.
type counting struct {
	kv.Ordered

	open    chan struct{}
	arrived chan snowflake.GuildID

	mu       sync.Mutex // Guards the members below.
	under    map[snowflake.GuildID]int
	all      int
	most     int
	mostEach int
}

func (c *counting) ReadRanges(ctx context.Context, guild snowflake.GuildID, _ string, ranges []kv.Range) ([][]kv.Pair, error) {
	c.change(guild, 1)
	defer c.change(guild, -1)
	c.arrived <- guild
	select {
	case <-c.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return make([][]kv.Pair, len(ranges)), nil
}

func (c *counting) change(guild snowflake.GuildID, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under[guild] += by
	c.all += by
	c.most, c.mostEach = max(c.most, c.all), max(c.mostEach, c.under[guild])
}

// A script may ask for many reads and wait for none. Each is of up to 4 MiB, or
// of all schedules, and is in control's memory several times over on its way.
func TestReadsOfManyMegabytesTakeTurns(t *testing.T) {
	t.Parallel()
	store := &counting{open: make(chan struct{}), arrived: make(chan snowflake.GuildID, 1000), under: map[snowflake.GuildID]int{}}
	table, err := op.NewTable(denokv.Ops(denokv.Deps{Store: store}))
	if err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	call := func(ctx context.Context, guild snowflake.GuildID, name, args string) error {
		o, _ := table.Lookup(name)
		_, err := o.Handler(ctx, op.Call{Guild: guild, Args: []byte(args)})
		return err
	}
	const guilds, each = 10, 10
	for guild := range snowflake.GuildID(guilds) {
		for i := range each {
			name, args := "op_denokv_read", `{"ranges":[{"start":"01","end":"02","limit":1000}]}`
			if i%2 == 1 {
				name, args = "op_schedule_list", `{}`
			}
			calls.Go(func() {
				if err := call(t.Context(), guild, name, args); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for range 4 {
		<-store.arrived
	}
	// One whose time is over while it waits does not read.
	ended, end := context.WithCancel(t.Context())
	end()
	if err := call(ended, 100, "op_denokv_read", `{"ranges":[{"start":"01","end":"02","limit":1}]}`); err == nil {
		t.Error("a read was made for nobody")
	}
	close(store.open)
	calls.Wait()
	if store.most != 4 || store.mostEach != 1 {
		t.Errorf("%d reads were made at once, %d of one guild", store.most, store.mostEach)
	}
	if n := len(store.arrived) + 4; n != guilds*each {
		t.Errorf("%d reads were made", n)
	}
}
