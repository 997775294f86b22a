package recipe

import (
	"fmt"
	"regexp"
	"strings"
)

// Specifier is an import by registry, as Deno writes it: npm:zod@^3/v4.
type Specifier struct {
	Package string // As it is called in node_modules: jsr:@a/b is @jsr/a__b there.
	Range   string // "" is any version.
	Inside  string // A path in it, "" for the package itself.
	JSR     bool
	name    string // The package as its registry calls it.
}

var (
	npmName = regexp.MustCompile(`^(@[A-Za-z0-9._~-]+/)?[A-Za-z0-9_~][A-Za-z0-9._~-]*$`)
	jsrName = regexp.MustCompile(`^@([a-z0-9-]+)/([a-z0-9-]+)$`)
)

// ParseSpecifier reads an import that starts with npm: or jsr:. Others are not
// for it.
func ParseSpecifier(name string) (s Specifier, ok bool, err error) {
	rest, npm := strings.CutPrefix(name, "npm:")
	if !npm {
		if rest, s.JSR = strings.CutPrefix(name, "jsr:"); !s.JSR {
			return s, false, nil
		}
	}
	rest = strings.TrimPrefix(rest, "/")
	from := 0
	if strings.HasPrefix(rest, "@") {
		from = strings.IndexByte(rest, '/') + 1
	}
	end := len(rest)
	if i := strings.IndexAny(rest[from:], "@/"); i >= 0 {
		end = from + i
	}
	s.name = rest[:end]
	rest = rest[end:]
	if after, ranged := strings.CutPrefix(rest, "@"); ranged {
		s.Range, rest, _ = strings.Cut(after, "/")
	}
	s.Inside = strings.Trim(rest, "/")
	s.Package = s.name
	switch {
	case s.JSR:
		m := jsrName.FindStringSubmatch(s.name)
		if m == nil {
			return s, true, fmt.Errorf("cannot import %q: write it as jsr:@scope/name@version", name)
		}
		s.Package = "@jsr/" + m[1] + "__" + m[2]
	case !npmName.MatchString(s.name):
		return s, true, fmt.Errorf("cannot import %q: write it as npm:package@version", name)
	}
	if strings.Contains("/"+s.Inside+"/", "/../") || strings.Contains("/"+s.Inside+"/", "/./") {
		return s, true, fmt.Errorf("cannot import %q: the path in the package leads out of it", name)
	}
	return s, true, nil
}

// Bare is the import without registry and version, for what is installed.
func (s Specifier) Bare() string {
	if s.Inside == "" {
		return s.Package
	}
	return s.Package + "/" + s.Inside
}

// Install is the command that installs it.
func (s Specifier) Install() string {
	name := s.name
	if s.Range != "" {
		name += "@" + s.Range
	}
	if strings.ContainsAny(name, " <>|&*^~") {
		name = `"` + name + `"`
	}
	if s.JSR {
		return "npx jsr add " + name
	}
	return "npm install " + name
}

// Name is the package with its registry, as it was asked for.
func (s Specifier) Name() string {
	if s.JSR {
		return "jsr:" + s.name
	}
	return "npm:" + s.name
}
