// Package contract holds what goes over the wire between Flora and the
// simulated Discord against Discord's own OpenAPI document: every request with
// its path, query and body, every answer, and the events whose payload the
// document has a schema for. It is for tests only.
package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is Discord's OpenAPI document.
type Document struct {
	root     map[string]any
	compiler *jsonschema.Compiler
	paths    *node

	mu      sync.Mutex // Guards schemas, and the compiler.
	schemas map[string]*jsonschema.Schema
}

// Operation is one method of one path.
type Operation struct {
	Method, Path string
	spec         map[string]any
	pointer      string // Of the spec, in the document.
	params       []map[string]any
}

// node is a level of the tree of paths.
type node struct {
	fixed      map[string]*node
	any        *node
	name       string // Of the parameter that leads here.
	operations map[string]*Operation
}

const resource = "discord.json"

// Load reads the document.
func Load(path string) (*Document, error) {
	f, err := os.Open(path) //nolint:gosec // The tests' own setting.
	if err != nil {
		return nil, fmt.Errorf("read Discord's OpenAPI document: %w", err)
	}
	defer f.Close() //nolint:errcheck // It was only read.
	v, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		return nil, fmt.Errorf("read Discord's OpenAPI document: %w", err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no OpenAPI document", path)
	}
	d := &Document{root: root, compiler: jsonschema.NewCompiler(), paths: &node{}, schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := d.compiler.AddResource(resource, v); err != nil {
		return nil, fmt.Errorf("read Discord's OpenAPI document: %w", err)
	}
	for path, item := range object(root["paths"]) {
		for method, spec := range object(item) {
			if method == "parameters" {
				continue
			}
			o := &Operation{Method: strings.ToUpper(method), Path: path, spec: object(spec), pointer: "/paths/" + escape(path) + "/" + method}
			for _, list := range []any{object(item)["parameters"], o.spec["parameters"]} {
				for _, p := range array(list) {
					o.params = append(o.params, object(p))
				}
			}
			d.paths.add(path, o)
		}
	}
	return d, nil
}

// Operations lists all of them.
func (d *Document) Operations() []*Operation {
	var out []*Operation
	var walk func(n *node)
	walk = func(n *node) {
		for _, o := range n.operations {
			out = append(out, o)
		}
		for _, c := range n.fixed {
			walk(c)
		}
		if n.any != nil {
			walk(n.any)
		}
	}
	walk(d.paths)
	return out
}

func (n *node) add(path string, o *Operation) {
	for _, s := range strings.Split(strings.Trim(path, "/"), "/") {
		if strings.HasPrefix(s, "{") {
			if n.any == nil {
				n.any = &node{name: strings.Trim(s, "{}")}
			}
			n = n.any
			continue
		}
		if n.fixed == nil {
			n.fixed = map[string]*node{}
		}
		if n.fixed[s] == nil {
			n.fixed[s] = &node{}
		}
		n = n.fixed[s]
	}
	if n.operations == nil {
		n.operations = map[string]*Operation{}
	}
	n.operations[o.Method] = o
}

// find prefers fixed words over parameters.
func (n *node) find(segments []string, method string) *Operation {
	if len(segments) == 0 {
		return n.operations[method]
	}
	if c := n.fixed[segments[0]]; c != nil {
		if o := c.find(segments[1:], method); o != nil {
			return o
		}
	}
	if n.any == nil || segments[0] == "" {
		return nil
	}
	return n.any.find(segments[1:], method)
}

// Find gives the operation of a request's path, or nil.
func (d *Document) Find(method, path string) *Operation {
	return d.paths.find(strings.Split(strings.Trim(path, "/"), "/"), method)
}

// response is the pointer of the answer's schema, "" when there is none.
func (o *Operation) response(d *Document, status int) string {
	responses := object(o.spec["responses"])
	for _, key := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX"} {
		r, ok := responses[key]
		if !ok {
			continue
		}
		at := o.pointer + "/responses/" + key
		if ref, ok := object(r)["$ref"].(string); ok {
			at = strings.TrimPrefix(ref, "#")
			r = d.at(at)
		}
		if object(object(object(r)["content"])["application/json"])["schema"] != nil {
			return at + "/content/application~1json/schema"
		}
		return ""
	}
	return ""
}

// knows reports whether the document says that the operation answers like this.
func (o *Operation) knows(status int) bool {
	responses := object(o.spec["responses"])
	return responses[strconv.Itoa(status)] != nil || responses[strconv.Itoa(status/100)+"XX"] != nil || status >= http.StatusInternalServerError
}

// body is the pointer of the schema of a kind of body.
func (o *Operation) body(kind string) string {
	if object(object(object(o.spec["requestBody"])["content"])[kind])["schema"] == nil {
		return ""
	}
	return o.pointer + "/requestBody/content/" + escape(kind) + "/schema"
}

// schema compiles what the pointer points to, once.
func (d *Document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.schemas[pointer]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile(resource + "#" + pointer)
	if err != nil {
		return nil, fmt.Errorf("read %s of Discord's OpenAPI document: %w", pointer, err)
	}
	d.schemas[pointer] = s
	return s, nil
}

// at is what the pointer points to.
func (d *Document) at(pointer string) any {
	var v any = d.root
	for _, s := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
		switch t := v.(type) {
		case map[string]any:
			v = t[s]
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(t) {
				return nil
			}
			v = t[i]
		default:
			return nil
		}
	}
	return v
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func array(v any) []any {
	l, _ := v.([]any)
	return l
}

func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

// decode reads JSON the way the schemas want it.
func decode(raw json.RawMessage) (any, error) {
	return jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
}
