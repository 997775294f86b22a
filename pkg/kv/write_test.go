package kv_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
)

// conflict checks that err is a conflict over the key with the version.
func conflict(t *testing.T, what string, err error, key string, version any) {
	t.Helper()
	f := fault.From(err)
	if err == nil || f.Code != fault.Conflict || f.Details["key"] != key || f.Details["version"] != version {
		t.Errorf("%s: error is %v with %v, want a conflict over %q, version %v", what, err, f.Details, key, version)
	}
}

func (f *fixture) write(changes ...kv.Change) (uint64, error) {
	f.t.Helper()
	return f.Write(f.ctx, guildA, "s", changes)
}

func (f *fixture) wrote(changes ...kv.Change) uint64 {
	f.t.Helper()
	version, err := f.write(changes...)
	f.must(err)
	return version
}

func TestConditions(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	absent := func(key string) kv.Change {
		return kv.Change{Key: key, Value: "new", Condition: kv.Condition{IfAbsent: true}}
	}
	if v := f.wrote(absent("a")); v != f.get("s", "a").Version || v == 0 {
		t.Errorf("the write gave version %d, the key has %d", v, f.get("s", "a").Version)
	}
	_, err := f.write(absent("a"))
	conflict(t, "absent", err, "a", uint64(1))
	second := f.wrote(kv.Change{Key: "a", Value: "2", Condition: kv.Condition{IfVersion: 1}})
	_, err = f.write(kv.Change{Key: "a", Value: "3", Condition: kv.Condition{IfVersion: 1}})
	conflict(t, "an old version", err, "a", second)
	_, err = f.write(kv.Change{Key: "a", Delete: true, Condition: kv.Condition{IfVersion: 1}})
	conflict(t, "deleting an old version", err, "a", second)
	f.wrote(kv.Change{Key: "a", Delete: true, Condition: kv.Condition{IfVersion: second}})
	_, err = f.write(kv.Change{Key: "a", Value: "4", Condition: kv.Condition{IfVersion: second}})
	conflict(t, "a deleted key", err, "a", nil)
	_, err = f.write(kv.Change{Key: "a", Delete: true, Condition: kv.Condition{IfVersion: second}})
	conflict(t, "deleting a deleted key", err, "a", nil)
	// An expired key is no key.
	f.set("s", "e", "old", kv.SetOptions{TTL: 5})
	f.clock.Advance(5 * time.Second)
	f.wrote(absent("e"))
	if got := f.get("s", "e"); got.Value != "new" || got.Expiration != 0 {
		t.Errorf("the key is %+v", got)
	}
	// A store that is made again gives no version again.
	last := f.get("s", "e").Version
	f.must(f.DeleteStore(f.ctx, guildA, "s"))
	if v := f.wrote(absent("e")); v <= last {
		t.Errorf("version %d follows %d", v, last)
	}
	_, err = f.write(kv.Change{Key: "k", Condition: kv.Condition{IfAbsent: true, IfVersion: 1}})
	refused(t, "both", err, fault.InvalidInput, "give a version or that the key must not exist, not both")
	_, err = f.write(kv.Change{Key: "k", Delete: true, Condition: kv.Condition{IfAbsent: true}})
	refused(t, "deleting what is not there", err, fault.InvalidInput, "a delete cannot ask that the key does not exist")
}

func TestTimeToLive(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.set("s", "k", "v", kv.SetOptions{TTL: 10})
	if got := f.get("s", "k").Expiration; got != epoch.Unix()+10 {
		t.Errorf("the key goes at %d, want %d", got, epoch.Unix()+10)
	}
	f.set("s", "long", "v", kv.SetOptions{TTL: math.MaxInt64})
	if got := f.get("s", "long").Expiration; got != 1<<53-1 {
		t.Errorf("the longest life ends at %d", got)
	}
	f.clock.Advance(10 * time.Second)
	if f.get("s", "k").Found {
		t.Error("the key is still there")
	}
	refused(t, "negative", f.Set(f.ctx, guildA, "s", "k", "v", kv.SetOptions{TTL: -1}), fault.InvalidInput, "ttl must be at least 1 second")
	refused(t, "both", f.Set(f.ctx, guildA, "s", "k", "v", kv.SetOptions{TTL: 1, Expiration: 1}), fault.InvalidInput, "give expiration or ttl, not both")
}

func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.StoreBytes, l.WritesPerMinute, l.BatchKeys, l.BatchBytes = 20_000, 10, 6, 16_000 })
	big := strings.Repeat("x", 5000)
	version := f.wrote(kv.Change{Key: "a", Value: "1"}, kv.Change{Key: "b", Value: big, SetOptions: kv.SetOptions{TTL: 9, Metadata: json.RawMessage("1")}})
	for key, want := range map[string]kv.Entry{
		"a": {Found: true, Value: "1", Version: version},
		"b": {Found: true, Value: big, Version: version, Expiration: epoch.Unix() + 9, Metadata: json.RawMessage("1")},
	} {
		if diff := cmp.Diff(f.get("s", key), want); diff != "" {
			t.Errorf("%s (-got +want):\n%.500s", key, diff)
		}
	}
	before := f.state()
	set := func(key, value string) kv.Change { return kv.Change{Key: key, Value: value} }
	rows := []struct {
		name    string
		changes []kv.Change
		code    fault.Code
		want    string
	}{
		{"none", nil, fault.InvalidInput, "the batch has no keys"},
		{"too many", []kv.Change{set("1", ""), set("2", ""), set("3", ""), set("4", ""), set("5", ""), set("6", ""), set("7", "")}, fault.TooLarge, "the batch has 7 keys, which is more than 6; make it several"},
		{"too large", []kv.Change{set("1", strings.Repeat(big, 3)), set("2", big)}, fault.TooLarge, "the batch has more than 16000 bytes of keys, values and metadata; make it several"},
		{"twice", []kv.Change{set("c", "1"), {Key: "c", Delete: true}}, fault.InvalidInput, `key "c" is in the batch twice`},
		{"a bad key", []kv.Change{set("c", "1"), set("", "1")}, fault.InvalidInput, "key cannot be empty"},
		{"a bad value", []kv.Change{set("c", "1"), set("d", "\xff")}, fault.InvalidInput, "value contains broken Unicode (a lone surrogate or bytes that are no UTF-8)"},
		{"over the quota", []kv.Change{set("c", big), set("d", big), set("e", big)}, fault.QuotaExceeded, "kv store storage quota exceeded"},
		{"a condition", []kv.Change{set("c", "1"), {Key: "a", Delete: true}, {Key: "b", Value: "2", Condition: kv.Condition{IfVersion: 99}}}, fault.Conflict, fmt.Sprintf(`key "b" has version %d, it was to have version 99`, version)},
	}
	for _, row := range rows {
		_, err := f.write(row.changes...)
		refused(t, row.name, err, row.code, row.want)
		if diff := cmp.Diff(f.state(), before); diff != "" {
			t.Errorf("%s changed something (-got +want):\n%.500s", row.name, diff)
		}
	}
	// Whatever makes room counts, too.
	f.wrote(kv.Change{Key: "b", Delete: true}, set("c", big), set("d", big), set("e", big))
	if v := f.wrote(kv.Change{Key: "none", Delete: true}, kv.Change{Key: "b", Delete: true}); v != 0 {
		t.Errorf("a write of nothing gave version %d", v)
	}
	if _, err := f.Write(f.ctx, guildB, "s", []kv.Change{{Key: "none", Delete: true}}); err != nil {
		t.Error(err)
	}
	if stores, err := f.Stores(f.ctx, guildB); err != nil || len(stores) > 0 {
		t.Errorf("a delete made the stores %v, %v", stores, err)
	}
}

// state is all that the store has.
func (f *fixture) state() map[string]kv.Entry {
	f.t.Helper()
	out := map[string]kv.Entry{}
	for _, k := range f.names("s", kv.ListOptions{}) {
		out[k] = f.get("s", k)
	}
	return out
}

func TestBatchesCountAsTheirKeys(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.WritesPerMinute = 5 })
	three := []kv.Change{{Key: "a"}, {Key: "b"}, {Key: "c"}, {Key: "d", Delete: true}}
	f.wrote(three...)
	f.clock.Advance(20 * time.Second)
	_, err := f.write(three...)
	refused(t, "six in a minute", err, fault.RateLimited, "kv write rate limit exceeded; retry later")
	if wait := fault.From(err).RetryAfter; wait != 40*time.Second {
		t.Errorf("it is to wait %s, want 40s", wait)
	}
	f.wrote(kv.Change{Key: "a"}, kv.Change{Key: "b"})
	f.wrote(kv.Change{Key: "a", Delete: true}) // Deletes do not count.
	refused(t, "increment", second(f.Increment(f.ctx, guildA, "s", "n", kv.IncrementOptions{By: 1})), fault.RateLimited, "kv write rate limit exceeded; retry later")
	refused(t, "metadata", f.UpdateMetadata(f.ctx, guildA, "s", "b", json.RawMessage("1")), fault.RateLimited, "kv write rate limit exceeded; retry later")
	f.clock.Advance(40 * time.Second)
	f.wrote(three...)
	_, err = f.write(kv.Change{Key: "a"})
	if wait := fault.From(err).RetryAfter; wait != 20*time.Second {
		t.Errorf("it is to wait %s, want 20s", wait)
	}
	_, err = f.write(kv.Change{Key: "1"}, kv.Change{Key: "2"}, kv.Change{Key: "3"}, kv.Change{Key: "4"}, kv.Change{Key: "5"}, kv.Change{Key: "6"})
	refused(t, "more than ever", err, fault.InvalidInput, "the batch sets 6 keys, and only 5 may be set in a minute; make it several")
}

func second[T any](_ T, err error) error { return err }

func TestGetMany(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.BatchBytes, l.BatchKeys = 12_000, 4 })
	big := strings.Repeat("x", 6000)
	f.set("s", "a", big, kv.SetOptions{TTL: 5})
	f.set("s", "b", "small", kv.SetOptions{Metadata: json.RawMessage("{}")})
	f.set("s", "c", big, kv.SetOptions{})
	got, err := f.GetMany(f.ctx, guildA, "s", []string{"b", "none", "a", "b"})
	f.must(err)
	if diff := cmp.Diff(got, []kv.Entry{f.get("s", "b"), {}, f.get("s", "a"), f.get("s", "b")}); diff != "" {
		t.Errorf("(-got +want):\n%.500s", diff)
	}
	many := func(keys ...string) error { return second(f.GetMany(f.ctx, guildA, "s", keys)) }
	refused(t, "none", many(), fault.InvalidInput, "the batch has no keys")
	refused(t, "too many", many("1", "2", "3", "4", "5"), fault.TooLarge, "the batch has 5 keys, which is more than 4; make it several")
	refused(t, "too large", many("a", "b", "c"), fault.TooLarge, "the values of these keys have more than 12000 bytes together; ask for fewer at once")
	refused(t, "a bad key", many("a", "\x00"), fault.InvalidInput, "key contains null character")
	f.clock.Advance(5 * time.Second)
	f.must(many("a", "b", "c"))
}

// TestGetManySeesOneMoment reads two keys that are always written together.
func TestGetManySeesOneMoment(t *testing.T) {
	t.Parallel()
	f := openFast(t)
	values := []string{"1", strings.Repeat("2", 5000)}
	f.wrote(kv.Change{Key: "a", Value: values[0]}, kv.Change{Key: "b", Value: values[0]})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 300 {
			v := values[i%2]
			if _, err := f.write(kv.Change{Key: "a", Value: v}, kv.Change{Key: "b", Value: v}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 300 {
		got, err := f.GetMany(f.ctx, guildA, "s", []string{"a", "b"})
		f.must(err)
		if got[0].Value != got[1].Value || got[0].Version != got[1].Version {
			t.Fatalf("got versions %d and %d", got[0].Version, got[1].Version)
		}
	}
	wg.Wait()
}

// openFast has no limits and a disk in memory.
func openFast(t *testing.T) *fixture {
	t.Helper()
	return openOn(t, vfs.NewMem(), func(l *kv.Limits) { *l = unlimited() })
}

func TestIncrement(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	rows := []struct {
		name, have string
		o          kv.IncrementOptions
		want       int64
		refusal    string
	}{
		{"new", "", kv.IncrementOptions{By: 1}, 1, ""},
		{"from a start", "", kv.IncrementOptions{By: -3, Start: 10}, 7, ""},
		{"nothing", "7", kv.IncrementOptions{}, 7, ""},
		{"the start does not count", "7", kv.IncrementOptions{By: 1, Start: 100}, 8, ""},
		{"with a sign", "+007", kv.IncrementOptions{By: 1}, 8, ""},
		{"to the largest", "9223372036854775806", kv.IncrementOptions{By: 1}, math.MaxInt64, ""},
		{"across all", "-9223372036854775808", kv.IncrementOptions{By: math.MaxInt64}, -1, ""},
		{"beyond the largest", "9223372036854775807", kv.IncrementOptions{By: 1}, 0, "9223372036854775807 and 1 is more than a whole number of 64 bits holds"},
		{"beyond the smallest", "-9223372036854775808", kv.IncrementOptions{By: -1}, 0, "-9223372036854775808 and -1 is more than a whole number of 64 bits holds"},
		{"far beyond", "-2", kv.IncrementOptions{By: math.MinInt64}, 0, "-2 and -9223372036854775808 is more than a whole number of 64 bits holds"},
		{"beyond its own limit", "5", kv.IncrementOptions{By: 1, Most: 5}, 0, "5 and 1 is beyond 5, the largest whole number here"},
		{"below its own limit", "-5", kv.IncrementOptions{By: -1, Most: 5}, 0, "-5 and -1 is beyond 5, the largest whole number here"},
		{"text", "ten", kv.IncrementOptions{By: 1}, 0, "the value is no whole number of 64 bits, so it cannot be incremented"},
		{"a fraction", "1.0", kv.IncrementOptions{By: 1}, 0, "the value is no whole number of 64 bits, so it cannot be incremented"},
		{"blanks", " 1", kv.IncrementOptions{By: 1}, 0, "the value is no whole number of 64 bits, so it cannot be incremented"},
		{"a large number", "9223372036854775808", kv.IncrementOptions{By: 1}, 0, "the value is no whole number of 64 bits, so it cannot be incremented"},
		{"a long text", strings.Repeat("1", 5000), kv.IncrementOptions{By: 1}, 0, "the value is no whole number of 64 bits, so it cannot be incremented"},
		{"both ends", "1", kv.IncrementOptions{By: 1, TTL: 1, Expiration: 1}, 0, "give expiration or ttl, not both"},
	}
	for i, row := range rows {
		key := fmt.Sprint(i)
		if row.have != "" {
			f.set("s", key, row.have, kv.SetOptions{TTL: 60, Metadata: json.RawMessage(`"m"`)})
		}
		before := f.get("s", key)
		n, err := f.Increment(f.ctx, guildA, "s", key, row.o)
		got := f.get("s", key)
		if row.refusal != "" {
			refused(t, row.name, err, fault.InvalidInput, row.refusal)
			if diff := cmp.Diff(got, before); diff != "" {
				t.Errorf("%s changed the key (-got +want):\n%.500s", row.name, diff)
			}
			continue
		}
		f.must(err)
		want := before
		want.Found, want.Value, want.Version = true, fmt.Sprint(row.want), n.Version
		if diff := cmp.Diff(got, want); n.Value != row.want || n.Version <= before.Version || diff != "" {
			t.Errorf("%s gave %+v (-got +want):\n%s", row.name, n, diff)
		}
	}
	f.set("s", "k", "1", kv.SetOptions{TTL: 60})
	f.must(second(f.Increment(f.ctx, guildA, "s", "k", kv.IncrementOptions{By: 1, TTL: 600})))
	if got := f.get("s", "k").Expiration; got != f.clock.Now().Unix()+600 {
		t.Errorf("the key goes at %d", got)
	}
	f.clock.Advance(600 * time.Second)
	f.must(second(f.Increment(f.ctx, guildA, "s", "k", kv.IncrementOptions{By: 1, Start: 40})))
	if diff := cmp.Diff(f.get("s", "k"), kv.Entry{Found: true, Value: "41"}, cmpopts.IgnoreFields(kv.Entry{}, "Version")); diff != "" {
		t.Errorf("an expired counter (-got +want):\n%s", diff)
	}
}

// TestNothingIsLostBetweenWriters: increments and compare-and-set from many
// goroutines come to the right sum.
func TestNothingIsLostBetweenWriters(t *testing.T) {
	t.Parallel()
	f := openFast(t)
	const writers, each = 8, 40
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if _, err := f.Increment(f.ctx, guildA, "s", "sum", kv.IncrementOptions{By: 1}); err != nil {
					t.Error(err)
					return
				}
				for {
					e, err := f.Get(f.ctx, guildA, "s", "list")
					if err != nil {
						t.Error(err)
						return
					}
					c := kv.Change{Key: "list", Value: e.Value + "x", Condition: kv.Condition{IfVersion: e.Version, IfAbsent: !e.Found}}
					if _, err = f.write(c); err == nil {
						break
					}
					if !fault.Is(err, fault.Conflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if got, list := f.get("s", "sum").Value, f.get("s", "list").Value; got != fmt.Sprint(writers*each) || len(list) != writers*each {
		t.Errorf("the sum is %s, the list has %d, want %d", got, len(list), writers*each)
	}
}

// TestRefusedWritesCostNothing: what the quotas, a condition or the value refuse
// takes no place among the writes of the minute.
func TestRefusedWritesCostNothing(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.WritesPerMinute, l.StoreBytes = 3, 1000 })
	f.set("s", "k", "v", kv.SetOptions{})
	for range 5 {
		refused(t, "quota", f.Set(f.ctx, guildA, "s", "big", strings.Repeat("x", 2000), kv.SetOptions{}), fault.QuotaExceeded, "kv store storage quota exceeded")
		refused(t, "metadata", f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage(`"`+strings.Repeat("x", 2000)+`"`)), fault.QuotaExceeded, "kv store storage quota exceeded")
		_, err := f.write(kv.Change{Key: "k", Condition: kv.Condition{IfAbsent: true}})
		conflict(t, "condition", err, "k", uint64(1))
		if _, err := f.Increment(f.ctx, guildA, "s", "k", kv.IncrementOptions{}); !fault.Is(err, fault.InvalidInput) {
			t.Errorf("increment: %v", err)
		}
	}
	f.set("s", "k", "v", kv.SetOptions{})
	f.must(f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage("1")))
	refused(t, "the fourth", f.Set(f.ctx, guildA, "s", "k", "v", kv.SetOptions{}), fault.RateLimited, "kv write rate limit exceeded; retry later")
}

// TestBigValuesStallNobody: while a guild writes values of 1 MB without end,
// each small write of another is on disk within a time that no queue behind
// them would keep.
func TestBigValuesStallNobody(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { *l = unlimited() })
	ctx, stop := context.WithCancel(f.ctx)
	big := strings.Repeat("x", 1<<20)
	var wg sync.WaitGroup
	var written atomic.Int64
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := f.Set(f.ctx, guildB, "s", fmt.Sprintf("%d/%d", w, i%4), big, kv.SetOptions{}); err != nil {
					t.Error(err)
					return
				}
				written.Add(1)
			}
		})
	}
	const liveness = 10 * time.Second
	for n := 0; n < 50 || written.Load() < 100; n++ {
		began := time.Now()
		f.set("s", "k", fmt.Sprint(n), kv.SetOptions{})
		if took := time.Since(began); took > liveness {
			t.Errorf("a small write took %s", took)
			break
		}
	}
	stop()
	wg.Wait()
}
