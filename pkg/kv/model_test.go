package kv_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// model is what the database must look like, in plain maps.
type model struct {
	limits kv.Limits
	now    func() time.Time
	guilds map[snowflake.GuildID]map[string]*modelStore
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
	s := m.guilds[g][store]
	if s == nil {
		if len(m.guilds[g]) >= m.limits.Stores {
			return fmt.Sprintf("kv guild has %d stores, which is the most allowed; delete one first", m.limits.Stores)
		}
		s = &modelStore{created: m.now(), updated: m.now(), keys: map[string]kv.Entry{}}
	}
	old := m.get(g, store, key)
	grown := modelSize(key, e)
	isNew := !old.Found
	if old.Found {
		grown -= modelSize(key, old)
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
	case isNew && guildKeys+1 > m.limits.GuildKeys:
		return fmt.Sprintf("kv guild has %d keys, which is the most allowed; delete some first", m.limits.GuildKeys)
	}
	s.writes = slices.DeleteFunc(s.writes, func(t time.Time) bool { return m.now().Sub(t) >= time.Minute })
	if len(s.writes) >= m.limits.WritesPerMinute {
		return "kv write rate limit exceeded; retry later"
	}
	s.writes = append(s.writes, m.now())
	s.updated = m.now()
	s.keys[key] = e
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
			for range 1000 {
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
	m := &model{limits: f.cfg.Limits, now: f.clock.Now, guilds: map[snowflake.GuildID]map[string]*modelStore{}}
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
		e := kv.Entry{Found: true, Value: strings.Repeat("v", []int{0, 5, 4096, 4097, 15_000}[r.rng.IntN(5)]), Metadata: r.metadata()}
		if r.rng.IntN(2) == 0 {
			e.Expiration = r.clock.Now().Unix() + int64(r.rng.IntN(40)) - 5
		}
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
	case n < 70:
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
	case n < 88:
		r.compareStores(g)
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
		r.reopen()
		for _, stores := range r.model.guilds {
			for _, s := range stores {
				s.writes = nil // The rate is not kept over restarts.
			}
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
		if want.Version == 0 {
			for k, e := range s.keys {
				if e.Version == got.Version {
					r.t.Fatalf("%q and %q both have version %d", k, key, got.Version)
				}
			}
		}
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
