package project

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestLiteral(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		code     string
		want     string
		computed []string
	}{
		"kinds":            {`export default { a: 1, "b-c": -2.5, 'd': true, e: false, f: null, g: [1, "x", []], h: {}, 1: "n", };`, `{"1":"n","a":1,"b-c":-2.5,"d":true,"e":false,"f":null,"g":[1,"x",[]],"h":{}}`, nil},
		"strings":          {`export default ["\n\t\\\"\x41\u00e9\u{1F388}\q", '\'"', ` + "`tick`" + `, "ü🎈"]`, `["\n\t\\\"Aé🎈q","'\"","tick","ü🎈"]`, nil},
		"constants":        {`var a = "x"; const b = { k: a }; let c = { ...b, m: 1 }; export { c as default };`, `{"k":"x","m":1}`, nil},
		"define":           {`export default defineFlora((({ a: 1 })));`, `{"a":1}`, nil},
		"shorthand":        {`const entry = "e"; export default { entry }`, `{"entry":"e"}`, nil},
		"computed names":   {`const k = "x"; export default { [k]: 1, ["y"]: 2 }`, `{"x":1,"y":2}`, nil},
		"CommonJS":         {`module.exports = { a: 1 }`, `{"a":1}`, nil},
		"a part is run":    {`export default { a: 1, b: f(), c: { d: x + 1, e: 2 }, g: [1, y] }`, `{"a":1,"b":null,"c":{"d":null,"e":2},"g":[1,null]}`, []string{"b", "c.d", "g[1]"}},
		"all is run":       {`export default f()`, `null`, []string{""}},
		"a spread is run":  {`export default { a: { ...x, b: 1 } }`, `{"a":null}`, []string{"a", "a"}},
		"templates":        {"export default { a: `x${1}`, b: tag`y` }", `{"a":null,"b":null}`, []string{"a", "b"}},
		"a circle":         {`var a = b, b = a; export default { a }`, `{"a":null}`, []string{"a"}},
		"too many calls":   {`export default define(1, 2)`, `null`, []string{""}},
		"numbers of kinds": {`export default [1e3, 1_000]`, `[1000,1000]`, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, computed, err := literal(row.code)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, string(b)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.computed, computed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzLiteral(f *testing.F) {
	for _, s := range []string{`export default { a: "\u{41}", ...b }`, `var a = b, b = a; export default a`, `module.exports = [,]`, "export default `\\`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		v, _, err := literal(code)
		if err != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%q gives no JSON: %s", code, err)
		}
	})
}

func FuzzProjectFile(f *testing.F) {
	f.Add(`{"entry": "x", "imports": {"a/": "./b/"}, "test": ["a"],}`, "a/c")
	f.Fuzz(func(t *testing.T, doc, name string) {
		b, err := standard(doc)
		if err != nil {
			return
		}
		var d document
		if decode(b, &d) != nil {
			return
		}
		var p Project
		p.unknown(fileName, "", b, "entry")
		_, _ = mapped(d.Imports, name)
	})
}

// TestSchema: the published schema says what the reader takes.
func TestSchema(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("flora.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("flora.json")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{
		`{}`: true,
		`{"$schema": "x", "entry": "a.ts", "root": "b", "guild": "1", "api": "http://x/api", "imports": {"a": "npm:a"}, "test": "t/*"}`: true,
		`{"test": ["a", "b"]}`:     true,
		`{"test": {}}`:             false,
		`{"entry": 1}`:             false,
		`{"imports": {"a": 1}}`:    false,
		`{"imports": []}`:          false,
		`[]`:                       false,
		`{"root": "."}`:            true,
		`{"guild": 1}`:             false,
		`{"api": ["http://x/y"]}`:  false,
		`{"$schema": {"no": "x"}}`: false,
	}
	for text, want := range rows {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		var d document
		if err := s.Validate(v); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
		if err := decode([]byte(text), &d); (err == nil) != want {
			t.Errorf("the reader of %s: %v", text, err)
		}
	}
	var keys struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(Schema(), &keys); err != nil {
		t.Fatal(err)
	}
	p := &Project{}
	for key := range keys.Properties {
		p.unknown(fileName, "", []byte(`{"`+key+`": 1}`), documentKeys...)
	}
	if len(keys.Properties) != len(documentKeys) || len(p.Warnings) > 0 {
		t.Errorf("the schema has %d keys, the reader %d: %q", len(keys.Properties), len(documentKeys), p.Warnings)
	}
}

// TestLiteralIsBounded: constants that name each other twice would be a value of
// 2^40 parts.
func TestLiteralIsBounded(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	code.WriteString("const a0 = 'x';\n")
	for i := range 40 {
		fmt.Fprintf(&code, "const a%d = [a%d, a%d];\n", i+1, i, i)
	}
	code.WriteString("export default { deploy: a40 };\n")
	v, computed, err := literal(code.String())
	if err == nil {
		t.Errorf("it gives %v, of which %d are computed", v, len(computed))
	}
}

// TestConfigIsBounded: brackets that no parser should be given.
func TestConfigIsBounded(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	for name, text := range map[string]string{"flora.config.ts": "export default " + deep, "flora.config.cjs": "module.exports = " + deep, "flora.json": deep, "deno.json": deep} {
		if p, err := Load(t.Context(), disk(t, "-- "+name+" --\n"+text+"\n")); err == nil {
			t.Errorf("%s: it is loaded: %+v", name, p)
		}
	}
}
