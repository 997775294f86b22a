package discordsim

import "github.com/flora-runtime/flora-runtime/pkg/discord/catalog"

// The gateway's intents that decide more than whether an event comes.
const (
	intentGuilds         = int(catalog.Guilds)
	intentMembers        = int(catalog.GuildMembers)
	intentPresences      = int(catalog.GuildPresences)
	intentMessages       = int(catalog.GuildMessages)
	intentMessageContent = int(catalog.MessageContent)

	// intentAlways marks events that need none.
	intentAlways = 0
)

// intentsKnown are all bits that Discord has given a meaning.
var intentsKnown = int(catalog.Known())

// eventIntents says which intents bring an event; none are needed for one that
// is not in the catalog.
func eventIntents(name string) int {
	if e := catalog.ByType(name); e != nil {
		return int(e.Intents)
	}
	return intentAlways
}
