package bundle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// where gives the line and column, from 1, of the first occurrence.
func where(t *testing.T, text, part string) (line, column int) {
	t.Helper()
	i := strings.Index(text, part)
	if i < 0 {
		t.Fatalf("%q is not in\n%s", part, text)
	}
	return strings.Count(text[:i], "\n") + 1, i - strings.LastIndex(text[:i], "\n")
}

func stackAt(line, column int) string {
	return fmt.Sprintf("Error: x\n    at f (file:///guild/100000000000000001/bundle.js:%d:%d)", line, column)
}

func TestMapStack(t *testing.T) {
	t.Parallel()
	// Line 1: column 0 -> a.ts 1:1, column 10 -> nothing. Line 3: column 4 ->
	// a.ts 2:3, column 8 -> b.ts 6:1.
	doc := func(sources string) string {
		return `{"version":3,"sources":` + sources + `,"names":["n"],"mappings":"AAAA,U;;IACEA,ICIF"}`
	}
	const at = "file:///guild/42/bundle.js"
	ab := `["src/a.ts","../lib/b.ts"]`
	rows := map[string]struct{ text, sourceMap, want string }{
		"exact":                   {"at " + at + ":1:1", doc(ab), "at src/a.ts:1:1"},
		"between":                 {at + ":1:6", doc(ab), "src/a.ts:1:1"},
		"past an end of mapping":  {at + ":1:11", doc(ab), at + ":1:11"},
		"a line without mappings": {at + ":2:1", doc(ab), at + ":2:1"},
		"before the first":        {at + ":3:2", doc(ab), at + ":3:2"},
		"third line":              {at + ":3:5", doc(ab), "src/a.ts:2:3"},
		"a second source":         {at + ":3:900", doc(ab), "lib/b.ts:6:1"},
		"beyond the end":          {at + ":900:1", doc(ab), at + ":900:1"},
		"position 0":              {at + ":0:0", doc(ab), at + ":0:0"},
		"several in one text": {
			"TypeError: x\n    at f (" + at + ":1:1)\n    at " + at + ":3:5\nfile:///guild/x/bundle.js:1:1 bundle.js:1:1", doc(ab),
			"TypeError: x\n    at f (src/a.ts:1:1)\n    at src/a.ts:2:3\nfile:///guild/x/bundle.js:1:1 bundle.js:1:1",
		},
		"a source that is null":         {at + ":1:1", doc(`[null,"b"]`), at + ":1:1"},
		"a source that is missing":      {at + ":3:9", doc(`["a.ts"]`), at + ":3:9"},
		"a source with a line break":    {at + ":1:1", doc(`["a\nfake log line","b"]`), at + ":1:1"},
		"a source that is very long":    {at + ":1:1", doc(`["` + strings.Repeat("x", 600) + `"]`), at + ":1:1"},
		"a source with a scheme":        {at + ":1:1", doc(`["webpack://x/a.ts"]`), "webpack://x/a.ts:1:1"},
		"a source that escapes":         {at + ":1:1", doc(`["../../../etc/passwd"]`), "etc/passwd:1:1"},
		"a text without position":       {"nothing here", "not even a map", "nothing here"},
		"a hostile number":              {at + ":99999999999999999999:1", doc(ab), at + ":99999999999999999999:1"},
		"a map with a source root":      {at + ":1:1", `{"version":3,"sourceRoot":"app","sources":["a.ts"],"mappings":"AAAA"}`, "app/a.ts:1:1"},
		"columns that run backwards":    {at + ":1:8", `{"version":3,"sources":["a.ts"],"mappings":"IAAA,IACA,JADA"}`, "a.ts:1:1"},
		"an empty map":                  {at + ":1:1", `{"version":3,"sources":[],"mappings":""}`, at + ":1:1"},
		"an object as JSON escape text": {at + ":1:1", `{"version":3,"sources":["\u0061.ts"],"mappings":"AAAA"}`, "a.ts:1:1"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := MapStack(row.text, row.sourceMap)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMapStackRefuses(t *testing.T) {
	t.Parallel()
	with := func(mappings string) string {
		return `{"version":3,"sources":["a.ts"],"mappings":"` + mappings + `"}`
	}
	rows := map[string]struct{ sourceMap, want string }{
		"no JSON":                {"{", "it is not a JSON object"},
		"deep JSON":              {`{"x":` + strings.Repeat("[", 1<<20), "it is not a JSON object"},
		"mappings of wrong type": {`{"version":3,"mappings":1}`, "it is not a JSON object"},
		"another version":        {`{"version":2}`, "its version is 2"},
		"a bad digit":            {with("A!AA"), recipe.ErrMappings.Error()},
		"two fields":             {with("AA"), recipe.ErrMappings.Error()},
		"six fields":             {with("AAAAAA"), recipe.ErrMappings.Error()},
		"an unfinished number":   {with("g"), recipe.ErrMappings.Error()},
		"an endless number":      {with(strings.Repeat("g", 100)), recipe.ErrMappings.Error()},
		"a negative column":      {with("D"), recipe.ErrMappings.Error()},
		"an overflow":            {with(strings.Repeat("+/////B,", 4)), recipe.ErrMappings.Error()},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := MapStack(stackAt(1, 1), row.sourceMap)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q, %v, want an error with %q", got, err, row.want)
			}
		})
	}
}

// FuzzMapStacks looks for maps that panic, make the text grow without bound or
// bring control characters into a log.
func FuzzMapStacks(f *testing.F) {
	f.Add("at file:///guild/1/bundle.js:1:1", `{"version":3,"sources":["a.ts"],"mappings":"AAAA,U;;IACEA"}`)
	f.Add("file:///guild/1/bundle.js:3:9)", `{"version":3,"sourceRoot":"/","sources":[null],"mappings":";;+/////B"}`)
	f.Add("E\n    at file:///guild/1/bundle.js:1:9", `{"version":3,"sources":["a"],"sourcesContent":["\u0007\u202ea\tb\ud800\r\n"],"mappings":"AAAI"}`)
	f.Add("E\n    at file:///guild/1/bundle.js:1:9", `{"version":3,"sources":["a","b"],"sourcesContent":[null],"mappings":"ACAA"}`)
	f.Fuzz(func(t *testing.T, text, sourceMap string) {
		got, err := mapStacks([]Stack{{Text: text}, {Text: text, Frame: true}}, sourceMap)
		if err != nil {
			return
		}
		limit := len(text) + maxPositions*(maxSourceName+24)
		if len(got[0]) > limit {
			t.Errorf("%d bytes became %d", len(text), len(got[0]))
		}
		if strings.Count(got[0], "\n") != strings.Count(text, "\n") {
			t.Errorf("%q became %q", text, got[0])
		}
		const most = 5 // Lines of a frame.
		if len(got[1]) > limit+most*500 || strings.Count(got[1], "\n") > strings.Count(text, "\n")+most {
			t.Errorf("%q became %q", text, got[1])
		}
		// What a frame adds is text to read.
		if added := strings.TrimPrefix(got[1], text); strings.Count(got[1], "\a") > strings.Count(got[0], "\a") {
			t.Errorf("a control character in %q", added)
		}
	})
}

// TestFramesStandBeforeTheStack: the frame is of the author's first own file,
// and only where it is asked for.
func TestFramesStandBeforeTheStack(t *testing.T) {
	t.Parallel()
	const doc = `{"version":3,"sources":["node_modules/p/i.js","src/a.ts"],"sourcesContent":[null,"first\nsecond"],"mappings":"AAAA;ACCE"}`
	const at = "\n    at f (file:///guild/42/bundle.js:"
	stacks := []Stack{
		{Text: "Error: m\nof two lines" + at + "1:1)" + at + "2:1)\nCaused by: x", Frame: true},
		{Text: "Error: m" + at + "2:1)"},
		{Text: "Error: only a package" + at + "1:1)", Frame: true},
		{Text: "no stack file:///guild/42/bundle.js:2:1", Frame: true},
		{Text: "nothing", Frame: true},
	}
	got, err := mapStacks(stacks, doc)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Error: m\nof two lines\n    1 | first\n  > 2 | second\n      |   ^\n    at f (node_modules/p/i.js:1:1)\n    at f (src/a.ts:2:3)\nCaused by: x",
		"Error: m\n    at f (src/a.ts:2:3)",
		"Error: only a package\n    at f (node_modules/p/i.js:1:1)",
		"no stack src/a.ts:2:3",
		"nothing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
