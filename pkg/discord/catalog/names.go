package catalog

import "strings"

const (
	// Ready is told to a script once, when the bot is connected.
	Ready = "ready"
	// CronPrefix begins the names of cron jobs' events.
	CronPrefix = "__cron:"
	// QueuePrefix begins those of databases' messages, and SchedulePrefix those of
	// schedules.
	QueuePrefix    = "__kvqueue:"
	SchedulePrefix = "__schedule:"
	// Watch says that keys which a script watches may have changed.
	Watch = "__kvwatch"
)

// Own reports whether the event is not Discord's but the runtime's own.
func Own(name string) bool {
	for _, prefix := range []string{CronPrefix, QueuePrefix, SchedulePrefix} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == Watch
}

// elsewhere are names that other libraries use, with ours.
var elsewhere = map[string]string{
	"clientReady": Ready, "message": "messageCreate", "interaction": "interactionCreate",
	"messageReactionAdd": "reactionAdd", "messageReactionRemove": "reactionRemove",
	"messageReactionRemoveAll": "reactionRemoveAll", "messageReactionRemoveEmoji": "reactionRemoveEmoji",
	"guildCreate": "guildAvailable", "guildDelete": "guildUnavailable",
	"guildRoleCreate": "roleCreate", "guildRoleUpdate": "roleUpdate", "guildRoleDelete": "roleDelete",
	"emojiCreate": "guildEmojisUpdate", "emojiUpdate": "guildEmojisUpdate", "emojiDelete": "guildEmojisUpdate",
	"stickerCreate": "guildStickersUpdate", "stickerUpdate": "guildStickersUpdate", "stickerDelete": "guildStickersUpdate",
	"webhookUpdate": "webhooksUpdate", "applicationCommandAutocomplete": "autocomplete",
}

// Exists reports whether a script that listens to name may ever hear of it.
func Exists(name string) bool {
	return name == Ready || Own(name) || byName[name] != nil
}

// Nearest is the name that was meant by one that does not exist, or "".
func Nearest(name string) string {
	if ours := elsewhere[name]; ours != "" {
		return ours
	}
	if e := byType[strings.ToUpper(name)]; e != nil {
		return e.Names[0]
	}
	for _, other := range AllNames() {
		if strings.EqualFold(name, other) {
			return other
		}
	}
	return ""
}
