package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/tailscale/hujson"
)

// fileName is the project file.
const fileName = "flora.json"

// document is what a project file can say.
type document struct {
	Schema  string            `json:"$schema"`
	Entry   string            `json:"entry"`
	Root    string            `json:"root"`
	Guild   string            `json:"guild"`
	API     string            `json:"api"`
	Imports map[string]string `json:"imports"`
	Test    globs             `json:"test"`
}

var documentKeys = []string{"$schema", "entry", "root", "guild", "api", "imports", "test"}

// globs is one glob or a list of them.
type globs []string

func (g *globs) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*g = globs{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(g))
}

// file reads the project file, if there is one.
func (p *Project) file(ctx context.Context) (document, error) {
	var doc document
	file := filepath.Join(p.Dir, fileName)
	raw, ok, err := p.readFile(file)
	if err != nil {
		return doc, err
	}
	if !ok {
		return p.config(ctx)
	}
	p.File = file
	b, err := standard(raw)
	if err != nil {
		return doc, misused("%s is broken: %s", fileName, err)
	}
	if err := decode(b, &doc); err != nil {
		return doc, misused("%s: %s", fileName, err)
	}
	p.unknown(fileName, "", b, documentKeys...)
	return doc, nil
}

// standard takes comments and trailing commas out.
func standard(raw string) ([]byte, error) {
	b, err := hujson.Standardize([]byte(strings.TrimPrefix(raw, "\ufeff")))
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "hujson: "))
	}
	return b, nil
}

// decode names the key whose value is of the wrong kind.
func decode(b []byte, into any) error {
	err := json.Unmarshal(b, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("it must be an object, not %s", article(wrong.Value))
		}
		if wrong.Field == "imports" { // Also for what is in it.
			return errors.New(`"imports" must be an object of strings`)
		}
		return fmt.Errorf("%q must be %s, not %s", wrong.Field, kinds[wrong.Type.Kind().String()], article(wrong.Value))
	}
	return err
}

var kinds = map[string]string{"string": "a string", "slice": "a string or a list of strings", "struct": "an object"}

func article(kind string) string {
	switch kind {
	case "array", "object":
		return "an " + kind
	}
	return "a " + kind
}

// unknown warns of the keys in an object that mean nothing.
func (p *Project) unknown(file, prefix string, b []byte, known ...string) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(b, &keys) != nil {
		return
	}
	var odd []string
	for key := range keys {
		if !slices.Contains(known, key) {
			odd = append(odd, key)
		}
	}
	slices.Sort(odd)
	for _, key := range odd {
		hint := ""
		if near := nearest(key, known); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", prefix+near)
		}
		p.warn("%s: %q has no effect%s", file, prefix+key, hint)
	}
}

// nearest is the known name that a wrong one was likely meant to be, or "".
func nearest(name string, known []string) (best string) {
	least := len(name)/2 + 1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}
