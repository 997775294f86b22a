package sdkbundle_test

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

//go:embed testdata/subtle.js
var subtleScript string

// subtleNeeds is what the script of testdata/subtle.js takes of the language first.
const subtleNeeds = `const { iterator } = Symbol, Bytes = Uint8Array, toString = Function.prototype.call.bind(Number.prototype.toString),
	lengthOf = Function.prototype.call.bind(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length").get), abc = new Uint8Array([97, 98, 99]), secret = new Uint8Array([1, 2, 3, 4, 250]), nonce = new Uint8Array(12);
`

// watching lays readers of whatever is turned into a text, or made of JSON, where a
// script can: what they see is what a key has inside.
const watching = `
globalThis.seen = [];
for (const C of [Object, Array, String, Map, Promise]) Object.defineProperty(C.prototype, "toJSON", { get() { seen[seen.length] = this; }, configurable: true });
for (const k of ["data", "key", "alg", "hash", "inside", "then", "publicExponent", "privateKey", "dom"]) Object.defineProperty(Object.prototype, k, { get() { seen[seen.length] = this; }, set(v) { seen[seen.length] = v; }, configurable: true });
`

// An ECDSA signature differs each time, and its being right is what is logged.
func TestSubtleSurvivesAHostilePreamble(t *testing.T) {
	t.Parallel()
	survives(t, "crypto.subtle", "subtle", subtleNeeds, subtleScript, isolatetest.Options{Limits: isolate.Limits{TurnCPU: patience}})
}

func TestAKeyShowsNothingOfItsInside(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, watching+evaluator, isolatetest.Options{})
	run(t, r, `
		const { subtle } = crypto;
		const bytes = new Uint8Array([0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
		const key = await subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "wrapKey"]);
		await subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(1));
		const pair = await subtle.generateKey("Ed25519", false, ["sign"]);
		await subtle.sign("Ed25519", pair.privateKey, bytes);
		structuredClone({ key, pair });
		const show = (v) => { try { return typeof v === "object" && v !== null ? Reflect.ownKeys(v).map(String).join() + "=" + Reflect.ownKeys(v).map((k) => String(v[k])).join() : String(v) } catch (e) { return "" } };
		const all = seen.map(show).join("\n") + Reflect.ownKeys(key).join() + Reflect.ownKeys(CryptoKey.prototype).length + JSON.stringify(key) + show(key) + show(pair.privateKey);
		console.log(all.includes("3q2+7w"), all.includes("MC4CAQ"), /secret,|private,/.test(all), Reflect.ownKeys(key).length);
		console.log(key);`)
	got := logs(r)
	if len(got) != 2 || got[0] != "false false false 0" {
		t.Errorf("got %q", got)
	}
	if want := `CryptoKey { type: "secret", extractable: false, algorithm: { name: "AES-GCM", length: 128 }, usages: [ "encrypt", "wrapKey" ] }`; strings.Join(strings.Fields(got[len(got)-1]), " ") != want {
		t.Errorf("the log shows %q, want %q", got[len(got)-1], want)
	}
}

// slowly takes some tenths of a second of CPU, and none of the script's.
const slowly = `const slowly = async (iterations) => {
	const key = await crypto.subtle.importKey("raw", new Uint8Array(1), "PBKDF2", false, ["deriveBits"]);
	return crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(1), iterations }, key, 512);
};
`

func TestSubtleDoesNotHoldTheScript(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, slowly+`
		on("long", async () => { console.log("begun"); await slowly(500_000); console.log("ended"); });
		on("short", () => console.log("short"));`, isolatetest.Options{Limits: isolate.Limits{TurnCPU: 400 * time.Millisecond}})
	long := r.Begin("long", "{}")
	if f := r.Dispatch("short", "{}"); f != nil {
		t.Fatal(f.Text)
	}
	if f := r.Settle(long); f != nil {
		t.Fatal(f.Text)
	}
	if diff := cmp.Diff([]string{"begun", "short", "ended"}, logs(r)); diff != "" {
		t.Error(diff)
	}
}

func TestSubtleHasABudget(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, slowly+`
		on("spend", async () => {
			await slowly(1000);
			for (const f of [() => slowly(1000), () => crypto.subtle.digest("SHA-1", new Uint8Array(1))]) await f().catch((e) => console.log(e instanceof DOMException, e.name, e.message.replace(/[\d.]+m?s$/, "soon")));
		});`, isolatetest.Options{Limits: isolate.Limits{CryptoCPU: time.Microsecond}})
	if f := r.Dispatch("spend", "{}"); f == nil {
		// The key may be imported within a microsecond; what follows is refused.
		for _, line := range logs(r) {
			if strings.HasPrefix(line, "crypto.subtle has used") {
				continue // What the limit itself tells.
			}
			if line != "true QuotaExceededError crypto.subtle has used its 1µs of CPU, and gets 200 ms more each second; try again in soon" {
				t.Errorf("got %q", line)
			}
		}
	} else if !strings.HasPrefix(f.Text, "QuotaExceededError: crypto.subtle has used its 1µs of CPU") {
		t.Errorf("got %q", f.Text)
	}
	r.WaitHits(1, limit.CryptoCPU)
}

func TestSubtleEndsWithItsDispatch(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, slowly+`
		on("late", async () => { try { await slowly(500_000); console.log("done") } catch (e) { console.log(e.name) } });`, isolatetest.Options{})
	if f := r.Settle(r.BeginFor("late", "{}", 30*time.Millisecond)); f == nil || f.Name != "TimeoutError" {
		t.Errorf("got %+v", f)
	}
	r.WaitLog("the end of what it waited for", func(l isolatetest.Line) bool { return l.Text == "TimeoutError" })
	// The guild does not wait for what is being computed.
	r.Stop()
	if got := logs(r); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestAScriptRestsOnlyWhenNothingIsComputedForIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := isolatetest.Load(t, slowly+`
		on("long", async () => { await slowly(100_000); await slowly(1); console.log("ended"); setTimeout(() => {}, 1000); });`,
		isolatetest.Options{Now: func() time.Time { return now }})
	r.Begin("long", "{}")
	if next := r.Rest(); r.Count("ended") != 1 || !next.Equal(now.Add(time.Second)) {
		t.Errorf("it rested with %q, until %s", logs(r), next)
	}
}
