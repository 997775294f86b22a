package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// TestFewMembers: a body of a few megabytes must not become hundreds.
func TestFewMembers(t *testing.T) {
	t.Parallel()
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return `{` + strings.TrimSuffix(b.String(), ",") + `}`
	}
	for name, row := range map[string]struct {
		body string
		good bool
	}{
		"an object":          {members(10_000), true},
		"a large object":     {members(10_001), false},
		"an array":           {`{"a":[` + strings.Repeat("{},", 9_999) + `{}]}`, true},
		"a large array":      {`{"a":[` + strings.Repeat("{},", 10_000) + `{}]}`, false},
		"a large one inside": {`{"a":{"b":[1,[` + strings.Repeat("0,", 10_000) + `0]]}}`, false},
		"many small ones":    {`{"a":[` + strings.Repeat("[1,2,3],", 9_999) + `0]}`, true},
	} {
		if _, err := api.Parse([]byte(row.body)); (err == nil) != row.good || !row.good && !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzBody: what is taken is JSON that every reader understands alike, and
// nothing else than a fault comes of the rest.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{}`, ` {"a":[1,{"b":null}],"c":"\ud83d\ude00"} `, `{"a":1,"\u0061":2}`, `{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`, `{"a":"\\ud800"}`,
		`[`, `{"a"`, `{"a":{"a":{"a":1}}}`, `{"":"","x":{"":1}}`, "{\"\xff\":1}", `{"a":1}{}`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		members, err := api.Parse(raw)
		if _, is := errors.AsType[*fault.Fault](err); err != nil && !is {
			t.Fatalf("%q: %v is no fault", raw, err)
		}
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("%q was taken: %v", raw, err)
		}
		if diff := cmp.Diff(want, members); diff != "" {
			t.Error(diff)
		}
		var deep any
		if err := json.Unmarshal(raw, &deep); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(deep)
		if err != nil {
			t.Fatal(err)
		}
		// A member that was dropped or a character that was replaced would differ.
		if _, err := api.Parse(again); err != nil {
			t.Errorf("%q became %q: %v", raw, again, err)
		}
	})
}
