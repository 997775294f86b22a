package discord

// The gateway types that the code below treats specially.
const (
	typeMessageCreate = "MESSAGE_CREATE"
	typeMessageUpdate = "MESSAGE_UPDATE"
	typeInteraction   = "INTERACTION_CREATE"
)

// script is how a gateway type reaches scripts.
type script struct {
	// names are the script events that the type may become.
	names []string
	// shape is the payload's object.
	shape *shape
	// name picks the event's name when there are several, or "" for none.
	name func(data []byte) string
	// write makes the payload when it is more than the converted data.
	write func(w *writer, data []byte, s *shape)
}

// scripts is the table of deliverable events. A type that needs nothing special
// takes one line.
var scripts = map[string]*script{
	typeMessageCreate:               {names: []string{"messageCreate"}, shape: shapeMessage, write: (*writer).message},
	typeMessageUpdate:               {names: []string{"messageUpdate"}, shape: shapeMessageUpdate, write: (*writer).messageUpdate},
	"MESSAGE_DELETE":                {names: []string{"messageDelete"}, shape: shapePlain},
	"MESSAGE_DELETE_BULK":           {names: []string{"messageDeleteBulk"}, shape: shapePlain},
	"MESSAGE_REACTION_ADD":          {names: []string{"reactionAdd"}, shape: shapeReaction},
	"MESSAGE_REACTION_REMOVE":       {names: []string{"reactionRemove"}, shape: shapeReaction},
	"MESSAGE_REACTION_REMOVE_EMOJI": {names: []string{"reactionRemoveEmoji"}, shape: shapeReaction},
	"MESSAGE_REACTION_REMOVE_ALL":   {names: []string{"reactionRemoveAll"}, shape: shapePlain},
	typeInteraction: {
		names: []string{"interactionCreate", "componentInteraction", "modalSubmit"},
		shape: shapeInteraction, name: interactionName, write: (*writer).interaction,
	},
}

// types is scripts the other way round.
var types = func() map[string][]string {
	m := map[string][]string{}
	for t, s := range scripts {
		for _, name := range s.names {
			m[name] = append(m[name], t)
		}
	}
	return m
}()

// Names lists the script events that a gateway type may become; nil when
// scripts never see the type. The caller must not change the list.
func Names(eventType string) []string {
	if s := scripts[eventType]; s != nil {
		return s.names
	}
	return nil
}

// Types lists the gateway types that a script event needs; nil when it needs
// none ("ready", cron jobs) or does not exist. The caller must not change the
// list.
func Types(name string) []string { return types[name] }
