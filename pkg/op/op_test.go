package op_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

type args struct {
	Channel snowflake.ChannelID            `json:"channelId"`
	Reply   *snowflake.MessageID           `json:"replyTo,omitempty"`
	IDs     []snowflake.MessageID          `json:"messageIds,omitempty"`
	Limit   *int                           `json:"limit,omitempty"`
	Small   uint32                         `json:"flags,omitempty"`
	Wait    bool                           `json:"wait,omitempty"`
	Key     op.Text                        `json:"key,omitempty"`
	Payload map[string]any                 `json:"payload,omitempty"`
	Nested  struct{ Deep struct{ N int } } `json:"nested,omitempty"`
	Body    op.Rest
}

func TestDecode(t *testing.T) {
	t.Parallel()
	ptr := func(n int) *int { return &n }
	reply := snowflake.MessageID(7)
	tests := []struct {
		name, in string
		want     args
	}{
		{"only what is required", `{"channelId":"5"}`, args{Channel: 5, Body: op.Rest{}}},
		{"everything", `{"channelId":"5","replyTo":"7","messageIds":["1","2"],"limit":3,"flags":4,"wait":true,"key":"é","payload":{"a":1}}`,
			args{Channel: 5, Reply: &reply, IDs: []snowflake.MessageID{1, 2}, Limit: ptr(3), Small: 4, Wait: true, Key: "é", Payload: map[string]any{"a": 1.0}, Body: op.Rest{}}},
		{"null is absent", `{"channelId":"5","replyTo":null,"limit":null,"key":null}`, args{Channel: 5, Body: op.Rest{}}},
		{"the rest keeps its form", `{"channelId":"5","n":1.50,"o":{"b":1,"a":2},"z":null}`,
			args{Channel: 5, Body: op.Rest{"n": json.RawMessage("1.50"), "o": json.RawMessage(`{"b":1,"a":2}`), "z": json.RawMessage("null")}}},
		{"names are exact", `{"channelId":"5","CHANNELID":"6","Limit":4}`,
			args{Channel: 5, Body: op.Rest{"CHANNELID": json.RawMessage(`"6"`), "Limit": json.RawMessage("4")}}},
		{"the last of two counts", `{"channelId":"5","channelId":"6","x":1,"x":2}`, args{Channel: 6, Body: op.Rest{"x": json.RawMessage("2")}}},
		{"escaped names", `{"channel\u0049d":"5"}`, args{Channel: 5, Body: op.Rest{}}},
		{"__proto__ is a name", `{"channelId":"5","__proto__":{"x":1}}`, args{Channel: 5, Body: op.Rest{"__proto__": json.RawMessage(`{"x":1}`)}}},
		{"surrogate pairs", `{"channelId":"5","key":"\ud83d\ude00\\ud800"}`, args{Channel: 5, Key: "😀\\ud800", Body: op.Rest{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got args
			if err := op.Decode(json.RawMessage(tt.in), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	with := func(member string) string { return `{"channelId":"5",` + member + `}` }
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "Invalid input for channelId: it is missing"},
		{"null for a required member", `{"channelId":null}`, "Invalid input for channelId: it is missing"},
		{"no object", `[1]`, "Invalid input for arguments: expected an object, got array"},
		{"text", `"x"`, "Invalid input for arguments: expected an object, got string"},
		{"no JSON", `{"channelId":`, "Invalid input for arguments: they are not JSON in UTF-8"},
		{"two values", `{"channelId":"5"}{}`, "Invalid input for arguments: they are not JSON in UTF-8"},
		{"no UTF-8", "{\"channelId\":\"5\",\"x\":\"\xff\"}", "Invalid input for arguments: they are not JSON in UTF-8"},
		{"too deep", with(`"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64)), "Invalid input for arguments: they are nested more than 64 levels deep"},
		{"far too deep", strings.Repeat("[", 1_000_000), "Invalid input for arguments: they are nested more than 64 levels deep"},
		{"too long", with(`"x":"` + strings.Repeat("a", op.MaxArgs) + `"`), "Arguments are 12582936 bytes long; the limit is 12582912"},
		{"an id as a number", `{"channelId":5}`, "Invalid input for channelId: expected a Discord id as a string, got number"},
		{"an id as an object", `{"channelId":{}}`, "Invalid input for channelId: expected a Discord id as a string, got object"},
		{"an id that is 0", `{"channelId":"0"}`, `Invalid input for channelId: "0": not a Discord id (a decimal number from 1 to 9223372036854775807)`},
		{"an id in a list", with(`"messageIds":["1",2]`), "Invalid input for messageIds: expected a Discord id as a string, got number"},
		{"a list that is none", with(`"messageIds":"1"`), "Invalid input for messageIds: expected an array, got string"},
		{"half a number", with(`"limit":1.5`), "Invalid input for limit: expected an integer, got number 1.5"},
		{"a huge number", with(`"limit":1e400`), "Invalid input for limit: expected an integer, got number 1e400"},
		{"a negative number", with(`"flags":-1`), "Invalid input for flags: expected an integer that is not negative, got number -1"},
		{"a number too large", with(`"flags":4294967296`), "Invalid input for flags: expected an integer that is not negative, got number 4294967296"},
		{"text for a boolean", with(`"wait":"true"`), "Invalid input for wait: expected a boolean, got string"},
		{"an array for an object", with(`"payload":[]`), "Invalid input for payload: expected an object, got array"},
		{"an inner member", with(`"nested":{"Deep":{"N":"x"}}`), "Invalid input for nested.Deep.N: expected an integer, got string"},
		{"a lone high surrogate", with(`"key":"a\ud800"`), "Invalid input for key: it has a lone surrogate, which cannot be written as UTF-8"},
		{"a lone low surrogate", with(`"key":"\udc00a"`), "Invalid input for key: it has a lone surrogate, which cannot be written as UTF-8"},
		{"two high surrogates", with(`"key":"\ud800\ud800\udc00"`), "Invalid input for key: it has a lone surrogate, which cannot be written as UTF-8"},
		{"a number for text", with(`"key":1`), "Invalid input for key: expected a string, got number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got args
			err := op.Decode(json.RawMessage(tt.in), &got)
			if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Message != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestDecodeMemberNamesThePath(t *testing.T) {
	t.Parallel()
	var got args
	for in, want := range map[string]string{
		`[]`:                "Invalid input for reference: expected an object, got array",
		`{}`:                "Invalid input for reference.channelId: it is missing",
		`{"channelId":"x"}`: `Invalid input for reference.channelId: "x": not a Discord id (a decimal number from 1 to 9223372036854775807)`,
	} {
		if err := op.DecodeMember("reference", json.RawMessage(in), &got); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

type checked struct {
	N int `json:"n"`
}

func (c *checked) Validate() error {
	if c.N > 9 {
		return op.Invalid("n", "it is too large")
	}
	return nil
}

func TestDefine(t *testing.T) {
	t.Parallel()
	o := op.Define("op_x", op.Self, func(_ context.Context, g snowflake.GuildID, a checked) (any, error) {
		return []any{g.String(), a.N}, nil
	})
	got, err := o.Handler(context.Background(), op.Call{Guild: 3, Args: json.RawMessage(`{"n":4,"guildId":"9"}`)})
	if diff := cmp.Diff([]any{"3", 4}, got); err != nil || diff != "" {
		t.Errorf("err %v, %s", err, diff)
	}
	for in, want := range map[string]string{
		`{"n":10}`: "Invalid input for n: it is too large",
		`{"n":""}`: "Invalid input for n: expected an integer, got string",
	} {
		if _, err := o.Handler(context.Background(), op.Call{Args: json.RawMessage(in)}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	define := func(name string) op.Op {
		return op.Define(name, op.Self, func(context.Context, snowflake.GuildID, struct{}) (any, error) { return name, nil })
	}
	table, err := op.NewTable([]op.Op{define("op_a"), define("op_b")}, []op.Op{define("op_c")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"op_a", "op_b", "op_c"}, table.Names()); diff != "" {
		t.Error(diff)
	}
	if o, ok := table.At(2); !ok || o.Name != "op_c" {
		t.Errorf("At(2) = %q, %t", o.Name, ok)
	}
	for _, i := range []int{-1, 3} {
		if _, ok := table.At(i); ok {
			t.Errorf("At(%d) exists", i)
		}
	}
	if _, ok := table.Lookup("op_b"); !ok {
		t.Error("op_b is not found")
	}
	if _, ok := table.Lookup("op_z"); ok {
		t.Error("op_z is found")
	}
	for name, group := range map[string][]op.Op{"twice": {define("op_a"), define("op_a")}, "unnamed": {define("")}, "no handler": {{Name: "op_a"}}} {
		if _, err := op.NewTable(group); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"channelId":"5"}`, `{"channelId":"5","key":"\ud83d\ude00","x":[{}]}`, `{"channelId":"\u0035","limit":1e2}`, "[[[[", `{"a":"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a args
		err := op.Decode(raw, &a)
		if err == nil && (a.Channel.IsZero() || !json.Valid(raw)) {
			t.Errorf("%q was taken", raw)
		}
		if _, ok := errors.AsType[*fault.Fault](err); err != nil && !ok {
			t.Errorf("%q: %v is no fault", raw, err)
		}
	})
}
