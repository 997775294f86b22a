package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

var archiveLimits = ArchiveLimits{Files: 20, FileBytes: 1000, Bytes: 3000, Kept: deploy.Limits{Files: 5, Bytes: 2000}}

// packed makes a zip archive of "path", "contents" pairs.
func packed(tb testing.TB, pairs ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err == nil {
			_, err = w.Write([]byte(pairs[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// raw makes an archive with one odd entry.
func raw(tb testing.TB, h zip.FileHeader, stored string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&h)
	if err == nil {
		_, err = w.Write([]byte(stored))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func header(name string, mode fs.FileMode) zip.FileHeader {
	h := zip.FileHeader{Name: name, Method: zip.Store, CompressedSize64: 1, UncompressedSize64: 1, CRC32: crc32.ChecksumIEEE([]byte("x"))}
	h.SetMode(mode)
	return h
}

func TestArchiveBuilds(t *testing.T) {
	t.Parallel()
	data := packed(t, "src/main.ts", `import { a } from "a"; import x from "./x.json"; console.log(a as string, x)`, "src/x.json", `{"n": 1}`, "src/empty.ts", "",
		"assets/", "", "logo.png", "\x89PNG\xff", ".env", "SECRET=1", "package.json", `{"dependencies": {"a": "1"}}`, "pnpm-lock.yaml", "x: 1",
		"node_modules/a/package.json", `{"main": "i.js"}`, "node_modules/a/i.js", `export const a = "from a"`, "node_modules/a/i.d.ts", "export const a: string", "node_modules/a/i.js.map", "{")
	got, err := newChild(t, Limits{}).Build(t.Context(), Input{Entry: "src/main.ts", Archive: data})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Code, "from a") || !strings.Contains(got.Map, `"sources":["node_modules/a/i.js","src/x.json","src/main.ts"]`) {
		t.Errorf("code %s\nmap %s", got.Code, got.Map)
	}
	var names []string
	for _, f := range got.Sources {
		names = append(names, f.Path)
	}
	if diff := cmp.Diff([]string{"package.json", "pnpm-lock.yaml", "src/empty.ts", "src/main.ts", "src/x.json"}, names); diff != "" {
		t.Errorf("sources: %s", diff)
	}
}

func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	encrypted := header("a.ts", 0o644)
	encrypted.Flags |= 1
	bzip := header("a.ts", 0o644)
	bzip.Method = 12
	liar := header("main.ts", 0o644)
	liar.CompressedSize64, liar.UncompressedSize64 = 5, 1
	broken := header("main.ts", 0o644)
	broken.CRC32++
	bomb := header("main.ts", 0o644)
	bomb.UncompressedSize64 = 1 << 40
	many := make([]string, 0, 42)
	for i := range 21 {
		many = append(many, fmt.Sprint("f", i), "")
	}
	rows := map[string]struct {
		data []byte
		want string
	}{
		"no archive":          {[]byte("hello"), "no zip archive that can be read"},
		"empty":               {[]byte{}, "no zip archive that can be read"},
		"cut off":             {packed(t, "main.ts", "1")[:60], "no zip archive that can be read"},
		"no entry":            {packed(t, "other.ts", "1"), `the entry "main.ts" is not among the files`},
		"a way out":           {packed(t, "main.ts", "1", "../x.ts", "1"), "leads out of the project"},
		"a way out later":     {packed(t, "a/../../x.ts", "1"), "leads out of the project"},
		"absolute":            {packed(t, "/etc/passwd", "1"), "must be relative"},
		"a drive":             {packed(t, "C:/x.ts", "1"), "must be relative"},
		"backslashes":         {packed(t, `a\b.ts`, "1"), "not a backslash"},
		"NUL":                 {packed(t, "a\x00.ts", "1"), "control characters"},
		"no UTF-8":            {packed(t, "a\xff.ts", "1"), "not UTF-8"},
		"no name":             {packed(t, "", "1"), "it is empty"},
		"a folder out":        {packed(t, "../", ""), "leads out of the project"},
		"twice":               {packed(t, "a.ts", "1", "./a.ts", "2"), `"a.ts" is there twice`},
		"a symbolic link":     {raw(t, header("a.ts", fs.ModeSymlink|0o777), "x"), `"a.ts" is a symbolic link`},
		"a device":            {raw(t, header("a.ts", fs.ModeDevice|0o644), "x"), "neither a file nor a folder"},
		"encrypted":           {raw(t, encrypted, "x"), `"a.ts" is encrypted`},
		"another method":      {raw(t, bzip, "x"), "compressed by method 12"},
		"too many":            {packed(t, many...), "at most 20 are allowed"},
		"a large file":        {packed(t, "a.ts", strings.Repeat("x", 1001)), "a file may have 1000"},
		"much together":       {packed(t, "a", strings.Repeat("x", 999), "b", strings.Repeat("x", 999), "c", strings.Repeat("x", 999), "d", strings.Repeat("x", 999)), "more than 3000 bytes together"},
		"says it is enormous": {raw(t, bomb, "x"), "a file may have 1000"},
		"larger than it says": {raw(t, liar, "hello"), `"main.ts" in the archive`},
		"a wrong checksum":    {raw(t, broken, "x"), `"main.ts" in the archive cannot be read`},
		"binary code":         {packed(t, "main.ts", "\xff\xfe"), `"main.ts" is not UTF-8 text`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newChild(t, Limits{Archive: archiveLimits}).Build(t.Context(), Input{Entry: "main.ts", Archive: row.data})
			if f := fault.From(err); err == nil || f.Code != fault.BuildFailed || !strings.Contains(f.Message, row.want) {
				t.Errorf("got %v, want build_failed with %q", err, row.want)
			}
		})
	}
}

func TestSourcesAreKeptWithinLimits(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("// x\n", 199)
	rows := map[string]struct {
		pairs []string
		want  int
		note  string
	}{
		"all":      {[]string{"main.ts", "1", "a.ts", ""}, 2, ""},
		"too many": {[]string{"main.ts", "1", "a", "", "b", "", "c", "", "d", "", "e", ""}, 0, "there are more than 5"},
		"too much": {[]string{"main.ts", "1", "a", large, "b", large, "c", "x" + large[:500]}, 0, "more than 2000 bytes"},
	}
	for name, row := range rows {
		out, failure := build(Input{Entry: "main.ts", Archive: packed(t, row.pairs...), Limits: &archiveLimits})
		if failure != "" {
			t.Errorf("%s: %s", name, failure)
		}
		if len(out.Sources) != row.want || (len(out.Warnings) > 0) != (row.note != "") || len(out.Warnings) > 0 && !strings.Contains(out.Warnings[0], row.note) {
			t.Errorf("%s: %d sources, warnings %q", name, len(out.Sources), out.Warnings)
		}
	}
}

// FuzzArchive: whatever the bytes are, the files that come out of them have
// clean paths and are within the limits, and so is what is read of them.
func FuzzArchive(f *testing.F) {
	f.Add(packed(f, "main.ts", "1", "a/b.ts", "2"))
	f.Add(packed(f, "../x", "1"))
	f.Add(raw(f, header("a.ts", fs.ModeSymlink|0o777), "x"))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := openArchive(data, archiveLimits)
		if err != nil {
			return
		}
		if len(files) > archiveLimits.Files {
			t.Fatalf("%d files", len(files))
		}
		total := 0
		for p, s := range files {
			if clean, err := deploy.CleanPath(p); err != nil || clean != p {
				t.Fatalf("path %q: %q, %v", p, clean, err)
			}
			text, err := s.read()
			if err != nil {
				continue
			}
			if len(text) > int(archiveLimits.FileBytes) {
				t.Fatalf("%q has %d bytes", p, len(text))
			}
			total += len(text)
		}
		if total > int(archiveLimits.Bytes) {
			t.Fatalf("%d bytes", total)
		}
		sources, _ := files.own(archiveLimits.Kept)
		if len(sources) > archiveLimits.Kept.Files || slices.ContainsFunc(sources, func(f deploy.File) bool { return strings.Contains(f.Path, "node_modules/") }) {
			t.Fatalf("sources %v", sources)
		}
	})
}

// FuzzManifest: no package.json makes a lookup panic, run on or lead out.
func FuzzManifest(f *testing.F) {
	f.Add(`{"exports": {".": {"import": "./i.js"}, "./*": "./x/*.js"}, "browser": {"./i.js": "./b.js"}}`, "a/sub")
	f.Add(`{"imports": {"#a": "#a"}, "main": "../../x", "sideEffects": ["*.css", "**/**"]}`, "#a")
	f.Fuzz(func(t *testing.T, doc, name string) {
		files := tree{"node_modules/a/package.json": text(doc), "node_modules/a/i.js": text(""), "node_modules/a/x/sub.js": text(""), "main.ts": text(""), "package.json": text(doc)}
		r := newResolver(files)
		for _, importer := range []string{"main.ts", "node_modules/a/i.js"} {
			for _, require := range []bool{true, false} {
				m, err := r.resolve(importer, name, require)
				if err == nil && !m.nothing && files[m.path] == nil {
					t.Fatalf("%q from %s is %q, which is not there", name, importer, m.path)
				}
			}
		}
	})
}

// FuzzPlainJSON: what is JSON already stays as it is, and nothing panics.
func FuzzPlainJSON(f *testing.F) {
	f.Add(`{"a": [1, 2,], // x` + "\n" + `"b": "// no, \\" /* no */", /* c */ }`)
	f.Add(`{"a":"\\`)
	f.Fuzz(func(t *testing.T, doc string) {
		got := plainJSON(doc)
		if json.Valid([]byte(doc)) && got != doc {
			t.Fatalf("%q became %q", doc, got)
		}
		_ = readTsconfig(tree{"tsconfig.json": text(doc)}).alias("a/b")
	})
}
