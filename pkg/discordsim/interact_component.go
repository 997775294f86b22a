package discordsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// startComponent uses a button or a select of a message.
func (s *Sim) startComponent(g *guild, who *member, a Action) (*interaction, error) {
	id, err := snowflake.ParseGuild(a.MessageID)
	if err != nil {
		return nil, wrong("message_id %q is not an id", clip(a.MessageID))
	}
	var m *message
	for _, ch := range g.channels {
		if found := ch.messages.get(snowflake.MessageID(id)); found != nil {
			m = found
		}
	}
	if m == nil || m.seenBy != 0 && m.seenBy != who.User.ID {
		return nil, absent(10008, "%s sees no message %s in guild %s", who.User.Username, id, g.ID)
	}
	if _, err := s.where(g, who, m.ChannelID.String()); err != nil {
		return nil, err
	}
	if m.by != s.bot.ID {
		return nil, wrong("message %s is not the bot's", id)
	}
	var c map[string]any
	walkComponents(m.Components, func(e map[string]any) {
		if e["custom_id"] == a.CustomID {
			c = e
		}
	})
	if c == nil {
		return nil, absent(0, "message %s has no component %q", id, clip(a.CustomID))
	}
	if c["disabled"] == true {
		return nil, refuse(http.StatusBadRequest, 50035, "the component "+clip(a.CustomID)+" is disabled")
	}
	kind := componentInt(c, "type", 0)
	data := map[string]any{"custom_id": a.CustomID, "component_type": kind, "id": c["id"]}
	r := &resolver{sim: s, channel: m.channel}
	if kind != componentButton {
		values, err := r.chosen(c, a.Values)
		if err != nil {
			return nil, err
		}
		data["values"] = values
		if doc := r.document(); doc != nil {
			data["resolved"] = doc
		}
	} else if len(a.Values) > 0 {
		return nil, wrong("a button takes no values")
	}
	in := &interaction{kind: interactComponent, channel: m.channel, who: who, source: m}
	s.beginInteraction(in, data)
	return in, nil
}

// chosen checks what was chosen in a select.
func (r *resolver) chosen(c map[string]any, values []string) ([]string, error) {
	id, _ := c["custom_id"].(string)
	least, most := componentInt(c, "min_values", 1), componentInt(c, "max_values", 1)
	if len(values) < least || len(values) > most {
		return nil, wrong("the select %q takes from %d to %d values, not %d", id, least, most, len(values))
	}
	out := make([]string, 0, len(values))
	for _, v := range values {
		text, ok := r.choose(c, v)
		if !ok {
			return nil, wrong("the select %q has no value %q", id, clip(v))
		}
		if slices.Contains(out, text) {
			return nil, wrong("the value %q is chosen twice", clip(v))
		}
		out = append(out, text)
	}
	return out, nil
}

func (r *resolver) choose(c map[string]any, v string) (string, bool) {
	var id uint64
	var ok bool
	switch componentInt(c, "type", 0) {
	case componentStrings:
		options, _ := c["options"].([]any)
		return v, slices.ContainsFunc(options, func(o any) bool {
			m, _ := o.(map[string]any)
			return m["value"] == v
		})
	case componentUsers:
		id, ok = r.userID(v)
	case componentRoles:
		id, ok = r.roleID(v)
	case componentMentionable:
		if id, ok = r.userID(v); !ok {
			id, ok = r.roleID(v)
		}
	case componentChannels:
		id, ok = r.channelID(v, channelKinds(c))
	}
	return strconv.FormatUint(id, 10), ok
}

func channelKinds(c map[string]any) []int64 {
	list, _ := c["channel_types"].([]any)
	var kinds []int64
	for _, v := range list {
		if n, ok := asInt(v); ok {
			kinds = append(kinds, n)
		}
	}
	return kinds
}

// startModal submits the modal that is open for the person.
func (s *Sim) startModal(g *guild, who *member, a Action) (*interaction, error) {
	key := modalKey{g.ID, who.User.ID}
	opened := s.interactions.modals[key]
	if opened == nil || opened.modal["custom_id"] != a.Modal {
		return nil, absent(0, "no modal %q is open for %s", clip(a.Modal), who.User.Username)
	}
	m := &modalReader{resolver: resolver{sim: s, channel: opened.channel}, fields: a.Fields, used: map[string]bool{}}
	list, _ := opened.modal["components"].([]any)
	components, err := m.list(list)
	if err != nil {
		return nil, err
	}
	for name := range a.Fields {
		if !m.used[name] {
			return nil, wrong("the modal has no field %q", clip(name))
		}
	}
	data := map[string]any{"custom_id": a.Modal, "components": components}
	if doc := m.document(); doc != nil {
		data["resolved"] = doc
	}
	delete(s.interactions.modals, key)
	in := &interaction{kind: interactModal, channel: opened.channel, who: who, source: opened.source, opener: opened}
	s.beginInteraction(in, data)
	return in, nil
}

// modalReader fills the fields of a modal in.
type modalReader struct {
	resolver
	fields map[string]json.RawMessage
	used   map[string]bool
}

func (m *modalReader) list(list []any) ([]any, error) {
	out := []any{}
	for _, e := range list {
		c, _ := e.(map[string]any)
		kind := componentInt(c, "type", 0)
		shown := map[string]any{"type": kind, "id": c["id"]}
		switch kind {
		case componentRow:
			inner, _ := c["components"].([]any)
			filled, err := m.list(inner)
			if err != nil {
				return nil, err
			}
			shown["components"] = filled
		case componentLabel:
			inner, _ := c["component"].(map[string]any)
			filled, err := m.list([]any{inner})
			if err != nil {
				return nil, err
			}
			shown["component"] = filled[0]
		case componentText:
		default:
			if err := m.field(c, shown, kind); err != nil {
				return nil, err
			}
		}
		out = append(out, shown)
	}
	return out, nil
}

// field fills one input or select in.
func (m *modalReader) field(c, shown map[string]any, kind int) error {
	id, _ := c["custom_id"].(string)
	shown["custom_id"] = id
	m.used[id] = true
	raw, given := m.fields[id]
	required := c["required"] != false
	if kind == componentInput {
		text, _ := c["value"].(string)
		if given && json.Unmarshal(raw, &text) != nil {
			return wrong("the field %q must be a string", id)
		}
		n, least, most := utf8.RuneCountInString(text), componentInt(c, "min_length", 0), componentInt(c, "max_length", 4000)
		switch {
		case text == "" && required:
			return wrong("the field %q is required", id)
		case text != "" && (n < least || n > most):
			return wrong("the field %q must be from %d to %d characters", id, least, most)
		}
		shown["value"] = text
		return nil
	}
	if kind == componentUpload {
		return m.upload(c, shown, id, raw)
	}
	var values []string
	if given && json.Unmarshal(raw, &values) != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return wrong("the field %q must be a list of strings", id)
		}
		values = []string{one}
	}
	if len(values) == 0 && !required {
		shown["values"] = []string{}
		return nil
	}
	chosen, err := m.chosen(c, values)
	if err != nil {
		return err
	}
	shown["values"] = chosen
	return nil
}

// upload fills a field for files in.
func (m *modalReader) upload(c, shown map[string]any, id string, raw json.RawMessage) error {
	var given []json.RawMessage
	if sent(raw) && json.Unmarshal(raw, &given) != nil {
		return wrong("the field %q must be a list of files", id)
	}
	least, most := componentInt(c, "min_values", 1), componentInt(c, "max_values", 1)
	if c["required"] == false {
		least = 0
	}
	if len(given) < least || len(given) > most {
		return wrong("the field %q takes from %d to %d files, not %d", id, least, most, len(given))
	}
	values := make([]string, 0, len(given))
	for _, f := range given {
		a, err := m.file(fmt.Sprintf("file of the field %q", id), f)
		if err != nil {
			return err
		}
		values = append(values, a.ID.String())
	}
	shown["values"] = values
	return nil
}
