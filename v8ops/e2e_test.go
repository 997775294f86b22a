package v8ops_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
)

type m = map[string]any

func TestMessagesEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	first := s.must("op_send_message", m{
		"channelId": c, "content": "hi @everyone", "embeds": []m{{"title": "T", "footer": m{"text": "f", "iconUrl": "https://e.x/i"}}},
		"components":  []m{{"type": 2, "style": 1, "customId": "go", "label": "Go"}},
		"attachments": []m{{"Base64": m{"data": "aGVsbG8=", "filename": "a.txt", "description": "first"}}},
	})
	id := first.Get("id").String()
	s.equal("content", first.Get("content").String(), "hi @everyone")
	s.equal("mention_everyone", first.Get("mention_everyone").Raw, "false")
	s.equal("icon", first.Get("embeds.0.footer.icon_url").String(), "https://e.x/i")
	s.equal("button", first.Get("components.0.components.0.custom_id").String(), "go")
	s.equal("file", first.Get("attachments.0.filename").String()+" "+first.Get("attachments.0.description").String()+" "+first.Get("attachments.0.size").String(), "a.txt first 5")
	reply := s.must("op_send_message", m{"channelId": c, "content": "re", "replyTo": id, "allowedMentions": m{"parse": []string{"everyone"}}})
	s.equal("reference", reply.Get("message_reference.message_id").String(), id)

	at := m{"channelId": c, "messageId": id}
	s.equal("edited", s.must("op_edit_message", m{"channelId": c, "messageId": id, "content": "new", "attachments": []m{}}).Get("content").String(), "new")
	got := s.must("op_fetch_message", at)
	s.equal("fetched", got.Get("content").String()+got.Get("attachments").Raw, "new[]")
	s.must("op_add_reaction", m{"channelId": c, "messageId": id, "emoji": "👍"})
	s.equal("reactions", s.must("op_fetch_message", at).Get("reactions.0.emoji.name").String(), "👍")
	s.must("op_remove_reaction", m{"channelId": c, "messageId": id, "emoji": "👍"})
	s.must("op_add_reaction", m{"channelId": c, "messageId": id, "emoji": m{"name": "🎉"}})
	s.must("op_clear_reactions", m{"channelId": c, "messageId": id, "emoji": "🎉"})
	s.must("op_clear_reactions", at)
	s.must("op_pin_message", m{"channelId": c, "messageId": id, "reason": "gründlich"})
	s.equal("pinned", s.must("op_fetch_message", at).Get("pinned").Raw, "true")
	s.must("op_unpin_message", at)
	thread := s.must("op_create_thread_from_message", m{"channelId": c, "messageId": id, "payload": m{"name": "thread"}})
	s.equal("thread", thread.Get("name").String(), "thread")
	s.must("op_send_message", m{"channelId": thread.Get("id").String(), "content": "inside"})
	s.must("op_leave_thread", m{"threadId": thread.Get("id").String()})
	s.must("op_join_thread", m{"threadId": thread.Get("id").String()})
	if n := len(s.must("op_fetch_messages", m{"channelId": c, "limit": 100}).Array()); n < 2 {
		t.Errorf("%d messages are listed", n)
	}
	s.must("op_delete_message", at)
	other := s.must("op_send_message", m{"channelId": c, "content": "last"}).Get("id").String()
	s.must("op_bulk_delete_messages", m{"channelId": c, "messageIds": []string{reply.Get("id").String(), other}})
	_, err := s.try("op_fetch_message", at)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != fault.DiscordHTTP || !strings.Contains(f.Message, "GET /channels/{channel.id}/messages/{message.id}") {
		t.Errorf("a deleted message: %v", err)
	}
}

// TestALostAnswerSendsOnce: Discord takes a message once although the request
// is repeated.
func TestALostAnswerSendsOnce(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	if err := s.sim.FailRequests(discordsim.RequestFault{Route: "POST /channels/{channel}/messages", Count: 1, Status: 502, Done: true}); err != nil {
		t.Fatal(err)
	}
	id := s.must("op_send_message", m{"channelId": c, "content": "only once"}).Get("id").String()
	list := s.must("op_fetch_messages", m{"channelId": c}).Array()
	if len(list) != 1 || list[0].Get("id").String() != id {
		t.Errorf("%d messages are there: %v", len(list), list)
	}
}

func TestGuildEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	g := s.guilds[0].String()
	made := s.must("op_create_channel", m{"payload": m{"name": "new", "type": 0, "rateLimitPerUser": 5}, "reason": "needed"})
	id := made.Get("id").String()
	s.equal("slow mode", made.Get("rate_limit_per_user").String(), "5")
	s.equal("name", s.must("op_edit_channel", m{"channelId": id, "payload": m{"name": "newer"}}).Get("name").String(), "newer")
	s.equal("fetched", s.must("op_fetch_channel", m{"channelId": id}).Get("name").String(), "newer")
	thread := s.must("op_create_thread", m{"channelId": id, "payload": m{"name": "t", "type": 11}})
	alice := s.members[s.guilds[0]].Get(`#(username=="alice").id`).String()
	bob := s.members[s.guilds[0]].Get(`#(username=="bob").id`).String()
	s.must("op_add_thread_member", m{"threadId": thread.Get("id").String(), "userId": alice})
	s.must("op_remove_thread_member", m{"threadId": thread.Get("id").String(), "userId": alice})
	s.must("op_delete_channel", m{"channelId": id})
	if _, err := s.try("op_fetch_channel", m{"channelId": id}); err == nil {
		t.Error("a deleted channel is found")
	}
	s.equal("guild", s.must("op_fetch_guild", m{"guildId": g, "withCounts": true}).Get("id").String(), g)
	if roles := s.must("op_fetch_roles", m{}).Array(); len(roles) == 0 {
		t.Error("there are no roles")
	}
	if channels := s.must("op_fetch_channels", m{}).Array(); len(channels) == 0 {
		t.Error("there are no channels")
	}
	s.equal("nick", s.must("op_edit_member", m{"userId": alice, "payload": m{"nick": "Al"}}).Get("nick").String(), "Al")
	s.equal("own nick", s.must("op_edit_current_member", m{"payload": m{"nick": "bot"}}).Get("nick").String(), "bot")
	s.equal("member", s.must("op_fetch_member", m{"userId": alice}).Get("user.id").String(), alice)
	if all := s.must("op_fetch_members", m{"limit": 100}).Array(); len(all) < 3 {
		t.Errorf("%d members are listed", len(all))
	}
	role := s.must("op_fetch_roles", m{}).Get(`#(name=="Moderator").id`).String()
	s.must("op_add_member_role", m{"userId": alice, "roleId": role})
	s.equal("roles", s.must("op_fetch_member", m{"userId": alice}).Get("roles.0").String(), role)
	s.must("op_remove_member_role", m{"userId": alice, "roleId": role})
	s.must("op_kick_member", m{"userId": alice, "reason": "spam"})
	s.must("op_ban_member", m{"userId": bob, "deleteMessageSeconds": 60})
	s.must("op_unban_member", m{"userId": bob})
	if _, err := s.try("op_fetch_member", m{"userId": alice}); err == nil {
		t.Error("a kicked member is found")
	}
}

func TestInteractionsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	list := s.must("op_upsert_guild_commands", m{"commands": []m{
		{"name": "hello", "description": "Says hello", "options": []m{{"name": "who", "description": "Whom", "type": "string", "autocomplete": true}}},
	}})
	id := list.Get("0.id").String()
	s.equal("command", s.must("op_get_guild_command", m{"commandId": id}).Get("name").String(), "hello")
	s.must("op_edit_guild_command", m{"commandId": id, "command": m{"description": "Says more"}})
	s.must("op_create_guild_command", m{"command": m{"name": "Report", "type": "message"}})
	if n := len(s.must("op_get_guild_commands", m{}).Array()); n != 2 {
		t.Errorf("%d commands are there", n)
	}

	s.equal("permissions", s.must("op_get_guild_commands_permissions", m{}).Raw, "[]")
	for name := range noBots {
		if _, err := s.try(name, m{"commandId": id, "permissions": []m{}}); !fault.Is(err, fault.DiscordHTTP) {
			t.Errorf("%s: %v", name, err)
		}
	}

	out := s.act(discordsim.Action{Command: "hello"}, func(i interaction) {
		sent := s.must("op_send_interaction_response", m{
			"interactionId": i.ID, "token": i.Token, "content": "hi", "ephemeral": true,
			"components": []m{{"type": 2, "style": 1, "custom_id": "go", "label": "Go"}},
		})
		s.equal("content", sent.Get("content").String(), "hi")
		s.equal("flags", sent.Get("flags").String(), "64")
		s.equal("original", s.must("op_fetch_original_interaction_response", m{"token": i.Token}).Get("id").String(), sent.Get("id").String())
		s.equal("edited", s.must("op_edit_original_interaction_response", m{"token": i.Token, "content": "hi again"}).Get("content").String(), "hi again")
		more := s.must("op_create_followup_message", m{"token": i.Token, "content": "more", "attachments": []m{{"data": "aGk=", "filename": "f.txt"}}})
		at := m{"token": i.Token, "messageId": more.Get("id").String()}
		s.equal("file", s.must("op_fetch_followup_message", at).Get("attachments.0.filename").String(), "f.txt")
		s.must("op_edit_followup_message", m{"token": i.Token, "messageId": more.Get("id").String(), "content": "less"})
		s.must("op_delete_followup_message", at)
	})
	s.equal("shown", out.Content, "hi")
	button := gjson.GetBytes(out.Message, "id").String()

	out = s.act(discordsim.Action{CustomID: "go", MessageID: button}, func(i interaction) {
		updated := s.must("op_update_interaction_response", m{"interactionId": i.ID, "token": i.Token, "content": "pressed"})
		s.equal("updated", updated.Get("content").String(), "pressed")
	})
	s.equal("type", out.Type, "update")
	out = s.act(discordsim.Action{CustomID: "go", MessageID: button}, func(i interaction) {
		s.must("op_defer_interaction_update", m{"interactionId": i.ID, "token": i.Token})
	})
	if out.Error != "" {
		t.Errorf("a deferred update: %s", out.Error)
	}
	out = s.act(discordsim.Action{CustomID: "go", MessageID: button}, func(i interaction) {
		s.must("op_show_modal", m{"interactionId": i.ID, "token": i.Token, "modal": m{
			"customId": "form", "title": "Tell", "components": []m{{"type": 1, "components": []m{{"type": 4, "customId": "t", "style": 1, "label": "L"}}}},
		}})
	})
	s.equal("type", out.Type, "modal")
	s.equal("modal", gjson.GetBytes(out.Modal, "custom_id").String(), "form")
	out = s.act(discordsim.Action{Command: "hello", Focused: "who", Options: json.RawMessage(`{"who":"a"}`)}, func(i interaction) {
		s.must("op_send_autocomplete_result", m{"interactionId": i.ID, "token": i.Token, "choices": []m{{"name": "Ada", "value": "ada"}}})
	})
	s.equal("choice", gjson.GetBytes(out.Choices, "0.name").String(), "Ada")
	out = s.act(discordsim.Action{Command: "hello"}, func(i interaction) {
		s.must("op_defer_interaction_response", m{"interactionId": i.ID, "token": i.Token})
		s.must("op_edit_original_interaction_response", m{"token": i.Token, "content": "late"})
		s.must("op_delete_original_interaction_response", m{"token": i.Token})
		for name := range map[string]bool{"op_send_interaction_response": true} {
			if _, err := s.try(name, m{"interactionId": i.ID, "token": i.Token, "content": "twice"}); !fault.Is(err, fault.DiscordHTTP) {
				t.Errorf("a second answer: %v", err)
			}
		}
	})
	s.equal("type", out.Type, "deferred")
	s.must("op_delete_guild_command", m{"commandId": id})
	s.must("op_upsert_guild_commands", m{"commands": []m{}})
}

func TestWebhooksEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	raw, err := s.rest.Do(t.Context(), discord.Request{
		Method: "POST", Route: "/channels/{channel.id}/webhooks", Path: "/channels/" + c + "/webhooks", Body: m{"name": "hook"},
	})
	if err != nil {
		t.Fatal(err)
	}
	id, token := gjson.GetBytes(raw, "id").String(), gjson.GetBytes(raw, "token").String()
	sent := s.must("op_execute_webhook", m{"webhookId": id, "token": token, "wait": true, "content": "by hook", "username": "Hook"})
	s.equal("author", sent.Get("author.username").String(), "Hook")
	s.equal("without wait", s.must("op_execute_webhook", m{"webhookId": id, "token": token, "content": "again"}).Raw, "null")
	s.equal("name", s.must("op_edit_webhook", m{"webhookId": id, "payload": m{"name": "renamed"}}).Get("name").String(), "renamed")
	s.must("op_delete_webhook", m{"webhookId": id, "token": token})
}

// TestConfinementEndToEnd names the neighbour's channel, webhook, invite and
// token, and what nobody has, in every argument that could name one: nothing but
// the scope's own questions reaches Discord.
func TestConfinementEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	theirs := s.channel[s.guilds[1]]
	hook := s.neighbour("POST", "/channels/"+theirs+"/webhooks", m{"name": "hook"}).Get("id").String()
	code := s.neighbour("POST", "/channels/"+theirs+"/invites", m{}).Get("code").String()
	s.scope.Remember(s.guilds[1], 1, "their-token", time.Now())
	before := len(s.sim.Requests(0))
	const nobodys = "999999999999999999"
	ids := map[op.Rule][]string{
		op.Channel: {theirs, nobodys}, op.Thread: {theirs, nobodys}, op.Webhook: {hook, nobodys}, op.Guild: {s.guilds[1].String(), nobodys},
		op.Invite: {code, "nobodys"}, op.Interaction: {"their-token", "nobodys-token"},
	}
	mine := m{
		"channelId": s.channel[s.guilds[0]], "threadId": s.channel[s.guilds[0]], "guildId": s.guilds[0].String(),
		"webhookChannelId": s.channel[s.guilds[0]], "sourceGuildId": s.guilds[0].String(),
	}
	for name, g := range primary(t) {
		o, _ := s.table.Lookup(name)
		for _, p := range o.Params {
			for _, id := range ids[p.Rule] {
				var args m
				if err := json.Unmarshal([]byte(g.args), &args); err != nil {
					t.Fatal(err)
				}
				for key := range args {
					if own, ok := mine[key]; ok {
						args[key] = own
					}
				}
				if o.Rule == op.Webhook && p.Rule != op.Webhook {
					continue // The webhook itself is nobody's here.
				}
				args[p.Name] = id
				if _, err := s.try(name, args); !fault.Is(err, fault.ScopeForbidden) {
					t.Errorf("%s with %s %s: %v", name, p.Name, id, err)
				}
			}
		}
	}
	lookups := regexp.MustCompile(`^/(channels|webhooks|invites)/[^/]+$`)
	for _, r := range s.sim.Requests(0)[before:] {
		if r.Method != "GET" || !lookups.MatchString(r.Path) {
			t.Errorf("%s %s was asked", r.Method, r.Path)
		}
	}
}

// neighbour makes a request past the ops.
func (s *simulated) neighbour(method, path string, body any) gjson.Result {
	s.t.Helper()
	raw, err := s.rest.Do(s.t.Context(), discord.Request{Method: method, Route: path, Path: path, Body: body})
	if err != nil {
		s.t.Fatal(err)
	}
	return gjson.ParseBytes(raw)
}
