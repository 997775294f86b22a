package discord

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

const (
	// maxMessage is the largest gateway payload, unpacked: a guild with all its
	// channels takes a few megabytes.
	maxMessage = 64 << 20
	// window is how far back deflate refers.
	window = 32 << 10
	// keepBuffer is the largest buffer that is kept for the next message.
	keepBuffer = 1 << 20
)

var (
	errTooLarge = errors.New("the gateway sent a payload that is too large")
	errStream   = errors.New("the gateway's compressed stream is broken")
	syncFlush   = []byte{0, 0, 0xff, 0xff}
)

// inflater unpacks Discord's zlib-stream: one deflate stream over the whole
// connection, in which every payload ends with a sync flush. Only the reader
// uses it.
type inflater struct {
	limit   int    // Of a payload, packed or not.
	packed  []byte // A payload whose end has not come yet.
	src     bytes.Reader
	stream  io.ReadCloser
	started bool
	out     []byte
	// recent is the end of what was unpacked so far, at least window bytes when
	// there were that many.
	recent []byte
}

// add takes one WebSocket message and gives the payload that it completes, or
// nil. The payload is valid until the next call.
func (f *inflater) add(message []byte) ([]byte, error) {
	if len(f.packed) > 0 || !bytes.HasSuffix(message, syncFlush) {
		if len(f.packed)+len(message) > f.limit {
			return nil, errTooLarge
		}
		f.packed = append(f.packed, message...)
		if !bytes.HasSuffix(message, syncFlush) && !bytes.HasSuffix(f.packed, syncFlush) {
			return nil, nil
		}
		message = f.packed
	}
	if !f.started {
		if len(message) < 2 || message[0]&0x0f != 8 || (int(message[0])<<8|int(message[1]))%31 != 0 || message[1]&0x20 != 0 {
			return nil, errStream
		}
		message = message[2:]
	}
	out, err := f.unpack(message)
	f.packed = f.packed[:0]
	if cap(f.packed) > keepBuffer {
		f.packed = nil
	}
	return out, err
}

func (f *inflater) unpack(message []byte) ([]byte, error) {
	f.src.Reset(message)
	if !f.started {
		f.started = true
		f.stream = flate.NewReader(&f.src)
	}
	if cap(f.out) > keepBuffer {
		f.out = nil
	}
	f.out = f.out[:0]
	for {
		if len(f.out) == cap(f.out) {
			f.out = append(f.out, 0)[:len(f.out)]
		}
		n, err := f.stream.Read(f.out[len(f.out):cap(f.out)])
		f.out = f.out[:len(f.out)+n]
		if len(f.out) > f.limit {
			return nil, errTooLarge
		}
		if err != nil {
			return f.resume(err)
		}
		// The flush ends the input, and a short read ends the output.
		if f.src.Len() == 0 && len(f.out) < cap(f.out) {
			f.remember()
			return f.out, nil
		}
	}
}

// resume goes on after the unpacker ran out of input, which it takes for an
// error for good: it does when the flush had nothing left to put out. The
// payload is whole then, and the stream is between two blocks.
func (f *inflater) resume(err error) ([]byte, error) {
	if !errors.Is(err, io.ErrUnexpectedEOF) || f.src.Len() > 0 {
		return nil, fmt.Errorf("%w: %w", errStream, err)
	}
	f.remember()
	r, ok := f.stream.(flate.Resetter)
	if !ok {
		return nil, errStream
	}
	if err := r.Reset(&f.src, f.recent[max(0, len(f.recent)-window):]); err != nil {
		return nil, fmt.Errorf("%w: %w", errStream, err)
	}
	return f.out, nil
}

// remember keeps the end of the output for resume.
func (f *inflater) remember() {
	if len(f.out) >= window {
		f.recent = append(f.recent[:0], f.out[len(f.out)-window:]...)
		return
	}
	if len(f.recent)+len(f.out) > 4*window {
		keep := copy(f.recent, f.recent[len(f.recent)-window:])
		f.recent = f.recent[:keep]
	}
	f.recent = append(f.recent, f.out...)
}
