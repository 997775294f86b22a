package discord

// shape is what scripts find in one of Discord's objects beside what Discord
// sent: members that the original runtime always had.
type shape struct {
	// defaults are added when Discord left them out.
	defaults []defaultMember
	// children are the shapes of members, by Discord's key.
	children map[string]*shape
	// both keeps Discord's own key beside the camelCase one.
	both bool
}

// defaultMember is added with value, or with the event's author when value is
// "" (and not at all when there is none).
type defaultMember struct {
	key, value string
}

var (
	shapePlain  = &shape{}
	shapeMember = &shape{
		defaults: []defaultMember{
			{"user", ""}, {"nick", "null"}, {"avatar", "null"}, {"roles", "[]"}, {"joinedAt", "null"}, {"premiumSince", "null"},
			{"deaf", "false"}, {"mute", "false"}, {"flags", "0"}, {"pending", "false"}, {"permissions", "null"},
			{"communicationDisabledUntil", "null"},
		},
	}
	shapeMessage = &shape{
		defaults: []defaultMember{{"guildId", "null"}, {"member", "null"}},
		children: map[string]*shape{"member": shapeMember},
	}
	shapeMessageUpdate = &shape{
		defaults: []defaultMember{{"guildId", "null"}, {"member", "null"}, {"editedTimestamp", "null"}},
		children: map[string]*shape{"member": shapeMember},
	}
	shapeReaction = &shape{
		defaults: []defaultMember{{"userId", "null"}, {"burst", "false"}},
		children: map[string]*shape{"member": shapeMember},
	}
	// shapeOfMember is an object that is nothing special but has a member.
	shapeOfMember    = &shape{children: map[string]*shape{"member": shapeMember}}
	shapeInteraction = &shape{
		defaults: []defaultMember{{"guildId", "null"}, {"channelId", "null"}, {"member", "null"}, {"guildLocale", "null"}},
	}
)

// The types of an interaction that scripts see.
const (
	interactionCommand      = 2
	interactionComponent    = 3
	interactionAutocomplete = 4
	interactionModal        = 5
)

// interactions are shapeInteraction with the data of each type.
var interactions = map[int64]struct {
	name  string
	shape *shape
}{
	interactionCommand: {"interactionCreate", withData(
		defaultMember{"options", "[]"}, defaultMember{"resolved", "{}"}, defaultMember{"target_id", "null"}, defaultMember{"targetId", "null"},
	)},
	interactionComponent:    {"componentInteraction", withData(defaultMember{"values", "null"})},
	interactionModal:        {"modalSubmit", withData(defaultMember{"components", "[]"})},
	interactionAutocomplete: {"autocomplete", withData(defaultMember{"options", "[]"}, defaultMember{"resolved", "{}"})},
}

func withData(defaults ...defaultMember) *shape {
	return &shape{
		defaults: shapeInteraction.defaults,
		children: map[string]*shape{
			"member":  shapeMember,
			"message": shapeMessage,
			"data":    {defaults: defaults, both: true},
		},
	}
}
