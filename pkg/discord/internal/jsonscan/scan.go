// Package jsonscan walks raw JSON without building values: it finds members,
// skips what nobody asked for and says whether the text is well formed. It is
// as strict as encoding/json about syntax, and refuses nesting deeper than
// MaxDepth. All slices it gives out point into the text it was given.
package jsonscan

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strconv"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 256

// Space gives the index of the first byte at or after i that is no white space.
func Space(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// Skip gives the index after the value that begins at i, which must not be
// white space, or -1 when no well-formed value begins there.
func Skip(b []byte, i int) int { return skip(b, i, MaxDepth) }

// Valid reports whether the whole text is one well-formed value.
func Valid(b []byte) bool {
	i := Skip(b, Space(b, 0))
	return i >= 0 && Space(b, i) == len(b)
}

func skip(b []byte, i, depth int) int {
	if i < 0 || i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return SkipString(b, i)
	case '{':
		return skipObject(b, i, depth-1)
	case '[':
		return skipArray(b, i, depth-1)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return skipNumber(b, i)
}

func literal(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func skipObject(b []byte, i, depth int) int {
	if depth < 0 {
		return -1
	}
	i = Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i = skipKey(b, i); i < 0 {
			return -1
		}
		if i = skip(b, i, depth); i < 0 {
			return -1
		}
		i = Space(b, i)
		if i >= len(b) {
			return -1
		}
		switch b[i] {
		case '}':
			return i + 1
		case ',':
			i = Space(b, i+1)
		default:
			return -1
		}
	}
}

// skipKey gives the index of the value that follows the key at i, or -1.
func skipKey(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	if i = SkipString(b, i); i < 0 {
		return -1
	}
	i = Space(b, i)
	if i >= len(b) || b[i] != ':' {
		return -1
	}
	return Space(b, i+1)
}

func skipArray(b []byte, i, depth int) int {
	if depth < 0 {
		return -1
	}
	i = Space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = skip(b, i, depth); i < 0 {
			return -1
		}
		i = Space(b, i)
		if i >= len(b) {
			return -1
		}
		switch b[i] {
		case ']':
			return i + 1
		case ',':
			i = Space(b, i+1)
		default:
			return -1
		}
	}
}

func skipNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i] >= '1' && b[i] <= '9':
		i = digits(b, i)
	default:
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = digits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks, in their high bits, the bytes of w that may end or complicate
// a string: quotes, backslashes and control characters. Only the lowest mark is
// exact, and only that one is used.
func special(w uint64) uint64 {
	quote := w ^ (ones * '"')
	slash := w ^ (ones * '\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
}

// SkipString gives the index after the string that begins at i, or -1.
func SkipString(b []byte, i int) int {
	i++
	for {
		for i+8 <= len(b) {
			m := special(binary.LittleEndian.Uint64(b[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < 0x20:
			return -1
		case c != '\\':
			i++
		default:
			if i = skipEscape(b, i); i < 0 {
				return -1
			}
		}
	}
}

func skipEscape(b []byte, i int) int {
	if i+1 >= len(b) {
		return -1
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 > len(b) {
			return -1
		}
		for _, c := range b[i+2 : i+6] {
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return -1
			}
		}
		return i + 6
	}
	return -1
}

// Members calls f with the raw key (without quotes) and the raw value of each
// member of the object, until f returns false. It reports whether the text was
// a well-formed object, as far as it was read.
func Members(object []byte, f func(key, value []byte) bool) bool {
	return Object(object, f) >= 0
}

// Object is Members for an object that other text may follow: it gives the
// index where it stopped reading, after the object when f never returned false,
// or -1.
func Object(b []byte, f func(key, value []byte) bool) int {
	i := Space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return -1
	}
	i = Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		start := i + 1
		if i = skipKey(b, i); i < 0 {
			return -1
		}
		end := start
		for b[end] != '"' {
			if b[end] == '\\' {
				end++
			}
			end++
		}
		value := i
		if i = skip(b, i, MaxDepth-1); i < 0 {
			return -1
		}
		if !f(b[start:end], b[value:i]) {
			return i
		}
		i = Space(b, i)
		if i >= len(b) {
			return -1
		}
		switch b[i] {
		case '}':
			return i + 1
		case ',':
			i = Space(b, i+1)
		default:
			return -1
		}
	}
}

// Elements calls f with each raw element of the array, until f returns false.
// It reports whether the text was a well-formed array, as far as it was read.
func Elements(array []byte, f func(value []byte) bool) bool {
	i := Space(array, 0)
	if i >= len(array) || array[i] != '[' {
		return false
	}
	i = Space(array, i+1)
	if i < len(array) && array[i] == ']' {
		return true
	}
	for {
		start := i
		if i = skip(array, i, MaxDepth-1); i < 0 {
			return false
		}
		if !f(array[start:i]) {
			return true
		}
		i = Space(array, i)
		if i >= len(array) {
			return false
		}
		switch array[i] {
		case ']':
			return true
		case ',':
			i = Space(array, i+1)
		default:
			return false
		}
	}
}

// Get gives the raw value of the object's member, or nil.
func Get(object []byte, key string) []byte {
	var found []byte
	Members(object, func(k, v []byte) bool {
		if string(k) == key {
			found = v
		}
		return found == nil
	})
	return found
}

// Text decodes a raw string value; anything else gives "".
func Text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	inner := value[1 : len(value)-1]
	for _, c := range inner {
		if c == '\\' || c >= 0x80 {
			var s string
			if json.Unmarshal(value, &s) != nil {
				return ""
			}
			return s
		}
	}
	return string(inner)
}

// Int reads a raw whole number; anything else gives 0.
func Int(value []byte) int64 {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ID reads a raw string of decimal digits, as Discord writes ids; anything else
// gives 0.
func ID(value []byte) uint64 {
	if len(value) < 3 || len(value) > 21 || value[0] != '"' {
		return 0
	}
	var n uint64
	for _, c := range value[1 : len(value)-1] {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	if n > 1<<63-1 {
		return 0
	}
	return n
}

// True reports whether the raw value is the literal true.
func True(value []byte) bool { return string(value) == "true" }
