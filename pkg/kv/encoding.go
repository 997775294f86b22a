package kv

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The first byte of every key says what it is. Numbers are big-endian, so that
// keys sort by them. An engine may have keys of its own from 0x70 on.
const (
	tagGuild  = 0x01 // guild -> guildRecord
	tagStore  = 0x02 // guild, store -> storeRecord
	tagHead   = 0x03 // guild, store, 0, key -> head
	tagValue  = 0x04 // guild, store, 0, key -> a value that is not in its head
	tagExpiry = 0x05 // guild, expiration, store, 0, key -> nothing
	tagState  = 0x06 // nothing -> see state.go
)

// inlineBytes is the largest value that is kept in its head. Listing reads the
// heads only.
const inlineBytes = 4 << 10

var errDamaged = errors.New("kv record is damaged")

// guildWidth is the length of what guildKey gives.
const guildWidth = 9

func guildKey(tag byte, guild snowflake.GuildID) []byte {
	return binary.BigEndian.AppendUint64([]byte{tag}, uint64(guild))
}

func storeKey(guild snowflake.GuildID, store string) []byte {
	return append(guildKey(tagStore, guild), store...)
}

// entryKey is the key of a head or value. With key "" it is the lower bound of
// the store's.
func entryKey(tag byte, guild snowflake.GuildID, store, key string) []byte {
	out := make([]byte, 0, 10+len(store)+len(key))
	out = binary.BigEndian.AppendUint64(append(out, tag), uint64(guild))
	out = append(append(out, store...), 0)
	return append(out, key...)
}

// parseEntryKey takes a head's key apart.
func parseEntryKey(b []byte) (guild snowflake.GuildID, store, key string, err error) {
	if len(b) < 9 {
		return 0, "", "", errDamaged
	}
	guild = snowflake.GuildID(binary.BigEndian.Uint64(b[1:]))
	store, key, err = splitStore(b[9:])
	return guild, store, key, err
}

func splitStore(b []byte) (store, key string, err error) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), string(b[i+1:]), nil
		}
	}
	return "", "", errDamaged
}

// expiryKey orders a guild's keys by the moment they end. With store "" it is
// the lower bound of those that end then.
func expiryKey(guild snowflake.GuildID, expiration int64, store, key string) []byte {
	out := guildKey(tagExpiry, guild)
	out = binary.BigEndian.AppendUint64(out, uint64(expiration)^1<<63) //nolint:gosec // Flips the sign so that it sorts.
	if store == "" {
		return out
	}
	out = append(append(out, store...), 0)
	return append(out, key...)
}

func parseExpiryKey(b []byte) (guild snowflake.GuildID, expiration int64, store, key string, err error) {
	if len(b) < 17 {
		return 0, 0, "", "", errDamaged
	}
	guild = snowflake.GuildID(binary.BigEndian.Uint64(b[1:]))
	expiration = int64(binary.BigEndian.Uint64(b[9:]) ^ 1<<63) //nolint:gosec // The inverse of expiryKey.
	store, key, err = splitStore(b[17:])
	return guild, expiration, store, key, err
}

// after is the smallest key above all that start with b; nil when there is none.
func after(b []byte) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < math.MaxUint8 {
			out := append([]byte(nil), b[:i+1]...)
			out[i]++
			return out
		}
	}
	return nil
}

// head is an entry's record.
type head struct {
	version    uint64
	expiration int64
	metadata   json.RawMessage
	inline     bool
	value      []byte // When inline.
	valueLen   int
	// valueVersion is in the record of a value that is not inline.
	valueVersion uint64
}

// size is what the entry counts for.
func (h head) size(key string) int64 {
	n := len(key) + h.valueLen
	if len(h.metadata) > 0 {
		n += len(key) + len(h.metadata)
	}
	return int64(n)
}

const headFormat = 1

func (h head) encode() []byte {
	b := make([]byte, 0, 48+len(h.metadata)+len(h.value))
	b = append(b, headFormat)
	b = binary.AppendUvarint(b, h.version)
	b = binary.AppendVarint(b, h.expiration)
	b = binary.AppendUvarint(b, uint64(len(h.metadata)))
	b = append(b, h.metadata...)
	b = binary.AppendUvarint(b, uint64(h.valueLen)) //nolint:gosec // A length.
	if h.inline {
		return append(append(b, 1), h.value...)
	}
	return binary.AppendUvarint(append(b, 0), h.valueVersion)
}

// decodeHead copies what it keeps of b.
func decodeHead(b []byte) (head, error) {
	r := reader{b: b}
	var h head
	if r.byte() != headFormat {
		return h, errDamaged
	}
	h.version = r.uvarint()
	h.expiration = r.varint()
	if m := r.bytes(r.uvarint()); len(m) > 0 {
		h.metadata = append(json.RawMessage(nil), m...)
	}
	n := r.uvarint()
	switch r.byte() {
	case 1:
		h.inline = true
		h.value = append([]byte(nil), r.bytes(n)...)
	case 0:
		h.valueVersion = r.uvarint()
	default:
		return h, errDamaged
	}
	if n > math.MaxInt32 {
		return h, errDamaged
	}
	h.valueLen = int(n)
	return h, r.end()
}

// encodeValue is the record of a value that is not inline.
func encodeValue(version uint64, value string) []byte {
	b := make([]byte, 0, binary.MaxVarintLen64+len(value))
	return append(binary.AppendUvarint(b, version), value...)
}

func decodeValue(b []byte, h head) (string, error) {
	version, n := binary.Uvarint(b)
	if n <= 0 || version != h.valueVersion || len(b)-n != h.valueLen {
		return "", errDamaged
	}
	return string(b[n:]), nil
}

// guildRecord holds a guild's counters.
type guildRecord struct {
	version     uint64 // The last one given.
	bytes, keys int64
}

func (g guildRecord) encode() []byte {
	b := binary.AppendUvarint([]byte{1}, g.version)
	return binary.AppendVarint(binary.AppendVarint(b, g.bytes), g.keys)
}

func decodeGuild(b []byte) (guildRecord, error) {
	r := reader{b: b}
	if r.byte() != 1 {
		return guildRecord{}, errDamaged
	}
	return guildRecord{version: r.uvarint(), bytes: r.varint(), keys: r.varint()}, r.end()
}

// storeRecord is a store's place in the registry and its counters.
type storeRecord struct {
	id               uuid.UUID
	created, updated time.Time
	bytes, keys      int64
}

func (s storeRecord) encode() []byte {
	b := append([]byte{1}, s.id[:]...)
	b = binary.AppendVarint(b, s.created.UnixMicro())
	b = binary.AppendVarint(b, s.updated.UnixMicro())
	return binary.AppendVarint(binary.AppendVarint(b, s.bytes), s.keys)
}

func decodeStore(b []byte) (storeRecord, error) {
	r := reader{b: b}
	if r.byte() != 1 {
		return storeRecord{}, errDamaged
	}
	var s storeRecord
	copy(s.id[:], r.bytes(uint64(len(s.id))))
	s.created = time.UnixMicro(r.varint()).UTC()
	s.updated = time.UnixMicro(r.varint()).UTC()
	s.bytes, s.keys = r.varint(), r.varint()
	return s, r.end()
}

// reader takes a record apart; bad is set by the first thing that is missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return number(r, v, n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	return number(r, v, n)
}

func number[T int64 | uint64](r *reader, v T, n int) T {
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// end is nil when all was there and nothing is left.
func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return errDamaged
	}
	return nil
}
