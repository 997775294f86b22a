package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

var texts = []string{
	`{}`, `[]`, `""`, `0`, `-0.5e+10`, `true`, `false`, `null`, ` [ 1 , {"a" : [ ] } ] `,
	`{"a":"b\"c\\","d":[1,2,{"e":null}]}`, `"\u00e9 \ud83d\ude00 plain text that is longer than eight bytes"`,
	`{"é":"ö","aaaaaaaaaaaaaaaaaaaa":"bbbbbbbbbbbbbbbbbbbbbbbb"}`,
	``, ` `, `{`, `}`, `[`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`,
	`"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"a\nb\"", "\"aaaaaaaaaaaaaaaaaaa\x01\"", `01`, `1.`, `.5`, `-`, `1e`, `+1`, `nul`, `tru`, `nulll`,
	`{"a":1}}`, `"a" "b"`, "\"\x7f\x80\xff\"", "\"\x20!#[]\"",
}

func TestSkipAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		if got, want := jsonscan.Valid([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	t.Parallel()
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if !jsonscan.Valid(nest(jsonscan.MaxDepth)) {
		t.Errorf("depth %d is refused", jsonscan.MaxDepth)
	}
	for _, n := range []int{jsonscan.MaxDepth + 1, 1_000_000} {
		if jsonscan.Valid(nest(n)) {
			t.Errorf("depth %d is accepted", n)
		}
	}
	if jsonscan.Valid([]byte(strings.Repeat(`{"a":`, 100_000))) {
		t.Error("an open object is accepted")
	}
}

func TestMembersAndElements(t *testing.T) {
	t.Parallel()
	var got []string
	ok := jsonscan.Members([]byte(` { "a" : 1 , "b\"c":[2, 3] ,"d":{"e":"f"}}`), func(k, v []byte) bool {
		got = append(got, string(k)+"="+string(v))
		return true
	})
	if want := []string{`a=1`, `b\"c=[2, 3]`, `d={"e":"f"}`}; !ok || cmp.Diff(want, got) != "" {
		t.Errorf("members: ok %v, %s", ok, cmp.Diff(want, got))
	}
	got = nil
	ok = jsonscan.Elements([]byte(`[1, "a,b" ,[],{}]`), func(v []byte) bool {
		got = append(got, string(v))
		return true
	})
	if want := []string{`1`, `"a,b"`, `[]`, `{}`}; !ok || cmp.Diff(want, got) != "" {
		t.Errorf("elements: ok %v, %s", ok, cmp.Diff(want, got))
	}
	for _, bad := range []string{``, `[`, `[1`, `[1,`, `{`, `{"a":1`, `{"a"`, `{"a":1,`, `5`, `{"a":1 x`, `[1 x`} {
		if jsonscan.Members([]byte(bad), func(_, _ []byte) bool { return true }) ||
			jsonscan.Elements([]byte(bad), func(_ []byte) bool { return true }) {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"id":"123","big":"9223372036854775808","neg":"-1","n":42,"f":1.5,"s":"a\u00e9","u":"é","t":true}`)
	if got := jsonscan.ID(jsonscan.Get(doc, "id")); got != 123 {
		t.Errorf("id: %d", got)
	}
	for _, key := range []string{"big", "neg", "n", "s", "none"} {
		if got := jsonscan.ID(jsonscan.Get(doc, key)); got != 0 {
			t.Errorf("%s is no id, got %d", key, got)
		}
	}
	if got := jsonscan.Int(jsonscan.Get(doc, "n")); got != 42 {
		t.Errorf("n: %d", got)
	}
	if got := jsonscan.Int(jsonscan.Get(doc, "f")); got != 0 {
		t.Errorf("f: %d", got)
	}
	if got := jsonscan.Text(jsonscan.Get(doc, "s")) + jsonscan.Text(jsonscan.Get(doc, "u")); got != "aéé" {
		t.Errorf("text: %q", got)
	}
	if !jsonscan.True(jsonscan.Get(doc, "t")) || jsonscan.True(jsonscan.Get(doc, "n")) {
		t.Error("true is not told from other values")
	}
}

func FuzzSkip(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, want := jsonscan.Valid(b), json.Valid(b)
		if got && !want {
			t.Fatalf("accepts %q", b)
		}
		if want && !got && strings.Count(string(b), "[")+strings.Count(string(b), "{") <= jsonscan.MaxDepth {
			t.Fatalf("refuses %q", b)
		}
	})
}
