// Package later brings what scripts put off to them: messages of Deno.Kv's
// queues and one-shot schedules. They are entries of ordered key-value stores
// under keys that begin with Prefix and go by when they are due, so they are
// written with what they belong to and are on disk when that is. Each is given
// to its guild's script at least once: it is removed only after its handler has
// ended well or its tries are used up, so a handler that was cut off, by
// whatever, runs again.
package later

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
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
	// Value is one of a kv.Ordered store: the script gets it in base64, and
	// IfUndelivered's keys get it as it is.
	Value         string   `json:"-"`
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

// messageValue is the first byte of a message's value. The length of its head
// follows, its head and its Value.
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

// ID is the message with this key as scripts see it. It stays when the message
// is tried again.
func (m Message) ID(key string) string { return hex.EncodeToString([]byte(m.first(key)[1:])) }

// first is the key that the message had at first.
func (m Message) first(key string) string { return keyAt(m.At, key[min(9, len(key)):]) }

// KeyOf is the key that the message with this ID had at first, empty when it is
// no ID.
func KeyOf(id string) string {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != keyBytes-1 {
		return ""
	}
	return Prefix + string(b)
}

// Same says that two keys are the same message's.
func Same(a, b string) bool { return len(a) == keyBytes && len(b) == keyBytes && a[9:] == b[9:] }

// due is the moment of a key in Unix milliseconds.
func due(key string) int64 {
	if len(key) != keyBytes {
		return 0
	}
	return int64(binary.BigEndian.Uint64([]byte(key[1:9]))) //nolint:gosec // It was positive.
}

// Put is the mutation that stores the message.
func (m Message) Put(key string) (kv.Mutation, error) {
	head, err := json.Marshal(m)
	if err != nil {
		return kv.Mutation{}, fmt.Errorf("encode a message: %w", err)
	}
	b := binary.AppendUvarint([]byte{messageValue}, uint64(len(head)))
	return kv.Mutation{Kind: kv.Set, Key: key, Value: string(append(b, head...)) + m.Value}, nil
}

// Parse reads a stored message.
func Parse(value string) (Message, error) {
	var m Message
	if value == "" || value[0] != messageValue {
		return m, fmt.Errorf("a message's value begins with %.1q", value)
	}
	b := []byte(value[1:])
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return m, errors.New("a message's head is longer than the message")
	}
	head, rest := b[size:size+int(n)], b[size+int(n):] //nolint:gosec // It is within b.
	if err := json.Unmarshal(head, &m); err != nil {
		return m, fmt.Errorf("read a message: %w", err)
	}
	m.Value = string(rest)
	return m, nil
}

// All is the range of the messages of a store.
func All(limit int) kv.Range { return kv.Range{Start: Prefix, End: end, Limit: limit} }

// Until is the range of those that are due before the moment.
func Until(due time.Time, limit int) kv.Range {
	return kv.Range{Start: Prefix, End: keyAt(due.UnixMilli(), ""), Limit: limit}
}

// last says that no further try follows this one.
func (m Message) last() bool { return m.Tried >= len(m.Backoff) }

// outcome names what became of a try.
func (m Message) outcome(o Outcome) string {
	switch {
	case o == Handled:
		return "handled"
	case o == Failed && m.last():
		return "undelivered"
	case o == Failed:
		return "failed"
	}
	return "unserved"
}

// failed is what replaces a message whose try failed.
func (m Message) failed(key string, version uint64, now time.Time) (kv.Commit, error) {
	c := kv.Commit{
		// It may have been cancelled meanwhile.
		Checks:    []kv.Check{{Key: key, Version: version}},
		Mutations: []kv.Mutation{{Kind: kv.Delete, Key: key}}, Uncounted: true,
	}
	if m.last() {
		for _, k := range m.IfUndelivered {
			c.Mutations = append(c.Mutations, kv.Mutation{Kind: kv.Set, Key: string(k), Value: m.Value})
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
