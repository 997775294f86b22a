package body

import (
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/op"
)

var choice = &shape{rename: map[string]string{"nameLocalizations": "name_localizations"}}

// Choices are what an option may be: {name, value} each.
func Choices(at string, in []json.RawMessage) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, 0, len(in))
	for i, raw := range in {
		v := gjson.ParseBytes(raw)
		if !v.IsObject() {
			return nil, op.Invalid(fmt.Sprintf("%s[%d]", at, i), "expected an object with name and value")
		}
		if name := v.Get("name"); name.Type != gjson.String || name.Str == "" {
			return nil, op.Invalid(fmt.Sprintf("%s[%d].name", at, i), "expected a string that is not empty")
		}
		if kind := v.Get("value").Type; kind != gjson.String && kind != gjson.Number {
			return nil, op.Invalid(fmt.Sprintf("%s[%d].value", at, i), "expected a string or a number")
		}
		out = append(out, choice.apply(raw))
	}
	return out, nil
}
