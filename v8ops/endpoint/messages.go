package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

const (
	inMessages = "/channels/{channel.id}/messages"
	onMessage  = inMessages + "/{message.id}"
)

var messages = []Endpoint{
	{
		Name: "send_message", Method: post, Path: inMessages, Own: true, Rule: op.Channel,
		Takes: "InChannel & ReplyOptions", Gives: "ApiMessage",
		Doc: "Sends a message; `replyTo` makes it a reply. It is sent once, however often the request has to be repeated.",
	},
	{
		Name: "edit_message", Method: patch, Path: onMessage, Own: true, Rule: op.Channel,
		Takes: "OnMessage & MessageBody", Gives: "ApiMessage",
		Doc: "Changes a message of the bot; of others only the flags. `\"\"` and `[]` remove.",
	},
	{Name: "delete_message", Method: remove, Path: onMessage, Reason: true, Doc: "Deletes a message."},
	{
		Name: "bulk_delete_messages", Method: post, Path: inMessages + "/bulk-delete", Own: true, Rule: op.Channel,
		Takes: "InChannel & { messageIds: Id[] } & Reasoned",
		Doc:   "Deletes 1 to 100 messages, none older than two weeks.",
	},
	{
		Name: "fetch_message", Method: get, Path: onMessage, Gives: "ApiMessage",
		Doc: "One message.",
	},
	{
		Name: "fetch_messages", Method: get, Path: inMessages, Gives: "ApiMessage[]",
		Query: []Field{{Name: "limit", Kind: op.Integer, Min: 1, Max: 100, Cap: true}, at("before"), at("after"), at("around")},
		Doc:   "Messages of a channel, newest first: up to 100 (50 by default), with one of `before`, `after` and `around`.",
	},
	{
		Name: "fetch_pins", Method: get, Path: inMessages + "/pins", Gives: "ApiPins",
		Query: []Field{text("before"), limit(50)},
		Doc:   "The pinned messages, last pinned first; `before` is a time (ISO 8601).",
	},
	{Name: "pin_message", Method: put, Path: inMessages + "/pins/{message.id}", Reason: true, Doc: "Pins a message."},
	{Name: "unpin_message", Method: remove, Path: inMessages + "/pins/{message.id}", Reason: true, Doc: "Takes a pin away."},
	{
		Name: "crosspost_message", Method: post, Path: onMessage + "/crosspost", Gives: "ApiMessage",
		Doc: "Publishes a message of an announcement channel to the channels that follow it.",
	},
	{
		Name: "trigger_typing", Method: post, Path: "/channels/{channel.id}/typing",
		Doc: "Shows \"is typing\" for ten seconds, or until the bot sends a message.",
	},
}

var reactions = []Endpoint{
	{
		Name: "add_reaction", Method: put, Path: onMessage + "/reactions/{emoji}/@me",
		Doc: "Reacts. An emoji is the character, `<:name:id>`, `name:id` or an object with `id` and `name`.",
	},
	{
		Name: "remove_reaction", Method: remove, Path: onMessage + "/reactions/{emoji}/{user.id=@me}",
		Doc: "Takes a reaction away: of `userId`, or the bot's own.",
	},
	{
		Name: "clear_reactions", Method: remove, Path: onMessage + "/reactions/{emoji?}",
		Doc: "Takes all reactions away, or all with one emoji.",
	},
	{
		Name: "fetch_reactions", Method: get, Path: onMessage + "/reactions/{emoji}", Gives: "ApiUser[]",
		Query: []Field{integer("type", 0, 1), at("after"), limit(100)},
		Doc:   "Who reacted with an emoji, by id: up to 100 (25 by default). `type` 1 is for burst reactions.",
	},
	{
		Name: "fetch_poll_voters", Method: get, Path: "/channels/{channel.id}/polls/{message.id}/answers/{answer.id}", Gives: "ApiPollVoters",
		Query: []Field{at("after"), limit(100)},
		Doc:   "Who voted for an answer of a poll, by id: up to 100 (25 by default). Answers count from 1.",
	},
	{
		Name: "end_poll", Method: post, Path: "/channels/{channel.id}/polls/{message.id}/expire", Gives: "ApiMessage",
		Doc: "Ends a poll of the bot now.",
	},
}
