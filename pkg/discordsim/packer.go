package discordsim

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/klauspost/compress/zlib"
)

// The frames that are written: WebSocket opcodes with the final bit.
const (
	frameText   = 0x81
	frameBinary = 0x82
	frameClose  = 0x88
)

// packer turns payloads into WebSocket frames, compressed when asked for. Only
// the writer uses it.
type packer struct {
	buf     []byte
	scratch []byte
	stream  *zlib.Writer
	packed  appender
	// each compresses big payloads one by one; IDENTIFY asks for it.
	each atomic.Bool
}

// appender is an io.Writer onto a slice.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) { a.b = append(a.b, p...); return len(p), nil }

func newPacker(stream bool) *packer {
	p := &packer{}
	if stream {
		p.stream, _ = zlib.NewWriterLevel(&p.packed, zlib.BestSpeed) // The level is valid.
	}
	return p
}

func (p *packer) appendEvent(e *event, seq int64) {
	p.scratch = e.appendFrame(p.scratch[:0], seq)
	p.appendPayload(p.scratch)
}

func (p *packer) appendPayload(payload []byte) {
	if p.stream == nil {
		kind := byte(frameText)
		if len(payload) >= compressFrom && p.each.Load() {
			kind, payload = frameBinary, compressOne(payload)
		}
		p.appendHeader(kind, len(payload))
		p.buf = append(p.buf, payload...)
		return
	}
	p.packed.b = p.packed.b[:0]
	_, _ = p.stream.Write(payload) // An appender does not fail.
	_ = p.stream.Flush()
	p.appendHeader(frameBinary, len(p.packed.b))
	p.buf = append(p.buf, p.packed.b...)
}

// compressFrom is the size from which "compress": true compresses a payload.
const compressFrom = 1024

// compressOne is a payload as "compress": true of IDENTIFY wants it.
func compressOne(payload []byte) []byte {
	var a appender
	w := zlib.NewWriter(&a)
	_, _ = w.Write(payload) // An appender does not fail.
	_ = w.Close()
	return a.b
}

func (p *packer) appendClose(code int, reason string) {
	body := binary.BigEndian.AppendUint16(nil, uint16(code)) //nolint:gosec // Close codes fit.
	body = append(body, reason...)
	p.appendHeader(frameClose, len(body))
	p.buf = append(p.buf, body...)
}

func (p *packer) appendHeader(kind byte, n int) {
	switch {
	case n < 126:
		p.buf = append(p.buf, kind, byte(n)) //nolint:gosec // Below 126.
	case n < 1<<16:
		p.buf = append(p.buf, kind, 126, byte(n>>8), byte(n)) //nolint:gosec // Two bytes hold it.
	default:
		p.buf = append(p.buf, kind, 127)
		p.buf = binary.BigEndian.AppendUint64(p.buf, uint64(n)) //nolint:gosec // A length.
	}
}
