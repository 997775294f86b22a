package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// settings are what a guild's owners have chosen.
type settings struct {
	// changed are members of the guild's document that are not the standard.
	changed map[string]any
	widget  struct {
		Enabled   bool                 `json:"enabled"`
		ChannelID *snowflake.ChannelID `json:"channel_id"`
	}
	welcome    welcomeScreen
	onboarding onboarding
	incidents  *incidents
}

type welcomeScreen struct {
	Description *string `json:"description"`
	Channels    []any   `json:"welcome_channels"`

	enabled bool
}

type onboarding struct {
	GuildID  snowflake.GuildID `json:"guild_id"`
	Prompts  []any             `json:"prompts"`
	Channels []uint64String    `json:"default_channel_ids"`
	Enabled  bool              `json:"enabled"`
	Mode     int               `json:"mode"`
}

type incidents struct {
	Invites *string `json:"invites_disabled_until"`
	DMs     *string `json:"dms_disabled_until"`
}

func (s *Sim) settingsRoutes() []route {
	const one = "/guilds/{guild}"
	return []route{
		{method: "GET", pattern: one + "/preview", handle: s.getPreview},
		{method: "GET", pattern: one + "/regions", handle: s.listRegions},
		{method: "GET", pattern: one + "/integrations", handle: s.listIntegrations},
		{method: "GET", pattern: one + "/vanity-url", handle: s.getVanity},
		{method: "GET", pattern: one + "/widget", handle: s.getWidgetSettings},
		{method: "PATCH", pattern: one + "/widget", handle: s.editWidget},
		{method: "GET", pattern: one + "/widget.json", handle: s.getWidget},
		{method: "GET", pattern: one + "/welcome-screen", handle: s.getWelcome},
		{method: "PATCH", pattern: one + "/welcome-screen", handle: s.editWelcome},
		{method: "GET", pattern: one + "/onboarding", handle: s.getOnboarding},
		{method: "PUT", pattern: one + "/onboarding", handle: s.editOnboarding},
		{method: "PUT", pattern: one + "/incident-actions", handle: s.editIncidents},
		{method: "GET", pattern: one + "/prune", handle: s.countPrune},
		{method: "POST", pattern: one + "/prune", handle: s.prune},
	}
}

// readChanges reads the members of a guild beside its name and description.
func (g *guild) readChanges(f form) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"icon", "splash", "banner", "discovery_splash", "home_header"} {
		if f.has(key) {
			out[key] = imageHash(f, key)
		}
	}
	for key, most := range map[string]int64{
		"verification_level": 4, "default_message_notifications": 1, "explicit_content_filter": 2, "afk_timeout": 3600, "system_channel_flags": 63,
	} {
		if n, ok := f.number(key, 0, most); ok {
			out[key] = n
		}
	}
	for _, key := range []string{"afk_channel_id", "system_channel_id", "rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id"} {
		if f.has(key) {
			var id *snowflake.ChannelID
			g.ownChannel(f, key, &id)
			out[key] = id
		}
	}
	if text, ok := f.textBetween("preferred_locale", 2, 10); ok {
		out["preferred_locale"] = text
	}
	if v, ok := f.flag("premium_progress_bar_enabled"); ok {
		out["premium_progress_bar_enabled"] = v
	}
	return out
}

func (s *Sim) getPreview(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	whole := g.document()
	out := map[string]any{"approximate_member_count": len(g.members), "approximate_presence_count": len(g.members)}
	for _, key := range []string{"id", "name", "icon", "description", "home_header", "splash", "discovery_splash", "features", "emojis", "stickers"} {
		out[key] = whole[key]
	}
	return out, nil
}

func (s *Sim) listRegions(c *call) (any, error) {
	if _, err := c.pathGuild(); err != nil {
		return nil, err
	}
	region := func(id, name string, best bool) any {
		return map[string]any{"id": id, "name": name, "optimal": best, "deprecated": false, "custom": false}
	}
	return []any{region("rotterdam", "Rotterdam", true), region("us-east", "US East", false), region("japan", "Japan", false)}, nil
}

// listIntegrations has one entry for each bot of the guild.
func (s *Sim) listIntegrations(c *call) (any, error) {
	g, err := c.guildNeeds(permManageGuild)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range g.sortedMembers() {
		if u := m.User; u.Bot {
			out = append(out, map[string]any{
				"id": u.ID, "type": "discord", "name": u.Username, "account": map[string]any{"id": u.ID, "name": u.Username}, "enabled": true,
				"application": map[string]any{"id": u.ID, "name": u.Username, "icon": nil, "description": "", "type": nil, "bot": u},
				"scopes":      []string{"bot"}, "user": g.members[g.OwnerID].User,
			})
		}
	}
	return out, nil
}

// getVanity is for guilds with enough boosts only, which none has.
func (s *Sim) getVanity(c *call) (any, error) {
	if _, err := c.guildNeeds(permManageGuild); err != nil {
		return nil, err
	}
	return map[string]any{"code": nil, "uses": 0}, nil
}

func (s *Sim) getWidgetSettings(c *call) (any, error) {
	g, err := c.guildNeeds(permManageGuild)
	if err != nil {
		return nil, err
	}
	return g.widget, nil
}

func (s *Sim) editWidget(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild)
	if err != nil {
		return nil, err
	}
	after := g.widget
	if v, ok := f.flag("enabled"); ok {
		after.Enabled = v
	}
	g.ownChannel(f, "channel_id", &after.ChannelID)
	if err := f.err(); err != nil {
		return nil, err
	}
	g.widget = after
	s.dispatch(g, "GUILD_UPDATE", g.document())
	return g.widget, nil
}

func (s *Sim) getWidget(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if !g.widget.Enabled {
		return nil, errWidgetOff
	}
	channels := []any{}
	for _, ch := range g.sortedChannels(false) {
		if ch.Type == channelVoice {
			channels = append(channels, map[string]any{"id": ch.ID, "name": ch.Name, "position": *ch.Position})
		}
	}
	return map[string]any{
		"id": g.ID, "name": g.Name, "instant_invite": nil, "channels": channels, "members": []any{}, "presence_count": len(g.members),
	}, nil
}

func (s *Sim) getWelcome(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if !g.welcome.enabled && s.botNeeds(g, permManageGuild) != nil {
		return nil, errUnknownWelcome
	}
	return g.welcome.whole(), nil
}

func (w welcomeScreen) whole() welcomeScreen {
	if w.Channels == nil {
		w.Channels = []any{}
	}
	return w
}

func (s *Sim) editWelcome(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild)
	if err != nil {
		return nil, err
	}
	after := g.welcome
	if v, ok := f.flag("enabled"); ok {
		after.enabled = v
	}
	setText(f, "description", 140, &after.Description)
	if list, ok := f.subs("welcome_channels", 5); ok {
		after.Channels = []any{}
		for _, e := range list {
			var id *snowflake.ChannelID
			if g.ownChannel(e, "channel_id", &id); id == nil && !e.sent("channel_id") {
				e.required("channel_id")
			}
			after.Channels = append(after.Channels, map[string]any{
				"channel_id": id, "description": e.needText("description", 1, 50), "emoji_id": e.fields["emoji_id"], "emoji_name": e.fields["emoji_name"],
			})
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	g.welcome = after
	return after.whole(), nil
}

func (s *Sim) getOnboarding(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return g.onboarding.whole(g), nil
}

func (o onboarding) whole(g *guild) onboarding {
	o.GuildID = g.ID
	if o.Prompts == nil {
		o.Prompts = []any{}
	}
	if o.Channels == nil {
		o.Channels = []uint64String{}
	}
	return o
}

func (s *Sim) editOnboarding(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild | permManageRoles)
	if err != nil {
		return nil, err
	}
	after := g.onboarding
	if v, ok := f.flag("enabled"); ok {
		after.Enabled = v
	}
	if n, ok := f.choice("mode", 0, 1); ok {
		after.Mode = int(n)
	}
	if ids, ok := f.ids("default_channel_ids", 500); ok {
		after.Channels = asStrings(ids)
		g.checkChannels(f, "default_channel_ids", ids)
	}
	if list, ok := f.subs("prompts", 15); ok {
		after.Prompts = []any{}
		for _, p := range list {
			after.Prompts = append(after.Prompts, s.readPrompt(p, g))
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	g.onboarding = after
	return after.whole(g), nil
}

func (g *guild) checkChannels(f form, key string, ids []uint64) {
	for _, id := range ids {
		if g.channels[snowflake.ChannelID(id)] == nil {
			f.complain(key, "CHANNEL_UNKNOWN", "Unknown channel")
		}
	}
}

// readPrompt reads a question; what is new gets an id.
func (s *Sim) readPrompt(f form, g *guild) any {
	id, _ := f.id("id")
	if id < 1<<22 { // A number of the client's own.
		id = s.ids.next()
	}
	single, _ := f.flag("single_select")
	required, _ := f.flag("required")
	shown, _ := f.flag("in_onboarding")
	kind, _ := f.choice("type", 0, 1)
	options := []any{}
	list, _ := f.subs("options", 50)
	if len(list) == 0 {
		f.required("options")
	}
	for _, o := range list {
		roles, _ := o.ids("role_ids", 50)
		channels, _ := o.ids("channel_ids", 50)
		g.checkChannels(o, "channel_ids", channels)
		animated, _ := o.flag("emoji_animated")
		options = append(options, map[string]any{
			"id": uint64String(s.ids.next()), "title": o.needText("title", 1, 50), "description": o.text("description", 100),
			"emoji":    map[string]any{"id": o.fields["emoji_id"], "name": o.fields["emoji_name"], "animated": animated},
			"role_ids": asStrings(roles), "channel_ids": asStrings(channels),
		})
	}
	return map[string]any{
		"id": uint64String(id), "title": f.needText("title", 1, 100), "options": options, "single_select": single, "required": required,
		"in_onboarding": shown, "type": kind,
	}
}

func (s *Sim) editIncidents(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild)
	if err != nil {
		return nil, err
	}
	after := incidents{}
	if g.incidents != nil {
		after = *g.incidents
	}
	for key, into := range map[string]**string{"invites_disabled_until": &after.Invites, "dms_disabled_until": &after.DMs} {
		if !f.has(key) {
			continue
		}
		*into = nil
		text := f.text(key, 64)
		if text == "" {
			continue
		}
		until, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || until.Sub(s.now()) > 24*time.Hour {
			f.complain(key, "DATE_TIME_TYPE_PARSE", "It must be a time within 24 hours.")
			continue
		}
		*into = ptr(timestamp(until))
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	g.incidents = &after
	s.dispatch(g, "GUILD_UPDATE", g.document())
	return after, nil
}
