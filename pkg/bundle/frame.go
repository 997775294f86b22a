package bundle

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Bounds of a code frame.
const (
	frameBefore = 2   // Lines before the one where it happened.
	frameWidth  = 100 // Characters of a line.
	frameLead   = 60  // Of those, at most so many before the place.
)

// codeFrame shows a place in a source, each line with a line break before, or
// gives "" when there is no such place. Line and column count from 0, the column
// in UTF-16 units.
func codeFrame(source string, line, column int) string {
	before, at, ok := linesAround(source, line)
	if !ok || strings.TrimSpace(at) == "" {
		return ""
	}
	place := runesBefore(at, column)
	from := 0
	if place > frameLead {
		from, before = place-frameLead, nil
	}
	digits := len(fmt.Sprint(line + 1))
	var b strings.Builder
	write := func(n int, text string) {
		if shown := strings.TrimRight(window(text, from), " "); shown != "" {
			fmt.Fprintf(&b, "\n    %*d | %s", digits, n, shown)
		}
	}
	for i, text := range before {
		write(line+1-len(before)+i, text)
	}
	write(line+1, at)
	caret := place - from
	if from > 0 {
		caret += len(cutMark)
	}
	fmt.Fprintf(&b, "\n    %*s | %*s^", digits, "", caret, "")
	return b.String()
}

// linesAround gives a line and those before it.
func linesAround(source string, line int) (before []string, at string, ok bool) {
	for n := 0; ; n++ {
		text, rest, more := strings.Cut(source, "\n")
		if n == line {
			return before, text, true
		}
		if !more {
			return nil, "", false
		}
		if n >= line-frameBefore {
			before = append(before, text)
		}
		source = rest
	}
}

// runesBefore is how many characters a column of UTF-16 units has before it.
func runesBefore(text string, column int) int {
	n := 0
	for _, r := range text {
		if column <= 0 {
			break
		}
		column -= max(1, utf16.RuneLen(r))
		n++
	}
	return n
}

const cutMark = "..."

// window is a part of a line, with one column for each character.
func window(text string, from int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n <= from {
			continue
		}
		if n > from+frameWidth {
			b.WriteString(cutMark)
			break
		}
		if b.Len() == 0 && from > 0 {
			b.WriteString(cutMark)
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsGraphic(r):
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}
