package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

const (
	channel   = "/channels/{channel.id}"
	overwrite = channel + "/permissions/{overwrite.id}"
	invite    = "/invites/{invite.code}"
	inThread  = "/channels/{thread.id}/thread-members"
	webhook   = "/webhooks/{webhook.id}"
	hookToken = webhook + "/{webhook.token}"
)

var channels = []Endpoint{
	{Name: "fetch_channel", Method: get, Path: channel, Gives: "ApiChannel", Doc: "A channel or thread."},
	{Name: "fetch_channels", Method: get, Path: guild + "/channels", Gives: "ApiChannel[]", Doc: "All channels, without threads."},
	{Name: "create_channel", Method: post, Path: guild + "/channels", Body: object(own("parent_id")...), Reason: true, Gives: "ApiChannel", Doc: "Makes a channel."},
	{Name: "edit_channel", Method: patch, Path: channel, Body: object(own("parent_id")...).images("icon"), Reason: true, Gives: "ApiChannel", Doc: "Changes a channel or thread."},
	{
		Name: "edit_channel_positions", Method: patch, Path: guild + "/channels", Body: list("positions", own("[].id", "[].parent_id")...),
		Doc: "Moves channels: a list of `{ id, position, parent_id, lock_permissions }`.",
	},
	{Name: "delete_channel", Method: remove, Path: channel, Reason: true, Gives: "ApiChannel", Doc: "Deletes a channel or thread."},
	{
		Name: "edit_channel_permissions", Method: put, Path: overwrite, Reason: true,
		Fields: []Field{integer("type", 0, 1).required(), {Name: "allow", Kind: op.Bits}, {Name: "deny", Kind: op.Bits}},
		Doc:    "Sets what a role (`type` 0) or member (1) may do in a channel; `allow` and `deny` are decimal strings.",
	},
	{Name: "delete_channel_permissions", Method: remove, Path: overwrite, Reason: true, Doc: "Takes a role's or member's exception in a channel away."},
	{
		Name: "follow_channel", Method: post, Path: channel + "/followers", Reason: true, Gives: "{ channel_id: Snowflake; webhook_id: Snowflake }",
		Fields: []Field{{Name: "webhookChannelId", Kind: op.ID, Rule: op.Channel, Required: true}},
		Doc:    "Lets a channel of the guild follow one of its announcement channels.",
	},
	{
		Name: "set_voice_status", Method: put, Path: channel + "/voice-status", Reason: true, Fields: []Field{text("status")},
		Doc: "Sets the status of a voice channel, up to 500 characters; without `status` it goes.",
	},
}

var invites = []Endpoint{
	{Name: "fetch_invites", Method: get, Path: guild + "/invites", Gives: "ApiInvite[]", Doc: "All invites of the guild."},
	{Name: "fetch_channel_invites", Method: get, Path: channel + "/invites", Gives: "ApiInvite[]", Doc: "The invites to a channel."},
	{
		Name: "create_invite", Method: post, Path: channel + "/invites", Body: object().optional(), Reason: true, Gives: "ApiInvite",
		Doc: "Makes an invite: `max_age` (seconds, 86400; 0 is for ever), `max_uses`, `temporary`, `unique`.",
	},
	{Name: "fetch_invite", Method: get, Path: invite, Query: []Field{flag("withCounts")}, Gives: "ApiInvite", Doc: "An invite of the guild."},
	{Name: "delete_invite", Method: remove, Path: invite, Reason: true, Gives: "ApiInvite", Doc: "Revokes an invite of the guild."},
}

var threads = []Endpoint{
	{
		Name: "create_thread", Method: post, Path: channel + "/threads", Own: true, Rule: op.Channel,
		Takes: "InChannel & WithPayload & Reasoned", Gives: "ApiChannel", Doc: "Starts a thread, or a post in a forum with its first `message`.",
	},
	{
		Name: "create_thread_from_message", Method: post, Path: onMessage + "/threads", Body: object(), Reason: true, Gives: "ApiChannel",
		Doc: "Starts a thread from a message.",
	},
	{Name: "join_thread", Method: put, Path: inThread + "/@me", Doc: "The bot joins a thread."},
	{Name: "leave_thread", Method: remove, Path: inThread + "/@me", Doc: "The bot leaves a thread."},
	{Name: "add_thread_member", Method: put, Path: inThread + "/{user.id}", Doc: "Adds a member to a thread."},
	{Name: "remove_thread_member", Method: remove, Path: inThread + "/{user.id}", Doc: "Removes a member from a thread."},
	{
		Name: "fetch_thread_member", Method: get, Path: inThread + "/{user.id}", Query: []Field{flag("withMember")}, Gives: "ApiThreadMember",
		Doc: "When a member joined a thread.",
	},
	{
		Name: "fetch_thread_members", Method: get, Path: inThread, Query: []Field{flag("withMember"), at("after"), limit(100)}, Gives: "ApiThreadMember[]",
		Doc: "Who is in a thread. The bot needs the intent for members.",
	},
	{Name: "fetch_active_threads", Method: get, Path: guild + "/threads/active", Gives: "ApiThreads", Doc: "All threads of the guild that are not archived."},
	{
		Name: "fetch_public_archived_threads", Method: get, Path: channel + "/threads/archived/public", Query: []Field{text("before"), limit(100)}, Gives: "ApiThreads",
		Doc: "Archived public threads of a channel, newest first; `before` is a time (ISO 8601).",
	},
	{
		Name: "fetch_private_archived_threads", Method: get, Path: channel + "/threads/archived/private", Query: []Field{text("before"), limit(100)}, Gives: "ApiThreads",
		Doc: "Archived private threads of a channel.",
	},
	{
		Name: "fetch_joined_archived_threads", Method: get, Path: channel + "/users/@me/threads/archived/private", Query: []Field{at("before"), limit(100)}, Gives: "ApiThreads",
		Doc: "Archived private threads that the bot is in; `before` is the id of a thread.",
	},
}

// ofThread says that a webhook's message is in a thread.
var ofThread = Field{Name: "threadId", Kind: op.ID, Rule: op.Channel}

var webhooks = []Endpoint{
	{Name: "create_webhook", Method: post, Path: channel + "/webhooks", Body: object().images("avatar"), Reason: true, Gives: "ApiWebhook", Doc: "Makes a webhook: `name`, `avatar`."},
	{Name: "fetch_webhooks", Method: get, Path: guild + "/webhooks", Gives: "ApiWebhook[]", Doc: "All webhooks of the guild."},
	{Name: "fetch_channel_webhooks", Method: get, Path: channel + "/webhooks", Gives: "ApiWebhook[]", Doc: "The webhooks of a channel."},
	{Name: "fetch_webhook", Method: get, Path: webhook, Gives: "ApiWebhook", Doc: "One webhook."},
	{
		Name: "edit_webhook", Method: patch, Path: webhook + "/{webhook.token?}", Body: object(own("channel_id")...).images("avatar"), Reason: true, Gives: "ApiWebhook",
		Doc: "Changes a webhook: `name`, `avatar`, and without `token` also `channel_id`.",
	},
	{Name: "delete_webhook", Method: remove, Path: webhook + "/{webhook.token?}", Reason: true, Doc: "Deletes a webhook."},
	{
		Name: "execute_webhook", Method: post, Path: hookToken, Own: true, Rule: op.Webhook,
		Takes: "WithToken & { webhookId: Id; wait?: boolean; threadId?: Id; withComponents?: boolean; username?: string; avatarUrl?: string; threadName?: string } & ReplyOptions",
		Gives: "ApiMessage | null", Doc: "Sends a message as the webhook. With `wait` it answers the message, else null.",
	},
	{
		Name: "fetch_webhook_message", Method: get, Path: hookToken + "/messages/{message.id}", Query: []Field{ofThread}, Gives: "ApiMessage",
		Doc: "A message of the webhook.",
	},
	{
		Name: "edit_webhook_message", Method: patch, Path: hookToken + "/messages/{message.id}", Own: true, Rule: op.Webhook,
		Takes: "WithToken & { webhookId: Id; messageId: Id; threadId?: Id; withComponents?: boolean } & MessageBody",
		Gives: "ApiMessage", Doc: "Changes a message of the webhook.",
	},
	{Name: "delete_webhook_message", Method: remove, Path: hookToken + "/messages/{message.id}", Query: []Field{ofThread}, Doc: "Deletes a message of the webhook."},
}
