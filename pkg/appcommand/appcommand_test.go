package appcommand_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/appcommand"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestDiscordsSpelling(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"what is not known stays", `{"name":"a","description":"d","future_field":{"camelCase":1},"options":[{"name":"o","description":"d","type":3,"maxLength":5,"other":[1]}]}`,
			`{"name":"a","description":"d","future_field":{"camelCase":1},"options":[{"name":"o","description":"d","type":3,"max_length":5,"other":[1]}]}`},
		{"types by name", `{"name":"a","type":"slash","description":"d","options":[{"name":"o","description":"d","type":"sub_command","options":[{"name":"p","description":"d","type":"boolean"}]}]}`,
			`{"name":"a","type":1,"description":"d","options":[{"name":"o","description":"d","type":1,"options":[{"name":"p","description":"d","type":5}]}]}`},
		{"kind is the type", `{"name":"Look","kind":"user"}`, `{"name":"Look","type":2}`},
		{"an option is a string", `{"name":"a","description":"d","options":[{"name":"o","description":"d"}]}`,
			`{"name":"a","description":"d","options":[{"name":"o","description":"d","type":3}]}`},
		{"choices", `{"name":"a","description":"d","options":[{"name":"o","description":"d","choices":[{"name":"x","value":12345678901234567890,"nameLocalizations":{"de":"y"}}]}]}`,
			`{"name":"a","description":"d","options":[{"name":"o","description":"d","type":3,"choices":[{"name":"x","value":12345678901234567890,"name_localizations":{"de":"y"}}]}]}`},
		{"Discord's name wins", `{"name":"a","description":"d","nameLocalizations":1,"name_localizations":2}`, `{"name":"a","description":"d","name_localizations":2}`},
	} {
		got, err := appcommand.List([]json.RawMessage{json.RawMessage(row.in)})
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff(plain(t, []any{json.RawMessage(row.want)}), plain(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// plain is v as JSON reads it, numbers to the digit.
func plain(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPartNeedsNoName(t *testing.T) {
	t.Parallel()
	got, err := appcommand.Part(json.RawMessage(`{"defaultMemberPermissions":"8"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"default_member_permissions": "8"}, got); diff != "" {
		t.Errorf("part (-want +got):\n%s", diff)
	}
	if _, err := appcommand.One(json.RawMessage(`{"defaultMemberPermissions":"8"}`)); !fault.Is(err, fault.InvalidInput) || !strings.Contains(err.Error(), "command.name") {
		t.Errorf("a whole command without a name: %v", err)
	}
}
