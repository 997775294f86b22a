package kv

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Limits of what scripts may store. Sizes are bytes.
type Limits struct {
	ValueBytes int
	KeyRunes   int // Unicode code points of a key.
	StoreRunes int // Of a store's name.
	// EntryBytes bounds key and value, and key and metadata when there is some,
	// together. This is also the size that counts for the quotas.
	EntryBytes int

	// Quotas; 0 is none.
	StoreBytes int64
	GuildBytes int64
	GuildKeys  int64
	Stores     int
	// WritesPerMinute bounds the keys written to one store in any 60 seconds,
	// deletes and imports not counted.
	WritesPerMinute int
	// CommitsPerMinute is that of an ordered store. A commit counts once for each
	// CommitBytes begun.
	CommitsPerMinute int

	ListDefault int
	ListMax     int
	// ListBytes bounds the names and metadata of a page.
	ListBytes int
	// BatchKeys and BatchBytes bound what is read or written together. A single
	// key is no batch.
	BatchKeys, BatchBytes int
	// Exports is how many archives of a guild are kept, and ExportEvery the time
	// between two.
	Exports     int
	ExportEvery time.Duration
	// InFlightBytes bounds what a guild writes at once; more waits.
	InFlightBytes int64
}

// DefaultLimits are those of a configuration that says nothing.
func DefaultLimits() Limits {
	return Limits{
		ValueBytes: 1 << 20, KeyRunes: 512, StoreRunes: 64, EntryBytes: 2 << 20,
		StoreBytes: 100 << 20, GuildBytes: 500 << 20, GuildKeys: 5_000_000, Stores: 1000, WritesPerMinute: 120, CommitsPerMinute: 1200,
		ListDefault: 100, ListMax: 1000, ListBytes: 4 << 20,
		BatchKeys: 100, BatchBytes: 4 << 20,
		Exports: 5, ExportEvery: time.Minute,
		InFlightBytes: 2 << 20,
	}
}

// Validate reports a limit that cannot work.
func (l Limits) Validate() error {
	rows := []struct {
		name     string
		value    int64
		min, max int64
	}{
		{"value bytes", int64(l.ValueBytes), 1, 16 << 20},
		{"key characters", int64(l.KeyRunes), 1, 4096},
		{"store name characters", int64(l.StoreRunes), 1, 256},
		{"entry bytes", int64(l.EntryBytes), 1, 32 << 20},
		{"store bytes", l.StoreBytes, 0, 1 << 60},
		{"guild bytes", l.GuildBytes, 0, 1 << 60},
		{"guild keys", l.GuildKeys, 0, 1 << 60},
		{"stores", int64(l.Stores), 0, 1_000_000},
		{"writes per minute", int64(l.WritesPerMinute), 0, 1_000_000},
		{"commits per minute", int64(l.CommitsPerMinute), 0, 1_000_000},
		{"standard list length", int64(l.ListDefault), 1, 100_000},
		{"longest list", int64(l.ListMax), int64(l.ListDefault), 100_000},
		{"list bytes", int64(l.ListBytes), 1, 1 << 30},
		{"batch keys", int64(l.BatchKeys), 1, 100_000},
		{"batch bytes", int64(l.BatchBytes), 1, 24 << 20},
		{"exports", int64(l.Exports), 1, 1000},
		{"nanoseconds between exports", int64(l.ExportEvery), 0, 1 << 60},
		{"bytes in flight", l.InFlightBytes, 1, 1 << 40},
	}
	for _, r := range rows {
		if r.value < r.min || r.value > r.max {
			return fmt.Errorf("kv limit of %s is %d, it must be from %d to %d", r.name, r.value, r.min, r.max)
		}
	}
	return nil
}

// perMinute is how many writes a store may have in a minute.
func (l Limits) perMinute(store string) int {
	if strings.HasPrefix(store, Reserved) {
		return l.CommitsPerMinute
	}
	return l.WritesPerMinute
}

func (l Limits) checkStore(name string) error {
	switch {
	case name == "":
		return fault.New(fault.InvalidInput, "store name cannot be empty")
	case len(name) > l.StoreRunes*utf8.UTFMax || utf8.RuneCountInString(name) > l.StoreRunes:
		return fault.New(fault.InvalidInput, "store name exceeds maximum size of %d characters", l.StoreRunes)
	case l.checkOrdered(name) == nil:
		return fault.New(fault.InvalidInput, "store %q is a database of Deno.openKv or holds schedules: only the script reads and writes its keys; it can be exported, imported and deleted", name)
	case strings.ContainsAny(name, "/."):
		return fault.New(fault.InvalidInput, `store name cannot contain "/" or "."`)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fault.New(fault.InvalidInput, "store name cannot contain control characters or broken Unicode")
	}
	return nil
}

func (l Limits) checkKey(key string) error {
	switch {
	case key == "":
		return fault.New(fault.InvalidInput, "key cannot be empty")
	case len(key) > l.KeyRunes*utf8.UTFMax || utf8.RuneCountInString(key) > l.KeyRunes:
		return fault.New(fault.InvalidInput, "key exceeds maximum size of %d characters", l.KeyRunes)
	}
	return checkText("key", key)
}

// checkText refuses what no key contains.
func checkText(what, text string) error {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return fault.New(fault.InvalidInput, "%s contains null character", what)
	case !utf8.ValidString(text):
		return fault.New(fault.InvalidInput, "%s contains broken Unicode (a lone surrogate or bytes that are no UTF-8)", what)
	}
	return nil
}

func (l Limits) checkValue(value string) error {
	switch {
	case len(value) > l.ValueBytes:
		return fault.New(fault.TooLarge, "value exceeds maximum size of %s", size(int64(l.ValueBytes)))
	case !utf8.ValidString(value):
		return fault.New(fault.InvalidInput, "value contains broken Unicode (a lone surrogate or bytes that are no UTF-8)")
	}
	return nil
}

// checkMetadata gives the metadata as it is stored, nil for none.
func (l Limits) checkMetadata(m json.RawMessage) (json.RawMessage, error) {
	if len(m) == 0 || string(m) == "null" {
		return nil, nil
	}
	if len(m) > l.EntryBytes {
		return nil, l.entryTooLarge()
	}
	if !json.Valid(m) || !utf8.Valid(m) {
		return nil, fault.New(fault.InvalidInput, "metadata is not valid JSON")
	}
	return m, nil
}

func (l Limits) entryTooLarge() error {
	return fault.New(fault.TooLarge, "kv entry exceeds maximum size of %s", size(int64(l.EntryBytes)))
}

func (l Limits) tooManyStores() error {
	return fault.New(fault.QuotaExceeded, "kv guild has %d stores, which is the most allowed; delete one first", l.Stores)
}

func (l Limits) checkBatch(n int) error {
	switch {
	case n == 0:
		return fault.New(fault.InvalidInput, "the batch has no keys")
	case n > l.BatchKeys:
		return fault.New(fault.TooLarge, "the batch has %d keys, which is more than %d; make it several", n, l.BatchKeys)
	}
	return nil
}

// first gives the first error of a row of checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func size(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// window holds the moments of the writes in the last minute.
type window struct {
	times []int64 // Unix nanoseconds, a ring once they are as many as the limit.
	next  int     // The oldest.
}

const windowLength = int64(time.Minute)

// fit makes it one for the limit, which may have changed since the last write.
func (w *window) fit(limit int) {
	if len(w.times) == limit || len(w.times) < limit && w.next == 0 {
		return
	}
	times := slices.Concat(w.times[w.next:], w.times[:w.next])
	w.times, w.next = times[max(0, len(times)-limit):], 0
}

// wait is how long until n writes are allowed again; 0 is now.
func (w *window) wait(now int64, limit, n int) time.Duration {
	if limit <= 0 {
		return 0
	}
	w.fit(limit)
	n = min(n, limit) // It was checked against an earlier limit.
	if len(w.times)+n <= limit {
		return 0
	}
	// The last of those that must have left the window.
	last := w.times[(w.next+len(w.times)+n-limit-1)%len(w.times)]
	return time.Duration(max(0, last+windowLength-now))
}

// take uses up n writes. wait must have allowed them.
func (w *window) take(now int64, limit, n int) {
	if limit <= 0 {
		return
	}
	w.fit(limit)
	for range n {
		if len(w.times) < limit {
			w.times = append(w.times, now)
			continue
		}
		w.times[w.next] = now
		w.next = (w.next + 1) % limit
	}
}
