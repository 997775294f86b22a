package secret

import (
	"bytes"
	"html"
	"maps"
	"math"
	"slices"
	"strings"
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
	out, _ := c.Bytes([]byte(text), math.MaxInt64)
	return string(out)
}

// Bytes is the body without values; it is false when that has more than most
// bytes.
func (c *Scrubber) Bytes(body []byte, most int64) ([]byte, bool) {
	found := c.found(body)
	if len(found) == 0 {
		return body, true
	}
	size := int64(len(body))
	// The longest first: one value may be in another.
	keys := slices.SortedFunc(maps.Keys(found), func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, from := range keys {
		size += int64(bytes.Count(body, []byte(from))) * int64(max(len(found[from])-len(from), 0))
		pairs = append(pairs, from, found[from])
	}
	if size > most {
		return nil, false
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(body))), true
}

// found gives what is in the body and has to go, and what takes its place.
func (c *Scrubber) found(body []byte) map[string]string {
	if c == nil {
		return nil
	}
	var out map[string]string
	note := func(from, to string) {
		if bytes.Contains(body, []byte(from)) {
			if out == nil {
				out = map[string]string{}
			}
			out[from] = to
		}
	}
	for from, to := range c.more {
		note(from, to)
	}
	for _, e := range c.entries {
		if !bytes.Contains(body, []byte(e.core.reveal())) {
			continue
		}
		for _, form := range forms(e.value.reveal()) {
			note(form, e.record.Placeholder())
		}
	}
	return out
}

// core is the longest run of letters and digits: whatever else becomes of a
// text, they stay.
func core(text string) string {
	longest := ""
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

// manyForms is the length up to which a value is looked for in every form.
const manyForms = 4 << 10

// forms are the ways in which a value is written by those who send one back:
// in an address or not, and that in a document or not.
func forms(text string) []string {
	if len(text) > manyForms {
		return []string{text, InJSON(text), component(text)}
	}
	spaces := func(text string) string { return strings.ReplaceAll(InForm(text), "%20", "+") }
	var out []string
	for _, as := range []func(string) string{Plain, InPath, InQuery, InForm, component, spaces} {
		for _, form := range []string{as(text), lowerEscapes(as(text))} {
			for _, in := range []func(string) string{Plain, InJSON, jsonForHTML, jsonASCII, jsonSlashes, html.EscapeString} {
				out = append(out, in(form))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
