package logs

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxMessage is the most bytes of a message that are kept.
const MaxMessage = 16 << 10

const maxTarget = 64

var levels = []string{"trace", "debug", "info", "warn", "error"}

func cleanLevel(level string) string {
	if slices.Contains(levels, level) {
		return level
	}
	return "info"
}

func cleanTarget(target string) string {
	return strings.ReplaceAll(escape(cut(target, maxTarget)), "\n", `\n`)
}

// Clean gives the message as it is kept: at most MaxMessage bytes and a note of
// what was cut, valid UTF-8, and without characters that move a terminal's
// cursor, change its colours or reverse the direction of its text. Line breaks
// and tabs stay.
func Clean(message string) string {
	text := escape(cut(message, MaxMessage))
	if len(message) <= MaxMessage && len(text) <= MaxMessage {
		return text
	}
	return fmt.Sprintf("%s... (cut, the message has %d bytes)", cut(text, MaxMessage), len(message))
}

// cut gives the first n bytes of s, or a few less to end with a whole character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := n
	for end > n-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func escape(s string) string {
	if !strings.ContainsFunc(s, dangerous) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
		case dangerous(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case dangerous(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r) // U+FFFD for bytes that are no UTF-8.
		}
		i += size
	}
	return b.String()
}

func dangerous(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
		return true
	}
	return false
}
