package kv_test

import (
	"bytes"
	"cmp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// FuzzKeys checks that encoded keys read back and sort like what is in them.
func FuzzKeys(f *testing.F) {
	f.Add(uint64(1), "s", "a", int64(5), uint64(1), "s", "b", int64(-5))
	f.Add(uint64(1), "s", "a", int64(1<<62), uint64(2), "s", "", int64(0))
	f.Add(uint64(255), "a", "\xff\xff", int64(-1<<63), uint64(256), "ab", "x\x01", int64(1<<63-1))
	f.Fuzz(func(t *testing.T, g1 uint64, s1, k1 string, e1 int64, g2 uint64, s2, k2 string, e2 int64) {
		if strings.ContainsRune(s1, 0) || strings.ContainsRune(s2, 0) || s1 == "" || s2 == "" {
			return
		}
		a, b := kv.EntryKeyForTest(snowflake.GuildID(g1), s1, k1), kv.EntryKeyForTest(snowflake.GuildID(g2), s2, k2)
		if g, s, k, err := kv.ParseEntryKeyForTest(a); err != nil || uint64(g) != g1 || s != s1 || k != k1 {
			t.Errorf("%d %q %q became %d %q %q, %v", g1, s1, k1, g, s, k, err)
		}
		want := cmp.Or(cmp.Compare(g1, g2), cmp.Compare(s1+"\x00", s2+"\x00"), cmp.Compare(k1, k2))
		if got := bytes.Compare(a, b); got != want {
			t.Errorf("entry keys compare %d, want %d", got, want)
		}
		x, y := kv.ExpiryKeyForTest(snowflake.GuildID(g1), e1, s1, k1), kv.ExpiryKeyForTest(snowflake.GuildID(g2), e2, s2, k2)
		if g, e, s, k, err := kv.ParseExpiryKeyForTest(x); err != nil || uint64(g) != g1 || e != e1 || s != s1 || k != k1 {
			t.Errorf("%d %d %q %q became %d %d %q %q, %v", g1, e1, s1, k1, g, e, s, k, err)
		}
		want = cmp.Or(cmp.Compare(g1, g2), cmp.Compare(e1, e2), cmp.Compare(s1+"\x00", s2+"\x00"), cmp.Compare(k1, k2))
		if got := bytes.Compare(x, y); got != want {
			t.Errorf("expiry keys compare %d, want %d", got, want)
		}
		upper := kv.AfterForTest(a)
		if bytes.Compare(a, upper) >= 0 || bytes.HasPrefix(upper, a) || bytes.HasPrefix(b, a) != (bytes.Compare(b, a) >= 0 && bytes.Compare(b, upper) < 0) {
			t.Errorf("%x is not the bound of what starts with %x (%x)", upper, a, b)
		}
	})
}

// FuzzRecords feeds bytes to the decoders: they answer or refuse, and what
// they take they write back alike.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{1, 5, 0, 0, 1, 1, 'v'})
	f.Add([]byte{1, 5, 2, 1, '1', 0x80, 0x40, 0, 9})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _, _ = kv.ParseEntryKeyForTest(b)
		_, _, _, _, _ = kv.ParseExpiryKeyForTest(b)
		once, err := kv.Recode(b)
		if err != nil {
			return
		}
		twice, err := kv.Recode(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%x became %x and then %x, %v", b, once, twice, err)
		}
	})
}

// FuzzListCursor gives any text as prefix and cursor. A page holds exactly the
// keys with the prefix after the cursor, or the text is refused by name.
func FuzzListCursor(f *testing.F) {
	keys := []string{"a", "a/1", "a/2", "b", "b\x7f", "ä", "漢"}
	db, err := kv.Open(kv.Config{Dir: "kv", Limits: kv.DefaultLimits()}.WithFS(vfs.NewMem()))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	for _, k := range keys {
		if err := db.Set(f.Context(), guildA, "s", k, "v", kv.SetOptions{}); err != nil {
			f.Fatal(err)
		}
	}
	f.Add("", "", 0)
	f.Add("a/", "a/1", 1)
	f.Add("\xff", "a\x00", -3)
	f.Fuzz(func(t *testing.T, prefix, cursor string, limit int) {
		p, err := db.List(t.Context(), guildA, "s", kv.ListOptions{Prefix: prefix, Cursor: cursor, Limit: limit})
		bad := !utf8.ValidString(prefix) || !utf8.ValidString(cursor) || strings.ContainsRune(prefix+cursor, 0) || utf8.RuneCountInString(cursor) > 512
		if bad || err != nil {
			if !bad || !fault.Is(err, fault.InvalidInput) {
				t.Fatalf("prefix %q, cursor %q: %v", prefix, cursor, err)
			}
			return
		}
		want := []string{}
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) && k > cursor {
				want = append(want, k)
			}
		}
		n := len(want)
		if limit != 0 {
			n = min(n, max(limit, 1))
		}
		if len(p.Keys) != n || p.Complete != (n == len(want)) {
			t.Fatalf("prefix %q, cursor %q, limit %d: %+v, want %d of %v", prefix, cursor, limit, p, n, want)
		}
		for i, k := range p.Keys {
			if k.Name != want[i] {
				t.Fatalf("prefix %q, cursor %q: %+v, want %v", prefix, cursor, p, want)
			}
		}
	})
}

// TestDamagedRecords writes nonsense beside the database's back.
func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	key := func(tag byte) []byte {
		k := kv.EntryKeyForTest(guildA, "s", "k")
		k[0] = tag
		return k
	}
	large := strings.Repeat("x", 9000)
	rows := []struct {
		name  string
		key   []byte
		value string
		do    func(db *kv.DB) error
	}{
		{"head", key(3), "nonsense", func(db *kv.DB) error { _, err := db.Get(t.Context(), guildA, "s", "k"); return err }},
		{"head, listed", key(3), "", func(db *kv.DB) error {
			_, err := db.List(t.Context(), guildA, "s", kv.ListOptions{})
			return err
		}},
		{"head, written over", key(3), "\x01", func(db *kv.DB) error {
			return db.Set(t.Context(), guildA, "s", "k", "v", kv.SetOptions{})
		}},
		{"value", key(4), "nonsense", func(db *kv.DB) error { _, err := db.Get(t.Context(), guildA, "s", "k"); return err }},
		{"guild", key(1)[:9], "\x02", func(db *kv.DB) error { return db.Set(t.Context(), guildA, "s", "k", "v", kv.SetOptions{}) }},
		{"store", key(2)[:10], "\x01short", func(db *kv.DB) error { _, err := db.Stores(t.Context(), guildA); return err }},
		{"expiration", append(key(5)[:9], 0, 0, 0, 0, 0, 0, 0, 1, 's'), "", func(db *kv.DB) error { return db.Sweep(t.Context()) }},
		{"expiration, short", key(5)[:9], "", func(db *kv.DB) error { return db.Sweep(t.Context()) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cfg := kv.Config{Dir: "kv", Limits: kv.DefaultLimits()}.WithFS(vfs.NewMem())
			db, err := kv.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Set(t.Context(), guildA, "s", "k", large, kv.SetOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := db.Pebble().Set(row.key, []byte(row.value), pebble.Sync); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if db, err = kv.Open(cfg); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			refused(t, row.name, row.do(db), fault.Internal, "kv storage is damaged; the operator must restore a backup")
			if err := db.Set(t.Context(), guildB, "s", "k", "v", kv.SetOptions{}); err != nil {
				t.Errorf("another guild: %s", err)
			}
		})
	}
}
