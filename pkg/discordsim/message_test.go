package discordsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCreateMessage(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	m := w.must(200, "POST", w.inChannel("/messages"), object{"content": "  hello <@" + w.users["bob"] + "> ", "nonce": "n1"})
	if m["content"] != "hello <@"+w.users["bob"]+">" || at(m, "author", "id") != w.app || m["nonce"] != "n1" || intOf(m["type"]) != 0 {
		t.Errorf("message: %v", m)
	}
	event := c.event("MESSAGE_CREATE").object(t)
	if at(event, "mentions", 0, "member", "joined_at") == nil || event["guild_id"] != w.guild || at(event, "member", "roles", 0) != w.roles["flora"] {
		t.Errorf("event: %v", event)
	}
	got := w.must(200, "GET", w.inChannel("/messages/"+textOf(m["id"])), nil)
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("the message read back (-created +read): %s", diff)
	}
}

func TestCreateMessageRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	button := func(more object) object {
		b := object{"type": 2, "style": 1, "label": "x", "custom_id": "x"}
		for k, v := range more {
			b[k] = v
		}
		return object{"components": []object{{"type": 1, "components": []object{b}}}}
	}
	many := make([]object, 11)
	for i := range many {
		many[i] = object{"description": "x"}
	}
	for _, row := range []struct {
		name   string
		body   any
		status int
		code   int
		path   string
		error  string
	}{
		{"no body", nil, 400, 50006, "", ""},
		{"nothing to show", object{}, 400, 50006, "", ""},
		{"blank", object{"content": "  \n"}, 400, 50006, "", ""},
		{"no json", "{", 400, 50109, "", ""},
		{"no object", "[]", 400, 50035, "", "DICT_TYPE_CONVERT"},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), 400, 50109, "", ""},
		{"content too long", object{"content": strings.Repeat("é", 2001)}, 400, 50035, "content", "BASE_TYPE_MAX_LENGTH"},
		{"content no text", object{"content": []int{1}}, 400, 50035, "content", "STRING_TYPE_CONVERT"},
		{"too many embeds", object{"embeds": many}, 400, 50035, "embeds", "BASE_TYPE_MAX_LENGTH"},
		{"empty embed", object{"embeds": []object{{}}}, 400, 50035, "embeds.0.description", "BASE_TYPE_REQUIRED"},
		{"embed too large", object{"embeds": []object{{"description": strings.Repeat("x", 4000)}, {"description": strings.Repeat("x", 2001)}}}, 400, 50035, "embeds", "MAX_EMBED_SIZE_EXCEEDED"},
		{"embed field without value", object{"embeds": []object{{"fields": []object{{"name": "x"}}}}}, 400, 50035, "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"},
		{"embed url", object{"embeds": []object{{"title": "x", "url": "ftp://x"}}}, 400, 50035, "embeds.0.url", "URL_TYPE_INVALID_SCHEME"},
		{"embed timestamp", object{"embeds": []object{{"title": "x", "timestamp": "noon"}}}, 400, 50035, "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"},
		{"mention rules", object{"content": "x", "allowed_mentions": object{"parse": []string{"all"}}}, 400, 50035, "allowed_mentions.parse.0", "BASE_TYPE_CHOICES"},
		{"mention rules that exclude each other", object{"content": "x", "allowed_mentions": object{"parse": []string{"users"}, "users": []string{"1"}}}, 400, 50035, "allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"},
		{"nonce too long", object{"content": "x", "nonce": strings.Repeat("n", 26)}, 400, 50035, "nonce", "NONCE_TYPE_TOO_LONG"},
		{"unknown reference", object{"content": "x", "message_reference": object{"message_id": "7"}}, 400, 50035, "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"},
		{"button outside a row", object{"components": []object{{"type": 2, "style": 1, "label": "x", "custom_id": "x"}}}, 400, 50035, "components.0.type", "BASE_TYPE_CHOICES"},
		{"button without an id", button(object{"custom_id": nil}), 400, 50035, "components.0.components.0.custom_id", "BASE_TYPE_REQUIRED"},
		{"button with both", button(object{"url": "https://x"}), 400, 50035, "components.0.components.0.url", "BUTTON_COMPONENT_INVALID_URL"},
		{"button style", button(object{"style": 9}), 400, 50035, "components.0.components.0.style", "BASE_TYPE_CHOICES"},
		{"six buttons", object{"components": []object{{"type": 1, "components": buttons(6)}}}, 400, 50035, "components.0.components", "BASE_TYPE_MAX_LENGTH"},
		{"the same id twice", object{"components": []object{{"type": 1, "components": append(buttons(1), buttons(1)...)}}}, 400, 50035, "components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"},
		{"text display without the flag", object{"components": []object{{"type": 10, "content": "x"}}}, 400, 50035, "components.0.type", "BASE_TYPE_CHOICES"},
		{"content with components v2", object{"flags": 1 << 15, "content": "x", "components": []object{{"type": 10, "content": "x"}}}, 400, 50035, "content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"},
		{"select without options", object{"components": []object{{"type": 1, "components": []object{{"type": 3, "custom_id": "x"}}}}}, 400, 50035, "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"},
		{"poll without answers", object{"poll": object{"question": object{"text": "x"}}}, 400, 50035, "poll.answers", "BASE_TYPE_REQUIRED"},
		{"sticker", object{"content": "x", "sticker_ids": []string{"1"}}, 400, 50035, "sticker_ids", "STICKER_UNKNOWN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.refused(row.status, row.code, "POST", w.inChannel("/messages"), row.body)
			if row.error == "" {
				return
			}
			var path []string
			if row.path != "" {
				path = strings.Split(row.path, ".")
			}
			if code := formError(got, path...); code != row.error {
				t.Errorf("the error at %q is %q, want %q: %v", row.path, code, row.error, got)
			}
		})
	}
	if list := w.list(w.inChannel("/messages")); len(list) != 0 {
		t.Errorf("refused messages are there: %v", list)
	}
}

func buttons(n int) []object {
	list := make([]object, n)
	for i := range list {
		list[i] = object{"type": 2, "style": 1, "label": "x", "custom_id": fmt.Sprint("id", i)}
	}
	return list
}

func TestComponentsGetIDs(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	m := w.must(200, "POST", w.inChannel("/messages"), object{"flags": 1 << 15, "components": []object{
		{"type": 17, "components": []object{
			{"type": 10, "content": "text", "id": 2},
			{"type": 9, "components": []object{{"type": 10, "content": "side"}}, "accessory": object{"type": 2, "style": 5, "label": "x", "url": "https://x"}},
		}},
		{"type": 14},
	}})
	for path, want := range map[string]int{"0": 1, "0.0": 2, "0.1": 3, "0.1.0": 4, "1": 6} {
		var steps []any
		for i, n := range strings.Split(path, ".") {
			if i > 0 {
				steps = append(steps, "components")
			}
			steps = append(steps, int(n[0]-'0'))
		}
		if got := at(m["components"], append(steps, "id")...); intOf(got) != want {
			t.Errorf("component %s has id %v, want %d", path, got, want)
		}
	}
	if id := at(m, "components", 0, "components", 1, "accessory", "id"); intOf(id) != 5 {
		t.Errorf("the accessory has id %v, want 5", id)
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	id := w.say("alice", "question")
	m := w.must(200, "POST", w.inChannel("/messages"), object{"content": "answer", "message_reference": object{"message_id": id}})
	if intOf(m["type"]) != 19 || at(m, "referenced_message", "content") != "question" || at(m, "mentions", 0, "id") != w.users["alice"] {
		t.Errorf("reply: %v", m)
	}
	m = w.must(200, "POST", w.inChannel("/messages"), object{
		"content": "quiet answer", "message_reference": object{"message_id": m["id"]}, "allowed_mentions": object{"parse": []string{}},
	})
	if at(m, "referenced_message", "referenced_message") != nil || lengthOf(m["mentions"]) != 0 {
		t.Errorf("a reply to a reply shows one level and mentions nobody: %v", m)
	}
	m = w.must(200, "POST", w.inChannel("/messages"), object{"content": "x", "message_reference": object{"message_id": "7", "fail_if_not_exists": false}})
	if m["message_reference"] != nil {
		t.Errorf("a reply to what never was is no reply: %v", m)
	}
	forward := w.must(200, "POST", w.inChannel("/messages"), object{"message_reference": object{"type": 1, "message_id": id, "channel_id": w.channel}})
	if at(forward, "message_snapshots", 0, "message", "content") != "question" {
		t.Errorf("forward: %v", forward)
	}
}

func TestMentionRules(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	content := "<@" + w.users["bob"] + "> <@&" + w.roles["Moderator"] + "> @everyone"
	for _, row := range []struct {
		name     string
		rules    any
		users    int
		roles    int
		everyone bool
	}{
		{"none given", nil, 1, 1, true},
		{"nothing", object{"parse": []string{}}, 0, 0, false},
		{"users", object{"parse": []string{"users"}}, 1, 0, false},
		{"one role", object{"roles": []string{w.roles["Moderator"]}}, 0, 1, false},
		{"another user", object{"users": []string{w.users["carol"]}}, 0, 0, false},
		{"everyone", object{"parse": []string{"everyone"}}, 0, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := w.must(200, "POST", w.inChannel("/messages"), object{"content": content, "allowed_mentions": row.rules})
			users, _ := m["mentions"].([]any)
			roles, _ := m["mention_roles"].([]any)
			if len(users) != row.users || len(roles) != row.roles || m["mention_everyone"] != row.everyone {
				t.Errorf("got %d users, %d roles, everyone %v", len(users), len(roles), m["mention_everyone"])
			}
		})
	}
}

func TestEnforcedNonce(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	send := func(nonce any, enforce bool) any {
		return w.must(200, "POST", w.inChannel("/messages"), object{"content": "x", "nonce": nonce, "enforce_nonce": enforce})["id"]
	}
	first := send("n", true)
	if again := send("n", true); again != first {
		t.Error("the same nonce made another message")
	}
	if other := send("m", true); other == first {
		t.Error("another nonce made no message")
	}
	if again := send("n", false); again == first {
		t.Error("a nonce that is not enforced made no message")
	}
}

func TestEditMessage(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	m := w.must(200, "POST", w.inChannel("/messages"), object{"content": "before", "embeds": []object{{"title": "t"}}})
	c.event("MESSAGE_CREATE")
	path := w.inChannel("/messages/" + textOf(m["id"]))
	after := w.must(200, "PATCH", path, object{"content": "after"})
	if after["content"] != "after" || after["edited_timestamp"] == nil || at(after, "embeds", 0, "title") != "t" {
		t.Errorf("edited: %v", after)
	}
	if e := c.event("MESSAGE_UPDATE").object(t); e["content"] != "after" {
		t.Errorf("event: %v", e)
	}
	w.refused(400, 50006, "PATCH", path, object{"content": "", "embeds": []object{}})
	w.refused(400, 50035, "PATCH", path, object{"content": 1.5e300, "embeds": "x"})
	if got := w.must(200, "GET", path, nil); got["content"] != "after" {
		t.Errorf("a refused edit changed it: %v", got)
	}
	theirs := w.inChannel("/messages/" + w.say("alice", "mine"))
	w.refused(403, 50005, "PATCH", theirs, object{"content": "yours"})
	if got := w.must(200, "PATCH", theirs, object{"flags": 4}); intOf(got["flags"]) != 4 {
		t.Errorf("suppressed embeds: %v", got)
	}
	w.refused(404, 10008, "PATCH", w.inChannel("/messages/7"), object{"content": "x"})
}

func TestDeleteMessages(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	var ids []string
	for range 4 {
		ids = append(ids, w.say("alice", "x"))
		c.event("MESSAGE_CREATE")
	}
	w.must(204, "DELETE", w.inChannel("/messages/"+ids[0]), nil)
	if e := c.event("MESSAGE_DELETE").object(t); e["id"] != ids[0] || e["guild_id"] != w.guild {
		t.Errorf("event: %v", e)
	}
	w.refused(404, 10008, "DELETE", w.inChannel("/messages/"+ids[0]), nil)
	bulk := w.inChannel("/messages/bulk-delete")
	w.refused(400, 50016, "POST", bulk, object{"messages": ids[1:2]})
	w.refused(400, 50034, "POST", bulk, object{"messages": []string{ids[1], "661720242585600000"}})
	w.refused(400, 50035, "POST", bulk, object{"messages": []string{ids[1], ids[1]}})
	w.refused(400, 50035, "POST", bulk, object{})
	w.must(204, "POST", bulk, object{"messages": []string{ids[0], ids[1], ids[2]}})
	if e := c.event("MESSAGE_DELETE_BULK").object(t); !cmp.Equal(e["ids"], []any{ids[1], ids[2]}) {
		t.Errorf("event: %v", e)
	}
	if list := w.list(w.inChannel("/messages")); len(list) != 1 || list[0]["id"] != ids[3] {
		t.Errorf("left: %v", list)
	}
}

func TestListMessages(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	var ids []string
	for n := range 10 {
		ids = append(ids, w.say("alice", fmt.Sprint(n)))
	}
	for _, row := range []struct {
		query string
		want  string
	}{
		{"", "9876543210"},
		{"?limit=3", "987"},
		{"?limit=2&before=" + ids[5], "43"},
		{"?limit=2&after=" + ids[5], "76"},
		{"?limit=3&around=" + ids[5], "654"},
		{"?after=" + ids[9], ""},
	} {
		var got strings.Builder
		for _, m := range w.list(w.inChannel("/messages" + row.query)) {
			got.WriteString(textOf(m["content"]))
		}
		if got.String() != row.want {
			t.Errorf("%q: got %q, want %q", row.query, got.String(), row.want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?limit=x", "?before=x"} {
		w.refused(400, 50035, "GET", w.inChannel("/messages"+query), nil)
	}
}

func TestOldMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	first := w.say("alice", "first")
	for range 1300 {
		if _, err := w.sim.Say(snowflakeOf(t, w.guild), channelOf(t, w.channel), "alice", "x"); err != nil {
			t.Fatal(err)
		}
	}
	w.refused(404, 10008, "GET", w.inChannel("/messages/"+first), nil)
	_, body := w.control("GET", w.messages()+"?limit=2000", nil)
	if n := strings.Count(string(body), `"content":"x"`); n < 1000 || n > 1250 {
		t.Errorf("%d messages are kept", n)
	}
	reply := w.must(200, "POST", w.inChannel("/messages"), object{"content": "late", "message_reference": object{"message_id": first}})
	if v, there := reply["referenced_message"]; !there || v != nil || at(reply, "message_reference", "message_id") != first {
		t.Errorf("a reply to a forgotten message: %v", reply)
	}
}

func TestReactions(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	id := w.say("alice", "x")
	c.event("MESSAGE_CREATE")
	reactions := w.inChannel("/messages/" + id + "/reactions")
	const thumb, heart = "/%F0%9F%91%8D", "/%E2%9D%A4%EF%B8%8F"
	w.must(204, "PUT", reactions+thumb+"/@me", nil)
	if e := c.event("MESSAGE_REACTION_ADD").object(t); at(e, "emoji", "name") != "👍" || e["user_id"] != w.app || e["message_author_id"] != w.users["alice"] {
		t.Errorf("event: %v", e)
	}
	w.must(204, "PUT", reactions+thumb+"/@me", nil) // Once more changes nothing.
	status, body := w.control("PUT", w.messages()+"/"+id+"/reactions", object{"emoji": "👍", "author": "bob"})
	if status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	c.event("MESSAGE_REACTION_ADD")
	if got := at(w.must(200, "GET", w.inChannel("/messages/"+id), nil), "reactions", 0); intOf(at(got, "count")) != 2 || at(got, "me") != true {
		t.Errorf("reaction: %v", got)
	}
	if list := w.list(reactions + thumb); len(list) != 2 || list[0]["username"] != "bob" {
		t.Errorf("who reacted: %v", list)
	}
	w.must(204, "DELETE", reactions+thumb+"/"+w.users["bob"], nil)
	c.event("MESSAGE_REACTION_REMOVE")
	w.must(204, "DELETE", reactions+thumb+"/@me", nil)
	c.event("MESSAGE_REACTION_REMOVE")
	w.must(204, "PUT", reactions+heart+"/@me", nil)
	w.must(204, "PUT", reactions+thumb+"/@me", nil)
	c.event("MESSAGE_REACTION_ADD")
	c.event("MESSAGE_REACTION_ADD")
	w.must(204, "DELETE", reactions+thumb, nil)
	c.event("MESSAGE_REACTION_REMOVE_EMOJI")
	w.must(204, "DELETE", reactions, nil)
	c.event("MESSAGE_REACTION_REMOVE_ALL")
	w.refused(404, 10014, "DELETE", reactions+thumb, nil)
	w.refused(400, 10014, "PUT", reactions+"/smile/@me", nil)
	w.refused(400, 10014, "PUT", reactions+"/blob:123/@me", nil)
	w.refused(404, 10008, "PUT", w.inChannel("/messages/7/reactions"+thumb+"/@me"), nil)
}

func TestCustomEmoji(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	e := w.must(201, "POST", w.inGuild("/emojis"), object{"name": "blob", "image": "data:image/png;base64,aGk="})
	id := textOf(e["id"])
	message := w.say("alice", "x")
	w.must(204, "PUT", w.inChannel("/messages/"+message+"/reactions/blob:"+id+"/@me"), nil)
	if got := at(w.must(200, "GET", w.inChannel("/messages/"+message), nil), "reactions", 0, "emoji", "id"); got != id {
		t.Errorf("reaction with %v", got)
	}
	if got := w.must(200, "PATCH", w.inGuild("/emojis/"+id), object{"name": "bleb"}); got["name"] != "bleb" {
		t.Errorf("renamed: %v", got)
	}
	if list := w.list(w.inGuild("/emojis")); len(list) != 1 {
		t.Errorf("emojis: %v", list)
	}
	w.refused(400, 50035, "POST", w.inGuild("/emojis"), object{"name": "b!", "image": "x"})
	w.must(204, "DELETE", w.inGuild("/emojis/"+id), nil)
	w.refused(404, 10014, "GET", w.inGuild("/emojis/"+id), nil)
}

func TestPins(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	id := w.say("alice", "x")
	c.event("MESSAGE_CREATE")
	w.must(204, "PUT", w.inChannel("/pins/"+id), nil)
	if e := c.event("MESSAGE_UPDATE").object(t); e["pinned"] != true {
		t.Errorf("event: %v", e)
	}
	c.event("CHANNEL_PINS_UPDATE")
	if e := c.event("MESSAGE_CREATE").object(t); intOf(e["type"]) != 6 {
		t.Errorf("the notice: %v", e)
	} else {
		w.refused(403, 50021, "PUT", w.inChannel("/pins/"+textOf(e["id"])), nil)
	}
	if list := w.list(w.inChannel("/pins")); len(list) != 1 || list[0]["id"] != id {
		t.Errorf("pins: %v", list)
	}
	page := w.must(200, "GET", w.inChannel("/messages/pins"), nil)
	if at(page, "items", 0, "message", "id") != id || page["has_more"] != false {
		t.Errorf("page of pins: %v", page)
	}
	w.must(204, "DELETE", w.inChannel("/messages/pins/"+id), nil)
	c.event("MESSAGE_UPDATE")
	if list := w.list(w.inChannel("/pins")); len(list) != 0 {
		t.Errorf("pins: %v", list)
	}
	w.refused(400, 50035, "GET", w.inChannel("/messages/pins?before=noon"), nil)
}

func TestFiles(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	body, kind := multipart(t, object{
		"content":     "with a file",
		"embeds":      []object{{"image": object{"url": "attachment://note.txt"}}},
		"attachments": []object{{"id": "0", "filename": "note.txt", "description": "a note"}},
	}, map[string]string{"upload.txt": "what it says"})
	m := w.must(200, "POST", w.inChannel("/messages"), body, "Content-Type", kind)
	a := at(m, "attachments", 0)
	if at(a, "filename") != "note.txt" || at(a, "description") != "a note" || intOf(at(a, "size")) != 12 {
		t.Errorf("attachment: %v", a)
	}
	if at(m, "embeds", 0, "image", "url") != at(a, "url") {
		t.Errorf("the embed shows %v, want %v", at(m, "embeds", 0, "image", "url"), at(a, "url"))
	}
	resp, text := w.request("GET", textOf(at(a, "url")), nil)
	if string(text) != "what it says" || resp.Header.Get("Content-Type") != "text/plain" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the file: %q %v", text, resp.Header)
	}
	after := w.must(200, "PATCH", w.inChannel("/messages/"+textOf(m["id"])), object{"attachments": []object{}})
	if list, _ := after["attachments"].([]any); len(list) != 0 {
		t.Errorf("attachments after the edit: %v", list)
	}
	resp, _ = w.request("GET", textOf(at(a, "url")), nil)
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the file is still there: %d", resp.StatusCode)
	}
	seen := w.sim.Requests(0)
	if diff := cmp.Diff([]string{"upload.txt"}, seen[0].Files); diff != "" {
		t.Errorf("files of the request (-want +got): %s", diff)
	}
	w.refused(400, 50035, "POST", w.inChannel("/messages"), "--x", "Content-Type", "multipart/form-data")
	w.refused(400, 50035, "POST", w.inChannel("/messages"), "a=b", "Content-Type", "application/x-www-form-urlencoded")
}

func TestCrosspostAndTyping(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	w.must(204, "POST", w.inChannel("/typing"), nil)
	if e := c.event("TYPING_START").object(t); e["user_id"] != w.app || at(e, "member", "user", "id") != w.app {
		t.Errorf("event: %v", e)
	}
	m := w.must(200, "POST", w.inChannel("/messages"), object{"content": "news"})
	w.refused(400, 50024, "POST", w.inChannel("/messages/"+textOf(m["id"])+"/crosspost"), nil)
	w.must(200, "PATCH", w.inChannel(""), object{"type": 5})
	m = w.must(200, "POST", w.inChannel("/messages/"+textOf(m["id"])+"/crosspost"), nil)
	if intOf(m["flags"]) != 1 {
		t.Errorf("crossposted: %v", m)
	}
	w.refused(400, 40033, "POST", w.inChannel("/messages/"+textOf(m["id"])+"/crosspost"), nil)
}

func TestRichMessage(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	sent := object{
		"embeds": []any{object{
			"type": "rich", "title": "t", "description": "d", "url": "https://x/", "color": 255.0,
			"footer": object{"text": "f", "icon_url": "https://x/f.png"}, "author": object{"name": "a", "url": "https://x/a"},
			"image": object{"url": "https://x/i.png"}, "thumbnail": object{"url": "https://x/t.png"},
			"fields": []any{object{"name": "n", "value": "v", "inline": true}}, "timestamp": "2026-03-01T12:00:00.000000+00:00",
		}},
		"components": []any{object{"type": 1.0, "id": 1.0, "components": []any{
			object{"type": 8.0, "id": 2.0, "custom_id": "c", "placeholder": "p", "min_values": 0.0, "max_values": 3.0, "channel_types": []any{0.0}, "disabled": true},
		}}},
		"poll": object{"question": object{"text": "q"}, "answers": []any{object{"answer_id": 1.0, "poll_media": object{"text": "yes"}}}, "duration": 1.0, "allow_multiselect": true},
	}
	m := w.must(200, "POST", w.inChannel("/messages"), sent)
	for _, part := range []string{"embeds", "components"} {
		if diff := cmp.Diff(sent[part], m[part]); diff != "" {
			t.Errorf("%s (-sent +shown): %s", part, diff)
		}
	}
	if at(m, "poll", "allow_multiselect") != true || at(m, "poll", "answers", 0, "poll_media", "text") != "yes" {
		t.Errorf("poll: %v", m["poll"])
	}
	gallery := []any{
		object{"type": 12.0, "id": 1.0, "items": []any{object{"media": object{"url": "https://x/i.png"}, "description": "d", "spoiler": true}}},
		object{"type": 13.0, "id": 2.0, "file": object{"url": "attachment://a"}, "spoiler": false},
		object{"type": 14.0, "id": 3.0, "divider": false, "spacing": 2.0},
		object{"type": 9.0, "id": 4.0, "components": []any{object{"type": 10.0, "id": 5.0, "content": "x"}},
			"accessory": object{"type": 11.0, "id": 6.0, "media": object{"url": "https://x/t.png"}, "spoiler": false}},
	}
	m = w.must(200, "POST", w.inChannel("/messages"), object{"flags": 1 << 15, "components": gallery})
	filled := func(key string, v any) bool {
		return key == "proxy_url" || key == "id" && v == "1" || v == nil
	}
	bare := cmpopts.IgnoreMapEntries(filled)
	if diff := cmp.Diff(gallery, m["components"], bare); diff != "" {
		t.Errorf("components v2 (-sent +shown): %s", diff)
	}
}
