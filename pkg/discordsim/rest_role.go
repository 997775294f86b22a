package discordsim

import (
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxRoles is how many roles a guild can have.
const maxRoles = 250

func (s *Sim) roleRoutes() []route {
	const list = "/guilds/{guild}/roles"
	return []route{
		{method: "GET", pattern: list, handle: s.listRoles},
		{method: "POST", pattern: list, handle: s.createRole},
		{method: "PATCH", pattern: list, handle: s.moveRoles},
		{method: "GET", pattern: list + "/member-counts", handle: s.countRoles},
		{method: "GET", pattern: list + "/{role}", handle: s.getRole},
		{method: "PATCH", pattern: list + "/{role}", handle: s.editRole},
		{method: "DELETE", pattern: list + "/{role}", handle: s.deleteRole},
	}
}

func (c *call) roleOf(g *guild) (*role, error) {
	id, err := pathID[snowflake.RoleID](c, "role")
	if err != nil {
		return nil, err
	}
	r := g.roles[id]
	if r == nil {
		return nil, errUnknownRole
	}
	return r, nil
}

func (s *Sim) listRoles(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return g.sortedRoles(), nil
}

func (s *Sim) getRole(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return c.roleOf(g)
}

// countRoles says how many members have each role, @everyone aside.
func (s *Sim) countRoles(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	out := map[snowflake.RoleID]int{}
	for id, r := range g.roles {
		if r != g.everyone() {
			out[id] = 0
		}
	}
	for _, m := range g.members {
		for _, id := range m.Roles {
			out[id]++
		}
	}
	return out, nil
}

// roleChanged tells the sessions.
func (s *Sim) roleChanged(g *guild, name string, r *role) {
	s.dispatch(g, name, map[string]any{"guild_id": g.ID, "role": r})
}

func (s *Sim) createRole(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageRoles); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	r := &role{Name: "new role", Permissions: g.everyone().Permissions & g.basePermissions(g.members[s.bot.ID]), Position: 1}
	if err := s.changeRole(g, r, f); err != nil {
		return nil, err
	}
	if len(g.roles) >= maxRoles {
		return nil, errMaxRoles
	}
	for _, o := range g.roles { // A new role comes in at the bottom.
		if o.Position >= r.Position {
			o.Position++
			s.roleChanged(g, "GUILD_ROLE_UPDATE", o)
		}
	}
	r.ID = snowflake.RoleID(s.ids.next())
	g.roles[r.ID] = r
	s.roleChanged(g, "GUILD_ROLE_CREATE", r)
	return r, nil
}

// changeRole writes a request onto a role, all of it or nothing; the bot can
// give only permissions that it has.
func (s *Sim) changeRole(g *guild, r *role, f form) error {
	after := *r
	if name, ok := f.textBetween("name", 0, 100); ok && name != "" {
		after.Name = name
	}
	if n, ok := f.number("color", 0, 0xFFFFFF); ok {
		after.Color = int(n)
		after.Colors.Primary = int(n)
	}
	if colors, ok := f.sub("colors"); ok {
		if n, ok := colors.number("primary_color", 0, 0xFFFFFF); ok {
			after.Color, after.Colors.Primary = int(n), int(n)
		}
		setNumber(colors, "secondary_color", &after.Colors.Secondary)
		setNumber(colors, "tertiary_color", &after.Colors.Tertiary)
	}
	if v, ok := f.flag("hoist"); ok {
		after.Hoist = v
	}
	if v, ok := f.flag("mentionable"); ok {
		after.Mentionable = v
	}
	setText(f, "unicode_emoji", 64, &after.UnicodeEmoji)
	if p, ok := f.permissions("permissions"); ok {
		after.Permissions = p
	}
	if err := f.err(); err != nil {
		return err
	}
	if changed := after.Permissions ^ r.Permissions; changed&^g.basePermissions(g.members[s.bot.ID]) != 0 {
		return errMissingPermissions
	}
	*r = after
	return nil
}

func setNumber(f form, key string, into **int) {
	if !f.has(key) {
		return
	}
	*into = nil
	if n, ok := f.number(key, 0, 0xFFFFFF); ok {
		*into = ptr(int(n))
	}
}

// pathOwnedRole finds a role that the bot may change.
func (c *call) pathOwnedRole() (*guild, *role, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, nil, err
	}
	s := c.sim
	if err := s.botNeeds(g, permManageRoles); err != nil {
		return nil, nil, err
	}
	r, err := c.roleOf(g)
	if err != nil {
		return nil, nil, err
	}
	if r.Position >= g.rank(g.members[s.bot.ID]) {
		return nil, nil, errMissingPermissions
	}
	return g, r, nil
}

func (s *Sim) editRole(c *call) (any, error) {
	g, r, err := c.pathOwnedRole()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if err := s.changeRole(g, r, f); err != nil {
		return nil, err
	}
	s.roleChanged(g, "GUILD_ROLE_UPDATE", r)
	return r, nil
}

func (s *Sim) deleteRole(c *call) (any, error) {
	g, r, err := c.pathOwnedRole()
	if err != nil {
		return nil, err
	}
	if r.Managed || r == g.everyone() {
		return nil, errInvalidRole
	}
	delete(g.roles, r.ID)
	for _, m := range g.members {
		if m.hasRole(r.ID) {
			m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(id snowflake.RoleID) bool { return id == r.ID })
		}
	}
	for _, ch := range g.channels {
		if ch.isThread() {
			continue
		}
		if i := ch.overwriteIndex(uint64(r.ID)); i >= 0 {
			ch.PermissionOverwrites = slices.Delete(slices.Clone(ch.PermissionOverwrites), i, i+1)
		}
	}
	s.dispatch(g, "GUILD_ROLE_DELETE", map[string]any{"guild_id": g.ID, "role_id": r.ID})
	return nil, nil
}

// moveRoles changes positions; none of the roles may be, or come, above the bot.
func (s *Sim) moveRoles(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageRoles); err != nil {
		return nil, err
	}
	list, f, err := c.forms(maxRoles)
	if err != nil {
		return nil, err
	}
	top := g.rank(g.members[s.bot.ID])
	next := map[*role]int{}
	for _, e := range list {
		id, _ := e.id("id")
		n, ok := e.number("position", 0, 1<<31)
		r := g.roles[snowflake.RoleID(id)]
		if r == nil || r == g.everyone() {
			return nil, errUnknownRole
		}
		if ok {
			next[r] = int(n)
		}
		if r.Position >= top || int(n) >= top {
			return nil, errMissingPermissions
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	for r, n := range next {
		if r.Position != n {
			r.Position = n
			s.roleChanged(g, "GUILD_ROLE_UPDATE", r)
		}
	}
	return g.sortedRoles(), nil
}
