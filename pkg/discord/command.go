package discord

import (
	"strings"
	"unicode"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

// IsCommand reports whether the message of a MESSAGE_CREATE event may be a
// command that begins with the mark: it is not a bot's, and its text begins with
// the mark, white space aside. It never misses one that the SDK would take.
func IsCommand(message []byte, mark string) bool {
	var content []byte
	person := true
	jsonscan.Members(message, func(key, value []byte) bool {
		switch string(key) {
		case "content":
			content = value
		case "author":
			person = !jsonscan.True(jsonscan.Get(value, "bot"))
		}
		return person
	})
	return person && strings.HasPrefix(strings.TrimLeftFunc(jsonscan.Text(content), blank), mark)
}

// blank is what JavaScript's trim takes away, and a little more.
func blank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }
