package sdkbundle_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// answerOps are the ops that contexts call.
var answerOps = []string{
	"op_send_message", "op_edit_message", "op_delete_message", "op_send_interaction_response", "op_defer_interaction_response", "op_update_interaction_response",
	"op_defer_interaction_update", "op_show_modal", "op_edit_original_interaction_response", "op_create_followup_message",
}

// The payloads that the rows below dispatch.
const (
	message     = `{"id":"11","channelId":"22","guildId":"33","content":"hi","author":{"id":"44","username":"u","bot":false}}`
	interaction = `{"interactionId":"55","interactionToken":"tok","applicationId":"66","guildId":"33","channelId":"22","user":{"id":"44"},"commandName":"c","data":{"name":"c","options":[{"name":"o","type":3,"value":"v"}]}}`
	component   = `{"interactionId":"55","interactionToken":"tok","channelId":"22","messageId":"77","user":{"id":"44"},"data":{"custom_id":"b","component_type":2,"values":null}}`
)

type contextRow struct {
	name, event, payload, code string
	calls                      []call
	logs                       []string
	// fail gives the error documents of ops by their names, for the first call.
	fail map[string]string
}

func TestContextOfMessages(t *testing.T) {
	t.Parallel()
	runContextRows(t, []contextRow{
		{name: "reply", event: "messageCreate", payload: message, code: `console.log((await ctx.reply("pong")).id)`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"pong","replyTo":"11"}`}}, logs: []string{"op_send_message 1"}},
		{name: "reply to another", event: "messageCreate", payload: message, code: `await ctx.reply({ content: "a", replyTo: "99", tts: true })`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a","tts":true,"replyTo":"99"}`}}},
		{name: "reply to nobody", event: "messageCreate", payload: message, code: `await ctx.reply({ content: "a", replyTo: null })`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a"}`}}},
		{name: "ephemeral is for interactions", event: "messageCreate", payload: message, code: `await ctx.reply({ content: "a", ephemeral: true, flags: 4 })`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a","flags":4,"replyTo":"11"}`}}},
		{name: "builders anywhere", event: "messageCreate", payload: message,
			code:  `await ctx.reply({ embeds: [embed().setTitle("t")], components: [actionRow().addComponents(button().setCustomId("b"))] })`,
			calls: []call{{"op_send_message", `{"channelId":"22","embeds":[{"title":"t"}],"components":[{"type":1,"components":[{"type":2,"custom_id":"b"}]}],"replyTo":"11"}`}}},
		{name: "taken apart", event: "messageCreate", payload: message, code: `const { reply, edit } = ctx; await reply("a"); await edit("b")`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a","replyTo":"11"}`}, {"op_edit_message", `{"channelId":"22","messageId":"11","content":"b"}`}}},
		{name: "spread", event: "messageCreate", payload: message, code: `const more = { ...ctx, args: [] }; await more.reply(more.msg.content)`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"hi","replyTo":"11"}`}}},
		{name: "edit", event: "messageCreate", payload: message, code: `console.log((await ctx.edit({ flags: 4, ephemeral: true })).id)`,
			calls: []call{{"op_edit_message", `{"channelId":"22","messageId":"11","flags":4}`}}, logs: []string{"op_edit_message 1"}},
		{name: "after deleting it a reply refers to nothing", event: "messageCreate", payload: message, code: `await ctx.deleteMessage("rude"); await ctx.reply("a")`,
			calls: []call{{"op_delete_message", `{"channelId":"22","messageId":"11","reason":"rude"}`}, {"op_send_message", `{"channelId":"22","content":"a"}`}}},
		{name: "after deleting what was reacted to, too", event: "reactionAdd", payload: `{"userId":"1","channelId":"22","messageId":"12","guildId":"33","emoji":{"name":"x"},"burst":false}`,
			code:  `await ctx.deleteMessage(); await ctx.reply("a")`,
			calls: []call{{"op_delete_message", `{"channelId":"22","messageId":"12"}`}, {"op_send_message", `{"channelId":"22","content":"a"}`}}},
		{name: "reactions reply to their message", event: "reactionAdd", payload: `{"userId":"1","channelId":"22","messageId":"12","guildId":"33","emoji":{"name":"x"},"burst":false}`,
			code:  `await ctx.reply("a"); await ctx.edit("b")`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a","replyTo":"12"}`}, {"op_edit_message", `{"channelId":"22","messageId":"12","content":"b"}`}}},
		{name: "a deleted message is not referred to", event: "messageDelete", payload: `{"id":"11","channelId":"22","guildId":"33"}`, code: `await ctx.reply("gone")`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"gone"}`}}},
		{name: "bulk delete", event: "messageDeleteBulk", payload: `{"ids":["11"],"channelId":"22"}`, code: `await ctx.reply("gone")`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"gone"}`}}},
		{name: "other events have an id that is no message's", event: "threadUpdate", payload: `{"id":"11","channelId":"22"}`, code: `await ctx.reply("a")`,
			calls: []call{{"op_send_message", `{"channelId":"22","content":"a"}`}}},
		{name: "no channel", event: "ready", payload: `{"user":{"id":"1"},"guildIds":[]}`,
			code: `await ctx.reply("a").catch((e) => console.log(e.message)); await ctx.edit("a").catch((e) => console.log(e.message))`,
			logs: []string{"reply: the event ready has no channel; use rest.sendMessage({ channelId, ... })", "edit: this event has no message to edit; use rest.editMessage({ channelId, messageId, ... })"}},
		{name: "wrong argument rejects", event: "messageCreate", payload: message, code: `for (const bad of [5, null, undefined, ["a"]]) await ctx.reply(bad).catch((e) => console.log(e.name))`,
			logs: []string{"TypeError", "TypeError", "TypeError", "TypeError"}},
		{name: "null payload", event: "custom", payload: `null`, code: `console.log(ctx.msg); await ctx.reply("a").catch((e) => console.log(e.name))`, logs: []string{"null", "Error"}},
	})
}

func TestContextOfInteractions(t *testing.T) {
	t.Parallel()
	first := call{"op_send_interaction_response", `{"interactionId":"55","token":"tok","content":"a"}`}
	runContextRows(t, []contextRow{
		{name: "options in raw handlers", event: "interactionCreate", payload: interaction, code: `console.log(ctx.options, ctx.msg.commandName)`, logs: []string{"{ o: \"v\" } c"}},
		{name: "the first reply answers", event: "interactionCreate", payload: interaction, code: `console.log((await ctx.reply("a")).id)`, calls: []call{first}, logs: []string{"op_send_interaction_response 1"}},
		{name: "later replies follow up", event: "interactionCreate", payload: interaction, code: `await ctx.reply("a"); console.log((await ctx.reply("b")).id)`,
			calls: []call{first, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}, logs: []string{"op_create_followup_message 2"}},
		{name: "without waiting, too", event: "interactionCreate", payload: interaction, code: `await Promise.all([ctx.reply("a"), ctx.reply("b"), ctx.edit("c")])`,
			calls: []call{first, {"op_create_followup_message", `{"token":"tok","content":"b"}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"c"}`}}},
		{name: "edit edits the answer", event: "interactionCreate", payload: interaction, code: `await ctx.reply("a"); await ctx.edit({ content: "b", ephemeral: true, flags: 68n })`,
			calls: []call{first, {"op_edit_original_interaction_response", `{"token":"tok","content":"b","flags":4}`}}},
		{name: "ephemeral is added to the flags", event: "interactionCreate", payload: interaction, code: `await ctx.reply({ content: "a", ephemeral: true, flags: 4 }); await ctx.followUp({ content: "b", ephemeral: true })`,
			calls: []call{{"op_send_interaction_response", `{"interactionId":"55","token":"tok","content":"a","flags":68}`}, {"op_create_followup_message", `{"token":"tok","content":"b","flags":64}`}}},
		{name: "deferred, the first reply takes the place", event: "interactionCreate", payload: interaction, code: `await ctx.defer({ ephemeral: true }); await ctx.reply({ content: "a", ephemeral: true }); await ctx.reply("b")`,
			calls: []call{{"op_defer_interaction_response", `{"interactionId":"55","token":"tok","ephemeral":true}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}},
		{name: "deferred, edit takes the place", event: "interactionCreate", payload: interaction, code: `await ctx.defer(); await ctx.edit("a"); await ctx.reply("b")`,
			calls: []call{{"op_defer_interaction_response", `{"interactionId":"55","token":"tok","ephemeral":false}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}},
		{name: "deferred, a followUp takes the place", event: "interactionCreate", payload: interaction, code: `await ctx.defer(); await Promise.all([ctx.followUp("a"), ctx.reply("b")])`,
			calls: []call{{"op_defer_interaction_response", `{"interactionId":"55","token":"tok","ephemeral":false}`}, {"op_create_followup_message", `{"token":"tok","content":"a"}`}, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}},
		{name: "a followUp before any answer", event: "interactionCreate", payload: interaction, code: `await ctx.followUp("a").catch((e) => console.log(e.message, e.discord_code)); await ctx.reply("b")`,
			fail:  map[string]string{"op_create_followup_message": `{"class":"Error","message":"Unknown Webhook","discord_code":10015}`},
			calls: []call{{"op_create_followup_message", `{"token":"tok","content":"a"}`}, {"op_send_interaction_response", `{"interactionId":"55","token":"tok","content":"b"}`}},
			logs:  []string{"followUp: this interaction is not answered yet; use reply or defer first (Unknown Webhook) 10015"}},
		{name: "an edit before any answer", event: "interactionCreate", payload: interaction, code: `await ctx.edit("a").catch((e) => console.log(e.message))`,
			fail:  map[string]string{"op_edit_original_interaction_response": `{"class":"Error","message":"Unknown Webhook","discord_code":10015}`},
			calls: []call{{"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}},
			logs:  []string{"edit: this interaction is not answered yet; use reply or defer first (Unknown Webhook)"}},
		{name: "modal", event: "interactionCreate", payload: interaction, code: `await ctx.showModal({ custom_id: "m", title: "T", components: [label("L").setComponent(inputText("i"))] }); await ctx.reply("a")`,
			calls: []call{{"op_show_modal", `{"interactionId":"55","token":"tok","modal":{"custom_id":"m","title":"T","components":[{"type":18,"label":"L","component":{"type":4,"custom_id":"i"}}]}}`}, {"op_create_followup_message", `{"token":"tok","content":"a"}`}}},
		{name: "only one first answer", event: "interactionCreate", payload: interaction,
			code:  `await ctx.reply("a"); for (const again of [ctx.defer, ctx.deferUpdate, () => ctx.showModal({})]) await again().catch((e) => console.log(e.message))`,
			calls: []call{first},
			logs: []string{"defer: this interaction is already answered; use followUp or edit", "deferUpdate: this interaction is already answered; use followUp or edit",
				"showModal: this interaction is already answered; use followUp or edit"}},
		{name: "handlers of one event share the conversation", event: "interactionCreate", payload: interaction, code: `await ctx.reply("a"); on`,
			calls: []call{first, {"op_create_followup_message", `{"token":"tok","content":"from the second handler"}`}}},
		{name: "after a failed answer the next one is the first", event: "interactionCreate", payload: interaction, code: `await ctx.reply("a").catch(() => ctx.reply("sorry"))`,
			fail:  map[string]string{"op_send_interaction_response": `{"class":"Error","message":"bad","discord_code":50035}`},
			calls: []call{first, {"op_send_interaction_response", `{"interactionId":"55","token":"tok","content":"sorry"}`}}},
		{name: "answered behind the context's back", event: "interactionCreate", payload: interaction, code: `await ctx.reply("a"); await ctx.reply("b")`,
			fail:  map[string]string{"op_send_interaction_response": `{"class":"Error","message":"already","discord_code":40060}`},
			calls: []call{first, {"op_create_followup_message", `{"token":"tok","content":"a"}`}, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}},
		{name: "wrong argument rejects and leaves it open", event: "interactionCreate", payload: interaction, code: `await ctx.reply(5).catch((e) => console.log(e.name)); await ctx.reply("a")`,
			calls: []call{first}, logs: []string{"TypeError"}},
		{name: "what cannot be sent rejects and leaves it open", event: "interactionCreate", payload: interaction, code: `await ctx.reply({ get content() { throw new RangeError("x") } }).catch((e) => console.log(e.name)); await ctx.reply("a")`,
			calls: []call{first}, logs: []string{"RangeError"}},
	})
}

func TestContextOfComponentsAndModals(t *testing.T) {
	t.Parallel()
	modal := strings.Replace(component, `"messageId":"77"`, `"messageId":null`, 1)
	runContextRows(t, []contextRow{
		{name: "reply", event: "componentInteraction", payload: component, code: `console.log(ctx.options); await ctx.reply("a")`,
			calls: []call{{"op_send_interaction_response", `{"interactionId":"55","token":"tok","content":"a"}`}}, logs: []string{"{}"}},
		{name: "update", event: "componentInteraction", payload: component, code: `console.log((await ctx.update({ components: [] })).id); await ctx.update("b"); await ctx.reply("c")`,
			calls: []call{{"op_update_interaction_response", `{"interactionId":"55","token":"tok","components":[]}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"b"}`}, {"op_create_followup_message", `{"token":"tok","content":"c"}`}},
			logs:  []string{"op_update_interaction_response 1"}},
		{name: "edit as the first answer updates", event: "componentInteraction", payload: component, code: `await ctx.edit("a"); await ctx.edit("b")`,
			calls: []call{{"op_update_interaction_response", `{"interactionId":"55","token":"tok","content":"a"}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"b"}`}}},
		{name: "edit when answered behind its back", event: "componentInteraction", payload: component, code: `await ctx.edit("a")`,
			fail:  map[string]string{"op_update_interaction_response": `{"class":"Error","message":"already","discord_code":40060}`},
			calls: []call{{"op_update_interaction_response", `{"interactionId":"55","token":"tok","content":"a"}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}}},
		{name: "deferUpdate", event: "componentInteraction", payload: component, code: `await ctx.deferUpdate(); await ctx.edit("a"); await ctx.reply("b")`,
			calls: []call{{"op_defer_interaction_update", `{"interactionId":"55","token":"tok"}`}, {"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}, {"op_create_followup_message", `{"token":"tok","content":"b"}`}}},
		{name: "modal from a message", event: "modalSubmit", payload: component, code: `await ctx.edit("a")`,
			calls: []call{{"op_update_interaction_response", `{"interactionId":"55","token":"tok","content":"a"}`}}},
		{name: "modal from a command has no message to edit yet", event: "modalSubmit", payload: modal, code: `await ctx.edit("a")`,
			calls: []call{{"op_edit_original_interaction_response", `{"token":"tok","content":"a"}`}}},
		{name: "id as the interaction's", event: "componentInteraction", payload: `{"id":"56","interactionToken":"tok"}`, code: `await ctx.reply("a")`,
			calls: []call{{"op_send_interaction_response", `{"interactionId":"56","token":"tok","content":"a"}`}}},
	})
}

func runContextRows(t *testing.T, rows []contextRow) {
	t.Helper()
	for _, row := range rows {
		failed := map[string]bool{}
		script := `on("` + row.event + `", async (ctx) => {` + row.code + `});`
		if second, found := strings.CutSuffix(row.code, " on"); found {
			script = `on("` + row.event + `", async (ctx) => {` + second + `}); on("` + row.event + `", (ctx) => ctx.reply("from the second handler"));`
		}
		n := 0
		r := isolatetest.Load(t, script, isolatetest.Options{Ops: answerOps, Answer: func(c isolatetest.Call) (string, bool, bool) {
			if doc, ok := row.fail[c.Op]; ok && !failed[c.Op] {
				failed[c.Op] = true
				return doc, false, true
			}
			n++
			return `{"id":"` + c.Op + ` ` + string(rune('0'+n)) + `"}`, true, true
		}})
		if f := r.Dispatch(row.event, row.payload); f != nil {
			t.Errorf("%s: %s", row.name, f.Text)
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			sameCalls(t, r, row.calls)
			if diff := cmp.Diff(row.logs, logs(r)); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}
