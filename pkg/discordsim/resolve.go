package discordsim

import (
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// resolver turns ids and names of an action into what interactions carry under
// "resolved".
type resolver struct {
	sim     *Sim
	channel *channel
	focused string

	users    []*user
	roles    []*role
	channels []*channel
	messages []*message
	files    []*attachment
}

// entity finds the user, channel, role or either that an option names.
func (r *resolver) entity(d *commandOption, text string) (uint64, error) {
	switch d.Type {
	case optionUser:
		if id, ok := r.userID(text); ok {
			return id, nil
		}
		return 0, wrong("the option %q must be a user, by id or name; %q is none", d.Name, clip(text))
	case optionRole:
		if id, ok := r.roleID(text); ok {
			return id, nil
		}
		return 0, wrong("the option %q must be a role, by id or name; %q is none", d.Name, clip(text))
	case optionMentionable:
		if id, ok := r.userID(text); ok {
			return id, nil
		}
		if id, ok := r.roleID(text); ok {
			return id, nil
		}
		return 0, wrong("the option %q must be a user or a role; %q is none", d.Name, clip(text))
	}
	id, ok := r.channelID(text, d.ChannelTypes)
	if !ok {
		return 0, wrong("the option %q must be a channel, by id or name, of a type that it takes; %q is none", d.Name, clip(text))
	}
	return id, nil
}

func (r *resolver) userID(text string) (uint64, bool) {
	u := r.sim.userNamed(strings.Trim(text, "<@!>"))
	if u == nil {
		return 0, false
	}
	if !slices.Contains(r.users, u) {
		r.users = append(r.users, u)
	}
	return uint64(u.ID), true
}

func (r *resolver) roleID(text string) (uint64, bool) {
	g := r.channel.guild
	id, _ := snowflake.ParseGuild(strings.Trim(text, "<@&>"))
	found := g.roles[snowflake.RoleID(id)]
	for _, o := range g.roles {
		if found == nil && o.Name == text {
			found = o
		}
	}
	if found == nil {
		return 0, false
	}
	if !slices.Contains(r.roles, found) {
		r.roles = append(r.roles, found)
	}
	return uint64(found.ID), true
}

func (r *resolver) channelID(text string, kinds []int64) (uint64, bool) {
	g := r.channel.guild
	id, _ := snowflake.ParseGuild(strings.Trim(text, "<#>"))
	found := g.channels[snowflake.ChannelID(id)]
	for _, o := range g.channels {
		if found == nil && o.Name == strings.TrimPrefix(text, "#") {
			found = o
		}
	}
	if found == nil || len(kinds) > 0 && !slices.Contains(kinds, int64(found.Type)) {
		return 0, false
	}
	if !slices.Contains(r.channels, found) {
		r.channels = append(r.channels, found)
	}
	return uint64(found.ID), true
}

// document is "resolved", or nil when nothing was named.
func (r *resolver) document() map[string]any {
	doc := map[string]any{}
	g := r.channel.guild
	if len(r.users) > 0 {
		users, members := map[string]any{}, map[string]any{}
		for _, u := range r.users {
			users[u.ID.String()] = u
			if m := g.members[u.ID]; m != nil {
				short := m.withoutUser()
				short.Permissions = ptr(g.permissionsIn(r.channel, m, r.sim.now()))
				members[u.ID.String()] = short
			}
		}
		doc["users"], doc["members"] = users, members
	}
	if len(r.roles) > 0 {
		roles := map[string]any{}
		for _, o := range r.roles {
			roles[o.ID.String()] = o
		}
		doc["roles"] = roles
	}
	if len(r.channels) > 0 {
		channels := map[string]any{}
		me := g.members[r.sim.bot.ID]
		for _, ch := range r.channels {
			channels[ch.ID.String()] = r.sim.interactionChannel(ch, me)
		}
		doc["channels"] = channels
	}
	if len(r.messages) > 0 {
		messages := map[string]any{}
		for _, m := range r.messages {
			messages[m.ID.String()] = m
		}
		doc["messages"] = messages
	}
	if len(r.files) > 0 {
		files := map[string]any{}
		for _, a := range r.files {
			files[a.ID.String()] = a
		}
		doc["attachments"] = files
	}
	if len(doc) == 0 {
		return nil
	}
	return doc
}
