package platform

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

const (
	sjisRow   = 188
	eudcFirst = 8836 // Of characters that are for private use.
	eudcLast  = 10715
)

// sjisPairs are the characters of two bytes of Shift_JIS, from 0x81 to 0x9f and
// from 0xe0 to 0xfc.
var sjisPairs = sync.OnceValue(func() []rune {
	out := append(pairs(japanese.ShiftJIS, 0x81, 0x9f, sjisRow), pairs(japanese.ShiftJIS, 0xe0, 0xfc, sjisRow)...)
	for i := eudcFirst; i <= eudcLast; i++ {
		out[i] = rune(0xe000 + i - eudcFirst)
	}
	return out
})

// decodeShiftJIS is the standard's decoder of Shift_JIS.
func decodeShiftJIS(src []byte, flush bool) (text, rest []byte, err error) {
	out := make([]byte, 0, len(src)+len(src)/2+3)
	table := sjisPairs()
	put := func(r rune, n int) {
		if r == 0 {
			r, err = utf8.RuneError, errDecode
		}
		out = utf8.AppendRune(out, r)
		src = src[n:]
	}
	for len(src) > 0 {
		switch first := src[0]; {
		case first < utf8.RuneSelf:
			out = append(out, first)
			src = src[1:]
		case first == 0x80:
			put(0x80, 1)
		case first >= 0xa1 && first <= 0xdf:
			put(0xff61-0xa1+rune(first), 1)
		case first == 0xa0 || first > 0xfc:
			put(0, 1)
		case len(src) == 1 && !flush:
			return out, src, err
		case len(src) == 1:
			put(0, 1)
		default:
			lead := int(first) - 0x81
			if first >= 0xe0 {
				lead = int(first) - 0xc1
			}
			r, n := pair(table, sjisRow, lead, src[1])
			put(r, n)
		}
	}
	return out, nil, err
}

// jisPairs are the characters of two bytes of JIS X 0208.
var jisPairs = sync.OnceValue(func() []rune {
	d := japanese.EUCJP.NewDecoder()
	out := make([]rune, 94*94)
	for i := range out {
		text, err := d.Bytes([]byte{byte(0xa1 + i/94), byte(0xa1 + i%94)})
		if r, n := utf8.DecodeRune(text); err == nil && n == len(text) && r != utf8.RuneError {
			out[i] = r
		}
	}
	return out
})

// The sets of ISO-2022-JP, and that something has come since an escape is told
// from one that follows another.
const (
	setASCII = iota
	setRoman
	setKatakana
	setKanji
	escapedLast = 4
)

// iso2022 is the standard's decoder of ISO-2022-JP.
type iso2022 struct {
	set     int
	escaped bool // Nothing has come since the last escape.
	out     []byte
	err     error
}

// decode2022 decodes what follows a state, and gives the one after it.
func decode2022(src []byte, flush bool, state int) (text, rest []byte, after int, err error) {
	d := &iso2022{set: state & 3, escaped: state&escapedLast != 0, out: make([]byte, 0, len(src)+len(src)/2+3)}
	for len(src) > 0 {
		n := d.step(src, flush)
		if n == 0 {
			break
		}
		src = src[n:]
	}
	if after = d.set; d.escaped {
		after |= escapedLast
	}
	return d.out, src, after, d.err
}

// step reads a character or an escape; 0 is that more bytes are needed.
func (d *iso2022) step(src []byte, flush bool) int {
	b := src[0]
	if b == 0x1b {
		return d.escape(src, flush)
	}
	d.escaped = false
	switch {
	case d.set == setKanji && b >= 0x21 && b <= 0x7e:
		if len(src) == 1 {
			if !flush {
				return 0
			}
			return d.put(0, 1)
		}
		switch c := src[1]; {
		case c == 0x1b:
			return d.put(0, 1) // The escape is read next.
		case c >= 0x21 && c <= 0x7e:
			return d.put(jisPairs()[(int(b)-0x21)*94+int(c)-0x21], 2)
		}
		return d.put(0, 2)
	case d.set == setKatakana && b >= 0x21 && b <= 0x5f:
		return d.put(0xff61-0x21+rune(b), 1)
	case d.set == setRoman && b == '\\':
		return d.put('¥', 1)
	case d.set == setRoman && b == '~':
		return d.put('‾', 1)
	case d.set <= setRoman && b < utf8.RuneSelf && b != 0x0e && b != 0x0f:
		d.out = append(d.out, b)
		return 1
	}
	return d.put(0, 1)
}

func (d *iso2022) escape(src []byte, flush bool) int {
	sets := map[string]int{"(B": setASCII, "(J": setRoman, "(I": setKatakana, "$@": setKanji, "$B": setKanji}
	if len(src) >= 3 {
		if set, ok := sets[string(src[1:3])]; ok {
			if d.escaped {
				d.put(0, 0)
			}
			d.set, d.escaped = set, true
			return 3
		}
	} else if !flush && (len(src) == 1 || src[1] == '(' || src[1] == '$') {
		return 0
	}
	d.escaped = false
	return d.put(0, 1)
}

// put adds a character, or what stands for none.
func (d *iso2022) put(r rune, n int) int {
	if r == 0 {
		r, d.err = utf8.RuneError, errDecode
	}
	d.out = utf8.AppendRune(d.out, r)
	return n
}
