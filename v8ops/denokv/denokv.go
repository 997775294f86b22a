// Package denokv holds the ops behind Deno.openKv and flora.schedule. Keys come
// as the hexadecimal of bytes that sort as Deno's keys do, and values as base64
// of what the SDK makes of them; nothing here takes either apart.
package denokv

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Limits; those that Deno has are Deno's.
const (
	maxRanges    = 10 // Keys of a getMany, and of a watch.
	maxPage      = 1000
	maxChecks    = 100
	maxMutations = 1000
	maxValue     = 65_536  // Bytes beside the first, which says what they are.
	maxTotal     = 819_200 // Bytes of keys and values in one commit.
	maxKeyTotal  = 81_920  // Bytes of keys in one commit.
	maxDelay     = 30 * 24 * time.Hour
	maxBackoff   = 5
	maxUndeliver = 10
	maxPause     = time.Hour // Of a backoff schedule.
	// scriptKeys is what keys of scripts are below: their parts begin with type
	// bytes that are all smaller.
	scriptKeys = 0x30
)

// MaxSchedules is how many schedules a guild may have waiting.
const MaxSchedules = 1000

// Deps is what the ops work with.
type Deps struct {
	Store   kv.Ordered
	Clock   clock.Clock // nil is the real one.
	Watches *Watches    // nil: watches are told nothing.
	// Schedules is how many schedules a guild may have waiting; 0 is MaxSchedules.
	Schedules int
}

// Ops declares the family.
func Ops(d Deps) []op.Op {
	if d.Clock == nil {
		d.Clock = clock.Real
	}
	if d.Watches == nil {
		d.Watches = NewWatches(func(snowflake.GuildID, []byte, func()) bool { return false })
	}
	if d.Schedules == 0 {
		d.Schedules = MaxSchedules
	}
	f := &family{Deps: d, slots: make(chan struct{}, maxReads)}
	ops := []op.Op{
		op.Define("op_denokv_read", op.Self, f.read),
		op.Define("op_denokv_commit", op.Self, f.commit),
		op.Define("op_denokv_watch", op.Self, f.watch),
		op.Define("op_schedule_create", op.Self, f.schedule),
		op.Define("op_schedule_cancel", op.Self, f.cancel),
		op.Define("op_schedule_list", op.Self, f.list),
	}
	for i := range ops {
		ops[i].Local = true
	}
	return ops
}

type family struct {
	Deps

	scheduling turns
	reads      turns
	slots      chan struct{} // Of all guilds' reads.
}

// maxReads is how many reads there are at once, of which each may be of many
// megabytes.
const maxReads = 4

// reading does a read in its turn, one at a time of each guild, and writes the
// result as JSON in it: what a script asks for without waiting is not in memory
// all at once.
func (f *family) reading(ctx context.Context, guild snowflake.GuildID, read func() (any, error)) (any, error) {
	defer f.reads.begin(guild)()
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.slots }()
	out, err := read()
	if err != nil {
		return nil, err
	}
	doc, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write what was read: %w", err)
	}
	return json.RawMessage(doc), nil
}

// turns has one at a time of each guild.
type turns struct {
	mu     sync.Mutex // Guards guilds.
	guilds map[snowflake.GuildID]*turn
}

type turn struct {
	sync.Mutex

	users int // That have it or wait for it.
}

// begin waits for the guild's turn; end ends it.
func (t *turns) begin(guild snowflake.GuildID) (end func()) {
	t.mu.Lock()
	one := t.guilds[guild]
	if one == nil {
		one = &turn{}
		if t.guilds == nil {
			t.guilds = map[snowflake.GuildID]*turn{}
		}
		t.guilds[guild] = one
	}
	one.users++
	t.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.guilds, guild)
		}
	}
}

// storeOf names the ordered store of a database.
func storeOf(name op.Text) string {
	if name == "" {
		return kv.Reserved + "kv"
	}
	return kv.Reserved + "kv-" + string(name)
}

// keyOf reads a script's key.
func keyOf(field string, text string) (string, error) {
	b, err := hex.DecodeString(text)
	if err != nil {
		return "", op.Invalid(field, "expected hexadecimal")
	}
	if len(b) > 0 && b[0] >= scriptKeys {
		return "", op.Invalid(field, "no part of a key begins with 0x%x", b[0])
	}
	return string(b), nil
}

func versionstamp(v uint64) string { return fmt.Sprintf("%016x0000", v) }

// never is a version that no key has.
const never = 1<<64 - 1

// versionOf reads a versionstamp, which need not be one of this database.
func versionOf(field, text string) (uint64, error) {
	const digits = 20
	b, err := hex.DecodeString(text)
	if err != nil || len(text) != digits {
		return 0, op.Invalid(field, "invalid versionstamp: expected %d hexadecimal digits, got %.40q", digits, text)
	}
	if v := binary.BigEndian.Uint64(b); v != 0 && text[16:] == "0000" {
		return v, nil
	}
	return never, nil
}

type rangeArgs struct {
	Start   string `json:"start"`
	End     string `json:"end"`
	Limit   int    `json:"limit"`
	Reverse bool   `json:"reverse"`
}

type readArgs struct {
	Store  op.Text     `json:"store,omitempty"`
	Ranges []rangeArgs `json:"ranges"`
}

type pair struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Version string `json:"version"`
}

func (f *family) read(ctx context.Context, guild snowflake.GuildID, a readArgs) (any, error) {
	if len(a.Ranges) == 0 || len(a.Ranges) > maxRanges {
		return nil, op.Invalid("ranges", "expected 1 to %d, got %d", maxRanges, len(a.Ranges))
	}
	ranges := make([]kv.Range, len(a.Ranges))
	for i, r := range a.Ranges {
		at := fmt.Sprintf("ranges[%d].", i)
		start, err := keyOf(at+"start", r.Start)
		if err != nil {
			return nil, err
		}
		stop, err := hex.DecodeString(r.End)
		if err != nil {
			return nil, op.Invalid(at+"end", "expected hexadecimal")
		}
		if r.Limit < 1 || r.Limit > maxPage {
			return nil, op.Invalid(at+"limit", "it is %d; give 1 to %d", r.Limit, maxPage)
		}
		ranges[i] = kv.Range{Start: start, End: min(string(stop), string(rune(scriptKeys))), Limit: r.Limit, Reverse: r.Reverse}
	}
	return f.reading(ctx, guild, func() (any, error) {
		found, err := f.Store.ReadRanges(ctx, guild, storeOf(a.Store), ranges)
		if err != nil {
			return nil, err
		}
		out := make([][]pair, len(found))
		for i, pairs := range found {
			out[i] = make([]pair, len(pairs))
			for j, p := range pairs {
				out[i][j] = pair{
					Key: hex.EncodeToString([]byte(p.Key)), Value: base64.StdEncoding.EncodeToString([]byte(p.Value)), Version: versionstamp(p.Version),
				}
			}
		}
		return out, nil
	})
}

type checkArgs struct {
	Key     string  `json:"key"`
	Version *string `json:"version"`
}

type mutationArgs struct {
	Type     string   `json:"type"`
	Key      string   `json:"key"`
	Value    string   `json:"value"` // Base64.
	ExpireIn *float64 `json:"expireIn"`
	// Versioned: the key ends in the versionstamp of the commit, as a text.
	Versioned bool `json:"versioned"`
}

type enqueueArgs struct {
	Value       string    `json:"value"` // Base64.
	Delay       float64   `json:"delay"` // Milliseconds.
	Undelivered []string  `json:"keysIfUndelivered"`
	Backoff     []float64 `json:"backoffSchedule"`
}

type commitArgs struct {
	Store     op.Text        `json:"store,omitempty"`
	Checks    []checkArgs    `json:"checks,omitempty"`
	Mutations []mutationArgs `json:"mutations,omitempty"`
	Enqueues  []enqueueArgs  `json:"enqueues,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *commitArgs) Validate() error {
	switch {
	case len(a.Checks) > maxChecks:
		return fault.New(fault.InvalidInput, "Too many checks (max %d)", maxChecks)
	case len(a.Mutations)+len(a.Enqueues) > maxMutations:
		return fault.New(fault.InvalidInput, "Too many mutations (max %d)", maxMutations)
	}
	return nil
}

var kinds = map[string]kv.Kind{"set": kv.Set, "delete": kv.Delete, "sum": kv.Sum, "min": kv.Min, "max": kv.Max}

func (f *family) commit(ctx context.Context, guild snowflake.GuildID, a commitArgs) (any, error) {
	var c kv.Commit
	for i, k := range a.Checks {
		key, err := keyOf(fmt.Sprintf("checks[%d].key", i), k.Key)
		if err != nil {
			return nil, err
		}
		check := kv.Check{Key: key}
		if k.Version != nil {
			if check.Version, err = versionOf(fmt.Sprintf("checks[%d].versionstamp", i), *k.Version); err != nil {
				return nil, err
			}
		}
		c.Checks = append(c.Checks, check)
	}
	for i, m := range a.Mutations {
		out, err := f.mutation(fmt.Sprintf("mutations[%d].", i), m)
		if err != nil {
			return nil, err
		}
		c.Mutations = append(c.Mutations, out)
	}
	for i, e := range a.Enqueues {
		out, err := f.enqueue(fmt.Sprintf("enqueues[%d].", i), a.Store, e)
		if err != nil {
			return nil, err
		}
		c.Mutations = append(c.Mutations, out)
	}
	if err := checkTotal(c); err != nil {
		return nil, err
	}
	done, err := f.Store.Commit(ctx, guild, storeOf(a.Store), c)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"ok": done.OK}
	if done.OK {
		out["version"] = versionstamp(done.Version)
	}
	return out, nil
}

// checkTotal bounds a commit as a whole.
func checkTotal(c kv.Commit) error {
	keys, total := 0, 0
	for _, m := range c.Mutations {
		keys += len(m.Key)
		total += len(m.Key) + len(m.Value)
	}
	switch {
	case total > maxTotal:
		return fault.New(fault.InvalidInput, "Total mutation size too large (max %d bytes)", maxTotal)
	case keys > maxKeyTotal:
		return fault.New(fault.InvalidInput, "Total key size too large (max %d bytes)", maxKeyTotal)
	}
	return nil
}

func (f *family) mutation(at string, m mutationArgs) (out kv.Mutation, err error) {
	kind, ok := kinds[m.Type]
	if !ok {
		return out, op.Invalid(at+"type", "expected set, delete, sum, min or max, got %.20q", m.Type)
	}
	out.Kind = kind
	if out.Key, err = keyOf(at+"key", m.Key); err != nil || kind == kv.Delete {
		return out, err
	}
	if m.Versioned {
		if kind != kv.Set {
			return out, op.Invalid(at+"versioned", "only a key that is set ends in a versionstamp")
		}
		out.Suffix = func(version uint64) string { return "\x02" + versionstamp(version) + "\x00" }
	}
	if out.Value, err = valueOf(at+"value", m.Value); err != nil {
		return out, err
	}
	if m.ExpireIn != nil {
		if !(*m.ExpireIn >= 0 && *m.ExpireIn <= maxMillis) {
			return out, op.Invalid(at+"expireIn", "expected 0 to %d milliseconds", int64(maxMillis))
		}
		// A key may live a little longer, and not shorter.
		out.Expiration = f.Clock.Now().Add(millis(*m.ExpireIn) + time.Second - time.Nanosecond).Unix()
	}
	return out, nil
}

const maxMillis = 1e12 // Some 30 years.

func millis(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

func valueOf(field, text string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) == 0 {
		return "", op.Invalid(field, "expected base64")
	}
	if len(b) > maxValue+1 {
		return "", fault.New(fault.TooLarge, "Value too large (max %d bytes)", maxValue)
	}
	return string(b), nil
}

// QueueEvent is the event of a database's messages.
func QueueEvent(store string) string { return catalog.QueuePrefix + store }

func (f *family) enqueue(at string, store op.Text, e enqueueArgs) (out kv.Mutation, err error) {
	value, err := valueOf(at+"value", e.Value)
	if err != nil {
		return out, err
	}
	switch {
	case !(e.Delay >= 0 && millis(min(e.Delay, maxMillis)) <= maxDelay):
		return out, op.Invalid(at+"delay", "expected 0 to %d milliseconds (30 days)", maxDelay.Milliseconds())
	case len(e.Backoff) > maxBackoff:
		return out, op.Invalid(at+"backoffSchedule", "it has more than %d pauses", maxBackoff)
	case len(e.Undelivered) > maxUndeliver:
		return out, op.Invalid(at+"keysIfUndelivered", "there are more than %d", maxUndeliver)
	}
	now := f.Clock.Now()
	m := later.Message{Name: QueueEvent(string(store)), Value: value, Backoff: later.DefaultBackoff(), At: now.Add(millis(e.Delay)).UnixMilli()}
	if e.Backoff != nil {
		m.Backoff = make([]int64, len(e.Backoff))
		for i, b := range e.Backoff {
			if !(b >= 0 && b <= float64(maxPause.Milliseconds())) {
				return out, op.Invalid(at+"backoffSchedule", "each pause is 0 to %d milliseconds (an hour)", maxPause.Milliseconds())
			}
			m.Backoff[i] = int64(b)
		}
	}
	for i, k := range e.Undelivered {
		key, err := keyOf(fmt.Sprintf("%skeysIfUndelivered[%d]", at, i), k)
		if err != nil {
			return out, err
		}
		m.IfUndelivered = append(m.IfUndelivered, []byte(key))
	}
	key, err := later.NewKey(time.UnixMilli(m.At))
	if err != nil {
		return out, err
	}
	return m.Put(key)
}
