package kv_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

// One ends in a byte above which there is none: where its keys end is not where
// one would think.
const guildA, guildB = snowflake.GuildID(0xffff), snowflake.GuildID(1) << 62

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456789, time.UTC)

// fixture is a database with a clock that the test moves.
type fixture struct {
	*kv.DB
	t     *testing.T
	ctx   context.Context //nolint:containedctx // The test's.
	clock *clock.Fake
	cfg   kv.Config
}

func open(t *testing.T, edit func(*kv.Limits)) *fixture {
	t.Helper()
	return openOn(t, vfs.Default, edit)
}

func openOn(t *testing.T, disk vfs.FS, edit func(*kv.Limits)) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.NewFake(epoch)}
	f.cfg = kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), Clock: f.clock}.WithFS(disk)
	if edit != nil {
		edit(&f.cfg.Limits)
	}
	f.reopen()
	t.Cleanup(func() {
		if err := f.Check(); err != nil {
			t.Errorf("at the end: %s", err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("Close: %s", err)
		}
	})
	return f
}

// reopen closes the database, if it is open, and opens it again.
func (f *fixture) reopen() {
	f.t.Helper()
	if f.DB != nil {
		f.must(f.Close())
	}
	db, err := postgrestest.Open(f.t, f.cfg)
	f.must(err)
	f.DB = db
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) set(store, key, value string, o kv.SetOptions) {
	f.t.Helper()
	f.must(f.Set(f.ctx, guildA, store, key, value, o))
}

func (f *fixture) get(store, key string) kv.Entry {
	f.t.Helper()
	e, err := f.Get(f.ctx, guildA, store, key)
	f.must(err)
	return e
}

// names lists all keys, page by page.
func (f *fixture) names(store string, o kv.ListOptions) []string {
	f.t.Helper()
	out := []string{}
	for {
		p, err := f.List(f.ctx, guildA, store, o)
		f.must(err)
		for _, k := range p.Keys {
			out = append(out, k.Name)
		}
		if p.Complete {
			return out
		}
		o.Cursor = p.Cursor
	}
}

// refused checks that err is a fault with the code and text.
func refused(t *testing.T, what string, err error, code fault.Code, text string) {
	t.Helper()
	if !fault.Is(err, code) || fault.From(err).Message != text {
		t.Errorf("%s: error is %v, want %s %q", what, err, code, text)
	}
}

func TestSetAndGet(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	big := strings.Repeat("x", 1<<20)
	rows := []struct {
		name, key, value string
		o                kv.SetOptions
		want             kv.Entry
	}{
		{"plain", "k", "v", kv.SetOptions{}, kv.Entry{Found: true, Value: "v"}},
		{"empty value", "empty", "", kv.SetOptions{}, kv.Entry{Found: true}},
		{"large value", "large", big, kv.SetOptions{}, kv.Entry{Found: true, Value: big}},
		{"value at the border", "border", big[:4096], kv.SetOptions{}, kv.Entry{Found: true, Value: big[:4096]}},
		{"value over the border", "over", big[:4097], kv.SetOptions{}, kv.Entry{Found: true, Value: big[:4097]}},
		{"all options", "all", "v", kv.SetOptions{Expiration: epoch.Unix() + 10, Metadata: json.RawMessage(`{"a":[1]}`)}, kv.Entry{Found: true, Value: "v", Expiration: epoch.Unix() + 10, Metadata: json.RawMessage(`{"a":[1]}`)}},
		{"null is no metadata", "null", "v", kv.SetOptions{Metadata: json.RawMessage("null")}, kv.Entry{Found: true, Value: "v"}},
		{"ends now", "now", "v", kv.SetOptions{Expiration: epoch.Unix()}, kv.Entry{}},
		{"ended before", "past", "v", kv.SetOptions{Expiration: -5}, kv.Entry{}},
		{"odd keys", "__proto__/../a b\n漢😀", "v", kv.SetOptions{}, kv.Entry{Found: true, Value: "v"}},
		{"longest key", strings.Repeat("😀", 512), "v", kv.SetOptions{}, kv.Entry{Found: true, Value: "v"}},
		{"replaced", "all", "w", kv.SetOptions{}, kv.Entry{Found: true, Value: "w"}},
		{"large becomes small", "large", "s", kv.SetOptions{}, kv.Entry{Found: true, Value: "s"}},
		{"small becomes large", "k", big, kv.SetOptions{}, kv.Entry{Found: true, Value: big}},
		{"large becomes large", "k", big[1:], kv.SetOptions{}, kv.Entry{Found: true, Value: big[1:]}},
	}
	last := uint64(0)
	for _, row := range rows {
		f.set("s", row.key, row.value, row.o)
		got := f.get("s", row.key)
		if row.want.Found && got.Version <= last {
			t.Errorf("%s: version %d follows %d", row.name, got.Version, last)
		}
		last = max(last, got.Version)
		if diff := cmp.Diff(got, row.want, cmpopts.IgnoreFields(kv.Entry{}, "Version")); diff != "" {
			t.Errorf("%s (-got +want):\n%.2000s", row.name, diff)
		}
	}
	if e, err := f.Get(f.ctx, guildB, "s", "k"); err != nil || e.Found {
		t.Errorf("another guild sees %v, %v", e, err)
	}
	if e := f.get("other", "k"); e.Found {
		t.Errorf("another store has %v", e)
	}
	f.reopen()
	if e := f.get("s", "k"); e.Value != big[1:] {
		t.Errorf("after a restart the value has %d bytes", len(e.Value))
	}
	f.set("s", "k", "", kv.SetOptions{})
	if e := f.get("s", "k"); e.Version <= last {
		t.Errorf("after a restart version %d follows %d", e.Version, last)
	}
}

func TestExpiration(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.set("s", "a", "1", kv.SetOptions{Expiration: epoch.Unix() + 10})
	f.set("s", "b", "2", kv.SetOptions{})
	f.clock.Advance(9 * time.Second)
	if !f.get("s", "a").Found {
		t.Error("a is gone a second early")
	}
	f.clock.Advance(time.Second)
	if f.get("s", "a").Found {
		t.Error("a is there when it has expired")
	}
	if diff := cmp.Diff(f.names("s", kv.ListOptions{}), []string{"b"}); diff != "" {
		t.Errorf("keys (-got +want):\n%s", diff)
	}
	refused(t, "metadata of an expired key", f.UpdateMetadata(f.ctx, guildA, "s", "a", json.RawMessage("1")), fault.NotFound, "key not found")
	if existed, err := f.Delete(f.ctx, guildA, "s", "a"); existed || err != nil {
		t.Errorf("deleting an expired key gave %t, %v", existed, err)
	}
	// A key that is written again must not go with its earlier expiration.
	f.set("s", "c", "old", kv.SetOptions{Expiration: f.clock.Now().Unix() + 5})
	f.set("s", "c", "new", kv.SetOptions{Expiration: f.clock.Now().Unix() + 50})
	f.set("s", "d", "old", kv.SetOptions{Expiration: f.clock.Now().Unix() + 5})
	f.set("s", "d", "new", kv.SetOptions{})
	f.clock.Advance(10 * time.Second)
	f.must(f.Sweep(f.ctx))
	if diff := cmp.Diff(f.names("s", kv.ListOptions{}), []string{"b", "c", "d"}); diff != "" {
		t.Errorf("keys after the sweep (-got +want):\n%s", diff)
	}
}

func TestUpdateMetadataAndDelete(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	big := strings.Repeat("x", 9000)
	for _, value := range []string{"v", big} {
		f.set("s", "k", value, kv.SetOptions{Expiration: epoch.Unix() + 100, Metadata: json.RawMessage(`"old"`)})
		before := f.get("s", "k").Version
		for _, m := range []string{`{"new":1}`, "null", `[]`, ""} {
			f.must(f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage(m)))
			want := kv.Entry{Found: true, Value: value, Expiration: epoch.Unix() + 100}
			if m != "null" && m != "" {
				want.Metadata = json.RawMessage(m)
			}
			got := f.get("s", "k")
			if diff := cmp.Diff(got, want, cmpopts.IgnoreFields(kv.Entry{}, "Version")); diff != "" || got.Version <= before {
				t.Errorf("with %q, version %d after %d (-got +want):\n%.500s", m, got.Version, before, diff)
			}
			before = got.Version
		}
		for _, want := range []bool{true, false} {
			if existed, err := f.Delete(f.ctx, guildA, "s", "k"); err != nil || existed != want {
				t.Errorf("Delete gave %t, %v, want %t", existed, err, want)
			}
		}
	}
	if existed, err := f.Delete(f.ctx, guildA, "none", "k"); existed || err != nil {
		t.Errorf("Delete in no store gave %t, %v", existed, err)
	}
	refused(t, "no key", f.UpdateMetadata(f.ctx, guildA, "s", "k", nil), fault.NotFound, "key not found")
	refused(t, "no store", f.UpdateMetadata(f.ctx, guildA, "none", "k", nil), fault.NotFound, "key not found")
	if stores, err := f.Stores(f.ctx, guildA); err != nil || len(stores) != 1 {
		t.Errorf("stores are %v, %v", stores, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	set := func(store, key, value string, m string) error {
		return f.Set(f.ctx, guildA, store, key, value, kv.SetOptions{Metadata: json.RawMessage(m)})
	}
	list := func(o kv.ListOptions) error { _, err := f.List(f.ctx, guildA, "s", o); return err }
	get := func(g snowflake.GuildID, store, key string) error {
		_, err := f.Get(f.ctx, g, store, key)
		return err
	}
	del := func(key string) error { _, err := f.Delete(f.ctx, guildA, "s", key); return err }
	create := func(name string) error { _, err := f.CreateStore(f.ctx, guildA, name); return err }
	mb := strings.Repeat("x", 1<<20)
	broken := "\xed\xa0\x80" // A lone surrogate.
	f.set("s", "k", mb, kv.SetOptions{})
	f.must(create("made"))
	rows := []struct {
		name string
		err  error
		code fault.Code
		text string
	}{
		{"empty key", set("s", "", "v", ""), fault.InvalidInput, "key cannot be empty"},
		{"long key", set("s", strings.Repeat("a", 513), "v", ""), fault.InvalidInput, "key exceeds maximum size of 512 characters"},
		{"very long key", set("s", mb, "v", ""), fault.InvalidInput, "key exceeds maximum size of 512 characters"},
		{"long key of wide characters", set("s", strings.Repeat("😀", 513), "v", ""), fault.InvalidInput, "key exceeds maximum size of 512 characters"},
		{"NUL", set("s", "a\x00b", "v", ""), fault.InvalidInput, "key contains null character"},
		{"broken key", set("s", broken, "v", ""), fault.InvalidInput, "key contains broken Unicode (a lone surrogate or bytes that are no UTF-8)"},
		{"large value", set("s", "k", mb+"x", ""), fault.TooLarge, "value exceeds maximum size of 1MB"},
		{"broken value", set("s", "k", broken, ""), fault.InvalidInput, "value contains broken Unicode (a lone surrogate or bytes that are no UTF-8)"},
		{"large entry", set("s", "k", mb, `"`+mb+`"`), fault.TooLarge, "kv entry exceeds maximum size of 2MB"},
		{"large metadata", set("s", "k", "", `"`+mb+mb+`"`), fault.TooLarge, "kv entry exceeds maximum size of 2MB"},
		{"metadata makes the entry large", f.UpdateMetadata(f.ctx, guildA, "s", "k", json.RawMessage(`"`+mb+`"`)), fault.TooLarge, "kv entry exceeds maximum size of 2MB"},
		{"metadata is no JSON", set("s", "k", "v", "{"), fault.InvalidInput, "metadata is not valid JSON"},
		{"metadata is two values", set("s", "k", "v", "1 2"), fault.InvalidInput, "metadata is not valid JSON"},
		{"metadata is no UTF-8", set("s", "k", "v", "\"\xff\""), fault.InvalidInput, "metadata is not valid JSON"},
		{"empty store", set("", "k", "v", ""), fault.InvalidInput, "store name cannot be empty"},
		{"long store", set(strings.Repeat("a", 65), "k", "v", ""), fault.InvalidInput, "store name exceeds maximum size of 64 characters"},
		{"slash", set("a/b", "k", "v", ""), fault.InvalidInput, `store name cannot contain "/" or "."`},
		{"dot", set("..", "k", "v", ""), fault.InvalidInput, `store name cannot contain "/" or "."`},
		{"control character", set("a\nb", "k", "v", ""), fault.InvalidInput, "store name cannot contain control characters or broken Unicode"},
		{"NUL in a store", get(guildA, "a\x00b", "k"), fault.InvalidInput, "store name cannot contain control characters or broken Unicode"},
		{"get without a guild", get(0, "s", "k"), fault.InvalidInput, "guild context not available"},
		{"get of a bad key", get(guildA, "s", ""), fault.InvalidInput, "key cannot be empty"},
		{"delete of a bad key", del("\x00"), fault.InvalidInput, "key contains null character"},
		{"prefix with NUL", list(kv.ListOptions{Prefix: "\x00"}), fault.InvalidInput, "prefix contains null character"},
		{"broken prefix", list(kv.ListOptions{Prefix: broken}), fault.InvalidInput, "prefix contains broken Unicode (a lone surrogate or bytes that are no UTF-8)"},
		{"cursor with NUL", list(kv.ListOptions{Cursor: "\x00"}), fault.InvalidInput, "key contains null character"},
		{"long cursor", list(kv.ListOptions{Cursor: mb}), fault.InvalidInput, "key exceeds maximum size of 512 characters"},
		{"store that exists", create("made"), fault.Conflict, `store "made" already exists`},
		{"store made by a write", create("s"), fault.Conflict, `store "s" already exists`},
		{"bad new store", create("."), fault.InvalidInput, `store name cannot contain "/" or "."`},
		{"store that does not exist", f.DeleteStore(f.ctx, guildA, "none"), fault.NotFound, "store not found"},
		{"another guild's store", f.DeleteStore(f.ctx, guildB, "made"), fault.NotFound, "store not found"},
	}
	for _, row := range rows {
		refused(t, row.name, row.err, row.code, row.text)
	}
	ended, cancel := context.WithCancel(f.ctx)
	cancel()
	if err := f.Set(ended, guildA, "s", "k", "changed", kv.SetOptions{}); err == nil {
		t.Error("a write whose context has ended was done")
	}
	if e := f.get("s", "k"); e.Value != mb || e.Metadata != nil {
		t.Errorf("something refused has changed the entry: %d bytes, metadata %s", len(e.Value), e.Metadata)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.ListBytes, l.WritesPerMinute = 10_000, 0 })
	keys := []string{"a", "a/1", "a/2", "a/\U0010ffff", "b", "b\x7f", "c", "ä", "漢"}
	for _, k := range keys {
		f.set("s", k, strings.Repeat("v", 5000), kv.SetOptions{})
	}
	f.set("s", "a/gone", "v", kv.SetOptions{Expiration: 1})
	f.set("s", "zz", "v", kv.SetOptions{Expiration: 1})
	f.set("r", "before", "v", kv.SetOptions{})
	f.set("t", "behind", "v", kv.SetOptions{})
	f.must(f.Set(f.ctx, guildA+1, "s", "guild behind", "v", kv.SetOptions{}))
	pages := []struct {
		name     string
		o        kv.ListOptions
		want     []string
		complete bool
	}{
		{"all", kv.ListOptions{}, keys, true},
		{"exactly all", kv.ListOptions{Limit: 9}, keys, true},
		{"one less", kv.ListOptions{Limit: 8}, keys[:8], false},
		{"huge limit", kv.ListOptions{Limit: 1 << 40}, keys, true},
		{"negative limit", kv.ListOptions{Limit: -7}, keys[:1], false},
		{"prefix", kv.ListOptions{Prefix: "a/"}, keys[1:4], true},
		{"prefix that is a key", kv.ListOptions{Prefix: "a"}, keys[:4], true},
		{"prefix, exactly all", kv.ListOptions{Prefix: "a/", Limit: 3}, keys[1:4], true},
		{"prefix, one less", kv.ListOptions{Prefix: "a/", Limit: 2}, keys[1:3], false},
		{"prefix of nothing", kv.ListOptions{Prefix: "x"}, []string{}, true},
		{"prefix longer than any key", kv.ListOptions{Prefix: strings.Repeat("a", 5000)}, []string{}, true},
		{"cursor", kv.ListOptions{Cursor: "b"}, keys[5:], true},
		{"cursor between keys", kv.ListOptions{Cursor: "bb"}, keys[5:], true},
		{"cursor before the prefix", kv.ListOptions{Cursor: "0", Prefix: "a/"}, keys[1:4], true},
		{"cursor in the prefix", kv.ListOptions{Cursor: "a/1", Prefix: "a/"}, keys[2:4], true},
		{"cursor behind the prefix", kv.ListOptions{Cursor: "b", Prefix: "a/"}, []string{}, true},
		{"cursor behind everything", kv.ListOptions{Cursor: "\U0010ffff"}, []string{}, true},
		{"cursor at an expired key", kv.ListOptions{Cursor: "a/gone"}, keys[3:], true},
	}
	for _, row := range pages {
		p, err := f.List(f.ctx, guildA, "s", row.o)
		if err != nil {
			t.Errorf("%s: %s", row.name, err)
			continue
		}
		want := kv.Page{Keys: []kv.Key{}, Complete: row.complete}
		for _, k := range row.want {
			want.Keys = append(want.Keys, kv.Key{Name: k})
		}
		if !row.complete {
			want.Cursor = row.want[len(row.want)-1]
		}
		if diff := cmp.Diff(p, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", row.name, diff)
		}
	}
	if p, err := f.List(f.ctx, guildA, "none", kv.ListOptions{}); err != nil || !p.Complete || p.Keys == nil || len(p.Keys) != 0 {
		t.Errorf("a store that does not exist lists %v, %v", p, err)
	}
	meta := json.RawMessage(`"` + strings.Repeat("m", 4000) + `"`)
	for _, k := range keys {
		f.must(f.UpdateMetadata(f.ctx, guildA, "s", k, meta))
	}
	p, err := f.List(f.ctx, guildA, "s", kv.ListOptions{})
	if err != nil || p.Complete || len(p.Keys) != 3 || !cmp.Equal(p.Keys[2], kv.Key{Name: keys[2], Metadata: meta}) {
		t.Errorf("a page with much metadata has %d keys, complete %t, %v", len(p.Keys), p.Complete, err)
	}
	if diff := cmp.Diff(f.names("s", kv.ListOptions{}), keys); diff != "" {
		t.Errorf("all pages (-got +want):\n%s", diff)
	}
}

func TestStores(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	made, err := f.CreateStore(f.ctx, guildA, "b")
	f.must(err)
	f.clock.Advance(time.Second)
	f.set("a", "k", strings.Repeat("x", 9000), kv.SetOptions{Expiration: f.clock.Now().Unix() + 5})
	f.set("b", "k", "v", kv.SetOptions{})
	f.must(f.Set(f.ctx, guildB, "c", "k", "v", kv.SetOptions{}))
	at := epoch.Truncate(time.Microsecond)
	want := []kv.StoreInfo{
		{Guild: guildA, Name: "a", CreatedAt: at.Add(time.Second), UpdatedAt: at.Add(time.Second)},
		{ID: made.ID, Guild: guildA, Name: "b", CreatedAt: at, UpdatedAt: at.Add(time.Second)},
	}
	for _, when := range []string{"at once", "after a restart"} {
		got, err := f.Stores(f.ctx, guildA)
		f.must(err)
		if id, err := uuid.Parse(got[0].ID); err != nil || id.String() == made.ID {
			t.Errorf("the id %q is none, or another store's", got[0].ID)
		}
		want[0].ID = got[0].ID
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", when, diff)
		}
		f.reopen()
	}
	b, err := json.Marshal(want[1])
	f.must(err)
	if diff := cmp.Diff(string(b), `{"id":"`+made.ID+`","guild_id":"65535","store_name":"b","created_at":"2026-07-30T10:00:00.123456Z","updated_at":"2026-07-30T10:00:01.123456Z"}`); diff != "" {
		t.Errorf("JSON (-got +want):\n%s", diff)
	}
	f.must(f.DeleteStore(f.ctx, guildA, "a"))
	if e := f.get("a", "k"); e.Found {
		t.Error("a deleted store still has its key")
	}
	// The same name again: nothing of the earlier store shows or expires in it.
	f.set("a", "k", "again", kv.SetOptions{})
	f.clock.Advance(time.Minute)
	f.must(f.Sweep(f.ctx))
	if e := f.get("a", "k"); e.Value != "again" {
		t.Errorf("the new store's key is %v", e)
	}
	if none, err := f.Stores(f.ctx, 5); err != nil || none == nil || len(none) != 0 {
		t.Errorf("a guild without stores has %v, %v", none, err)
	}
}

func TestRunSweeps(t *testing.T) {
	t.Parallel()
	f := openOn(t, vfs.NewMem(), func(l *kv.Limits) { l.WritesPerMinute = 0 })
	for i := range 600 {
		g := guildA + snowflake.GuildID(i%3)
		value := strings.Repeat("x", i*10)
		f.must(f.Set(f.ctx, g, "s", fmt.Sprint(i), value, kv.SetOptions{Expiration: epoch.Unix() + int64(i%2)*1000 + 1}))
	}
	f.set("gone", "k", "v", kv.SetOptions{Expiration: epoch.Unix() + 1})
	f.must(f.DeleteStore(f.ctx, guildA, "gone"))
	ctx, cancel := context.WithCancel(f.ctx)
	ended := make(chan error)
	go func() { ended <- f.Run(ctx) }()
	wait, stop := context.WithTimeout(f.ctx, time.Minute)
	defer stop()
	f.must(f.clock.WaitPending(wait, 1))
	f.clock.Advance(10 * time.Second)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for f.count() != 300 {
		select {
		case <-look.C:
		case <-wait.Done():
			t.Fatalf("%d keys are left, want 300", f.count())
		}
	}
	cancel()
	f.must(<-ended)
	if f.States() != 3 {
		t.Errorf("%d guilds are in memory, want 3", f.States())
	}
	f.clock.Advance(5 * time.Minute)
	f.Forget()
	if f.States() != 0 {
		t.Errorf("%d idle guilds are in memory", f.States())
	}
}

// count counts the keys that are stored, expired ones too.
func (f *fixture) count() int {
	f.t.Helper()
	n, err := f.Count()
	f.must(err)
	return n
}
