// Package later brings what scripts put off to them: messages of Deno.Kv's
// queues and one-shot schedules. They are entries of ordered key-value stores
// under keys that begin with Prefix and go by when they are due, so they are
// written with what they belong to and are on disk when that is. Each is given
// to its guild's script at least once: it is removed only after its handler has
// ended well or its tries are used up, so a handler that was cut off, by
// whatever, runs again.
package later

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Prefix begins the keys of messages. It is above all parts of script's keys.
const Prefix = "\xf0"

// end is above all keys of messages.
const end = "\xf1"

// keyBytes is the length of a message's key: Prefix, the moment, an id.
const keyBytes = 1 + 8 + 16

// Message waits for its moment.
type Message struct {
	// Name is the event that the script gets.
	Name string `json:"name"`
	// Value is the payload's member of that name, as JSON.
	Value json.RawMessage `json:"value"`
	// Kept is what IfUndelivered's keys get, a value of a kv.Ordered store.
	Kept          []byte   `json:"kept,omitempty"`
	IfUndelivered [][]byte `json:"ifUndelivered,omitempty"`
	// Backoff are the milliseconds before each further try.
	Backoff []int64 `json:"backoff"`
	// Tried is how many tries failed.
	Tried int `json:"tried,omitempty"`
	// At is when it was due at first, in Unix milliseconds.
	At int64 `json:"at"`
}

// DefaultBackoff is Deno's.
func DefaultBackoff() []int64 { return []int64{100, 1000, 5000, 30_000, 60_000} }

// messageValue is the first byte of a message's value.
const messageValue = 'm'

// NewKey makes the key of a message that is due then.
func NewKey(due time.Time) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("make a message's id: %w", err)
	}
	return keyAt(due.UnixMilli(), string(id[:])), nil
}

func keyAt(ms int64, id string) string {
	return string(binary.BigEndian.AppendUint64([]byte(Prefix), uint64(max(ms, 0)))) + id //nolint:gosec // Not negative.
}

// ID is the part of a message's key that stays when it is tried again, as
// scripts see it.
func ID(key string) string { return hex.EncodeToString([]byte(key[min(9, len(key)):])) }

// due is the moment of a key in Unix milliseconds.
func due(key string) int64 {
	if len(key) != keyBytes {
		return 0
	}
	return int64(binary.BigEndian.Uint64([]byte(key[1:9]))) //nolint:gosec // It was positive.
}

// Put is the mutation that stores the message.
func (m Message) Put(key string) (kv.Mutation, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return kv.Mutation{}, fmt.Errorf("encode a message: %w", err)
	}
	return kv.Mutation{Kind: kv.Set, Key: key, Value: string(messageValue) + string(b)}, nil
}

// internal is the store of what the runtime itself puts off for a guild.
const internal = kv.Reserved + "runtime"

// Keep stores a message of the runtime's own, which counts for no quota of rates.
func Keep(ctx context.Context, store kv.Ordered, guild snowflake.GuildID, m Message, due time.Time) error {
	m.At = due.UnixMilli()
	key, err := NewKey(due)
	if err != nil {
		return err
	}
	put, err := m.Put(key)
	if err != nil {
		return err
	}
	_, err = store.Commit(ctx, guild, internal, kv.Commit{Mutations: []kv.Mutation{put}, Uncounted: true})
	return err
}

// Parse reads a stored message.
func Parse(value string) (Message, error) {
	var m Message
	if value == "" || value[0] != messageValue {
		return m, fmt.Errorf("a message's value begins with %.1q", value)
	}
	if err := json.Unmarshal([]byte(value[1:]), &m); err != nil {
		return m, fmt.Errorf("read a message: %w", err)
	}
	return m, nil
}

// All is the range of the messages of a store.
func All(limit int) kv.Range { return kv.Range{Start: Prefix, End: end, Limit: limit} }

// failed is what replaces a message whose try failed.
func (m Message) failed(key string, version uint64, now time.Time) (kv.Commit, error) {
	c := kv.Commit{
		// It may have been cancelled meanwhile.
		Checks:    []kv.Check{{Key: key, Version: version}},
		Mutations: []kv.Mutation{{Kind: kv.Delete, Key: key}}, Uncounted: true,
	}
	if m.Tried >= len(m.Backoff) {
		for _, k := range m.IfUndelivered {
			c.Mutations = append(c.Mutations, kv.Mutation{Kind: kv.Set, Key: string(k), Value: string(m.Kept)})
		}
		return c, nil
	}
	next := now.UnixMilli() + m.Backoff[m.Tried]
	m.Backoff = slices.Clone(m.Backoff)
	m.Tried++
	put, err := m.Put(keyAt(next, key[9:]))
	c.Mutations = append(c.Mutations, put)
	return c, err
}
