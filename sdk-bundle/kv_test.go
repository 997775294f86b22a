package sdkbundle_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

var kvOps = []string{"op_kv_get", "op_kv_get_with_metadata", "op_kv_get_many", "op_kv_set", "op_kv_write", "op_kv_increment", "op_kv_update_metadata", "op_kv_delete", "op_kv_list_keys"}

func TestKvStore(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, code, answer string
		calls              []call
		log                string
	}{
		{"get", `await s.get("k")`, `"v"`, []call{{"op_kv_get", `{"store":"shop","key":"k"}`}}, "v"},
		{"get nothing", `await s.get("k")`, `null`, []call{{"op_kv_get", `{"store":"shop","key":"k"}`}}, "null"},
		{"odd keys", `await kv.store("s").get("__proto__")`, `null`, []call{{"op_kv_get", `{"store":"s","key":"__proto__"}`}}, "null"},
		{"getWithMetadata", `await s.getWithMetadata("k")`, `{"value":"v","metadata":{"a":1},"expiration":9,"version":3}`, []call{{"op_kv_get_with_metadata", `{"store":"shop","key":"k"}`}},
			"{ value: \"v\", metadata: { a: 1 }, expiration: 9, version: 3 }"},
		{"getWithMetadata of a bare value", `await s.getWithMetadata("k")`, `{"value":"v","metadata":null,"expiration":null,"version":null}`, []call{{"op_kv_get_with_metadata", `{"store":"shop","key":"k"}`}}, "{ value: \"v\" }"},
		{"set", `await s.set("k", "v")`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"v"}`}}, "undefined"},
		{"set with options", `await s.set("k", "", { expiration: 12.9, metadata: [1, null] })`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"","expiration":12,"metadata":[1,null]}`}}, "undefined"},
		{"set with a bigint", `await s.set("k", "v", { expiration: 1700000000n, ttl: null })`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"v","expiration":1700000000}`}}, "undefined"},
		{"set gives the version", `await s.set("k", "v", { ttl: 60.5, ifVersion: 3n, ifAbsent: false })`, `{"version":4}`, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"v","ttl":60,"ifVersion":3,"ifAbsent":false}`}}, "{ version: 4 }"},
		{"getMany", `await s.getMany(["a", "__proto__"])`, `[{"value":"v","metadata":[1],"expiration":null,"version":3},{"value":null,"metadata":null,"expiration":null,"version":null}]`,
			[]call{{"op_kv_get_many", `{"store":"shop","keys":["a","__proto__"]}`}}, "[\n  { key: \"a\", value: \"v\", metadata: [ 1 ], version: 3 },\n  { key: \"__proto__\", value: null }\n]"},
		{"setMany", `await s.setMany([{ key: "a", value: "1", ttl: 5 }, { key: "b", value: "2", metadata: { x: 1 }, ifAbsent: true }])`, `{"version":4}`,
			[]call{{"op_kv_write", `{"store":"shop","set":[{"key":"a","value":"1","ttl":5},{"key":"b","value":"2","metadata":{"x":1},"ifAbsent":true}]}`}}, "{ version: 4 }"},
		{"deleteMany", `await s.deleteMany(["a", { key: "b", ifVersion: 2 }])`, `{"version":4}`, []call{{"op_kv_write", `{"store":"shop","delete":[{"key":"a"},{"key":"b","ifVersion":2}]}`}}, "undefined"},
		{"batch", `await s.batch({ set: [{ key: "a", value: "1", expiration: 9 }], delete: ["b"] })`, `{"version":4}`,
			[]call{{"op_kv_write", `{"store":"shop","set":[{"key":"a","value":"1","expiration":9}],"delete":[{"key":"b"}]}`}}, "{ version: 4 }"},
		{"batch of deletes", `await s.batch({ delete: ["b"] })`, `{"version":0}`, []call{{"op_kv_write", `{"store":"shop","set":[],"delete":[{"key":"b"}]}`}}, "{ version: 0 }"},
		{"increment", `await s.increment("n")`, `5`, []call{{"op_kv_increment", `{"store":"shop","key":"n"}`}}, "5"},
		{"increment with options", `await s.increment("n", -2n, { start: 10, ttl: 60 })`, `8`, []call{{"op_kv_increment", `{"store":"shop","key":"n","by":-2,"start":10,"ttl":60}`}}, "8"},
		{"delete a version", `await s.delete("k", { ifVersion: 3 })`, ``, []call{{"op_kv_delete", `{"store":"shop","key":"k","ifVersion":3}`}}, "undefined"},
		{"conflict", `await s.set("k", "v", { ifAbsent: true }).catch((e) => [e.code, e.key, e.version])`, `!{"class":"Error","message":"no","code":"CONFLICT","key":"k","version":7}`,
			[]call{{"op_kv_set", `{"store":"shop","key":"k","value":"v","ifAbsent":true}`}}, "[ \"CONFLICT\", \"k\", 7 ]"},
		{"updateMetadata", `await s.updateMetadata("k", { a: 1 })`, ``, []call{{"op_kv_update_metadata", `{"store":"shop","key":"k","metadata":{"a":1}}`}}, "undefined"},
		{"updateMetadata clears", `await s.updateMetadata("k")`, ``, []call{{"op_kv_update_metadata", `{"store":"shop","key":"k","metadata":null}`}}, "undefined"},
		{"delete", `await s.delete("k")`, ``, []call{{"op_kv_delete", `{"store":"shop","key":"k"}`}}, "undefined"},
		{"list", `await s.list()`, `{"keys":[{"name":"a"}],"listComplete":true}`, []call{{"op_kv_list_keys", `{"store":"shop"}`}}, "{ keys: [ { name: \"a\" } ], listComplete: true }"},
		{"list a page", `await s.list({ prefix: "p", limit: 5n, cursor: "c" })`, `{"keys":[],"listComplete":false,"cursor":"d"}`, []call{{"op_kv_list_keys", `{"store":"shop","prefix":"p","limit":5,"cursor":"c"}`}},
			"{ keys: [], listComplete: false, cursor: \"d\" }"},
		{"error", `await s.get("k").catch((e) => e.message)`, `!{"class":"Error","message":"key is bad"}`, []call{{"op_kv_get", `{"store":"shop","key":"k"}`}}, "key is bad"},
		{"error of getWithMetadata", `await s.getWithMetadata("k").catch((e) => e.message)`, `!{"class":"Error","message":"key is bad"}`, []call{{"op_kv_get_with_metadata", `{"store":"shop","key":"k"}`}}, "key is bad"},
		// Refused before any op.
		{"key that is no text", `await s.get(5).catch((e) => e.message)`, ``, nil, "kv get: the key must be a string; it is number"},
		{"no key", `await s.getWithMetadata().catch((e) => e.message)`, ``, nil, "kv getWithMetadata: the key must be a string; it is undefined"},
		{"value that is no text", `await s.set("k", { a: 1 }).catch((e) => e.message)`, ``, nil, "kv set: the value must be a string; make one of it with JSON.stringify"},
		{"both expirations", `await s.set("k", "v", { expiration: 1, ttl: 1 }).catch((e) => e.message)`, ``, nil, "kv set: give expiration or ttl, not both"},
		{"ttl that is none", `await s.set("k", "v", { ttl: 0 }).catch((e) => e.message)`, ``, nil, "kv set: ttl must be at least 1 second"},
		{"expiration that is no number", `await s.set("k", "v", { expiration: "tomorrow" }).catch((e) => e.message)`, ``, nil, "kv set: expiration must be a number of seconds"},
		{"expiration that is not finite", `await s.set("k", "v", { expiration: NaN }).catch((e) => e.message)`, ``, nil, "kv set: expiration must be a number of seconds"},
		{"set with odd options", `await s.set("k", "v", { ifAbsent: 1 }).catch((e) => e.message)`, ``, nil, "kv set: ifAbsent must be true or false"},
		{"version that is none", `await s.set("k", "v", { ifVersion: "3" }).catch((e) => e.message)`, ``, nil, "kv set: ifVersion must be a whole number"},
		{"keys that are no list", `await s.getMany("ab").catch((e) => e.message)`, ``, nil, "kv getMany: the keys must be an array"},
		{"keys that are no texts", `await s.getMany([1]).catch((e) => e.message)`, ``, nil, "kv getMany: a key must be a string; it is number"},
		{"entries that are none", `await s.setMany([["k", "v"], null]).catch((e) => e.message)`, ``, nil, "kv setMany: the key must be a string; it is undefined"},
		{"entry that is nothing", `await s.setMany([null]).catch((e) => e.message)`, ``, nil, "kv setMany: pass objects with key and value"},
		{"entry without a text", `await s.setMany([{ key: "k", value: 1 }]).catch((e) => e.message)`, ``, nil, "kv setMany: the value must be a string; make one of it with JSON.stringify"},
		{"deletes that are no keys", `await s.deleteMany([{ ifVersion: 1 }]).catch((e) => e.message)`, ``, nil, "kv deleteMany: a key must be a string; it is undefined"},
		{"batch of nothing", `await s.batch("a").catch((e) => e.message)`, ``, nil, "kv batch: the changes must be an object"},
		{"increment by half", `await s.increment("n", 0.5).catch((e) => e.message)`, ``, nil, "kv increment: by must be a whole number"},
		{"increment by no options", `await s.increment("n", 1, 5).catch((e) => e.message)`, ``, nil, "kv increment: the options must be an object"},
		{"list of no object", `await s.list("p").catch((e) => e.message)`, ``, nil, "kv list: pass { prefix?, limit?, cursor? }"},
		{"store without a name", `(() => { try { return store(); } catch (e) { return e.message; } })()`, ``, nil, "store(name): the name must be a string; it is undefined"},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, `const s = store("shop"); console.log(`+tt.code+`);`, isolatetest.Options{Ops: kvOps, Answer: func(isolatetest.Call) (string, bool, bool) {
			if len(tt.answer) > 0 && tt.answer[0] == '!' {
				return tt.answer[1:], false, true
			}
			return tt.answer, true, true
		}})
		t.Run(tt.name, func(t *testing.T) {
			sameCalls(t, r, tt.calls)
			if diff := cmp.Diff([]string{tt.log}, logs(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
