package op

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Text is a string argument that is kept as it was written or refused: one
// with a lone surrogate has no UTF-8 form, and decoding would change it.
type Text string

var errLoneSurrogate = errors.New("it has a lone surrogate, which cannot be written as UTF-8")

// UnmarshalJSON reads a JSON string.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return fmt.Errorf("expected a string, got %s", kindOf(b))
	}
	if loneSurrogate(b) {
		return errLoneSurrogate
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Text(s)
	return nil
}

// loneSurrogate looks for \uD800..\uDFFF escapes without their other half.
func loneSurrogate(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		unit, ok := escaped(b[i:])
		switch {
		case !ok:
			i++ // The escaped character.
		case unit < 0xD800 || unit > 0xDFFF:
			i += 5
		case unit >= 0xDC00:
			return true
		default:
			low, ok := escaped(b[i+6:])
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 11
		}
	}
	return false
}

// escaped reads a \uXXXX escape at the start of b.
func escaped(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return n, err == nil
}
