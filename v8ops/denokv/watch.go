package denokv

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// WatchEvent tells a script that keys which it watches may have changed.
const WatchEvent = catalog.Watch

// maxWatched bounds the keys that a guild's scripts watch; more are told of
// every commit. What is watched is in memory, so names and keys are bounded, too.
const (
	maxWatched   = 1000
	maxKey       = 2049 // Bytes of a key that is read, as Deno has it, and the one that ends a range.
	maxStoreName = 256
)

// Watches knows which keys scripts watch, and tells the scripts when there was
// a commit of one. It says only that: what the values are, the script reads.
// There is one notice of a guild under way at a time.
type Watches struct {
	notify func(guild snowflake.GuildID, payload []byte, over func()) bool

	work sync.WaitGroup // Notices on their way.

	mu     sync.Mutex // Guards the members below and what they lead to.
	guilds map[snowflake.GuildID]*watched
	closed bool
}

type watched struct {
	keys    map[string]struct{} // Store, NUL, key.
	stores  map[string]struct{} // That are watched.
	every   bool                // There were too many keys, and those above are forgotten.
	telling bool                // A notice is under way.
	changed bool                // Since it began.
}

// NewWatches makes one without keys. notify delivers WatchEvent, calls over once
// it was handled, and is false when the script does not listen.
func NewWatches(notify func(guild snowflake.GuildID, payload []byte, over func()) bool) *Watches {
	return &Watches{notify: notify, guilds: map[snowflake.GuildID]*watched{}}
}

func (w *Watches) add(guild snowflake.GuildID, store string, keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		g = &watched{keys: map[string]struct{}{}, stores: map[string]struct{}{}}
		w.guilds[guild] = g
	}
	if g.every {
		return
	}
	g.stores[store] = struct{}{}
	for _, k := range keys {
		g.keys[store+"\x00"+k] = struct{}{}
	}
	if len(g.keys) > maxWatched {
		g.every, g.keys, g.stores = true, nil, nil
	}
}

// Committed is for kv.Config. No keys are all keys.
func (w *Watches) Committed(guild snowflake.GuildID, store string, keys []string) {
	w.mu.Lock()
	g := w.guilds[guild]
	if g == nil || w.closed || !g.wants(store, keys) {
		w.mu.Unlock()
		return
	}
	begin := !g.telling
	g.telling, g.changed = true, !begin
	w.mu.Unlock()
	if begin {
		w.tell(guild)
	}
}

func (g *watched) wants(store string, keys []string) bool {
	if g.every {
		return true
	}
	if _, ok := g.stores[store]; !ok {
		return false
	}
	for _, k := range keys {
		if _, ok := g.keys[store+"\x00"+k]; ok {
			return true
		}
	}
	return len(keys) == 0
}

func (w *Watches) tell(guild snowflake.GuildID) {
	payload, err := json.Marshal(map[string]any{})
	if err == nil && w.notify(guild, payload, func() { w.told(guild) }) {
		return
	}
	// Nobody listens: the script that asked is gone.
	w.mu.Lock()
	delete(w.guilds, guild)
	w.mu.Unlock()
}

func (w *Watches) told(guild snowflake.GuildID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil || w.closed {
		return
	}
	g.telling = g.changed
	g.changed = false
	if g.telling {
		// The caller may hold locks that notify takes.
		w.work.Go(func() { w.tell(guild) })
	}
}

// Close waits for the notices that are on their way; no more follow.
func (w *Watches) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.work.Wait()
}

type watchArgs struct {
	Store op.Text  `json:"store,omitempty"`
	Keys  []string `json:"keys"`
}

func (f *family) watch(_ context.Context, guild snowflake.GuildID, a watchArgs) (any, error) {
	if len(a.Keys) == 0 || len(a.Keys) > maxRanges {
		return nil, op.Invalid("keys", "expected 1 to %d, got %d", maxRanges, len(a.Keys))
	}
	if len(a.Store) > maxStoreName {
		return nil, op.Invalid("store", "it has %d bytes; the limit is %d", len(a.Store), maxStoreName)
	}
	keys := make([]string, len(a.Keys))
	for i, k := range a.Keys {
		var err error
		if keys[i], err = keyOf(fmt.Sprintf("keys[%d]", i), k); err != nil {
			return nil, err
		}
		if len(keys[i]) > maxKey {
			return nil, op.Invalid(fmt.Sprintf("keys[%d]", i), "it has %d bytes; the limit is %d", len(keys[i]), maxKey)
		}
	}
	f.Watches.add(guild, storeOf(a.Store), keys)
	return nil, nil //nolint:nilnil // Nothing is answered.
}
