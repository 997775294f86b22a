package kv_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

// model is what the database must look like, in plain maps.
type model struct {
	limits kv.Limits
	now    func() time.Time
	guilds map[snowflake.GuildID]map[string]*modelStore
	// compared are the last versions that were seen.
	compared map[snowflake.GuildID]map[string]uint64
}

type modelStore struct {
	created, updated time.Time
	keys             map[string]kv.Entry
	writes           []time.Time
}

func (m *model) live(e kv.Entry) bool {
	return e.Found && (e.Expiration == 0 || e.Expiration > m.now().Unix())
}

func (m *model) get(g snowflake.GuildID, store, key string) kv.Entry {
	if s := m.guilds[g][store]; s != nil && m.live(s.keys[key]) {
		return s.keys[key]
	}
	return kv.Entry{}
}

func modelSize(key string, e kv.Entry) int64 {
	n := int64(len(key) + len(e.Value))
	if len(e.Metadata) > 0 {
		n += int64(len(key) + len(e.Metadata))
	}
	return n
}

// bytes and keys of the live entries of a store.
func (m *model) total(s *modelStore) (bytes, keys int64) {
	for k, e := range s.keys {
		if m.live(e) {
			bytes += modelSize(k, e)
			keys++
		}
	}
	return bytes, keys
}

// put gives the text of the refusal, or "".
func (m *model) put(g snowflake.GuildID, store, key string, e kv.Entry) string {
	return m.write(g, store, map[string]*kv.Entry{key: &e})
}

// write sets keys, or removes those without an entry, all or none.
func (m *model) write(g snowflake.GuildID, store string, changes map[string]*kv.Entry) string {
	var sets int
	var grown, keys int64
	nothing := true
	for key, e := range changes {
		old := m.get(g, store, key)
		nothing = nothing && e == nil && !old.Found
		if old.Found {
			grown -= modelSize(key, old)
			keys--
		}
		if e != nil {
			sets++
			grown += modelSize(key, *e)
			keys++
		}
	}
	if nothing {
		return ""
	}
	s := m.guilds[g][store]
	if s == nil {
		if len(m.guilds[g]) >= m.limits.Stores {
			return fmt.Sprintf("kv guild has %d stores, which is the most allowed; delete one first", m.limits.Stores)
		}
		s = &modelStore{created: m.now(), updated: m.now(), keys: map[string]kv.Entry{}}
	}
	storeBytes, _ := m.total(s)
	var guildBytes, guildKeys int64
	for _, other := range m.guilds[g] {
		b, k := m.total(other)
		guildBytes += b
		guildKeys += k
	}
	switch {
	case grown > 0 && storeBytes+grown > m.limits.StoreBytes:
		return "kv store storage quota exceeded"
	case grown > 0 && guildBytes+grown > m.limits.GuildBytes:
		return "kv guild storage quota exceeded"
	case keys > 0 && guildKeys+keys > m.limits.GuildKeys:
		return fmt.Sprintf("kv guild has %d keys, which is the most allowed; delete some first", m.limits.GuildKeys)
	}
	s.writes = slices.DeleteFunc(s.writes, func(t time.Time) bool { return m.now().Sub(t) >= time.Minute })
	if sets > 0 && len(s.writes)+sets > m.limits.WritesPerMinute {
		return "kv write rate limit exceeded; retry later"
	}
	for range sets {
		s.writes = append(s.writes, m.now())
	}
	s.updated = m.now()
	for key, e := range changes {
		delete(s.keys, key)
		if e != nil {
			s.keys[key] = *e
		}
	}
	if m.guilds[g] == nil {
		m.guilds[g] = map[string]*modelStore{}
	}
	m.guilds[g][store] = s
	return ""
}

// remove gives whether the key was there.
func (m *model) remove(g snowflake.GuildID, store, key string) bool {
	if !m.get(g, store, key).Found {
		return false
	}
	s := m.guilds[g][store]
	delete(s.keys, key)
	s.updated = m.now()
	return true
}

// TestAgainstModel does the same at random to the database and to the model,
// with restarts and power losses between, and compares every answer.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRun(t, seed)
			for range postgrestest.Rounds(t, 1000, 150) {
				r.step()
			}
		})
	}
}

// run is one random history.
type run struct {
	*fixture
	rng   *rand.Rand
	model *model
	disk  *vfs.MemFS
}

func newRun(t *testing.T, seed uint64) *run {
	t.Helper()
	disk := vfs.NewCrashableMem()
	f := openOn(t, disk, func(l *kv.Limits) {
		l.StoreBytes, l.GuildBytes, l.GuildKeys, l.Stores, l.WritesPerMinute = 40_000, 60_000, 40, 4, 40
		l.ListDefault, l.ListMax = 5, 7
	})
	m := &model{limits: f.cfg.Limits, now: f.clock.Now, guilds: map[snowflake.GuildID]map[string]*modelStore{}, compared: map[snowflake.GuildID]map[string]uint64{}}
	f.cfg.Limits.ExportEvery = 0
	f.reopen()
	return &run{fixture: f, rng: rand.New(rand.NewPCG(seed, 7)), model: m, disk: disk}
}

func (r *run) pick() (g snowflake.GuildID, store, key string) {
	keys := []string{"a", "b", "a/1", "a/2", "a\x01", "ä", "zz", strings.Repeat("k", 300)}
	return snowflake.GuildID(1 + r.rng.IntN(2)), fmt.Sprintf("s%d", r.rng.IntN(5)), keys[r.rng.IntN(len(keys))]
}

func (r *run) metadata() json.RawMessage {
	return []json.RawMessage{nil, json.RawMessage("null"), json.RawMessage(`{"a":1}`), json.RawMessage(`"` + strings.Repeat("m", 3000) + `"`)}[r.rng.IntN(4)]
}

func stored(m json.RawMessage) json.RawMessage {
	if string(m) == "null" {
		return nil
	}
	return m
}

// same checks that a write was refused like the model says.
func (r *run) same(what string, err error, want string) {
	r.t.Helper()
	got := ""
	if err != nil {
		got = fault.From(err).Message
	}
	if got != want {
		r.t.Fatalf("%s: %q, the model says %q", what, got, want)
	}
}

func (r *run) step() {
	r.t.Helper()
	g, store, key := r.pick()
	switch n := r.rng.IntN(100); {
	case n < 35:
		e := r.entry()
		err := r.Set(r.ctx, g, store, key, e.Value, kv.SetOptions{Expiration: e.Expiration, Metadata: e.Metadata})
		e.Metadata = stored(e.Metadata)
		r.same("Set", err, r.model.put(g, store, key, e))
	case n < 45:
		m := r.metadata()
		want := "key not found"
		if e := r.model.get(g, store, key); e.Found {
			e.Metadata, e.Version = stored(m), 0
			want = r.model.put(g, store, key, e)
		}
		r.same("UpdateMetadata", r.UpdateMetadata(r.ctx, g, store, key, m), want)
	case n < 55:
		existed, err := r.Delete(r.ctx, g, store, key)
		r.must(err)
		if want := r.model.remove(g, store, key); existed != want {
			r.t.Fatalf("Delete says %t, the model %t", existed, want)
		}
	case n < 60:
		r.batch(g, store)
	case n < 64:
		r.increment(g, store, key)
	case n < 72:
		r.compareKey(g, store, key)
	case n < 80:
		r.compareList(g, store)
	case n < 83:
		_, err := r.CreateStore(r.ctx, g, store)
		r.same("CreateStore", err, r.createStore(g, store))
	case n < 85:
		want := "store not found"
		if r.model.guilds[g][store] != nil {
			want = ""
			delete(r.model.guilds[g], store)
		}
		r.same("DeleteStore", r.DeleteStore(r.ctx, g, store), want)
	case n < 87:
		r.compareStores(g)
	case n < 89:
		r.transfer(g, store)
	case n < 93:
		r.clock.Advance(time.Duration(r.rng.IntN(15_000)) * time.Millisecond)
	case n < 97:
		r.must(r.Sweep(r.ctx))
	case n < 99:
		r.must(r.Check())
	default:
		if r.rng.IntN(2) == 0 {
			r.losePower()
		}
		r.restarted()
	}
}

// entry makes what a set may set.
func (r *run) entry() kv.Entry {
	e := kv.Entry{Found: true, Value: strings.Repeat("v", []int{0, 5, 4096, 4097, 15_000}[r.rng.IntN(5)]), Metadata: r.metadata()}
	if r.rng.IntN(2) == 0 {
		e.Expiration = r.clock.Now().Unix() + int64(r.rng.IntN(40)) - 5
	}
	return e
}

// batch makes several changes as one, some of them under a condition.
func (r *run) batch(g snowflake.GuildID, store string) {
	r.t.Helper()
	var changes []kv.Change
	var keys []string
	want := map[string]*kv.Entry{}
	refusal := ""
	for range 1 + r.rng.IntN(4) {
		_, _, key := r.pick()
		if slices.Contains(keys, key) {
			continue
		}
		keys = append(keys, key)
		c := kv.Change{Key: key, Delete: r.rng.IntN(3) == 0}
		want[key] = nil
		if !c.Delete {
			e := r.entry()
			c.Value, c.SetOptions = e.Value, kv.SetOptions{Expiration: e.Expiration, Metadata: e.Metadata}
			e.Metadata = stored(e.Metadata)
			want[key] = &e
		}
		have, err := r.Get(r.ctx, g, store, key)
		r.must(err)
		switch r.rng.IntN(6) {
		case 0:
			c.IfVersion = have.Version
		case 1:
			if c.IfVersion = have.Version + 1; refusal == "" {
				refusal = fmt.Sprintf("key %.100q has version %d, it was to have version %d", key, have.Version, c.IfVersion)
				if !have.Found {
					refusal = fmt.Sprintf("key %.100q does not exist, it was to have version %d", key, c.IfVersion)
				}
			}
		case 2:
			if c.IfAbsent = !c.Delete; c.IfAbsent && have.Found && refusal == "" {
				refusal = fmt.Sprintf("key %.100q exists already", key)
			}
		}
		changes = append(changes, c)
	}
	_, err := r.Write(r.ctx, g, store, changes)
	if refusal == "" {
		refusal = r.model.write(g, store, want)
	}
	r.same("Write", err, refusal)
	got, err := r.GetMany(r.ctx, g, store, keys)
	r.must(err)
	for i, key := range keys {
		if diff := cmp.Diff(got[i], r.model.get(g, store, key), cmpopts.IgnoreFields(kv.Entry{}, "Version")); diff != "" {
			r.t.Fatalf("GetMany %s/%s (-got +want):\n%.1000s", store, key, diff)
		}
	}
}

func (r *run) increment(g snowflake.GuildID, store, key string) {
	r.t.Helper()
	o := kv.IncrementOptions{By: int64(r.rng.IntN(9) - 4), Start: int64(r.rng.IntN(3))}
	if r.rng.IntN(3) == 0 {
		o.TTL = int64(1 + r.rng.IntN(30))
	}
	e := r.model.get(g, store, key)
	sum, want := o.Start, ""
	if e.Found {
		var err error
		if sum, err = strconv.ParseInt(e.Value, 10, 64); err != nil {
			want = "the value is no whole number of 64 bits, so it cannot be incremented"
		}
	}
	n, err := r.Increment(r.ctx, g, store, key, o)
	if want == "" {
		sum += o.By
		e.Found, e.Value, e.Version = true, fmt.Sprint(sum), 0
		if o.TTL > 0 {
			e.Expiration = r.clock.Now().Unix() + o.TTL
		}
		want = r.model.put(g, store, key, e)
	}
	r.same("Increment", err, want)
	if err == nil && n.Value != sum {
		r.t.Fatalf("Increment gave %d, the model %d", n.Value, sum)
	}
}

// transfer takes a guild's stores, or one, into the other guild, and sometimes
// loses the power right after.
func (r *run) transfer(from snowflake.GuildID, store string) {
	r.t.Helper()
	to := 3 - from
	if r.rng.IntN(2) == 0 {
		store = ""
	}
	stores := map[string]*modelStore{}
	for name, s := range r.model.guilds[from] {
		if store == "" || store == name {
			stores[name] = s
		}
	}
	e, err := r.Export(r.ctx, from, store)
	switch {
	case len(stores) > 0:
	case store == "":
		r.same("Export", err, "there are no stores to export")
		return
	default:
		r.same("Export", err, "store not found")
		return
	}
	r.must(err)
	o := kv.ImportOptions{Replace: r.rng.IntN(2) == 0}
	want := r.model.take(to, store, stores, o.Replace)
	_, err = r.Import(r.ctx, to, bytes.NewReader(r.bytes(from, e)), o)
	r.same("Import", err, want)
	if r.rng.IntN(2) == 0 {
		r.losePower()
		r.restarted()
	}
	for _, name := range slices.Sorted(maps.Keys(r.model.guilds[to])) {
		r.compareList(to, name)
	}
	r.compareStores(to)
	r.must(r.Check())
}

// take is an import of the stores.
func (m *model) take(g snowflake.GuildID, only string, stores map[string]*modelStore, replace bool) string {
	after := map[string]*modelStore{}
	var oldBytes, oldKeys, bytes, keys int64
	for name, s := range m.guilds[g] {
		n, k := m.total(s)
		oldBytes, oldKeys = oldBytes+n, oldKeys+k
		if replace && only == "" {
			continue
		}
		after[name] = &modelStore{created: s.created, updated: s.updated, writes: s.writes, keys: map[string]kv.Entry{}}
		if !replace || only != name {
			maps.Copy(after[name].keys, s.keys)
		}
	}
	for name, s := range stores {
		if after[name] == nil {
			after[name] = &modelStore{created: s.created.Truncate(time.Microsecond), keys: map[string]kv.Entry{}}
			if have := m.guilds[g][name]; have != nil {
				after[name].created, after[name].writes = have.created, have.writes
			}
		}
		after[name].updated = m.now()
		for k, e := range s.keys {
			if m.live(e) {
				e.Version = 0
				after[name].keys[k] = e
			}
		}
	}
	if len(after) > m.limits.Stores && len(after) > len(m.guilds[g]) {
		return fmt.Sprintf("kv guild has %d stores, which is the most allowed; delete one first", m.limits.Stores)
	}
	for name, s := range after {
		n, k := m.total(s)
		bytes, keys = bytes+n, keys+k
		var before int64
		if have := m.guilds[g][name]; have != nil {
			before, _ = m.total(have)
		}
		if n > before && n > m.limits.StoreBytes {
			return "kv store storage quota exceeded"
		}
	}
	switch {
	case bytes > oldBytes && bytes > m.limits.GuildBytes:
		return "kv guild storage quota exceeded"
	case keys > oldKeys && keys > m.limits.GuildKeys:
		return fmt.Sprintf("kv guild has %d keys, which is the most allowed; delete some first", m.limits.GuildKeys)
	}
	m.guilds[g] = after
	return ""
}

// restarted opens the database again, which forgets the rates.
func (r *run) restarted() {
	r.t.Helper()
	r.reopen()
	for _, stores := range r.model.guilds {
		for _, s := range stores {
			s.writes = nil
		}
	}
}

// losePower puts a disk in place of the present one that lacks some of what was
// not synced.
func (r *run) losePower() {
	r.disk = r.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.rng.IntN(101), RNG: r.rng})
	r.cfg = r.cfg.WithFS(r.disk)
}

func (r *run) createStore(g snowflake.GuildID, store string) string {
	switch stores := r.model.guilds[g]; {
	case stores[store] != nil:
		return fmt.Sprintf("store %q already exists", store)
	case len(stores) >= r.model.limits.Stores:
		return fmt.Sprintf("kv guild has %d stores, which is the most allowed; delete one first", len(stores))
	case stores == nil:
		r.model.guilds[g] = map[string]*modelStore{}
	}
	r.model.guilds[g][store] = &modelStore{created: r.clock.Now(), updated: r.clock.Now(), keys: map[string]kv.Entry{}}
	return ""
}

func (r *run) compareKey(g snowflake.GuildID, store, key string) {
	r.t.Helper()
	got, err := r.Get(r.ctx, g, store, key)
	r.must(err)
	want := r.model.get(g, store, key)
	if diff := cmp.Diff(got, want, cmpopts.IgnoreFields(kv.Entry{}, "Version")); diff != "" {
		r.t.Fatalf("Get %s/%s (-got +want):\n%.1000s", store, key, diff)
	}
	if s := r.model.guilds[g][store]; want.Found {
		if want.Version != 0 && want.Version != got.Version {
			r.t.Fatalf("version of an unchanged key went from %d to %d", want.Version, got.Version)
		}
		if want.Version == 0 && got.Version <= r.model.compared[g][store+"/"+key] {
			r.t.Fatalf("a changed key has version %d, it had %d before", got.Version, r.model.compared[g][store+"/"+key])
		}
		if r.model.compared[g] == nil {
			r.model.compared[g] = map[string]uint64{}
		}
		r.model.compared[g][store+"/"+key] = got.Version
		want.Version = got.Version
		s.keys[key] = want
	}
}

func (r *run) compareList(g snowflake.GuildID, store string) {
	r.t.Helper()
	o := kv.ListOptions{Prefix: []string{"", "a", "a/", "x"}[r.rng.IntN(4)], Limit: r.rng.IntN(9)}
	want := []kv.Key{}
	if s := r.model.guilds[g][store]; s != nil {
		for _, k := range slices.Sorted(maps.Keys(s.keys)) {
			if e := s.keys[k]; r.model.live(e) && strings.HasPrefix(k, o.Prefix) {
				want = append(want, kv.Key{Name: k, Expiration: e.Expiration, Metadata: e.Metadata})
			}
		}
	}
	limit := min(o.Limit, r.model.limits.ListMax)
	if limit == 0 {
		limit = r.model.limits.ListDefault
	}
	for {
		p, err := r.List(r.ctx, g, store, o)
		r.must(err)
		n := min(limit, len(want))
		page := kv.Page{Keys: want[:n], Complete: n == len(want)}
		if !page.Complete {
			page.Cursor = want[n-1].Name
		}
		if diff := cmp.Diff(p, page, cmpopts.EquateEmpty()); diff != "" {
			r.t.Fatalf("List %s %+v (-got +want):\n%.1000s", store, o, diff)
		}
		if p.Complete {
			return
		}
		want, o.Cursor = want[n:], p.Cursor
	}
}

func (r *run) compareStores(g snowflake.GuildID) {
	r.t.Helper()
	got, err := r.Stores(r.ctx, g)
	r.must(err)
	want := []kv.StoreInfo{}
	for _, name := range slices.Sorted(maps.Keys(r.model.guilds[g])) {
		s := r.model.guilds[g][name]
		want = append(want, kv.StoreInfo{Guild: g, Name: name, CreatedAt: s.created.Truncate(time.Microsecond), UpdatedAt: s.updated.Truncate(time.Microsecond)})
	}
	if diff := cmp.Diff(got, want, cmpopts.IgnoreFields(kv.StoreInfo{}, "ID")); diff != "" {
		r.t.Fatalf("Stores (-got +want):\n%s", diff)
	}
}
