package platform

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"

	kflate "github.com/klauspost/compress/flate"
)

// MaxCodecs is how many compressions and decompressions one script may have
// begun; the one that was left alone longest makes room for the next.
const MaxCodecs = 64

const (
	codecBlock  = 32 << 10 // So much is compressed together.
	codecWindow = 8 << 10  // What the compressor looks back to between blocks.
	codecChunk  = 64 << 10 // At most so much comes out of one call.
)

var (
	errCodec    = errors.New("the data is not valid in this format")
	errTrailing = errors.New("there is data after the end of what was compressed")
	errIdle     = fmt.Errorf("the stream was left alone while %d others were used, and was ended", MaxCodecs)
	errFormat   = errors.New("there is no such format")
)

// Codecs are the compressions and decompressions of one script. The zero value
// is ready; Close ends what is left.
type Codecs struct {
	open map[uint64]*entry
	last uint64
	uses uint64
}

type entry struct {
	codec
	used uint64
}

// codec takes bytes and gives bytes. more says that it has more to give before
// it takes the next.
type codec interface {
	run(in []byte, end bool) (out []byte, more bool, err error)
	close()
}

// Open begins a compression, or a decompression, of "gzip", "deflate" or
// "deflate-raw", and gives its number.
func (c *Codecs) Open(format string, decompress bool) (uint64, error) {
	if format != "gzip" && format != "deflate" && format != "deflate-raw" {
		return 0, errFormat
	}
	if c.open == nil {
		c.open = map[uint64]*entry{}
	}
	if len(c.open) >= MaxCodecs {
		oldest := uint64(0)
		for id, e := range c.open {
			if oldest == 0 || e.used < c.open[oldest].used {
				oldest = id
			}
		}
		c.End(oldest)
	}
	var made codec
	if decompress {
		made = newDecompressor(format)
	} else {
		made = &compressor{format: format}
	}
	c.last++
	c.uses++
	c.open[c.last] = &entry{made, c.uses}
	return c.last, nil
}

// Run gives bytes, in base64, to a codec. It answers with "+" when there is more
// to come before the next bytes, else ".", and what came out, in base64.
func (c *Codecs) Run(id uint64, b64 []byte, end bool) (string, error) {
	e := c.open[id]
	if e == nil {
		return "", errIdle
	}
	in, err := base64.StdEncoding.AppendDecode(nil, b64)
	if err != nil {
		return "", errCodec
	}
	c.uses++
	e.used = c.uses
	out, more, err := e.run(in, end)
	if err != nil || end && !more {
		c.End(id)
	}
	if err != nil {
		return "", err
	}
	mark := "."
	if more {
		mark = "+"
	}
	return mark + base64.StdEncoding.EncodeToString(out), nil
}

// End ends a codec.
func (c *Codecs) End(id uint64) {
	if e := c.open[id]; e != nil {
		e.close()
		delete(c.open, id)
	}
}

// Close ends all.
func (c *Codecs) Close() {
	for id := range c.open {
		c.End(id)
	}
}

// compressor holds no more than a block and a window: the compressor of the
// library proper would take most of a megabyte for each stream.
type compressor struct {
	format string
	begun  bool
	input  []byte
	window []byte
	sum    hash.Hash32
	size   uint32
}

func (c *compressor) run(in []byte, end bool) ([]byte, bool, error) {
	var out bytes.Buffer
	if !c.begun {
		c.begun = true
		switch c.format {
		case "gzip":
			c.sum = crc32.NewIEEE()
			out.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
		case "deflate":
			c.sum = adler32.New()
			out.Write([]byte{0x78, 0x9c})
		}
	}
	if c.sum != nil {
		_, _ = c.sum.Write(in)
	}
	c.size += uint32(len(in)) //nolint:gosec // The format keeps it modulo 2^32.
	c.input = append(c.input, in...)
	if len(c.input) < codecBlock && !end {
		return out.Bytes(), false, nil
	}
	if err := kflate.StatelessDeflate(&out, c.input, end, c.window); err != nil {
		return nil, false, fmt.Errorf("compress: %w", err)
	}
	c.window = append(c.window, c.input...)
	c.window = bytes.Clone(c.window[max(0, len(c.window)-codecWindow):])
	c.input = c.input[:0]
	if cap(c.input) > 4*codecBlock {
		c.input = nil
	}
	if end {
		switch c.format {
		case "gzip":
			out.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, c.sum.Sum32()), c.size))
		case "deflate":
			out.Write(binary.BigEndian.AppendUint32(nil, c.sum.Sum32()))
		}
	}
	return out.Bytes(), false, nil
}

func (c *compressor) close() {}

// decompressor runs the library's reader, which pulls, in a goroutine that is
// only awake during run: run hands it bytes and waits for what comes of them.
type decompressor struct {
	in       []byte
	ended    bool
	feed     chan struct{} // run to the reader: go on. Closed by close.
	answer   chan step
	finished bool
}

// step is what the goroutine does before it waits again.
type step struct {
	out  []byte
	more bool // It was stopped by a full chunk, not by want of bytes.
	done bool
	err  error
}

func newDecompressor(format string) *decompressor {
	d := &decompressor{feed: make(chan struct{}), answer: make(chan step)}
	go d.loop(format)
	return d
}

func (d *decompressor) run(in []byte, end bool) ([]byte, bool, error) {
	d.in = append(d.in, in...)
	d.ended = d.ended || end
	if d.finished {
		if len(d.in) > 0 {
			return nil, false, errTrailing
		}
		return nil, false, nil
	}
	d.feed <- struct{}{}
	s := <-d.answer
	d.finished = s.done
	if s.err != nil {
		return nil, false, s.err
	}
	// What is behind the end fails after what came before it, in the next call.
	return s.out, s.more || (s.done && len(d.in) > 0), nil
}

// close ends the goroutine, which waits in one of the two places.
func (d *decompressor) close() { close(d.feed) }

func (d *decompressor) loop(format string) {
	var out []byte
	// wait hands over what there is and waits for more; false ends all.
	wait := func(s step) bool {
		s.out, out = out, nil
		d.answer <- s
		_, ok := <-d.feed
		return ok
	}
	if _, ok := <-d.feed; !ok {
		return
	}
	source := &starved{d: d, wait: func() bool { return wait(step{}) }}
	err := func() error {
		r, err := open(format, source)
		if err != nil {
			return err
		}
		for buf := make([]byte, codecChunk/2); ; {
			n, err := r.Read(buf)
			out = append(out, buf[:n]...)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if len(out) >= codecChunk/2 && !wait(step{more: true}) {
				return errClosed
			}
		}
	}()
	if errors.Is(err, errClosed) {
		return
	}
	if err != nil {
		err = errCodec
	}
	d.answer <- step{out: out, done: true, err: err}
}

var errClosed = errors.New("closed")

func open(format string, from *starved) (io.Reader, error) {
	switch format {
	case "gzip":
		r, err := gzip.NewReader(from)
		if err != nil {
			return nil, err
		}
		r.Multistream(false)
		return r, nil
	case "deflate":
		return zlib.NewReader(from)
	default:
		return flate.NewReader(from), nil
	}
}

// starved gives the bytes that have come, one by one if need be so that none
// is read beyond the end, and waits for more.
type starved struct {
	d    *decompressor
	wait func() bool
}

func (s *starved) Read(p []byte) (int, error) {
	for len(s.d.in) == 0 {
		if s.d.ended {
			return 0, io.EOF
		}
		if !s.wait() {
			return 0, errClosed
		}
	}
	n := copy(p, s.d.in)
	s.d.in = s.d.in[n:]
	return n, nil
}

func (s *starved) ReadByte() (byte, error) {
	var b [1]byte
	_, err := s.Read(b[:])
	return b[0], err
}
