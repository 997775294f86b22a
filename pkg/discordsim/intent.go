package discordsim

// The gateway's intents.
const (
	intentGuilds         = 1 << 0
	intentMembers        = 1 << 1
	intentModeration     = 1 << 2
	intentExpressions    = 1 << 3
	intentIntegrations   = 1 << 4
	intentWebhooks       = 1 << 5
	intentInvites        = 1 << 6
	intentVoiceStates    = 1 << 7
	intentPresences      = 1 << 8
	intentMessages       = 1 << 9
	intentReactions      = 1 << 10
	intentTyping         = 1 << 11
	intentMessageContent = 1 << 15

	// intentsKnown are all bits that Discord has given a meaning.
	intentsKnown = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25

	// intentAlways marks events that need none.
	intentAlways = 0
)

// eventIntents says which intent an event needs; one that is not listed needs none.
var eventIntents = map[string]int{
	"GUILD_CREATE": intentGuilds, "GUILD_UPDATE": intentGuilds, "GUILD_DELETE": intentGuilds,
	"GUILD_ROLE_CREATE": intentGuilds, "GUILD_ROLE_UPDATE": intentGuilds, "GUILD_ROLE_DELETE": intentGuilds,
	"CHANNEL_CREATE": intentGuilds, "CHANNEL_UPDATE": intentGuilds, "CHANNEL_DELETE": intentGuilds,
	"CHANNEL_PINS_UPDATE": intentGuilds,
	"THREAD_CREATE":       intentGuilds, "THREAD_UPDATE": intentGuilds, "THREAD_DELETE": intentGuilds,
	"THREAD_LIST_SYNC": intentGuilds, "THREAD_MEMBER_UPDATE": intentGuilds, "THREAD_MEMBERS_UPDATE": intentGuilds,
	"GUILD_MEMBER_ADD": intentMembers, "GUILD_MEMBER_UPDATE": intentMembers, "GUILD_MEMBER_REMOVE": intentMembers,
	"GUILD_AUDIT_LOG_ENTRY_CREATE": intentModeration,
	"GUILD_BAN_ADD":                intentModeration, "GUILD_BAN_REMOVE": intentModeration,
	"GUILD_EMOJIS_UPDATE": intentExpressions,
	"INTEGRATION_CREATE":  intentIntegrations,
	"WEBHOOKS_UPDATE":     intentWebhooks,
	"INVITE_CREATE":       intentInvites, "INVITE_DELETE": intentInvites,
	"VOICE_STATE_UPDATE": intentVoiceStates,
	"PRESENCE_UPDATE":    intentPresences,
	"MESSAGE_CREATE":     intentMessages, "MESSAGE_UPDATE": intentMessages, "MESSAGE_DELETE": intentMessages,
	"MESSAGE_DELETE_BULK":  intentMessages,
	"MESSAGE_REACTION_ADD": intentReactions, "MESSAGE_REACTION_REMOVE": intentReactions,
	"MESSAGE_REACTION_REMOVE_ALL": intentReactions, "MESSAGE_REACTION_REMOVE_EMOJI": intentReactions,
	"TYPING_START": intentTyping,
}
