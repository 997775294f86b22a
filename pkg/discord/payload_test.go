package discord

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message1K is a message as Discord sends it, about a kilobyte long.
const message1K = `{"type":0,"tts":false,"timestamp":"2025-06-01T12:00:00.000000+00:00","pinned":false,"nonce":"1378716342150922240",` +
	`"mentions":[{"username":"bob","public_flags":0,"id":"80351110224678912","global_name":"Bob","discriminator":"0","avatar":null}],` +
	`"mention_roles":[],"mention_everyone":false,"member":{"roles":["41771983423143936","41771983423143937"],"premium_since":null,"pending":false,"nick":"Al",` +
	`"mute":false,"joined_at":"2015-04-26T06:26:56.936000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"avatar":null},` +
	`"id":"1378716343048376421","flags":0,"embeds":[],"edited_timestamp":null,"content":"!ping this is a message of ordinary length, with \"quotes\" and an emoji \ud83d\ude00",` +
	`"components":[],"channel_type":0,"channel_id":"290926798999357250","author":{"username":"alice","public_flags":64,"primary_guild":null,` +
	`"id":"53908099506183680","global_name":"Alice","discriminator":"0042","avatar":"a_bab14f271d565501444b2ca3be944b25"},` +
	`"attachments":[],"guild_id":"290926798626357999"}`

const command = `{"version":1,"type":2,"token":"tok","member":{"user":{"username":"alice","id":"5","discriminator":"0"},"roles":[],"permissions":"2147483647","joined_at":"2015-04-26T06:26:56.936000+00:00"},` +
	`"locale":"de","id":"10","guild_locale":"en-US","guild_id":"20","guild":{"locale":"en-US","id":"20","features":["A_B"]},"entitlements":[],` +
	`"data":{"type":1,"name":"hello","id":"30","options":[{"type":3,"name":"a_b","value":"guild_id"}],` +
	`"resolved":{"users":{"5":{"id":"5","global_name":"Al","discriminator":"0"}},"members":{"5":{"joined_at":"x"}}}},` +
	`"channel_id":"40","authorizing_integration_owners":{"0":"20"},"application_id":"50","app_permissions":"8"}`

func TestPayload(t *testing.T) {
	t.Parallel()
	const member = `"nick":null,"avatar":null,"roles":[],"joinedAt":null,"premiumSince":null,"deaf":false,"mute":false,"flags":0,"pending":false,"permissions":null,"communicationDisabledUntil":null`
	for _, c := range []struct {
		name, eventType, data string
		event, want           string
	}{
		{"a message keeps everything and its member gets the author", "MESSAGE_CREATE",
			`{"id":"1","channel_id":"2","guild_id":"3","content":"hi","author":{"id":"4","username":"a","discriminator":"0042","global_name":null},"member":{"nick":"n"},"some_new_field":{"inner_id":1},"message_reference":{"message_id":"9","guild_id":"3"}}`,
			"messageCreate",
			`{"id":"1","channelId":"2","guildId":"3","content":"hi","author":{"id":"4","username":"a","discriminator":42,"globalName":null,"bot":false},` +
				`"member":{"nick":"n","user":{"id":"4","username":"a","discriminator":42,"globalName":null,"bot":false},"avatar":null,"roles":[],"joinedAt":null,"premiumSince":null,"deaf":false,"mute":false,"flags":0,"pending":false,"permissions":null,"communicationDisabledUntil":null},` +
				`"some_new_field":{"inner_id":1},"messageReference":{"messageId":"9","guildId":"3"}}`},
		{"a webhook's message has no member", "MESSAGE_CREATE",
			`{"id":"1","author":{"id":"4","discriminator":"0000","bot":true},"embeds":[{"author":{"name":"n","icon_url":"u"}}]}`, "messageCreate",
			`{"id":"1","author":{"id":"4","discriminator":null,"bot":true},"embeds":[{"author":{"name":"n","iconUrl":"u"}}],"guildId":null,"member":null}`},
		{"ids and locales as keys stay", "MESSAGE_CREATE",
			`{"id":"1","resolved":{"users":{"123_4":{"id":"1"}}},"name_localizations":{"en-US":"a","guild-id":"b"}}`, "messageCreate",
			`{"id":"1","resolved":{"users":{"123_4":{"id":"1"}}},"nameLocalizations":{"en-US":"a","guild-id":"b"},"guildId":null,"member":null}`},
		{"an update carries old and new", "MESSAGE_UPDATE", `{"id":"1","channel_id":"2","guild_id":"3","content":"x","author":{"id":"4"}}`, "messageUpdate",
			`{"id":"1","channelId":"2","guildId":"3","content":"x","author":{"id":"4"},"member":null,"editedTimestamp":null,"old":null,` +
				`"new":{"id":"1","channelId":"2","guildId":"3","content":"x","author":{"id":"4"},"member":null,"editedTimestamp":null}}`},
		{"a deletion", "MESSAGE_DELETE", `{"id":"1","channel_id":"2","guild_id":"3"}`, "messageDelete", `{"id":"1","channelId":"2","guildId":"3"}`},
		{"a bulk deletion", "MESSAGE_DELETE_BULK", `{"ids":["1","2"],"channel_id":"2","guild_id":"3"}`, "messageDeleteBulk", `{"ids":["1","2"],"channelId":"2","guildId":"3"}`},
		{"a reaction", "MESSAGE_REACTION_ADD", `{"user_id":"1","message_id":"2","channel_id":"3","guild_id":"4","emoji":{"id":null,"name":"x"},"burst_colors":[],"type":0,"message_author_id":"6","member":{"user":{"id":"1"}}}`, "reactionAdd",
			`{"userId":"1","messageId":"2","channelId":"3","guildId":"4","emoji":{"id":null,"name":"x"},"burstColors":[],"type":0,"messageAuthorId":"6","member":{"user":{"id":"1"},` + member + `},"burst":false}`},
		{"a removed reaction", "MESSAGE_REACTION_REMOVE", `{"user_id":"1","burst":true}`, "reactionRemove", `{"userId":"1","burst":true}`},
		{"all reactions of an emoji", "MESSAGE_REACTION_REMOVE_EMOJI", `{"message_id":"2"}`, "reactionRemoveEmoji", `{"messageId":"2","userId":null,"burst":false}`},
		{"all reactions", "MESSAGE_REACTION_REMOVE_ALL", `{"message_id":"2"}`, "reactionRemoveAll", `{"messageId":"2"}`},
		{"a command", "INTERACTION_CREATE", command, "interactionCreate",
			`{"version":1,"type":2,"token":"tok","member":{"user":{"username":"alice","id":"5","discriminator":null,"bot":false},"roles":[],"permissions":"2147483647","joinedAt":"2015-04-26T06:26:56.936000+00:00",` +
				`"nick":null,"avatar":null,"premiumSince":null,"deaf":false,"mute":false,"flags":0,"pending":false,"communicationDisabledUntil":null},` +
				`"locale":"de","id":"10","guildLocale":"en-US","guildId":"20","guild":{"locale":"en-US","id":"20","features":["A_B"]},"entitlements":[],` +
				`"data":{"type":1,"name":"hello","id":"30","options":[{"type":3,"name":"a_b","value":"guild_id"}],` +
				`"resolved":{"users":{"5":{"id":"5","global_name":"Al","globalName":"Al","discriminator":"0","bot":false}},"members":{"5":{"joined_at":"x","joinedAt":"x"}}},"target_id":null,"targetId":null},` +
				`"channelId":"40","authorizingIntegrationOwners":{"0":"20"},"applicationId":"50","appPermissions":"8",` +
				`"interactionId":"10","interactionToken":"tok","commandName":"hello","user":{"username":"alice","id":"5","discriminator":null,"bot":false}}`},
		{"a component", "INTERACTION_CREATE",
			`{"type":3,"id":"1","token":"t","application_id":"2","user":{"id":"9"},"message":{"id":"7","author":{"id":"2"}},"data":{"custom_id":"c","component_type":2}}`, "componentInteraction",
			`{"type":3,"id":"1","token":"t","applicationId":"2","user":{"id":"9"},"message":{"id":"7","author":{"id":"2"},"guildId":null,"member":null},` +
				`"data":{"custom_id":"c","customId":"c","component_type":2,"componentType":2,"values":null},"guildId":null,"channelId":null,"member":null,"guildLocale":null,` +
				`"interactionId":"1","interactionToken":"t","messageId":"7"}`},
		{"a modal", "INTERACTION_CREATE",
			`{"type":5,"id":"1","token":"t","guild_id":"3","channel_id":"4","member":null,"guild_locale":null,"data":{"custom_id":"c","components":[{"type":18,"component":{"custom_id":"d","value":"v"}}]}}`, "modalSubmit",
			`{"type":5,"id":"1","token":"t","guildId":"3","channelId":"4","member":null,"guildLocale":null,` +
				`"data":{"custom_id":"c","customId":"c","components":[{"type":18,"component":{"custom_id":"d","customId":"d","value":"v"}}]},` +
				`"interactionId":"1","interactionToken":"t","messageId":null,"user":null}`},
		{"both names of a nested object", "INTERACTION_CREATE",
			`{"type":3,"id":"1","token":"t","user":{},"data":{"thread_metadata":{"invitable":true,"archive_timestamp":"x"}}}`, "componentInteraction",
			`{"type":3,"id":"1","token":"t","user":{},"data":{"thread_metadata":{"invitable":true,"archive_timestamp":"x"},"threadMetadata":{"invitable":true,"archiveTimestamp":"x"},"values":null},` +
				`"guildId":null,"channelId":null,"member":null,"guildLocale":null,"interactionId":"1","interactionToken":"t","messageId":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			name, payload, ok := Payload(Event{Type: c.eventType, Data: json.RawMessage(c.data)})
			if !ok || name != c.event {
				t.Fatalf("got %q, %v; want %q", name, ok, c.event)
			}
			if diff := cmp.Diff(decoded(t, []byte(c.want)), decoded(t, payload)); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPayloadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, eventType, data string }{
		{"a type that scripts never see", "VOICE_SERVER_UPDATE", `{}`},
		{"a ping", "INTERACTION_CREATE", `{"type":1,"id":"1","token":"t"}`},
		{"an interaction without a token", "INTERACTION_CREATE", `{"type":2,"id":"1"}`},
		{"an interaction that is cut off", "INTERACTION_CREATE", `{"type":2,"id":"1","token":"t"`},
		{"no object", "MESSAGE_CREATE", `[]`},
		{"nothing", "MESSAGE_CREATE", ``},
		{"text after the object", "MESSAGE_CREATE", `{} {}`},
		{"a cut string", "MESSAGE_CREATE", `{"id":"1`},
		{"a cut update", "MESSAGE_UPDATE", `{"id":"1"`},
		{"an author that is malformed", "MESSAGE_CREATE", `{"author":{"id":},"member":{}}`},
		{"deep nesting", "MESSAGE_CREATE", `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`},
	} {
		if name, _, ok := Payload(Event{Type: c.eventType, Data: json.RawMessage(c.data)}); ok {
			t.Errorf("%s: is delivered as %q", c.name, name)
		}
	}
}

func TestFieldNamesAreRenamedOneToOne(t *testing.T) {
	t.Parallel()
	back := map[string]string{}
	for name, renamed := range camel {
		if other, dup := back[renamed]; dup {
			t.Errorf("%s and %s both become %s", name, other, renamed)
		}
		back[renamed] = name
	}
	if got := camel["communication_disabled_until"] + camel["default_thread_rate_limit_per_user"]; got != "communicationDisabledUntildefaultThreadRateLimitPerUser" {
		t.Errorf("got %s", got)
	}
}

func TestInteractionToken(t *testing.T) {
	t.Parallel()
	id, token, ok := InteractionToken(Event{Type: typeInteraction, Data: json.RawMessage(command)})
	if id != 10 || token != "tok" || !ok {
		t.Errorf("got %v %q %v", id, token, ok)
	}
	for _, e := range []Event{{Type: typeMessageCreate, Data: json.RawMessage(command)}, {Type: typeInteraction, Data: json.RawMessage(`{"id":"1"}`)}} {
		if _, _, ok := InteractionToken(e); ok {
			t.Errorf("%s has a token", e.Data)
		}
	}
}

func TestUserPayload(t *testing.T) {
	t.Parallel()
	if got := string(UserPayload([]byte(`{"id":"1","discriminator":"0","mfa_enabled":true}`))); got != `{"id":"1","discriminator":null,"mfaEnabled":true,"bot":false}` {
		t.Errorf("got %s", got)
	}
	if UserPayload([]byte(`"x"`)) != nil {
		t.Error("a text is taken for a user")
	}
}

func decoded(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, b)
	}
	return v
}

// renamed is the conversion done the slow way.
func renamed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if to, ok := camel[k]; ok {
				k = to
			}
			out[k] = renamed(e)
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = renamed(e)
		}
	}
	return v
}

func FuzzPayload(f *testing.F) {
	for _, text := range []string{message1K, command, `{"guild_id":"1","guildId":2}`, `{"a":[{"channel_id":[]}]}`, `{"\u0067uild_id":1}`, `{`, ``} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, eventType := range []string{typeMessageCreate, typeMessageUpdate, typeInteraction, "MESSAGE_REACTION_ADD", "VOICE_STATE_UPDATE", "GUILD_MEMBER_ADD", "GUILD_DELETE"} {
			_, payload, ok := Payload(Event{Type: eventType, Data: data})
			if ok != (payload != nil) {
				t.Fatalf("%s: ok is %v", eventType, ok)
			}
			if ok && !json.Valid(payload) {
				t.Fatalf("%s: %q becomes %q", eventType, data, payload)
			}
			if ok && !json.Valid(data) {
				t.Fatalf("%s: accepts %q", eventType, data)
			}
		}
		_, payload, ok := Payload(Event{Type: "MESSAGE_DELETE", Data: data})
		var in, out map[string]any
		// A key that is spelled with escapes is not taken for a field name.
		if !ok || strings.Contains(string(data), "discriminator") || strings.Contains(string(data), `\`) || json.Unmarshal(data, &in) != nil || json.Unmarshal(payload, &out) != nil {
			return
		}
		// Two keys may have become one.
		want, ok := renamed(in).(map[string]any)
		if ok && len(in) == len(want) && !reflect.DeepEqual(want, out) {
			t.Fatalf("%s becomes %s", data, payload)
		}
	})
}

func BenchmarkPayload(b *testing.B) {
	for _, c := range []struct{ name, eventType, data string }{
		{"message_1KB", typeMessageCreate, message1K},
		{"message_update_1KB", typeMessageUpdate, message1K},
		{"command", typeInteraction, command},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := Event{Type: c.eventType, Data: json.RawMessage(c.data)}
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := Payload(e); !ok {
					b.Fatal("refused")
				}
			}
		})
	}
}
