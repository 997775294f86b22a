package discord

import (
	"context"
	"encoding/json"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Event is one dispatch of the gateway that belongs to a guild.
type Event struct {
	Type  string // Discord's name: MESSAGE_CREATE.
	Guild snowflake.GuildID
	// Data is the payload as Discord sent it. It is only valid until
	// Sink.HandleEvent returns.
	Data  json.RawMessage
	Shard int
	Seq   int64
	// Lost says that an earlier process gave the event to its script and ended
	// before the script had done with it. It is not to be handled again.
	Lost bool

	slot SessionSlot // Keeps receipts; nil for what did not come of a session.
}

// Sink is where the gateway's events go. Its methods are called from the
// shards' readers and must not wait.
type Sink interface {
	// Wants reports whether anybody handles events of the type; when it is false,
	// they are dropped before anything of them is looked at.
	Wants(eventType string) bool
	// HandleEvent takes an event over.
	HandleEvent(ctx context.Context, e Event)
	// Ready is called once, when every shard has been connected for the first
	// time, with the bot's own user as scripts see it.
	Ready(user json.RawMessage)
	// Join says that the bot came into the guild, and Leave that it left. An
	// outage is neither.
	Join(guild snowflake.GuildID)
	Leave(guild snowflake.GuildID)
	// Denied says that Discord refuses the bot privileged intents.
	Denied(intents catalog.Intents)
}

// About is the id of what the event is about: a message, an interaction, a role.
// It is 0 when the event does not say.
func (e Event) About() uint64 { return jsonscan.ID(jsonscan.Get(e.Data, "id")) }

// TakesMessage reports whether an INTERACTION_CREATE event can be answered with a
// message: commands, components and modals can, autocompletion cannot.
func TakesMessage(e Event) bool {
	if e.Type != typeInteraction {
		return false
	}
	kind := jsonscan.Int(jsonscan.Get(e.Data, "type"))
	return kind == interactionCommand || kind == interactionComponent || kind == interactionModal
}

// InteractionToken gives the id and the token of an INTERACTION_CREATE event,
// for whoever remembers which guild may answer it.
func InteractionToken(e Event) (id snowflake.InteractionID, token string, ok bool) {
	if e.Type != typeInteraction {
		return 0, "", false
	}
	jsonscan.Members(e.Data, func(key, value []byte) bool {
		switch string(key) {
		case "id":
			id = snowflake.InteractionID(jsonscan.ID(value))
		case "token":
			token = jsonscan.Text(value)
		}
		return true
	})
	return id, token, !id.IsZero() && token != ""
}
