package recipe

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Bounds of a code frame.
const (
	frameBefore = 2   // Lines before the one that is marked,
	frameAfter  = 1   // and after it.
	frameWidth  = 100 // Characters of a line.
	frameLead   = 60  // Of those, at most so many before the place.
	cutMark     = "..."
)

// CodeFrame is a few lines of source with a mark below a place, or "" when there
// is no such place. Line and column count from 0, the column in UTF-16 units.
// Whatever the source is, the frame has few characters, and none that is not to
// be read.
func CodeFrame(source string, line, column int) string {
	lines, first := linesAround(source, line)
	if lines == nil || column < 0 {
		return ""
	}
	at := lines[line-first]
	place := runesBefore(at, column)
	from := 0
	if place > frameLead {
		// The lines around have other things there.
		from, lines, first = place-frameLead, []string{at}, line
	}
	digits := len(fmt.Sprint(first + len(lines)))
	var out []string
	for i, text := range lines {
		mark := " "
		if first+i == line {
			mark = ">"
		}
		out = append(out, strings.TrimRight(fmt.Sprintf("%s %*d | %s", mark, digits, first+i+1, window(text, from)), " "))
		if first+i == line {
			lead := place - from
			if from > 0 {
				lead += len(cutMark)
			}
			out = append(out, fmt.Sprintf("  %*s | %*s^", digits, "", lead, ""))
		}
	}
	return strings.Join(out, "\n")
}

// linesAround gives a line with those around it, and the number of the first;
// nil when there is no such line, or nothing in it.
func linesAround(source string, line int) (lines []string, first int) {
	first = max(0, line-frameBefore)
	found := false
	for n := 0; n <= line+frameAfter; n++ {
		text, rest, more := strings.Cut(source, "\n")
		if n >= first && (more || text != "") {
			lines = append(lines, text)
		}
		found = found || n == line && strings.TrimSpace(text) != ""
		if !more {
			break
		}
		source = rest
	}
	if !found {
		return nil, 0
	}
	return lines, first
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
