package v8_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// note runs the code as a handler and gives what it noted.
func (r *rig) note(t *testing.T, cpu time.Duration) (string, error) {
	t.Helper()
	r.calls = nil
	err := r.Turn(1, 1, 1, "e", "", cpu)
	return strings.Join(r.notes(), " "), err
}

func TestBuffersAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		code     string
		min, max int // Buffers that were had; the rest is the heap's.
	}{
		"many":         {`const keep = []; for (;;) { keep.push(new ArrayBuffer(1 << 20)); most = keep.length }`, 29, 31},
		"tiny ones":    {`const keep = []; for (;;) { keep.push(new ArrayBuffer(1)); most = keep.length >> 14 }`, 3, 7},
		"typed arrays": {`const keep = []; for (;;) { keep.push(new Float64Array(1 << 17)); most = keep.length }`, 29, 31},
		"huge":         {`new Uint8Array(2 ** 32)`, 0, 0},
		"huge, filled": {`new Uint8Array(2 ** 32).fill(1)`, 0, 0},
		"copies":       {`const a = new ArrayBuffer(1 << 20), keep = []; for (;;) { keep.push(a.slice()); most = keep.length }`, 28, 30},
		"transfer":     {`const a = new ArrayBuffer(1 << 20); a.transfer(2 ** 31)`, 0, 0},
		"transfers":    {`const keep = []; for (;;) { keep.push(new ArrayBuffer(8).transfer(1 << 20)); most = keep.length }`, 29, 31},
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, `handlers.e = () => { let most = 0; try { `+row.code+` } catch (e) { natives.note(0, 0, e.name + " " + most); } }
				handlers.again = () => { new Uint8Array(10 << 20).fill(1); natives.note(0, 0, "fine"); }`)
			got, err := r.note(t, time.Minute)
			var had int
			if _, bad := fmt.Sscanf(got, "RangeError %d", &had); err != nil || bad != nil || had < row.min || had > row.max {
				t.Fatalf("got %q, %v, want a RangeError after %d to %d", got, err, row.min, row.max)
			}
			// What no address space can hold nobody has to refuse.
			if !r.Notes().Refused && !strings.Contains(row.code, "2 **") {
				t.Error("nobody is told of the refusal")
			}
			// What the script let go of is collected and counts no more.
			if err := r.Turn(1, 1, 1, "again", "", time.Minute); err != nil || r.notes()[len(r.notes())-1] != "fine" {
				t.Fatalf("the isolate is not usable: %v", err)
			}
			if r.Notes().Refused {
				t.Error("a refusal is told twice")
			}
		})
	}
}

func TestHeapAndBuffersShareTheLimit(t *testing.T) {
	for name, row := range map[string]struct {
		code             string
		heap, buffers    int64
		stopped, refused bool
	}{
		"heap beside buffers":        {`keep.push(new Uint8Array(20 << 20)); for (;;) keep.push([1, 2, 3, 4, 5, 6, 7, 8])`, 8 << 20, 20 << 20, true, false},
		"strings beside buffers":     {`keep.push(new Uint8Array(20 << 20)); for (let i = 0; ; i++) keep.push(("" + i).padEnd(1000, "x").toUpperCase())`, 8 << 20, 20 << 20, true, false},
		"buffers beside a heap":      {`for (let i = 0; i < 300_000; i++) keep.push([i, i, i, i]); gcNow(); keep.push(new Uint8Array(20 << 20))`, 0, 0, false, true},
		"garbage beside buffers":     {`keep.push(new Uint8Array(20 << 20)); for (let i = 0; i < 2_000_000; i++) keep[1] = [i, i, i, i, i, i]`, 0, 0, false, false},
		"big garbage beside buffers": {`keep.push(new Uint8Array(10 << 20)); for (let i = 0; i < 100; i++) keep[1] = new Array(1_000_000).fill(i)`, 0, 0, false, false},
		"buffers that go":            {`for (let i = 0; i < 1000; i++) new Uint8Array(16 << 20)`, 0, 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, `const keep = [], gcNow = () => { for (let i = 0; i < 300; i++) new Array(20_000).fill(i); }; handlers.e = () => { `+row.code+` }`)
			err := r.Turn(1, 1, 1, "e", "", time.Minute)
			oom, stopped := errors.AsType[*v8.OutOfMemory](err)
			if stopped != row.stopped || stopped && (oom.Heap < row.heap || oom.Buffers < row.buffers || oom.Heap+oom.Buffers > 64<<20) {
				t.Fatalf("got %v %+v", err, oom)
			}
			if n := r.Notes(); n.Refused != row.refused && name != "buffers that go" {
				t.Errorf("got %+v (%v)", n, err)
			}
		})
	}
}
