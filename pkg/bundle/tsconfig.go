package bundle

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// tsconfig is what the project's own tsconfig.json says about building, and
// files that it extends.
type tsconfig struct {
	raw   string // For esbuild.
	base  string // The folder that paths start from.
	paths gjson.Result
}

// passed are the compiler options that change what code means.
var passed = map[string]bool{
	"experimentalDecorators": true, "useDefineForClassFields": true, "jsx": true, "jsxFactory": true, "jsxFragmentFactory": true, "jsxImportSource": true,
	"target": true, "verbatimModuleSyntax": true,
}

// maxExtends is how far files may extend each other.
const maxExtends = 8

// readTsconfig reads the tsconfig.json in the root; one that cannot be read is
// like none.
func readTsconfig(files tree) tsconfig {
	c := tsconfig{raw: "{}", base: "."}
	options := map[string]json.RawMessage{}
	c.read(files, "tsconfig.json", options, 0)
	if raw, err := json.Marshal(map[string]any{"compilerOptions": options}); err == nil {
		c.raw = string(raw)
	}
	return c
}

// read takes what a file says, after what it extends.
func (c *tsconfig) read(files tree, name string, options map[string]json.RawMessage, depth int) {
	f, ok := files[name]
	if !ok || depth > maxExtends {
		return
	}
	doc, err := f.read()
	if err != nil {
		return
	}
	if doc = plainJSON(doc); !gjson.Valid(doc) {
		return
	}
	dir := path.Dir(name)
	extends := gjson.Get(doc, "extends")
	for _, other := range extends.Array() {
		if !recipe.Relative(other.Str) {
			continue // A package's says little of how to build.
		}
		other := path.Join(dir, other.Str)
		if _, ok := files[other]; !ok {
			other += ".json"
		}
		c.read(files, other, options, depth+1)
	}
	base := ""
	gjson.Get(doc, "compilerOptions").ForEach(func(key, value gjson.Result) bool {
		switch {
		case passed[key.Str] && (value.Type == gjson.String || value.IsBool()):
			options[key.Str] = json.RawMessage(value.Raw)
		case key.Str == "paths" && value.IsObject():
			c.paths, c.base = value, dir
		case key.Str == "baseUrl" && value.Type == gjson.String:
			base = path.Join(dir, value.Str)
		}
		return true
	})
	if base != "" {
		c.base = base
	}
}

// alias gives the paths that "paths" has for an import, in their order.
func (c tsconfig) alias(name string) (out []string) {
	var best, star string
	var found gjson.Result
	c.paths.ForEach(func(key, value gjson.Result) bool {
		before, after, pattern := strings.Cut(key.Str, "*")
		if key.Str == name && !pattern {
			best, star, found = key.Str, "", value
			return false
		}
		if pattern && len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) && longer(key.Str, best) {
			best, star, found = key.Str, name[len(before):len(name)-len(after)], value
		}
		return true
	})
	if best == "" {
		return nil
	}
	found.ForEach(func(_, to gjson.Result) bool {
		if to.Str != "" {
			out = append(out, path.Join(c.base, strings.Replace(to.Str, "*", star, 1)))
		}
		return true
	})
	return out
}

// plainJSON takes the comments and trailing commas out that TypeScript allows.
func plainJSON(doc string) string {
	doc = strings.TrimPrefix(doc, "\ufeff")
	var b strings.Builder
	for i := 0; i < len(doc); {
		rest := doc[i:]
		switch {
		case rest[0] == '"':
			end := i + 1
			for end < len(doc) && doc[end] != '"' {
				if doc[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(doc))
			b.WriteString(doc[i:end])
			i = end
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			i += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return b.String()
			}
			i += n + 4
		case rest[0] == ',' && endsList(rest[1:]):
			i++
		default:
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String()
}

// endsList reports whether nothing but space and comments stands before a
// closing bracket.
func endsList(rest string) bool {
	for {
		rest = strings.TrimLeft(rest, " \t\r\n")
		switch {
		case strings.HasPrefix(rest, "//"):
			_, rest, _ = strings.Cut(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest[2:], "*/")
		default:
			return strings.HasPrefix(rest, "}") || strings.HasPrefix(rest, "]")
		}
	}
}
