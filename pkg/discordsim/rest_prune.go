package discordsim

import (
	"slices"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// prunable are the members without roles, beside those of include, that were
// not seen for some days. Nobody is seen here except by their messages.
func (s *Sim) prunable(g *guild, days int64, include []uint64) []*member {
	since := s.now().Add(-time.Duration(days) * 24 * time.Hour)
	var out []*member
	for _, m := range g.sortedMembers() {
		others := slices.ContainsFunc(m.Roles, func(id snowflake.RoleID) bool { return !slices.Contains(include, uint64(id)) })
		joined, err := time.Parse(time.RFC3339Nano, m.JoinedAt)
		if !others && !m.User.Bot && m.User.ID != g.OwnerID && err == nil && joined.Before(since) && !g.spokeSince(m.User.ID, since) {
			out = append(out, m)
		}
	}
	return out
}

func (g *guild) spokeSince(id snowflake.UserID, since time.Time) bool {
	for _, ch := range g.channels {
		for _, m := range ch.messages.list {
			if m.by == id && !m.ID.Time().Before(since) {
				return true
			}
		}
	}
	return false
}

func (s *Sim) countPrune(c *call) (any, error) {
	g, err := c.guildNeeds(permManageGuild | permKickMembers)
	if err != nil {
		return nil, err
	}
	f := form{fields: map[string]any{}, root: &errorNode{}}
	if text := c.query.Get("days"); text != "" {
		f.fields["days"] = text
	}
	var include []any
	for _, text := range strings.Split(c.query.Get("include_roles"), ",") {
		if text != "" {
			include = append(include, text)
		}
	}
	f.fields["include_roles"] = include
	days, roles := readPrune(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	return map[string]any{"pruned": len(s.prunable(g, days, roles))}, nil
}

func readPrune(f form) (days int64, include []uint64) {
	days = 7
	if n, ok := f.number("days", 1, 30); ok {
		days = n
	}
	include, _ = f.ids("include_roles", 100)
	return days, include
}

func (s *Sim) prune(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild | permKickMembers)
	if err != nil {
		return nil, err
	}
	days, include := readPrune(f)
	count, said := f.flag("compute_prune_count")
	if err := f.err(); err != nil {
		return nil, err
	}
	gone := s.prunable(g, days, include)
	for _, m := range gone {
		s.removeMember(g, m)
	}
	if said && !count {
		return map[string]any{"pruned": nil}, nil
	}
	return map[string]any{"pruned": len(gone)}, nil
}
