package sdkbundle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// What a signal that lives long has to do with others is forgotten with them:
// each script makes more of them than its memory would hold.
func TestSignalsKeepNothing(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]string{
		"any":                     `AbortSignal.any([long.signal])`,
		"any of any":              `AbortSignal.any([AbortSignal.any([long.signal, other.signal])])`,
		"listeners with a signal": `{ const f = () => big; target.addEventListener("x", f, { signal: long.signal }); target.removeEventListener("x", f); }`,
		"listeners once":          `target.addEventListener("x", () => big, { once: true, signal: long.signal }); target.dispatchEvent(new Event("x"))`,
		"a listener taken back":   `{ const s = AbortSignal.any([long.signal]), f = () => big; s.addEventListener("abort", f); s.removeEventListener("abort", f); }`,
		"a handler taken back":    `{ const s = AbortSignal.any([long.signal]); s.onabort = () => big; s.onabort = null; }`,
		"requests":                `new Request("https://example.com/", { signal: long.signal })`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, fmt.Sprintf(`
				const long = new AbortController(), other = new AbortController(), target = new EventTarget();
				on("make", async () => {
					for (let turn = 0; turn < 60; turn++) {
						for (let i = 0; i < 375; i++) { const big = new Array(200).fill(i); %s; }
						await new Promise((resolve) => setTimeout(resolve, 1));
					}
				});
				on("end", () => {
					const s = AbortSignal.any([long.signal]);
					let heard = 0;
					s.onabort = () => heard++;
					long.abort("why");
					console.log(heard, s.reason);
				});`, make), isolatetest.Options{Limits: isolate.Limits{MemoryBytes: 7 << 20, TurnCPU: patience}})
			if f := r.Settle(r.BeginFor("make", "{}", time.Minute)); f != nil {
				t.Fatal(f.Text)
			}
			if f := r.Dispatch("end", "{}"); f != nil || r.Count("1 why") != 1 {
				t.Errorf("%v %v", f, r.Logs())
			}
		})
	}
}

// A signal that somebody waits for is there although nobody holds it.
func TestSignalsThatAreWaitedFor(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const long = new AbortController();
		let heard = 0;
		on("make", async () => {
			for (let i = 0; i < 50; i++) {
				AbortSignal.any([AbortSignal.any([long.signal])]).addEventListener("abort", () => heard++);
				AbortSignal.any([long.signal]).onabort = () => heard++;
			}
			for (let turn = 0; turn < 30; turn++) {
				new Array(100_000).fill(turn);
				await new Promise((resolve) => setTimeout(resolve, 1));
			}
		});
		on("end", () => {
			long.abort();
			console.log(heard);
		});`, isolatetest.Options{Limits: isolate.Limits{MemoryBytes: 7 << 20, TurnCPU: patience}})
	for _, e := range []string{"make", "end"} {
		if f := r.Dispatch(e, "{}"); f != nil {
			t.Fatal(f.Text)
		}
	}
	if r.Count("100") != 1 {
		t.Error(r.Logs())
	}
}
