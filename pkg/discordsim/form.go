package discordsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// form reads a JSON object the way Discord does: it collects every complaint
// with its path, and the caller asks for them at the end.
type form struct {
	fields map[string]any
	path   []string
	root   *errorNode
}

// parseForm reads a request's JSON; an empty body is an empty object.
func parseForm(body []byte) (form, error) {
	f := form{fields: map[string]any{}, root: &errorNode{}}
	if len(bytes.TrimSpace(body)) == 0 {
		return f, nil
	}
	v, err := decodeJSON(body)
	if err != nil {
		return f, err
	}
	obj, ok := v.(map[string]any)
	if !ok {
		f.root.add("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
		return f, f.root.refusal()
	}
	f.fields = obj
	return f, nil
}

// parseForms reads a request whose body is an array of objects; complaints
// stand below their index.
func parseForms(body []byte, most int) ([]form, form, error) {
	f := form{root: &errorNode{}}
	v, err := decodeJSON(body)
	if err != nil {
		return nil, f, err
	}
	list, ok := v.([]any)
	switch {
	case !ok:
		f.root.add("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
	case len(list) > most:
		f.root.add("BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
	}
	if err := f.err(); err != nil {
		return nil, f, err
	}
	out := make([]form, 0, len(list))
	for i, e := range list {
		if one, ok := f.wrap(strconv.Itoa(i), e); ok {
			out = append(out, one)
		}
	}
	return out, f, nil
}

// maxJSONDepth keeps hostile nesting from our own recursion.
const maxJSONDepth = 64

func decodeJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() || !utf8.Valid(body) {
		return nil, errBadJSON
	}
	if tooDeep(v, maxJSONDepth) {
		return nil, errBadJSON
	}
	return v, nil
}

func tooDeep(v any, left int) bool {
	if left == 0 {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if tooDeep(e, left-1) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return tooDeep(e, left-1) })
	}
	return false
}

// err is the refusal when anything was complained about.
func (f form) err() error {
	if f.root.empty() {
		return nil
	}
	return f.root.refusal()
}

func (f form) complain(key, code, message string) {
	n := f.root.at(f.path)
	if key != "" {
		n = n.at([]string{key})
	}
	n.add(code, message)
}

// has reports whether the key was sent, null included.
func (f form) has(key string) bool { _, ok := f.fields[key]; return ok }

// sent reports whether the key was sent with a value other than null.
func (f form) sent(key string) bool { return f.fields[key] != nil }

func (f form) required(key string) {
	f.complain(key, "BASE_TYPE_REQUIRED", "This field is required")
}

// text reads an optional string of at most most characters.
func (f form) text(key string, most int) string {
	s, _ := f.textBetween(key, 0, most)
	return s
}

// needText reads a required string.
func (f form) needText(key string, least, most int) string {
	if !f.sent(key) {
		f.required(key)
		return ""
	}
	s, _ := f.textBetween(key, least, most)
	return s
}

func (f form) textBetween(key string, least, most int) (string, bool) {
	v := f.fields[key]
	if v == nil {
		return "", false
	}
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		f.complain(key, "STRING_TYPE_CONVERT", fmt.Sprintf("Could not interpret %q as string.", clip(fmt.Sprint(v))))
		return "", false
	}
	switch n := utf8.RuneCountInString(s); {
	case n <= most && n >= least:
		return s, true
	case least > 0:
		f.complain(key, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	default:
		f.complain(key, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
	}
	return "", false
}

// number reads an optional integer within least..most.
func (f form) number(key string, least, most int64) (int64, bool) {
	v := f.fields[key]
	if v == nil {
		return 0, false
	}
	n, ok := asInt(v)
	switch {
	case !ok:
		f.complain(key, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not int.", clip(fmt.Sprint(v))))
	case n < least:
		f.complain(key, "NUMBER_TYPE_MIN", fmt.Sprintf("int value should be greater than or equal to %d.", least))
	case n > most:
		f.complain(key, "NUMBER_TYPE_MAX", fmt.Sprintf("int value should be less than or equal to %d.", most))
	default:
		return n, true
	}
	return 0, false
}

func asInt(v any) (int64, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	default:
		return 0, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true
}

// choice reads an integer that must be one of the choices.
func (f form) choice(key string, choices ...int64) (int64, bool) {
	n, ok := f.number(key, math.MinInt64, math.MaxInt64)
	if ok && !slices.Contains(choices, n) {
		list := make([]string, len(choices))
		for i, c := range choices {
			list[i] = strconv.FormatInt(c, 10)
		}
		f.complain(key, "BASE_TYPE_CHOICES", "Value must be one of {"+strings.Join(list, ", ")+"}.")
		return 0, false
	}
	return n, ok
}

// flag reads an optional boolean.
func (f form) flag(key string) (value, ok bool) {
	switch v := f.fields[key].(type) {
	case nil:
		return false, false
	case bool:
		return v, true
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, true
		}
	case json.Number:
		if s := v.String(); s == "0" || s == "1" {
			return s == "1", true
		}
	}
	f.complain(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
	return false, false
}

// id reads an optional snowflake, a string or a number.
func (f form) id(key string) (uint64, bool) {
	v := f.fields[key]
	if v == nil {
		return 0, false
	}
	id, ok := asID(v)
	if !ok {
		f.complain(key, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", clip(fmt.Sprint(v))))
	}
	return id, ok
}

func asID(v any) (uint64, bool) {
	n, ok := asInt(v)
	return uint64(n), ok && n > 0 //nolint:gosec // Not negative.
}

// permissions reads an optional permission set.
func (f form) permissions(key string) (permission, bool) {
	v := f.fields[key]
	if v == nil {
		return 0, false
	}
	n, ok := asInt(v)
	if !ok || n < 0 {
		f.complain(key, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not int.", clip(fmt.Sprint(v))))
		return 0, false
	}
	return permission(n) & permAll, true
}

// list reads an optional array of at most most elements.
func (f form) list(key string, most int) ([]any, bool) {
	v := f.fields[key]
	if v == nil {
		return nil, false
	}
	l, ok := v.([]any)
	if !ok {
		f.complain(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
		return nil, false
	}
	if len(l) > most {
		f.complain(key, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
		return nil, false
	}
	return l, true
}

// ids reads an optional array of snowflakes.
func (f form) ids(key string, most int) ([]uint64, bool) {
	l, ok := f.list(key, most)
	if !ok {
		return nil, false
	}
	out := make([]uint64, 0, len(l))
	for i, v := range l {
		id, ok := asID(v)
		if !ok {
			f.at(key).complain(strconv.Itoa(i), "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", clip(fmt.Sprint(v))))
			continue
		}
		out = append(out, id)
	}
	return out, true
}

// at is an empty form whose complaints stand below key.
func (f form) at(key string) form {
	return form{path: append(slices.Clip(f.path), key), root: f.root}
}

// sub reads an optional object.
func (f form) sub(key string) (form, bool) {
	v := f.fields[key]
	if v == nil {
		return form{}, false
	}
	return f.wrap(key, v)
}

// subs reads an optional array of objects.
func (f form) subs(key string, most int) ([]form, bool) {
	l, ok := f.list(key, most)
	if !ok {
		return nil, false
	}
	out := make([]form, 0, len(l))
	for i, v := range l {
		if e, ok := f.at(key).wrap(strconv.Itoa(i), v); ok {
			out = append(out, e)
		}
	}
	return out, true
}

func (f form) wrap(key string, v any) (form, bool) {
	e := f.at(key)
	m, ok := v.(map[string]any)
	if !ok {
		e.complain("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
		return form{}, false
	}
	e.fields = m
	return e, true
}
