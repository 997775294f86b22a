package discordsim

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxGuilds bounds the guilds that exist at once.
const maxGuilds = 100_000

// maxUsers bounds the users that exist at once.
const maxUsers = 1_000_000

// controlWorld shows who and what there is.
func (s *Sim) controlWorld(c *controlCall) (any, error) {
	limit, err := c.count("limit", 1000, maxGuilds)
	if err != nil {
		return nil, err
	}
	after, err := c.after()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	guilds := []any{}
	for _, g := range s.guildOrder {
		if uint64(g.ID) > after && len(guilds) < limit {
			guilds = append(guilds, s.guildSummary(g))
		}
	}
	users := []any{s.bot}
	for i := range people {
		users = append(users, s.person(i))
	}
	return json.RawMessage(mustEncode(map[string]any{
		"application_id": s.application.ID, "bot": s.bot, "api_base": *s.base.Load() + "/api/v10", "gateway_url": s.gatewayURL(),
		"total_guilds": len(s.guildOrder), "guilds": guilds, "users": users,
	})), nil
}

// guildSummary is the guild with its channels, roles and members, in short.
func (s *Sim) guildSummary(g *guild) map[string]any {
	channels := []any{}
	for _, threads := range []bool{false, true} {
		for _, ch := range g.sortedChannels(threads) {
			channels = append(channels, map[string]any{"id": ch.ID, "name": ch.Name, "type": ch.Type, "parent_id": ch.ParentID, "topic": ch.topic()})
		}
	}
	roles := []any{}
	for _, r := range g.sortedRoles() {
		roles = append(roles, map[string]any{"id": r.ID, "name": r.Name, "permissions": r.Permissions, "color": r.Color, "managed": r.Managed, "mentionable": r.Mentionable})
	}
	members := []any{}
	for _, m := range g.sortedMembers() {
		members = append(members, map[string]any{"id": m.User.ID, "username": m.User.Username, "bot": m.User.Bot, "roles": m.Roles, "nick": m.Nick})
	}
	return map[string]any{
		"id": g.ID, "name": g.Name, "owner_id": g.OwnerID, "unavailable": g.unavailable,
		"channels": channels, "roles": roles, "members": members, "emojis": append([]*emoji{}, g.emojis...),
	}
}

func (s *Sim) controlGuild(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	d := s.guildSummary(g)
	commands := make([]*command, 0, len(s.commands.list)+len(g.commands.list))
	d["commands"] = append(append(commands, s.commands.list...), g.commands.list...)
	return json.RawMessage(mustEncode(d)), nil
}

// controlFoundGuild makes a guild that the bot is in.
func (s *Sim) controlFoundGuild(c *controlCall) (any, error) {
	var req struct {
		Name string `json:"name"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(req.Name); n > 100 || n == 1 {
		return nil, wrong("name must be from 2 to 100 characters")
	}
	if req.Name == "" {
		req.Name = "New guild"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.guildOrder) >= maxGuilds {
		return nil, wrong("there are %d guilds, which is the most", maxGuilds)
	}
	g := s.newGuild(snowflake.GuildID(s.ids.next()), req.Name, snowflake.ChannelID(s.ids.next()),
		snowflake.RoleID(s.ids.next()), snowflake.RoleID(s.ids.next()))
	s.announceGuild(g)
	c.status = 201
	return json.RawMessage(mustEncode(s.guildSummary(g))), nil
}

// announceGuild sends GUILD_CREATE to the sessions of the guild's shard.
func (s *Sim) announceGuild(g *guild) {
	for _, ss := range s.sessions {
		if ss.takes(g.ID, intentGuilds) {
			ss.push(s.observed("GUILD_CREATE", mustEncode(s.guildCreate(g, ss.intents))))
		}
	}
}

func (s *Sim) controlLeaveGuild(c *controlCall) (any, error) { return s.depart(c, false) }
func (s *Sim) controlOutage(c *controlCall) (any, error)     { return s.depart(c, true) }

func (s *Sim) depart(c *controlCall, outage bool) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	s.departLocked(g, outage)
	return nil, nil
}

func (s *Sim) controlEndOutage(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	s.arriveLocked(g)
	return nil, nil
}

var userName = regexp.MustCompile(`^[a-z0-9._]{2,32}$`)

// controlJoin lets somebody join: a user that exists, by name or id, or a new one.
func (s *Sim) controlJoin(c *controlCall) (any, error) {
	var req struct {
		Username string `json:"username"`
		Bot      bool   `json:"bot"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	u := s.userNamed(req.Username)
	switch {
	case u == nil && !userName.MatchString(req.Username):
		return nil, wrong("username must be from 2 to 32 of a-z, 0-9, dot and underscore")
	case u == nil && len(s.users) >= maxUsers:
		return nil, wrong("there are %d users, which is the most", maxUsers)
	case u == nil:
		u = &user{ID: snowflake.UserID(s.ids.next()), Username: req.Username, Discriminator: "0", Bot: req.Bot}
	case g.members[u.ID] != nil:
		return nil, refuse(409, 0, u.Username+" is a member already")
	}
	if _, banned := g.bans[u.ID]; banned {
		return nil, errUserBanned
	}
	s.users[u.ID] = u
	m := newMember(u, s.now())
	g.members[u.ID] = m
	s.dispatch(g, "GUILD_MEMBER_ADD", struct {
		*member
		GuildID snowflake.GuildID `json:"guild_id"`
	}{m, g.ID})
	c.status = 201
	return json.RawMessage(mustEncode(m)), nil
}

func (s *Sim) userNamed(name string) *user {
	if id, err := snowflake.ParseGuild(name); err == nil && s.users[snowflake.UserID(id)] != nil {
		return s.users[snowflake.UserID(id)]
	}
	for _, u := range s.users {
		if u.Username == name {
			return u
		}
	}
	return nil
}

// controlPart lets a member leave.
func (s *Sim) controlPart(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	m, err := s.speaker(g, c.param("member"))
	if err != nil {
		return nil, absent(10007, "guild %s has no member %s", g.ID, clip(c.param("member")))
	}
	if m.User.ID == s.bot.ID || m.User.ID == g.OwnerID {
		return nil, wrong("neither the owner nor the bot can leave this way; DELETE /sim/guilds/%s lets the bot leave", g.ID)
	}
	s.removeMember(g, m)
	return nil, nil
}
