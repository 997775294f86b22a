package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

const (
	emojis    = guild + "/emojis"
	stickers  = guild + "/stickers"
	sounds    = guild + "/soundboard-sounds"
	scheduled = guild + "/scheduled-events"
	event     = scheduled + "/{event.id}"
	automod   = guild + "/auto-moderation/rules"
	stage     = "/stage-instances/{channel.id}"
)

var expressions = []Endpoint{
	{Name: "fetch_emojis", Method: get, Path: emojis, Gives: "ApiEmoji[]", Doc: "The guild's emoji."},
	{Name: "fetch_emoji", Method: get, Path: emojis + "/{emoji.id}", Gives: "ApiEmoji", Doc: "One emoji."},
	{
		Name: "create_emoji", Method: post, Path: emojis, Body: object().images("image"), Reason: true, Gives: "ApiEmoji",
		Doc: "Makes an emoji: `name`, `image` (bytes, base64 or a data URI; up to 256 KiB), `roles`.",
	},
	{Name: "edit_emoji", Method: patch, Path: emojis + "/{emoji.id}", Body: object(), Reason: true, Gives: "ApiEmoji", Doc: "Changes an emoji's `name` and `roles`."},
	{Name: "delete_emoji", Method: remove, Path: emojis + "/{emoji.id}", Reason: true, Doc: "Deletes an emoji."},
	{Name: "fetch_stickers", Method: get, Path: stickers, Gives: "ApiSticker[]", Doc: "The guild's stickers."},
	{Name: "fetch_sticker", Method: get, Path: stickers + "/{sticker.id}", Gives: "ApiSticker", Doc: "One sticker."},
	{
		Name: "create_sticker", Method: post, Path: stickers, File: "file", Reason: true, Gives: "ApiSticker",
		Fields: []Field{text("name").required(), text("tags").required(), {Name: "description", Kind: op.String, Default: ""}},
		Doc:    "Makes a sticker of a PNG, APNG, GIF or Lottie file of up to 512 KiB.",
	},
	{Name: "edit_sticker", Method: patch, Path: stickers + "/{sticker.id}", Body: object(), Reason: true, Gives: "ApiSticker", Doc: "Changes a sticker's `name`, `description` and `tags`."},
	{Name: "delete_sticker", Method: remove, Path: stickers + "/{sticker.id}", Reason: true, Doc: "Deletes a sticker."},
	{Name: "fetch_sounds", Method: get, Path: sounds, Gives: "{ items: ApiSound[] }", Doc: "The guild's soundboard."},
	{Name: "fetch_sound", Method: get, Path: sounds + "/{sound.id}", Gives: "ApiSound", Doc: "One sound."},
	{Name: "fetch_default_sounds", Method: get, Path: "/soundboard-default-sounds", Gives: "ApiSound[]", Doc: "The sounds that every guild has."},
	{
		Name: "create_sound", Method: post, Path: sounds, Body: object().images("sound"), Reason: true, Gives: "ApiSound",
		Doc: "Makes a sound: `name`, `sound` (MP3 or Ogg as bytes, base64 or a data URI; up to 512 KiB and 5.2 s), `volume`, `emoji_id`, `emoji_name`.",
	},
	{Name: "edit_sound", Method: patch, Path: sounds + "/{sound.id}", Body: object(), Reason: true, Gives: "ApiSound", Doc: "Changes a sound."},
	{Name: "delete_sound", Method: remove, Path: sounds + "/{sound.id}", Reason: true, Doc: "Deletes a sound."},
	{
		Name: "play_sound", Method: post, Path: channel + "/send-soundboard-sound",
		Fields: []Field{
			{Name: "soundId", Kind: op.ID, Rule: op.Within, Required: true},
			{Name: "sourceGuildId", Kind: op.ID, Rule: op.Guild},
		},
		Doc: "Plays a sound in the voice channel that the bot is in; `sourceGuildId` is needed for the guild's own ones.",
	},
}

var events = []Endpoint{
	{Name: "fetch_scheduled_events", Method: get, Path: scheduled, Query: []Field{flag("withUserCount")}, Gives: "ApiScheduledEvent[]", Doc: "The guild's scheduled events."},
	{Name: "fetch_scheduled_event", Method: get, Path: event, Query: []Field{flag("withUserCount")}, Gives: "ApiScheduledEvent", Doc: "One scheduled event."},
	{
		Name: "create_scheduled_event", Method: post, Path: scheduled, Body: object(own("channel_id")...).images("image"), Reason: true, Gives: "ApiScheduledEvent",
		Doc: "Makes a scheduled event: `name`, `entity_type` (1 stage, 2 voice, 3 elsewhere), `privacy_level` 2, `scheduled_start_time`, `channel_id` or `entity_metadata.location` with `scheduled_end_time`.",
	},
	{Name: "edit_scheduled_event", Method: patch, Path: event, Body: object(own("channel_id")...).images("image"), Reason: true, Gives: "ApiScheduledEvent", Doc: "Changes a scheduled event; `status` 2 starts it, 3 ends it, 4 cancels it."},
	{Name: "delete_scheduled_event", Method: remove, Path: event, Doc: "Deletes a scheduled event."},
	{
		Name: "fetch_scheduled_event_users", Method: get, Path: event + "/users", Query: []Field{flag("withMember"), limit(100), at("before"), at("after")}, Gives: "{ guild_scheduled_event_id: Snowflake; user: ApiUser; member?: ApiMember }[]",
		Doc: "Who is interested in an event: up to 100, which is the default.",
	},
}

// alerts are the channels that a rule of automatic moderation names.
var alerts = own("actions[].metadata.channel_id", "exempt_channels[]")

var moderation = []Endpoint{
	{Name: "fetch_auto_moderation_rules", Method: get, Path: automod, Gives: "ApiAutoModerationRule[]", Doc: "All rules."},
	{Name: "fetch_auto_moderation_rule", Method: get, Path: automod + "/{rule.id}", Gives: "ApiAutoModerationRule", Doc: "One rule."},
	{
		Name: "create_auto_moderation_rule", Method: post, Path: automod, Body: object(alerts...), Reason: true, Gives: "ApiAutoModerationRule",
		Doc: "Makes a rule: `name`, `event_type`, `trigger_type`, `trigger_metadata`, `actions`, `enabled`, `exempt_roles`, `exempt_channels`.",
	},
	{Name: "edit_auto_moderation_rule", Method: patch, Path: automod + "/{rule.id}", Body: object(alerts...), Reason: true, Gives: "ApiAutoModerationRule", Doc: "Changes a rule."},
	{Name: "delete_auto_moderation_rule", Method: remove, Path: automod + "/{rule.id}", Reason: true, Doc: "Deletes a rule."},
}

var voice = []Endpoint{
	{Name: "fetch_voice_state", Method: get, Path: guild + "/voice-states/{user.id=@me}", Gives: "ApiVoiceState", Doc: "Where a member is in voice; without `userId` the bot."},
	{
		Name: "edit_voice_state", Method: patch, Path: guild + "/voice-states/{user.id}", Body: object(own("channel_id")...),
		Doc: "Changes a member's voice state in a stage: `suppress`, `channel_id`.",
	},
	{
		Name: "edit_current_voice_state", Method: patch, Path: guild + "/voice-states/@me", Body: object(own("channel_id")...),
		Doc: "Changes the bot's voice state in a stage: `suppress`, `request_to_speak_timestamp`, `channel_id`.",
	},
	{Name: "fetch_stage", Method: get, Path: stage, Gives: "ApiStage", Doc: "What is on in a stage channel."},
	{
		Name: "create_stage", Method: post, Path: "/stage-instances", Reason: true, Gives: "ApiStage",
		Fields: []Field{
			{Name: "channelId", Kind: op.ID, Rule: op.Channel, Required: true}, text("topic").required(), integer("privacyLevel", 1, 2),
			flag("sendStartNotification"), {Name: "guildScheduledEventId", Kind: op.ID, Rule: op.Within},
		},
		Doc: "Begins something in a stage channel.",
	},
	{Name: "edit_stage", Method: patch, Path: stage, Body: object(), Reason: true, Gives: "ApiStage", Doc: "Changes the `topic`."},
	{Name: "delete_stage", Method: remove, Path: stage, Reason: true, Doc: "Ends what is on in a stage channel."},
}
