package project

import (
	"strings"
	"testing"
)

func TestIgnore(t *testing.T) {
	t.Parallel()
	rows := []struct {
		lines string
		path  string
		dir   bool
		want  bool
	}{
		{"a.ts", "a.ts", false, true},
		{"a.ts", "deep/er/a.ts", false, true},
		{"a.ts", "ba.ts", false, false},
		{"/a.ts", "a.ts", false, true},
		{"/a.ts", "x/a.ts", false, false},
		{"x/a.ts", "x/a.ts", false, true},
		{"x/a.ts", "y/x/a.ts", false, false},
		{"build/", "build", true, true},
		{"build/", "x/build", true, true},
		{"build/", "build", false, false},
		{"*.ts", "x/a.ts", false, true},
		{"*.ts", "x/a.tsx", false, false},
		{"x/*", "x/a", false, true},
		{"x/*", "x/y/a", false, false},
		{"**/a", "x/y/a", false, true},
		{"**/a", "a", false, true},
		{"x/**", "x/y/a", false, true},
		{"x/**/a", "x/a", false, true},
		{"x/**/a", "x/y/z/a", false, true},
		{"a**b", "axxb", false, true},
		{"a?", "ab", false, true},
		{"a?", "a/", false, false},
		{"[a-c].ts", "b.ts", false, true},
		{"[!a-c].ts", "b.ts", false, false},
		{"[^a-c].ts", "d.ts", false, true},
		{"[", "[", false, true},
		{"[!]", "[!]", false, true},
		{"a[.ts", "a[.ts", false, true},
		{"*.ts\n!b.ts", "b.ts", false, false},
		{"!b.ts\n*.ts", "b.ts", false, true},
		{"# a.ts", "# a.ts", false, false},
		{`\#a`, "#a", false, true},
		{`\!a`, "!a", false, true},
		{"a.ts  ", "a.ts", false, true},
		{"a.ts\r", "a.ts", false, true},
		{"", "a", false, false},
		{"/", "a", true, false},
		{"!", "a", false, false},
		{"ä*.ts", "äö.ts", false, true},
		{"a+(b)|c$.ts", "a+(b)|c$.ts", false, true},
	}
	for _, row := range rows {
		var g ignore
		g.add(".", row.lines)
		if got := g.matches(row.path, row.dir); got != row.want {
			t.Errorf("%q matches %q: %v", row.lines, row.path, got)
		}
	}
}

func FuzzIgnore(f *testing.F) {
	f.Add("a/**/[b-c]?*\n!x/", "a/b/cd")
	f.Fuzz(func(t *testing.T, lines, name string) {
		var g ignore
		g.add("dir", lines)
		if g.matches(name, true) && !strings.HasPrefix(name, "dir/") {
			t.Errorf("%q matches %q outside its folder", lines, name)
		}
	})
}
