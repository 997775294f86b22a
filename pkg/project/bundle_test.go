package project

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// disk writes the files of a txtar text into a new folder.
func disk(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		if f.Name == "links" { // Lines of "path -> target".
			link(t, dir, string(f.Data))
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func link(t *testing.T, dir, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		name, target, _ := strings.Cut(strings.TrimSpace(line), " -> ")
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.FromSlash(target), name); err != nil {
			t.Fatal(err)
		}
	}
}

func load(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestBundleGives bundles the projects in testdata/good. Each has a file "want"
// of lines: "has" and "lacks" with a Go string, "packages" with the names in
// the size report, "sources" with the files kept, "warning" with part of one.
func TestBundleGives(t *testing.T) {
	t.Parallel()
	for _, file := range projects(t, "good") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := disk(t, string(text))
			p := load(t, dir)
			out, err := p.Bundle(t.Context(), BundleOptions{})
			if err != nil {
				t.Fatal(err)
			}
			hold(t, filepath.Join(dir, "want"), out)
		})
	}
}

func projects(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no projects: %v", err)
	}
	return files
}

func hold(t *testing.T, file string, out *Bundle) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	warned := 0
	for line := range strings.Lines(string(want)) {
		what, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(arg, `"`) {
			if arg, err = strconv.Unquote(arg); err != nil {
				t.Fatalf("%s: %s", line, err)
			}
		}
		switch what {
		case "has":
			if !strings.Contains(out.Code, arg) {
				t.Errorf("the bundle lacks %q:\n%s", arg, out.Code)
			}
		case "lacks":
			if strings.Contains(out.Code, arg) {
				t.Errorf("the bundle has %q:\n%s", arg, out.Code)
			}
		case "packages":
			var got []string
			for _, s := range out.Sizes {
				name := s.Package
				if name == "" {
					name = "own"
				}
				got = append(got, name)
			}
			slices.Sort(got)
			same(t, what, arg, strings.Join(got, " "))
		case "sources":
			var got []string
			for _, f := range out.Sources {
				got = append(got, f.Path)
			}
			same(t, what, arg, strings.Join(got, " "))
		case "mapped":
			var m sourceMap
			if err := json.Unmarshal([]byte(out.Map), &m); err != nil {
				t.Fatal(err)
			}
			same(t, what, arg, strings.Join(m.Sources, " "))
			for i, s := range m.Sources { // Only the author's own are there.
				if own := !strings.Contains(s, "node_modules/"); own != (m.SourcesContent[i] != "") {
					t.Errorf("the source map has %q: %t", s, !own)
				}
			}
		case "warning":
			warned++
			if !slices.ContainsFunc(out.Warnings, func(w string) bool { return strings.Contains(w, arg) }) {
				t.Errorf("got warnings %q, want one with %q", out.Warnings, arg)
			}
		default:
			t.Fatalf("what is %q?", line)
		}
	}
	if warned == 0 && len(out.Warnings) > 0 {
		t.Errorf("warnings: %q", out.Warnings)
	}
}

func same(t *testing.T, what, want, got string) {
	t.Helper()
	if got != want {
		t.Errorf("got %s %q, want %q", what, got, want)
	}
}

var update = flag.Bool("update", false, "write what is got into testdata")

// TestBundleRefuses bundles the projects in testdata/broken, whose last file is
// the error's text.
func TestBundleRefuses(t *testing.T) {
	t.Parallel()
	for _, file := range projects(t, "broken") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := &a.Files[len(a.Files)-1]
			if want.Name != "want" {
				t.Fatalf("the last file is %s", want.Name)
			}
			_, err = load(t, disk(t, string(txtar.Format(a)))).Bundle(t.Context(), BundleOptions{})
			broken, ok := errors.AsType[*Broken](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			got := regexp.MustCompile("(?m) +$").ReplaceAllString(broken.Text, "") + "\n"
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Error(diff)
			}
			if len(broken.Inputs) == 0 {
				t.Error("no inputs to watch")
			}
		})
	}
}

func TestSourcesAreBounded(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range maxSourceFiles + 1 {
		many.WriteString("-- f" + strconv.Itoa(i) + ".txt --\n")
	}
	for name, row := range map[string]struct{ files, want string }{
		"files": {many.String(), "more than 2000 source files"},
		"bytes": {"-- x.txt --\n" + strings.Repeat("x", maxSourceBytes+1), "is too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, disk(t, row.files+"\n-- main.ts --\n")).Bundle(t.Context(), BundleOptions{})
			if _, ok := errors.AsType[*TooMuch](err); !ok || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestVirtual: modules that are on no disk come before all others, import each
// other and what is on the disk.
func TestVirtual(t *testing.T) {
	t.Parallel()
	p := load(t, disk(t, "-- main.ts --\nlog('not this')\n-- src/main.test.ts --\nimport { run } from '@flora/sdk/testing'\nimport { eq } from 'jsr:@std/assert@1'\nimport { embed } from '@flora/sdk'\nrun(eq, embed)\n-- node_modules/a/index.js --\nexport const a = 'of a package'\n"))
	out, err := p.Bundle(t.Context(), BundleOptions{
		Entry: "src/main.test.ts", NoSources: true,
		Virtual: map[string]string{
			"@flora/sdk/testing": "import { eq } from 'jsr:@std/assert@1'\nimport { a } from 'a'\nexport const run = (...x: unknown[]) => log('virtual', a, eq, x)",
			"jsr:@std/assert@1":  "export const eq = 'asserted'",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"virtual", "asserted", "of a package", "globalThis"} {
		if !strings.Contains(out.Code, want) {
			t.Errorf("the bundle lacks %q:\n%s", want, out.Code)
		}
	}
	if strings.Contains(out.Code, "not this") || out.Entry != "src/main.test.ts" || len(out.Sources) != 0 {
		t.Errorf("%q with %d sources:\n%s", out.Entry, len(out.Sources), out.Code)
	}
}

// TestInputs: all that a bundle is made of is watched, also when it fails.
func TestInputs(t *testing.T) {
	t.Parallel()
	const rest = "-- flora.json --\n{}\n-- tsconfig.json --\n{}\n-- package.json --\n{}\n-- src/f.ts --\nexport const f = 1\n-- other.ts --\n-- node_modules/a/index.js --\nexport const a = 1\n"
	for name, source := range map[string]string{
		"good":   "import { f } from './f'\nimport { a } from 'npm:a'\nlog(f, a)\n",
		"broken": "import { f } from './f'\nimport { a } from 'npm:a'\nimport './nope'\nlog(f, a)\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := disk(t, "-- src/main.ts --\n"+source+rest)
			out, err := load(t, dir).Bundle(t.Context(), BundleOptions{})
			var inputs []string
			if broken, ok := errors.AsType[*Broken](err); ok {
				inputs = broken.Inputs
			} else if err != nil {
				t.Fatal(err)
			} else {
				inputs = out.Inputs
			}
			real, err := filepath.EvalSymlinks(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range inputs {
				rel, err := filepath.Rel(real, f)
				if err != nil || !filepath.IsAbs(f) {
					t.Errorf("%q: %v", f, err)
				}
				got = append(got, filepath.ToSlash(rel))
			}
			if diff := cmp.Diff([]string{"flora.json", "node_modules/a/index.js", "package.json", "src/f.ts", "src/main.ts", "tsconfig.json"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLinkedFolder: a project that is reached by a link is the same.
func TestLinkedFolder(t *testing.T) {
	t.Parallel()
	dir := disk(t, "-- real/src/main.ts --\nimport { f } from './f'\nlog(f)\n-- real/src/f.ts --\nexport const f = 1\n-- links --\nlink -> real\n")
	out, err := load(t, filepath.Join(dir, "link")).Bundle(t.Context(), BundleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var m sourceMap
	if err := json.Unmarshal([]byte(out.Map), &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"src/f.ts", "src/main.ts"}, m.Sources); diff != "" || len(out.Sources) != 2 {
		t.Errorf("%s %+v", diff, out.Sources)
	}
}

// TestNesting: what would end the process is an error of the file's.
func TestNesting(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"d.json":      strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000),
		"open.ts":     strings.Repeat("(", 2_000_000),
		"template.ts": strings.Repeat("`${", 1_000_000),
	} {
		_, err := load(t, disk(t, "-- main.ts --\nimport './"+name+"'\n-- "+name+" --\n"+source+"\n")).Bundle(t.Context(), BundleOptions{})
		if broken, ok := errors.AsType[*Broken](err); !ok || !strings.Contains(broken.Text, "it nests too deeply") || !strings.Contains(broken.Text, "main.ts:1:8:") || !strings.Contains(broken.Text, `cannot bundle "`+name) {
			t.Errorf("%s: %.300v", name, err)
		}
	}
	// As deep as is let through.
	const deep = maxOpen - 1
	p := load(t, disk(t, "-- main.ts --\nimport './d.json'\nimport './x'\n-- d.json --\n"+strings.Repeat("[", deep)+strings.Repeat("]", deep)+"\n-- x.ts --\nlog("+strings.Repeat("(", deep)+"1"+strings.Repeat(")", deep)+")\n"))
	if _, err := p.Bundle(t.Context(), BundleOptions{}); err != nil {
		t.Errorf("%.300v", err)
	}
}
