package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Commands keeps guilds' slash commands at Discord as their scripts declare them.
type Commands struct {
	// REST makes the calls.
	REST *REST
	// Application gives the application's id, or zero as long as it is unknown.
	Application func() snowflake.ApplicationID
}

// maxCommandDocument bounds what a script may declare: Discord takes 100
// commands of at most 8,000 characters, besides their localizations.
const maxCommandDocument = 4 << 20

// SyncCommands makes the guild's commands the given list, a JSON array of commands as
// Discord or the original's SDK writes them. It asks Discord first and writes,
// all at once, only when something differs; the empty list clears them.
func (c *Commands) SyncCommands(ctx context.Context, guild snowflake.GuildID, commands json.RawMessage) error {
	if len(commands) > maxCommandDocument {
		return fault.New(fault.InvalidInput, "Invalid input for commands: they are longer than %d bytes", maxCommandDocument)
	}
	want, err := NormalizeCommands(commands)
	if err != nil {
		return err
	}
	app := c.Application()
	if app.IsZero() {
		if app, err = c.REST.CurrentApplication(ctx); err != nil {
			return err
		}
	}
	req := Request{
		Guild: guild, Method: http.MethodGet, Route: "/applications/{application.id}/guilds/{guild.id}/commands",
		Path:  "/applications/" + app.String() + "/guilds/" + guild.String() + "/commands",
		Query: url.Values{"with_localizations": {"true"}},
	}
	doc, err := c.REST.Do(ctx, req)
	if err != nil {
		return err
	}
	var have []map[string]any
	if err := json.Unmarshal(doc, &have); err != nil {
		return fmt.Errorf("read the guild's commands: %w", err)
	}
	if sameCommands(want, have) {
		return nil
	}
	req.Method, req.Query, req.Body = http.MethodPut, nil, want
	_, err = c.REST.Do(ctx, req)
	return err
}

// optionTypes are the words that the original's SDK uses for option types.
var optionTypes = map[string]int{
	"subcommand": 1, "subcommand_group": 2, "string": 3, "integer": 4, "boolean": 5, "user": 6, "channel": 7,
	"role": 8, "mentionable": 9, "number": 10, "attachment": 11,
}

// commandTypes are words for the types of commands.
var commandTypes = map[string]int{"chat_input": 1, "slash": 1, "user": 2, "message": 3}

// maxOptionDepth is that of a group's subcommand's options.
const maxOptionDepth = 4

// NormalizeCommands reads a list of commands and writes Discord's form: types as
// numbers, known camelCase names as Discord's. Everything else stays as it is.
func NormalizeCommands(commands json.RawMessage) ([]map[string]any, error) {
	var list []map[string]any
	if err := json.Unmarshal(commands, &list); err != nil {
		return nil, fault.Wrap(err, fault.InvalidInput, "Invalid input for commands: it must be a list of objects")
	}
	if list == nil {
		list = []map[string]any{}
	}
	for i, c := range list {
		at := fmt.Sprintf("commands[%d]", i)
		if c == nil {
			return nil, fault.New(fault.InvalidInput, "Invalid input for %s: it must be an object", at)
		}
		if name, ok := c["name"].(string); !ok || name == "" {
			return nil, fault.New(fault.InvalidInput, "Invalid input for %s.name: it must be a text that is not empty", at)
		}
		if err := normalize(c, at, commandTypes, 1, 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// commandFields are the camelCase names that are taken for Discord's.
var commandFields = map[string]string{}

func init() {
	for _, name := range []string{
		"name_localizations", "description_localizations", "default_member_permissions", "dm_permission", "integration_types",
		"channel_types", "min_value", "max_value", "min_length", "max_length",
	} {
		commandFields[camel[name]] = name
	}
}

// normalize changes a command or option in place.
func normalize(m map[string]any, at string, words map[string]int, standard, depth int) error {
	if depth > maxOptionDepth {
		return fault.New(fault.InvalidInput, "Invalid input for %s: options nest too deeply", at)
	}
	for from, to := range commandFields {
		if v, ok := m[from]; ok {
			delete(m, from)
			m[to] = v
		}
	}
	switch t := m["type"].(type) {
	case nil:
		m["type"] = standard
	case string:
		n, ok := words[t]
		if !ok {
			return fault.New(fault.InvalidInput, "Invalid input for %s.type: %q is not known; the types are %s", at, clip(t, 40), wordList(words))
		}
		m["type"] = n
	}
	options, ok := m["options"]
	if !ok || options == nil {
		return nil
	}
	list, ok := options.([]any)
	if !ok {
		return fault.New(fault.InvalidInput, "Invalid input for %s.options: it must be a list", at)
	}
	for i, o := range list {
		inner, ok := o.(map[string]any)
		where := fmt.Sprintf("%s.options[%d]", at, i)
		if !ok {
			return fault.New(fault.InvalidInput, "Invalid input for %s: it must be an object", where)
		}
		if err := normalize(inner, where, optionTypes, optionTypes["string"], depth+1); err != nil {
			return err
		}
	}
	return nil
}

func wordList(words map[string]int) string {
	list := make([]string, 0, len(words))
	for w := range words {
		list = append(list, w)
	}
	slices.Sort(list)
	return fmt.Sprint(list)
}

// relevant are the fields of commands and options that a script decides, with
// what Discord assumes when they are left out.
var relevant = map[string]any{
	"type": float64(1), "name": "", "description": "", "options": []any{}, "default_member_permissions": nil, "nsfw": false,
	"name_localizations": map[string]any{}, "description_localizations": map[string]any{},
	"required": false, "choices": []any{}, "channel_types": []any{}, "autocomplete": false,
	"min_value": nil, "max_value": nil, "min_length": nil, "max_length": nil,
}

// onlyWhenGiven are fields that Discord fills in by itself: they are compared
// when the script has set them.
var onlyWhenGiven = []string{"contexts", "integration_types", "dm_permission", "handler"}

// sameCommands compares lists of commands; their order does not matter.
func sameCommands(want, have []map[string]any) bool {
	if len(want) != len(have) {
		return false
	}
	type key struct {
		kind any
		name string
	}
	keyOf := func(c map[string]any) key {
		name, _ := c["name"].(string)
		return key{canonical(c["type"]), name}
	}
	there := map[key]map[string]any{}
	for _, c := range have {
		there[keyOf(c)] = c
	}
	for _, c := range want {
		other, ok := there[keyOf(c)]
		if !ok || !sameFields(c, other) {
			return false
		}
		delete(there, keyOf(c))
	}
	return true
}

func sameFields(want, have map[string]any) bool {
	for field, standard := range relevant {
		a, b := orStandard(want[field], standard), orStandard(have[field], standard)
		if field == "options" {
			if !sameOptions(a, b) {
				return false
			}
			continue
		}
		if !reflect.DeepEqual(canonical(a), canonical(b)) {
			return false
		}
	}
	for _, field := range onlyWhenGiven {
		if a, ok := want[field]; ok && !reflect.DeepEqual(canonical(a), canonical(have[field])) {
			return false
		}
	}
	return true
}

func orStandard(v, standard any) any {
	if v == nil {
		return standard
	}
	return v
}

func sameOptions(a, b any) bool {
	want, ok1 := a.([]any)
	have, ok2 := b.([]any)
	if !ok1 || !ok2 || len(want) != len(have) {
		return false
	}
	for i := range want {
		w, ok1 := want[i].(map[string]any)
		h, ok2 := have[i].(map[string]any)
		if !ok1 || !ok2 || !sameFields(w, h) {
			return false
		}
	}
	return true
}

// canonical makes values comparable: numbers alike, and members that are null
// like members that are missing.
func canonical(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if e != nil {
				out[k] = canonical(e)
			}
		}
		// Of a choice, when it has none.
		if l, ok := out["name_localizations"].(map[string]any); ok && len(l) == 0 {
			delete(out, "name_localizations")
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = canonical(e)
		}
		return out
	}
	return v
}
