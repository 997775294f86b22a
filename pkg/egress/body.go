package egress

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// chunk is how much of a body is read and paid for at a time.
const chunk = 32 << 10

// maxWindow bounds the memory of a zstd decoder; RFC 9659 asks for 8 MiB.
const maxWindow = 8 << 20

// metered counts bytes as they come from the network.
type metered struct {
	from   io.Reader
	guild  *guild
	limits Limits
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if n > 0 && !m.guild.spend(time.Now(), n, m.limits) {
		return 0, overLimit()
	}
	return n, err
}

// read takes the body, decompressed, up to its limit. What is held is given
// back when the caller has the bytes: they are its own from then on.
func (c *Client) read(g *guild, res *http.Response, most int64) ([]byte, error) {
	if res.ContentLength > most && res.Header.Get("Content-Encoding") == "" {
		return nil, tooLarge(most)
	}
	body, closeAll, err := decoded(res.Body, res.Header.Values("Content-Encoding"), func(from io.Reader) io.Reader {
		return &metered{from, g, c.cfg.Limits}
	})
	if err != nil {
		return nil, err
	}
	defer closeAll()
	var out bytes.Buffer
	held := int64(0)
	defer func() { g.release(held) }()
	for {
		if !g.hold(chunk, c.cfg.Limits.HeldBytes) {
			return nil, failure(OverLimit, "EBUDGET", "too many large responses come in at once; fetch fewer at a time")
		}
		held += chunk
		_, err := io.CopyN(&out, body, chunk)
		if int64(out.Len()) > most {
			return nil, tooLarge(most)
		}
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func tooLarge(most int64) *Failure {
	return failure(TooLarge, "EBODY", "the response's body has more than "+strconv.FormatInt(most, 10)+" bytes")
}

// decoded undoes the compressions that the header names, the last one first. A
// little on the network may be much here, in the worker or on the way between
// two of them, so what each gives is metered like what comes.
func decoded(from io.Reader, header []string, meter func(io.Reader) io.Reader) (io.Reader, func(), error) {
	body := meter(from)
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
		next, stop := decoder(coding, body)
		if next == nil {
			closeAll()
			// As the standard has it, what is not known is given as it came.
			return body, func() {}, nil
		}
		closers = append(closers, stop)
		body = meter(&decompressed{next})
	}
	return body, closeAll, nil
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
func decoder(coding string, from io.Reader) (io.Reader, func()) {
	stop := func() {}
	l := &lazy{from: bufio.NewReader(from)}
	switch coding {
	case "gzip", "x-gzip":
		l.make = func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case "deflate":
		l.make = inflate
	case "br":
		l.make = func(r *bufio.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }
	case "zstd":
		var d *zstd.Decoder
		l.make = func(r *bufio.Reader) (_ io.Reader, err error) {
			d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
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
