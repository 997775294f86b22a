package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"

	"github.com/flora-runtime/flora-runtime/pkg/appcommand"
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
	var list []json.RawMessage
	if err := json.Unmarshal(commands, &list); err != nil {
		return fault.Wrap(err, fault.InvalidInput, "Invalid input for commands: it must be a list of objects")
	}
	want, err := appcommand.List(list)
	if err != nil {
		return err
	}
	app := c.Application()
	if app.IsZero() {
		if app, _, err = c.REST.CurrentApplication(ctx); err != nil {
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
		return key{canonical(orStandard(c["type"], relevant["type"])), name}
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
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return n
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
