// Package catalog is the one table of the gateway's events that concern a
// guild: what Discord calls them, what scripts call them, which intents bring
// them and where the guild's id lies. The gateway, the core, the simulator, the
// types for authors and the documentation all follow it.
package catalog

import "slices"

// Event is one of Discord's dispatch events.
type Event struct {
	// Type is Discord's name: MESSAGE_CREATE.
	Type string
	// Scripts are the events of scripts that it may be; several where the payload
	// decides. Names are theirs.
	Scripts []Script
	Names   []string
	// Intents bring the event, any one of them; 0 when it comes without.
	Intents Intents
	// Whole are intents without which the event comes with less in it, or less
	// often.
	Whole Intents
	// Guild is the member of the payload that holds the guild's id.
	Guild string
}

// Script is an event as a script sees it.
type Script struct {
	Name   string
	Object string // The type of the payload in the declarations for authors.
	When   string // In a few words, when it comes.
}

// Group is a subject with its events.
type Group struct {
	Title  string
	Events []Event
}

const (
	inGuild = "guild_id"
	itself  = "id"
)

func one(eventType, name string, intents Intents, object, when string) Event {
	return several(eventType, intents, Script{name, object, when})
}

func several(eventType string, intents Intents, scripts ...Script) Event {
	e := Event{Type: eventType, Scripts: scripts, Intents: intents, Guild: inGuild}
	for _, s := range scripts {
		e.Names = append(e.Names, s.Name)
	}
	return e
}

func (e Event) whole(intents Intents) Event { e.Whole = intents; return e }

func (e Event) ofItself() Event { e.Guild = itself; return e }

// Groups are all events by subject. The names of messages, reactions and
// interactions are the original Flora's, the others follow discord.js.
var Groups = []Group{
	{"Messages", []Event{
		one("MESSAGE_CREATE", "messageCreate", GuildMessages, "Message", "A message was sent.").whole(MessageContent),
		one("MESSAGE_UPDATE", "messageUpdate", GuildMessages, "MessageUpdateEvent", "A message was edited, or Discord added an embed to it.").whole(MessageContent),
		one("MESSAGE_DELETE", "messageDelete", GuildMessages, "MessageDeleteEvent", "A message was deleted."),
		one("MESSAGE_DELETE_BULK", "messageDeleteBulk", GuildMessages, "MessageDeleteBulkEvent", "Many messages were deleted at once."),
		one("MESSAGE_REACTION_ADD", "reactionAdd", GuildMessageReactions, "ReactionEvent", "Somebody reacted to a message."),
		one("MESSAGE_REACTION_REMOVE", "reactionRemove", GuildMessageReactions, "ReactionEvent", "Somebody took a reaction back."),
		one("MESSAGE_REACTION_REMOVE_ALL", "reactionRemoveAll", GuildMessageReactions, "ReactionRemoveAllEvent", "All reactions of a message were removed."),
		one("MESSAGE_REACTION_REMOVE_EMOJI", "reactionRemoveEmoji", GuildMessageReactions, "ReactionRemoveEmojiEvent", "All reactions with one emoji were removed."),
		one("MESSAGE_POLL_VOTE_ADD", "messagePollVoteAdd", GuildMessagePolls, "PollVoteEvent", "Somebody voted; one event for each answer."),
		one("MESSAGE_POLL_VOTE_REMOVE", "messagePollVoteRemove", GuildMessagePolls, "PollVoteEvent", "Somebody took a vote back."),
		one("TYPING_START", "typingStart", GuildMessageTyping, "TypingEvent", "Somebody began to type."),
	}},
	{"Interactions", []Event{
		several("INTERACTION_CREATE", 0,
			Script{"interactionCreate", "CommandInteraction", "Somebody used a command, or a context menu."},
			Script{"componentInteraction", "ComponentInteraction", "Somebody clicked a button or chose from a menu."},
			Script{"modalSubmit", "ModalInteraction", "Somebody sent a modal."},
			Script{"autocomplete", "AutocompleteInteraction", "Somebody types an option that completes itself."},
		),
		one("APPLICATION_COMMAND_PERMISSIONS_UPDATE", "applicationCommandPermissionsUpdate", 0, "CommandPermissionsEvent", "Who may use a command was changed."),
	}},
	{"Members", []Event{
		one("GUILD_MEMBER_ADD", "guildMemberAdd", GuildMembers, "MemberAddEvent", "Somebody joined."),
		one("GUILD_MEMBER_UPDATE", "guildMemberUpdate", GuildMembers, "MemberUpdateEvent", "A member changed: roles, nickname, timeout, avatar."),
		one("GUILD_MEMBER_REMOVE", "guildMemberRemove", GuildMembers, "MemberRemoveEvent", "A member left, was kicked or banned."),
		one("GUILD_BAN_ADD", "guildBanAdd", GuildModeration, "BanEvent", "Somebody was banned."),
		one("GUILD_BAN_REMOVE", "guildBanRemove", GuildModeration, "BanEvent", "A ban was lifted."),
		one("PRESENCE_UPDATE", "presenceUpdate", GuildPresences, "PresenceEvent", "A member's status or activity changed."),
	}},
	{"Guild", []Event{
		one("GUILD_CREATE", "guildAvailable", Guilds, "GuildAvailableEvent", "The guild's data came: after the bot began a new session, or after an outage.").ofItself(),
		one("GUILD_UPDATE", "guildUpdate", Guilds, "Guild", "The guild's settings changed.").ofItself(),
		one("GUILD_DELETE", "guildUnavailable", Guilds, "GuildUnavailableEvent", "The guild is unavailable because of an outage.").ofItself(),
		one("GUILD_AUDIT_LOG_ENTRY_CREATE", "guildAuditLogEntryCreate", GuildModeration, "AuditLogEntryEvent", "Something was written to the audit log."),
		one("GUILD_ROLE_CREATE", "roleCreate", Guilds, "RoleEvent", "A role was made."),
		one("GUILD_ROLE_UPDATE", "roleUpdate", Guilds, "RoleEvent", "A role changed."),
		one("GUILD_ROLE_DELETE", "roleDelete", Guilds, "RoleDeleteEvent", "A role was deleted."),
		one("GUILD_EMOJIS_UPDATE", "guildEmojisUpdate", GuildExpressions, "EmojisEvent", "An emoji was made, changed or deleted; all emoji come."),
		one("GUILD_STICKERS_UPDATE", "guildStickersUpdate", GuildExpressions, "StickersEvent", "A sticker was made, changed or deleted; all stickers come."),
		one("GUILD_SOUNDBOARD_SOUND_CREATE", "guildSoundboardSoundCreate", GuildExpressions, "SoundboardSoundEvent", "A soundboard sound was made."),
		one("GUILD_SOUNDBOARD_SOUND_UPDATE", "guildSoundboardSoundUpdate", GuildExpressions, "SoundboardSoundEvent", "A soundboard sound changed."),
		one("GUILD_SOUNDBOARD_SOUND_DELETE", "guildSoundboardSoundDelete", GuildExpressions, "SoundboardSoundDeleteEvent", "A soundboard sound was deleted."),
		one("GUILD_SOUNDBOARD_SOUNDS_UPDATE", "guildSoundboardSoundsUpdate", GuildExpressions, "SoundboardSoundsEvent", "Many soundboard sounds changed."),
		one("GUILD_INTEGRATIONS_UPDATE", "guildIntegrationsUpdate", GuildIntegrations, "IntegrationsEvent", "An integration changed."),
		one("INTEGRATION_CREATE", "integrationCreate", GuildIntegrations, "IntegrationEvent", "An integration was added."),
		one("INTEGRATION_UPDATE", "integrationUpdate", GuildIntegrations, "IntegrationEvent", "An integration changed."),
		one("INTEGRATION_DELETE", "integrationDelete", GuildIntegrations, "IntegrationDeleteEvent", "An integration was removed."),
		one("WEBHOOKS_UPDATE", "webhooksUpdate", GuildWebhooks, "WebhooksEvent", "A channel's webhooks changed."),
		one("INVITE_CREATE", "inviteCreate", GuildInvites, "InviteCreateEvent", "An invite was made."),
		one("INVITE_DELETE", "inviteDelete", GuildInvites, "InviteDeleteEvent", "An invite was deleted."),
	}},
	{"Channels and threads", []Event{
		one("CHANNEL_CREATE", "channelCreate", Guilds, "Channel", "A channel was made."),
		one("CHANNEL_UPDATE", "channelUpdate", Guilds, "Channel", "A channel changed."),
		one("CHANNEL_DELETE", "channelDelete", Guilds, "Channel", "A channel was deleted."),
		one("CHANNEL_PINS_UPDATE", "channelPinsUpdate", Guilds, "PinsEvent", "A message was pinned or unpinned."),
		one("THREAD_CREATE", "threadCreate", Guilds, "ThreadCreateEvent", "A thread was made, or the bot was added to one."),
		one("THREAD_UPDATE", "threadUpdate", Guilds, "Thread", "A thread changed."),
		one("THREAD_DELETE", "threadDelete", Guilds, "ThreadDeleteEvent", "A thread was deleted."),
		one("THREAD_LIST_SYNC", "threadListSync", Guilds, "ThreadListSyncEvent", "The bot gained access to a channel; its active threads come."),
		one("THREAD_MEMBER_UPDATE", "threadMemberUpdate", Guilds, "ThreadMemberUpdateEvent", "The bot's own membership of a thread changed."),
		one("THREAD_MEMBERS_UPDATE", "threadMembersUpdate", Guilds, "ThreadMembersUpdateEvent", "Somebody joined or left a thread.").whole(GuildMembers),
	}},
	{"Voice and stages", []Event{
		one("VOICE_STATE_UPDATE", "voiceStateUpdate", GuildVoiceStates, "VoiceState", "Somebody joined, left or moved between voice channels, or muted."),
		one("VOICE_CHANNEL_EFFECT_SEND", "voiceChannelEffectSend", GuildVoiceStates, "VoiceEffectEvent", "Somebody sent an emoji or a sound in a voice channel that the bot is in."),
		one("VOICE_CHANNEL_STATUS_UPDATE", "voiceChannelStatusUpdate", Guilds, "VoiceChannelStatusEvent", "A voice channel's status text changed."),
		one("VOICE_CHANNEL_START_TIME_UPDATE", "voiceChannelStartTimeUpdate", Guilds, "VoiceChannelStartTimeEvent", "The time since when a voice channel is in use changed."),
		one("STAGE_INSTANCE_CREATE", "stageInstanceCreate", Guilds, "StageInstance", "A stage went live."),
		one("STAGE_INSTANCE_UPDATE", "stageInstanceUpdate", Guilds, "StageInstance", "A live stage changed."),
		one("STAGE_INSTANCE_DELETE", "stageInstanceDelete", Guilds, "StageInstance", "A stage ended."),
	}},
	{"Scheduled events", []Event{
		one("GUILD_SCHEDULED_EVENT_CREATE", "guildScheduledEventCreate", GuildScheduledEvents, "ScheduledEvent", "An event was scheduled."),
		one("GUILD_SCHEDULED_EVENT_UPDATE", "guildScheduledEventUpdate", GuildScheduledEvents, "ScheduledEvent", "A scheduled event changed, began or ended."),
		one("GUILD_SCHEDULED_EVENT_DELETE", "guildScheduledEventDelete", GuildScheduledEvents, "ScheduledEvent", "A scheduled event was deleted."),
		one("GUILD_SCHEDULED_EVENT_USER_ADD", "guildScheduledEventUserAdd", GuildScheduledEvents, "ScheduledEventUserEvent", "Somebody is interested in a scheduled event."),
		one("GUILD_SCHEDULED_EVENT_USER_REMOVE", "guildScheduledEventUserRemove", GuildScheduledEvents, "ScheduledEventUserEvent", "Somebody is no longer interested in a scheduled event."),
	}},
	{"Moderation rules", []Event{
		one("AUTO_MODERATION_RULE_CREATE", "autoModerationRuleCreate", AutoModerationConfiguration, "AutoModerationRule", "A rule was made."),
		one("AUTO_MODERATION_RULE_UPDATE", "autoModerationRuleUpdate", AutoModerationConfiguration, "AutoModerationRule", "A rule changed."),
		one("AUTO_MODERATION_RULE_DELETE", "autoModerationRuleDelete", AutoModerationConfiguration, "AutoModerationRule", "A rule was deleted."),
		one("AUTO_MODERATION_ACTION_EXECUTION", "autoModerationActionExecution", AutoModerationExecution, "AutoModerationActionEvent", "A rule took action, such as blocking a message.").whole(MessageContent),
	}},
	{"Purchases", []Event{
		one("ENTITLEMENT_CREATE", "entitlementCreate", 0, "Entitlement", "The guild got an entitlement."),
		one("ENTITLEMENT_UPDATE", "entitlementUpdate", 0, "Entitlement", "The guild's entitlement changed or ended."),
		one("ENTITLEMENT_DELETE", "entitlementDelete", 0, "Entitlement", "The guild's entitlement was taken back."),
	}},
}

// Omitted are the dispatch events that scripts do not get, with the reason.
var Omitted = map[string]string{
	"READY":               "it is about the connection; scripts get \"ready\" once",
	"RESUMED":             "it is about the connection",
	"RATE_LIMITED":        "it is about what the runtime sends to the gateway",
	"USER_UPDATE":         "it is about the bot's own account and no guild",
	"GUILD_MEMBERS_CHUNK": "it answers a request that the runtime never makes",
	"SOUNDBOARD_SOUNDS":   "it answers a request that the runtime never makes",
	"CHANNEL_INFO":        "it answers a request that the runtime never makes",
	"VOICE_SERVER_UPDATE": "it carries the token of a voice connection, which scripts cannot have",
	"SUBSCRIPTION_CREATE": "a subscription belongs to a user and names no guild",
	"SUBSCRIPTION_UPDATE": "a subscription belongs to a user and names no guild",
	"SUBSCRIPTION_DELETE": "a subscription belongs to a user and names no guild",
}

// Events lists all events in the order of the groups.
func Events() []Event {
	var out []Event
	for _, g := range Groups {
		out = append(out, g.Events...)
	}
	return out
}

var byType, byName = index()

func index() (types, names map[string]*Event) {
	types, names = map[string]*Event{}, map[string]*Event{}
	for _, e := range Events() {
		types[e.Type] = &e
		for _, name := range e.Names {
			names[name] = &e
		}
	}
	return types, names
}

// ByType finds an event by Discord's name; nil when scripts never get it. The
// caller must not change it.
func ByType(eventType string) *Event { return byType[eventType] }

// ByName finds an event by a script's name; nil for "ready", which comes of no
// single event, for cron jobs and for what does not exist.
func ByName(name string) *Event { return byName[name] }

// Names lists the script's names of one of Discord's events; nil when scripts
// never get it. The caller must not change the list.
func Names(eventType string) []string {
	if e := byType[eventType]; e != nil {
		return e.Names
	}
	return nil
}

// AllNames lists the names that scripts may listen to, sorted.
func AllNames() []string {
	out := []string{Ready}
	for name := range byName {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
