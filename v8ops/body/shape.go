// Package body makes Discord's JSON bodies of what scripts write: camelCase
// names that the SDK has are renamed, everything else goes as it came, so a
// member that Discord adds tomorrow works today. What names another guild's
// things or pings people is read, checked and written anew.
package body

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// shape says which members of an object are renamed and which of them hold
// objects, or arrays of objects, with renamed members of their own.
type shape struct {
	rename map[string]string
	// snake renames every name in camelCase, however deep it is. It is for
	// bodies without maps whose keys are data.
	snake  bool
	inside map[string]*shape // By Discord's name.
	// text reads a string that stands for an object; nil leaves strings alone.
	text func(string) json.RawMessage
	// missing are members, as JSON, that an object gets which lacks them.
	missing func(object gjson.Result) string
}

// The shapes of what bodies contain.
var (
	icon  = &shape{rename: map[string]string{"iconUrl": "icon_url", "proxyIconUrl": "proxy_icon_url"}}
	media = &shape{rename: map[string]string{"proxyUrl": "proxy_url"}}
	embed = &shape{inside: map[string]*shape{"footer": icon, "author": icon, "image": media, "thumbnail": media, "video": media}}
	poll  = &shape{
		rename: map[string]string{"allowMultiselect": "allow_multiselect", "layoutType": "layout_type"},
		inside: map[string]*shape{"answers": {
			rename: map[string]string{"pollMedia": "poll_media"},
			inside: map[string]*shape{"poll_media": {inside: map[string]*shape{"emoji": {text: emojiObject}}}},
		}},
	}
	component = componentShape()

	message = &shape{
		rename: map[string]string{
			"allowedMentions": "allowed_mentions", "stickerIds": "sticker_ids", "enforceNonce": "enforce_nonce",
			"messageReference": "message_reference", "avatarUrl": "avatar_url", "threadName": "thread_name",
			"appliedTags": "applied_tags",
		},
		inside: map[string]*shape{"embeds": embed, "components": component, "poll": poll},
	}
	modal = &shape{rename: map[string]string{"customId": "custom_id"}, inside: map[string]*shape{"components": component}}

	// payload is for bodies that scripts write in Discord's words.
	// A thread's first message has a shape of its own.
	payload = &shape{snake: true, inside: map[string]*shape{"message": nil}}
)

// componentShape is recursive: rows, sections, containers and labels hold
// components.
func componentShape() *shape {
	s := &shape{rename: map[string]string{
		"customId": "custom_id", "skuId": "sku_id", "minValues": "min_values", "maxValues": "max_values",
		"minLength": "min_length", "maxLength": "max_length", "channelTypes": "channel_types",
		"defaultValues": "default_values", "accentColor": "accent_color",
	}}
	one := &shape{text: emojiObject}
	s.inside = map[string]*shape{
		"components": s, "accessory": s, "component": s,
		"emoji": one, "options": {inside: map[string]*shape{"emoji": one}},
	}
	s.missing = func(c gjson.Result) string {
		if kind := c.Get("type").Int(); (kind == 2 || kind == 4) && !c.Get("style").Exists() {
			return `"style":1` // Of buttons: primary; of text inputs: one line.
		}
		return ""
	}
	return s
}

// name is what Discord calls a member.
func (s *shape) name(key string) (name string, renamed bool) {
	if s.snake && camelCase.MatchString(key) {
		return endpoint.Snake(key), true
	}
	if name, renamed = s.rename[key]; renamed {
		return name, true
	}
	return key, false
}

// within is the shape of what the member holds.
func (s *shape) within(name string) *shape {
	if one, known := s.inside[name]; known || !s.snake {
		return one
	}
	return s
}

var camelCase = regexp.MustCompile(`^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$`)

// members renames the members of an object; of two spellings Discord's wins.
func (s *shape) members(in map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(in))
	for key, raw := range in {
		name, renamed := s.name(key)
		if _, twice := in[name]; twice && renamed {
			continue
		}
		out[name] = s.within(name).apply(raw)
	}
	return out
}

// apply renames inside a value; what is no object or array of objects stays.
// The nesting of raw was bounded when the arguments were read.
func (s *shape) apply(raw json.RawMessage) json.RawMessage {
	if s == nil {
		return raw
	}
	v := gjson.ParseBytes(raw)
	var b bytes.Buffer
	switch {
	case v.IsArray():
		b.WriteByte('[')
		v.ForEach(func(_, e gjson.Result) bool {
			separate(&b, '[')
			b.Write(s.apply(json.RawMessage(e.Raw)))
			return true
		})
		b.WriteByte(']')
	case v.IsObject():
		b.WriteByte('{')
		v.ForEach(func(k, e gjson.Result) bool {
			name, renamed := s.name(k.String())
			if renamed && v.Get(name).Exists() {
				return true
			}
			separate(&b, '{')
			b.WriteString(quoted(name))
			b.WriteByte(':')
			b.Write(s.within(name).apply(json.RawMessage(e.Raw)))
			return true
		})
		if s.missing != nil {
			if more := s.missing(v); more != "" {
				separate(&b, '{')
				b.WriteString(more)
			}
		}
		b.WriteByte('}')
	case s.text != nil && v.Type == gjson.String:
		return s.text(v.String())
	default:
		return raw
	}
	return b.Bytes()
}

func separate(b *bytes.Buffer, open byte) {
	if last := b.Bytes()[b.Len()-1]; last != open {
		b.WriteByte(',')
	}
}

// quoted writes a JSON string.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return strconv.Quote(s) // Strings always marshal.
	}
	return string(b)
}
