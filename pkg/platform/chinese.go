package platform

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// gbRuns are what the standard's index of gb18030 has and the library has not:
// the place of the first character, the character, and how many follow it.
var gbRuns = [][3]int{
	{6376, 0xe766, 6}, {6433, 0xe76d, 1}, {6444, 0xe76e, 2}, {6458, 0xe770, 2}, {6829, 0xe772, 11}, {7022, 0xe77d, 8}, {7150, 0xe785, 8}, {7182, 0xfe10, 1}, {7183, 0xfe12, 1},
	{7184, 0xfe11, 1}, {7185, 0xfe13, 4}, {7201, 0xfe17, 2}, {7208, 0xfe19, 1}, {7211, 0xe797, 9}, {7349, 0xe7a0, 15}, {7397, 0xe7af, 13}, {7495, 0xe7bc, 11}, {7533, 0x1e3f, 1},
	{7538, 0xe7c9, 4}, {7579, 0xe7cd, 21}, {7624, 0xe7e2, 1}, {7627, 0xe7e3, 1}, {7629, 0xe7e4, 3}, {7686, 0xe7f4, 13}, {7775, 0xe801, 15}, {16525, 0xe810, 5}, {23767, 0xe816, 3},
	{23775, 0x9fb4, 1}, {23783, 0x9fb5, 1}, {23788, 0x9fb6, 2}, {23794, 0xe831, 1}, {23795, 0x9fb8, 1}, {23804, 0xe83b, 1}, {23812, 0x9fb9, 1}, {23829, 0x9fba, 1}, {23830, 0xe855, 1},
	{23845, 0x9fbb, 1},
}

const (
	gbRow    = 190
	gbFirst  = 0x81
	gbLast   = 0xfe
	gbSquare = 94
)

// pairs is a table of what a library's decoder makes of two bytes; 0 is nothing.
// The second is from 0x40 on without 0x7f.
func pairs(e encoding.Encoding, first, last, row int) []rune {
	d := e.NewDecoder()
	out := make([]rune, (last-first+1)*row)
	for i := range out {
		trail := i%row + 0x40
		if trail >= 0x7f {
			trail++
		}
		text, err := d.Bytes([]byte{byte(first + i/row), byte(trail)}) //nolint:gosec // Both are below 256.
		if r, n := utf8.DecodeRune(text); err == nil && n == len(text) && r != utf8.RuneError {
			out[i] = r
		}
	}
	return out
}

// gbPairs is the standard's index of gb18030.
var gbPairs = sync.OnceValue(func() []rune {
	out := pairs(simplifiedchinese.GB18030, gbFirst, gbLast, gbRow)
	// Three areas are for private use.
	for row := range 6 {
		for i := range gbSquare {
			out[(0xaa+row-gbFirst)*gbRow+gbRow-gbSquare+i] = rune(0xe000 + row*gbSquare + i)
		}
	}
	for row := range 7 {
		for i := range gbSquare {
			out[(0xf8+row-gbFirst)*gbRow+gbRow-gbSquare+i] = rune(0xe234 + row*gbSquare + i)
		}
		for i := range gbRow - gbSquare {
			out[(0xa1+row-gbFirst)*gbRow+i] = rune(0xe4c6 + row*(gbRow-gbSquare) + i)
		}
	}
	out[(0xa3-gbFirst)*gbRow+gbRow-gbSquare-1] = 0x3000
	for _, r := range gbRuns {
		for i := range r[2] {
			out[r[0]+i] = rune(r[1] + i)
		}
	}
	return out
})

// decodeGB is the standard's decoder of gb18030, and of gbk.
func decodeGB(src []byte, flush bool) (text, rest []byte, err error) {
	out := make([]byte, 0, len(src)+len(src)/2+3)
	table := gbPairs()
	four := simplifiedchinese.GB18030.NewDecoder()
	put := func(r rune, n int) {
		if r == 0 {
			r, err = utf8.RuneError, errDecode
		}
		out = utf8.AppendRune(out, r)
		src = src[n:]
	}
	for len(src) > 0 {
		first := src[0]
		switch {
		case first < utf8.RuneSelf:
			out = append(out, first)
			src = src[1:]
			continue
		case first == 0x80:
			put('€', 1)
			continue
		case first == 0xff:
			put(0, 1)
			continue
		}
		digits := len(src) > 1 && digit(src[1])
		wants := 2
		if digits {
			wants = 4
			if len(src) > 2 && (src[2] < gbFirst || src[2] > gbLast) || len(src) > 3 && !digit(src[3]) {
				put(0, 1)
				continue
			}
		}
		if len(src) < wants {
			if !flush {
				return out, src, err
			}
			put(0, len(src))
			continue
		}
		if digits {
			put(gbFour(four, src[:4]), 4)
			continue
		}
		r, n := pair(table, gbRow, int(first-gbFirst), src[1])
		put(r, n)
	}
	return out, nil, err
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// pair looks two bytes up. Of what is nothing a second byte of ASCII stays.
func pair(table []rune, row, lead int, trail byte) (r rune, n int) {
	at := int(trail) - 0x40
	if trail > 0x7f {
		at--
	}
	if trail >= 0x40 && trail != 0x7f && at < row {
		r = table[lead*row+at]
	}
	if r == 0 && trail < utf8.RuneSelf {
		return 0, 1
	}
	return r, 2
}

// gbFour is the character of four bytes.
func gbFour(d *encoding.Decoder, b []byte) rune {
	at := ((int(b[0])-0x81)*10+int(b[1])-0x30)*1260 + (int(b[2])-0x81)*10 + int(b[3]) - 0x30
	switch {
	case at == 7457:
		return 0xe7c7
	case at >= 189000:
		if at > 1237575 {
			return 0
		}
		return rune(0x10000 + at - 189000)
	case at > 39419:
		return 0
	}
	text, err := d.Bytes(b)
	if err != nil {
		return 0
	}
	r, _ := utf8.DecodeRune(text)
	return r
}
