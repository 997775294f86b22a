package discord

import (
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

// Payload gives the event as scripts see it: the script event's name and its
// payload, a JSON object with camelCase keys. It is false for events that
// scripts do not see and for data that is no well-formed object.
func Payload(e Event) (name string, payload []byte, ok bool) {
	names := catalog.Names(e.Type)
	if names == nil {
		return "", nil, false
	}
	s := specialOf(e.Type)
	name = names[0]
	if s.name != nil {
		if name = s.name(e.Data); name == "" {
			return "", nil, false
		}
	}
	w := &writer{b: make([]byte, 0, len(e.Data)+len(e.Data)/8+256)}
	if s.write != nil {
		s.write(w, e.Data, s.shape)
	} else {
		w.document(e.Data, s.shape)
	}
	if w.bad {
		return "", nil, false
	}
	return name, w.b, true
}

// UserPayload is a user object as scripts see it, or nil when it is none.
func UserPayload(user []byte) []byte {
	w := &writer{b: make([]byte, 0, len(user)+32)}
	w.document(user, shapePlain)
	if w.bad {
		return nil
	}
	return w.b
}

func interactionName(data []byte) string {
	return interactions[jsonscan.Int(jsonscan.Get(data, "type"))].name
}

// outageName tells an outage from the bot's leaving, which ends the script.
func outageName(data []byte) string {
	if !jsonscan.True(jsonscan.Get(data, "unavailable")) {
		return ""
	}
	return "guildUnavailable"
}

// arrivalName leaves guilds out that come without their data.
func arrivalName(data []byte) string {
	if jsonscan.True(jsonscan.Get(data, "unavailable")) {
		return ""
	}
	return "guildAvailable"
}

// message is a message whose member carries its user, like everywhere else.
func (w *writer) message(data []byte, s *shape) {
	w.author = jsonscan.Get(data, "author")
	w.document(data, s)
}

// messageUpdate is the message itself and, as in the original, the message once
// more as "new" beside an "old" that is never known.
func (w *writer) messageUpdate(data []byte, s *shape) {
	w.message(data, s)
	if w.bad {
		return
	}
	n := len(w.b) - 1
	w.b = append(w.b[:n], `,"old":null,"new":`...)
	w.b = append(w.b, w.b[:n]...)
	w.b = append(w.b, "}}"...)
}

// interaction adds the members under which the original gave the interaction's
// parts.
func (w *writer) interaction(data []byte, _ *shape) {
	var kind, id, token, payload, message, member []byte
	var user bool
	ok := jsonscan.Members(data, func(key, value []byte) bool {
		switch string(key) {
		case "type":
			kind = value
		case "id":
			id = value
		case "token":
			token = value
		case "data":
			payload = value
		case "message":
			message = value
		case "member":
			member = value
		case "user":
			user = true
		}
		return true
	})
	if !ok || id == nil || token == nil {
		w.bad = true
		return
	}
	t := jsonscan.Int(kind)
	w.document(data, interactions[t].shape)
	if w.bad {
		return
	}
	w.b = w.b[:len(w.b)-1]
	w.extra("interactionId", id)
	w.extra("interactionToken", token)
	if t == interactionCommand || t == interactionAutocomplete {
		w.extra("commandName", orNull(jsonscan.Get(payload, "name")))
	} else {
		w.extra("messageId", orNull(jsonscan.Get(message, "id")))
	}
	if !user {
		w.b = append(w.b, `,"user":`...)
		w.whole(orNull(jsonscan.Get(member, "user")), nil)
	}
	w.b = append(w.b, '}')
}

func (w *writer) extra(key string, raw []byte) {
	w.b = append(w.b, `,"`...)
	w.b = append(w.b, key...)
	w.b = append(w.b, `":`...)
	w.b = append(w.b, raw...)
}

func orNull(raw []byte) []byte {
	if raw == nil {
		return []byte("null")
	}
	return raw
}
