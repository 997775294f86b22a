package v8

// #cgo CXXFLAGS: -fno-rtti -fPIC -std=c++20 -Wall -Wno-attributes -fno-strict-aliasing -I${SRCDIR}/include
// #cgo CXXFLAGS: -DV8_COMPRESS_POINTERS -DV8_31BIT_SMIS_ON_64BIT_ARCH -DV8_ENABLE_SANDBOX
// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"rogchap.com/v8go"
)

// Errors of a turn.
var (
	ErrTerminated  = errors.New("stopped at its CPU limit")
	ErrOutOfMemory = errors.New("out of memory")
	// ErrNoRoom is a turn that did not begin: the isolate has no room for its bytes.
	ErrNoRoom = errors.New("no room for the bytes")
)

// Terminated is an ErrTerminated that knows whose code was stopped.
type Terminated struct{ Context float64 }

// Error is ErrTerminated's text.
func (*Terminated) Error() string { return ErrTerminated.Error() }

// Unwrap gives ErrTerminated.
func (*Terminated) Unwrap() error { return ErrTerminated }

// OutOfMemory is an ErrOutOfMemory that knows what the memory was used for.
type OutOfMemory struct{ Heap, Buffers, Native int64 }

// Error is ErrOutOfMemory's text.
func (*OutOfMemory) Error() string { return ErrOutOfMemory.Error() }

// Unwrap gives ErrOutOfMemory.
func (*OutOfMemory) Unwrap() error { return ErrOutOfMemory }

// Exception is a JavaScript error that came out of an entry into V8, as text
// with a position or stack.
type Exception struct{ Text string }

// Error is the exception's text.
func (e *Exception) Error() string { return e.Text }

var initialize sync.Once

// Init starts V8 once per process. jit off is V8's --jitless, which removes the
// compilers and WebAssembly. The first call decides.
func Init(jit bool) {
	initialize.Do(func() {
		// Base64 in native code is for the SDK, which hides it from scripts.
		// 256 pages are 16 MiB of one WebAssembly memory.
		flags := []string{"--no-freeze-flags-after-init", "--single-threaded-gc", "--wasm-max-mem-pages=256", "--js-base-64"}
		if !jit {
			// The count, which compilers have no use for here, says after how many
			// rounds a loop looks whether it is to be interrupted.
			flags = append(flags, "--jitless", "--invocation-count-for-turbofan=500")
		}
		v8go.SetFlags(flags...)
		C.flora_entropy()
		// The only way to have v8go start V8's platform.
		v8go.NewIsolate().Dispose()
		C.flora_crash()
	})
}

// Result is what a native answers to JavaScript. The zero value is undefined.
type Result struct {
	kind   C.int
	number float64
	text   string
}

// Number answers a number.
func Number(n float64) Result { return Result{kind: C.FLORA_NUMBER, number: n} }

// String answers a string.
func String(s string) Result { return Result{kind: C.FLORA_STRING, text: s} }

// TypeError throws a TypeError.
func TypeError(format string, args ...any) Result {
	return Result{kind: C.FLORA_TYPE_ERROR, text: fmt.Sprintf(format, args...)}
}

// RangeError throws a RangeError.
func RangeError(format string, args ...any) Result {
	return Result{kind: C.FLORA_RANGE_ERROR, text: fmt.Sprintf(format, args...)}
}

// Error throws an Error.
func Error(format string, args ...any) Result {
	return Result{kind: C.FLORA_ERROR, text: fmt.Sprintf(format, args...)}
}

// Version is V8's version.
func Version() string { return C.GoString(C.flora_version()) }

// Native is called by scripts with two numbers, a text and bytes. context is the
// number the running turn was entered with, carried across awaits. The text and
// the bytes are only valid during the call, and not to be written to.
type Native func(index int, context, a, b float64, text, raw []byte) Result

// Config makes an isolate.
type Config struct {
	Blob        *Blob
	MemoryLimit int64    // Bytes of JavaScript heap and of array buffers, together.
	Natives     []string // Names; their order gives the index.
	Info        string   // Second argument of __floraBoot.
	Call        Native
	// TextLimit is how many characters a native's text may have, and how many
	// bytes; TooLong answers a call with more, of which nothing is even copied. 0 is no limit.
	TextLimit int
	TooLong   func(index, characters int) Result
	Marks     Marks
}

// Marks are words that the engine writes, if they are there. They may lie in
// memory that outlives the process.
type Marks struct {
	// Turn is not 0 while a turn runs: the id of its thread in the low half, and
	// in the high half what tells it from other turns.
	Turn *atomic.Uint64
	// Verdict says, when the process dies by what a turn of this isolate did,
	// how: V8 gave up (1), the heap reached its limit (2), a signal (3), V8 did
	// not come back (4), or the process had no memory left (5).
	Verdict *atomic.Uint64
	// Held is how many bytes the isolate had at the end of its last turn.
	Held *atomic.Uint64
}

// Isolate is one V8 isolate with one context. One goroutine uses it at a time;
// Stop may come from any.
type Isolate struct {
	ptr    *C.FloraIsolate
	handle cgo.Handle
	pins   runtime.Pinner // The marks, when they lie in Go's memory.
	out    C.FloraOutcome // Of the latest turn.
}

// New makes an isolate from the blob and boots it.
func New(cfg Config) (*Isolate, error) {
	iso := &Isolate{}
	most := cfg.TextLimit
	if most == 0 || cfg.TooLong == nil {
		most = math.MaxInt
	}
	iso.handle = cgo.NewHandle(&cfg)
	iso.ptr = C.flora_new((*C.char)(cfg.Blob.data), C.int(cfg.Blob.size), cfg.Blob.source, C.size_t(cfg.MemoryLimit), C.size_t(most), C.uintptr_t(iso.handle))
	if iso.ptr == nil {
		iso.handle.Delete()
		return nil, errors.New("make an isolate: the snapshot does not fit this V8")
	}
	if m := cfg.Marks; m.Turn != nil && m.Verdict != nil && m.Held != nil {
		iso.pins.Pin(m.Turn)
		iso.pins.Pin(m.Verdict)
		iso.pins.Pin(m.Held)
		C.flora_mark(iso.ptr, (*C.uint64_t)(unsafe.Pointer(m.Turn)), (*C.uint64_t)(unsafe.Pointer(m.Verdict)), (*C.uint64_t)(unsafe.Pointer(m.Held)))
	}
	names := strings.Join(cfg.Natives, "\n")
	var failure *C.char
	if C.flora_boot(iso.ptr, chars(names), C.size_t(len(names)), chars(cfg.Info), C.size_t(len(cfg.Info)), &failure) != C.FLORA_OK {
		iso.Dispose()
		return nil, fmt.Errorf("boot an isolate: %w", exception(failure))
	}
	return iso, nil
}

// Load compiles and evaluates an ES module, then enters with kind, id and the
// promise of its evaluation.
func (i *Isolate) Load(name, source string, kind int, id float64, cpu time.Duration) error {
	code := C.flora_load(i.ptr, chars(name), C.size_t(len(name)), chars(source), C.size_t(len(source)), C.int(kind), C.double(id), C.int64_t(cpu), &i.out)
	return i.outcome(code)
}

// Turn enters JavaScript once and runs the microtasks to their end. context is
// what natives see, also after awaits.
func (i *Isolate) Turn(kind int, id, context float64, a, b string, cpu time.Duration) error {
	return i.TurnRaw(kind, id, context, a, b, nil, cpu)
}

// TurnRaw is Turn with bytes, which JavaScript gets as an Uint8Array of its own
// unless they are nil.
func (i *Isolate) TurnRaw(kind int, id, context float64, a, b string, raw []byte, cpu time.Duration) error {
	bytes := (*C.char)(unsafe.Pointer(unsafe.SliceData(raw)))
	code := C.flora_turn(i.ptr, C.int(kind), C.double(id), C.double(context), chars(a), C.size_t(len(a)), chars(b), C.size_t(len(b)), bytes, C.size_t(len(raw)), C.int64_t(cpu), &i.out)
	return i.outcome(code)
}

// Stop ends the running turn, if there is one, and every later one before it
// begins.
func (i *Isolate) Stop() { C.flora_stop(i.ptr) }

// Notes tell what the latest turn ran into without being stopped.
type Notes struct {
	Unkept  int  // Rejections without a handler that were too many to tell of.
	Refused bool // There was no memory for a buffer.
}

// Notes gives those of the latest turn.
func (i *Isolate) Notes() Notes { return Notes{int(i.out.unkept), i.out.refused != 0} }

// Stats are sizes in bytes.
type Stats struct{ HeapUsed, HeapLimit, ArrayBuffers, External, Native int64 }

// Stats reads the isolate's memory; not during a turn.
func (i *Isolate) Stats() Stats {
	var s C.FloraStats
	C.flora_stats(i.ptr, &s)
	return Stats{int64(s.heap_used), int64(s.heap_limit), int64(s.array_buffers), int64(s.external), int64(s.native)}
}

// Dispose frees the isolate; not during a turn.
func (i *Isolate) Dispose() {
	C.flora_dispose(i.ptr)
	i.pins.Unpin()
	i.handle.Delete()
}

// Watch terminates every turn that is over its CPU limit. It returns how many
// turns run, and whether one has used grace more CPU since it was told to stop.
func Watch(grace time.Duration) (running int, stuck bool) {
	var handle C.uintptr_t
	n := C.flora_watch(C.int64_t(grace), &handle)
	return int(n), handle != 0
}

func (i *Isolate) outcome(code C.int) error {
	switch code {
	case C.FLORA_OK:
		return nil
	case C.FLORA_TERMINATED:
		return &Terminated{float64(i.out.culprit)}
	case C.FLORA_NO_ROOM:
		return ErrNoRoom
	case C.FLORA_OUT_OF_MEMORY:
		return &OutOfMemory{int64(i.out.heap), int64(i.out.buffers), int64(i.out.native)}
	default:
		return exception(i.out.err)
	}
}

func exception(text *C.char) error {
	defer C.free(unsafe.Pointer(text))
	return &Exception{C.GoString(text)}
}

func chars(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }
