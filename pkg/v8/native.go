package v8

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// floraNative is where every native call of every isolate arrives.
//
//export floraNative
func floraNative(handle C.uintptr_t, index C.int, context, a, b C.double, text *C.char, size C.size_t, raw *C.char, rawSize C.size_t, out *C.FloraResult) {
	cfg := cgo.Handle(handle).Value().(*Config) //nolint:forcetypeassert // New put it there.
	cfg.Call(int(index), float64(context), float64(a), float64(b), bytesAt(text, size), bytesAt(raw, rawSize)).give(out)
}

func bytesAt(p *C.char, size C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(size))
}

// floraTooLong is where those arrive whose text has too many characters, or
// whose bytes are too many.
//
//export floraTooLong
func floraTooLong(handle C.uintptr_t, index C.int, characters C.size_t, out *C.FloraResult) {
	cfg := cgo.Handle(handle).Value().(*Config) //nolint:forcetypeassert // New put it there.
	cfg.TooLong(int(index), int(characters)).give(out)
}

func (r Result) give(out *C.FloraResult) {
	out.kind = r.kind
	out.number = C.double(r.number)
	if r.kind >= C.FLORA_STRING {
		out.text = C.CString(r.text)
		out.len = C.size_t(len(r.text))
	}
}
