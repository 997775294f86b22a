package secret

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// minScrub is the length from which a value is looked for in what comes back.
// Shorter ones stand in texts by chance.
const minScrub = 8

// Scrubber takes values out of what came back. nil changes nothing.
type Scrubber struct {
	entries []*entry
	more    map[string]string
}

// Scrubber makes one for an answer that came by these servers: it looks for the
// values that any of them may know, in the ways they are written. more are
// further texts to replace, such as credentials made of a value.
func (s *Set) Scrubber(by []Target, more map[string]string) *Scrubber {
	out := &Scrubber{more: more}
	if s != nil {
		for _, e := range s.entries {
			if len(e.value.reveal()) >= minScrub && slices.ContainsFunc(by, func(t Target) bool { return e.knows(t.name()) }) {
				out.entries = append(out.entries, e)
			}
		}
	}
	if len(out.entries)+len(out.more) == 0 {
		return nil
	}
	return out
}

// Text is the text without values.
func (c *Scrubber) Text(text string) string {
	out, ok := c.Bytes([]byte(text), math.MaxInt64)
	if !ok {
		return "(left out)"
	}
	return string(out)
}

// Bytes is the body without values; it is false when that has more than most
// bytes, or is made so that to look for values takes too long.
func (c *Scrubber) Bytes(body []byte, most int64) ([]byte, bool) {
	found, ok := c.found(body)
	if !ok {
		return nil, false
	}
	if len(found) == 0 {
		return body, true
	}
	size := int64(len(body))
	for _, f := range found {
		size += int64(len(f.to) - (f.end - f.start))
	}
	if size > most {
		return nil, false
	}
	out := make([]byte, 0, size)
	at := 0
	for _, f := range found {
		out = append(append(out, body[at:f.start]...), f.to...)
		at = f.end
	}
	return append(out, body[at:]...), true
}

// span is a part of a body that has to go, and what takes its place.
type span struct {
	start, end int
	to         string
}

// found gives the parts in their order, none of which overlap.
func (c *Scrubber) found(body []byte) ([]span, bool) {
	if c == nil {
		return nil, true
	}
	l := &look{body: body, left: maxSteps, ways: map[rune][]string{}}
	return c.search(l), l.left > 0
}

func (c *Scrubber) search(l *look) []span {
	var all []span
	for from, to := range c.more {
		each(l.body, from, func(at int) bool { all = append(all, span{at, at + len(from), to}); return true })
	}
	for _, e := range c.entries {
		l.find(e, func(start, end int) { all = append(all, span{start, end, e.record.Placeholder()}) })
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			// One value is in another, or ends where another begins.
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// each calls f with every place of a text, until it says no.
func each(body []byte, text string, f func(at int) bool) {
	for from := 0; ; {
		i := bytes.Index(body[from:], []byte(text))
		if i < 0 || !f(from+i) {
			return
		}
		from += i + len(text)
	}
}

const (
	// minCore is the length of a core that is worth to look for.
	minCore = 6
	// maxSteps bounds the characters that are compared in one body, some tenths of
	// a second: servers choose what they send.
	maxSteps = 4 << 20
)

// look is the search in one body.
type look struct {
	body []byte
	left int // Steps.
	ways map[rune][]string
}

// find looks for a value. Those who send one back write it in many ways, as in
// an address, in JSON, in HTML, each with its own idea of what needs an escape.
// Letters and digits stay what they are in all of them, so the longest run of
// those is looked for, and then what stands around it.
func (l *look) find(e *entry, f func(start, end int)) {
	text, core := e.value.reveal(), e.core.reveal()
	if len(core) < minCore {
		for _, form := range e.forms() {
			each(l.body, form, func(at int) bool { f(at, at+len(form)); return true })
		}
		return
	}
	before, after, _ := strings.Cut(text, core)
	each(l.body, core, func(at int) bool {
		start, ok := l.backwards(at, before)
		if !ok {
			return l.left > 0
		}
		if end, ok := l.forwards(at+len(core), after); ok {
			f(start, end)
		}
		return l.left > 0
	})
}

// forms are the ways to write a value that is looked for as it is.
func (e *entry) forms() []string {
	text := e.value.reveal()
	return []string{text, InPath(text), InForm(text), InJSON(text)}
}

// forwards reports whether the text follows at that place, written in whatever
// way, and where it ends. A part of one way may be another, so several ends may
// be possible on the way.
func (l *look) forwards(at int, text string) (end int, ok bool) {
	ends := []int{at}
	for _, r := range text {
		ends = l.step(ends, r, func(at int, w string) int {
			if bytes.HasPrefix(l.body[at:], []byte(w)) {
				return at + len(w)
			}
			return -1
		})
		if len(ends) == 0 {
			return 0, false
		}
	}
	return slices.Max(ends), true
}

// backwards is forwards for what ends at that place.
func (l *look) backwards(at int, text string) (start int, ok bool) {
	starts := []int{at}
	for len(text) > 0 {
		r, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
		starts = l.step(starts, r, func(at int, w string) int {
			if bytes.HasSuffix(l.body[:at], []byte(w)) {
				return at - len(w)
			}
			return -1
		})
		if len(starts) == 0 {
			return 0, false
		}
	}
	return slices.Min(starts), true
}

// step goes over one character from each of the places and gives those that it
// gets to; to is -1 for a way that is not there.
func (l *look) step(from []int, r rune, to func(at int, way string) int) []int {
	list, ok := l.ways[r]
	if !ok {
		list = ways(r)
		l.ways[r] = list
	}
	var out []int
	for _, at := range from {
		if l.left--; l.left <= 0 {
			return nil
		}
		for _, w := range list {
			if next := to(at, w); next >= 0 && !slices.Contains(out, next) {
				out = append(out, next)
			}
		}
	}
	return out
}

// ways are the ways to write a character.
func ways(r rune) []string {
	raw := string(r)
	if alphanumeric(r) {
		return []string{raw}
	}
	escaped := InJSON(raw)
	percent := escape(raw, "")
	out := []string{
		raw, percent, strings.ToLower(percent), strings.ReplaceAll(percent, "%", "%25"),
		escaped, InJSON(escaped), `\` + raw, html.EscapeString(raw), fmt.Sprintf("&#%d;", r), fmt.Sprintf("&#x%x;", r), fmt.Sprintf("&#x%X;", r),
	}
	lower, upper := "", ""
	for _, half := range utf16.AppendRune(nil, r) {
		lower += fmt.Sprintf(`\u%04x`, half)
		upper += fmt.Sprintf(`\u%04X`, half)
	}
	out = append(out, lower, upper, `\`+lower)
	switch r {
	case ' ':
		out = append(out, "+")
	case '"':
		out = append(out, "&quot;")
	case '\'':
		out = append(out, "&apos;")
	}
	return out
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// core is the longest run of letters and digits.
func core(text string) string {
	longest := ""
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !alphanumeric(r) }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}
