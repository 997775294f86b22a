package contract

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Unknown is what is said of a member that the document does not name. It allows
// such members everywhere, so this is our own strictness.
const Unknown = "is not in the document"

// unknown lists the members of a value that none of the schema's alternatives
// names. The document allows more members everywhere; a request that has some
// is most likely misspelt.
func (d *Document) unknown(schema, v any, at string) []string {
	all := d.alternatives(schema, nil)
	switch v := v.(type) {
	case map[string]any:
		return d.unknownMembers(all, v, at)
	case []any:
		var out []string
		items := map[string]any{}
		var each []any
		for _, s := range all {
			if s["items"] != nil {
				each = append(each, s["items"])
			}
		}
		if len(each) == 0 {
			return nil
		}
		items["anyOf"] = each
		for i, e := range v {
			out = append(out, d.unknown(items, e, at+"/"+strconv.Itoa(i))...)
		}
		return out
	}
	return nil
}

func (d *Document) unknownMembers(all []map[string]any, v map[string]any, at string) []string {
	named := map[string][]any{}
	for _, s := range all {
		if s["additionalProperties"] != nil && s["additionalProperties"] != false || s["patternProperties"] != nil {
			return nil // A map.
		}
		for name, p := range object(s["properties"]) {
			named[name] = append(named[name], p)
		}
	}
	if len(named) == 0 {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		schemas := named[name]
		if schemas == nil {
			out = append(out, at+"/"+name)
			continue
		}
		out = append(out, d.unknown(map[string]any{"anyOf": schemas}, v[name], at+"/"+name)...)
	}
	return out
}

// alternatives are all schemas that may hold for a value.
func (d *Document) alternatives(schema any, out []map[string]any) []map[string]any {
	s := object(schema)
	if s == nil {
		return out
	}
	out = append(out, s)
	if ref, ok := s["$ref"].(string); ok {
		out = d.alternatives(d.at(strings.TrimPrefix(ref, "#")), out)
	}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		for _, a := range array(s[key]) {
			out = d.alternatives(a, out)
		}
	}
	return out
}
