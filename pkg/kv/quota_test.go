package kv_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
)

func TestQuotas(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		edit  func(*kv.Limits)
		do    func(f *fixture) error
		code  fault.Code
		text  string
		after string // What works then.
	}{
		{
			"store", func(l *kv.Limits) { l.StoreBytes = 100 },
			func(f *fixture) error {
				return f.Set(f.ctx, guildA, "s", "more", strings.Repeat("x", 39), kv.SetOptions{})
			},
			fault.QuotaExceeded, "kv store storage quota exceeded", "other",
		},
		{
			"guild", func(l *kv.Limits) { l.GuildBytes = 100 },
			func(f *fixture) error {
				return f.Set(f.ctx, guildA, "other", "more", strings.Repeat("x", 39), kv.SetOptions{})
			},
			fault.QuotaExceeded, "kv guild storage quota exceeded", "s",
		},
		{
			"metadata", func(l *kv.Limits) { l.StoreBytes = 100 },
			func(f *fixture) error {
				return f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage(`"`+strings.Repeat("x", 50)+`"`))
			},
			fault.QuotaExceeded, "kv store storage quota exceeded", "other",
		},
		{
			"keys", func(l *kv.Limits) { l.GuildKeys = 1 },
			func(f *fixture) error { return f.Set(f.ctx, guildA, "s", "more", "", kv.SetOptions{}) },
			fault.QuotaExceeded, "kv guild has 1 keys, which is the most allowed; delete some first", "s",
		},
		{
			"stores", func(l *kv.Limits) { l.Stores = 1 },
			func(f *fixture) error { return f.Set(f.ctx, guildA, "other", "more", "", kv.SetOptions{}) },
			fault.QuotaExceeded, "kv guild has 1 stores, which is the most allowed; delete one first", "s",
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := open(t, row.edit)
			f.set("s", "k", strings.Repeat("x", 57), kv.SetOptions{}) // 58 bytes.
			refused(t, "over", row.do(f), row.code, row.text)
			f.reopen()
			refused(t, "over, after a restart", row.do(f), row.code, row.text)
			// Replacing counts the difference only.
			f.set("s", "k", strings.Repeat("x", 58), kv.SetOptions{})
			f.must(f.Set(f.ctx, guildB, "s", "k", "another guild", kv.SetOptions{}))
			if _, err := f.Delete(f.ctx, guildA, "s", "k"); err != nil {
				t.Fatal(err)
			}
			f.set(row.after, "k", "v", kv.SetOptions{})
		})
	}
}

func TestQuotaTakesExpiredKeysBack(t *testing.T) {
	t.Parallel()
	f := openOn(t, vfs.NewMem(), func(l *kv.Limits) { l.StoreBytes, l.WritesPerMinute = 100_000, 0 })
	for i := range 900 {
		f.set("s", fmt.Sprintf("%03d", i), strings.Repeat("x", 97), kv.SetOptions{Expiration: epoch.Unix() + 1})
	}
	f.set("s", "kept", "v", kv.SetOptions{Expiration: epoch.Unix() + 1000})
	large := strings.Repeat("y", 90_000)
	refused(t, "full", f.Set(f.ctx, guildA, "s", "large", large, kv.SetOptions{}), fault.QuotaExceeded, "kv store storage quota exceeded")
	f.clock.Advance(time.Second)
	f.set("s", "large", large, kv.SetOptions{})
	if diff := cmp.Diff(f.names("s", kv.ListOptions{}), []string{"kept", "large"}); diff != "" {
		t.Errorf("keys (-got +want):\n%s", diff)
	}
}

func TestWriteRate(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.WritesPerMinute, l.StoreBytes = 3, 100 })
	limited := func(what string, want time.Duration) {
		t.Helper()
		err := f.Set(f.ctx, guildA, "s", "k", "v", kv.SetOptions{})
		refused(t, what, err, fault.RateLimited, "kv write rate limit exceeded; retry later")
		if got := fault.From(err).RetryAfter; got != want {
			t.Errorf("%s: retry after %s, want %s", what, got, want)
		}
	}
	f.set("s", "k", "1", kv.SetOptions{})
	f.clock.Advance(10 * time.Second)
	f.must(f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage("1")))
	for range 5 {
		// What the quota refuses uses nothing up.
		refused(t, "too large", f.Set(f.ctx, guildA, "s", "k", strings.Repeat("x", 101), kv.SetOptions{}), fault.QuotaExceeded, "kv store storage quota exceeded")
	}
	f.set("s", "k", "3", kv.SetOptions{})
	limited("the fourth", 50*time.Second)
	for range 5 {
		if _, err := f.Delete(f.ctx, guildA, "s", "k"); err != nil {
			t.Fatal(err)
		}
	}
	f.set("other", "k", "v", kv.SetOptions{})
	f.must(f.Set(f.ctx, guildB, "s", "k", "v", kv.SetOptions{}))
	f.clock.Advance(49 * time.Second)
	f.Forget()
	limited("a second early", time.Second)
	f.clock.Advance(time.Second)
	f.set("s", "k", "4", kv.SetOptions{})
	limited("the window rolls", 10*time.Second)
	off := open(t, func(l *kv.Limits) { l.WritesPerMinute = 0 })
	for i := range 200 {
		off.set("s", "k", fmt.Sprint(i), kv.SetOptions{})
	}
}

// TestSetLimits changes the limits while writes count against them.
func TestSetLimits(t *testing.T) {
	t.Parallel()
	limits := kv.DefaultLimits()
	f := open(t, func(l *kv.Limits) { l.WritesPerMinute = 3 })
	rows := []struct {
		limit   int
		advance time.Duration
		taken   int           // Writes that succeed.
		wait    time.Duration // That the next is told.
	}{
		{limit: 3, taken: 1, wait: 0},
		{limit: 3, advance: 10 * time.Second, taken: 2, wait: 50 * time.Second},
		{limit: 3, advance: 50 * time.Second, taken: 1, wait: 10 * time.Second}, // The ring has turned.
		{limit: 5, taken: 2, wait: 10 * time.Second},
		{limit: 2, wait: time.Minute},
		{limit: 2, advance: 59 * time.Second, wait: time.Second},
		{limit: 2, advance: time.Second, taken: 2, wait: time.Minute},
		{limit: 0, taken: 20},
		{limit: 4, advance: 30 * time.Second, taken: 2, wait: 30 * time.Second},
	}
	for i, r := range rows {
		limits.WritesPerMinute = r.limit
		f.must(f.SetLimits(limits))
		f.clock.Advance(r.advance)
		for range r.taken {
			f.set("s", "k", "v", kv.SetOptions{})
		}
		if r.wait == 0 {
			continue
		}
		err := f.Set(f.ctx, guildA, "s", "k", "v", kv.SetOptions{})
		if got := fault.From(err).RetryAfter; err == nil || got != r.wait {
			t.Errorf("row %d: %v, retry after %s, want %s", i, err, got, r.wait)
		}
	}
	limits.ValueBytes = 3
	f.must(f.SetLimits(limits))
	refused(t, "a long value", f.Set(f.ctx, guildA, "other", "k", "long", kv.SetOptions{}), fault.TooLarge, "value exceeds maximum size of 3 bytes")
	limits.ValueBytes = 0
	if err := f.SetLimits(limits); err == nil {
		t.Error("limits that cannot work are taken")
	}
}
