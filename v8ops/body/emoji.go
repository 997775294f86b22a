package body

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Emoji is an emoji in the form that paths take: the character itself, or
// name:id. Scripts write that, <:name:id>, <a:name:id> or {id, name}.
type Emoji string

var custom = regexp.MustCompile(`^(?:<a?:)?([A-Za-z0-9_~]{1,64}):([0-9]{1,20})>?$`)

// UnmarshalJSON reads every form and refuses what is none.
func (e *Emoji) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return e.fromObject(b)
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	s = strings.TrimSpace(s)
	if m := custom.FindStringSubmatch(s); m != nil && strings.HasPrefix(s, "<") == strings.HasSuffix(s, ">") {
		return e.custom(m[1], m[2])
	}
	if !isUnicode(s) {
		return op.Invalid("emoji", "%q is neither an emoji nor name:id", clip(s))
	}
	*e = Emoji(s)
	return nil
}

func (e *Emoji) fromObject(b []byte) error {
	var in struct {
		ID   *string `json:"id,omitempty"`
		Name *string `json:"name,omitempty"`
	}
	if err := op.DecodeMember("emoji", b, &in); err != nil {
		return err
	}
	name := ""
	if in.Name != nil {
		name = *in.Name
	}
	if in.ID == nil {
		if !isUnicode(name) {
			return op.Invalid("emoji.name", "%q is no emoji", clip(name))
		}
		*e = Emoji(name)
		return nil
	}
	if name == "" {
		name = "_" // Discord looks at the id only.
	}
	if !custom.MatchString(name + ":" + *in.ID) {
		return op.Invalid("emoji", "expected {id, name} of a custom emoji")
	}
	return e.custom(name, *in.ID)
}

func (e *Emoji) custom(name, id string) error {
	if _, err := snowflake.ParseGuild(id); err != nil {
		return op.Invalid("emoji", "%q has no id of an emoji", clip(name+":"+id))
	}
	*e = Emoji(name + ":" + id)
	return nil
}

// emojiObject is the object that components want of the emoji that a text
// names. Whether there is such an emoji is Discord's to say.
func emojiObject(text string) json.RawMessage {
	text = strings.TrimSpace(text)
	m := custom.FindStringSubmatch(text)
	if m == nil {
		return json.RawMessage(`{"name":` + quoted(text) + `}`)
	}
	animated := ""
	if strings.HasPrefix(text, "<a:") {
		animated = `,"animated":true`
	}
	return json.RawMessage(`{"id":"` + m[2] + `","name":"` + m[1] + `"` + animated + `}`)
}

// isUnicode accepts what can be an emoji: short, with something beyond ASCII
// in it, and nothing that is a letter of a word.
func isUnicode(s string) bool {
	beyond := false
	for _, r := range s {
		if r <= unicode.MaxASCII && !strings.ContainsRune("0123456789#*", r) || unicode.IsSpace(r) || unicode.IsControl(r) {
			return false
		}
		beyond = beyond || r > unicode.MaxASCII
	}
	return beyond && len(s) <= 128
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
