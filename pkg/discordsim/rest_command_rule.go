package discordsim

import (
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxCommandRules is how many permissions a command can have in a guild.
const maxCommandRules = 100

// rulesDocument is what Discord says about one command's permissions.
func (s *Sim) rulesDocument(g *guild, id uint64) map[string]any {
	return map[string]any{
		"id": uint64String(id), "application_id": s.application.ID, "guild_id": g.ID, "permissions": g.commands.rules[id],
	}
}

func (s *Sim) listCommandRules(c *call) (any, error) {
	_, g, err := c.pathCommands()
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, 0, len(g.commands.rules))
	for id := range g.commands.rules {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := make([]any, 0, len(ids))
	for _, id := range ids {
		out = append(out, s.rulesDocument(g, id))
	}
	return out, nil
}

// pathRules finds the command, of the guild or global, or the application
// itself, whose permissions the path is about.
func (c *call) pathRules() (*guild, uint64, error) {
	_, g, err := c.pathCommands()
	if err != nil {
		return nil, 0, err
	}
	id, err := pathID[snowflake.CommandID](c, "command")
	if err != nil {
		return nil, 0, err
	}
	s := c.sim
	if uint64(id) != uint64(s.application.ID) && g.commands.get(id) == nil && s.commands.get(id) == nil {
		return nil, 0, errUnknownCommand
	}
	return g, uint64(id), nil
}

func (s *Sim) getCommandRules(c *call) (any, error) {
	g, id, err := c.pathRules()
	if err != nil {
		return nil, err
	}
	if _, ok := g.commands.rules[id]; !ok {
		return nil, errUnknownPermissions
	}
	return s.rulesDocument(g, id), nil
}

// setCommandRules needs a person's token: Discord refuses bots. Any "Bearer"
// token stands for the owner of the guild.
func (s *Sim) setCommandRules(c *call) (any, error) {
	if bearer, ok := strings.CutPrefix(c.req.Header.Get("Authorization"), "Bearer "); !ok || bearer == "" {
		if s.authorized(c.req) {
			return nil, errNotForBots
		}
		return nil, errUnauthorized
	}
	g, id, err := c.pathRules()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	list, ok := f.subs("permissions", maxCommandRules)
	if !ok && !f.sent("permissions") {
		f.required("permissions")
	}
	rules := make([]commandRule, 0, len(list))
	for _, e := range list {
		who, ok := e.id("id")
		if !ok && !e.sent("id") {
			e.required("id")
		}
		kind, ok := e.choice("type", 1, 2, 3)
		if !ok && !e.sent("type") {
			e.required("type")
		}
		allowed, ok := e.flag("permission")
		if !ok && !e.sent("permission") {
			e.required("permission")
		}
		rules = append(rules, commandRule{ID: uint64String(who), Type: int(kind), Allowed: allowed})
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if g.commands.rules == nil {
		g.commands.rules = map[uint64][]commandRule{}
	}
	g.commands.rules[id] = rules
	if len(rules) == 0 {
		delete(g.commands.rules, id)
	}
	doc := s.rulesDocument(g, id)
	doc["permissions"] = rules
	s.dispatch(g, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", doc)
	return doc, nil
}
