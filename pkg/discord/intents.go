package discord

import (
	"fmt"
	"slices"
	"strings"
)

// Intents says which events the gateway sends.
type Intents uint32

// The intents that the default needs.
const (
	IntentGuilds           Intents = 1 << 0
	IntentGuildMessages    Intents = 1 << 9
	IntentMessageReactions Intents = 1 << 10
	IntentMessageContent   Intents = 1 << 15
)

// DefaultIntents bring what the deliverable events and the guilds' state need.
// The content of messages is the only privileged one: without it, prefix
// commands see empty texts. Interactions need none.
const DefaultIntents = IntentGuilds | IntentGuildMessages | IntentMessageReactions | IntentMessageContent

// intentNames are Discord's names, in the order of their bits.
var intentNames = []struct {
	name string
	bit  Intents
}{
	{"GUILDS", IntentGuilds},
	{"GUILD_MEMBERS", 1 << 1},
	{"GUILD_MODERATION", 1 << 2},
	{"GUILD_EXPRESSIONS", 1 << 3},
	{"GUILD_INTEGRATIONS", 1 << 4},
	{"GUILD_WEBHOOKS", 1 << 5},
	{"GUILD_INVITES", 1 << 6},
	{"GUILD_VOICE_STATES", 1 << 7},
	{"GUILD_PRESENCES", 1 << 8},
	{"GUILD_MESSAGES", IntentGuildMessages},
	{"GUILD_MESSAGE_REACTIONS", IntentMessageReactions},
	{"GUILD_MESSAGE_TYPING", 1 << 11},
	{"DIRECT_MESSAGES", 1 << 12},
	{"DIRECT_MESSAGE_REACTIONS", 1 << 13},
	{"DIRECT_MESSAGE_TYPING", 1 << 14},
	{"MESSAGE_CONTENT", IntentMessageContent},
	{"GUILD_SCHEDULED_EVENTS", 1 << 16},
	{"AUTO_MODERATION_CONFIGURATION", 1 << 20},
	{"AUTO_MODERATION_EXECUTION", 1 << 21},
	{"GUILD_MESSAGE_POLLS", 1 << 24},
	{"DIRECT_MESSAGE_POLLS", 1 << 25},
}

// privileged are the intents that must be turned on in the developer portal.
const privileged Intents = 1<<1 | 1<<8 | IntentMessageContent

// ParseIntents reads Discord's names of intents, in any case. GUILDS is always
// among the result: the runtime's own state needs it.
func ParseIntents(names []string) (Intents, error) {
	out := IntentGuilds
	for _, name := range names {
		upper := strings.ToUpper(strings.TrimSpace(name))
		i := slices.IndexFunc(intentNames, func(n struct {
			name string
			bit  Intents
		}) bool {
			return n.name == upper
		})
		if i < 0 {
			return 0, fmt.Errorf("unknown gateway intent %q; the names are Discord's, such as GUILD_MESSAGES or MESSAGE_CONTENT", name)
		}
		out |= intentNames[i].bit
	}
	return out, nil
}

// String lists the intents by name.
func (i Intents) String() string {
	var names []string
	for _, n := range intentNames {
		if i&n.bit != 0 {
			names = append(names, n.name)
			i &^= n.bit
		}
	}
	if i != 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(i)))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
