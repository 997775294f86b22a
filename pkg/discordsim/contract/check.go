package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// Violation is one thing that the document does not allow.
type Violation struct {
	Method, Path string // The document's path, or the request's when it has none.
	Side         string // "request", "answer", "event".
	At           string // Where in the JSON.
	Text         string
}

// String is the violation as one line.
func (v Violation) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s: %s %s", v.Side, v.Method, v.Path, v.At, v.Text))
}

// Exchange checks a request and its answer. What Discord itself refuses as
// malformed (400) may be malformed, and of what it refused before reading it
// the body is not known.
func (d *Document) Exchange(x discordsim.Exchange) []Violation {
	o := d.Find(x.Method, x.Path)
	if o == nil {
		return keep([]Violation{{Method: x.Method, Path: x.Path, Side: "request", Text: "is no operation of the document"}})
	}
	var out []Violation
	if x.Status != http.StatusBadRequest {
		out = append(out, d.path(o, x.Path)...)
		out = append(out, d.query(o, x.Query)...)
		if !x.Unread {
			out = append(out, d.body(o, x)...)
		}
	}
	if !x.Scripted {
		out = append(out, d.answer(o, x)...)
	}
	return keep(out)
}

func (o *Operation) violation(side, at, format string, args ...any) Violation {
	return Violation{Method: o.Method, Path: o.Path, Side: side, At: at, Text: fmt.Sprintf(format, args...)}
}

func (d *Document) path(o *Operation, path string) []Violation {
	var out []Violation
	given := strings.Split(strings.Trim(path, "/"), "/")
	for i, s := range strings.Split(strings.Trim(o.Path, "/"), "/") {
		if !strings.HasPrefix(s, "{") {
			continue
		}
		text, err := url.PathUnescape(given[i])
		if err != nil {
			text = given[i]
		}
		for j, p := range o.params {
			if p["in"] == "path" && p["name"] == strings.Trim(s, "{}") {
				out = append(out, d.param(o, j, text)...)
			}
		}
	}
	return out
}

func (d *Document) query(o *Operation, raw string) []Violation {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return []Violation{o.violation("request", "query", "does not parse: %v", err)}
	}
	var out []Violation
	known := map[string]bool{}
	for j, p := range o.params {
		if p["in"] != "query" {
			continue
		}
		name, _ := p["name"].(string)
		known[name] = true
		values, given := q[name]
		if !given {
			if p["required"] == true {
				out = append(out, o.violation("request", "query", "lacks %s", name))
			}
			continue
		}
		for _, v := range values {
			out = append(out, d.param(o, j, v)...)
		}
	}
	for name := range q {
		if !known[name] {
			out = append(out, o.violation("request", "query", "has %s, which is not in the document", name))
		}
	}
	return out
}

// param checks a parameter as whatever its text can be read as: the schema
// decides which of them it wants.
func (d *Document) param(o *Operation, index int, text string) []Violation {
	p := o.params[index]
	base := "/paths/" + escape(o.Path) + "/parameters"
	if list := array(object(object(d.root["paths"])[o.Path])["parameters"]); index >= len(list) {
		base, index = o.pointer+"/parameters", index-len(list)
	}
	s, err := d.schema(base + "/" + strconv.Itoa(index) + "/schema")
	if err != nil {
		return []Violation{o.violation("request", "", "%v", err)}
	}
	candidates := []any{text, []any{text}, list(text)}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		candidates = append(candidates, json.Number(strconv.FormatInt(n, 10)))
	}
	if b, err := strconv.ParseBool(text); err == nil {
		candidates = append(candidates, b)
	}
	for _, c := range candidates {
		if err = s.Validate(c); err == nil {
			return nil
		}
	}
	return []Violation{o.violation("request", fmt.Sprint(p["in"]), "%s=%q does not fit", p["name"], text)}
}

func list(text string) []any {
	out := []any{}
	for _, s := range strings.Split(text, ",") {
		out = append(out, s)
	}
	return out
}

func (d *Document) body(o *Operation, x discordsim.Exchange) []Violation {
	if o.spec["requestBody"] == nil {
		if len(x.Body) > 0 || len(x.Files) > 0 {
			return []Violation{o.violation("request", "body", "is there, and the document has none")}
		}
		return nil
	}
	if len(x.Body) == 0 && len(x.Files) == 0 {
		if object(o.spec["requestBody"])["required"] == true {
			return []Violation{o.violation("request", "body", "is missing")}
		}
		return nil
	}
	media := "application/json"
	if x.Form {
		media = "multipart/form-data"
	}
	pointer := o.body(media)
	if pointer == "" {
		return []Violation{o.violation("request", "body", "is %s, which the document does not have", media)}
	}
	if len(x.Files) > 0 && o.body("multipart/form-data") == "" {
		return []Violation{o.violation("request", "body", "has files, which the document does not have")}
	}
	v, err := decode(x.Body)
	if err != nil {
		return []Violation{o.violation("request", "body", "is not JSON: %v", err)}
	}
	if fields, ok := v.(map[string]any); ok && x.Form {
		for _, f := range x.Files {
			fields[f] = "bytes"
		}
	}
	out := d.validate(o, "request", pointer, v)
	for _, at := range d.unknown(d.at(pointer), v, "") {
		out = append(out, o.violation("request", at, Unknown))
	}
	return out
}

func (d *Document) answer(o *Operation, x discordsim.Exchange) []Violation {
	if !o.knows(x.Status) {
		return []Violation{o.violation("answer", "", "has status %d, which the document does not have", x.Status)}
	}
	pointer := o.response(d, x.Status)
	if pointer == "" || len(x.Answer) == 0 {
		return nil
	}
	v, err := decode(x.Answer)
	if err != nil {
		return []Violation{o.violation("answer", "", "is not JSON: %v", err)}
	}
	return d.validate(o, "answer", pointer, v)
}

func (d *Document) validate(o *Operation, side, pointer string, v any) []Violation {
	s, err := d.schema(pointer)
	if err != nil {
		return []Violation{o.violation(side, "", "%v", err)}
	}
	err = s.Validate(v)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return []Violation{o.violation(side, "", "%v", err)}
	}
	var out []Violation
	for _, leaf := range deepest(failed) {
		out = append(out, o.violation(side, "/"+strings.Join(leaf.InstanceLocation, "/"), "%s", leaf.ErrorKind.LocalizedString(english)))
	}
	return out
}

var english = message.NewPrinter(language.English)

// otherType is a complaint that the value is another alternative's.
func otherType(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.Enum, *kind.Const:
		return true
	case *kind.Type:
		return strings.HasSuffix(e.ErrorKind.LocalizedString(english), "want null")
	}
	return false
}

// deepest are the complaints that say most: of alternatives those of the one
// that fitted furthest.
func deepest(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, deepest(c)...)
	}
	// Alternatives of another type say nothing about the one that was meant.
	if meant := slices.DeleteFunc(slices.Clone(out), otherType); len(meant) > 0 {
		out = meant
	}
	depth := func(a *jsonschema.ValidationError) int { return len(a.InstanceLocation) }
	slices.SortStableFunc(out, func(a, b *jsonschema.ValidationError) int { return depth(b) - depth(a) })
	return out[:min(len(out), 3)]
}
