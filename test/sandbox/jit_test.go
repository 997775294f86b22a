package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
)

// TestWebAssemblyIsBounded has compilers on.
func TestWebAssemblyIsBounded(t *testing.T) {
	t.Parallel()
	p := pool(t, executable(t, supervisor.Executable{Sandbox: sandbox.Require, JIT: true, Memory: 1 << 30, Threads: 4}))
	// 256 pages are 16 MiB.
	w := load(t, p, 1, limits, `
		const tried = (what, f) => { try { console.log(what + ": " + f()); } catch (e) { console.log(what + ": " + e.name); } };
		tried("at the bound", () => new WebAssembly.Memory({ initial: 256 }).buffer.byteLength);
		tried("beyond it", () => new WebAssembly.Memory({ initial: 257 }).buffer.byteLength);
		const memory = new WebAssembly.Memory({ initial: 255 });
		tried("growing to it", () => memory.grow(1));
		tried("growing beyond", () => memory.grow(1));
		tried("afterwards", () => memory.buffer.byteLength);`)
	for _, line := range []string{"at the bound: 16777216", "beyond it: RangeError", "growing to it: 255", "growing beyond: RangeError", "afterwards: 16777216"} {
		w.says(t, line)
	}
	for name, code := range map[string]string{
		"many":  `for (;;) keep.push(new WebAssembly.Memory({ initial: 256 }));`,
		"grown": `for (;;) { const m = new WebAssembly.Memory({ initial: 1 }); m.grow(200); keep.push(m); }`,
	} {
		t.Run(name, func(t *testing.T) { exhausts(t, p, `const keep = []; `+code) })
	}
}

// TestIntlIsCountedBesideCompilers is about code that is interrupted at other
// places than without them.
func TestIntlIsCountedBesideCompilers(t *testing.T) {
	t.Parallel()
	p := pool(t, executable(t, supervisor.Executable{Sandbox: sandbox.Require, JIT: true, Memory: 1 << 30, Threads: 4}))
	w := load(t, p, 1, limits, `let last; for (let i = 0; i < 10_000; i++) last = new Intl.DateTimeFormat("de", { dateStyle: "full" }); console.log("fine");`)
	w.says(t, "fine")
	exhausts(t, p, `const keep = []; for (let i = 0; i < 100_000; i++) keep.push(new Intl.DateTimeFormat("de", { dateStyle: "full" }));`)
}

// exhausts fails the test when the script does not end for its memory.
func exhausts(t *testing.T, p *supervisor.Pool, source string) {
	t.Helper()
	w := load(t, p, 2, limits, source)
	select {
	case lost := <-w.lost:
		if lost == nil || !strings.Contains(lost.Error(), "the script used more than its 128 MiB of memory") {
			t.Errorf("got %v", lost)
		}
	case f := <-w.settled:
		t.Errorf("it ended with %+v", f)
	case <-time.After(patience):
		t.Fatal("the script lives on")
	}
}
