package v8

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// A snapshot as it goes from process to process is V8's part and the source,
// with the length of either before both. V8 wants its part to begin at a
// multiple of eight.
const snapshotHeader = 16

// Snapshot evaluates source, which must be ASCII, in a fresh context and gives
// the start-up snapshot.
func Snapshot(source string) ([]byte, error) {
	if i := slices.IndexFunc([]byte(source), func(c byte) bool { return c >= utf8.RuneSelf }); i >= 0 {
		return nil, fmt.Errorf("evaluate the snapshot's source: its byte %d is beyond ASCII; escape it", i)
	}
	text, length := C.CString(source), C.size_t(len(source))
	b := C.flora_snapshot(C.flora_source(text, length))
	if b.err != nil {
		defer C.free(unsafe.Pointer(b.err))
		return nil, fmt.Errorf("evaluate the snapshot's source: %w", &Exception{C.GoString(b.err)})
	}
	out := make([]byte, 0, snapshotHeader+int(b.len)+len(source))
	out = binary.LittleEndian.AppendUint64(out, uint64(b.len))
	out = binary.LittleEndian.AppendUint64(out, uint64(length))
	out = append(out, unsafe.Slice((*byte)(unsafe.Pointer(b.data)), b.len)...)
	return append(out, source...), nil
}

// Blob is a snapshot in memory that C may keep pointers to.
type Blob struct {
	data   unsafe.Pointer // V8's part,
	size   int
	source *C.FloraSource // and the text that all its isolates read.
}

// NewBlob copies b to memory that lives as long as the process.
func NewBlob(b []byte) (*Blob, error) {
	return MappedBlob(unsafe.Slice((*byte)(C.CBytes(b)), len(b)))
}

// MappedBlob takes memory that the caller mapped and never unmaps.
func MappedBlob(b []byte) (*Blob, error) {
	if len(b) < snapshotHeader {
		return nil, errors.New("a snapshot begins with its lengths, this one is shorter")
	}
	size, length := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	rest := b[snapshotHeader:]
	if size == 0 || size > math.MaxInt32 || length == 0 || size > uint64(len(rest)) || length != uint64(len(rest))-size {
		return nil, fmt.Errorf("a snapshot of %d and %d bytes does not fit into %d", size, length, len(rest))
	}
	return &Blob{
		data: unsafe.Pointer(unsafe.SliceData(rest)), size: int(size),
		source: C.flora_source((*C.char)(unsafe.Pointer(&rest[size])), C.size_t(length)),
	}, nil
}
