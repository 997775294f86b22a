package spec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// shape is what docs/cli.md says of a JSON document: an object's members, an
// array's elements, or any other value.
type shape struct {
	members  map[string]*shape // Nil for what is no object.
	optional map[string]bool
	others   bool // Members beside these may be there.
	element  *shape
}

// reader reads shapes: {"a", "b"?, "c": [{"d"}], ...}.
type reader struct{ text string }

func (r *reader) take(token string) bool {
	r.text = strings.TrimLeft(r.text, " ")
	rest, ok := strings.CutPrefix(r.text, token)
	if ok {
		r.text = rest
	}
	return ok
}

func (r *reader) shape() (*shape, error) {
	switch {
	case r.take("["):
		e, err := r.shape()
		if err == nil && !r.take("]") {
			err = fmt.Errorf("an array does not end before %q", r.text)
		}
		return &shape{element: e}, err
	case r.take("{"):
		return r.object()
	}
	for _, word := range []string{"string", "number", "boolean", "any"} {
		if r.take(word) {
			return &shape{}, nil
		}
	}
	return nil, fmt.Errorf("no shape begins with %q", r.text)
}

func (r *reader) object() (*shape, error) {
	s := &shape{members: map[string]*shape{}, optional: map[string]bool{}}
	for !r.take("}") {
		r.take(",")
		if r.take("...") {
			s.others = true
			continue
		}
		if !r.take(`"`) {
			return nil, fmt.Errorf("no member begins with %q", r.text)
		}
		name, rest, ok := strings.Cut(r.text, `"`)
		if !ok {
			return nil, fmt.Errorf("the name of a member does not end: %q", r.text)
		}
		r.text = rest
		s.optional[name] = r.take("?")
		s.members[name] = &shape{}
		if r.take(":") {
			inner, err := r.shape()
			if err != nil {
				return nil, err
			}
			s.members[name] = inner
		}
	}
	return s, nil
}

// check holds a document to the shape.
func (s *shape) check(path string, doc any) error {
	switch {
	case s.element != nil:
		list, ok := doc.([]any)
		if !ok {
			return fmt.Errorf("%s is no array", path)
		}
		for i, e := range list {
			if err := s.element.check(path+"["+strconv.Itoa(i)+"]", e); err != nil {
				return err
			}
		}
	case s.members != nil:
		object, ok := doc.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object", path)
		}
		for name, inner := range s.members {
			value, there := object[name]
			if !there && !s.optional[name] {
				return fmt.Errorf("%s lacks %q", path, name)
			}
			if there && value != nil {
				if err := inner.check(path+"."+name, value); err != nil {
					return err
				}
			}
		}
		for name := range object {
			if s.members[name] == nil && !s.others {
				return fmt.Errorf("%s has %q, which docs/cli.md does not have", path, name)
			}
		}
	}
	return nil
}

var shapeRow = regexp.MustCompile("(?m)^\\| `flora ([a-z -]+)` \\| `(.+)` \\|")

// shapes are the rows of docs/cli.md by command.
func shapes() (map[string]*shape, error) {
	b, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		return nil, err
	}
	out := map[string]*shape{}
	for _, m := range shapeRow.FindAllStringSubmatch(string(b), -1) {
		r := &reader{m[2]}
		s, err := r.shape()
		if err == nil && strings.TrimSpace(r.text) != "" {
			err = fmt.Errorf("%q is left over", r.text)
		}
		if err != nil {
			return nil, fmt.Errorf("docs/cli.md: the document of flora %s: %w", m[1], err)
		}
		out[m[1]] = s
	}
	return out, nil
}

// shape COMMAND holds what was printed to the document that docs/cli.md gives
// for `flora COMMAND`.
func cmdShape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: shape COMMAND")
	}
	all, err := shapes()
	ts.Check(err)
	s := all[strings.Join(args, " ")]
	if s == nil {
		ts.Fatalf("docs/cli.md has no document of flora %s", strings.Join(args, " "))
	}
	var doc any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	if err := s.check("it", doc); err != nil {
		ts.Fatalf("%v", err)
	}
}

// TestEveryDocumentIsLookedAt: no row of docs/cli.md is without a script that
// holds a real answer to it.
func TestEveryDocumentIsLookedAt(t *testing.T) {
	t.Parallel()
	all, err := shapes()
	if err != nil || len(all) < 30 {
		t.Fatal(len(all), err)
	}
	files, err := filepath.Glob("testdata/cli_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "shape "); ok {
				delete(all, command)
			}
		}
	}
	for command := range all {
		t.Errorf("no test/spec/testdata/cli_*.txtar has the line: shape %s", command)
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	rows := []struct{ shape, doc, problem string }{
		{`{"a", "b"?}`, `{"a":1}`, ""},
		{`{"a", "b"?}`, `{"b":1}`, `it lacks "a"`},
		{`{"a"}`, `{"a":1,"c":2}`, `it has "c"`},
		{`{"a", ...}`, `{"a":1,"c":2}`, ""},
		{`[{"a": {"b"}}]`, `[{"a":{"b":1}},{"a":null}]`, ""},
		{`[{"a": {"b"}}]`, `[{"a":{}}]`, `it[0].a lacks "b"`},
		{`[string]`, `{}`, "it is no array"},
		{`{"a"?: [string]}`, `{"a":"x"}`, "it.a is no array"},
	}
	for _, row := range rows {
		s, err := (&reader{row.shape}).shape()
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal([]byte(row.doc), &doc); err != nil {
			t.Fatal(err)
		}
		if err := s.check("it", doc); (err == nil) != (row.problem == "") || err != nil && !strings.Contains(err.Error(), row.problem) {
			t.Errorf("%s of %s: %v, want %q", row.doc, row.shape, err, row.problem)
		}
	}
}
