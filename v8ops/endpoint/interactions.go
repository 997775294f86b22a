package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

const (
	callback  = "/interactions/{interaction.id}/{interaction.token}/callback"
	followUps = "/webhooks/{application.id}/{interaction.token}"
	original  = followUps + "/messages/@original"
	followUp  = followUps + "/messages/{message.id}"
	appGuild  = "/applications/{application.id}/guilds/{guild.id}/commands"
)

// answer is a row that answers an interaction.
func answer(name, takes, gives, doc string) Endpoint {
	return Endpoint{Name: name, Method: post, Path: callback, Own: true, Rule: op.Interaction, Takes: takes, Gives: gives, Doc: doc}
}

var interactions = []Endpoint{
	answer("send_interaction_response", "FirstAnswer & ReplyOptions", "ApiMessage", "Answers with a message; `ephemeral` shows it to the user only."),
	answer("defer_interaction_response", "FirstAnswer & { ephemeral?: boolean; flags?: number }", "", "Shows \"thinking ...\"; the answer may take 15 minutes then."),
	answer("update_interaction_response", "FirstAnswer & MessageBody", "ApiMessage", "Changes the message that carries the component."),
	answer("defer_interaction_update", "FirstAnswer", "", "Takes note of a component and changes nothing yet."),
	answer("show_modal", "FirstAnswer & { modal: Built<Modal> }", "", "Opens a modal; it must be the first answer."),
	answer("send_autocomplete_result", "FirstAnswer & { choices: { name: string; value: string | number; nameLocalizations?: Record<string, string> }[] }", "", "Offers up to 25 choices for the option that is being typed."),
	{Name: "fetch_original_interaction_response", Method: get, Path: original, Gives: "ApiMessage", Doc: "The first answer."},
	{
		Name: "edit_original_interaction_response", Method: patch, Path: original, Own: true, Rule: op.Interaction,
		Takes: "WithToken & MessageBody", Gives: "ApiMessage", Doc: "Changes the first answer, or gives it after a defer.",
	},
	{Name: "delete_original_interaction_response", Method: remove, Path: original, Doc: "Deletes the first answer."},
	{
		Name: "create_followup_message", Method: post, Path: followUps, Own: true, Rule: op.Interaction,
		Takes: "WithToken & ReplyOptions", Gives: "ApiMessage", Doc: "Another message after the first answer.",
	},
	{Name: "fetch_followup_message", Method: get, Path: followUp, Gives: "ApiMessage", Doc: "One of the later messages."},
	{
		Name: "edit_followup_message", Method: patch, Path: followUp, Own: true, Rule: op.Interaction,
		Takes: "WithToken & { messageId: Id } & MessageBody", Gives: "ApiMessage", Doc: "Changes one of the later messages.",
	},
	{Name: "delete_followup_message", Method: remove, Path: followUp, Doc: "Deletes one of the later messages."},
}

var commands = []Endpoint{
	{
		Name: "upsert_guild_commands", Method: put, Path: appGuild, Own: true, Rule: op.Guild,
		Takes: "InGuild & { commands: FlattenedSlashCommand[] }", Gives: "ApiCommand[]", Doc: "Replaces all commands of the guild.",
	},
	{
		Name: "create_guild_command", Method: post, Path: appGuild, Own: true, Rule: op.Guild,
		Takes: "InGuild & { command: FlattenedSlashCommand }", Gives: "ApiCommand", Doc: "Adds a command, or replaces the one of its name.",
	},
	{
		Name: "edit_guild_command", Method: patch, Path: appGuild + "/{command.id}", Own: true, Rule: op.Guild,
		Takes: "OnCommand & { command: Partial<FlattenedSlashCommand> }", Gives: "ApiCommand", Doc: "Changes parts of a command.",
	},
	{Name: "delete_guild_command", Method: remove, Path: appGuild + "/{command.id}", Doc: "Removes a command."},
	{
		Name: "get_guild_commands", Method: get, Path: appGuild, Query: []Field{flag("withLocalizations")}, Gives: "ApiCommand[]",
		Doc: "The commands of the guild.",
	},
	{Name: "get_guild_command", Method: get, Path: appGuild + "/{command.id}", Gives: "ApiCommand", Doc: "One command."},
	{
		Name: "edit_guild_command_permissions", Method: put, Path: appGuild + "/{command.id}/permissions", Own: true, Rule: op.Guild,
		Takes: "OnCommand & { permissions: any }", Gives: "any", Doc: "Discord takes this from users only, so it answers an error to bots.",
	},
	{Name: "get_guild_commands_permissions", Method: get, Path: appGuild + "/permissions", Gives: "any[]", Doc: "Who may use which command, where that was changed."},
	{Name: "get_guild_command_permissions", Method: get, Path: appGuild + "/{command.id}/permissions", Gives: "any", Doc: "Who may use a command, where that was changed."},
}
