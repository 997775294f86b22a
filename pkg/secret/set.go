package secret

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is what one guild's scripts may send. It does not change; nil is empty.
type Set struct {
	entries []*entry // By name.
	byMark  map[string]*entry
}

type entry struct {
	record Record
	value  value
}

func newSet(entries []*entry) *Set {
	s := &Set{entries: entries, byMark: map[string]*entry{}}
	for _, e := range entries {
		s.byMark[e.record.ID+":"+e.record.Tag] = e
	}
	return s
}

// Placeholders gives what scripts get, by name.
func (s *Set) Placeholders() map[string]string {
	out := map[string]string{}
	if s != nil {
		for _, e := range s.entries {
			out[e.record.Name] = e.record.Placeholder()
		}
	}
	return out
}

// Target is a server that a text goes to.
type Target struct {
	Scheme string // "https" or "http".
	Host   string // As the URL standard writes it, without port.
}

func (t Target) name() string { return strings.TrimSuffix(t.Host, ".") }

// Denied is why a text may not be sent. Its text is made for the script.
type Denied struct{ Text string }

// Error is the text.
func (d *Denied) Error() string { return d.Text }

// knows reports whether the server may be told the value over https.
func (e *entry) knows(host string) bool {
	return slices.ContainsFunc(e.record.AllowedHosts, func(p string) bool { return matches(p, host) })
}

func (e *entry) allow(to Target) error {
	if !e.knows(to.name()) {
		return &Denied{fmt.Sprintf("secret %s is not allowed for host %s; its allowed_hosts are %s. Add the host there, with PUT /api/secrets/%s/%s",
			e.record.Name, to.name(), strings.Join(e.record.AllowedHosts, ", "), e.record.Guild, e.record.Name)}
	}
	if to.Scheme != "https" && !e.record.AllowHTTP {
		return &Denied{fmt.Sprintf("secret %s is not sent to %s without encryption; use https, or set its allow_http", e.record.Name, to.name())}
	}
	return nil
}

// Has reports whether the text may hold a placeholder. It is the cheap question
// that most texts end at.
func Has(text string) bool { return strings.Contains(text, Prefix) }

// Fill puts values in the place of placeholders, each written as the place asks
// for. A placeholder of no secret of this guild stays as it is. The error is a
// *Denied.
func (s *Set) Fill(text string, to Target, as func(string) string) (string, error) {
	if s == nil || !Has(text) {
		return text, nil
	}
	var out strings.Builder
	for {
		i := strings.Index(text, Prefix)
		if i < 0 {
			out.WriteString(text)
			return out.String(), nil
		}
		e, n := s.at(text[i+len(Prefix):])
		if e == nil {
			out.WriteString(text[:i+len(Prefix)])
			text = text[i+len(Prefix):]
			continue
		}
		if err := e.allow(to); err != nil {
			return "", err
		}
		out.WriteString(text[:i])
		out.WriteString(as(e.value.text))
		text = text[i+len(Prefix)+n:]
	}
}

const (
	idLength  = 36
	tagLength = 12
)

// at finds the secret whose placeholder goes on with the text, and how long the
// rest of the placeholder is. Where colons are percent-encoded, as in a query,
// they count as well.
func (s *Set) at(text string) (*entry, int) {
	id, rest, ok := field(text, idLength)
	if !ok {
		return nil, 0
	}
	tag, rest, ok := field(rest, tagLength)
	if !ok {
		return nil, 0
	}
	e := s.byMark[id+":"+tag]
	return e, len(text) - len(rest)
}

// field takes a colon and the n characters after it.
func field(text string, n int) (part, rest string, ok bool) {
	for _, colon := range []string{":", "%3A", "%3a"} {
		if rest, ok = strings.CutPrefix(text, colon); ok {
			break
		}
	}
	if !ok || len(rest) < n {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

// minScrub is the length from which a value is looked for in what comes back.
// Shorter ones stand in texts by chance.
const minScrub = 8

// Scrubber takes values out of what came back. nil changes nothing.
type Scrubber struct {
	from  []string // The longest first.
	to    map[string]string
	space *strings.Replacer
}

// Scrubber makes one for an answer that came by these servers: it looks for the
// values that any of them may know, written in the ways they are sent. more are
// further texts to replace, such as credentials made of a value.
func (s *Set) Scrubber(by []Target, more map[string]string) *Scrubber {
	out := &Scrubber{to: maps.Clone(more)}
	if out.to == nil {
		out.to = map[string]string{}
	}
	if s != nil {
		for _, e := range s.entries {
			if len(e.value.text) < minScrub || !slices.ContainsFunc(by, func(t Target) bool { return e.knows(t.name()) }) {
				continue
			}
			for _, form := range forms(e.value.text) {
				out.to[form] = e.record.Placeholder()
			}
		}
	}
	if len(out.to) == 0 {
		return nil
	}
	out.from = slices.SortedFunc(maps.Keys(out.to), func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(out.from))
	for _, from := range out.from {
		pairs = append(pairs, from, out.to[from])
	}
	out.space = strings.NewReplacer(pairs...)
	return out
}

// forms are the ways in which a value is written.
func forms(text string) []string {
	out := []string{text}
	for _, as := range []func(string) string{InPath, InQuery, InForm, InJSON} {
		form := as(text)
		out = append(out, form, lowerEscapes(form))
	}
	// Some write JSON with its slashes escaped.
	out = append(out, strings.ReplaceAll(InJSON(text), "/", `\/`))
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

// found reports whether there is something to take out.
func (c *Scrubber) found(text string) bool {
	return c != nil && slices.ContainsFunc(c.from, func(from string) bool { return strings.Contains(text, from) })
}

// Text is the text without values.
func (c *Scrubber) Text(text string) string {
	if !c.found(text) {
		return text
	}
	return c.space.Replace(text)
}

// Grows reports by how much Text can make the text longer, at most.
func (c *Scrubber) Grows(text string) int {
	if c == nil {
		return 0
	}
	n := 0
	for _, from := range c.from {
		n += strings.Count(text, from) * max(len(c.to[from])-len(from), 0)
	}
	return n
}
