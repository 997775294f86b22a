package sdkbundle_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

var kvOps = []string{"op_kv_get", "op_kv_get_with_metadata", "op_kv_set", "op_kv_update_metadata", "op_kv_delete", "op_kv_list_keys"}

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
		{"getWithMetadata", `await s.getWithMetadata("k")`, `{"value":"v","metadata":{"a":1},"expiration":9}`, []call{{"op_kv_get_with_metadata", `{"store":"shop","key":"k"}`}},
			"{ value: 'v', metadata: { a: 1 }, expiration: 9 }"},
		{"getWithMetadata of a bare value", `await s.getWithMetadata("k")`, `{"value":"v","metadata":null,"expiration":null}`, []call{{"op_kv_get_with_metadata", `{"store":"shop","key":"k"}`}}, "{ value: 'v' }"},
		{"set", `await s.set("k", "v")`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"v"}`}}, "undefined"},
		{"set with options", `await s.set("k", "", { expiration: 12.9, metadata: [1, null] })`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"","expiration":12,"metadata":[1,null]}`}}, "undefined"},
		{"set with a bigint", `await s.set("k", "v", { expiration: 1700000000n, ttl: null })`, ``, []call{{"op_kv_set", `{"store":"shop","key":"k","value":"v","expiration":1700000000}`}}, "undefined"},
		{"updateMetadata", `await s.updateMetadata("k", { a: 1 })`, ``, []call{{"op_kv_update_metadata", `{"store":"shop","key":"k","metadata":{"a":1}}`}}, "undefined"},
		{"updateMetadata clears", `await s.updateMetadata("k")`, ``, []call{{"op_kv_update_metadata", `{"store":"shop","key":"k","metadata":null}`}}, "undefined"},
		{"delete", `await s.delete("k")`, ``, []call{{"op_kv_delete", `{"store":"shop","key":"k"}`}}, "undefined"},
		{"list", `await s.list()`, `{"keys":[{"name":"a"}],"listComplete":true}`, []call{{"op_kv_list_keys", `{"store":"shop"}`}}, "{ keys: [ { name: 'a' } ], listComplete: true }"},
		{"list a page", `await s.list({ prefix: "p", limit: 5n, cursor: "c" })`, `{"keys":[],"listComplete":false,"cursor":"d"}`, []call{{"op_kv_list_keys", `{"store":"shop","prefix":"p","limit":5,"cursor":"c"}`}},
			"{ keys: [], listComplete: false, cursor: 'd' }"},
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

func TestKvTimeToLiveCountsFromNow(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const before = Math.floor(Date.now() / 1000);
		await kv.store("s").set("k", "v", { ttl: 60.5 });
		console.log(before + 60, Math.floor(Date.now() / 1000) + 60);`, isolatetest.Options{Ops: kvOps})
	sent := regexp.MustCompile(`"expiration":(\d+)`).FindStringSubmatch(r.Calls()[0].Args)
	bounds := regexp.MustCompile(`\d+`).FindAllString(r.Logs()[0].Text, -1)
	if sent == nil || len(bounds) != 2 || sent[1] < bounds[0] || sent[1] > bounds[1] {
		t.Errorf("got %s, want an expiration in %v", r.Calls()[0].Args, bounds)
	}
}
