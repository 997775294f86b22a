package endpoint

// LeftOut are the operations of Discord's OpenAPI document that concern a guild
// and are no ops, with the reason. A pattern is a method and a path of the
// document; a trailing "/..." takes everything below.
var LeftOut = map[string]string{ //nolint:gosec // Names of paths, no credentials.
	"GET /channels/{channel_id}/pins":                 "replaced by /messages/pins; deprecated",
	"PUT /channels/{channel_id}/pins/{message_id}":    "replaced by /messages/pins; deprecated",
	"DELETE /channels/{channel_id}/pins/{message_id}": "replaced by /messages/pins; deprecated",

	"PUT /channels/{channel_id}/recipients/{user_id}":    "for group DMs, which belong to no guild",
	"DELETE /channels/{channel_id}/recipients/{user_id}": "for group DMs, which belong to no guild",
	"GET /channels/{channel_id}/threads/search":          "Discord's search index; the answer may be \"not ready yet\", which the simulator does not have",
	"GET /guilds/{guild_id}/messages/search":             "Discord's search index; the answer may be \"not ready yet\", which the simulator does not have",

	"GET /guilds/templates/{code}":                                                                                  "a code may be another guild's; those of the guild are in fetchTemplates",
	"PUT /guilds/{guild_id}/members/{user_id}":                                                                      "needs a user's OAuth2 token, which scripts must not handle",
	"DELETE /guilds/{guild_id}/integrations/{integration_id}":                                                       "would remove the bot itself, for all that runs here",
	"GET /guilds/{guild_id}/new-member-welcome":                                                                     "the guide for new members of the app; not in Discord's documentation",
	"GET /guilds/{guild_id}/requests":                                                                               "requests to join; not in Discord's documentation",
	"PATCH /guilds/{guild_id}/requests/{request_id}":                                                                "requests to join; not in Discord's documentation",
	"GET /guilds/{guild_id}/widget.png":                                                                             "a picture for web pages, open to everybody",
	"POST /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions":                                "exceptions of recurring events; not in Discord's documentation",
	"PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}":                "exceptions of recurring events; not in Discord's documentation",
	"DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}":               "exceptions of recurring events; not in Discord's documentation",
	"GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users": "exceptions of recurring events; not in Discord's documentation",
	"GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts":                               "withUserCount of fetchScheduledEvent says it; not in Discord's documentation",

	"GET /invites/{code}/target-users":            "a table of users as a file; the op would have to carry files back",
	"PUT /invites/{code}/target-users":            "a table of users as a file",
	"GET /invites/{code}/target-users/job-status": "belongs to the table of users",

	"POST /webhooks/{webhook_id}/{webhook_token}/github": "for GitHub itself",
	"POST /webhooks/{webhook_id}/{webhook_token}/slack":  "for senders written for Slack",
	"GET /webhooks/{webhook_id}/{webhook_token}":         "fetchWebhook says more",

	"GET /applications/{application_id}/entitlements/...":                       "purchases belong to the bot's operator",
	"GET /applications/{application_id}/entitlements":                           "purchases belong to the bot's operator",
	"DELETE /applications/{application_id}/entitlements/{entitlement_id}":       "purchases belong to the bot's operator",
	"POST /applications/{application_id}/entitlements/{entitlement_id}/consume": "purchases belong to the bot's operator",
	"POST /applications/{application_id}/entitlements":                          "purchases belong to the bot's operator",
	"GET /users/@me/guilds":                   "the other guilds are nobody's business",
	"DELETE /users/@me/guilds/{guild_id}":     "whoever runs the guild removes the bot at Discord",
	"GET /users/@me/guilds/{guild_id}/member": "for users' OAuth2 tokens; fetchMember does it for bots",
	"POST /users/@me/channels":                "a private conversation belongs to no guild",
	"GET /stickers/{sticker_id}":              "any guild's sticker; those of the guild are in fetchSticker",
	"GET /sticker-packs":                      "Discord's own stickers, which bots cannot send",
	"GET /sticker-packs/{pack_id}":            "Discord's own stickers, which bots cannot send",
	"GET /voice/regions":                      "fetchVoiceRegions says which ones the guild can use",
}
