package denokv_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// bench is the ops on a store, called as control calls them.
type bench struct {
	t     *testing.T
	db    *kv.DB
	clock *clock.Fake
	table *op.Table
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock.NewFake(time.Unix(1_800_000_000, 0))}
	limits := kv.DefaultLimits()
	limits.CommitsPerMinute = 0
	var err error
	if b.db, err = kv.Open(kv.Config{Dir: "/kv", Memory: true, Limits: limits, Clock: b.clock, CacheBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if b.table, err = op.NewTable(denokv.Ops(denokv.Deps{Store: b.db, Clock: b.clock})); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) call(guild snowflake.GuildID, name string, args any) (json.RawMessage, error) {
	b.t.Helper()
	o, ok := b.table.Lookup(name)
	if !ok {
		b.t.Fatalf("there is no op %s", name)
	}
	text, err := json.Marshal(args)
	if err != nil {
		b.t.Fatal(err)
	}
	v, err := o.Handler(context.WithoutCancel(b.t.Context()), op.Call{Guild: guild, Args: text})
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return out, nil
}

func (b *bench) want(guild snowflake.GuildID, name string, args any, want string) {
	b.t.Helper()
	got, err := b.call(guild, name, args)
	if err != nil || string(got) != want {
		b.t.Errorf("%s %v: got %s, %v, want %s", name, args, got, err, want)
	}
}

type dict = map[string]any

// A value as the SDK writes one.
var value = base64.StdEncoding.EncodeToString([]byte("v\x01\x02"))

func schedule(at time.Time, name string) dict {
	return dict{"at": at.UnixMilli(), "name": name, "data": value}
}

// TestGuildsAreApart: whatever one guild has, another one neither sees nor
// changes.
func TestGuildsAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const key = "02610" + "0" // "a"
	set := dict{"mutations": []dict{{"type": "set", "key": key, "value": value}}, "enqueues": []dict{{"value": value, "delay": 1000}}}
	if _, err := b.call(1, "op_denokv_commit", set); err != nil {
		t.Fatal(err)
	}
	made, err := b.call(1, "op_schedule_create", schedule(b.clock.Now(), "n"))
	if err != nil {
		t.Fatal(err)
	}
	var id struct{ ID string }
	if err := json.Unmarshal(made, &id); err != nil {
		t.Fatal(err)
	}
	everything := dict{"ranges": []dict{{"start": "", "end": "ff", "limit": 1000}}}
	b.want(2, "op_denokv_read", everything, `[[]]`)
	b.want(2, "op_schedule_list", dict{}, `[]`)
	b.want(2, "op_schedule_cancel", dict{"id": id.ID}, `false`)
	b.want(2, "op_denokv_commit", dict{"checks": []dict{{"key": key, "version": nil}}, "mutations": []dict{{"type": "delete", "key": key}}}, `{"ok":true,"version":"00000000000000000000"}`)
	if found, err := b.call(1, "op_denokv_read", everything); err != nil || !strings.Contains(string(found), key) {
		t.Errorf("got %s, %v", found, err)
	}
	// A name reaches no other guild's store, and no store that is not a database.
	for _, name := range []string{"../1/.kv", "/", ".kv", "schedules/..", "\x00", strings.Repeat("x", 62), ".schedules"} {
		if _, err := b.call(2, "op_denokv_read", dict{"store": name, "ranges": everything["ranges"]}); fault.From(err).Code != fault.InvalidInput {
			t.Errorf("a database is called %q: %v", name, err)
		}
	}
	b.want(1, "op_denokv_read", dict{"store": "schedules", "ranges": everything["ranges"]}, `[[]]`)
	b.want(1, "op_schedule_cancel", dict{"id": id.ID}, `true`)
}

// TestMessagesAreOutOfReach: no range and no key of a script touches a message.
func TestMessagesAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.call(1, "op_denokv_commit", dict{"enqueues": []dict{{"value": value}}}); err != nil {
		t.Fatal(err)
	}
	b.want(1, "op_denokv_read", dict{"ranges": []dict{{"start": "", "end": "ffffff", "limit": 1000, "reverse": true}}}, `[[]]`)
	found, err := b.db.ReadRanges(t.Context(), 1, ".kv", []kv.Range{{Start: "\xf0", End: "\xff", Limit: 10}})
	if err != nil || len(found[0]) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	key := fmt.Sprintf("%x", found[0][0].Key)
	for _, args := range []dict{
		{"mutations": []dict{{"type": "delete", "key": key}}}, {"mutations": []dict{{"type": "set", "key": key, "value": value}}}, {"checks": []dict{{"key": key, "version": nil}}},
		{"enqueues": []dict{{"value": value, "keysIfUndelivered": []string{key}}}},
	} {
		if _, err := b.call(1, "op_denokv_commit", args); fault.From(err).Code != fault.InvalidInput {
			t.Errorf("%v: got %v", args, err)
		}
	}
	if _, err := b.call(1, "op_denokv_read", dict{"ranges": []dict{{"start": key, "end": "ffff", "limit": 1}}}); fault.From(err).Code != fault.InvalidInput {
		t.Errorf("got %v", err)
	}
}

// TestWhenASchedulesMomentIs: from 1970 to five years ahead.
func TestWhenASchedulesMomentIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := float64(b.clock.Now().UnixMilli())
	const fiveYears = 5 * 366 * 24 * 3600 * 1000
	for _, tt := range []struct {
		at any
		ok bool
	}{
		{0, true}, {now - 1, true}, {now, true}, {now + 0.5, true}, {now + fiveYears, true},
		{now + fiveYears + 1, false}, {-1, false}, {1e300, false}, {"5", false}, {nil, false},
	} {
		_, err := b.call(1, "op_schedule_create", dict{"at": tt.at, "name": "n", "data": value})
		if (err == nil) != tt.ok {
			t.Errorf("at %v: %v", tt.at, err)
		}
	}
	for _, args := range []dict{
		{"at": now, "name": "", "data": value}, {"at": now, "name": strings.Repeat("é", 101), "data": value}, {"at": now, "name": "n", "data": ""}, {"at": now, "name": "n", "data": "%"},
		{"at": now, "name": "n", "data": base64.StdEncoding.EncodeToString(make([]byte, 17<<10))},
	} {
		if _, err := b.call(1, "op_schedule_create", args); fault.From(err).Status() >= 500 || err == nil {
			t.Errorf("%.60v: got %v", args, err)
		}
	}
}

// TestAGuildHasSoManySchedules, however many it asks for at once, and other
// guilds have theirs.
func TestAGuildHasSoManySchedules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const most, more = 1000, 24
	var mu sync.Mutex
	var work sync.WaitGroup
	ids, refused := []string{}, 0
	for i := range most + more {
		work.Go(func() {
			made, err := b.call(1, "op_schedule_create", schedule(b.clock.Now().Add(time.Duration(i)*time.Second), "n"))
			mu.Lock()
			defer mu.Unlock()
			if fault.Is(err, fault.QuotaExceeded) {
				refused++
				return
			}
			var id struct{ ID string }
			if err != nil || json.Unmarshal(made, &id) != nil {
				t.Errorf("got %s, %v", made, err)
			}
			ids = append(ids, id.ID)
		})
	}
	work.Wait()
	if len(ids) != most || refused != more {
		t.Errorf("%d were taken and %d refused", len(ids), refused)
	}
	if _, err := b.call(2, "op_schedule_create", schedule(b.clock.Now(), "n")); err != nil {
		t.Errorf("another guild: %v", err)
	}
	listed, err := b.call(1, "op_schedule_list", dict{"name": "n"})
	if err != nil || strings.Count(string(listed), `"id"`) != most {
		t.Errorf("%d are listed (%v)", strings.Count(string(listed), `"id"`), err)
	}
	b.want(1, "op_schedule_list", dict{"name": "other"}, `[]`)
	b.want(1, "op_schedule_cancel", dict{"id": ids[7]}, `true`)
	b.want(1, "op_schedule_cancel", dict{"id": ids[7]}, `false`)
	for _, id := range []string{"", "zz", strings.Repeat("0", 48), ids[3][:46], ids[3] + "00"} {
		b.want(1, "op_schedule_cancel", dict{"id": id}, `false`)
	}
	if _, err := b.call(1, "op_schedule_create", schedule(b.clock.Now(), "n")); err != nil {
		t.Errorf("after one was cancelled: %v", err)
	}
}

// What is watched is kept until the script is gone, so it is bounded, whatever a
// worker asks for.
func TestWatchesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	told := map[string]int{}
	watches := denokv.NewWatches(func(guild snowflake.GuildID, _ []byte, over func()) bool {
		told[guild.String()]++
		over()
		return true
	})
	defer watches.Close()
	table, err := op.NewTable(denokv.Ops(denokv.Deps{Store: b.db, Clock: b.clock, Watches: watches}))
	if err != nil {
		t.Fatal(err)
	}
	b.table = table
	for name, args := range map[string]any{
		"a long name": map[string]any{"store": strings.Repeat("x", 257), "keys": []string{"01"}},
		"a long key":  map[string]any{"keys": []string{"01" + strings.Repeat("61", 2049)}},
	} {
		if _, err := b.call(1, "op_denokv_watch", args); !fault.Is(err, fault.InvalidInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	watch := func(guild snowflake.GuildID, n int) {
		for i := range n {
			if _, err := b.call(guild, "op_denokv_watch", map[string]any{"store": fmt.Sprint("s", i), "keys": []string{"01"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Databases are counted like keys: beyond the bound none is remembered, and all are told of.
	watch(1, 1000)
	watch(2, 1001)
	for _, guild := range []snowflake.GuildID{1, 2} {
		watches.Committed(guild, "__flora:kv-other", []string{"\x01"})
	}
	if told["1"] != 0 || told["2"] != 1 {
		t.Errorf("told of a database that is not watched: %v", told)
	}
}
