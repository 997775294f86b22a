package body

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// MaxMessage is the largest JSON of one message without its files, in bytes.
const MaxMessage = 512 << 10

// flagEphemeral shows an interaction's message to one user only.
const flagEphemeral = 64

// Rules say what differs between the places that take a message.
type Rules struct {
	Edit bool // Of a message that exists: what is not given stays.
	// Hides says that "ephemeral" means something here.
	Hides bool
	// Reply is the message that this one answers, Channel where it is sent.
	Reply   *snowflake.MessageID
	Channel snowflake.ChannelID
}

// Message is a message that may be sent.
type Message struct {
	fields map[string]json.RawMessage
	files  []discord.File
}

// NewMessage reads a message out of the members of an op's arguments that are
// not the op's own.
func NewMessage(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in op.Rest, rules Rules) (*Message, error) {
	m := &Message{fields: message.members(in)}
	for key, raw := range m.fields {
		if string(raw) == "null" {
			delete(m.fields, key)
		}
	}
	if err := m.checkTypes(); err != nil {
		return nil, err
	}
	if err := m.hide(rules.Hides); err != nil {
		return nil, err
	}
	m.wrapComponents()
	if err := m.refer(ctx, d, guild, rules); err != nil {
		return nil, err
	}
	if err := m.attach(ctx, d, guild, rules.Edit); err != nil {
		return nil, err
	}
	if err := m.checkEmpty(rules.Edit); err != nil {
		return nil, err
	}
	if err := m.limitMentions(rules.Edit); err != nil {
		return nil, err
	}
	size := 0
	for _, raw := range m.fields {
		size += len(raw)
	}
	if size > MaxMessage {
		return nil, fault.New(fault.TooLarge, "the message has %d bytes of JSON; the limit is %d", size, MaxMessage)
	}
	return m, nil
}

// Content is the request's part.
func (m *Message) Content() outbound.Content {
	return outbound.Content{Body: m.fields, Files: m.files}
}

// Fields is the message as an object inside a larger body.
func (m *Message) Fields() map[string]json.RawMessage { return m.fields }

// SetNonce makes Discord take the message only once, so that sending it may be
// repeated when an answer is lost. The author's own nonce stays.
func (m *Message) SetNonce(nonce string) {
	if _, given := m.fields["nonce"]; given {
		return
	}
	m.fields["nonce"] = encode(nonce)
	m.fields["enforce_nonce"] = json.RawMessage("true")
}

// memberKinds are the members whose type is checked here, so that the author
// learns the name he wrote. Discord checks the rest.
var memberKinds = []struct {
	name, as, kind string
	is             func(gjson.Result) bool
}{
	{"content", "content", "a string", isText},
	{"username", "username", "a string", isText},
	{"avatar_url", "avatarUrl", "a string", isText},
	{"thread_name", "threadName", "a string", isText},
	{"tts", "tts", "a boolean", gjson.Result.IsBool},
	{"flags", "flags", "an integer that is not negative", isFlags},
	{"embeds", "embeds", "an array of objects", isObjects},
	{"components", "components", "an array of objects", isObjects},
	{"attachments", "attachments", "an array of objects", isObjects},
	{"poll", "poll", "an object", gjson.Result.IsObject},
}

func (m *Message) checkTypes() error {
	for _, k := range memberKinds {
		raw, ok := m.fields[k.name]
		if ok && !k.is(gjson.ParseBytes(raw)) {
			return op.Invalid(k.as, "expected %s", k.kind)
		}
	}
	return nil
}

func isText(v gjson.Result) bool { return v.Type == gjson.String }

func isFlags(v gjson.Result) bool {
	_, err := strconv.ParseUint(v.Raw, 10, 53)
	return err == nil
}

func isObjects(v gjson.Result) bool {
	ok := v.IsArray()
	v.ForEach(func(_, e gjson.Result) bool {
		ok = ok && e.IsObject()
		return ok
	})
	return ok
}

// hide turns "ephemeral" into its flag; a flag that is given as well stays.
func (m *Message) hide(means bool) error {
	raw, given := m.fields["ephemeral"]
	delete(m.fields, "ephemeral")
	if !given || !means {
		return nil
	}
	v := gjson.ParseBytes(raw)
	if !v.IsBool() {
		return op.Invalid("ephemeral", "expected a boolean")
	}
	if v.Bool() {
		m.fields["flags"] = Ephemeral(gjson.ParseBytes(m.fields["flags"]).Uint())
	}
	return nil
}

// Ephemeral is a flags member with the ephemeral flag set.
func Ephemeral(flags uint64) json.RawMessage {
	return strconv.AppendUint(nil, flags|flagEphemeral, 10)
}

// wrapComponents puts buttons and selects that stand alone into a row each,
// as the original does.
func (m *Message) wrapComponents() {
	raw, ok := m.fields["components"]
	if !ok {
		return
	}
	list := []json.RawMessage{}
	gjson.ParseBytes(raw).ForEach(func(_, c gjson.Result) bool {
		one := json.RawMessage(c.Raw)
		if kind := c.Get("type").Int(); kind == 2 || kind == 3 || kind >= 5 && kind <= 8 {
			one = json.RawMessage(`{"type":1,"components":[` + c.Raw + `]}`)
		}
		list = append(list, one)
		return true
	})
	m.fields["components"] = encode(list)
}

// encode marshals values whose marshalling cannot fail.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

// modifiers alone make no message.
var modifiers = map[string]bool{
	"tts": true, "flags": true, "nonce": true, "enforce_nonce": true, "username": true, "avatar_url": true,
	"thread_name": true, "applied_tags": true, "allowed_mentions": true,
}

// checkEmpty refuses what has nothing to send. A member that we do not know
// counts: Discord may.
func (m *Message) checkEmpty(edit bool) error {
	if edit {
		if len(m.fields)+len(m.files) == 0 {
			return op.Invalid("content", `nothing to change; give at least one of content, embeds, attachments, components, flags ("" and [] remove)`)
		}
		return nil
	}
	if len(m.files) > 0 {
		return nil
	}
	for key, raw := range m.fields {
		switch {
		case modifiers[key], string(raw) == `""`, string(raw) == "[]":
		case key == "message_reference" && gjson.GetBytes(raw, "type").Int() == 0: // A reply, no forward.
		default:
			return nil
		}
	}
	return op.Invalid("content", "nothing to send; give at least one of content, embeds, attachments, components")
}
