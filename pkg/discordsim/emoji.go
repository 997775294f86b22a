package discordsim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// emojiRef is an emoji as reactions and events name it.
type emojiRef struct {
	ID       *snowflake.EmojiID `json:"id"`
	Name     string             `json:"name"`
	Animated bool               `json:"animated,omitempty"`
}

func (e emojiRef) same(o emojiRef) bool {
	if e.ID != nil && o.ID != nil {
		return *e.ID == *o.ID
	}
	return e.ID == nil && o.ID == nil && e.Name == o.Name
}

// parseEmoji reads an emoji of a path: a unicode one, or name:id of a custom one.
func (s *Sim) parseEmoji(text string) (emojiRef, error) {
	name, idText, custom := strings.Cut(text, ":")
	if !custom {
		if !isUnicodeEmoji(text) {
			return emojiRef{}, errUnknownEmoji
		}
		return emojiRef{Name: text}, nil
	}
	if head, rest, ok := strings.Cut(idText, ":"); ok && (name == "a" || name == "") { // a:name:id
		name, idText = head, rest
	}
	id, err := strconv.ParseUint(idText, 10, 63)
	if err != nil || name == "" {
		return emojiRef{}, errUnknownEmoji
	}
	for _, g := range s.guildOrder {
		for _, e := range g.emojis {
			if uint64(e.ID) == id {
				return emojiRef{ID: &e.ID, Name: e.Name, Animated: e.Animated}, nil
			}
		}
	}
	return emojiRef{}, errUnknownEmoji
}

// isUnicodeEmoji is a rough test: a short text of symbols, none of them a
// letter, and digits only as keycaps.
func isUnicodeEmoji(text string) bool {
	if text == "" || len(text) > 64 || !utf8.ValidString(text) {
		return false
	}
	symbols := 0
	for _, r := range text {
		switch {
		case r == 0x20E3 || unicode.Is(unicode.So, r) || unicode.Is(unicode.Sm, r) || unicode.Is(unicode.Sk, r) || r == 0x203C || r == 0x2049 || r == 0x3030 || r == 0x303D:
			symbols++
		case r == 0x200D || r == 0xFE0F || r == 0xFE0E || r >= 0xE0020 && r <= 0xE007F:
		case r >= '0' && r <= '9' || r == '#' || r == '*':
		default:
			return false
		}
	}
	return symbols > 0
}
