package discord

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// deflater is the server's side of zlib-stream.
type deflater struct {
	buf bytes.Buffer
	w   *zlib.Writer
}

func newDeflater(t testing.TB, level int) *deflater {
	t.Helper()
	d := &deflater{}
	var err error
	if d.w, err = zlib.NewWriterLevel(&d.buf, level); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *deflater) pack(payload string) []byte {
	_, _ = d.w.Write([]byte(payload)) // A buffer does not fail.
	_ = d.w.Flush()
	out := bytes.Clone(d.buf.Bytes())
	d.buf.Reset()
	return out
}

// payloads vary in length, and some end where the unpacker's window does.
func payloads() []string {
	rnd := rand.New(rand.NewSource(1)) //nolint:gosec // Test data.
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = "abcdefghij{}:,\""[rnd.Intn(15)]
	}
	out := []string{"{}", strings.Repeat("x", window), strings.Repeat("y", window-2), "a", string(noise[:window]), string(noise[:window-1])}
	for n := range 300 {
		length := rnd.Intn(4000)
		if n%50 == 0 {
			length = rnd.Intn(150_000)
		}
		from := rnd.Intn(len(noise) - length)
		out = append(out, fmt.Sprintf(`{"n":%d,"x":%q}`, n, noise[from:from+length]))
	}
	return out
}

func TestInflate(t *testing.T) {
	t.Parallel()
	for _, level := range []int{zlib.NoCompression, zlib.BestSpeed, zlib.BestCompression, zlib.HuffmanOnly} {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) {
			t.Parallel()
			d, f := newDeflater(t, level), &inflater{limit: maxMessage}
			for n, want := range payloads() {
				packed := d.pack(want)
				cut := 0
				if n%7 == 0 {
					cut = len(packed) / 2
					if got, err := f.add(packed[:cut]); got != nil || err != nil {
						t.Fatalf("payload %d: half of it gives %d bytes, %v", n, len(got), err)
					}
				}
				got, err := f.add(packed[cut:])
				if err != nil || string(got) != want {
					t.Fatalf("payload %d of %d bytes: got %d bytes, %v", n, len(want), len(got), err)
				}
			}
		})
	}
}

func TestInflateGoesOnAfterAnEmptyFlush(t *testing.T) {
	t.Parallel()
	d, f := newDeflater(t, zlib.BestSpeed), &inflater{limit: maxMessage}
	if got, err := f.add(d.pack("first")); string(got) != "first" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	// A flush that puts nothing out: an empty stored block.
	for range 3 {
		if got, err := f.add([]byte{0, 0, 0, 0xff, 0xff}); len(got) != 0 || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		// It refers back to what came before the flush.
		if got, err := f.add(d.pack("first again first")); string(got) != "first again first" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func TestInflateRefuses(t *testing.T) {
	t.Parallel()
	d := newDeflater(t, zlib.BestSpeed)
	good := d.pack("hello")
	for name, message := range map[string][]byte{
		"no header":         append([]byte{1, 2}, good[2:]...),
		"a dictionary":      append([]byte{0x78, 0xbb}, good[2:]...),
		"a reserved block":  {0x78, 0x9c, 0x07, 0, 0, 0xff, 0xff},
		"too little":        {0, 0, 0xff, 0xff},
		"a reference back":  {0x78, 0x9c, 0x03, 0x02, 0, 0, 0xff, 0xff},
		"the stream's end":  append(bytes.Clone(good[:2]), 3, 0, 0, 0, 0xff, 0xff),
		"garbage in blocks": append(bytes.Clone(good[:2]), append(bytes.Repeat([]byte{0xee}, 50), syncFlush...)...),
	} {
		if got, err := (&inflater{limit: maxMessage}).add(message); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

func TestInflateBoundsWhatItUnpacks(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	d, f := newDeflater(t, zlib.BestCompression), &inflater{limit: limit}
	if got, err := f.add(d.pack(strings.Repeat("x", limit))); err != nil || len(got) != limit {
		t.Errorf("the largest payload gives %d bytes, %v", len(got), err)
	}
	bomb := d.pack(strings.Repeat("x", limit+1))
	if _, err := f.add(bomb); !errors.Is(err, errTooLarge) {
		t.Errorf("a bomb of %d bytes gives %v", len(bomb), err)
	}
	f = &inflater{limit: limit}
	chunk := make([]byte, limit/8)
	var err error
	for range 9 {
		if _, err = f.add(chunk); err != nil {
			break
		}
	}
	if !errors.Is(err, errTooLarge) {
		t.Errorf("a payload without an end gives %v", err)
	}
}

func BenchmarkInflate(b *testing.B) {
	d, f := newDeflater(b, zlib.BestSpeed), &inflater{limit: maxMessage}
	var packed [][]byte
	for n := range 1000 {
		packed = append(packed, d.pack(strings.Replace(message1K, "1378716343048376421", fmt.Sprint(1378716343048376421+n*7919), 1)))
	}
	b.SetBytes(int64(len(message1K)))
	n := 0
	for b.Loop() {
		if n == len(packed) {
			b.StopTimer()
			n, f = 0, &inflater{limit: maxMessage}
			b.StartTimer()
		}
		if _, err := f.add(packed[n]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
