package discordsim

import (
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxOverwrites is how many overwrites a channel can have.
const maxOverwrites = 500

// readOverwrites reads "permission_overwrites"; changes reports whether they
// were sent.
func (s *Sim) readOverwrites(f form, ch *channel) (list []overwrite, changes bool) {
	entries, ok := f.subs("permission_overwrites", maxOverwrites)
	if !ok {
		return nil, false
	}
	list = []overwrite{}
	for _, e := range entries {
		id, ok := e.id("id")
		if !ok && !e.sent("id") {
			e.required("id")
		}
		o := readOverwrite(e)
		o.ID = uint64String(id)
		if !e.sent("type") && ch.guild.roles[snowflake.RoleID(id)] == nil {
			o.Type = 1
		}
		list = append(list, o)
	}
	return list, true
}

func readOverwrite(f form) overwrite {
	var o overwrite
	if kind, ok := f.choice("type", 0, 1); ok {
		o.Type = int(kind)
	}
	o.Allow, _ = f.permissions("allow")
	o.Deny, _ = f.permissions("deny")
	return o
}

// mayOverwrite refuses a change of overwrites that the bot may not make: it
// needs to manage roles in the channel, and can give and take only what it has
// in the guild.
func (s *Sim) mayOverwrite(ch *channel, in snowflake.ChannelID, next []overwrite) error {
	g := ch.guild
	me := g.members[s.bot.ID]
	have := g.basePermissions(me)
	if have&permAdministrator != 0 {
		return nil
	}
	manages := in == 0 || g.permissionsIn(ch, me, s.now())&permManageRoles != 0
	var touched permission
	before := ch.PermissionOverwrites
	for _, o := range next {
		var old overwrite
		if i := slices.IndexFunc(before, func(b overwrite) bool { return b.ID == o.ID }); i >= 0 {
			old = before[i]
		}
		touched |= old.Allow ^ o.Allow | old.Deny ^ o.Deny
	}
	for _, old := range before {
		if !slices.ContainsFunc(next, func(o overwrite) bool { return o.ID == old.ID }) {
			touched |= old.Allow | old.Deny
		}
	}
	if touched != 0 && !manages || touched&^have != 0 {
		return errMissingPermissions
	}
	return nil
}

func (s *Sim) setOverwrite(c *call) (any, error) {
	ch, id, err := c.pathOverwrite()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	o := readOverwrite(f)
	o.ID = uint64String(id)
	if !f.sent("type") {
		f.required("type")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if o.Type == 0 && ch.guild.roles[snowflake.RoleID(id)] == nil {
		return nil, errUnknownRole
	}
	if o.Type == 1 && s.users[snowflake.UserID(id)] == nil {
		return nil, errUnknownUser
	}
	next := slices.Clone(ch.PermissionOverwrites)
	if i := ch.overwriteIndex(id); i >= 0 {
		next[i] = o
	} else {
		next = append(next, o)
	}
	return nil, s.replaceOverwrites(ch, next)
}

func (s *Sim) deleteOverwrite(c *call) (any, error) {
	ch, id, err := c.pathOverwrite()
	if err != nil {
		return nil, err
	}
	i := ch.overwriteIndex(id)
	if i < 0 {
		return nil, errUnknownOverwrite
	}
	return nil, s.replaceOverwrites(ch, slices.Delete(slices.Clone(ch.PermissionOverwrites), i, i+1))
}

func (c *call) pathOverwrite() (*channel, uint64, error) {
	ch, err := c.pathChannel(permManageRoles)
	if err != nil {
		return nil, 0, err
	}
	if ch.isThread() {
		return nil, 0, errChannelType
	}
	id, err := pathID[snowflake.RoleID](c, "overwrite")
	return ch, uint64(id), err
}

func (s *Sim) replaceOverwrites(ch *channel, next []overwrite) error {
	if err := s.mayOverwrite(ch, ch.ID, next); err != nil {
		return err
	}
	ch.PermissionOverwrites = next
	s.dispatch(ch.guild, "CHANNEL_UPDATE", ch)
	return nil
}
