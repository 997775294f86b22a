package recipe

import (
	"errors"
	"math"
)

// Position is a place in a bundle. Lines and columns count from 0, columns in
// UTF-16 units.
type Position struct{ Line, Column int }

// Target is a place in the source of that number in a source map's list.
type Target struct{ Source, Line, Column int }

// Unmapped is the source of a target that no source has a part in.
const Unmapped = -1

// ErrMappings is why a source map's mappings are refused.
var ErrMappings = errors.New("its mappings are broken")

// LookUp fills in, for every wanted position, the last mapping at or before it
// on its line. It reads the mappings once and keeps nothing of them, however
// long they are.
func LookUp(mappings string, wanted map[Position]Target) error {
	lines := map[int][]Position{}
	for p := range wanted {
		lines[p.Line] = append(lines[p.Line], p)
	}
	// best is the column of the mapping that a position has so far.
	best := map[Position]int{}
	r := reader{text: mappings}
	line := 0
	for !r.done() {
		switch r.text[r.at] {
		case ';':
			r.at++
			r.column = 0
			line++
			continue
		case ',':
			r.at++
			continue
		}
		t, err := r.segment()
		if err != nil {
			return err
		}
		for _, p := range lines[line] {
			if had, ok := best[p]; r.column <= p.Column && (!ok || r.column >= had) {
				best[p] = r.column
				wanted[p] = t
			}
		}
	}
	return nil
}

// reader decodes mappings; its numbers are the running sums of the fields.
type reader struct {
	text                    string
	at                      int
	column                  int
	source, srcLine, srcCol int
	name                    int
}

func (r *reader) done() bool { return r.at >= len(r.text) }

// segment reads 1, 4 or 5 fields.
func (r *reader) segment() (Target, error) {
	if err := r.add(&r.column); err != nil {
		return Target{}, err
	}
	if r.ended() {
		return Target{Source: Unmapped}, nil
	}
	for _, field := range []*int{&r.source, &r.srcLine, &r.srcCol} {
		if err := r.add(field); err != nil {
			return Target{}, err
		}
	}
	if !r.ended() {
		if err := r.add(&r.name); err != nil {
			return Target{}, err
		}
	}
	if !r.ended() {
		return Target{}, ErrMappings
	}
	return Target{r.source, r.srcLine, r.srcCol}, nil
}

func (r *reader) ended() bool { return r.done() || r.text[r.at] == ',' || r.text[r.at] == ';' }

// add adds the next base 64 variable-length number to a sum, which must stay a
// 31-bit number that is not negative.
func (r *reader) add(sum *int) error {
	value, shift := 0, 0
	for {
		if r.done() || shift > 30 {
			return ErrMappings
		}
		digit := digits[r.text[r.at]]
		if digit < 0 {
			return ErrMappings
		}
		r.at++
		value |= int(digit&31) << shift
		shift += 5
		if digit&32 == 0 {
			break
		}
	}
	if value&1 != 0 {
		value = -(value >> 1)
	} else {
		value >>= 1
	}
	*sum += value
	if *sum < 0 || *sum > math.MaxInt32 {
		return ErrMappings
	}
	return nil
}

// digits gives the value of a base 64 digit, or -1.
var digits = func() (d [256]int8) {
	for i := range d {
		d[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		d[c] = int8(i) //nolint:gosec // 0 to 63.
	}
	return d
}()
