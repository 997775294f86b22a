package platform

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

var (
	errEncoding = errors.New("there is no such encoding")
	errDecode   = errors.New("the bytes are not valid in this encoding")
)

// asciiSpace is what the Encoding standard takes off a label.
const asciiSpace = "\t\n\f\r "

// EncodingName gives the Encoding standard's name of a label, in lower case.
func EncodingName(label string) (string, error) {
	if len(label) > 64 {
		return "", errEncoding
	}
	label = strings.Trim(label, asciiSpace)
	// What is left has no white space of the kinds that the index would take off,
	// and no letter that only becomes one of ASCII.
	if strings.TrimSpace(label) != label || strings.ContainsFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return "", errEncoding
	}
	e, err := htmlindex.Get(strings.ToLower(label))
	if err != nil {
		return "", errEncoding
	}
	name, err := htmlindex.Name(e)
	if err != nil || name == "replacement" {
		return "", errEncoding
	}
	return name, nil
}

// DecodeAs decodes bytes, in base64, of an encoding that EncodingName gave. It
// keeps no state: what it gives is the bytes to be put before the next ones, in
// base64, a line break, and the text. flush is the end of a text. A state that is
// no bytes follows them behind a semicolon, and the name when it comes again.
func DecodeAs(name string, b64 []byte, fatal, flush bool) (string, error) {
	if len(b64) > MaxText/3*4+4 {
		return "", fmt.Errorf("text of %d bytes: %w", len(b64)/4*3, ErrTooLong)
	}
	src, err := base64.StdEncoding.AppendDecode(nil, b64)
	if err != nil {
		return "", ErrInvalid
	}
	var text, rest []byte
	name, given, _ := strings.Cut(name, ";")
	var state string
	switch name {
	case "utf-16le":
		text, rest, err = decode16(src, binary.LittleEndian, flush)
	case "utf-16be":
		text, rest, err = decode16(src, binary.BigEndian, flush)
	case "gbk", "gb18030":
		text, rest, err = decodeGB(src, flush)
	case "shift_jis":
		text, rest, err = decodeShiftJIS(src, flush)
	case "iso-2022-jp":
		var after int
		before, _ := strconv.Atoi(given) // Nothing is the state of the beginning.
		text, rest, after, err = decode2022(src, flush, before)
		if !flush {
			state = ";" + strconv.Itoa(after)
		}
	default:
		text, rest, err = decodeTable(name, src, flush)
	}
	if err != nil && (fatal || !errors.Is(err, errDecode)) {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(rest) + state + "\n" + string(text), nil
}

func decodeTable(name string, src []byte, flush bool) (text, rest []byte, err error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, nil, errEncoding
	}
	if table, ok := e.(*charmap.Charmap); ok && strings.HasPrefix(name, "windows-") {
		return decodeWindows(table, src)
	}
	text, n, err := runDecoder(e, src, flush)
	if err != nil {
		return nil, nil, err
	}
	if bytes.Contains(text, []byte("\ufffd")) {
		err = errDecode
	}
	return text, src[n:], err
}

// decodeWindows decodes what the standard and Windows itself see alike, but for
// bytes that Windows has no character for: those from 0x80 to 0x9f are controls.
func decodeWindows(table *charmap.Charmap, src []byte) (text, rest []byte, err error) {
	out := make([]byte, 0, len(src)+len(src)/2)
	for _, b := range src {
		r := table.DecodeByte(b)
		if r == utf8.RuneError {
			if b >= 0x80 && b <= 0x9f {
				r = rune(b)
			} else {
				err = errDecode
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil, err
}

func runDecoder(e encoding.Encoding, src []byte, flush bool) (text []byte, read int, err error) {
	d := e.NewDecoder().Transformer
	out := make([]byte, 0, len(src)+len(src)/2+16)
	for {
		if cap(out)-len(out) < 16 {
			out = append(make([]byte, 0, 2*cap(out)), out...)
		}
		nDst, nSrc, err := d.Transform(out[len(out):cap(out)], src[read:], flush)
		out = out[:len(out)+nDst]
		read += nSrc
		switch {
		case err == nil:
			return out, read, nil
		case errors.Is(err, transform.ErrShortSrc) && !flush:
			return out, read, nil
		case errors.Is(err, transform.ErrShortDst):
			out = append(make([]byte, 0, 2*cap(out)), out...)
		default:
			return nil, 0, errDecode
		}
	}
}

// decode16 is the standard's UTF-16 decoder.
func decode16(src []byte, order binary.ByteOrder, flush bool) (text, rest []byte, err error) {
	out := make([]byte, 0, len(src)+len(src)/2+3)
	wrong := func() {
		out = utf8.AppendRune(out, utf8.RuneError)
		err = errDecode
	}
	for len(src) >= 2 {
		u := rune(order.Uint16(src))
		if !utf16.IsSurrogate(u) {
			out = utf8.AppendRune(out, u)
			src = src[2:]
			continue
		}
		if u < 0xdc00 && len(src) < 4 && !flush {
			break
		}
		if u < 0xdc00 && len(src) >= 4 {
			if r := utf16.DecodeRune(u, rune(order.Uint16(src[2:]))); r != utf8.RuneError {
				out = utf8.AppendRune(out, r)
				src = src[4:]
				continue
			}
		}
		wrong()
		src = src[2:]
	}
	if flush && len(src) > 0 {
		wrong()
		src = nil
	}
	return out, src, err
}
