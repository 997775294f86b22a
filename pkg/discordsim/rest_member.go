package discordsim

import (
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) memberRoutes() []route {
	const list = "/guilds/{guild}/members"
	const one = list + "/{user}"
	edit := per(5, 5*time.Second)
	return []route{
		{method: "GET", pattern: list, handle: s.listMembers},
		{method: "GET", pattern: list + "/search", handle: s.searchMembers},
		{method: "GET", pattern: one, handle: s.getMember},
		{method: "PATCH", pattern: list + "/@me", handle: s.editSelfMember, bucket: edit},
		{method: "PATCH", pattern: one, handle: s.editMember, bucket: edit},
		{method: "DELETE", pattern: one, handle: s.kickMember, bucket: edit},
		{method: "PUT", pattern: one + "/roles/{role}", handle: s.addMemberRole, bucket: edit},
		{method: "DELETE", pattern: one + "/roles/{role}", handle: s.removeMemberRole, bucket: edit},
	}
}

// memberOf finds the member of the path: a user that nobody knows is 10013, one
// that is not in the guild 10007.
func (c *call) memberOf(g *guild) (*member, error) {
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	if m := g.members[id]; m != nil {
		return m, nil
	}
	if c.sim.users[id] == nil {
		return nil, errUnknownUser
	}
	return nil, errUnknownMember
}

func (c *call) pathMember() (*guild, *member, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, nil, err
	}
	m, err := c.memberOf(g)
	return g, m, err
}

func (s *Sim) getMember(c *call) (any, error) {
	_, m, err := c.pathMember()
	return m, err
}

func (s *Sim) listMembers(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if s.cfg.DeniedIntents&intentMembers != 0 {
		return nil, errMissingAccess
	}
	limit, err := c.queryLimit(1, 1000)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	out := []*member{}
	for _, m := range g.sortedMembers() {
		if m.User.ID > after && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, nil
}

func (s *Sim) searchMembers(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(1, 1000)
	if err != nil {
		return nil, err
	}
	query := c.query.Get("query")
	if query == "" {
		return nil, invalidForm("BASE_TYPE_REQUIRED", "This field is required", "query")
	}
	out := []*member{}
	for _, m := range g.sortedMembers() {
		if matchesName(m, query) && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, nil
}

// memberChanged tells the sessions.
func (s *Sim) memberChanged(g *guild, m *member) {
	s.dispatch(g, "GUILD_MEMBER_UPDATE", struct {
		*member
		GuildID snowflake.GuildID `json:"guild_id"`
	}{m, g.ID})
}

// removeMember takes a member out of the guild and tells the sessions.
func (s *Sim) removeMember(g *guild, m *member) {
	delete(g.members, m.User.ID)
	for _, t := range g.channels {
		if t.isThread() && t.threadMembers[m.User.ID] != nil {
			delete(t.threadMembers, m.User.ID)
			t.MemberCount = len(t.threadMembers)
		}
	}
	s.dispatch(g, "GUILD_MEMBER_REMOVE", map[string]any{"guild_id": g.ID, "user": m.User})
}

func (s *Sim) editSelfMember(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	m := g.members[s.bot.ID]
	nick := m.Nick
	setText(f, "nick", 32, &nick)
	avatar, banner := imageHash(f, "avatar"), imageHash(f, "banner")
	if err := f.err(); err != nil {
		return nil, err
	}
	if f.has("nick") {
		if err := s.botNeeds(g, permChangeNickname); err != nil {
			return nil, err
		}
	}
	m.Nick = emptyToNil(nick)
	if f.has("avatar") {
		m.Avatar = avatar
	}
	if f.has("banner") {
		m.Banner = banner
	}
	s.memberChanged(g, m)
	return m, nil
}

func emptyToNil(text *string) *string {
	if text != nil && *text == "" {
		return nil
	}
	return text
}

// maxTimeout is how far ahead a time-out may end.
const maxTimeout = 28 * 24 * time.Hour

func (s *Sim) editMember(c *call) (any, error) {
	g, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *m
	setText(f, "nick", 32, &after.Nick)
	after.Nick = emptyToNil(after.Nick)
	s.readTimeout(f, &after)
	if f.has("roles") {
		after.Roles = readMemberRoles(f, g)
	}
	if n, ok := f.number("flags", 0, 1<<31); ok {
		after.Flags = int(n)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := s.mayEditMember(g, m, &after, f); err != nil {
		return nil, err
	}
	if err := s.changeMemberVoice(g, m, f); err != nil {
		return nil, err
	}
	after.Mute, after.Deaf = m.Mute, m.Deaf
	*m = after
	s.memberChanged(g, m)
	return m, nil
}

func (s *Sim) readTimeout(f form, m *member) {
	if !f.has("communication_disabled_until") {
		return
	}
	m.DisabledUntil = nil
	text := f.text("communication_disabled_until", 64)
	if text == "" {
		return
	}
	until, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil:
		f.complain("communication_disabled_until", "DATE_TIME_TYPE_PARSE", "Could not parse "+clip(text)+". Should be ISO8601.")
	case until.Sub(s.now()) > maxTimeout:
		f.complain("communication_disabled_until", "TIMEOUT_TOO_LONG", "The time-out must end within 28 days.")
	default:
		m.DisabledUntil = ptr(timestamp(until))
	}
}

func readMemberRoles(f form, g *guild) []snowflake.RoleID {
	ids, _ := f.ids("roles", 250)
	out := []snowflake.RoleID{}
	for _, id := range ids {
		role := snowflake.RoleID(id)
		switch {
		case g.roles[role] == nil || role == g.everyone().ID:
			f.complain("roles", "INVALID_ROLE", "Unknown role "+role.String())
		case !slices.Contains(out, role):
			out = append(out, role)
		}
	}
	return out
}

// mayEditMember refuses changes that the bot may not make.
func (s *Sim) mayEditMember(g *guild, before, after *member, f form) error {
	me := g.members[s.bot.ID]
	above := before == me || g.outranks(me, before)
	if f.has("nick") {
		need := permManageNicknames
		if before == me {
			need = permChangeNickname
		}
		if err := s.botNeeds(g, need); err != nil || !above {
			return errMissingPermissions
		}
	}
	if f.has("communication_disabled_until") {
		if err := s.botNeeds(g, permModerateMembers); err != nil {
			return err
		}
		if !above || before == me || g.basePermissions(before)&permAdministrator != 0 {
			return errMissingPermissions
		}
	}
	if f.has("roles") {
		for id := range g.roles {
			if before.hasRole(id) != after.hasRole(id) {
				if err := s.mayGiveRole(g, g.roles[id]); err != nil {
					return err
				}
			}
		}
	}
	if f.sent("flags") {
		return s.botNeeds(g, permModerateMembers)
	}
	return nil
}

// mayGiveRole refuses a role that the bot cannot give or take: managed ones,
// and those not below its own highest.
func (s *Sim) mayGiveRole(g *guild, r *role) error {
	if err := s.botNeeds(g, permManageRoles); err != nil {
		return err
	}
	if r.Managed || r == g.everyone() || r.Position >= g.rank(g.members[s.bot.ID]) {
		return errMissingPermissions
	}
	return nil
}

func (s *Sim) addMemberRole(c *call) (any, error)    { return s.setMemberRole(c, true) }
func (s *Sim) removeMemberRole(c *call) (any, error) { return s.setMemberRole(c, false) }

func (s *Sim) setMemberRole(c *call, has bool) (any, error) {
	g, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	r, err := c.roleOf(g)
	if err != nil {
		return nil, err
	}
	if err := s.mayGiveRole(g, r); err != nil {
		return nil, err
	}
	if m.hasRole(r.ID) == has {
		return nil, nil
	}
	if has {
		m.Roles = append(slices.Clone(m.Roles), r.ID)
	} else {
		m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(id snowflake.RoleID) bool { return id == r.ID })
	}
	s.memberChanged(g, m)
	return nil, nil
}

func (s *Sim) kickMember(c *call) (any, error) {
	g, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permKickMembers); err != nil {
		return nil, err
	}
	if !g.outranks(g.members[s.bot.ID], m) {
		return nil, errMissingPermissions
	}
	s.removeMember(g, m)
	return nil, nil
}
