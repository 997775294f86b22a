package recipe

import (
	"errors"
	"math"
	"slices"
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
	lines := map[int]*row{}
	for p := range wanted {
		if lines[p.Line] == nil {
			lines[p.Line] = &row{}
		}
		lines[p.Line].columns = append(lines[p.Line].columns, p.Column)
	}
	for _, l := range lines {
		slices.Sort(l.columns)
		l.best = make([]candidate, len(l.columns))
	}
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
		if l := lines[line]; l != nil {
			l.offer(r.column, t)
		}
	}
	for line, l := range lines {
		l.settle(func(column int, t Target) { wanted[Position{line, column}] = t })
	}
	return nil
}

// row is a line's wanted columns, in order. Mappings may be many, and come in
// any order: each is put to the first column that it reaches.
type row struct {
	columns []int
	best    []candidate
}

type candidate struct {
	column int
	target Target
	set    bool
}

func (l *row) offer(column int, t Target) {
	i, _ := slices.BinarySearch(l.columns, column)
	if i < len(l.best) && (!l.best[i].set || column >= l.best[i].column) {
		l.best[i] = candidate{column, t, true}
	}
}

func (l *row) settle(each func(column int, t Target)) {
	var last candidate
	for i, c := range l.best {
		if c.set {
			last = c
		}
		if last.set {
			each(l.columns[i], last.target)
		}
	}
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
