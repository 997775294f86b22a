package discordsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (w *world) commands() string { return "/applications/" + w.app + w.inGuild("/commands") }

func TestRegisterCommands(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	first := w.must(201, "POST", w.commands(), object{"name": "hello", "description": "Says hello"})
	want := object{
		"id": first["id"], "application_id": w.app, "version": first["version"], "guild_id": w.guild, "type": 1.0, "name": "hello",
		"name_localizations": nil, "description": "Says hello", "description_localizations": nil, "default_member_permissions": nil,
		"contexts": nil, "integration_types": []any{0.0}, "nsfw": false,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("command (-want +got): %s", diff)
	}
	again := w.must(200, "POST", w.commands(), object{"name": "hello", "description": "Says it again"})
	if again["id"] != first["id"] || again["version"] == first["version"] || again["description"] != "Says it again" {
		t.Errorf("the same name makes the same command: %v", again)
	}
	path := w.commands() + "/" + textOf(first["id"])
	edited := w.must(200, "PATCH", path, object{"name": "greet", "default_member_permissions": "8"})
	if edited["name"] != "greet" || edited["description"] != "Says it again" || edited["default_member_permissions"] != "8" {
		t.Errorf("edited: %v", edited)
	}
	list := []object{{"name": "greet", "description": "x"}, {"name": "Look at", "type": 2}}
	_, body := w.request("PUT", w.base+"/api/v10"+w.commands(), list, "Authorization", "Bot x")
	var got []object
	if err := json.Unmarshal(body, &got); err != nil || len(got) != 2 {
		t.Fatalf("%v %s", err, body)
	}
	if got[0]["id"] != first["id"] || got[0]["default_member_permissions"] != nil || intOf(got[1]["type"]) != 2 {
		t.Errorf("replaced: %s", body)
	}
	w.must(204, "DELETE", path, nil)
	w.refused(404, 10063, "GET", path, nil)
	if left := w.list(w.commands()); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	w.must(200, "PUT", w.commands(), []object{})
	if left := w.list(w.commands()); len(left) != 0 {
		t.Errorf("an empty list clears: %v", left)
	}
	w.refused(404, 10002, "GET", "/applications/7/commands", nil)
	if all := w.list("/applications/" + w.app + "/commands"); len(all) != 0 {
		t.Errorf("global commands: %v", all)
	}
}

func TestRegisterCommandRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	option := func(more object) object {
		o := object{"type": 3, "name": "o", "description": "x"}
		for k, v := range more {
			if o[k] = v; v == nil {
				delete(o, k)
			}
		}
		return object{"name": "c", "description": "x", "options": []object{o}}
	}
	options := func(list ...object) object { return object{"name": "c", "description": "x", "options": list} }
	for _, row := range []struct {
		name string
		body any
		path string
		code string
	}{
		{"no name", object{"description": "x"}, "name", "BASE_TYPE_REQUIRED"},
		{"upper case", object{"name": "Hello", "description": "x"}, "name", "APPLICATION_COMMAND_INVALID_NAME"},
		{"space", object{"name": "he llo", "description": "x"}, "name", "APPLICATION_COMMAND_INVALID_NAME"},
		{"no description", object{"name": "x"}, "description", "BASE_TYPE_REQUIRED"},
		{"long description", object{"name": "x", "description": strings.Repeat("x", 101)}, "description", "BASE_TYPE_BAD_LENGTH"},
		{"unknown type", object{"name": "x", "type": 9}, "type", "BASE_TYPE_CHOICES"},
		{"context menu with options", object{"name": "x", "type": 2, "options": []object{{"type": 3, "name": "o", "description": "x"}}}, "options", "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS"},
		{"context menu with a description", object{"name": "x", "type": 3, "description": "x"}, "description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION"},
		{"option without a type", option(object{"type": nil}), "options.0.type", "BASE_TYPE_REQUIRED"},
		{"option without a description", option(object{"description": nil}), "options.0.description", "BASE_TYPE_REQUIRED"},
		{"the same option twice", options(object{"type": 3, "name": "o", "description": "x"}, object{"type": 3, "name": "o", "description": "x"}), "options.1.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"},
		{"required after optional", options(object{"type": 3, "name": "a", "description": "x"}, object{"type": 3, "name": "b", "description": "x", "required": true}), "options.1", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
		{"subcommand beside an option", options(object{"type": 3, "name": "a", "description": "x"}, object{"type": 1, "name": "b", "description": "x"}), "options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
		{"group in a group", option(object{"type": 2, "options": []object{{"type": 2, "name": "g", "description": "x"}}}), "options.0.options.0.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
		{"subcommand in a subcommand", option(object{"type": 1, "options": []object{{"type": 1, "name": "g", "description": "x"}}}), "options.0.options.0.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
		{"choices and autocomplete", option(object{"autocomplete": true, "choices": []object{{"name": "a", "value": "a"}}}), "options.0.autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES"},
		{"choice without a value", option(object{"choices": []object{{"name": "a"}}}), "options.0.choices.0.value", "BASE_TYPE_REQUIRED"},
		{"text choice of an integer", option(object{"type": 4, "choices": []object{{"name": "a", "value": "a"}}}), "options.0.choices.0.value", "NUMBER_TYPE_COERCE"},
		{"choices of a user", option(object{"type": 6, "choices": []object{{"name": "a", "value": "a"}}}), "options.0.choices", "APPLICATION_COMMAND_OPTIONS_TYPE_CHOICES"},
		{"bound is no number", option(object{"type": 4, "min_value": "one"}), "options.0.min_value", "NUMBER_TYPE_COERCE"},
		{"locale", object{"name": "x", "description": "x", "name_localizations": object{"de": ""}}, "name_localizations.de", "BASE_TYPE_BAD_LENGTH"},
		{"unknown context", object{"name": "x", "description": "x", "contexts": []int{7}}, "contexts.0", "BASE_TYPE_CHOICES"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.refused(400, 50035, "POST", w.commands(), row.body)
			if code := formError(got, strings.Split(row.path, ".")...); code != row.code {
				t.Errorf("the error at %s is %q, want %q: %v", row.path, code, row.code, got)
			}
		})
	}
	got := w.refused(400, 50035, "PUT", w.commands(), []object{{"name": "a", "description": "x"}, {"name": "a", "description": "x"}})
	if code := formError(got, "1", "name"); code != "APPLICATION_COMMANDS_DUPLICATE_NAME" {
		t.Errorf("duplicate: %v", got)
	}
	many := make([]object, 101)
	for i := range many {
		many[i] = object{"name": fmt.Sprint("c", i), "description": "x"}
	}
	w.refused(400, 30032, "PUT", w.commands(), many)
	w.refused(400, 50035, "PUT", w.commands(), object{})
	if left := w.list(w.commands()); len(left) != 0 {
		t.Errorf("refused commands are there: %v", left)
	}
}

func TestCommandPermissions(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	id := textOf(w.must(201, "POST", w.commands(), object{"name": "hello", "description": "x"})["id"])
	path := w.commands() + "/" + id + "/permissions"
	rules := object{"permissions": []object{{"id": w.users["alice"], "type": 2, "permission": false}}}
	w.refused(404, 10066, "GET", path, nil)
	w.refused(403, 20001, "PUT", path, rules)
	person := []string{"Authorization", "Bearer person"}
	w.refused(400, 50035, "PUT", path, object{"permissions": []object{{"type": 9}}}, person...)
	c := w.login(guilds)
	got := w.must(200, "PUT", path, rules, person...)
	if at(got, "permissions", 0, "id") != w.users["alice"] || got["guild_id"] != w.guild {
		t.Errorf("permissions: %v", got)
	}
	c.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
	if list := w.list(w.commands() + "/permissions"); len(list) != 1 || list[0]["id"] != id {
		t.Errorf("permissions of all: %v", list)
	}
	w.must(200, "GET", path, nil)
	status, body := w.control("POST", "/guilds/"+w.guild+"/interactions", object{"command": "hello", "author": "alice"})
	if status != http.StatusForbidden {
		t.Errorf("alice used it: %d %s", status, body)
	}
}

func TestWhoMayUseCommands(t *testing.T) {
	t.Parallel()
	w := impatient(t)
	w.must(200, "PUT", w.commands(), []object{
		{"name": "any", "description": "x"},
		{"name": "moderate", "description": "x", "default_member_permissions": "8192"},
		{"name": "nobody", "description": "x", "default_member_permissions": "0"},
	})
	for _, row := range []struct {
		command, author string
		allowed         bool
	}{
		{"any", "alice", true},
		{"moderate", "alice", false},
		{"moderate", "moderator", true},
		{"nobody", "moderator", false},
		{"nobody", "owner", true},
	} {
		status, _ := w.control("POST", "/guilds/"+w.guild+"/interactions", object{"command": row.command, "author": row.author})
		if allowed := status != http.StatusForbidden; allowed != row.allowed {
			t.Errorf("%s by %s: status %d", row.command, row.author, status)
		}
	}
}

// optionsWorld has commands with all kinds of options.
func optionsWorld(t *testing.T) (*world, *client) {
	t.Helper()
	a := impatient(t)
	bot := a.login(guilds)
	a.must(200, "PUT", a.commands(), []object{
		{"name": "all", "description": "x", "options": []object{
			{"type": 3, "name": "text", "description": "x", "required": true, "min_length": 2, "max_length": 4},
			{"type": 4, "name": "int", "description": "x", "min_value": 1, "max_value": 3},
			{"type": 10, "name": "num", "description": "x", "choices": []object{{"name": "half", "value": 0.5}}},
			{"type": 5, "name": "bool", "description": "x"},
			{"type": 6, "name": "user", "description": "x"},
			{"type": 7, "name": "channel", "description": "x", "channel_types": []int{0}},
			{"type": 8, "name": "role", "description": "x"},
			{"type": 9, "name": "mention", "description": "x"},
			{"type": 3, "name": "pick", "description": "x", "choices": []object{{"name": "A", "value": "a"}}},
			{"type": 11, "name": "file", "description": "x"},
		}},
		{"name": "tree", "description": "x", "options": []object{
			{"type": 1, "name": "leaf", "description": "x", "options": []object{{"type": 4, "name": "n", "description": "x"}}},
			{"type": 2, "name": "branch", "description": "x", "options": []object{{"type": 1, "name": "twig", "description": "x"}}},
		}},
		{"name": "Inspect", "type": 2},
		{"name": "Quote", "type": 3},
	})
	return a, bot
}

func TestCommandOptionsRefused(t *testing.T) {
	t.Parallel()
	a, bot := optionsWorld(t)
	path := "/guilds/" + a.guild + "/interactions"
	for _, row := range []struct {
		name string
		body object
		want string
	}{
		{"unknown command", object{"command": "none"}, `the bot has no command "none"`},
		{"unknown option", object{"command": "all", "options": object{"text": "abc", "more": 1}}, `no option "more"`},
		{"missing option", object{"command": "all"}, `the option "text" is required`},
		{"given twice", object{"command": "all", "options": []object{{"name": "text", "value": "abc"}, {"name": "text", "value": "abc"}}}, `given twice`},
		{"options of another kind", object{"command": "all", "options": 7}, `options must be`},
		{"option without a name", object{"command": "all", "options": []object{{"value": 1}}}, `options[0]`},
		{"too short", object{"command": "all", "options": object{"text": "a"}}, `from 2 to 4 characters`},
		{"no string", object{"command": "all", "options": object{"text": 7}}, `"text" must be a string`},
		{"too small", object{"command": "all", "options": object{"text": "abc", "int": 0}}, `at least 1`},
		{"too large", object{"command": "all", "options": object{"text": "abc", "int": 4}}, `at most 3`},
		{"no integer", object{"command": "all", "options": object{"text": "abc", "int": 1.5}}, `must be an integer`},
		{"no number", object{"command": "all", "options": object{"text": "abc", "num": "x"}}, `must be a number`},
		{"no choice", object{"command": "all", "options": object{"text": "abc", "num": 1}}, `one of its choices: 0.5`},
		{"no text choice", object{"command": "all", "options": object{"text": "abc", "pick": "b"}}, `one of its choices: a`},
		{"no boolean", object{"command": "all", "options": object{"text": "abc", "bool": "yes"}}, `true or false`},
		{"no user", object{"command": "all", "options": object{"text": "abc", "user": "nobody"}}, `must be a user`},
		{"no channel", object{"command": "all", "options": object{"text": "abc", "channel": "7"}}, `must be a channel`},
		{"no role", object{"command": "all", "options": object{"text": "abc", "role": "7"}}, `must be a role`},
		{"neither", object{"command": "all", "options": object{"text": "abc", "mention": "7"}}, `a user or a role`},
		{"file", object{"command": "all", "options": object{"text": "abc", "file": "7"}}, `attachment`},
		{"no subcommand", object{"command": "tree"}, `needs a subcommand, one of: leaf, branch`},
		{"half a path", object{"command": "tree", "subcommand": "branch"}, `needs a subcommand, one of: twig`},
		{"unknown subcommand", object{"command": "tree", "subcommand": "root"}, `no subcommand "root"`},
		{"target of a command", object{"command": "all", "target": "7", "options": object{"text": "abc"}}, `takes no target`},
		{"user that is none", object{"command": "Inspect", "target": "7"}, `is not a member`},
		{"options of a menu", object{"command": "Inspect", "target": "bob", "options": object{"x": 1}}, `takes a target`},
		{"message that is none", object{"command": "Quote", "target": "7"}, `no message 7`},
		{"no autocomplete", object{"command": "all", "focused": "text", "options": object{"text": "a"}}, `has no autocomplete`},
		{"unknown focus", object{"command": "all", "focused": "none", "options": object{"text": "abc"}}, `no option "none"`},
	} {
		status, body := a.control("POST", path, row.body)
		got := a.decode(body)
		if status != 400 && status != 404 || !strings.Contains(textOf(got["message"]), row.want) || got["code"] == nil {
			t.Errorf("%s: got %d %s, want a refusal with %q", row.name, status, body, row.want)
		}
	}
	bot.nothing()
}

func TestCommandOptions(t *testing.T) {
	t.Parallel()
	a, bot := optionsWorld(t)
	message := a.say("alice", "quote me")
	path := "/guilds/" + a.guild + "/interactions"
	a.control("POST", path, object{"command": "all", "options": object{
		"text": "abc", "int": 2, "num": 0.5, "bool": true, "user": "bob", "channel": "general", "role": "Moderator", "mention": a.users["carol"], "pick": "a",
	}})
	data := at(bot.event("INTERACTION_CREATE").object(t), "data")
	want := []any{
		object{"name": "text", "type": 3.0, "value": "abc"}, object{"name": "int", "type": 4.0, "value": 2.0},
		object{"name": "num", "type": 10.0, "value": 0.5}, object{"name": "bool", "type": 5.0, "value": true},
		object{"name": "user", "type": 6.0, "value": a.users["bob"]}, object{"name": "channel", "type": 7.0, "value": a.channel},
		object{"name": "role", "type": 8.0, "value": a.roles["Moderator"]}, object{"name": "mention", "type": 9.0, "value": a.users["carol"]},
		object{"name": "pick", "type": 3.0, "value": "a"},
	}
	if diff := cmp.Diff(want, at(data, "options")); diff != "" {
		t.Errorf("options (-want +got): %s", diff)
	}
	resolved := at(data, "resolved")
	if at(resolved, "users", a.users["bob"], "username") != "bob" || at(resolved, "members", a.users["carol"], "user") != nil ||
		at(resolved, "roles", a.roles["Moderator"], "name") != "Moderator" || at(resolved, "channels", a.channel, "permissions") == nil {
		t.Errorf("resolved: %v", resolved)
	}
	for _, row := range []struct {
		body object
		path []any
		want any
	}{
		{object{"command": "tree", "subcommand": "branch twig"}, []any{"options", 0, "options", 0, "name"}, "twig"},
		{object{"command": "tree", "subcommand": "leaf", "options": object{"n": 7}}, []any{"options", 0, "options", 0, "value"}, 7.0},
		{object{"command": "Inspect", "target": "bob"}, []any{"target_id"}, a.users["bob"]},
		{object{"command": "Quote", "target": message}, []any{"resolved", "messages", message, "content"}, "quote me"},
	} {
		a.control("POST", path, row.body)
		if got := at(at(bot.event("INTERACTION_CREATE").object(t), "data"), row.path...); got != row.want {
			t.Errorf("%v: %v is %v, want %v", row.body, row.path, got, row.want)
		}
	}
}
