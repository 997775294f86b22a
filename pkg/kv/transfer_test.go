package kv_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

// all is everything that a guild has: stores, their keys, their entries.
func (f *fixture) all(guild snowflake.GuildID) map[string]map[string]kv.Entry {
	f.t.Helper()
	stores, err := f.Stores(f.ctx, guild)
	f.must(err)
	out := map[string]map[string]kv.Entry{}
	for _, s := range stores {
		out[s.Name] = map[string]kv.Entry{}
		for o := (kv.ListOptions{}); ; {
			p, err := f.List(f.ctx, guild, s.Name, o)
			f.must(err)
			for _, k := range p.Keys {
				out[s.Name][k.Name], err = f.Get(f.ctx, guild, s.Name, k.Name)
				f.must(err)
			}
			if p.Complete {
				break
			}
			o.Cursor = p.Cursor
		}
	}
	return out
}

// export gives the bytes of a new archive.
func (f *fixture) export(guild snowflake.GuildID, store string) []byte {
	f.t.Helper()
	e, err := f.Export(f.ctx, guild, store)
	f.must(err)
	return f.bytes(guild, e)
}

func (f *fixture) bytes(guild snowflake.GuildID, e kv.Export) []byte {
	f.t.Helper()
	file, same, err := f.OpenExport(f.ctx, guild, e.ID)
	f.must(err)
	b, err := io.ReadAll(file)
	f.must(err)
	f.must(file.Close())
	if same != e || int64(len(b)) != e.Bytes {
		f.t.Errorf("the archive is %+v with %d bytes, want %+v", same, len(b), e)
	}
	return b
}

func (f *fixture) take(guild snowflake.GuildID, b []byte, o kv.ImportOptions) kv.Imported {
	f.t.Helper()
	done, err := f.Import(f.ctx, guild, bytes.NewReader(b), o)
	f.must(err)
	return done
}

var ignoreVersions = cmpopts.IgnoreFields(kv.Entry{}, "Version")

// stock gives guildA stores of every kind.
func stock(f *fixture) {
	f.t.Helper()
	_, err := f.CreateStore(f.ctx, guildA, "empty")
	f.must(err)
	for i := range 300 {
		f.set("s", fmt.Sprintf("%03d", i), strings.Repeat("v", i*20), kv.SetOptions{})
	}
	f.set("s", "odd\x01\n😀\"", "\x00\u2028<&>", kv.SetOptions{TTL: 100, Metadata: json.RawMessage(`{"a":[1.50,null],"__proto__":"<"}`)})
	f.set("ä", "gone", "v", kv.SetOptions{Expiration: 1})
	f.set("ä", "soon", strings.Repeat("w", 9000), kv.SetOptions{TTL: 10})
}

func openUnlimited(t *testing.T) *fixture {
	t.Helper()
	return open(t, func(l *kv.Limits) { *l = unlimited(); l.ExportEvery = 0 })
}

func TestArchiveRoundTrip(t *testing.T) {
	t.Parallel()
	f := openUnlimited(t)
	stock(f)
	want := f.all(guildA)
	b := f.export(guildA, "")
	if diff := cmp.Diff(f.take(guildB, b, kv.ImportOptions{}), kv.Imported{Stores: 3, Keys: 302}); diff != "" {
		t.Errorf("import (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(f.all(guildB), want, ignoreVersions); diff != "" {
		t.Errorf("the other guild (-got +want):\n%.1000s", diff)
	}
	f.must(f.Check())
	f.reopen()
	if diff := cmp.Diff(f.all(guildB), want, ignoreVersions); diff != "" {
		t.Errorf("after a restart (-got +want):\n%.1000s", diff)
	}
	// What was imported expires, is counted and can be written.
	f.clock.Advance(10 * time.Second)
	f.must(f.Sweep(f.ctx))
	f.must(f.Check())
	if _, ok := f.all(guildB)["ä"]["soon"]; ok || f.count() != 2*301 {
		t.Errorf("%d keys are left, want %d", f.count(), 2*301)
	}
	f.must(f.Set(f.ctx, guildB, "s", "000", "new", kv.SetOptions{}))
	if e, err := f.Get(f.ctx, guildB, "s", "000"); err != nil || e.Value != "new" {
		t.Errorf("got %+v, %v", e, err)
	}
	// What has expired stays out.
	if diff := cmp.Diff(f.take(3, b, kv.ImportOptions{}), kv.Imported{Stores: 3, Keys: 301, Expired: 1}); diff != "" {
		t.Errorf("a late import (-got +want):\n%s", diff)
	}
}

func TestImportMergesOrReplaces(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("B", 9000)
	for name, row := range map[string]struct {
		one     string // The store of the archive, "" for all.
		replace bool
		want    map[string]map[string]string
	}{
		"merge": {"", false, map[string]map[string]string{
			"s": {"big to small": "new", "small to big": big, "big to big": big, "only archive": "new", "only here": big}, "here": {"k": big}, "archive": {"k": big},
		}},
		"replace": {"", true, map[string]map[string]string{
			"s": {"big to small": "new", "small to big": big, "big to big": big, "only archive": "new"}, "archive": {"k": big},
		}},
		"merge one": {"s", false, map[string]map[string]string{
			"s": {"big to small": "new", "small to big": big, "big to big": big, "only archive": "new", "only here": big}, "here": {"k": big},
		}},
		"replace one": {"s", true, map[string]map[string]string{
			"s": {"big to small": "new", "small to big": big, "big to big": big, "only archive": "new"}, "here": {"k": big},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openUnlimited(t)
			set := func(guild snowflake.GuildID, store, key, value string) {
				f.must(f.Set(f.ctx, guild, store, key, value, kv.SetOptions{TTL: int64(1 + len(value))}))
			}
			for key, value := range map[string]string{"big to small": "new", "small to big": big, "big to big": big, "only archive": "new"} {
				set(guildB, "s", key, value)
			}
			set(guildB, "archive", "k", big)
			for key, value := range map[string]string{"big to small": strings.ToLower(big), "small to big": "old", "big to big": strings.ToLower(big), "only here": big} {
				set(guildA, "s", key, value)
			}
			set(guildA, "here", "k", big)
			before, err := f.Stores(f.ctx, guildA)
			f.must(err)
			last := f.get("s", "only here").Version
			f.take(guildA, f.export(guildB, row.one), kv.ImportOptions{Replace: row.replace})
			for _, when := range []string{"at once", "after a restart"} {
				got := map[string]map[string]string{}
				for store, keys := range f.all(guildA) {
					got[store] = map[string]string{}
					for k, e := range keys {
						got[store][k] = e.Value
					}
				}
				if diff := cmp.Diff(got, row.want); diff != "" {
					t.Errorf("%s (-got +want):\n%.1000s", when, diff)
				}
				f.must(f.Check())
				f.reopen()
			}
			if v := f.get("s", "only archive").Version; v <= last {
				t.Errorf("version %d follows %d", v, last)
			}
			after, err := f.Stores(f.ctx, guildA)
			f.must(err)
			if a, b := before[len(before)-1], after[len(after)-1]; a.Name != "s" || b.Name != "s" || a.ID != b.ID || !a.CreatedAt.Equal(b.CreatedAt) {
				t.Errorf("the store was %+v, it is %+v", a, b)
			}
			if e, err := f.Get(f.ctx, guildB, "archive", "k"); err != nil || e.Value != big {
				t.Errorf("the other guild has %.20q, %v", e.Value, err)
			}
			// Expirations of what is gone harm nobody.
			f.clock.Advance(5 * time.Second)
			f.must(f.Sweep(f.ctx))
			f.must(f.Check())
			f.clock.Advance(10000 * time.Second)
			f.must(f.Sweep(f.ctx))
			if f.count() != 0 {
				t.Errorf("%d keys do not go", f.count())
			}
		})
	}
}

func TestExportsAreFewAndBounded(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.Exports = 3 })
	refused(t, "nothing", second(f.Export(f.ctx, guildA, "")), fault.NotFound, "there are no stores to export")
	f.set("s", "k", "v", kv.SetOptions{})
	refused(t, "no such store", second(f.Export(f.ctx, guildA, "none")), fault.NotFound, "store not found")
	refused(t, "no store's name", second(f.Export(f.ctx, guildA, "../s")), fault.InvalidInput, `store name cannot contain "/" or "."`)
	var made []kv.Export
	for i := range 5 {
		e, err := f.Export(f.ctx, guildA, "")
		f.must(err)
		made = append([]kv.Export{e}, made...)
		err = second(f.Export(f.ctx, guildA, ""))
		refused(t, "at once again", err, fault.RateLimited, "kv export rate limit exceeded; retry later")
		if wait := fault.From(err).RetryAfter; wait != time.Minute {
			t.Errorf("it is to wait %s", wait)
		}
		if i == 2 {
			f.reopen() // The limit outlives a restart.
			refused(t, "after a restart", second(f.Export(f.ctx, guildA, "")), fault.RateLimited, "kv export rate limit exceeded; retry later")
		}
		f.clock.Advance(time.Minute)
	}
	got, err := f.Exports(f.ctx, guildA)
	f.must(err)
	if diff := cmp.Diff(got, made[:3]); diff != "" {
		t.Errorf("exports (-got +want):\n%s", diff)
	}
	f.bytes(guildA, made[2])
	for _, id := range []string{made[3].ID, "", "..", "../" + made[0].ID, "x"} {
		_, _, err := f.OpenExport(f.ctx, guildA, id)
		refused(t, id, err, fault.NotFound, "export not found; only the newest 3 are kept")
	}
	_, _, err = f.OpenExport(f.ctx, guildB, made[0].ID)
	refused(t, "of another guild", err, fault.NotFound, "export not found; only the newest 3 are kept")
}

// TestBadImportsChangeNothing, wherever the archive goes wrong.
func TestBadImportsChangeNothing(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) {
		l.WritesPerMinute, l.ExportEvery = 0, 0
		l.ValueBytes, l.StoreBytes, l.GuildBytes, l.GuildKeys, l.Stores = 5000, 20_000, 30_000, 20, 3
	})
	f.set("s", "mine", strings.Repeat("m", 4500), kv.SetOptions{})
	f.set("t", "mine", "v", kv.SetOptions{TTL: 50})
	before := f.all(guildA)
	files := func() (n int) {
		names, err := vfs.Default.List(f.cfg.Dir + "-archives/1")
		if err == nil {
			n = len(names)
		}
		return n
	}
	rows := []struct {
		name    string
		archive []byte
		code    fault.Code
		want    string
	}{
		{"no archive", []byte("hello, this is no archive"), fault.InvalidInput, "the archive cannot be imported: line 1: it is no gzip file (gzip: invalid header)"},
		{"cut off", build(t, 3, 5, 10)[:60], fault.InvalidInput, "the archive cannot be imported: line 1: the archive is damaged or cut off (unexpected EOF)"},
		{"a value that is too large", build(t, 1, 1, 5001), fault.TooLarge, "the archive cannot be imported: line 3: value exceeds maximum size of 5000 bytes"},
		{"too large for a store", build(t, 1, 10, 4000), fault.QuotaExceeded, "the archive cannot be imported: line 7: kv store storage quota exceeded"},
		{"too large for the guild", build(t, 3, 4, 4000), fault.QuotaExceeded, "the archive cannot be imported: line 11: kv guild storage quota exceeded"},
		{"too many keys", build(t, 1, 21, 1), fault.QuotaExceeded, "the archive cannot be imported: line 23: kv guild has 20 keys, which is the most allowed; delete some first"},
		{"too much beside what is there", build(t, 1, 4, 4000), fault.QuotaExceeded, "kv store storage quota exceeded"},
		{"too many keys beside those there", build(t, 1, 19, 1), fault.QuotaExceeded, "kv guild has 20 keys, which is the most allowed; delete some first"},
		{"too many stores", build(t, 3, 1, 1), fault.QuotaExceeded, "kv guild has 3 stores, which is the most allowed; delete one first"},
	}
	for _, row := range rows {
		_, err := f.Import(f.ctx, guildA, bytes.NewReader(row.archive), kv.ImportOptions{})
		refused(t, row.name, err, row.code, row.want)
		if diff := cmp.Diff(f.all(guildA), before); diff != "" {
			t.Fatalf("%s changed something (-got +want):\n%.500s", row.name, diff)
		}
		f.must(f.Check())
		if n := files(); n > 0 {
			t.Errorf("%s left %d files", row.name, n)
		}
	}
	broken := errors.New("the line is dead")
	b := build(t, 2, 3, 100)
	_, err := f.Import(f.ctx, guildA, io.MultiReader(bytes.NewReader(b[:len(b)-5]), iotest.ErrReader(broken)), kv.ImportOptions{Replace: true})
	if !errors.Is(err, broken) {
		t.Errorf("a dead line: %v", err)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	_, err = f.Import(ctx, guildA, readerFunc(func([]byte) (int, error) { cancel(); return 0, io.ErrNoProgress }), kv.ImportOptions{Replace: true})
	if err == nil {
		t.Error("an import that was given up was taken")
	}
	if diff := cmp.Diff(f.all(guildA), before); diff != "" {
		t.Fatalf("something changed (-got +want):\n%.500s", diff)
	}
	// The same is taken where it replaces what is there.
	f.take(guildA, build(t, 3, 1, 1), kv.ImportOptions{Replace: true})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// build makes an archive of stores "s", "s1", ... with so many keys of the size.
func build(t *testing.T, stores, keys, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, archive.Header{Guild: "9", CreatedAt: epoch})
	for s := range stores {
		if err == nil {
			err = w.Store(archive.Store{Name: "s" + strings.Repeat("1", s), CreatedAt: epoch})
		}
		for k := range keys {
			if err == nil {
				err = w.Entry(archive.Entry{Key: fmt.Sprintf("%05d", k), Value: strings.Repeat("x", size)})
			}
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestExportIsOneMoment: two keys that are always written together are the same
// in every archive, while writers go on.
func TestExportIsOneMoment(t *testing.T) {
	t.Parallel()
	f := openUnlimited(t)
	ctx, stop := context.WithCancel(f.ctx)
	var wg sync.WaitGroup
	var n atomic.Int64
	wg.Go(func() {
		for ctx.Err() == nil {
			v := fmt.Sprint(n.Add(1)) + strings.Repeat("x", int(n.Load()%2)*5000)
			if _, err := f.write(kv.Change{Key: "a", Value: v}, kv.Change{Key: "z", Value: v}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range postgrestest.Rounds(t, 500, 200) {
		f.must(f.Set(f.ctx, guildA, "s", fmt.Sprintf("m%04d", i), strings.Repeat("y", 2000), kv.SetOptions{}))
	}
	for range postgrestest.Rounds(t, 5, 3) {
		b := f.export(guildA, "")
		f.take(guildB, b, kv.ImportOptions{Replace: true})
		got := f.all(guildB)["s"]
		if got["a"].Value != got["z"].Value || len(got) != 2+postgrestest.Rounds(t, 500, 200) {
			t.Errorf("the archive has %.20q and %.20q among %d keys", got["a"].Value, got["z"].Value, len(got))
		}
	}
	stop()
	wg.Wait()
}

// TestImportBesideWriters: writes of the guild wait or come before, none is
// lost, and readers see all of the archive or nothing.
func TestImportBesideWriters(t *testing.T) {
	t.Parallel()
	f := openUnlimited(t)
	ctx, stop := context.WithCancel(f.ctx)
	var wg sync.WaitGroup
	var written atomic.Int64
	f.must(second(f.Increment(ctx, guildA, "mine", "n", kv.IncrementOptions{})))
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := f.Increment(f.ctx, guildA, "mine", "n", kv.IncrementOptions{By: 1}); err != nil {
					t.Error(err)
					return
				}
				written.Add(1)
			}
		})
	}
	wg.Go(func() {
		for ctx.Err() == nil {
			got, err := f.GetMany(f.ctx, guildA, "s", []string{"00000", "00999"})
			if err != nil || got[0].Version != got[1].Version {
				t.Errorf("half of an import is there: %d, %d, %v", got[0].Version, got[1].Version, err)
				return
			}
		}
	})
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := f.Sweep(f.ctx); err != nil {
				t.Error(err)
				return
			}
		}
	})
	b := build(t, 1, 1000, 50)
	for range 5 {
		f.take(guildA, b, kv.ImportOptions{})
	}
	stop()
	wg.Wait()
	e, err := f.Get(f.ctx, guildA, "mine", "n")
	f.must(err)
	if e.Value != fmt.Sprint(written.Load()) {
		t.Errorf("the counter is %s after %d increments", e.Value, written.Load())
	}
}

// TestOneTransferAtATime of a guild; the others' go on, and the end of the
// database ends them.
func TestOneTransferAtATime(t *testing.T) {
	t.Parallel()
	f := open(t, func(l *kv.Limits) { l.ExportEvery = 0 })
	f.set("s", "k", "v", kv.SetOptions{})
	started := make(chan struct{})
	ended := make(chan error)
	r, w := io.Pipe()
	go func() {
		_, err := f.Import(f.ctx, guildA, io.TeeReader(r, writerFunc(func(p []byte) { close(started) })), kv.ImportOptions{})
		ended <- err
	}()
	_, err := w.Write(build(t, 1, 1, 1)[:5])
	f.must(err)
	<-started
	const busy = "an export or import of this server is under way; try again when it is done"
	refused(t, "export", second(f.Export(f.ctx, guildA, "")), fault.Conflict, busy)
	refused(t, "import", second(f.Import(f.ctx, guildA, strings.NewReader(""), kv.ImportOptions{})), fault.Conflict, busy)
	f.set("s", "k", "w", kv.SetOptions{}) // An upload holds up nobody.
	f.take(guildB, build(t, 1, 1, 1), kv.ImportOptions{})
	f.must(w.Close())
	if err := <-ended; !fault.Is(err, fault.InvalidInput) {
		t.Errorf("the import ended with %v", err)
	}
	f.export(guildA, "")
}

// TestSlowUploadsHoldUpNobody: however many guilds' archives come slowly, the
// others' exports and imports go on.
func TestSlowUploadsHoldUpNobody(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	const slow = 8
	ended := make(chan error, slow)
	var writers []*io.PipeWriter
	for i := range slow {
		r, w := io.Pipe()
		writers = append(writers, w)
		go func() {
			_, err := f.Import(f.ctx, guildB+1+snowflake.GuildID(i), r, kv.ImportOptions{})
			ended <- err
		}()
	}
	for _, w := range writers {
		_, err := w.Write([]byte{0x1f}) // It is taken when the upload is read.
		f.must(err)
	}
	f.take(guildA, build(t, 1, 1, 1), kv.ImportOptions{})
	f.export(guildA, "")
	for _, w := range writers {
		f.must(w.Close())
	}
	for range slow {
		if err := <-ended; !fault.Is(err, fault.InvalidInput) {
			t.Errorf("an upload that was cut off: %v", err)
		}
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// unlinked makes the database copy what it takes in: MemFS.Link locks twice, and
// a CrashClone between the two would wait for ever.
type unlinked struct{ vfs.FS }

func (unlinked) Link(string, string) error { return errors.New("there are no links here") }

// TestPowerLossInAnImport takes the power away at random moments of imports:
// afterwards the old stores are there, or all of the new ones.
func TestPowerLossInAnImport(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(8, 9))
	old, fresh := build(t, 2, 50, 300), build(t, 1, 400, 5000)
	seen := map[int]int{}
	for round := range 6 {
		disk := vfs.NewCrashableMem()
		cfg := kv.Config{Dir: "kv", Limits: unlimited()}.WithFS(unlinked{disk})
		db, err := kv.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Import(t.Context(), guildA, bytes.NewReader(old), kv.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		lost := make(chan *vfs.MemFS)
		done := atomic.Bool{}
		go func() {
			var last *vfs.MemFS
			for {
				select {
				case <-stop:
					lost <- last
					return
				default:
				}
				if acknowledged := done.Load(); last == nil || rng.IntN(3) > 0 {
					last = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
					if acknowledged {
						<-stop
					}
				}
			}
		}()
		if _, err := db.Import(t.Context(), guildA, bytes.NewReader(fresh), kv.ImportOptions{Replace: true}); err != nil {
			t.Fatal(err)
		}
		if round%3 == 0 {
			done.Store(true)
		}
		close(stop)
		disk = <-lost
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db, err = kv.Open(cfg.WithFS(disk))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Check(); err != nil {
			t.Errorf("round %d: %s", round, err)
		}
		stores, err := db.Stores(t.Context(), guildA)
		if err != nil {
			t.Fatal(err)
		}
		keys := 0
		for _, s := range stores {
			p, err := db.List(t.Context(), guildA, s.Name, kv.ListOptions{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			keys += len(p.Keys)
		}
		before, after := len(stores) == 2 && keys == 100, len(stores) == 1 && keys == 400
		if !before && !after {
			t.Errorf("round %d: %d stores and %d keys are left", round, len(stores), keys)
		}
		seen[len(stores)]++
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if names, err := disk.List("kv-archives/" + guildA.String()); err == nil && len(names) > 0 {
			t.Errorf("round %d: %v was not tidied up", round, names)
		}
	}
	t.Logf("old and new: %v", seen)
}
