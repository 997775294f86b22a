package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) banRoutes() []route {
	const list = "/guilds/{guild}/bans"
	return []route{
		{method: "GET", pattern: list, handle: s.listBans},
		{method: "GET", pattern: list + "/{user}", handle: s.getBan},
		{method: "PUT", pattern: list + "/{user}", handle: s.banMember, bucket: per(5, time.Second)},
		{method: "DELETE", pattern: list + "/{user}", handle: s.unbanMember, bucket: per(5, time.Second)},
		{method: "POST", pattern: "/guilds/{guild}/bulk-ban", handle: s.banMany},
	}
}

func (c *call) banGuild() (*guild, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return g, c.sim.botNeeds(g, permBanMembers)
}

func (s *Sim) listBans(c *call) (any, error) {
	g, err := c.banGuild()
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(1000, 1000)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	all := make([]ban, 0, len(g.bans))
	for _, b := range g.bans {
		all = append(all, b)
	}
	sortBy(all, func(b ban) uint64 { return uint64(b.User.ID) })
	out := []ban{}
	for _, b := range all {
		if b.User.ID > after && len(out) < limit {
			out = append(out, b)
		}
	}
	return out, nil
}

func (s *Sim) getBan(c *call) (any, error) {
	g, err := c.banGuild()
	if err != nil {
		return nil, err
	}
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	b, ok := g.bans[id]
	if !ok {
		return nil, errUnknownBan
	}
	return b, nil
}

func (s *Sim) banMember(c *call) (any, error) {
	g, err := c.banGuild()
	if err != nil {
		return nil, err
	}
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	span := readDeletion(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	u := s.users[id]
	if u == nil {
		return nil, errUnknownUser
	}
	if !s.mayBan(g, u) {
		return nil, errMissingPermissions
	}
	var reason *string
	if text := c.reason(); text != "" {
		reason = &text
	}
	s.ban(g, u, reason, span)
	return nil, nil
}

// readDeletion reads how far back messages are deleted, in either spelling.
func readDeletion(f form) time.Duration {
	seconds, _ := f.number("delete_message_seconds", 0, 604800)
	if days, ok := f.number("delete_message_days", 0, 7); ok && seconds == 0 {
		seconds = days * 86400
	}
	return time.Duration(seconds) * time.Second
}

func (s *Sim) mayBan(g *guild, u *user) bool {
	m := g.members[u.ID]
	return m == nil || g.outranks(g.members[s.bot.ID], m)
}

func (s *Sim) ban(g *guild, u *user, reason *string, span time.Duration) {
	if _, already := g.bans[u.ID]; already {
		return
	}
	if g.bans == nil {
		g.bans = map[snowflake.UserID]ban{}
	}
	g.bans[u.ID] = ban{Reason: reason, User: u}
	if span > 0 {
		s.deleteSince(g, u, s.now().Add(-span))
	}
	s.dispatch(g, "GUILD_BAN_ADD", map[string]any{"guild_id": g.ID, "user": u})
	if m := g.members[u.ID]; m != nil {
		s.removeMember(g, m)
	}
}

// deleteSince deletes a user's messages of all channels.
func (s *Sim) deleteSince(g *guild, u *user, since time.Time) {
	for _, ch := range g.channels {
		gone := []snowflake.MessageID{}
		for _, m := range ch.messages.list {
			if m.by == u.ID && !m.ID.Time().Before(since) {
				gone = append(gone, m.ID)
			}
		}
		for _, id := range gone {
			ch.messages.get(id).noteGone()
			ch.messages.remove(id)
		}
		if len(gone) > 0 {
			s.dispatchIn(ch, "MESSAGE_DELETE_BULK", map[string]any{"ids": gone, "channel_id": ch.ID, "guild_id": g.ID})
		}
	}
}

func (s *Sim) unbanMember(c *call) (any, error) {
	g, err := c.banGuild()
	if err != nil {
		return nil, err
	}
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	b, ok := g.bans[id]
	if !ok {
		return nil, errUnknownBan
	}
	delete(g.bans, id)
	s.dispatch(g, "GUILD_BAN_REMOVE", map[string]any{"guild_id": g.ID, "user": b.User})
	return nil, nil
}

// banMany bans up to 200 users and says who could not be banned.
func (s *Sim) banMany(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permBanMembers|permManageGuild); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	ids, ok := f.ids("user_ids", 200)
	if !ok && !f.sent("user_ids") {
		f.required("user_ids")
	}
	span := readDeletion(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	banned, failed := []uint64String{}, []uint64String{}
	for _, id := range ids {
		u := s.users[snowflake.UserID(id)]
		if u == nil || !s.mayBan(g, u) {
			failed = append(failed, uint64String(id))
			continue
		}
		s.ban(g, u, nil, span)
		banned = append(banned, uint64String(id))
	}
	if len(banned) == 0 {
		return nil, errBulkBan
	}
	return map[string]any{"banned_users": banned, "failed_users": failed}, nil
}
