package secret

import (
	"errors"
	"fmt"
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
	core   value // The longest part of the value that is written in one way only.
}

func newSet(entries []*entry) *Set {
	s := &Set{entries: entries, byMark: map[string]*entry{}}
	for _, e := range entries {
		e.core = newValue(core(e.value.reveal()))
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

// ErrTooLong is the error of a text that would become longer than it may.
var ErrTooLong = errors.New("with its secrets it is too long")

// Fill puts values in the place of placeholders, each written as the place asks
// for, in a text that may become most bytes long. A placeholder of no secret of
// this guild stays as it is. The error is a *Denied or ErrTooLong.
func (s *Set) Fill(text string, to Target, as func(string) string, most int) (string, error) {
	if s == nil || !Has(text) {
		return text, nil
	}
	var out strings.Builder
	for {
		i := strings.Index(text, Prefix)
		if i < 0 {
			if out.Len()+len(text) > most {
				return "", ErrTooLong
			}
			out.WriteString(text)
			return out.String(), nil
		}
		e, n := s.at(text[i+len(Prefix):])
		if e == nil {
			// Its end may be another's beginning.
			out.WriteString(text[:i+1])
			text = text[i+1:]
			continue
		}
		if err := e.allow(to); err != nil {
			return "", err
		}
		out.WriteString(text[:i])
		out.WriteString(as(e.value.reveal()))
		if out.Len() > most {
			return "", ErrTooLong // Many placeholders of a long value are more than memory holds.
		}
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
