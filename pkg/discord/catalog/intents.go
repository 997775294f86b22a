package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Intents says which events the gateway sends.
type Intents uint32

// Discord's intents, but those of direct messages, which no guild has.
const (
	Guilds                      Intents = 1 << 0
	GuildMembers                Intents = 1 << 1
	GuildModeration             Intents = 1 << 2
	GuildExpressions            Intents = 1 << 3
	GuildIntegrations           Intents = 1 << 4
	GuildWebhooks               Intents = 1 << 5
	GuildInvites                Intents = 1 << 6
	GuildVoiceStates            Intents = 1 << 7
	GuildPresences              Intents = 1 << 8
	GuildMessages               Intents = 1 << 9
	GuildMessageReactions       Intents = 1 << 10
	GuildMessageTyping          Intents = 1 << 11
	MessageContent              Intents = 1 << 15
	GuildScheduledEvents        Intents = 1 << 16
	AutoModerationConfiguration Intents = 1 << 20
	AutoModerationExecution     Intents = 1 << 21
	GuildMessagePolls           Intents = 1 << 24
)

// Privileged are the intents that must be turned on in the developer portal.
const Privileged = GuildMembers | GuildPresences | MessageContent

// All are the intents that bring something that scripts can hear of.
const All = Guilds | GuildMembers | GuildModeration | GuildExpressions | GuildIntegrations | GuildWebhooks | GuildInvites |
	GuildVoiceStates | GuildPresences | GuildMessages | GuildMessageReactions | GuildMessageTyping | MessageContent |
	GuildScheduledEvents | AutoModerationConfiguration | AutoModerationExecution | GuildMessagePolls

// intentNames are Discord's names, in the order of their bits.
var intentNames = []struct {
	name string
	bit  Intents
}{
	{"GUILDS", Guilds},
	{"GUILD_MEMBERS", GuildMembers},
	{"GUILD_MODERATION", GuildModeration},
	{"GUILD_EXPRESSIONS", GuildExpressions},
	{"GUILD_INTEGRATIONS", GuildIntegrations},
	{"GUILD_WEBHOOKS", GuildWebhooks},
	{"GUILD_INVITES", GuildInvites},
	{"GUILD_VOICE_STATES", GuildVoiceStates},
	{"GUILD_PRESENCES", GuildPresences},
	{"GUILD_MESSAGES", GuildMessages},
	{"GUILD_MESSAGE_REACTIONS", GuildMessageReactions},
	{"GUILD_MESSAGE_TYPING", GuildMessageTyping},
	{"DIRECT_MESSAGES", 1 << 12},
	{"DIRECT_MESSAGE_REACTIONS", 1 << 13},
	{"DIRECT_MESSAGE_TYPING", 1 << 14},
	{"MESSAGE_CONTENT", MessageContent},
	{"GUILD_SCHEDULED_EVENTS", GuildScheduledEvents},
	{"AUTO_MODERATION_CONFIGURATION", AutoModerationConfiguration},
	{"AUTO_MODERATION_EXECUTION", AutoModerationExecution},
	{"GUILD_MESSAGE_POLLS", GuildMessagePolls},
	{"DIRECT_MESSAGE_POLLS", 1 << 25},
}

// Known are all bits that Discord has given a meaning.
func Known() Intents {
	var out Intents
	for _, n := range intentNames {
		out |= n.bit
	}
	return out
}

// ParsePrivileged reads a list of names of privileged intents, separated by
// commas, in any case; the empty list and "none" are none.
func ParsePrivileged(list string) (Intents, error) {
	var out Intents
	for part := range strings.SplitSeq(list, ",") {
		switch name := strings.ToUpper(strings.TrimSpace(part)); name {
		case "", "NONE":
		case "GUILD_MEMBERS":
			out |= GuildMembers
		case "GUILD_PRESENCES":
			out |= GuildPresences
		case "MESSAGE_CONTENT":
			out |= MessageContent
		default:
			return 0, fmt.Errorf("%q is no privileged intent; they are message_content, guild_members and guild_presences", part)
		}
	}
	return out, nil
}

// ParseIntents reads a list of names of intents, separated by commas, in any
// case; the empty list is none.
func ParseIntents(list string) (Intents, error) {
	var out Intents
	for part := range strings.SplitSeq(list, ",") {
		name := strings.ToUpper(strings.TrimSpace(part))
		i := slices.IndexFunc(intentNames, func(n struct {
			name string
			bit  Intents
		}) bool {
			return n.name == name && n.bit&All != 0
		})
		switch {
		case name == "":
		case i < 0:
			return 0, fmt.Errorf("%q is no intent of guilds; they are %s", part, strings.ToLower(All.String()))
		default:
			out |= intentNames[i].bit
		}
	}
	return out, nil
}

// Needed are the intents that a script's handler of the event wants, none for
// events that do not exist.
func Needed(name string) Intents {
	e := byName[name]
	if e == nil {
		return 0
	}
	return e.Intents | e.Whole
}

// Names lists the intents by Discord's names.
func (i Intents) Names() []string {
	names := []string{}
	for _, n := range intentNames {
		if i&n.bit != 0 {
			names = append(names, n.name)
			i &^= n.bit
		}
	}
	if i != 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(i)))
	}
	return names
}

// String lists the intents by name.
func (i Intents) String() string {
	if i == 0 {
		return "none"
	}
	return strings.Join(i.Names(), ", ")
}
