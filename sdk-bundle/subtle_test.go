package sdkbundle_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
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

func TestSubtleSurvivesAHostilePreamble(t *testing.T) {
	t.Parallel()
	use := func(script string) []string {
		r := isolatetest.Load(t, script, isolatetest.Options{Limits: isolate.Limits{TurnCPU: patience}})
		if f := r.Dispatch("subtle", "{}"); f != nil {
			t.Errorf("it failed: %s", f.Text)
		}
		return logs(r)
	}
	want := use(subtleNeeds + subtleScript)
	if len(want) < 15 || want[len(want)-1] != "end" {
		t.Fatalf("the script did too little: %q", want)
	}
	got := use(subtleNeeds + hostilePreamble(t) + subtleScript)
	for _, line := range got {
		if strings.Contains(line, "the SDK used") {
			t.Error(line)
		}
	}
	// An ECDSA signature differs each time, and its being right is what is logged.
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the preamble changes what crypto.subtle does (-without +with):\n%s", diff)
	}
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
	if strings.Contains(got[len(got)-1], "3q2+7w") {
		t.Errorf("the log shows the key: %q", got[1])
	}
}
