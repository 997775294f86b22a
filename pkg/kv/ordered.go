package kv

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Reserved begins the names of ordered stores. No other store's name does, so
// neither kind reaches what is in the other.
const Reserved = "."

// Ordered is storage of bytes under keys of bytes, for what is built on top of
// it: Deno.Kv, its queues, and schedules. Stores are named with Reserved in
// front, share the guild's versions, quotas and archives with its other stores,
// and come to be by their first write. What was acknowledged is on disk.
type Ordered interface {
	// ReadRanges gives the pairs of each range, all as they were at one moment. A
	// range that is the only one may give fewer when they are large.
	ReadRanges(ctx context.Context, guild snowflake.GuildID, store string, ranges []Range) ([][]Pair, error)
	// Commit makes all mutations, one after another, or none. It is not OK when a
	// check does not hold.
	Commit(ctx context.Context, guild snowflake.GuildID, store string, c Commit) (Committed, error)
	// Holding gives the ordered stores that have a key from this one on.
	Holding(ctx context.Context, from string) ([]StoreName, error)
}

// StoreName is an ordered store of a guild.
type StoreName struct {
	Guild snowflake.GuildID
	Store string
}

// Range is keys from Start on that are before End, in the order of their bytes.
type Range struct {
	Start, End string
	Limit      int // The most pairs wanted; it must be set.
	Reverse    bool
	KeysOnly   bool // Their values are not read.
}

// Pair is a key and its value. The value's first byte says what the rest is.
type Pair struct {
	Key, Value string
	Version    uint64
}

// U64 is the first byte of a value that Sum, Min and Max work on: eight bytes
// follow, the lowest first.
const U64 = 'u'

// Check holds when the key has this version; 0 is that there is no such key.
type Check struct {
	Key     string
	Version uint64
}

// Kind is what a Mutation does.
type Kind uint8

// The kinds. The last three take a value of U64, and find one or nothing.
const (
	Set Kind = iota + 1
	Delete
	Sum // Wraps around.
	Min
	Max
)

// String is what Deno calls the kind.
func (k Kind) String() string {
	names := [...]string{Set: "set", Delete: "delete", Sum: "sum", Min: "min", Max: "max"}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Mutation is one change of a Commit.
type Mutation struct {
	Kind  Kind
	Key   string
	Value string
	// Expiration is the Unix second at which a Set key is gone, 0 for never.
	Expiration int64
	// Suffix, if not nil, makes the end of the key of the version that the commit
	// gives.
	Suffix func(version uint64) string
}

// key is the whole key in a commit that gives this version.
func (m Mutation) key(version uint64) string {
	if m.Suffix == nil {
		return m.Key
	}
	return m.Key + m.Suffix(version)
}

// Commit is what is done together. A key may be in it more than once.
type Commit struct {
	Checks    []Check
	Mutations []Mutation
	// Uncounted is for the runtime's own writes, which no rate limit refuses.
	Uncounted bool
}

// Committed is what became of a Commit.
type Committed struct {
	OK      bool
	Version uint64 // That all written keys have.
}

// Limits of what is in an ordered store and read at once. They are Deno's.
const (
	orderedKeyBytes   = 2 << 10
	orderedValueBytes = 96 << 10 // One of 64 KiB, and what its owner puts beside it.
	orderedReadBytes  = 4 << 20
)

// CommitBytes is how much of a commit counts as one write.
const CommitBytes = 64 << 10

var _ Ordered = (*DB)(nil)

var errCheck = errors.New("a check does not hold")

func (l Limits) checkOrdered(name string) error {
	rest, ok := strings.CutPrefix(name, Reserved)
	if !ok {
		return fault.New(fault.InvalidInput, "%.100q is not the name of an ordered store", name)
	}
	return l.checkStore(rest)
}

// ReadRanges implements Ordered.
func (db *DB) ReadRanges(ctx context.Context, id snowflake.GuildID, name string, ranges []Range) (out [][]Pair, err error) {
	if err := db.limits().checkOrdered(name); err != nil {
		return nil, err
	}
	if err := db.enter(ctx, id); err != nil {
		return nil, err
	}
	defer db.leave()
	if len(ranges) > 1 || len(ranges) == 1 && ranges[0].Limit > 1 { // The queue's own looks do not wait for the guild's.
		over, err := db.share(ctx, id)
		if err != nil {
			return nil, err
		}
		defer over()
	}
	err = db.engine.View(ctx, func(r Reader) (err error) {
		out = make([][]Pair, len(ranges))
		room := orderedReadBytes
		for i, want := range ranges {
			if out[i], err = db.readRange(ctx, r, id, name, want, &room, len(ranges) == 1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readRange reads until the range ends, is long enough, or room is used up,
// which is an error for more than one key at a time.
func (db *DB) readRange(ctx context.Context, r Reader, id snowflake.GuildID, name string, want Range, room *int, alone bool) (out []Pair, err error) {
	out = []Pair{}
	prefix := entryKey(tagHead, id, name, "")
	lower, upper := append(bytes.Clone(prefix), want.Start...), append(bytes.Clone(prefix), want.End...)
	if want.Limit < 1 || bytes.Compare(lower, upper) >= 0 {
		return out, nil
	}
	iter, err := r.Iter(ctx, Span{Lower: lower, Upper: upper, Reverse: want.Reverse, Expect: want.Limit})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	now := db.clock.Now().Unix()
	const checkEvery = 1024
	for seen := 1; len(out) < want.Limit && iter.Next(); seen++ {
		if seen%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		v, err := iter.Value()
		if err != nil {
			return nil, err
		}
		h, err := decodeHead(v)
		if err != nil {
			return nil, db.damaged(id, "entry", err)
		}
		if db.expired(h, now) {
			continue
		}
		key := string(iter.Key()[len(prefix):])
		if want.KeysOnly {
			out = append(out, Pair{Key: key, Version: h.version})
			continue
		}
		if *room -= len(key) + h.valueLen; *room < 0 && len(out) > 0 && alone {
			break // The rest is another page.
		}
		if *room < 0 && !alone {
			return nil, fault.New(fault.TooLarge, "what is read has more than %s together; read less at once", size(orderedReadBytes))
		}
		value, err := db.value(ctx, r, id, name, key, h)
		if err != nil {
			return nil, err
		}
		out = append(out, Pair{Key: key, Value: value, Version: h.version})
	}
	return out, nil
}

// Commit implements Ordered.
func (db *DB) Commit(ctx context.Context, id snowflake.GuildID, name string, c Commit) (Committed, error) {
	if err := first(db.limits().checkOrdered(name), c.valid()); err != nil {
		return Committed{}, err
	}
	version, err := db.applyAt(ctx, id, name, c.size(), c.edits)
	switch {
	case errors.Is(err, errCheck):
		return Committed{}, nil
	case err != nil:
		return Committed{}, err
	case version == 0: // Nothing changed.
		if version, err = db.version(ctx, id); err != nil {
			return Committed{}, err
		}
	default:
		db.tell(id, name, c.keys(version))
	}
	return Committed{OK: true, Version: version}, nil
}

// tell tells who wants to know of the keys of an ordered store; none are all.
func (db *DB) tell(id snowflake.GuildID, name string, keys []string) {
	if db.told != nil && strings.HasPrefix(name, Reserved) {
		db.told(id, name, keys)
	}
}

// keys are those that the commit wrote or removed.
func (c Commit) keys(version uint64) []string {
	keys := make([]string, len(c.Mutations))
	for i, m := range c.Mutations {
		keys[i] = m.key(version)
	}
	return keys
}

// version is the guild's latest.
func (db *DB) version(ctx context.Context, id snowflake.GuildID) (uint64, error) {
	b, err := db.engine.Get(ctx, guildKey(tagGuild, id))
	if err != nil || b == nil {
		return 0, err
	}
	g, err := decodeGuild(b)
	if err != nil {
		return 0, db.damaged(id, "guild", err)
	}
	return g.version, nil
}

func (c Commit) valid() error {
	for _, k := range c.Checks {
		if err := checkOrderedKey(k.Key); err != nil {
			return err
		}
	}
	for _, m := range c.Mutations {
		if err := checkOrderedKey(m.key(0)); err != nil {
			return err
		}
		switch {
		case m.Kind < Set || m.Kind > Max:
			return fault.New(fault.InvalidInput, "there is no mutation of kind %d", m.Kind)
		case m.Kind == Delete:
		case m.Value == "":
			return fault.New(fault.InvalidInput, "a value says what it is by its first byte; this one is empty")
		case len(m.Value) > orderedValueBytes:
			return fault.New(fault.TooLarge, "value exceeds maximum size of %d bytes", orderedValueBytes)
		case m.Kind > Delete && !isU64(m.Value):
			return fault.New(fault.InvalidInput, "sum, min and max take a number of 64 bits")
		}
	}
	return nil
}

func checkOrderedKey(key string) error {
	switch {
	case key == "":
		return fault.New(fault.InvalidInput, "key cannot be empty")
	case len(key) > orderedKeyBytes:
		return fault.New(fault.TooLarge, "key exceeds maximum size of %d bytes", orderedKeyBytes)
	}
	return nil
}

func isU64(value string) bool { return len(value) == 9 && value[0] == U64 }

// size is that of all keys and values.
func (c Commit) size() int64 {
	total := 0
	for _, m := range c.Mutations {
		total += len(m.Key) + len(m.Value)
	}
	return int64(total)
}

// edits gathers what the commit does to each key, in the order of the keys'
// first use, when it gives this version.
func (c Commit) edits(version uint64) (out []edit) {
	type part struct {
		checks    []uint64
		mutations []Mutation
	}
	parts := map[string]*part{}
	order := make([]string, 0, len(c.Checks)+len(c.Mutations))
	at := func(key string) *part {
		p, ok := parts[key]
		if !ok {
			p = &part{}
			parts[key] = p
			order = append(order, key)
		}
		return p
	}
	for _, k := range c.Checks {
		p := at(k.Key)
		p.checks = append(p.checks, k.Version)
	}
	for _, m := range c.Mutations {
		p := at(m.key(version))
		p.mutations = append(p.mutations, m)
	}
	counted := c.Uncounted
	for _, key := range order {
		p := parts[key]
		e := edit{key: key, looks: len(p.mutations) == 0}
		sets := slices.ContainsFunc(p.mutations, func(m Mutation) bool { return m.Kind != Delete })
		if sets && !counted { // However many keys it has.
			e.writes = 1 + int(c.size()/CommitBytes)
			counted = true
		}
		e.next = func(live *head) (*head, *string, error) {
			version := uint64(0)
			if live != nil {
				version = live.version
			}
			for _, want := range p.checks {
				if want != version {
					return nil, nil, errCheck
				}
			}
			return mutate(live, p.mutations)
		}
		out = append(out, e)
	}
	return out
}

// mutate does the mutations of one key.
func mutate(live *head, mutations []Mutation) (*head, *string, error) {
	h := live
	var value *string
	for _, m := range mutations {
		switch m.Kind {
		case Delete:
			h, value = nil, nil
			continue
		case Set:
			value = &m.Value
		default:
			sum, err := m.combine(h)
			if err != nil {
				return nil, nil, err
			}
			value = &sum
		}
		h = &head{expiration: m.Expiration}
		h.setValue(*value)
	}
	return h, value, nil
}

// combine is the value after Sum, Min or Max. Numbers are short, so they are in
// their head.
func (m Mutation) combine(h *head) (string, error) {
	if h == nil {
		return m.Value, nil
	}
	if !h.inline || !isU64(string(h.value)) {
		return "", fault.New(fault.InvalidInput, "Failed to perform '%s' mutation on a non-U64 value in the database", m.Kind)
	}
	is, by := binary.LittleEndian.Uint64(h.value[1:]), binary.LittleEndian.Uint64([]byte(m.Value[1:]))
	switch m.Kind {
	case Min:
		is = min(is, by)
	case Max:
		is = max(is, by)
	default:
		is += by
	}
	return string(binary.LittleEndian.AppendUint64([]byte{U64}, is)), nil
}

// Holding implements Ordered. One that only has such keys which have expired
// may be among them.
func (db *DB) Holding(ctx context.Context, from string) (out []StoreName, err error) {
	if err := db.enter(ctx, 1); err != nil {
		return nil, err
	}
	defer db.leave()
	var names []StoreName
	look := func() error {
		spans := make([]Span, len(names))
		for i, n := range names {
			prefix := entryKey(tagHead, n.Guild, n.Store, "")
			spans[i] = Span{Lower: append(bytes.Clone(prefix), from...), Upper: after(prefix), Expect: 1}
		}
		found, err := db.engine.Firsts(ctx, spans)
		for i, key := range found {
			if key != nil {
				out = append(out, names[i])
			}
		}
		names = names[:0]
		return err
	}
	const together = 500
	err = scan(ctx, db.engine, []byte{tagStore}, func(k, _ []byte) error {
		guild, name, _, err := parseEntryKey(append(bytes.Clone(k), 0))
		if err != nil {
			return db.damaged(0, "store", err)
		}
		if strings.HasPrefix(name, Reserved) {
			names = append(names, StoreName{guild, name})
		}
		if len(names) < together {
			return ctx.Err()
		}
		return look()
	})
	if err == nil {
		err = look()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// outward is an entry of an ordered store as text, for archives. Hexadecimal
// keeps the order of keys.
func outward(store, key, value string) (k, v string) {
	if !strings.HasPrefix(store, Reserved) {
		return key, value
	}
	return hex.EncodeToString([]byte(key)), base64.StdEncoding.EncodeToString([]byte(value))
}

// inward is the inverse of outward, and checks all that is checked of an entry
// by itself.
func (l Limits) inward(store, key, value string) (k, v string, err error) {
	if !strings.HasPrefix(store, Reserved) {
		return key, value, first(l.checkKey(key), l.checkValue(value))
	}
	kb, kerr := hex.DecodeString(key)
	vb, verr := base64.StdEncoding.DecodeString(value)
	if kerr != nil || verr != nil || hex.EncodeToString(kb) != key {
		return "", "", fault.New(fault.InvalidInput, "a key of store %.100q is not lower-case hexadecimal, or its value not base64", store)
	}
	c := Commit{Mutations: []Mutation{{Kind: Set, Key: string(kb), Value: string(vb)}}}
	return string(kb), string(vb), c.valid()
}

// checkAny is the check of a store's name, of either kind.
func (l Limits) checkAny(name string) error {
	if strings.HasPrefix(name, Reserved) {
		return l.checkOrdered(name)
	}
	return l.checkStore(name)
}
