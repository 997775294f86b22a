package discordsim

import (
	"maps"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The kinds of automatic moderation, with how many rules of each there may be,
// and what rules do.
const (
	triggerKeyword  = 1
	triggerSpam     = 3
	triggerPreset   = 4
	triggerMentions = 5
	triggerProfile  = 6

	actionBlock   = 1
	actionAlert   = 2
	actionTimeout = 3
	actionBlockIn = 4
)

var maxRulesOf = map[int]int{triggerKeyword: 6, triggerSpam: 1, triggerPreset: 1, triggerMentions: 1, triggerProfile: 1}

type automodRule struct {
	ID       thingID           `json:"id"`
	GuildID  snowflake.GuildID `json:"guild_id"`
	Creator  snowflake.UserID  `json:"creator_id"`
	Name     string            `json:"name"`
	Event    int               `json:"event_type"`
	Trigger  int               `json:"trigger_type"`
	Metadata map[string]any    `json:"trigger_metadata"`
	Actions  []any             `json:"actions"`
	Enabled  bool              `json:"enabled"`
	Roles    []uint64String    `json:"exempt_roles"`
	Channels []uint64String    `json:"exempt_channels"`
}

func ruleKey(r *automodRule) uint64 { return uint64(r.ID) }

func (s *Sim) automodRoutes() []route {
	const list = "/guilds/{guild}/auto-moderation/rules"
	return []route{
		{method: "GET", pattern: list, handle: s.listRules},
		{method: "POST", pattern: list, handle: s.createRule},
		{method: "GET", pattern: list + "/{rule}", handle: s.getRule},
		{method: "PATCH", pattern: list + "/{rule}", handle: s.editRule},
		{method: "DELETE", pattern: list + "/{rule}", handle: s.deleteRule},
	}
}

func (s *Sim) listRules(c *call) (any, error) {
	g, err := c.guildNeeds(permManageGuild)
	if err != nil {
		return nil, err
	}
	return values(g.rules, ruleKey), nil
}

func (c *call) pathRule() (*guild, *automodRule, error) {
	return pathThing(c, func(g *guild) map[thingID]*automodRule { return g.rules }, permManageGuild, "rule", errUnknownRule)
}

func (s *Sim) getRule(c *call) (any, error) {
	_, r, err := c.pathRule()
	return r, err
}

// metadataOf are the members of each trigger's metadata, with what they are
// when nothing was said.
var metadataOf = map[int]map[string]any{
	triggerKeyword:  {"keyword_filter": []any{}, "regex_patterns": []any{}, "allow_list": []any{}},
	triggerSpam:     {},
	triggerPreset:   {"presets": []any{}, "allow_list": []any{}},
	triggerMentions: {"mention_total_limit": 0, "mention_raid_protection_enabled": false},
	triggerProfile:  {"keyword_filter": []any{}, "regex_patterns": []any{}, "allow_list": []any{}},
}

// change reads a request onto the rule.
func (r *automodRule) change(f form, g *guild) {
	if name, ok := f.textBetween("name", 1, 100); ok {
		r.Name = name
	}
	if n, ok := f.choice("event_type", 1, 2); ok {
		r.Event = int(n)
	}
	if v, ok := f.flag("enabled"); ok {
		r.Enabled = v
	}
	r.Metadata = maps.Clone(r.Metadata)
	if m, ok := f.sub("trigger_metadata"); ok {
		for key := range metadataOf[r.Trigger] {
			if m.sent(key) {
				r.Metadata[key] = m.fields[key]
			}
		}
	}
	if list, ok := f.subs("actions", 5); ok {
		r.Actions = []any{}
		for _, a := range list {
			r.Actions = append(r.Actions, readAction(a, g))
		}
	}
	if ids, ok := f.ids("exempt_roles", 20); ok {
		r.Roles = asStrings(ids)
	}
	if ids, ok := f.ids("exempt_channels", 50); ok {
		r.Channels = asStrings(ids)
	}
}

func asStrings(ids []uint64) []uint64String {
	out := []uint64String{}
	for _, id := range ids {
		if !slices.Contains(out, uint64String(id)) {
			out = append(out, uint64String(id))
		}
	}
	return out
}

// readAction reads one of the things that a rule does.
func readAction(f form, g *guild) any {
	if !f.sent("type") {
		f.required("type")
	}
	kind, _ := f.choice("type", actionBlock, actionAlert, actionTimeout, actionBlockIn)
	out := map[string]any{"type": kind, "metadata": map[string]any{}}
	m, given := f.sub("metadata")
	switch kind {
	case actionAlert:
		id, _ := uint64(0), false
		if given {
			id, _ = m.id("channel_id")
		}
		if g.channels[snowflake.ChannelID(id)] == nil {
			f.complain("metadata", "AUTO_MODERATION_INVALID_CHANNEL", "Unknown channel")
		}
		out["metadata"] = map[string]any{"channel_id": uint64String(id)}
	case actionTimeout:
		seconds := int64(0)
		if given {
			seconds, _ = m.number("duration_seconds", 0, 2419200)
		}
		out["metadata"] = map[string]any{"duration_seconds": seconds}
	case actionBlock:
		if given {
			if text := m.text("custom_message", 150); text != "" {
				out["metadata"] = map[string]any{"custom_message": text}
			}
		}
	}
	return out
}

func (s *Sim) createRule(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"name", "event_type", "trigger_type", "actions"} {
		if !f.sent(key) {
			f.required(key)
		}
	}
	r := &automodRule{GuildID: g.ID, Creator: s.bot.ID, Roles: []uint64String{}, Channels: []uint64String{}, Actions: []any{}}
	if n, ok := f.choice("trigger_type", triggerKeyword, triggerSpam, triggerPreset, triggerMentions, triggerProfile); ok {
		r.Trigger = int(n)
		r.Metadata = metadataOf[r.Trigger]
	}
	r.change(f, g)
	if err := f.err(); err != nil {
		return nil, err
	}
	same := 0
	for _, o := range g.rules {
		if o.Trigger == r.Trigger {
			same++
		}
	}
	if same >= maxRulesOf[r.Trigger] {
		return nil, errMaxRules
	}
	r.ID = thingID(s.ids.next())
	put(&g.rules, r.ID, r)
	s.dispatch(g, "AUTO_MODERATION_RULE_CREATE", r)
	return r, nil
}

func (s *Sim) editRule(c *call) (any, error) {
	g, r, err := c.pathRule()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *r
	after.change(f, g)
	if err := f.err(); err != nil {
		return nil, err
	}
	*r = after
	s.dispatch(g, "AUTO_MODERATION_RULE_UPDATE", r)
	return r, nil
}

func (s *Sim) deleteRule(c *call) (any, error) {
	g, r, err := c.pathRule()
	if err != nil {
		return nil, err
	}
	delete(g.rules, r.ID)
	s.dispatch(g, "AUTO_MODERATION_RULE_DELETE", r)
	return nil, nil
}
