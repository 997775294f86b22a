package discord

import (
	"bytes"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

// writer converts raw JSON to its camelCase form in one pass, without building
// values. When the text is not well formed, bad is set and b is worth nothing.
type writer struct {
	b   []byte
	bad bool
	// author is the raw user that a member without one belongs to.
	author []byte
}

// document writes a whole text that must be an object.
func (w *writer) document(data []byte, s *shape) {
	if i := jsonscan.Space(data, 0); i >= len(data) || data[i] != '{' {
		w.bad = true
		return
	}
	w.whole(data, s)
}

// whole writes a whole text.
func (w *writer) whole(data []byte, s *shape) {
	i := w.value(data, jsonscan.Space(data, 0), jsonscan.MaxDepth, s, false)
	if i < 0 || jsonscan.Space(data, i) != len(data) {
		w.bad = true
	}
}

// value writes the value at i and gives the index after it, or -1.
func (w *writer) value(src []byte, i, depth int, s *shape, both bool) int {
	if i >= len(src) {
		return -1
	}
	switch src[i] {
	case '{':
		return w.object(src, i, depth-1, s, both)
	case '[':
		return w.array(src, i, depth-1, s, both)
	}
	end := jsonscan.Skip(src, i)
	if end >= 0 {
		w.b = append(w.b, src[i:end]...)
	}
	return end
}

func (w *writer) array(src []byte, i, depth int, s *shape, both bool) int {
	if depth < 0 {
		return -1
	}
	w.b = append(w.b, '[')
	i = jsonscan.Space(src, i+1)
	if i < len(src) && src[i] == ']' {
		w.b = append(w.b, ']')
		return i + 1
	}
	for {
		if i = w.value(src, i, depth, s, both); i < 0 {
			return -1
		}
		if i = jsonscan.Space(src, i); i >= len(src) {
			return -1
		}
		w.b = append(w.b, src[i])
		switch src[i] {
		case ']':
			return i + 1
		case ',':
			i = jsonscan.Space(src, i+1)
		default:
			return -1
		}
	}
}

// object is the state of one object that is being written.
type object struct {
	shape *shape
	both  bool
	depth int
	empty bool
	seen  uint32 // Bits of shape.defaults.
	// user and bot say whether it is a user, and one that has "bot".
	user, bot bool
}

func (w *writer) object(src []byte, i, depth int, s *shape, both bool) int {
	if depth < 0 {
		return -1
	}
	o := object{shape: s, both: both || s != nil && s.both, depth: depth, empty: true}
	w.b = append(w.b, '{')
	i = jsonscan.Space(src, i+1)
	if i < len(src) && src[i] == '}' {
		return w.end(&o, i)
	}
	for {
		if i = w.member(src, i, &o); i < 0 {
			return -1
		}
		if i = jsonscan.Space(src, i); i >= len(src) {
			return -1
		}
		switch src[i] {
		case '}':
			return w.end(&o, i)
		case ',':
			i = jsonscan.Space(src, i+1)
		default:
			return -1
		}
	}
}

// member writes the member whose key begins at i.
func (w *writer) member(src []byte, i int, o *object) int {
	if i >= len(src) || src[i] != '"' {
		return -1
	}
	start := i
	if i = jsonscan.SkipString(src, i); i < 0 {
		return -1
	}
	quoted := src[start:i]
	key := quoted[1 : len(quoted)-1]
	if i = jsonscan.Space(src, i); i >= len(src) || src[i] != ':' {
		return -1
	}
	if i = jsonscan.Space(src, i+1); i >= len(src) {
		return -1
	}
	w.comma(o)
	renamed := ""
	if bytes.IndexByte(key, '_') > 0 {
		renamed = camel[string(key)]
	}
	if o.both && renamed != "" {
		return w.twice(src, i, quoted, renamed, o)
	}
	if renamed == "" {
		o.note(key)
		w.b = append(w.b, quoted...)
	} else {
		o.noteRenamed(renamed)
		w.b = append(w.b, '"')
		w.b = append(w.b, renamed...)
		w.b = append(w.b, '"')
	}
	w.b = append(w.b, ':')
	if !o.both && string(key) == "discriminator" {
		return w.discriminator(src, i)
	}
	var child *shape
	if o.shape != nil {
		child = o.shape.children[string(key)]
	}
	return w.value(src, i, o.depth, child, o.both)
}

// twice writes the member under Discord's key as it came, and converted under
// the new one.
func (w *writer) twice(src []byte, i int, quoted []byte, renamed string, o *object) int {
	end := jsonscan.Skip(src, i)
	if end < 0 {
		return -1
	}
	o.note(quoted[1 : len(quoted)-1])
	o.noteRenamed(renamed)
	w.b = append(w.b, quoted...)
	w.b = append(w.b, ':')
	w.b = append(w.b, src[i:end]...)
	w.b = append(w.b, `,"`...)
	w.b = append(w.b, renamed...)
	w.b = append(w.b, `":`...)
	return w.value(src, i, o.depth, nil, false)
}

// discriminator writes a user's discriminator as the original did: a number,
// or null when the user has none any more.
func (w *writer) discriminator(src []byte, i int) int {
	end := jsonscan.Skip(src, i)
	if end < 0 {
		return -1
	}
	raw := src[i:end]
	if len(raw) < 3 || len(raw) > 6 || raw[0] != '"' {
		w.b = append(w.b, raw...)
		return end
	}
	digits := bytes.TrimLeft(raw[1:len(raw)-1], "0")
	for _, c := range digits {
		if c < '0' || c > '9' {
			w.b = append(w.b, raw...)
			return end
		}
	}
	if len(digits) == 0 {
		digits = []byte("null")
	}
	w.b = append(w.b, digits...)
	return end
}

func (w *writer) comma(o *object) {
	if !o.empty {
		w.b = append(w.b, ',')
	}
	o.empty = false
}

// end adds what is missing and closes the object that ends at i.
func (w *writer) end(o *object, i int) int {
	if o.user && !o.bot {
		w.comma(o)
		w.b = append(w.b, `"bot":false`...)
	}
	if o.shape != nil {
		for n, d := range o.shape.defaults {
			if o.seen&(1<<n) == 0 && (d.value != "" || w.author != nil) {
				w.missing(o, d)
			}
		}
	}
	w.b = append(w.b, '}')
	return i + 1
}

func (w *writer) missing(o *object, d defaultMember) {
	w.comma(o)
	w.b = append(w.b, '"')
	w.b = append(w.b, d.key...)
	w.b = append(w.b, `":`...)
	if d.value != "" {
		w.b = append(w.b, d.value...)
		return
	}
	w.whole(w.author, nil)
}

// note remembers that the object has the key.
func (o *object) note(key []byte) {
	switch string(key) {
	case "discriminator":
		o.user = true
	case "bot":
		o.bot = true
	}
	if o.shape == nil {
		return
	}
	for n := range o.shape.defaults {
		if o.shape.defaults[n].key == string(key) {
			o.seen |= 1 << n
		}
	}
}

func (o *object) noteRenamed(key string) {
	if o.shape == nil {
		return
	}
	for n := range o.shape.defaults {
		if o.shape.defaults[n].key == key {
			o.seen |= 1 << n
		}
	}
}
