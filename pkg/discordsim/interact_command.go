package discordsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// givenOption is one option of an action.
type givenOption struct {
	name  string
	value any
}

// startCommand runs a registered command, or asks for completions.
func (s *Sim) startCommand(g *guild, who *member, a Action) (*interaction, error) {
	ch, err := s.where(g, who, a.Channel)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(a.Command, "/")
	var cmd *command
	for _, kind := range []int{commandChat, commandUser, commandMessage} {
		if cmd == nil && (a.CommandType == 0 || a.CommandType == kind) {
			cmd = s.commandFor(g, kind, name)
		}
	}
	if cmd == nil {
		return nil, absent(10063, "the bot has no command %q in guild %s", clip(name), g.ID)
	}
	if !s.mayUse(cmd, who, ch) {
		return nil, refuse(http.StatusForbidden, 50013, who.User.Username+" may not use the command "+cmd.Name+" here")
	}
	given, err := readGiven(a.Options)
	if err != nil {
		return nil, err
	}
	data := map[string]any{"id": cmd.ID, "name": cmd.Name, "type": cmd.Type}
	if cmd.GuildID != nil {
		data["guild_id"] = cmd.GuildID
	}
	r := &resolver{sim: s, channel: ch, focused: a.Focused}
	if err := r.fillCommand(data, cmd, given, a); err != nil {
		return nil, err
	}
	if doc := r.document(); doc != nil {
		data["resolved"] = doc
	}
	in := &interaction{kind: interactCommand, channel: ch, who: who, command: commandPath(cmd, a.Subcommand)}
	if a.Focused != "" {
		in.kind = interactAutocomplete
	}
	s.beginInteraction(in, data)
	return in, nil
}

func commandPath(cmd *command, sub string) string {
	return strings.TrimSpace(cmd.Name + " " + strings.Join(strings.Fields(sub), " "))
}

// readGiven reads the options of an action, a list or an object, in their order.
func readGiven(raw json.RawMessage) ([]givenOption, error) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, wrong("options does not parse")
	}
	var out []givenOption
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			out = append(out, givenOption{name, value})
		}
		slices.SortFunc(out, func(a, b givenOption) int { return strings.Compare(a.name, b.name) })
	case []any:
		for i, e := range v {
			m, _ := e.(map[string]any)
			name, _ := m["name"].(string)
			if name == "" {
				return nil, wrong(`options[%d] must be {"name", "value"}`, i)
			}
			out = append(out, givenOption{name, m["value"]})
		}
	default:
		return nil, wrong(`options must be an object from names to values, or a list of {"name", "value"}`)
	}
	return out, nil
}

// fillCommand writes the options, or the target, into the interaction's data.
func (r *resolver) fillCommand(data map[string]any, cmd *command, given []givenOption, a Action) error {
	if cmd.Type != commandChat {
		if len(given) > 0 || a.Subcommand != "" {
			return wrong("the context menu command %q takes a target, no options", cmd.Name)
		}
		id, err := r.target(cmd.Type, a.Target)
		if err != nil {
			return err
		}
		data["target_id"] = strconv.FormatUint(id, 10)
		return nil
	}
	if a.Target != "" {
		return wrong("the command %q takes no target", cmd.Name)
	}
	defs, path, err := cmd.descend(a.Subcommand)
	if err != nil {
		return err
	}
	values, err := r.values(defs, given)
	if err != nil {
		return err
	}
	for i := len(path) - 1; i >= 0; i-- {
		if values == nil {
			values = []any{}
		}
		values = []any{map[string]any{"name": path[i].Name, "type": path[i].Type, "options": values}}
	}
	if len(values) > 0 {
		data["options"] = values
	}
	return nil
}

// descend finds the options behind a subcommand, and the way to them.
func (c *command) descend(sub string) (defs, path []*commandOption, err error) {
	defs = c.Options
	words := strings.Fields(sub)
	for _, word := range words {
		i := slices.IndexFunc(defs, func(o *commandOption) bool { return o.Name == word && o.Type <= optionGroup })
		if i < 0 {
			return nil, nil, wrong("the command %q has no subcommand %q", c.Name, clip(sub))
		}
		path = append(path, defs[i])
		defs = defs[i].Options
	}
	if len(defs) > 0 && defs[0].Type <= optionGroup {
		names := make([]string, len(defs))
		for i, o := range defs {
			names[i] = o.Name
		}
		return nil, nil, wrong("the command %q needs a subcommand, one of: %s", c.Name, strings.Join(names, ", "))
	}
	return defs, path, nil
}

// values checks the given options against their definitions and writes them
// in the order of these.
func (r *resolver) values(defs []*commandOption, given []givenOption) ([]any, error) {
	byName := map[string]any{}
	for _, o := range given {
		if !slices.ContainsFunc(defs, func(d *commandOption) bool { return d.Name == o.name }) {
			return nil, wrong("the command has no option %q", clip(o.name))
		}
		if _, twice := byName[o.name]; twice {
			return nil, wrong("the option %q is given twice", o.name)
		}
		byName[o.name] = o.value
	}
	var out []any
	focused := false
	for _, d := range defs {
		v, ok := byName[d.Name]
		if d.Name == r.focused {
			if !d.Autocomplete {
				return nil, wrong("the option %q has no autocomplete", d.Name)
			}
			focused = true
			if v == nil {
				v = ""
			}
			out = append(out, map[string]any{"name": d.Name, "type": d.Type, "value": v, "focused": true})
			continue
		}
		if !ok || v == nil {
			if d.Required && r.focused == "" {
				return nil, wrong("the option %q is required", d.Name)
			}
			continue
		}
		value, err := r.value(d, v)
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"name": d.Name, "type": d.Type, "value": value})
	}
	if r.focused != "" && !focused {
		return nil, wrong("the command has no option %q to complete", clip(r.focused))
	}
	return out, nil
}

// value is what the option gets, checked as Discord's clients check it.
func (r *resolver) value(d *commandOption, v any) (any, error) {
	switch d.Type {
	case optionString:
		return textValue(d, v)
	case optionInteger, optionNumber:
		return numberValue(d, v)
	case optionBoolean:
		b, ok := v.(bool)
		if !ok {
			return nil, wrong("the option %q must be true or false", d.Name)
		}
		return b, nil
	case optionAttachment:
		a, err := r.file(fmt.Sprintf("option %q", d.Name), v)
		if err != nil {
			return nil, err
		}
		return a.ID.String(), nil
	}
	id, err := r.entity(d, fmt.Sprint(v))
	if err != nil {
		return nil, err
	}
	return strconv.FormatUint(id, 10), nil
}

func textValue(d *commandOption, v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrong("the option %q must be a string", d.Name)
	}
	if len(d.Choices) > 0 {
		for _, c := range d.Choices {
			if c.Value == text {
				return text, nil
			}
		}
		return nil, wrong("the option %q must be one of its choices: %s", d.Name, choiceList(d.Choices))
	}
	n := int64(utf8.RuneCountInString(text))
	least, most := int64(0), int64(6000)
	if d.MinLength != nil {
		least = *d.MinLength
	}
	if d.MaxLength != nil {
		most = *d.MaxLength
	}
	if n < least || n > most {
		return nil, wrong("the option %q must be from %d to %d characters", d.Name, least, most)
	}
	return text, nil
}

func numberValue(d *commandOption, v any) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, wrong("the option %q must be a number", d.Name)
	}
	x, err := n.Float64()
	if err != nil {
		return nil, wrong("the option %q must be a number", d.Name)
	}
	if d.Type == optionInteger && (x != math.Trunc(x) || math.Abs(x) > 1<<53) {
		return nil, wrong("the option %q must be an integer from -2^53 to 2^53", d.Name)
	}
	if len(d.Choices) > 0 {
		for _, c := range d.Choices {
			if cn, ok := c.Value.(json.Number); ok {
				if cx, err := cn.Float64(); err == nil && cx == x {
					return n, nil
				}
			}
		}
		return nil, wrong("the option %q must be one of its choices: %s", d.Name, choiceList(d.Choices))
	}
	if least, err := d.MinValue.Float64(); err == nil && x < least {
		return nil, wrong("the option %q must be at least %s", d.Name, d.MinValue)
	}
	if most, err := d.MaxValue.Float64(); err == nil && x > most {
		return nil, wrong("the option %q must be at most %s", d.Name, d.MaxValue)
	}
	return n, nil
}

func choiceList(choices []commandChoice) string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = fmt.Sprint(c.Value)
	}
	return strings.Join(names, ", ")
}

// target finds what a context menu command was used on.
func (r *resolver) target(kind int, text string) (uint64, error) {
	if kind == commandUser {
		id, ok := r.userID(text)
		if !ok {
			return 0, wrong("target %q is not a member of the guild", clip(text))
		}
		return id, nil
	}
	id, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0, wrong("target %q is not a message id", clip(text))
	}
	m, err := r.channel.visible(snowflake.MessageID(id))
	if err != nil {
		return 0, wrong("the channel has no message %s", id)
	}
	r.messages = append(r.messages, m)
	return uint64(id), nil
}
