package kv_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	kvops "github.com/flora-runtime/flora-runtime/v8ops/kv"
)

const guildA, guildB snowflake.GuildID = 100000000000000001, 100000000000000002

var start = time.Unix(1_800_000_000, 0)

// rig is the ops on a real store.
type rig struct {
	t     *testing.T
	table *op.Table
	clock *clock.Fake
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewFake(start)}
	db, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), CacheBytes: 1 << 20, Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if r.table, err = op.NewTable(kvops.Ops(db)); err != nil {
		t.Fatal(err)
	}
	return r
}

// call gives the op's result as the script's JSON, "" for nothing.
func (r *rig) call(guild snowflake.GuildID, name, args string) (string, error) {
	r.t.Helper()
	o, ok := r.table.Lookup(name)
	if !ok {
		r.t.Fatalf("there is no op %s", name)
	}
	v, err := o.Handler(r.t.Context(), op.Call{Guild: guild, Args: json.RawMessage(args)})
	if err != nil || v == nil {
		return "", err
	}
	b, err := json.Marshal(v)
	return string(b), err
}

func (r *rig) must(guild snowflake.GuildID, name, args, want string) {
	r.t.Helper()
	got, err := r.call(guild, name, args)
	if err != nil {
		r.t.Fatalf("%s %s: %v", name, args, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s %s: %s", name, args, diff)
	}
}

func (r *rig) set(guild snowflake.GuildID, args string) {
	r.t.Helper()
	got, err := r.call(guild, "op_kv_set", args)
	if err != nil || !strings.HasPrefix(got, `{"version":`) {
		r.t.Fatalf("op_kv_set %s: got %s, %v", args, got, err)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"k"}`, `null`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"k"}`, `{"value":null,"metadata":null,"expiration":null,"version":null}`)
	r.set(guildA, `{"store":"s","key":"k","value":"ä😀\u0000"}`)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"k"}`, `"ä😀\u0000"`)
	r.set(guildA, `{"store":"s","key":"k","value":"v","expiration":1800000060,"metadata":{"n":[1.50,null],"__proto__":1}}`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"k"}`, `{"value":"v","metadata":{"n":[1.50,null],"__proto__":1},"expiration":1800000060,"version":2}`)
	r.must(guildA, "op_kv_update_metadata", `{"store":"s","key":"k","metadata":"m"}`, ``)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"k"}`, `{"value":"v","metadata":"m","expiration":1800000060,"version":3}`)
	r.must(guildA, "op_kv_update_metadata", `{"store":"s","key":"k"}`, ``)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"k"}`, `{"value":"v","metadata":null,"expiration":1800000060,"version":4}`)
	r.set(guildA, `{"store":"s","key":"k","value":""}`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"k"}`, `{"value":"","metadata":null,"expiration":null,"version":5}`)
	r.must(guildA, "op_kv_delete", `{"store":"s","key":"k"}`, ``)
	r.must(guildA, "op_kv_delete", `{"store":"s","key":"k"}`, ``)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"k"}`, `null`)
}

func TestExpiration(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.set(guildA, `{"store":"s","key":"soon","value":"v","expiration":1800000060}`)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"soon"}`, `"v"`)
	r.clock.Advance(time.Minute)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"soon"}`, `null`)
	for _, past := range []string{"0", "-5", "1799999999", "1.8e9"} {
		r.set(guildA, `{"store":"s","key":"past","value":"v","expiration":`+past+`}`)
		r.must(guildA, "op_kv_get", `{"store":"s","key":"past"}`, `null`)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "op_kv_list_keys", `{"store":"s"}`, `{"keys":[],"listComplete":true}`)
	for i := range 5 {
		r.set(guildA, fmt.Sprintf(`{"store":"s","key":"a/%d","value":"v"}`, i))
	}
	r.set(guildA, `{"store":"s","key":"b","value":"v","expiration":1800000060,"metadata":{"x":1}}`)
	r.must(guildA, "op_kv_list_keys", `{"store":"s","prefix":"b","cursor":null,"limit":null}`, `{"keys":[{"name":"b","expiration":1800000060,"metadata":{"x":1}}],"listComplete":true}`)
	r.must(guildA, "op_kv_list_keys", `{"store":"s","limit":1000000}`, `{"keys":[{"name":"a/0"},{"name":"a/1"},{"name":"a/2"},{"name":"a/3"},{"name":"a/4"},{"name":"b","expiration":1800000060,"metadata":{"x":1}}],"listComplete":true}`)
	var names []string
	cursor := ""
	for page := 0; ; page++ {
		got, err := r.call(guildA, "op_kv_list_keys", fmt.Sprintf(`{"store":"s","prefix":"a/","limit":2,"cursor":%q}`, cursor))
		if err != nil || page > 5 {
			t.Fatalf("page %d: %v", page, err)
		}
		var p struct {
			Keys         []struct{ Name string }
			ListComplete bool
			Cursor       string
		}
		if err := json.Unmarshal([]byte(got), &p); err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Keys {
			names = append(names, k.Name)
		}
		if p.ListComplete {
			if p.Cursor != "" {
				t.Errorf("the last page has the cursor %q", p.Cursor)
			}
			break
		}
		cursor = p.Cursor
	}
	if diff := cmp.Diff([]string{"a/0", "a/1", "a/2", "a/3", "a/4"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestGuildsAreApart: no argument reaches another guild's stores.
func TestGuildsAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.set(guildB, `{"store":"s","key":"k","value":"secret"}`)
	for _, store := range []string{"s", "100000000000000002s", "100000000000000002", "__proto__"} {
		for _, more := range []string{``, `,"guildId":"100000000000000002"`, `,"guild":"100000000000000002"`} {
			r.must(guildA, "op_kv_get", `{"store":"`+store+`","key":"k"`+more+`}`, `null`)
			r.must(guildA, "op_kv_list_keys", `{"store":"`+store+`"`+more+`}`, `{"keys":[],"listComplete":true}`)
			r.must(guildA, "op_kv_delete", `{"store":"`+store+`","key":"k"`+more+`}`, ``)
		}
	}
	r.set(guildA, `{"store":"s","key":"k","value":"mine","guildId":"100000000000000002"}`)
	r.must(guildB, "op_kv_get", `{"store":"s","key":"k"}`, `"secret"`)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"k"}`, `"mine"`)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	set := func(members string) string { return `{"store":"s","key":"k","value":"v",` + members + `}` }
	tests := []struct {
		name, op, args string
		code           fault.Code
		want           string
	}{
		{"no store", "op_kv_get", `{"key":"k"}`, fault.InvalidInput, "Invalid input for store: it is missing"},
		{"no key", "op_kv_get", `{"store":"s"}`, fault.InvalidInput, "Invalid input for key: it is missing"},
		{"a key that is a number", "op_kv_get", `{"store":"s","key":1}`, fault.InvalidInput, "Invalid input for key: expected a string, got number"},
		{"an empty key", "op_kv_get", `{"store":"s","key":""}`, fault.InvalidInput, "key cannot be empty"},
		{"a key with NUL", "op_kv_set", `{"store":"s","key":"a\u0000b","value":""}`, fault.InvalidInput, "key contains null character"},
		{"a key with half a character", "op_kv_set", `{"store":"s","key":"\ud83d","value":""}`, fault.InvalidInput, "Invalid input for key: it has a lone surrogate"},
		{"a value with half a character", "op_kv_set", `{"store":"s","key":"k","value":"\udc00"}`, fault.InvalidInput, "Invalid input for value: it has a lone surrogate"},
		{"a long key", "op_kv_set", `{"store":"s","key":"` + strings.Repeat("ü", 513) + `","value":""}`, fault.InvalidInput, "key exceeds maximum size of 512 characters"},
		{"a store with a slash", "op_kv_set", `{"store":"../s","key":"k","value":""}`, fault.InvalidInput, "store name"},
		{"no value", "op_kv_set", `{"store":"s","key":"k"}`, fault.InvalidInput, "Invalid input for value: it is missing"},
		{"a value that is an object", "op_kv_set", `{"store":"s","key":"k","value":{}}`, fault.InvalidInput, "Invalid input for value: expected a string, got object"},
		{"a large value", "op_kv_set", `{"store":"s","key":"k","value":"` + strings.Repeat("x", 1<<20+1) + `"}`, fault.TooLarge, "value exceeds maximum size of 1MB"},
		{"half a second", "op_kv_set", set(`"expiration":1.5`), fault.InvalidInput, "Invalid input for expiration: expected a whole number"},
		{"no moment", "op_kv_set", set(`"expiration":1e300`), fault.InvalidInput, "Invalid input for expiration: expected a whole number"},
		{"a moment as text", "op_kv_set", set(`"expiration":"1800000000"`), fault.InvalidInput, "Invalid input for expiration: expected a number, got string"},
		{"seconds as text", "op_kv_set", set(`"ttl":"5"`), fault.InvalidInput, "Invalid input for ttl: expected a number, got string"},
		{"no seconds", "op_kv_set", set(`"ttl":0`), fault.InvalidInput, "Invalid input for ttl: it must be at least 1 second"},
		{"half a second to live", "op_kv_set", set(`"ttl":1.5`), fault.InvalidInput, "Invalid input for ttl: expected a whole number of seconds"},
		{"both ends", "op_kv_set", set(`"ttl":1,"expiration":1`), fault.InvalidInput, "give expiration or ttl, not both"},
		{"version 0", "op_kv_set", set(`"ifVersion":0`), fault.InvalidInput, "Invalid input for ifVersion: versions begin at 1"},
		{"half a version", "op_kv_delete", `{"store":"s","key":"k","ifVersion":1.5}`, fault.InvalidInput, "Invalid input for ifVersion: expected a whole number"},
		{"two conditions", "op_kv_set", set(`"ifVersion":1,"ifAbsent":true`), fault.InvalidInput, "not both"},
		{"a version of nothing", "op_kv_set", set(`"ifVersion":1`), fault.Conflict, `key "k" does not exist`},
		{"a batch of nothing", "op_kv_write", `{"store":"s"}`, fault.InvalidInput, "the batch has no keys"},
		{"a batch without a key", "op_kv_write", `{"store":"s","set":[{"value":"v"}]}`, fault.InvalidInput, "Invalid input for set[0].key: it is missing"},
		{"a batch without a value", "op_kv_write", `{"store":"s","set":[{"key":"k","value":"v"},{"key":"l"}]}`, fault.InvalidInput, "Invalid input for set[1].value: it is missing"},
		{"a batch with half a character", "op_kv_write", `{"store":"s","set":[{"key":"\ud83d","value":"v"}]}`, fault.InvalidInput, "lone surrogate"},
		{"a batch with a key twice", "op_kv_write", `{"store":"s","set":[{"key":"k","value":"v"}],"delete":[{"key":"k"}]}`, fault.InvalidInput, `key "k" is in the batch twice`},
		{"a batch with no seconds", "op_kv_write", `{"store":"s","set":[{"key":"k","value":"v","ttl":-1}]}`, fault.InvalidInput, "Invalid input for set[0].ttl"},
		{"a batch of no list", "op_kv_write", `{"store":"s","set":{"key":"k","value":"v"}}`, fault.InvalidInput, "Invalid input for set: expected an array, got object"},
		{"too many keys", "op_kv_get_many", `{"store":"s","keys":[` + strings.Repeat(`"k",`, 100) + `"k"]}`, fault.TooLarge, "the batch has 101 keys, which is more than 100"},
		{"no keys", "op_kv_get_many", `{"store":"s"}`, fault.InvalidInput, "Invalid input for keys: it is missing"},
		{"half a number", "op_kv_increment", `{"store":"s","key":"k","by":0.5}`, fault.InvalidInput, "Invalid input for by: expected a whole number"},
		{"a number too large", "op_kv_increment", `{"store":"s","key":"k","by":9007199254740992}`, fault.InvalidInput, "Invalid input for by: expected a whole number"},
		{"a sum too large", "op_kv_increment", `{"store":"s","key":"k","start":9007199254740991}`, fault.InvalidInput, "is beyond 9007199254740991, the largest whole number here"},
		{"metadata of nothing", "op_kv_update_metadata", `{"store":"s","key":"k","metadata":1}`, fault.NotFound, "key not found"},
		{"a page of nothing", "op_kv_list_keys", `{"store":"s","limit":0}`, fault.InvalidInput, "Invalid input for limit: it is 0; give 1 to 1000"},
		{"a negative page", "op_kv_list_keys", `{"store":"s","limit":-1}`, fault.InvalidInput, "Invalid input for limit"},
		{"half a page", "op_kv_list_keys", `{"store":"s","limit":1.5}`, fault.InvalidInput, "Invalid input for limit: expected an integer"},
		{"options as a list", "op_kv_list_keys", `[]`, fault.InvalidInput, "Invalid input for arguments: expected an object, got array"},
	}
	for _, tt := range tests {
		got, err := r.call(guildA, tt.op, tt.args)
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.Code != tt.code || !strings.Contains(f.Message, tt.want) {
			t.Errorf("%s: got %s, %v, want a %s fault with %q", tt.name, got, err, tt.code, tt.want)
		}
	}
	r.must(guildA, "op_kv_list_keys", `{"store":"s"}`, `{"keys":[],"listComplete":true}`)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "op_kv_write", `{"store":"s","set":[{"key":"a","value":"1","ttl":60,"metadata":[1]},{"key":"b","value":"2","ifAbsent":true}]}`, `{"version":1}`)
	r.must(guildA, "op_kv_get_many", `{"store":"s","keys":["b","none","a"]}`, `[{"value":"2","metadata":null,"expiration":null,"version":1},`+
		`{"value":null,"metadata":null,"expiration":null,"version":null},{"value":"1","metadata":[1],"expiration":1800000060,"version":1}]`)
	r.must(guildB, "op_kv_get_many", `{"store":"s","keys":["a"]}`, `[{"value":null,"metadata":null,"expiration":null,"version":null}]`)
	_, err := r.call(guildA, "op_kv_write", `{"store":"s","set":[{"key":"a","value":"3"}],"delete":[{"key":"b","ifVersion":7}]}`)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != fault.Conflict || f.Details["key"] != "b" || f.Details["version"] != uint64(1) {
		t.Errorf("got %v, want a conflict that names b and its version", err)
	}
	r.must(guildA, "op_kv_get", `{"store":"s","key":"a"}`, `"1"`)
	r.must(guildA, "op_kv_write", `{"store":"s","delete":[{"key":"b","ifVersion":1},{"key":"none"}],"set":null}`, `{"version":2}`)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"b"}`, `null`)
	r.must(guildA, "op_kv_write", `{"store":"s","delete":[{"key":"b"}]}`, `{"version":0}`)
	r.must(guildA, "op_kv_delete", `{"store":"s","key":"a","ifVersion":1}`, ``)
	r.must(guildA, "op_kv_get", `{"store":"s","key":"a"}`, `null`)
}

func TestIncrement(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(guildA, "op_kv_increment", `{"store":"s","key":"n"}`, `1`)
	r.must(guildA, "op_kv_increment", `{"store":"s","key":"n","by":-3}`, `-2`)
	r.must(guildA, "op_kv_increment", `{"store":"s","key":"m","start":10,"by":5,"ttl":60}`, `15`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"m"}`, `{"value":"15","metadata":null,"expiration":1800000060,"version":3}`)
	r.set(guildA, `{"store":"s","key":"n","value":"5","expiration":1800000009,"metadata":{"a":1}}`)
	r.must(guildA, "op_kv_increment", `{"store":"s","key":"n","by":0}`, `5`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"n"}`, `{"value":"5","metadata":{"a":1},"expiration":1800000009,"version":5}`)
	r.clock.Advance(time.Minute)
	r.must(guildA, "op_kv_increment", `{"store":"s","key":"n"}`, `1`)
	r.must(guildA, "op_kv_get_with_metadata", `{"store":"s","key":"n"}`, `{"value":"1","metadata":null,"expiration":null,"version":6}`)
}
