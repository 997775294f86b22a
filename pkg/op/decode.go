package op

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Bounds of one argument document.
const (
	MaxArgs  = 12 << 20 // Bytes.
	MaxDepth = 64       // Arrays and objects inside each other.
)

// Rest is a field of an argument struct that takes the members which no other
// field claims, as they were written. Of a key given twice the last one counts.
type Rest map[string]json.RawMessage

// Invalid is the fault for a member of the arguments that is wrong.
func Invalid(field, format string, args ...any) *fault.Fault {
	return fault.New(fault.InvalidInput, "Invalid input for %s: %s", field, fmt.Sprintf(format, args...))
}

// Decode reads an argument document into a struct. Members are matched by the
// exact name of the json tag; one without "omitempty" is required, and null
// counts as absent. What no field claims goes to the struct's Rest, or is
// ignored like the original did. Every fault names the member.
func Decode(raw json.RawMessage, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	return decode("", raw, into)
}

// DecodeMember reads the object that the named member holds, by Decode's rules.
func DecodeMember(name string, raw json.RawMessage, into any) error {
	return decode(name, raw, into)
}

// Members are those of an argument document; a null is left out, which is what
// it means. Of a key given twice the last one counts.
func Members(raw json.RawMessage) (Rest, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	members, err := split("arguments", raw)
	if err != nil {
		return nil, err
	}
	for name, m := range members {
		if string(m) == "null" {
			delete(members, name)
		}
	}
	return members, nil
}

// DecodeValue reads one member of an argument document into what into points
// to. The fault of a value that does not fit names the member.
func DecodeValue(name string, raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return explain(name, err)
	}
	return nil
}

// decode is for the document itself when at is "".
func decode(at string, raw json.RawMessage, into any) error {
	whole, prefix := "arguments", ""
	if at != "" {
		whole, prefix = at, at+"."
	}
	members, err := split(whole, raw)
	if err != nil {
		return err
	}
	v := reflect.ValueOf(into).Elem()
	p := planOf(v.Type())
	for _, f := range p.fields {
		m, given := members[f.name]
		delete(members, f.name)
		if !given || string(m) == "null" {
			if f.required {
				return Invalid(prefix+f.name, "it is missing")
			}
			continue
		}
		if err := json.Unmarshal(m, v.Field(f.index).Addr().Interface()); err != nil {
			return explain(prefix+f.name, err)
		}
	}
	if p.rest >= 0 {
		v.Field(p.rest).Set(reflect.ValueOf(Rest(members)))
	}
	return nil
}

// split checks the document as a whole and gives its members.
func split(whole string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(raw) > MaxArgs {
		return nil, fault.New(fault.TooLarge, "Arguments are %d bytes long; the limit is %d", len(raw), MaxArgs)
	}
	if depth(raw) > MaxDepth {
		return nil, Invalid(whole, "they are nested more than %d levels deep", MaxDepth)
	}
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return nil, Invalid(whole, "they are not JSON in UTF-8")
	}
	doc := gjson.ParseBytes(raw)
	if !doc.IsObject() {
		return nil, Invalid(whole, "expected an object, got %s", kindOf(raw))
	}
	members := map[string]json.RawMessage{}
	doc.ForEach(func(k, v gjson.Result) bool {
		members[k.String()] = json.RawMessage(v.Raw)
		return true
	})
	return members, nil
}

// depth is the deepest nesting of a document, counted without recursion.
func depth(raw []byte) int {
	deepest, now, inText := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// explain names the member whose value did not fit.
func explain(name string, err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if te.Field != "" {
			name += "." + te.Field
		}
		return Invalid(name, "expected %s, got %s", wanted(te.Type), te.Value)
	}
	return Invalid(name, "%s", err)
}

// idPackage is where the types of ids are.
var idPackage = reflect.TypeFor[snowflake.GuildID]().PkgPath()

// wanted names a Go type the way a script's author knows it.
func wanted(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == idPackage {
		return "a Discord id as a string"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "an integer"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "an integer that is not negative"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "another type"
	}
}

func kindOf(raw json.RawMessage) string {
	switch gjson.ParseBytes(raw).Type {
	case gjson.String:
		return "string"
	case gjson.Number:
		return "number"
	case gjson.True, gjson.False:
		return "bool"
	case gjson.Null:
		return "null"
	default:
		if b := bytes.TrimSpace(raw); len(b) > 0 && b[0] == '[' {
			return "array"
		}
		return "object"
	}
}

// plan is how the members of a document map to a struct.
type plan struct {
	fields []planned
	rest   int // Index of the Rest field, or -1.
}

type planned struct {
	name     string
	index    int
	required bool
}

var plans sync.Map // reflect.Type -> plan

func planOf(t reflect.Type) plan {
	if p, ok := plans.Load(t); ok {
		return p.(plan) //nolint:forcetypeassert // Only plans are stored.
	}
	p := plan{rest: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[Rest]() {
			p.rest = i
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		p.fields = append(p.fields, planned{name: name, index: i, required: options != "omitempty"})
	}
	plans.Store(t, p)
	return p
}
