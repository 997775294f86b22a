package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field describes one position of an expression.
type field struct {
	name     string
	min, max int
	names    []string // Of the values from min on.
	origin   int      // Where "*/n" counts from, when that is not min.
}

// The fields in order.
const (
	second = iota
	minute
	hour
	day
	month
	weekday
	year
	fieldCount
)

var fields = [fieldCount]field{
	second:  {name: "second", max: 59},
	minute:  {name: "minute", max: 59},
	hour:    {name: "hour", max: 23},
	day:     {name: "day of month", min: 1, max: 31},
	month:   {name: "month", min: 1, max: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	weekday: {name: "weekday", max: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
	// gronx asks for each year in turn, so the list must not be long.
	year: {name: "year", min: 1970, max: 2099, origin: 1},
}

// set is what a field matches: any value, or those listed.
type set struct {
	any    bool
	values []int // Sorted, without repeats; weekdays are 0 to 6.
	last   []int // Weekdays whose last one in the month matches.
	nth    []nth
	near   []int // Days whose nearest working day matches.
	end    bool  // The month's last day matches.
}

// nth is the number-th weekday of a month.
type nth struct{ weekday, number int }

// parseField reads one field, in upper case.
func parseField(pos int, text string) (set, error) {
	f := fields[pos]
	if text == "*" || text == "?" && (pos == day || pos == weekday) {
		return set{any: true}, nil
	}
	var s set
	for part := range strings.SplitSeq(text, ",") {
		if err := f.part(pos, part, &s); err != nil {
			return set{}, fmt.Errorf("%s %q: %w", f.name, part, err)
		}
	}
	slices.Sort(s.values)
	s.values = slices.Compact(s.values)
	slices.Sort(s.last)
	s.last = slices.Compact(s.last)
	slices.Sort(s.near)
	s.near = slices.Compact(s.near)
	slices.SortFunc(s.nth, func(a, b nth) int { return (a.weekday-b.weekday)*8 + a.number - b.number })
	s.nth = slices.Compact(s.nth)
	return s, nil
}

// part reads one member of a comma list.
func (f field) part(pos int, text string, s *set) error {
	switch {
	case text == "":
		return fmt.Errorf("is empty; remove the comma")
	case strings.HasPrefix(text, "+"):
		return fmt.Errorf(`"+" is not supported; a job runs when the day of month or the weekday matches, check the other one in the handler`)
	case pos == day && text == "L":
		s.end = true
		return nil
	case pos == day && strings.HasSuffix(text, "W"):
		return f.nearest(strings.TrimSuffix(text, "W"), s)
	case pos == weekday && strings.Contains(text, "#"):
		return f.numbered(text, s)
	case pos == weekday && strings.HasSuffix(text, "L"):
		return f.lastOf(strings.TrimSuffix(text, "L"), s)
	}
	values, err := f.span(text)
	if err != nil {
		return err
	}
	s.values = append(s.values, f.normal(pos, values)...)
	return nil
}

// normal makes Sunday 0.
func (f field) normal(pos int, values []int) []int {
	if pos == weekday {
		for i, v := range values {
			values[i] = v % 7
		}
	}
	return values
}

// span reads "a", "a-b", "*/n", "a/n" and "a-b/n".
func (f field) span(text string) ([]int, error) {
	rng, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		var err error
		if step, err = number(stepText); err != nil || step == 0 {
			return nil, fmt.Errorf("the step must be a number from 1 on")
		}
	}
	lo, hi := f.min, f.max
	if f.names != nil && f.min == 0 && rng == "*" {
		hi = 6 // Sunday once.
	}
	if rng != "*" {
		from, to, ranged := strings.Cut(rng, "-")
		var err error
		if lo, err = f.value(from, false); err != nil {
			return nil, err
		}
		switch {
		case ranged:
			if hi, err = f.value(to, true); err != nil {
				return nil, err
			}
			if hi < lo {
				return nil, fmt.Errorf("the range ends before it starts; write it as two, like %s-%d,%d-%s", from, f.max, f.min, to)
			}
		case !stepped:
			hi = lo
		}
	} else if !stepped {
		return nil, fmt.Errorf(`"*" must stand alone or be followed by a step like "*/5"`)
	}
	if rng == "*" && f.origin > 0 {
		lo = f.origin + (f.min-f.origin+step-1)/step*step
	}
	var out []int
	for v := lo; v <= hi; v += step {
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("matches nothing from %d to %d", f.min, f.max)
	}
	return out, nil
}

// value reads a number or name. As the end of a range, Sunday is 7.
func (f field) value(text string, end bool) (int, error) {
	if i := slices.Index(f.names, text); i >= 0 {
		if end && i == 0 && f.min == 0 {
			return 7, nil
		}
		return f.min + i, nil
	}
	v, err := number(text)
	if err != nil {
		if f.names != nil {
			return 0, fmt.Errorf("is no number and no name from %s to %s", f.names[0], f.names[len(f.names)-1])
		}
		return 0, fmt.Errorf("is no number")
	}
	if v < f.min || v > f.max {
		return 0, fmt.Errorf("is outside %d-%d", f.min, f.max)
	}
	return v, nil
}

// nearest reads the day before a "W".
func (f field) nearest(text string, s *set) error {
	v, err := f.value(text, false)
	if err != nil {
		return fmt.Errorf(`"W" must follow one day of the month, like 15W`)
	}
	s.near = append(s.near, v)
	return nil
}

// numbered reads "5#2", "MON-FRI#1" and "5#L".
func (f field) numbered(text string, s *set) error {
	days, which, _ := strings.Cut(text, "#")
	if which == "L" {
		return f.lastOf(days, s)
	}
	n, err := number(which)
	if err != nil || n < 1 || n > 5 {
		return fmt.Errorf(`"#" must be followed by a number from 1 to 5 or by L, like FRI#2`)
	}
	values, err := f.span(days)
	if err != nil {
		return err
	}
	for _, v := range values {
		s.nth = append(s.nth, nth{v % 7, n})
	}
	return nil
}

// lastOf reads the weekday of "5L".
func (f field) lastOf(text string, s *set) error {
	if text == "" {
		return fmt.Errorf(`"L" must follow a weekday, like FRIL; the last day of the month is L in the day of month`)
	}
	v, err := f.value(text, false)
	if err != nil {
		return err
	}
	s.last = append(s.last, v%7)
	return nil
}

// text writes the set in the form that gronx reads without surprises.
func (s set) text() string {
	if s.any {
		return "*"
	}
	var out []string
	for _, v := range s.values {
		out = append(out, strconv.Itoa(v))
	}
	if s.end {
		out = append(out, "L")
	}
	for _, v := range s.near {
		out = append(out, strconv.Itoa(v)+"W")
	}
	for _, v := range s.last {
		out = append(out, strconv.Itoa(v)+"L")
	}
	for _, v := range s.nth {
		out = append(out, fmt.Sprintf("%d#%d", v.weekday, v.number))
	}
	return strings.Join(out, ",")
}

// number reads up to four digits.
func number(text string) (int, error) {
	if len(text) == 0 || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return strconv.Atoi(text)
}
