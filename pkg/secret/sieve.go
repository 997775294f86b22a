package secret

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// Filler is Fill for a text that comes in parts: a placeholder that two of them
// share is found.
type Filler struct {
	set  *Set
	to   Target
	as   func(string) string
	kept string // The end of what came, which may be the beginning of a placeholder.
}

// Filler makes one for a text that goes to a server.
func (s *Set) Filler(to Target, as func(string) string) *Filler {
	return &Filler{set: s, to: to, as: as}
}

// longest is what a placeholder may have, its colons percent-encoded.
const longest = len(Prefix) + 2*len("%3A") + idLength + tagLength

// Next gives what is to be sent of the text so far. The error is a *Denied.
func (f *Filler) Next(part []byte, last bool) ([]byte, error) {
	text := f.kept + string(part)
	cut := len(text)
	if !last {
		cut = f.begun(text)
	}
	f.kept = text[cut:]
	out, err := f.set.Fill(text[:cut], f.to, f.as, math.MaxInt)
	if err != nil {
		return nil, err
	}
	return []byte(out), nil
}

// begun is where a placeholder may begin whose end is still to come.
func (f *Filler) begun(text string) int {
	if i := strings.LastIndex(text, Prefix); i >= 0 && len(text)-i < longest {
		if e, _ := f.set.at(text[i+len(Prefix):]); e == nil {
			return i
		}
	}
	return len(text) - overlap([]byte(text), Prefix)
}

// overlap is how many of the last bytes of a body are the first ones of a text.
func overlap(body []byte, text string) int {
	for n := min(len(text)-1, len(body)); n > 0; n-- {
		if string(body[len(body)-n:]) == text[:n] {
			return n
		}
	}
	return 0
}

// Sieve is a Scrubber for a body that comes in parts: a value that two of them
// share is found. Only what may be the beginning of one is kept until more comes.
type Sieve struct {
	scrubber *Scrubber
	hunted   []hunted
	exact    []string
	kept     []byte
	left     int // Steps.
	longest  int // Way to write a value, in bytes.
}

// hunted is a value that is written in many ways.
type hunted struct {
	text    string
	longest int       // Way to write it, in bytes.
	first   [256]bool // Bytes that it may begin with.
}

// Sieve makes one.
func (c *Scrubber) Sieve() *Sieve {
	s := &Sieve{scrubber: c, left: maxSteps}
	for text := range c.more {
		s.exact = append(s.exact, text)
	}
	for _, e := range c.entries {
		text := e.value.reveal()
		if len(e.core.reveal()) < minCore {
			s.exact = append(s.exact, e.forms()...)
			continue
		}
		h := hunted{text: text}
		for i, r := range text {
			most := 0
			for _, w := range ways(r) {
				most = max(most, len(w))
				if i == 0 {
					h.first[w[0]] = true
				}
			}
			h.longest += most
		}
		s.hunted = append(s.hunted, h)
		s.longest = max(s.longest, h.longest)
	}
	for _, text := range s.exact {
		s.longest = max(s.longest, len(text))
	}
	return s
}

// stepsPerByte is the work that each byte of a stream pays for.
const stepsPerByte = 16

// Next gives what is there of the body without values; last is that no more
// comes. It is false when the body is made so that to look for values takes too
// long.
func (s *Sieve) Next(part []byte, last bool) ([]byte, bool) {
	body := part
	if len(s.kept) > 0 {
		body = slices.Concat(s.kept, part)
	}
	l := &look{body: body, left: min(maxSteps, s.left+stepsPerByte*len(part)), ways: map[rune][]string{}}
	found := s.scrubber.search(l)
	keep := len(body)
	if !last {
		keep = s.begun(l)
		for _, f := range found {
			if f.start < keep && f.end > keep {
				keep = f.start
			}
		}
		if len(body)-keep > 2*s.longest {
			keep = len(body) // One inside the other without end.
		}
	}
	if s.left = l.left; s.left <= 0 {
		return nil, false
	}
	var out []byte
	at := 0
	for _, f := range found {
		if f.end > keep {
			break
		}
		out = append(append(out, body[at:f.start]...), f.to...)
		at = f.end
	}
	out = append(out, body[at:keep]...)
	s.kept = bytes.Clone(body[keep:])
	return out, true
}

// begun is the first place where a value may begin whose end is still to come.
func (s *Sieve) begun(l *look) int {
	at := len(l.body)
	for _, text := range s.exact {
		at = min(at, len(l.body)-overlap(l.body, text))
	}
	for i := range s.hunted {
		h := &s.hunted[i]
		for from := max(0, len(l.body)-h.longest); from < at; from++ {
			if h.first[l.body[from]] && l.open(from, h.text) {
				at = from
				break
			}
		}
	}
	return at
}

// open reports whether the body ends in the middle of the text, which begins
// there, written in whatever way.
func (l *look) open(at int, text string) bool {
	ends := []int{at}
	for _, r := range text {
		short := false
		ends = l.step(ends, r, func(at int, w string) int {
			rest := l.body[at:]
			if len(rest) < len(w) {
				short = short || w[:len(rest)] == string(rest)
				return -1
			}
			if string(rest[:len(w)]) == w {
				return at + len(w)
			}
			return -1
		})
		if short {
			return true
		}
		if len(ends) == 0 {
			return false
		}
	}
	return false
}
