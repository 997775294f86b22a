package sdkbundle_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
)

//go:embed testdata/parts.js
var describeAll string

// written matches what the SDK assigns to, of whatever object.
var written = regexp.MustCompile(`\.([A-Za-z_$][\w$]*)\s*(?:=[^=>]|[-+*|&?]{1,2}=|\+\+|--)`)

// TestPartsAreMadeAfterAHostilePreamble has everything made by a script that
// has broken the language first: its methods, its globals, and every name that
// the SDK's code assigns to.
func TestPartsAreMadeAfterAHostilePreamble(t *testing.T) {
	t.Parallel()
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range written.FindAllStringSubmatch(sdk, -1) {
		names[m[1]] = true
	}
	delete(names, "__proto__")
	if len(names) < 100 {
		t.Fatalf("the SDK assigns to only %d names", len(names))
	}
	traps := list(t, names)
	// The language itself asks Promise.prototype.constructor.
	trap := `const trap = (() => {
		const { defineProperty } = Reflect, objects = Object.prototype, functions = Function.prototype;
		const trapped = ` + traps + `, gone = ` + list(t, set(builtins)) + `;
		const poison = (what) => () => { throw "the SDK used " + what; };
		return () => {
		for (let i = 0; i < trapped.length; i++) if (trapped[i] !== "constructor" && trapped[i] !== "then") {
			defineProperty(objects, trapped[i], { __proto__: null, configurable: true, get: () => undefined, set: poison("a setter for " + trapped[i]) });
			defineProperty(functions, trapped[i], { __proto__: null, configurable: true, get: () => undefined, set: poison("a setter for " + trapped[i]) });
		}
		for (let i = 0; i < gone.length; i++) defineProperty(globalThis, gone[i], { __proto__: null, configurable: true, get: poison("the global " + gone[i]), set: poison("the global " + gone[i]) });
		};
	})();`
	describe := strings.Replace(describeAll, "NAMES", list(t, set(builtins)), 1)
	all := func(script string) []string {
		r := isolatetest.Load(t, describe+script+"\ndescribeAll();", isolatetest.Options{Limits: isolate.Limits{LoadCPU: patience}})
		return logs(r)
	}
	want := all("")
	if len(want) < 200 || !slices.ContainsFunc(want, func(l string) bool { return strings.HasPrefix(l, "ReadableStream function") }) {
		t.Fatalf("only %d members were found", len(want))
	}
	if diff := cmp.Diff(want, all(trap+hostilePreamble(t)+"\ntrap();")); diff != "" {
		t.Errorf("what is made differs when the language is broken before (-not +broken):\n%s", diff)
	}
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func list(t *testing.T, names map[string]bool) string {
	t.Helper()
	var sorted []string
	for n := range names {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted)
	b, err := json.Marshal(sorted)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAScriptCannotTellThatAMemberIsNotMadeYet has each line in an isolate that
// has touched nothing.
func TestAScriptCannotTellThatAMemberIsNotMadeYet(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"typeof", `typeof Blob`, "function"},
		{"in", `"Blob" in globalThis`, "true"},
		{"own names", `Object.getOwnPropertyNames(globalThis).includes("Blob")`, "true"},
		{"listed in no loop", `(() => { for (const k in globalThis) if (k === "Blob") return 1; return Object.keys(globalThis).length; })()`, "0"},
		{"descriptor", `JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, "Blob"), (k, v) => typeof v === "function" ? v.name : v)`, `{"value":"Blob","writable":true,"enumerable":false,"configurable":true}`},
		{"all descriptors", `typeof Object.getOwnPropertyDescriptors(globalThis).Blob.value`, "function"},
		{"the same each time", `Blob === Blob && globalThis.Blob === Reflect.get(globalThis, "Blob", {}) && Blob === Object.getOwnPropertyDescriptor(globalThis, "Blob").value`, "true"},
		{"of one module", `new File([], "a") instanceof Blob`, "true"},
		{"assigned first", `(globalThis.Blob = 5, Blob + " " + typeof new File([], "a").size)`, "5 number"},
		{"assigned by its name first", `(Blob = 5, JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, "Blob")))`, `{"value":5,"writable":true,"enumerable":false,"configurable":true}`},
		{"defined first", `(Object.defineProperty(globalThis, "Blob", { get: () => 6 }), Blob)`, "6"},
		{"made to show", `(Object.defineProperty(globalThis, "Blob", { enumerable: true }), Object.keys(globalThis) + typeof Blob)`, "Blobfunction"},
		{"sealed by one key", `(Object.defineProperty(globalThis, "Blob", { writable: false }), (() => { "use strict"; try { Blob = 1; } catch (e) { return e.name; } })() + typeof Blob)`, "TypeErrorfunction"},
		{"deleted first", `[delete globalThis.Blob, typeof Blob, "Blob" in globalThis, typeof File]`, "true,undefined,false,function"},
		{"frozen first", `(Object.freeze(flora), [typeof flora.schedule, Object.isFrozen(flora), typeof flora.schedule.on])`, "function,true,function"},
		{"inherited", `typeof Object.create(globalThis).Blob`, "function"},
		{"through a proxy", `typeof new Proxy(globalThis, {}).Blob`, "function"},
		{"declared over", `(() => { const Blob = 1; return Blob; })() + typeof globalThis.Blob`, "1function"},
		{"copied", `typeof Object.assign({}, Deno).openKv + typeof { ...flora }.schedule`, "functionfunction"},
		{"one of two places", `flora.schedule === schedule`, "true"},
		{"keys of Deno", `Object.keys(Deno).includes("openKv")`, "true"},
		{"as JSON", `JSON.stringify(Deno).includes("env")`, "true"},
		{"handler", `[onerror, (onerror = () => {}, typeof onerror), Object.getOwnPropertyDescriptor(globalThis, "onerror").get.name]`, ",function,get"},
		{"names", `[URL, ReadableStream, AbortSignal, MessageEvent, Response].map((c) => c.name)`, "URL,ReadableStream,AbortSignal,MessageEvent,Response"},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, `console.log(String((0, eval)(`+quote(t, tt.code)+`)))`, isolatetest.Options{})
		if got := strings.Join(logs(r), "\n"); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func quote(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAPartThatWasInterrupted makes members at every depth of the stack: those
// that came to no end leave nothing behind.
func TestAPartThatWasInterrupted(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const errors = new Set();
		let made = 0;
		function deep(n) {
			try { deep(n + 1); } catch (e) { errors.add(e.name); }
			if (made === 0) try { if (new ReadableStream().locked === false) made = n; } catch (e) { errors.add(e.name + " " + (e instanceof RangeError)); }
		}
		deep(0);
		console.log(made > 1, [...errors].join());
		const { readable, writable } = new TransformStream();
		void new Response("a").body.pipeTo(writable);
		let out = "";
		for await (const b of readable) out += b;
		console.log(out, readable instanceof ReadableStream, new Response("b").body instanceof ReadableStream);`, isolatetest.Options{})
	want := []string{"true RangeError,RangeError true", "97 true true"}
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// emptyHeap is what a script that does nothing may have of JavaScript heap. What
// not every script needs belongs into a part; see ARCHITECTURE.md.
const emptyHeap = 300 << 10

func TestAnEmptyIsolateIsSmall(t *testing.T) {
	t.Parallel()
	iso, err := v8.New(v8.Config{
		Blob: isolatetest.Blob(t), MemoryLimit: 64 << 20, Natives: []string{"done"}, Info: `{"guildId":"1","applicationId":"2","maxTimers":1}`,
		Call: func(int, float64, float64, float64, []byte, []byte) v8.Result { return v8.Result{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer iso.Dispose()
	if got := iso.Stats().HeapUsed; got > emptyHeap {
		t.Errorf("an empty isolate has %d bytes of heap, more than %d", got, emptyHeap)
	}
}

func TestTheBundleIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, err := sdkbundle.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := sdkbundle.Bundle()
		if err != nil || again != first {
			t.Fatal("the bundle differs", err, fmt.Sprint(len(first), len(again)))
		}
	}
}
