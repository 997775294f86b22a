package project

import (
	"encoding/json"
	"path"
	"path/filepath"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

var denoFiles = []string{"deno.json", "deno.jsonc"}

// denoImports adds what deno.json or deno.jsonc say of imports, themselves or
// in a file that they name.
func (p *Project) denoImports() error {
	for _, name := range denoFiles {
		var doc struct {
			Imports map[string]string `json:"imports"`
			Map     string            `json:"importMap"`
		}
		found, err := p.settings(name, &doc)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if doc.Map != "" && doc.Imports == nil {
			return p.importMap(filepath.ToSlash(doc.Map))
		}
		p.addImports(doc.Imports, ".")
		return nil
	}
	return nil
}

// importMap adds a file of imports, by its path from Dir.
func (p *Project) importMap(name string) error {
	var doc struct {
		Imports map[string]string `json:"imports"`
		Scopes  json.RawMessage   `json:"scopes"`
	}
	found, err := p.settings(name, &doc)
	if err != nil {
		return err
	}
	if !found {
		return misused("the import map %s is not there", name)
	}
	if doc.Scopes != nil {
		p.warn("%s: \"scopes\" has no effect", name)
	}
	p.addImports(doc.Imports, path.Dir(name))
	return nil
}

// settings reads another tool's file of settings.
func (p *Project) settings(name string, into any) (bool, error) {
	raw, ok, err := p.readFile(filepath.Join(p.Dir, filepath.FromSlash(name)))
	if err != nil || !ok {
		return false, err
	}
	b, err := standard(raw)
	if err == nil {
		err = decode(b, into)
	}
	if err != nil {
		return false, misused("%s is broken: %s", name, err)
	}
	return true, nil
}

// addImports adds entries whose relative paths start from the folder dir below
// Dir.
func (p *Project) addImports(entries map[string]string, dir string) {
	for name, to := range entries {
		if recipe.Relative(to) && dir != "." {
			end := ""
			if strings.HasSuffix(to, "/") {
				end = "/"
			}
			if to = path.Join(dir, to); !recipe.Relative(to) {
				to = "./" + to
			}
			to += end
		}
		p.Imports[name] = to
	}
}

// mapped is what the import map has for a name: its own entry, else the longest
// beginning of it. What stands for a package stands for what is in it too, as
// in deno.json.
func mapped(imports map[string]string, name string) (string, bool) {
	if to, ok := imports[name]; ok {
		return to, true
	}
	best := ""
	for from, to := range imports {
		if len(from) <= len(best) {
			continue
		}
		if strings.HasSuffix(from, "/") && strings.HasPrefix(name, from) || ofRegistry(to) && strings.HasPrefix(name, from+"/") {
			best = from
		}
	}
	if best == "" {
		return "", false
	}
	to, rest := imports[best], name[len(best):]
	if strings.HasSuffix(best, "/") && !strings.HasSuffix(to, "/") {
		to += "/"
	}
	return to + rest, true
}

// ofRegistry reports whether a name says which registry it is of.
func ofRegistry(name string) bool {
	return strings.HasPrefix(name, "npm:") || strings.HasPrefix(name, "jsr:")
}
