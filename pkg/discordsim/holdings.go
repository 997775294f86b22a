package discordsim

import (
	"cmp"
	"maps"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// thingID is the id of what has no kind of its own: a sticker, a sound, an
// event, a rule.
type thingID = uint64String

// holdings are what a guild has beside channels, roles and members.
type holdings struct {
	stickers map[thingID]*sticker
	sounds   map[thingID]*sound
	events   map[thingID]*scheduledEvent
	rules    map[thingID]*automodRule
	stages   map[snowflake.ChannelID]*stageInstance
	voice    map[snowflake.UserID]*voiceState
	// templates are by their codes, audits from the oldest entry.
	templates map[string]*template
	audits    []*auditEntry
}

// values lists what a map has, by id.
func values[K comparable, V any](m map[K]V, key func(V) uint64) []V {
	out := slices.Collect(maps.Values(m))
	slices.SortFunc(out, func(a, b V) int { return cmp.Compare(key(a), key(b)) })
	if out == nil {
		out = []V{}
	}
	return out
}

// put adds to a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// guildNeeds finds the guild of the path, in which the bot must have p.
func (c *call) guildNeeds(p permission) (*guild, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return g, c.sim.botNeeds(g, p)
}

// guildForm is guildNeeds with the body's fields.
func (c *call) guildForm(p permission) (*guild, form, error) {
	g, err := c.guildNeeds(p)
	if err != nil {
		return nil, form{}, err
	}
	f, err := c.form()
	return g, f, err
}

// pathThing finds one of a guild's things by the id in the path.
func pathThing[V any](c *call, of func(*guild) map[thingID]*V, need permission, name string, unknown error) (*guild, *V, error) {
	g, err := c.guildNeeds(need)
	if err != nil {
		return nil, nil, err
	}
	id, err := pathID[thingID](c, name)
	if err != nil {
		return nil, nil, err
	}
	v := of(g)[id]
	if v == nil {
		return nil, nil, unknown
	}
	return g, v, nil
}

// ownChannel reads a channel of the guild, which null takes away.
func (g *guild) ownChannel(f form, key string, into **snowflake.ChannelID) {
	if !f.has(key) {
		return
	}
	*into = nil
	id, ok := f.id(key)
	if !ok {
		return
	}
	ch := g.channels[snowflake.ChannelID(id)]
	if ch == nil {
		f.complain(key, "CHANNEL_UNKNOWN", "Unknown channel")
		return
	}
	*into = &ch.ID
}
