package recipe

import (
	"strings"
	"testing"
)

func TestParseSpecifier(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ bare, version, install string }{
		"npm:zod":                         {"zod", "", "npm install zod"},
		"npm:/zod":                        {"zod", "", "npm install zod"},
		"npm:zod@4":                       {"zod", "4", "npm install zod@4"},
		"npm:zod@^4.0.0/v4/core.js":       {"zod/v4/core.js", "^4.0.0", `npm install "zod@^4.0.0"`},
		"npm:zod/v4":                      {"zod/v4", "", "npm install zod"},
		"npm:@scope/pkg":                  {"@scope/pkg", "", "npm install @scope/pkg"},
		"npm:@scope/pkg@1.2.3/sub":        {"@scope/pkg/sub", "1.2.3", "npm install @scope/pkg@1.2.3"},
		"npm:a@latest":                    {"a", "latest", "npm install a@latest"},
		"npm:a@>=1 <2":                    {"a", ">=1 <2", `npm install "a@>=1 <2"`},
		"jsr:@std/csv":                    {"@jsr/std__csv", "", "npx jsr add @std/csv"},
		"jsr:@luca/flag-x@^1.0.0/sub/m":   {"@jsr/luca__flag-x/sub/m", "^1.0.0", `npx jsr add "@luca/flag-x@^1.0.0"`},
		"jsr:/@std/csv@1":                 {"@jsr/std__csv", "1", "npx jsr add @std/csv@1"},
		"npm:":                            {},
		"npm:@scope":                      {},
		"npm:@/x":                         {},
		"npm:../x":                        {},
		"npm:.x":                          {},
		"npm:a b":                         {},
		"npm:a@1/../../b":                 {},
		"npm:a/./b":                       {},
		"jsr:std/csv":                     {},
		"jsr:@std":                        {},
		"jsr:@std/a.b":                    {},
		"npm:" + strings.Repeat("a/", 99): {"a/" + strings.TrimSuffix(strings.Repeat("a/", 98), "/"), "", "npm install a"},
	}
	for name, want := range rows {
		s, ok, err := ParseSpecifier(name)
		if want.bare == "" {
			if !ok || err == nil || !strings.HasPrefix(err.Error(), "cannot import ") {
				t.Errorf("%s: %+v %v %v", name, s, ok, err)
			}
			continue
		}
		if !ok || err != nil || s.Bare() != want.bare || s.Range != want.version || s.Install() != want.install {
			t.Errorf("%s: %v %v, got %q %q %q, want %+v", name, ok, err, s.Bare(), s.Range, s.Install(), want)
		}
	}
	for _, name := range []string{"zod", "./npm:a", "node:fs", "https://npm:a", ""} {
		if _, ok, err := ParseSpecifier(name); ok || err != nil {
			t.Errorf("%s: %v %v", name, ok, err)
		}
	}
}

func FuzzParseSpecifier(f *testing.F) {
	for _, s := range []string{"npm:@s/a@^1/b", "jsr:@s/a@1/b", "npm:a@/", "npm:@/@/@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, ok, err := ParseSpecifier(name)
		if !ok || err != nil {
			return
		}
		pkg, inside := Split(s.Bare())
		if pkg != s.Package || strings.Contains("/"+inside+"/", "/../") {
			t.Errorf("%q means package %q in %q, inside %q", name, s.Package, s.Bare(), inside)
		}
	})
}
