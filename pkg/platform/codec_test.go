package platform_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/platform"
)

// through runs data through a codec in pieces.
func through(c *platform.Codecs, format string, decompress bool, data []byte, piece int) ([]byte, error) {
	id, err := c.Open(format, decompress)
	if err != nil {
		return nil, err
	}
	var out []byte
	run := func(in []byte, end bool) error {
		text := base64.StdEncoding.EncodeToString(in)
		for {
			got, err := c.Run(id, []byte(text), end)
			if err != nil {
				return err
			}
			if out, err = base64.StdEncoding.AppendDecode(out, []byte(got[1:])); err != nil {
				return err
			}
			if got[0] == '.' {
				return nil
			}
			text = ""
		}
	}
	for len(data) > 0 {
		n := min(piece, len(data))
		if err := run(data[:n], false); err != nil {
			return out, err
		}
		data = data[n:]
	}
	return out, run(nil, true)
}

func TestCodecsKeepBytes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // The same bytes each time.
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(random.IntN(16))
	}
	var c platform.Codecs
	defer c.Close()
	for name, data := range map[string][]byte{"nothing": nil, "one": {7}, "noise": noise, "zeros": make([]byte, 1<<20+1)} {
		for _, format := range []string{"gzip", "deflate", "deflate-raw"} {
			for _, piece := range []int{5000, 70_000, 4 << 20} {
				packed, err := through(&c, format, false, data, piece)
				if err != nil {
					t.Fatalf("%s, %s: %v", name, format, err)
				}
				if len(data) > 1<<20 && len(packed) > len(data)/20 {
					t.Errorf("%s, %s: %d bytes became %d", name, format, len(data), len(packed))
				}
				back, err := through(&c, format, true, packed, piece)
				if err != nil || !bytes.Equal(back, data) {
					t.Errorf("%s, %s in pieces of %d: %d bytes came back of %d: %v", name, format, piece, len(back), len(data), err)
				}
				if format != "gzip" {
					continue
				}
				r, err := gzip.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Fatal(err)
				}
				if std, err := io.ReadAll(r); err != nil || !bytes.Equal(std, data) {
					t.Errorf("%s: another program reads %d bytes of %d: %v", name, len(std), len(data), err)
				}
			}
		}
	}
}

// The one that was left alone longest makes room.
func TestCodecsAreBounded(t *testing.T) {
	t.Parallel()
	var c platform.Codecs
	defer c.Close()
	var ids []uint64
	for i := range platform.MaxCodecs + 1 {
		id, err := c.Open("gzip", i%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if _, err := c.Run(ids[0], nil, false); err == nil {
		t.Error("the first one is still there")
	}
	for _, id := range ids[1:] {
		if _, err := c.Run(id, nil, false); err != nil {
			t.Errorf("codec %d: %v", id, err)
		}
	}
	if _, err := c.Open("zip", false); err == nil {
		t.Error("zip was taken")
	}
}

func FuzzDecompress(f *testing.F) {
	for _, seed := range []string{"", "\x1f\x8b\x08", "\x78\x9c\x03\x00\x00\x00\x00\x01", "\x03\x00"} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(1))
		f.Add([]byte(seed), uint8(2))
	}
	f.Fuzz(func(_ *testing.T, data []byte, which uint8) {
		var c platform.Codecs
		defer c.Close()
		format := []string{"gzip", "deflate", "deflate-raw"}[which%3]
		out, err := through(&c, format, true, data, 3)
		_ = fmt.Sprint(len(out), err)
	})
}
