package project

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// literal gives the default export of a script, or what module.exports is set
// to, where it is written out: objects, lists, strings, numbers, constants of
// the same file, and what defineConfig is called with. Keys whose values only
// running code would tell are null and come by name; "" is all of it.
func literal(code string) (value any, computed []string, err error) {
	ast, err := js.Parse(parse.NewInputString(code), js.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("read it: %w", err)
	}
	r := literals{constants: map[string]js.IExpr{}}
	for _, s := range ast.List {
		r.statement(s)
	}
	if r.export == nil {
		return nil, nil, errors.New("it has no default export")
	}
	value = r.value(r.export, "", 0)
	if r.parts > mostParts {
		return nil, nil, fmt.Errorf("its default export has more than %d parts", mostParts)
	}
	return value, r.computed, nil
}

// mostParts bounds a value: constants that name each other twice make one that
// no memory holds.
const mostParts = 100_000

type literals struct {
	constants map[string]js.IExpr
	export    js.IExpr
	computed  []string
	parts     int // Of the value so far.
}

func (r *literals) statement(s js.IStmt) {
	switch s := s.(type) {
	case *js.VarDecl:
		for _, e := range s.List {
			if v, ok := e.Binding.(*js.Var); ok && e.Default != nil {
				r.constants[string(v.Name())] = e.Default
			}
		}
	case *js.ExportStmt:
		if s.Default {
			r.export = s.Decl
		}
		for _, a := range s.List {
			if string(a.Binding) == "default" && s.Module == nil {
				r.export = &js.Var{Data: a.Name}
			}
		}
	case *js.ExprStmt:
		set, ok := s.Value.(*js.BinaryExpr)
		if !ok || set.Op != js.EqToken {
			return
		}
		if to, ok := set.X.(*js.DotExpr); ok && named(to.X) == "module" && named(to.Y) == "exports" {
			r.export = set.Y
		}
	}
}

// named is the name that an expression is, or "".
func named(e js.IExpr) string {
	switch e := e.(type) {
	case *js.Var:
		return string(e.Name())
	case js.LiteralExpr:
		return string(e.Data)
	case *js.LiteralExpr:
		return string(e.Data)
	}
	return ""
}

// deepest is how far values may nest, and constants name each other.
const deepest = 64

func (r *literals) value(e js.IExpr, key string, depth int) any {
	if r.parts++; r.parts > mostParts {
		return nil
	}
	if depth > deepest {
		return r.unknown(key)
	}
	depth++
	switch e := e.(type) {
	case *js.GroupExpr:
		return r.value(e.X, key, depth)
	case *js.Var:
		if c, ok := r.constants[string(e.Name())]; ok {
			return r.value(c, key, depth)
		}
	case *js.LiteralExpr:
		return r.simple(*e, key)
	case *js.TemplateExpr:
		if e.Tag == nil && len(e.List) == 0 {
			if s, ok := unquote(string(e.Tail)); ok {
				return s
			}
		}
	case *js.UnaryExpr:
		if n, ok := r.value(e.X, key, depth).(float64); ok && e.Op == js.NegToken {
			return -n
		}
	case *js.ArrayExpr:
		return r.list(e, key, depth)
	case *js.ObjectExpr:
		return r.object(e, key, depth)
	case *js.CallExpr:
		if strings.HasPrefix(named(e.X), "define") && len(e.Args.List) == 1 && !e.Args.List[0].Rest {
			return r.value(e.Args.List[0].Value, key, depth)
		}
	}
	return r.unknown(key)
}

func (r *literals) unknown(key string) any {
	r.computed = append(r.computed, key)
	return nil
}

func (r *literals) simple(e js.LiteralExpr, key string) any {
	switch e.TokenType {
	case js.StringToken:
		if s, ok := unquote(string(e.Data)); ok {
			return s
		}
	case js.TrueToken:
		return true
	case js.FalseToken:
		return false
	case js.NullToken:
		return nil
	default:
		if n, err := strconv.ParseFloat(string(e.Data), 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
	}
	return r.unknown(key)
}

func (r *literals) list(e *js.ArrayExpr, key string, depth int) any {
	out := []any{}
	for i, item := range e.List {
		if item.Spread || item.Value == nil {
			return r.unknown(key)
		}
		out = append(out, r.value(item.Value, fmt.Sprintf("%s[%d]", key, i), depth))
	}
	return out
}

func (r *literals) object(e *js.ObjectExpr, key string, depth int) any {
	out := map[string]any{}
	for _, p := range e.List {
		if p.Spread {
			more, ok := r.value(p.Value, key, depth).(map[string]any)
			if !ok {
				return r.unknown(key)
			}
			for k, v := range more {
				out[k] = v
			}
			continue
		}
		if p.Name == nil {
			return r.unknown(key)
		}
		name := string(p.Name.Literal.Data)
		ok := true
		if p.Name.IsComputed() {
			name, ok = r.value(p.Name.Computed, key, depth).(string)
		} else if p.Name.Literal.TokenType == js.StringToken {
			name, ok = unquote(name)
		}
		if !ok {
			return r.unknown(key)
		}
		out[name] = r.value(p.Value, strings.TrimPrefix(key+"."+name, "."), depth)
	}
	return out
}

// unquote reads a string as JavaScript writes it.
func unquote(s string) (string, bool) {
	if len(s) < 2 || !strings.ContainsRune("\"'`", rune(s[0])) || s[len(s)-1] != s[0] {
		return "", false
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `\`)
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		if after == "" {
			return "", false
		}
		var ok bool
		if s, ok = escape(&b, after); !ok {
			return "", false
		}
	}
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'v': "\v", '0': "\x00", '\n': ""}

// escape writes what an escape means, which s starts with, and gives the rest.
func escape(b *strings.Builder, s string) (rest string, ok bool) {
	digits := 0
	switch s[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	default:
		if to, known := escapes[s[0]]; known {
			b.WriteString(to)
		} else {
			b.WriteByte(s[0])
		}
		return s[1:], true
	}
	s = s[1:]
	if in, braced := strings.CutPrefix(s, "{"); braced && digits == 4 {
		digits = strings.IndexByte(in, '}')
		if digits < 1 {
			return "", false
		}
		s = in[:digits] + in[digits+1:]
	}
	if len(s) < digits {
		return "", false
	}
	n, err := strconv.ParseUint(s[:digits], 16, 21)
	if err != nil {
		return "", false
	}
	b.WriteRune(rune(n))
	return s[digits:], true
}
