package egress

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

// chunk is how much of a body is read and paid for at a time.
const chunk = 32 << 10

const (
	// maxWindow bounds the memory of a zstd decoder; RFC 9659 asks for 8 MiB.
	maxWindow = 8 << 20
	minWindow = 1 << 20
)

// windowBytes is what all decompressions of a guild may look back to: by default
// as much as 16 responses in brotli's usual form, and one of any form at least.
func (l Limits) windowBytes() int64 { return max(2*l.HeldBytes, 16<<20) }

// metered counts bytes as they come.
type metered struct {
	from io.Reader
	paid func(n int) error
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if n > 0 {
		if err := m.paid(n); err != nil {
			return 0, err
		}
	}
	return n, err
}

// pay takes bytes from what the guild may move, or waits until it may.
func (c *Client) pay(ctx context.Context, e *exchange, n int) error {
	wait, ok := e.guild.spend(time.Now(), n, c.cfg.Limits, e.patience)
	if !ok {
		return overLimit()
	}
	clock.Sleep(ctx, clock.Real, wait)
	return ctx.Err()
}

// body is what of the response is for the script: paid for, and decompressed.
func (c *Client) body(e *exchange) (io.Reader, func(), error) {
	network := &metered{e.raw.Body, func(n int) error {
		c.cfg.Moved(0, n)
		return c.pay(e.ctx, e, n)
	}}
	w := &windows{hold: func(n int64) bool { return e.guild.widen(n, c.cfg.Limits.windowBytes()) }}
	body, closeAll, err := decoded(network, e.raw.Header.Values("Content-Encoding"), w, func(from io.Reader) io.Reader {
		return &metered{from, func(n int) error { return c.pay(e.ctx, e, n) }}
	})
	return body, func() { closeAll(); e.guild.narrow(w.held) }, err
}

// read takes the body, decompressed, up to its limit. What is held is given
// back when the caller has the bytes: they are its own from then on.
func (c *Client) read(e *exchange) ([]byte, error) {
	if e.raw.ContentLength > e.most && e.raw.Header.Get("Content-Encoding") == "" {
		return nil, tooLarge(e.most)
	}
	body, closeAll, err := c.body(e)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	var out bytes.Buffer
	held := int64(0)
	defer func() { e.guild.release(held) }()
	for {
		if !e.guild.hold(chunk, c.cfg.Limits.HeldBytes) {
			return nil, crowded()
		}
		held += chunk
		_, err := io.CopyN(&out, body, chunk)
		if int64(out.Len()) > e.most {
			return nil, tooLarge(e.most)
		}
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func crowded() *Failure {
	return failure(OverLimit, "EBUDGET", "too many large responses come in at once; fetch fewer at a time")
}

func tooLarge(most int64) *Failure {
	return failure(TooLarge, "EBODY", "the response's body has more than "+strconv.FormatInt(most, 10)+" bytes")
}

// windows are what decompressions look back to: memory that a server asks for
// with a few bytes.
type windows struct {
	hold func(n int64) bool
	held int64
}

func (w *windows) take(n int64) error {
	if !w.hold(n) {
		return crowded()
	}
	w.held += n
	return nil
}

// brotliWindow is the window that a stream's first byte asks for (RFC 7932, 9.1).
func brotliWindow(first byte) int64 {
	switch {
	case first&1 == 0:
		return 1 << 16
	case first>>1&7 != 0:
		return 1 << (17 + first>>1&7)
	case first>>4&7 > 1:
		return 1 << (8 + first>>4&7)
	}
	return 1 << 17
}

// zstdWindow is the window of the first frame; later ones may have no larger
// one.
func zstdWindow(head []byte) uint64 {
	var h zstd.Header
	if h.Decode(head) != nil || h.Skippable {
		return maxWindow
	}
	size := h.WindowSize
	if h.SingleSegment {
		size = h.FrameContentSize
	}
	return min(max(size, minWindow), maxWindow)
}

// decoded undoes the compressions that the header names, the last one first. A
// little on the network may be much here, in the worker or on the way between
// two of them, so what each gives is metered like what comes.
func decoded(from io.Reader, header []string, w *windows, meter func(io.Reader) io.Reader) (io.Reader, func(), error) {
	body := from
	var closers []func()
	closeAll := func() {
		for _, f := range closers {
			f()
		}
	}
	codings := strings.Split(strings.ToLower(strings.Join(header, ",")), ",")
	if len(codings) > maxCodings {
		return nil, nil, failure(Invalid, "EDECODE", "the response is compressed more than "+strconv.Itoa(maxCodings)+" times over")
	}
	for i := len(codings) - 1; i >= 0; i-- {
		coding := strings.TrimSpace(codings[i])
		if coding == "" || coding == "identity" {
			continue
		}
		in := &tally{from: body}
		next, stop := decoder(coding, in, w)
		if next == nil {
			closeAll()
			// As the standard has it, what is not known is given as it came.
			return body, func() {}, nil
		}
		closers = append(closers, stop)
		body = meter(&bounded{from: &decompressed{next}, in: in})
	}
	return body, closeAll, nil
}

// What is a bomb: more than so many bytes that are so many times those they
// came from.
const (
	bombBytes = 16 << 20
	bombRatio = 200
)

// tally counts what is read of it.
type tally struct {
	from io.Reader
	n    int64
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded ends a decompression that makes too much of too little.
type bounded struct {
	from io.Reader
	in   *tally
	out  int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.out += int64(n); b.out > bombBytes && b.out/bombRatio > b.in.n {
		return 0, failure(TooLarge, "EDECODE", "the response's body decompresses to more than "+strconv.Itoa(bombRatio)+" times its size")
	}
	return n, err
}

// decompressed names errors of the data.
type decompressed struct{ from io.Reader }

func (d *decompressed) Read(p []byte) (int, error) {
	n, err := d.from.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if _, told := errors.AsType[*Failure](err); told || isNetwork(err) {
		return n, err
	}
	f := failure(Invalid, "EDECODE", "the response's body does not decompress")
	f.cause = err
	return n, f
}

// lazy makes a decoder when the first byte is read: a body that is empty in
// spite of its header is none to decompress.
type lazy struct {
	from *bufio.Reader
	make func(*bufio.Reader) (io.Reader, error)
	to   io.Reader
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.to == nil {
		if _, err := l.from.Peek(1); err != nil {
			return 0, err
		}
		to, err := l.make(l.from)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		l.to = to
	}
	return l.to.Read(p)
}

// decoder undoes one compression; nil is one that is not known.
func decoder(coding string, from io.Reader, w *windows) (io.Reader, func()) {
	stop := func() {}
	l := &lazy{from: bufio.NewReader(from)}
	switch coding {
	case "gzip", "x-gzip":
		l.make = func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case "deflate":
		l.make = inflate
	case "br":
		l.make = func(r *bufio.Reader) (io.Reader, error) {
			first, err := r.Peek(1)
			if err == nil {
				err = w.take(brotliWindow(first[0]))
			}
			return brotli.NewReader(r), err
		}
	case "zstd":
		var d *zstd.Decoder
		l.make = func(r *bufio.Reader) (_ io.Reader, err error) {
			// What has come has the header in it, or the most is taken.
			head, _ := r.Peek(min(r.Buffered(), zstd.HeaderMaxSize))
			window := zstdWindow(head)
			if err := w.take(int64(window)); err != nil { //nolint:gosec // At most maxWindow.
				return nil, err
			}
			d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
			return d, err
		}
		stop = func() {
			if d != nil {
				d.Close()
			}
		}
	default:
		return nil, stop
	}
	return l, stop
}

// inflate takes zlib's form, and what some servers send instead: none.
func inflate(r *bufio.Reader) (io.Reader, error) {
	if head, err := r.Peek(2); err == nil && head[0]&0x0f == 8 && (int(head[0])<<8+int(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}
