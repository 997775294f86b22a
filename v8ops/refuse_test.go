package v8ops_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// TestRefusals is what ops refuse before anything is sent, and how they say it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	send := func(members string) string { return `{"channelId":"300000000000000001",` + members + `}` }
	edit := func(members string) string { return send(`"messageId":"1"` + members) }
	answer := func(members string) string {
		return `{"interactionId":"800000000000000001","token":"` + tokenA + `"` + members + `}`
	}
	hook := func(members string) string { return `{"webhookId":"700000000000000001","token":"t"` + members + `}` }
	command := func(members string) string { return `{"command":{"name":"a","description":"b",` + members + `}}` }
	files := func(n int, data string) string {
		one := `{"data":"` + data + `","filename":"f"}`
		return `"attachments":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]`
	}
	big := base64.StdEncoding.EncodeToString(make([]byte, body.MaxFileBytes/2+1))
	const nothing = "Invalid input for content: nothing to send; give at least one of content, embeds, attachments, components"
	tests := []struct {
		name, op, args string
		code           fault.Code
		want           string
	}{
		{"nothing to send", "op_send_message", `{"channelId":"300000000000000001"}`, fault.InvalidInput, nothing},
		{"nothing in it", "op_send_message", send(`"content":"","embeds":[],"attachments":[],"components":[]`), fault.InvalidInput, nothing},
		{"only what describes", "op_send_message", send(`"tts":true,"flags":4,"allowedMentions":{}`), fault.InvalidInput, nothing},
		{"only a reply", "op_send_message", send(`"replyTo":"1"`), fault.InvalidInput, nothing},
		{"nothing to answer", "op_send_interaction_response", answer(`,"ephemeral":true`), fault.InvalidInput, nothing},
		{"nothing to follow up", "op_create_followup_message", `{"token":"` + tokenA + `"}`, fault.InvalidInput, nothing},
		{"nothing for a webhook", "op_execute_webhook", hook(`,"username":"u","threadName":"n"`), fault.InvalidInput, nothing},
		{"nothing to change", "op_edit_message", edit(``), fault.InvalidInput, "Invalid input for content: nothing to change"},
		{"nothing but null", "op_edit_message", edit(`,"content":null`), fault.InvalidInput, "Invalid input for content: nothing to change"},
		{"nothing of an answer to change", "op_edit_original_interaction_response", `{"token":"` + tokenA + `"}`, fault.InvalidInput, "Invalid input for content: nothing to change"},

		{"content that is no text", "op_send_message", send(`"content":5`), fault.InvalidInput, "Invalid input for content: expected a string"},
		{"embeds that are no list", "op_send_message", send(`"embeds":{}`), fault.InvalidInput, "Invalid input for embeds: expected an array of objects"},
		{"an embed that is none", "op_send_message", send(`"embeds":["x"]`), fault.InvalidInput, "Invalid input for embeds: expected an array of objects"},
		{"components that are text", "op_send_message", send(`"components":"x"`), fault.InvalidInput, "Invalid input for components: expected an array of objects"},
		{"negative flags", "op_send_message", send(`"content":"x","flags":-1`), fault.InvalidInput, "Invalid input for flags: expected an integer that is not negative"},
		{"half a flag", "op_send_message", send(`"content":"x","flags":1.5`), fault.InvalidInput, "Invalid input for flags"},
		{"flags as text", "op_send_message", send(`"content":"x","flags":"4"`), fault.InvalidInput, "Invalid input for flags"},
		{"tts as text", "op_send_message", send(`"content":"x","tts":"yes"`), fault.InvalidInput, "Invalid input for tts: expected a boolean"},
		{"ephemeral as text", "op_send_interaction_response", answer(`,"content":"x","ephemeral":"yes"`), fault.InvalidInput, "Invalid input for ephemeral: expected a boolean"},
		{"a poll that is none", "op_send_message", send(`"poll":[]`), fault.InvalidInput, "Invalid input for poll: expected an object"},
		{"an avatar that is no text", "op_execute_webhook", hook(`,"content":"x","avatarUrl":1`), fault.InvalidInput, "Invalid input for avatarUrl: expected a string"},
		{"mentions that are a list", "op_send_message", send(`"content":"x","allowedMentions":[]`), fault.InvalidInput, "Invalid input for allowedMentions"},
		{"parse that is text", "op_send_message", send(`"content":"x","allowedMentions":{"parse":"users"}`), fault.InvalidInput, "Invalid input for allowedMentions.parse"},
		{"repliedUser that is text", "op_send_message", send(`"content":"x","allowedMentions":{"repliedUser":"yes"}`), fault.InvalidInput, "Invalid input for allowedMentions.repliedUser"},
		{"a reference without a message", "op_send_message", send(`"content":"x","messageReference":{}`), fault.InvalidInput, "Invalid input for messageReference.message_id: it is missing"},
		{"a reference that is none", "op_send_message", send(`"content":"x","messageReference":"1"`), fault.InvalidInput, "Invalid input for messageReference: expected an object"},
		{"a reference with a bad id", "op_send_message", send(`"content":"x","messageReference":{"messageId":"x"}`), fault.InvalidInput, "Invalid input for messageReference.messageId"},
		{"too much JSON", "op_send_message", send(`"content":"` + strings.Repeat("x", body.MaxMessage) + `"`), fault.TooLarge, "the message has"},
		{"too deep", "op_send_message", send(`"components":` + strings.Repeat(`[{"components":`, 40) + `[]` + strings.Repeat(`}]`, 40)), fault.InvalidInput, "nested more than 64 levels"},

		{"a file by URL", "op_send_message", send(`"attachments":[{"Url":{"url":"https://e.x/a.png"}}]`), fault.NotSupported, "Invalid input for attachments[0].Url: attachments by URL are not available"},
		{"a file by url", "op_send_message", send(`"attachments":[{"data":"aGk="},{"url":{"url":"https://e.x/a.png"}}]`), fault.NotSupported, "Invalid input for attachments[1].url: attachments by URL"},
		{"a file by its bare URL", "op_create_followup_message", answer(`,"attachments":[{"url":"https://e.x/a.png"}]`), fault.NotSupported, "attachments by URL are not available"},
		{"a file without data", "op_send_message", send(`"attachments":[{"filename":"a"}]`), fault.InvalidInput, "Invalid input for attachments[0]: it has no data"},
		{"a file with wrong data", "op_send_message", send(`"attachments":[{"Base64":{"data":"no base64!","filename":"a"}}]`), fault.InvalidInput, "Invalid input for attachments[0].Base64.data: it is not base64"},
		{"a file with a number", "op_send_message", send(`"attachments":[{"base64":{"data":5}}]`), fault.InvalidInput, "Invalid input for attachments[0].base64.data"},
		{"a file that is text", "op_send_message", send(`"attachments":[{"base64":"aGk="}]`), fault.InvalidInput, "Invalid input for attachments[0].base64"},
		{"a file name with a line break", "op_send_message", send(`"attachments":[{"data":"aGk=","filename":"a\r\nX: y"}]`), fault.InvalidInput, "Invalid input for attachments[0].filename"},
		{"a file name with a path", "op_send_message", send(`"attachments":[{"data":"aGk=","filename":"../a"}]`), fault.InvalidInput, "Invalid input for attachments[0].filename"},
		{"a long file name", "op_send_message", send(`"attachments":[{"data":"aGk=","filename":"` + strings.Repeat("a", 300) + `"}]`), fault.InvalidInput, "the limit is 260 characters"},
		{"a long description", "op_send_message", send(`"attachments":[{"data":"aGk=","description":"` + strings.Repeat("a", 1025) + `"}]`), fault.InvalidInput, "the limit is 1024 characters"},
		{"too many files", "op_send_message", send(files(11, "aGk=")), fault.InvalidInput, "Invalid input for attachments: there are 11; the limit is 10"},
		{"too large files", "op_send_message", send(files(2, big)), fault.TooLarge, "Invalid input for attachments: together they are larger than 8388608 bytes"},
		{"an old file in a new message", "op_send_message", send(`"attachments":[{"id":"1"}]`), fault.InvalidInput, "it has no data"},
		{"an old file with a number", "op_edit_message", edit(`,"attachments":[{"id":1}]`), fault.InvalidInput, "Invalid input for attachments[0].id"},

		{"no emoji", "op_add_reaction", edit(`,"emoji":"abc"`), fault.InvalidInput, `Invalid input for emoji: "abc" is neither an emoji nor name:id`},
		{"an empty emoji", "op_add_reaction", edit(`,"emoji":""`), fault.InvalidInput, "Invalid input for emoji"},
		{"a path as emoji", "op_add_reaction", edit(`,"emoji":"../../@me"`), fault.InvalidInput, "Invalid input for emoji"},
		{"a path behind an emoji", "op_add_reaction", edit(`,"emoji":"👍/../x"`), fault.InvalidInput, "Invalid input for emoji"},
		{"digits as emoji", "op_add_reaction", edit(`,"emoji":"12"`), fault.InvalidInput, "Invalid input for emoji"},
		{"half a custom emoji", "op_add_reaction", edit(`,"emoji":"<:a:1"`), fault.InvalidInput, "Invalid input for emoji"},
		{"a custom emoji with id 0", "op_add_reaction", edit(`,"emoji":"a:0"`), fault.InvalidInput, "Invalid input for emoji"},
		{"an emoji as number", "op_add_reaction", edit(`,"emoji":5`), fault.InvalidInput, "Invalid input for emoji: expected a string, got number"},
		{"an emoji object without a name", "op_add_reaction", edit(`,"emoji":{}`), fault.InvalidInput, "Invalid input for emoji.name"},
		{"an emoji object with a bad id", "op_add_reaction", edit(`,"emoji":{"id":"x/y","name":"a"}`), fault.InvalidInput, "Invalid input for emoji"},
		{"an emoji object with a number", "op_add_reaction", edit(`,"emoji":{"id":1,"name":"a"}`), fault.InvalidInput, "Invalid input for emoji.id: expected a string, got number"},

		{"no message to delete", "op_bulk_delete_messages", send(`"messageIds":[]`), fault.InvalidInput, "Invalid input for messageIds: there are 0; give 1 to 100"},
		{"too many to delete", "op_bulk_delete_messages", send(`"messageIds":[` + strings.TrimSuffix(strings.Repeat(`"1",`, 101), ",") + `]`), fault.InvalidInput, "there are 101"},
		{"a page of nothing", "op_fetch_messages", send(`"limit":0`), fault.InvalidInput, "Invalid input for limit"},
		{"a negative page", "op_fetch_messages", send(`"limit":-1`), fault.InvalidInput, "Invalid input for limit"},
		{"a page of NaN", "op_fetch_messages", send(`"limit":"NaN"`), fault.InvalidInput, "Invalid input for limit: expected an integer, got string"},
		{"too many members", "op_fetch_members", `{"limit":1001}`, fault.InvalidInput, "Invalid input for limit"},
		{"a long reason", "op_kick_member", `{"userId":"1","reason":"` + strings.Repeat("ü", 513) + `"}`, fault.InvalidInput, "Invalid input for reason: it has 513 characters; the limit is 512"},
		{"a reason that is none", "op_kick_member", `{"userId":"1","reason":5}`, fault.InvalidInput, "Invalid input for reason: expected a string, got number"},
		{"deleting the future", "op_ban_member", `{"userId":"1","deleteMessageSeconds":-1}`, fault.InvalidInput, "Invalid input for deleteMessageSeconds"},
		{"deleting too much", "op_ban_member", `{"userId":"1","deleteMessageSeconds":604801}`, fault.InvalidInput, "give 0 to 604800 (7 days)"},
		{"an empty payload", "op_edit_channel", send(`"payload":{}`), fault.InvalidInput, "Invalid input for payload: it is empty"},
		{"a payload that is a list", "op_edit_channel", send(`"payload":[]`), fault.InvalidInput, "Invalid input for payload: expected an object, got array"},
		{"a parent that is a number", "op_edit_channel", send(`"payload":{"parentId":5}`), fault.InvalidInput, "Invalid input for payload.parent_id"},
		{"a webhook without a token", "op_execute_webhook", hook(`,"token":"","content":"x"`), fault.InvalidInput, "Invalid input for token: it is empty"},

		{"an id in a body that is a number", "op_edit_voice_state", `{"userId":"1","payload":{"channelId":5}}`, fault.InvalidInput, "Invalid input for payload.channel_id: expected a Discord id as a string"},
		{"a list in a body that is text", "op_edit_onboarding", `{"payload":{"default_channel_ids":"300000000000000002"}}`, fault.InvalidInput, "Invalid input for payload.default_channel_ids: expected an array"},
		{"an object in a body that is text", "op_edit_auto_moderation_rule", `{"ruleId":"1","payload":{"actions":["x"]}}`, fault.InvalidInput, "Invalid input for payload.actions[0]: expected an object"},
		{"no positions", "op_edit_role_positions", `{"positions":[]}`, fault.InvalidInput, "Invalid input for positions: it is empty"},
		{"a position that is text", "op_edit_role_positions", `{"positions":["1"]}`, fault.InvalidInput, "Invalid input for positions[0]: expected an object"},
		{"a picture that is text", "op_create_emoji", `{"payload":{"name":"x","image":"hello!"}}`, fault.InvalidInput, "Invalid input for payload.image: expected bytes, base64 or a data URI"},
		{"a picture that is none", "op_create_emoji", `{"payload":{"name":"x","image":"aGVsbG8="}}`, fault.InvalidInput, "Invalid input for payload.image: it is neither a picture nor a sound"},
		{"a sticker without data", "op_create_sticker", `{"name":"x","tags":"t","file":{"filename":"a.png"}}`, fault.InvalidInput, "Invalid input for file: it has no data"},
		{"a sticker that is text", "op_create_sticker", `{"name":"x","tags":"t","file":"a"}`, fault.InvalidInput, "Invalid input for file: expected an object"},
		{"permissions that are words", "op_edit_channel_permissions", send(`"overwriteId":"1","type":0,"allow":"SEND"`), fault.InvalidInput, "Invalid input for allow: expected permissions as a decimal string"},
		{"negative permissions", "op_edit_channel_permissions", send(`"overwriteId":"1","type":0,"deny":-1`), fault.InvalidInput, "Invalid input for deny"},
		{"a type of overwrite that there is not", "op_edit_channel_permissions", send(`"overwriteId":"1","type":2`), fault.InvalidInput, "Invalid input for type: it is 2; give 0 to 1"},
		{"nobody to ban", "op_bulk_ban_members", `{"userIds":[]}`, fault.InvalidInput, "Invalid input for userIds: there are 0; give 1 to 200"},
		{"an invite that leaves its path", "op_fetch_invite", `{"code":"../guilds/1"}`, fault.InvalidInput, "Invalid input for code"},
		{"a template that leaves its path", "op_sync_template", `{"code":".."}`, fault.InvalidInput, "Invalid input for code"},
		{"an answer that is none", "op_fetch_poll_voters", edit(`,"answerId":0`), fault.InvalidInput, "Invalid input for answerId: it is 0; give 1 to 1000"},
		{"a search without end", "op_search_members", `{"query":"` + strings.Repeat("a", 1001) + `"}`, fault.InvalidInput, "Invalid input for query: it has 1001 characters; the limit is 1000"},
		{"an address that is none", "op_send_message", send(`"attachments":[{"url":"file:///etc/passwd"}]`), fault.InvalidInput, "Invalid input for attachments[0].url: expected an http or https address"},
		{"an address without a host", "op_send_message", send(`"attachments":[{"url":"https:///x"}]`), fault.InvalidInput, "Invalid input for attachments[0].url"},
		{"a modal without a title", "op_show_modal", answer(`,"modal":{"customId":"a","components":[{}]}`), fault.InvalidInput, "Invalid input for modal.title"},
		{"a modal without an id", "op_show_modal", answer(`,"modal":{"title":"a","components":[{}]}`), fault.InvalidInput, "Invalid input for modal.customId"},
		{"a modal without components", "op_show_modal", answer(`,"modal":{"customId":"a","title":"a","components":[]}`), fault.InvalidInput, "Invalid input for modal.components"},
		{"too many choices", "op_send_autocomplete_result", answer(`,"choices":[` + strings.TrimSuffix(strings.Repeat(`{},`, 26), ",") + `]`), fault.InvalidInput, "Invalid input for choices: there are 26"},
		{"a choice without a name", "op_send_autocomplete_result", answer(`,"choices":[{"value":1}]`), fault.InvalidInput, "Invalid input for choices[0].name"},
		{"a choice without a value", "op_send_autocomplete_result", answer(`,"choices":[{"name":"a"}]`), fault.InvalidInput, "Invalid input for choices[0].value"},
		{"a choice that is text", "op_send_autocomplete_result", answer(`,"choices":["a"]`), fault.InvalidInput, "Invalid input for choices[0]: expected an object"},

		{"a command without a description", "op_create_guild_command", `{"command":{"name":"a"}}`, fault.InvalidInput, "Invalid input for command.description: it is missing"},
		{"a command without a name", "op_upsert_guild_commands", `{"commands":[{"name":"a","description":"b"},{"description":"b"}]}`, fault.InvalidInput, "Invalid input for commands[1].name: it is missing"},
		{"a command with an empty name", "op_create_guild_command", `{"command":{"name":"","description":"b"}}`, fault.InvalidInput, "Invalid input for command.name: it is empty"},
		{"a command that is text", "op_create_guild_command", `{"command":"a"}`, fault.InvalidInput, "Invalid input for command: expected an object"},
		{"a command of no type", "op_create_guild_command", command(`"type":"menu"`), fault.InvalidInput, `Invalid input for command.type: "menu" is no type that Discord has`},
		{"an option of no type", "op_create_guild_command", command(`"options":[{"name":"a","description":"b","type":"date"}]`), fault.InvalidInput, `Invalid input for command.options[0].type: "date"`},
		{"an option of type 0", "op_create_guild_command", command(`"options":[{"name":"a","description":"b","type":0}]`), fault.InvalidInput, "Invalid input for command.options[0].type"},
		{"an option without a description", "op_create_guild_command", command(`"options":[{"name":"a"}]`), fault.InvalidInput, "Invalid input for command.options[0].description: it is missing"},
		{"options that are no list", "op_create_guild_command", command(`"options":{}`), fault.InvalidInput, "Invalid input for command.options: expected an array"},
		{"choices that are no list", "op_create_guild_command", command(`"options":[{"name":"a","description":"b","choices":1}]`), fault.InvalidInput, "Invalid input for command.options[0].choices: expected an array"},
		{"options too deep", "op_create_guild_command", command(`"options":[{"name":"a","description":"b","options":[{"name":"a","description":"b","options":[{"name":"a","description":"b","options":[{}]}]}]}]`), fault.InvalidInput, "nested more than 3 levels"},
		{"too many commands", "op_upsert_guild_commands", `{"commands":[` + strings.TrimSuffix(strings.Repeat(`{},`, 111), ",") + `]}`, fault.InvalidInput, "Invalid input for commands: there are 111"},
		{"permissions that are text", "op_edit_guild_command_permissions", `{"commandId":"1","permissions":"all"}`, fault.InvalidInput, "Invalid input for permissions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if f := refused(t, tt.op, tt.args, tt.code); !strings.Contains(f.Message, tt.want) {
				t.Errorf("got %q, want %q in it", f.Message, tt.want)
			}
		})
	}
}

// TestDiscordsErrorsPass hands what Discord refuses to the script unchanged.
func TestDiscordsErrorsPass(t *testing.T) {
	t.Parallel()
	for name, g := range primary(t) {
		r := newRig(t)
		r.rest.err = fault.New(fault.DiscordHTTP, "Discord HTTP error (403): Missing Permissions").With("discord_code", 50013)
		if _, err := r.call(t, name, g.args); !errors.Is(err, r.rest.err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestBeforeTheApplicationIsKnown cannot make paths with its id.
func TestBeforeTheApplicationIsKnown(t *testing.T) {
	t.Parallel()
	rest := &rest{}
	table, err := v8ops.Table(v8ops.Deps{KV: noKV, Discord: &outbound.Discord{
		REST: rest, Scope: newScope(t), Application: func() snowflake.ApplicationID { return 0 },
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"op_create_followup_message", "op_get_guild_commands"} {
		o, _ := table.Lookup(name)
		_, err := o.Handler(t.Context(), op.Call{Guild: guildA, Args: json.RawMessage(primary(t)[name].args)})
		if !fault.Is(err, fault.Unavailable) || len(rest.sent()) > 0 {
			t.Errorf("%s: got %v, %d requests", name, err, len(rest.sent()))
		}
	}
}

// TestNonces are new for every message.
func TestNonces(t *testing.T) {
	t.Parallel()
	d := &outbound.Discord{}
	a, b := d.NewNonce(), d.NewNonce()
	if a == b || len(a) == 0 || len(a) > 25 {
		t.Errorf("nonces %q and %q", a, b)
	}
}

// FuzzOps gives every op arguments from outside: nothing but a fault may come
// of them, and no request may leave the guild.
func FuzzOps(f *testing.F) {
	for _, s := range []string{
		`{"channelId":"300000000000000001","content":"x","embeds":[{"footer":{"iconUrl":1}}]}`,
		`{"webhookId":"700000000000000001","token":"a","components":[[{}]],"attachments":[{"data":"="}]}`,
		`{"interactionId":"800000000000000001","token":"` + tokenA + `","modal":{"components":[{"component":{"component":{}}}]},"choices":[{}]}`,
		`{"commands":[{"name":"a","description":"b","options":[{"choices":[null]}]}],"command":{"options":[[]]}}`,
		`{"channelId":"300000000000000001","messageId":"1","emoji":{"id":"1"},"payload":{"message":{"message_reference":{}}}}`,
	} {
		f.Add(uint8(0), []byte(s))
		f.Add(uint8(17), []byte(s))
	}
	f.Fuzz(func(t *testing.T, index uint8, args []byte) {
		r := newRig(t)
		o, ok := r.table.At(int(index) % (len(r.table.Names()) - 6)) // Not those of the key-value store.
		if !ok {
			t.Fatal("there is no such op")
		}
		_, err := o.Handler(t.Context(), op.Call{Guild: guildA, Args: args})
		if _, is := errors.AsType[*fault.Fault](err); err != nil && !is {
			t.Errorf("%s: %v is no fault", o.Name, err)
		}
		for _, req := range r.rest.sent() {
			if strings.Contains(req.Path, "..") || strings.Contains(req.Path, guildB.String()) || strings.Contains(req.Path, channelB.String()) {
				t.Errorf("%s went to %s", o.Name, req.Path)
			}
			if b, err := json.Marshal(req.Body); err != nil || strings.Contains(string(b), `"channel_id":"`+channelB.String()) {
				t.Errorf("%s sent %s, %v", o.Name, b, err)
			}
		}
	})
}
