package denokv_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// FuzzOps gives the ops whatever a hostile worker may send: they answer or
// refuse, and never fail by themselves.
func FuzzOps(f *testing.F) {
	for _, args := range []string{
		`{}`, `{"ranges":[{"start":"","end":"ff","limit":1}]}`, `{"mutations":[{"type":"set","key":"026100","value":"dgEC","expireIn":1e300}]}`, `{"checks":[{"key":"026100","version":"00000000000000010000"}]}`,
		`{"mutations":[{"type":"set","key":"0261","value":"dgEC","versioned":true}]}`, `{"enqueues":[{"value":"dgEC","delay":-1,"backoffSchedule":[1e9],"keysIfUndelivered":["f0"]}]}`, `{"at":-0.5,"name":"n","data":"dgEC"}`,
		`{"id":"` + strings.Repeat("0", 48) + `"}`, `{"keys":["026100"],"store":"/"}`, `{"mutations":[{"type":"sum","key":"026100","value":"dQEAAAAAAAAA"}]}`,
	} {
		for i := range 6 {
			f.Add(i, args)
		}
	}
	limits := kv.DefaultLimits()
	db, err := kv.Open(kv.Config{Dir: "/kv", Memory: true, Limits: limits, CacheBytes: 1 << 20})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := db.Close(); err != nil {
			f.Error(err)
		}
	})
	table, err := op.NewTable(denokv.Ops(denokv.Deps{Store: db}))
	if err != nil {
		f.Fatal(err)
	}
	names := table.Names()
	f.Fuzz(func(t *testing.T, which int, args string) {
		o, _ := table.Lookup(names[((which%len(names))+len(names))%len(names)])
		_, err := o.Handler(context.WithoutCancel(t.Context()), op.Call{Guild: guild, Args: json.RawMessage(args)})
		if err != nil && fault.From(err).Status() >= 500 {
			t.Errorf("%s %s: %v", o.Name, args, err)
		}
	})
}

// TestKeysSortAsTheyAreCompared makes keys at random: each comes back as it was,
// and all come in the order that Deno says.
func TestKeysSortAsTheyAreCompared(t *testing.T) {
	t.Parallel()
	got := runScript(t, clock.Real, `
		let seed = 7; const r = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n; };
		const chars = ["\0", "\x01", "a", "b", "é", "\uffff", "😀", "\ud7ff"];
		const part = () => { switch (r(6)) {
			case 0: return new Uint8Array(Array.from({ length: r(4) }, () => [0, 1, 254, 255][r(4)]));
			case 1: return Array.from({ length: r(4) }, () => chars[r(8)]).join("");
			case 2: return [0n, 1n, -1n, 255n, 256n, -255n, -256n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), -(2n ** 64n) + 1n, 2n ** 2039n, -(2n ** 2039n), 2n ** 80n, -(2n ** 80n)][r(15)];
			case 3: return [0, -0, 1, -1, 1.5, -1.5, 5e-324, -5e-324, Infinity, -Infinity, NaN, 2 ** 53, 1e308][r(13)];
			default: return r(2) === 1; } };
		const rank = (p) => p instanceof Uint8Array ? 0 : { string: 1, bigint: 2, number: 3, boolean: 4 }[typeof p];
		const bytes = (p) => p instanceof Uint8Array ? p : new TextEncoder().encode(p);
		const order = (a, b) => { for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i]; return a.length - b.length; };
		const one = (a, b) => { if (rank(a) !== rank(b)) return rank(a) - rank(b); switch (rank(a)) {
			case 0: case 1: return order(bytes(a), bytes(b));
			case 3: return Object.is(a, b) ? 0 : a !== a ? 1 : b !== b ? -1 : a === b ? (Object.is(a, -0) ? -1 : 1) : a - b;
			default: return a < b ? -1 : a > b ? 1 : 0; } };
		const compare = (a, b) => { for (let i = 0; i < a.length && i < b.length; i++) { const c = one(a[i], b[i]); if (c !== 0) return c; } return a.length - b.length; };
		const keysMade = Array.from({ length: 400 }, () => Array.from({ length: 1 + r(3) }, part));
		for (let i = 0; i < keysMade.length; i += 100) { const op = kv.atomic(); for (const k of keysMade.slice(i, i + 100)) op.set(k, 1); await op.commit(); }
		const listed = []; for await (const e of kv.list({ prefix: [] })) listed.push(e.key);
		const want = keysMade.sort(compare).filter((k, i, all) => i === 0 || compare(all[i - 1], k) !== 0);
		log(listed.length === want.length, listed.every((k, i) => k.length === want[i].length && compare(k, want[i]) === 0), want.length > 200);
		const back = []; for await (const e of kv.list({ prefix: [] }, { reverse: true, batchSize: 7 })) back.push(e.key);
		log(back.reverse().every((k, i) => compare(k, want[i]) === 0));
		const [from, to] = [want[50], want[150]]; const some = []; for await (const e of kv.list({ start: from, end: to })) some.push(e.key);
		log(some.length, compare(some[0], from), compare(some[99], want[149]));`)
	if diff := cmp.Diff([]string{"true true true", "true", "100 0 0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDamagedValues: whatever is in the store, reading it ends, with a value or
// with an error.
func TestDamagedValues(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // It is to be the same each time.
	rounds := 0
	answer := func(c isolatetest.Call) (string, bool, bool) {
		if rounds++; c.Op != "op_denokv_read" {
			return `{}`, true, true
		}
		b := make([]byte, 2+r.IntN(40))
		for i := range b {
			if b[i] = byte(r.IntN(256)); r.IntN(2) == 0 {
				b[i] = byte(r.IntN(22)) // A tag.
			}
		}
		if b[0] = 'v'; r.IntN(4) > 0 {
			b[1] = 1
		}
		if rounds%50 == 0 { // Depth.
			b = slices.Concat([]byte("v\x01"), []byte(strings.Repeat("\x0a\x01", 30_000)))
		}
		return `[[{"key":"026100","version":"00000000000000010000","value":"` + base64.StdEncoding.EncodeToString(b) + `"}]]`, true, true
	}
	rig := isolatetest.Load(t, `const kv = await Deno.openKv(); let good = 0, bad = 0;
		for (let i = 0; i < 2000; i++) try { await kv.get(["a"]); good++; } catch (e) { if (!(e instanceof Error)) throw e; bad++; }
		console.log(good + bad, bad > 100)`, isolatetest.Options{Ops: []string{"op_denokv_read"}, Answer: answer})
	if logs := rig.Logs(); len(logs) != 1 || logs[0].Text != "2000 true" {
		t.Errorf("got %+v", logs)
	}
}
