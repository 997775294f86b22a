// Package appcommand reads application commands as scripts write them, in
// Discord's spelling or the SDK's, and gives them in Discord's.
package appcommand

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// maxCommands is how many commands of all kinds Discord keeps for a guild.
const maxCommands = 100 + 5 + 5

var commandTypes = map[string]int{"chat_input": 1, "chatInput": 1, "slash": 1, "user": 2, "message": 3}

var optionTypes = map[string]int{
	"subcommand": 1, "sub_command": 1, "subcommand_group": 2, "sub_command_group": 2, "string": 3, "integer": 4,
	"boolean": 5, "user": 6, "channel": 7, "role": 8, "mentionable": 9, "number": 10, "attachment": 11,
}

var renamed = map[string]string{
	"nameLocalizations": "name_localizations", "descriptionLocalizations": "description_localizations",
	"defaultMemberPermissions": "default_member_permissions", "dmPermission": "dm_permission",
	"integrationTypes": "integration_types", "minValue": "min_value", "maxValue": "max_value",
	"minLength": "min_length", "maxLength": "max_length", "channelTypes": "channel_types", "kind": "type",
}

// List reads a guild's whole list of commands.
func List(in []json.RawMessage) ([]map[string]any, error) {
	if len(in) > maxCommands {
		return nil, invalid("commands", "there are %d; the limit is %d", len(in), maxCommands)
	}
	out := make([]map[string]any, 0, len(in))
	for i, raw := range in {
		doc, err := read(fmt.Sprintf("commands[%d]", i), raw, true)
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// One reads a whole command.
func One(raw json.RawMessage) (map[string]any, error) { return read("command", raw, true) }

// Part reads the members of a command that change.
func Part(raw json.RawMessage) (map[string]any, error) { return read("command", raw, false) }

// read reads one command into Discord's form: names renamed, types numbers.
// Members that it does not know stay as they are.
func read(at string, raw json.RawMessage, complete bool) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var in map[string]any
	if err := dec.Decode(&in); err != nil || in == nil {
		return nil, invalid(at, "expected an object")
	}
	out := rename(in)
	if err := setType(at, out, commandTypes); err != nil {
		return nil, err
	}
	if err := texts(at, out, complete, out["type"] == nil || fmt.Sprint(out["type"]) == "1"); err != nil {
		return nil, err
	}
	return out, options(at, out, 0)
}

func rename(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for key, v := range in {
		name, is := renamed[key]
		if !is {
			name = key
		} else if _, twice := in[name]; twice {
			continue
		}
		out[name] = v
	}
	return out
}

// setType turns a type's name into its number.
func setType(at string, doc map[string]any, names map[string]int) error {
	switch t := doc["type"].(type) {
	case nil:
		delete(doc, "type")
	case json.Number:
		if n, err := t.Int64(); err != nil || n < 1 || n > 255 {
			return invalid(at+".type", "%s is no type", t)
		}
	case string:
		n, ok := names[t]
		if !ok {
			return invalid(at+".type", "%q is no type that Discord has", clip(t))
		}
		doc["type"] = n
	default:
		return invalid(at+".type", "expected the name of a type or Discord's number")
	}
	return nil
}

// texts checks name and description; an edit may leave both out.
func texts(at string, doc map[string]any, complete, describe bool) error {
	for _, key := range []string{"name", "description"} {
		v, given := doc[key]
		if v == nil {
			if given {
				delete(doc, key)
			}
			if complete && (key == "name" || describe) {
				return invalid(at+"."+key, "it is missing")
			}
			continue
		}
		s, ok := v.(string)
		if !ok {
			return invalid(at+"."+key, "expected a string")
		}
		if s == "" && (key == "name" || describe) {
			return invalid(at+"."+key, "it is empty")
		}
	}
	return nil
}

// maxNesting is group, subcommand, option.
const maxNesting = 3

func options(at string, doc map[string]any, depth int) error {
	v, given := doc["options"]
	if v == nil {
		if given {
			delete(doc, "options")
		}
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return invalid(at+".options", "expected an array")
	}
	if depth == maxNesting {
		return invalid(at+".options", "options are nested more than %d levels deep", maxNesting)
	}
	for i, e := range list {
		at := fmt.Sprintf("%s.options[%d]", at, i)
		in, ok := e.(map[string]any)
		if !ok {
			return invalid(at, "expected an object")
		}
		out := rename(in)
		if err := setType(at, out, optionTypes); err != nil {
			return err
		}
		if out["type"] == nil {
			out["type"] = optionTypes["string"]
		}
		if err := texts(at, out, true, true); err != nil {
			return err
		}
		if err := choices(at, out); err != nil {
			return err
		}
		if err := options(at, out, depth+1); err != nil {
			return err
		}
		list[i] = out
	}
	return nil
}

func choices(at string, doc map[string]any) error {
	v, given := doc["choices"]
	if v == nil {
		if given {
			delete(doc, "choices")
		}
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return invalid(at+".choices", "expected an array")
	}
	for i, e := range list {
		in, ok := e.(map[string]any)
		if !ok {
			return invalid(fmt.Sprintf("%s.choices[%d]", at, i), "expected an object with name and value")
		}
		list[i] = rename(in)
	}
	return nil
}

func invalid(at, format string, args ...any) error {
	return fault.New(fault.InvalidInput, "Invalid input for %s: %s", at, fmt.Sprintf(format, args...))
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}
