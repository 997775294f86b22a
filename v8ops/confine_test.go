package v8ops_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
)

// confined are what arguments of each rule may not name: what another guild
// has, and what nobody has.
var confined = map[op.Rule]struct{ foreign, unknown string }{
	op.Channel:     {channelB.String(), "300000000000000077"},
	op.Thread:      {channelB.String(), "300000000000000077"},
	op.Webhook:     {webhookB.String(), "700000000000000077"},
	op.Guild:       {guildB.String(), "100000000000000077"},
	op.Invite:      {inviteB, "nobodys"},
	op.Interaction: {tokenB, "aW50ZXJhY3Rpb24-nobody"},
}

// with gives the arguments with one member replaced.
func with(t *testing.T, args, name string, value json.RawMessage) string {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(args), &doc); err != nil {
		t.Fatal(err)
	}
	doc[name] = value
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// primary are the cases with a full argument set, by op.
func primary(t *testing.T) map[string]golden {
	t.Helper()
	out := map[string]golden{}
	for _, g := range goldens(t) {
		if !strings.Contains(g.file, "@") {
			out[g.op] = g
		}
	}
	return out
}

// refused runs the op and expects a fault of the code and no request at all.
func refused(t *testing.T, name, args string, code fault.Code) *fault.Fault {
	t.Helper()
	return newRig(t).refuses(t, name, args, code)
}

func (r *rig) refuses(t *testing.T, name, args string, code fault.Code) *fault.Fault {
	t.Helper()
	result, err := r.call(t, name, args)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != code {
		t.Fatalf("%s\ngot %v, %v, want a %s fault", args, result, err, code)
	}
	if sent := r.rest.sent(); len(sent) > 0 {
		t.Fatalf("%s\n%d requests were made, the first %s %s", args, len(sent), sent[0].Method, sent[0].Path)
	}
	return f
}

// TestConfinement gives every op another guild's and nobody's ids in every
// argument that could name one: both are refused alike, without a request.
func TestConfinement(t *testing.T) {
	t.Parallel()
	rows := 0
	cases := primary(t)
	for _, o := range newRig(t).table.All() {
		for _, p := range o.Params {
			ids, ok := confined[p.Rule]
			if p.Kind == op.ID || p.Kind == op.IDs {
				if !ok && p.Rule != op.Within && p.Rule != op.Everybody {
					t.Errorf("%s: nobody said whether %s must be proven", o.Name, p.Name)
				}
			}
			if !ok {
				continue
			}
			rows++
			t.Run(o.Name+"/"+p.Name, func(t *testing.T) {
				t.Parallel()
				args := cases[o.Name].args
				foreign := refused(t, o.Name, with(t, args, p.Name, quoted(ids.foreign)), fault.ScopeForbidden)
				unknown := refused(t, o.Name, with(t, args, p.Name, quoted(ids.unknown)), fault.ScopeForbidden)
				if foreign.Message != unknown.Message {
					t.Errorf("%q for another guild's, %q for nobody's", foreign.Message, unknown.Message)
				}
			})
		}
	}
	if rows < 130 {
		t.Errorf("only %d arguments were found", rows)
	}
}

func quoted(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

// TestConfinementInBodies is about ids inside bodies that Discord takes from
// anywhere the bot is.
func TestConfinementInBodies(t *testing.T) {
	t.Parallel()
	const foreign = `"300000000000000002"`
	tests := []struct{ name, op, args string }{
		{"a forward", "op_send_message", `{"channelId":"300000000000000001","messageReference":{"type":1,"messageId":"1","channelId":` + foreign + `}}`},
		{"a forward in Discord's words", "op_send_message", `{"channelId":"300000000000000001","message_reference":{"type":1,"message_id":"1","channel_id":` + foreign + `}}`},
		{"a forward that hides behind its own", "op_send_message", `{"channelId":"300000000000000001","message_reference":{"type":1,"message_id":"1","channelId":"300000000000000001","channel_id":` + foreign + `}}`},
		{"a forward given twice", "op_send_message", `{"channelId":"300000000000000001","message_reference":{"type":1,"message_id":"1","channel_id":"300000000000000001","channel_\u0069d":` + foreign + `}}`},
		{"a reference to another guild", "op_send_message", `{"channelId":"300000000000000001","content":"x","message_reference":{"message_id":"1","guild_id":"100000000000000002"}}`},
		{"a forward in a followup", "op_create_followup_message", `{"token":"` + tokenA + `","messageReference":{"type":1,"messageId":"1","channelId":` + foreign + `}}`},
		{"a forward in an answer", "op_send_interaction_response", `{"interactionId":"1","token":"` + tokenA + `","messageReference":{"type":1,"messageId":"1","channelId":` + foreign + `}}`},
		{"a forward by a webhook", "op_execute_webhook", `{"webhookId":"700000000000000001","token":"t","messageReference":{"type":1,"messageId":"1","channelId":` + foreign + `}}`},
		{"a forward in a forum", "op_create_thread", `{"channelId":"300000000000000001","payload":{"name":"t","message":{"message_reference":{"type":1,"message_id":"1","channel_id":` + foreign + `}}}}`},
		{"a webhook's new channel", "op_edit_webhook", `{"webhookId":"700000000000000001","payload":{"channel_id":` + foreign + `}}`},
		{"a webhook's new channel in camelCase", "op_edit_webhook", `{"webhookId":"700000000000000001","payload":{"channelId":` + foreign + `}}`},
		{"a member's voice channel", "op_edit_member", `{"userId":"1","payload":{"channel_id":` + foreign + `}}`},
		{"a channel's category", "op_edit_channel", `{"channelId":"300000000000000001","payload":{"parent_id":` + foreign + `}}`},
		{"an alert of a rule", "op_create_auto_moderation_rule", `{"payload":{"actions":[{"type":1},{"type":2,"metadata":{"channelId":` + foreign + `}}]}}`},
		{"an alert given twice", "op_edit_auto_moderation_rule", `{"ruleId":"1","payload":{"actions":[{"metadata":{"channel_id":"300000000000000001","channel_\u0069d":` + foreign + `}}]}}`},
		{"an alert in two metadatas", "op_edit_auto_moderation_rule", `{"ruleId":"1","payload":{"actions":[{"metadata":{"channel_id":` + foreign + `},"metadata":{"channel_id":"300000000000000001"}}]}}`},
		{"an exempt channel", "op_edit_auto_moderation_rule", `{"ruleId":"1","payload":{"exempt_channels":["300000000000000001",` + foreign + `]}}`},
		{"a welcome", "op_edit_welcome_screen", `{"payload":{"welcomeChannels":[{"channelId":` + foreign + `,"description":"d"}]}}`},
		{"a question of an onboarding", "op_edit_onboarding", `{"payload":{"prompts":[{"options":[{"channelIds":[` + foreign + `]}]}]}}`},
		{"a default channel", "op_edit_onboarding", `{"payload":{"defaultChannelIds":[` + foreign + `]}}`},
		{"a widget", "op_edit_widget_settings", `{"payload":{"channel_id":` + foreign + `}}`},
		{"a guild's system channel", "op_edit_guild", `{"payload":{"systemChannelId":` + foreign + `}}`},
		{"a guild's rules channel", "op_edit_guild", `{"payload":{"rules_channel_id":` + foreign + `}}`},
		{"a scheduled event", "op_create_scheduled_event", `{"payload":{"channelId":` + foreign + `}}`},
		{"a voice state", "op_edit_voice_state", `{"userId":"1","payload":{"channel_id":` + foreign + `}}`},
		{"positions", "op_edit_channel_positions", `{"positions":[{"id":"300000000000000001"},{"id":` + foreign + `}]}`},
		{"a parent among positions", "op_edit_channel_positions", `{"positions":[{"id":"300000000000000001","parentId":` + foreign + `}]}`},
		{"a new channel's category", "op_create_channel", `{"payload":{"name":"x","parentId":` + foreign + `}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_ = refused(t, tt.op, tt.args, fault.ScopeForbidden)
		})
	}
}

// TestTokensThatAreNone cannot leave their place in the path.
func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	cases, r := primary(t), newRig(t)
	for _, token := range []string{"", "..", "../../guilds/100000000000000002", "a/b", "a?b", "a b", "%2e%2e", "ü", strings.Repeat("a", 5000), "\u0000"} {
		for _, o := range r.table.All() {
			if o.Rule == op.Interaction {
				_ = r.refuses(t, o.Name, with(t, cases[o.Name].args, "token", quoted(token)), fault.ScopeForbidden)
			}
		}
		if token != "" {
			_ = r.refuses(t, "op_execute_webhook", with(t, `{"webhookId":"700000000000000001","content":"x"}`, "token", quoted(token)), fault.InvalidInput)
		}
	}
}

// TestEveryID gives every op everything that is no id in every argument that
// must be one.
func TestEveryID(t *testing.T) {
	t.Parallel()
	bad := []string{
		`5`, `-5`, `1.5`, `1e30`, `true`, `{}`, `[[]]`, `""`, `"0"`, `"-1"`, `"+1"`, `"01"`, `" 1"`, `"1 "`, `"1.0"`, `"0x10"`, `"1e3"`, `"abc"`, `"１２"`,
		`"9223372036854775808"`, `"18446744073709551615"`, `"18446744073709551616"`, `"` + strings.Repeat("9", 400) + `"`, `"1\u0000"`, `"@me"`, `"../1"`,
	}
	rows := 0
	cases := primary(t)
	for _, o := range newRig(t).table.All() {
		for _, a := range o.Params {
			if a.Kind != op.ID && a.Kind != op.IDs {
				continue
			}
			rows++
			t.Run(o.Name+"/"+a.Name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				for _, value := range bad {
					if a.Kind == op.IDs {
						value = "[" + value + "]"
					}
					f := r.refuses(t, o.Name, with(t, cases[o.Name].args, a.Name, json.RawMessage(value)), fault.InvalidInput)
					if !strings.HasPrefix(f.Message, "Invalid input for "+a.Name+": ") {
						t.Errorf("%s: the message does not name %s: %s", value, a.Name, f.Message)
					}
				}
			})
		}
	}
	if rows < 200 {
		t.Errorf("only %d arguments were found", rows)
	}
}

// TestRequired leaves out every argument that is not optional.
func TestRequired(t *testing.T) {
	t.Parallel()
	cases := primary(t)
	for _, o := range newRig(t).table.All() {
		if strings.HasPrefix(o.Name, "op_kv_") {
			continue
		}
		for _, p := range o.Params {
			if !p.Required {
				continue
			}
			f := refused(t, o.Name, with(t, cases[o.Name].args, p.Name, json.RawMessage("null")), fault.InvalidInput)
			if f.Message != "Invalid input for "+p.Name+": it is missing" {
				t.Errorf("%s without %s: %s", o.Name, p.Name, f.Message)
			}
		}
	}
}
