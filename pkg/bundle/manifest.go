package bundle

import (
	"path"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// manifest is what a package.json says about imports. Members of objects keep
// their order, which decides between conditions.
type manifest struct {
	name                      string
	exports, imports, browser gjson.Result
	main, module              string
	effects                   gjson.Result
	esm                       bool // "type": "module".
}

func readManifest(doc string) *manifest {
	doc = strings.TrimPrefix(doc, "\ufeff")
	if !gjson.Valid(doc) {
		return nil
	}
	all := gjson.Parse(doc)
	if !all.IsObject() {
		return nil
	}
	m := &manifest{}
	all.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "name":
			m.name = value.Str
		case "exports":
			m.exports = value
		case "imports":
			m.imports = value
		case "browser":
			m.browser = value
		case "main":
			m.main = value.Str
		case "module":
			m.module = value.Str
		case "type":
			m.esm = value.Str == "module"
		case "sideEffects":
			m.effects = value
		}
		return true
	})
	if m.exports.Type == gjson.Null {
		m.exports = gjson.Result{} // As if it were not there.
	}
	return m
}

// mains are the files that the package itself may be, the best first. What is
// required gets CommonJS if there is some, so that the same package is not
// there twice.
func (m *manifest) mains(require bool) (out []string) {
	list := []string{m.browser.Str, m.module, m.main}
	if require {
		list = []string{m.browser.Str, m.main, m.module}
	}
	for _, p := range list {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// conditions are what a package's exports may depend on.
func conditions(require bool) map[string]bool {
	out := map[string]bool{"worker": true, "browser": true, "module": true, "default": true}
	if require {
		out["require"] = true
	} else {
		out["import"] = true
	}
	return out
}

// match looks a name up in "exports" ("." or "./sub") or "imports" ("#name").
func (m *manifest) match(table gjson.Result, name string, want map[string]bool) (string, bool) {
	byPath := strings.HasPrefix(name, "#")
	table.ForEach(func(key, _ gjson.Result) bool {
		byPath = byPath || table.IsObject() && strings.HasPrefix(key.Str, ".")
		return false
	})
	if !byPath { // All of it is what the package itself is.
		if name != "." {
			return "", false
		}
		return choose(table, "", want, 0)
	}
	var best, star string
	var found gjson.Result
	table.ForEach(func(key, value gjson.Result) bool {
		k := key.Str
		if k == name && !strings.Contains(k, "*") {
			best, star, found = k, "", value
			return false
		}
		before, after, pattern := strings.Cut(k, "*")
		if !pattern && strings.HasSuffix(k, "/") { // An older way to say /*.
			before, after, pattern = k, "", true
		}
		if pattern && len(name) > len(before)+len(after)-1 && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) && name != before && longer(k, best) {
			best, star, found = k, name[len(before):len(name)-len(after)], value
		}
		return true
	})
	if best == "" {
		return "", false
	}
	if strings.HasSuffix(best, "/") {
		to, ok := choose(found, "", want, 0)
		return to + star, ok && strings.HasSuffix(to, "/") && clean(star)
	}
	return choose(found, star, want, 0)
}

// longer reports whether the pattern says more than the best so far.
func longer(pattern, best string) bool {
	part := func(s string) int {
		if i := strings.IndexByte(s, '*'); i >= 0 {
			return i
		}
		return len(s)
	}
	return best == "" || part(pattern) > part(best) || part(pattern) == part(best) && len(pattern) > len(best)
}

// choose takes the first alternative that holds.
func choose(v gjson.Result, star string, want map[string]bool, depth int) (to string, ok bool) {
	const most = 16
	switch {
	case depth > most:
	case v.Type == gjson.String:
		to = strings.ReplaceAll(v.Str, "*", star)
		return to, clean(star) && to != ""
	case v.IsArray():
		v.ForEach(func(_, alternative gjson.Result) bool {
			to, ok = choose(alternative, star, want, depth+1)
			return !ok
		})
	case v.IsObject():
		v.ForEach(func(condition, then gjson.Result) bool {
			if !want[condition.Str] {
				return true
			}
			to, ok = choose(then, star, want, depth+1)
			// null says that there is nothing for this condition.
			return !ok && then.Type != gjson.Null
		})
	}
	return to, ok
}

// clean reports whether what stands for an asterisk stays inside.
func clean(star string) bool {
	for _, part := range strings.Split(star, "/") {
		if part == ".." || part == "." || part == "node_modules" {
			return false
		}
	}
	return true
}

// instead gives what "browser" has in place of an import: a text, or false.
func (m *manifest) instead(name string) (gjson.Result, bool) {
	var found gjson.Result
	want := strings.TrimPrefix(name, "./")
	isPath := want != name
	m.browser.ForEach(func(key, value gjson.Result) bool {
		have := strings.TrimPrefix(key.Str, "./")
		match := key.Str == name
		if isPath {
			match = have == want || strings.TrimSuffix(have, path.Ext(have)) == want && written[path.Ext(have)] != nil
		}
		if match && (value.Type == gjson.False || value.Type == gjson.String) {
			found = value
			return false
		}
		return true
	})
	return found, found.Exists()
}

// redirected follows "browser" to what it names.
func (r *resolver) redirected(dir, name string, to gjson.Result, want map[string]bool, depth int) (meant, error) {
	switch {
	case to.Type == gjson.False:
		return meant{nothing: true}, nil
	case recipe.Relative(to.Str):
		return r.at(path.Join(dir, to.Str), name, want)
	case to.Str == name:
		return r.bare(path.Join(dir, "package.json"), name, want)
	}
	return r.lookUp(path.Join(dir, "package.json"), to.Str, want, depth+1)
}

// pure reports whether the package says that a file of it does nothing but
// define what it exports.
func (m *manifest) pure(file string) bool {
	switch {
	case m.effects.Type == gjson.False:
		return true
	case !m.effects.IsArray():
		return false
	}
	pure := true
	m.effects.ForEach(func(_, pattern gjson.Result) bool {
		p := strings.TrimPrefix(pattern.Str, "./")
		if !strings.Contains(p, "/") {
			p = "**/" + p
		}
		text := regexp.QuoteMeta(p)
		text = strings.ReplaceAll(text, `\*\*/`, `(.*/)?`)
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\*\*`, `.*`), `\*`, `[^/]*`)
		if re, err := regexp.Compile("^" + text + "$"); err != nil || re.MatchString(file) {
			pure = false
		}
		return pure
	})
	return pure
}
