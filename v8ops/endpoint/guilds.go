package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

const (
	guild     = "/guilds/{guild.id}"
	member    = guild + "/members/{user.id}"
	roleOf    = member + "/roles/{role.id}"
	ban       = guild + "/bans/{user.id}"
	role      = guild + "/roles/{role.id}"
	template  = guild + "/templates/{template.code}"
	maxDelete = 7 * 24 * 60 * 60
)

var guilds = []Endpoint{
	{Name: "fetch_guild", Method: get, Path: guild, Query: []Field{flag("withCounts")}, Gives: "ApiGuild", Doc: "The guild; `withCounts` adds about how many members it has."},
	{
		Name: "edit_guild", Method: patch, Path: guild, Reason: true, Gives: "ApiGuild",
		Body: object(own("afk_channel_id", "system_channel_id", "rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id")...).images("icon", "splash", "banner", "discovery_splash", "home_header"),
		Doc:  "Changes the guild.",
	},
	{Name: "fetch_guild_preview", Method: get, Path: guild + "/preview", Gives: "ApiGuild", Doc: "What people see of the guild before they join."},
	{
		Name: "fetch_audit_log", Method: get, Path: guild + "/audit-logs", Gives: "ApiAuditLog",
		Query: []Field{at("userId"), at("targetId"), integer("actionType", 0, 1000), at("before"), at("after"), limit(100)},
		Doc:   "The newest entries of the audit log: up to 100 (50 by default).",
	},
	{
		Name: "fetch_prune_count", Method: get, Path: guild + "/prune", Gives: "{ pruned: number }",
		Query: []Field{integer("days", 1, 30), {Name: "includeRoles", Kind: op.IDs, Rule: op.Within}},
		Doc:   "How many members `pruneMembers` would remove: those not seen for `days` (7), without roles other than `includeRoles`.",
	},
	{
		Name: "prune_members", Method: post, Path: guild + "/prune", Reason: true, Gives: "{ pruned: number | null }",
		Fields: []Field{integer("days", 1, 30), flag("computePruneCount"), {Name: "includeRoles", Kind: op.IDs, Rule: op.Within}},
		Doc:    "Removes members that were not seen for `days` (7).",
	},
	{Name: "fetch_voice_regions", Method: get, Path: guild + "/regions", Gives: "ApiVoiceRegion[]", Doc: "The voice regions that the guild can use."},
	{Name: "fetch_integrations", Method: get, Path: guild + "/integrations", Gives: "ApiIntegration[]", Doc: "The bots and accounts that are connected with the guild."},
	{Name: "fetch_widget_settings", Method: get, Path: guild + "/widget", Gives: "ApiWidgetSettings", Doc: "Whether the guild has a widget."},
	{
		Name: "edit_widget_settings", Method: patch, Path: guild + "/widget", Reason: true, Gives: "ApiWidgetSettings",
		Body: object(own("channel_id")...), Doc: "Changes the widget: `enabled`, `channel_id`.",
	},
	{Name: "fetch_widget", Method: get, Path: guild + "/widget.json", Gives: "ApiWidget", Doc: "The widget's content, if it is enabled."},
	{Name: "fetch_welcome_screen", Method: get, Path: guild + "/welcome-screen", Gives: "ApiWelcomeScreen", Doc: "The welcome screen."},
	{
		Name: "edit_welcome_screen", Method: patch, Path: guild + "/welcome-screen", Reason: true, Gives: "ApiWelcomeScreen",
		Body: object(own("welcome_channels[].channel_id")...), Doc: "Changes the welcome screen.",
	},
	{Name: "fetch_onboarding", Method: get, Path: guild + "/onboarding", Gives: "ApiOnboarding", Doc: "What new members are asked."},
	{
		Name: "edit_onboarding", Method: put, Path: guild + "/onboarding", Reason: true, Gives: "ApiOnboarding",
		Body: object(own("default_channel_ids[]", "prompts[].options[].channel_ids[]")...), Doc: "Changes what new members are asked.",
	},
	{Name: "fetch_vanity_url", Method: get, Path: guild + "/vanity-url", Gives: "{ code: string | null; uses: number }", Doc: "The guild's own invite, if it has one."},
	{
		Name: "edit_incident_actions", Method: put, Path: guild + "/incident-actions", Gives: "ApiIncidents",
		Body: object(), Doc: "Stops invites or direct messages until a time: `invites_disabled_until`, `dms_disabled_until` (ISO 8601, at most a day ahead).",
	},
	{Name: "fetch_templates", Method: get, Path: guild + "/templates", Gives: "ApiTemplate[]", Doc: "The guild's templates."},
	{Name: "create_template", Method: post, Path: guild + "/templates", Body: object(), Gives: "ApiTemplate", Doc: "Makes a template of the guild: `name`, `description`."},
	{Name: "sync_template", Method: put, Path: template, Gives: "ApiTemplate", Doc: "Brings a template up to date with the guild."},
	{Name: "edit_template", Method: patch, Path: template, Body: object(), Gives: "ApiTemplate", Doc: "Changes a template's `name` and `description`."},
	{Name: "delete_template", Method: remove, Path: template, Gives: "ApiTemplate", Doc: "Deletes a template."},
}

var members = []Endpoint{
	{Name: "fetch_member", Method: get, Path: member, Gives: "ApiMember", Doc: "One member."},
	{
		Name: "fetch_members", Method: get, Path: guild + "/members", Query: []Field{limit(1000), at("after")}, Gives: "ApiMember[]",
		Doc: "Members by id: up to 1000 (1 by default). The bot needs the intent for members.",
	},
	{
		Name: "search_members", Method: get, Path: guild + "/members/search", Query: []Field{text("query").required(), limit(1000)}, Gives: "ApiMember[]",
		Doc: "Members whose name or nickname begins with `query`: up to 1000 (1 by default).",
	},
	{
		Name: "edit_member", Method: patch, Path: member, Body: object(own("channel_id")...), Reason: true, Gives: "ApiMember",
		Doc: "Changes a member: `nick`, `roles`, `mute`, `deaf`, `channel_id` (moves in voice; null disconnects), `communication_disabled_until` (time-out).",
	},
	{
		Name: "edit_current_member", Method: patch, Path: guild + "/members/@me", Body: object().images("avatar", "banner"), Reason: true, Gives: "ApiMember",
		Doc: "Changes the bot in this guild: `nick`, `avatar`, `banner`, `bio`.",
	},
	{Name: "add_member_role", Method: put, Path: roleOf, Reason: true, Doc: "Gives a role."},
	{Name: "remove_member_role", Method: remove, Path: roleOf, Reason: true, Doc: "Takes a role."},
	{Name: "kick_member", Method: remove, Path: member, Reason: true, Doc: "Removes a member."},
	{
		Name: "ban_member", Method: put, Path: ban, Reason: true,
		Fields: []Field{{Name: "deleteMessageSeconds", Kind: op.Integer, Min: 0, Max: maxDelete, Default: 0}},
		Doc:    "Bans a user, and deletes the messages of the last `deleteMessageSeconds`: 0 (the default) to 604800 (7 days).",
	},
	{Name: "unban_member", Method: remove, Path: ban, Reason: true, Doc: "Lifts a ban."},
	{
		Name: "bulk_ban_members", Method: post, Path: guild + "/bulk-ban", Reason: true, Gives: "{ banned_users: Snowflake[]; failed_users: Snowflake[] }",
		Fields: []Field{{Name: "userIds", Kind: op.IDs, Rule: op.Within, Required: true, Min: 1, Max: 200}, integer("deleteMessageSeconds", 0, maxDelete)},
		Doc:    "Bans 1 to 200 users.",
	},
	{
		Name: "fetch_bans", Method: get, Path: guild + "/bans", Query: []Field{limit(1000), at("before"), at("after")}, Gives: "ApiBan[]",
		Doc: "Bans by user id: up to 1000, which is the default.",
	},
	{Name: "fetch_ban", Method: get, Path: ban, Gives: "ApiBan", Doc: "One ban."},
	{Name: "fetch_user", Method: get, Path: "/users/{anybody.id}", Gives: "ApiUser", Doc: "Anybody's public profile, member or not."},
}

var roles = []Endpoint{
	{Name: "fetch_roles", Method: get, Path: guild + "/roles", Gives: "ApiRole[]", Doc: "All roles."},
	{Name: "fetch_role", Method: get, Path: role, Gives: "ApiRole", Doc: "One role."},
	{Name: "fetch_role_member_counts", Method: get, Path: guild + "/roles/member-counts", Gives: "Record<Snowflake, number>", Doc: "How many members each role has, without @everyone."},
	{Name: "create_role", Method: post, Path: guild + "/roles", Body: object().images("icon").optional(), Reason: true, Gives: "ApiRole", Doc: "Makes a role: `name`, `permissions` (a decimal string), `colors`, `hoist`, `mentionable`, ..."},
	{Name: "edit_role", Method: patch, Path: role, Body: object().images("icon"), Reason: true, Gives: "ApiRole", Doc: "Changes a role."},
	{
		Name: "edit_role_positions", Method: patch, Path: guild + "/roles", Body: list("positions", Member{"[].id", op.Within}), Reason: true, Gives: "ApiRole[]",
		Doc: "Moves roles: a list of `{ id, position }`.",
	},
	{Name: "delete_role", Method: remove, Path: role, Reason: true, Doc: "Deletes a role."},
}
