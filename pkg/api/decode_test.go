package api_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

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
