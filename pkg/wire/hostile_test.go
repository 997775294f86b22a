package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// bombs are documents that are small on the wire and large, or endless, for a
// decoder that believes them.
var bombs = map[string]string{
	"2^64 elements":        "\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
	"2^32 elements":        "\x9a\xff\xff\xff\xff",
	"65,537 elements":      "\x9a\x00\x01\x00\x01" + strings.Repeat("\x00", 65537),
	"2^64 bytes":           "\x85\x01\x01\x00\x00\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
	"2^63 bytes of text":   "\x82\x01\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
	"4 GiB of text":        "\x82\x01\x7a\xff\xff\xff\xff",
	"endless array":        "\x9f\x01\x60\xff",
	"endless map":          "\xbf\x01\x60\xff",
	"endless bytes":        "\x85\x01\x01\x00\x00\x5f\x41\x00\xff",
	"endless text":         "\x82\x01\x7f\x61a\xff",
	"deep arrays":          strings.Repeat("\x81", 1<<20),
	"deep maps":            strings.Repeat("\xa1\x00", 1<<19),
	"deep tags":            strings.Repeat("\xc1", 1<<20),
	"a bignum":             "\x82\xc2\x5a\x00\x10\x00\x00" + strings.Repeat("\xff", 1<<20) + "\x60",
	"duplicate keys":       "\xa2\x68Instance\x01\x68Instance\x02",
	"many keys":            "\xb1" + strings.Repeat("\x61a\x01", 17),
	"text that is no text": "\x82\x01\x62\xff\xfe",
	"half a document":      "\x82\x01",
	"a second document":    "\x82\x01\x60\x00",
	"a break alone":        "\xff",
	"a reserved length":    "\x9c",
}

// TestBombsAreRefused decodes each bomb as each kind of frame, in little memory.
func TestBombsAreRefused(t *testing.T) { //nolint:paralleltest // It measures memory.
	for name, body := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for kind := range byte(64) {
			if v, err := wire.Decode(append([]byte{kind}, body...)); err == nil {
				t.Errorf("%s: type %d takes it: %+v", name, kind, v)
			}
		}
		runtime.ReadMemStats(&after)
		// This test copies the body itself.
		if used := after.TotalAlloc - before.TotalAlloc; used > 64*uint64(len(body))+64<<20 {
			t.Errorf("%s: decoding took %d bytes", name, used)
		}
	}
}

// TestAStalledFrameEndsWithItsConnection waits in the middle of a frame.
func TestAStalledFrameEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	c := wire.NewConn(a)
	got := make(chan error, 1)
	go func() {
		_, err := c.Recv()
		got <- err
	}()
	if _, err := b.Write([]byte{100, 0, 0, 0, 19, 0x83}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err == nil {
		t.Fatal("half a frame was received")
	}
	_ = b.Close()
}

// FuzzRecv reads a stream that may be anything to its end.
func FuzzRecv(f *testing.F) {
	stream := func(kind byte, body string) []byte {
		out := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+1)) //nolint:gosec // Short.
		return append(append(out, kind), body...)
	}
	for _, body := range bombs {
		if len(body) < 1<<10 {
			f.Add(stream(18, body))
			f.Add(append(stream(19, "\x83\x01\x02\x61x"), stream(20, body)...))
		}
	}
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x00"))
	f.Add([]byte("\x09\x00\x00\x00\x13"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := wire.NewConn(both{bytes.NewReader(b)})
		defer func() { _ = c.Close() }()
		// Each frame takes five bytes at least.
		for range len(b)/5 + 1 {
			v, err := c.Recv()
			if err != nil {
				return
			}
			if v == nil {
				t.Fatal("a frame that is nothing")
			}
		}
		if _, err := c.Recv(); err == nil || errors.Is(err, wire.ErrClosed) {
			t.Fatalf("more frames than the bytes can hold: %v", err)
		}
	})
}

// both is a stream whose other end takes everything.
type both struct{ *bytes.Reader }

func (both) Write(b []byte) (int, error) { return len(b), nil }
func (both) Close() error                { return nil }
