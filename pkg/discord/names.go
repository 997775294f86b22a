package discord

// The gateway types that the code below treats specially.
const (
	typeMessageCreate = "MESSAGE_CREATE"
	typeMessageUpdate = "MESSAGE_UPDATE"
	typeInteraction   = "INTERACTION_CREATE"
)

// special is what is more to do for an event than to rename its fields.
type special struct {
	// shape is the payload's object.
	shape *shape
	// name picks the event's name when there are several, or "" for none.
	name func(data []byte) string
	// write makes the payload when it is more than the converted data.
	write func(w *writer, data []byte, s *shape)
}

// plain is the way of all events of the catalog that specials does not list.
var plain = special{shape: shapePlain}

// specials are the events that carry what the original runtime always had, or a
// member without its user.
var specials = map[string]*special{
	typeMessageCreate:               {shape: shapeMessage, write: (*writer).message},
	typeMessageUpdate:               {shape: shapeMessageUpdate, write: (*writer).messageUpdate},
	"MESSAGE_REACTION_ADD":          {shape: shapeReaction},
	"MESSAGE_REACTION_REMOVE":       {shape: shapeReaction},
	"MESSAGE_REACTION_REMOVE_EMOJI": {shape: shapeReaction},
	typeInteraction:                 {shape: shapeInteraction, name: interactionName, write: (*writer).interaction},
	"GUILD_MEMBER_ADD":              {shape: shapeMember},
	"TYPING_START":                  {shape: shapeOfMember},
	"VOICE_STATE_UPDATE":            {shape: shapeOfMember},
	"GUILD_DELETE":                  {shape: shapePlain, name: outageName},
	"GUILD_CREATE":                  {shape: shapePlain, name: arrivalName},
}

func specialOf(eventType string) *special {
	if s := specials[eventType]; s != nil {
		return s
	}
	return &plain
}
