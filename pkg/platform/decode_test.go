package platform_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/platform"
)

func TestEncodingNames(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"UTF8": "utf-8", "latin1": "windows-1252", "sjis": "shift_jis", "unicode": "utf-16le", "x-gbk": "gbk",
		"replacement": "", "utf-7": "", "\u00a0utf-8": "", "\vutf-8": "", "": "", "\u212aoi8-r": "", strings.Repeat("x", 100): "",
	} {
		if want != "" {
			label = " \t" + label + "\r\n" // White space around a label is nothing.
		}
		got, err := platform.EncodingName(label)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", label, got, err, want)
		}
	}
}

// FuzzDecodeAs holds that text decoded in two pieces is the text decoded at once.
func FuzzDecodeAs(f *testing.F) {
	names := []string{"utf-16le", "utf-16be", "windows-1252", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "big5", "gb18030", "gbk", "koi8-r", "x-user-defined"}
	for i := range names {
		f.Add(i, []byte{0x93, 0xfa, 0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0xd8, 0x3d, 0xde, 0x00, 0x81, 0x30, 0x81, 0x30, 0xff}, 7)
	}
	f.Fuzz(func(t *testing.T, which int, data []byte, cut int) {
		name := names[uint(which)%uint(len(names))]
		cut = int(uint(cut) % uint(len(data)+1))
		state := ""
		decode := func(b []byte, flush bool) (rest []byte, text string) {
			got, err := platform.DecodeAs(name+state, []byte(base64.StdEncoding.EncodeToString(b)), false, flush)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			head, text, _ := strings.Cut(got, "\n")
			head, after, has := strings.Cut(head, ";")
			if state = ""; has {
				state = ";" + after
			}
			rest, err = base64.StdEncoding.DecodeString(head)
			if err != nil || flush && len(rest) > 0 {
				t.Fatalf("%s: rest %q, %v", name, head, err)
			}
			return rest, text
		}
		_, whole := decode(data, true)
		rest, first := decode(data[:cut], false)
		_, second := decode(append(rest, data[cut:]...), true)
		if got := first + second; got != whole {
			t.Errorf("%s of %x cut at %d: got %q, want %q", name, data, cut, got, whole)
		}
	})
}
