package discordsim

import (
	"reflect"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

type template struct {
	Code        string            `json:"code"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
	Uses        int               `json:"usage_count"`
	CreatorID   snowflake.UserID  `json:"creator_id"`
	Creator     *user             `json:"creator"`
	Created     string            `json:"created_at"`
	Updated     string            `json:"updated_at"`
	GuildID     snowflake.GuildID `json:"source_guild_id"`
	Source      map[string]any    `json:"serialized_source_guild"`
	Dirty       *bool             `json:"is_dirty"`

	order uint64
}

func (s *Sim) templateRoutes() []route {
	const list = "/guilds/{guild}/templates"
	return []route{
		{method: "GET", pattern: list, handle: s.listTemplates},
		{method: "POST", pattern: list, handle: s.createTemplate},
		{method: "PUT", pattern: list + "/{code}", handle: s.syncTemplate},
		{method: "PATCH", pattern: list + "/{code}", handle: s.editTemplate},
		{method: "DELETE", pattern: list + "/{code}", handle: s.deleteTemplate},
	}
}

// serialized is the guild as templates keep it: numbers instead of ids.
func (g *guild) serialized() map[string]any {
	whole := g.document()
	roles := []any{}
	for i, r := range g.sortedRoles() {
		if !r.Managed {
			roles = append(roles, map[string]any{
				"id": i, "name": r.Name, "permissions": r.Permissions, "color": r.Color, "colors": r.Colors, "hoist": r.Hoist, "mentionable": r.Mentionable,
				"icon": nil, "unicode_emoji": r.UnicodeEmoji,
			})
		}
	}
	channels := []any{}
	for i, ch := range g.sortedChannels(false) {
		if ch.Type != channelText && ch.Type != channelVoice && ch.Type != channelCategory && ch.Type != channelForum {
			continue
		}
		channels = append(channels, map[string]any{
			"id": i + 1, "type": ch.Type, "name": ch.Name, "position": *ch.Position, "topic": ch.Topic, "bitrate": 64000, "user_limit": 0, "nsfw": ch.NSFW,
			"rate_limit_per_user": ch.RateLimitPerUser, "parent_id": nil, "default_auto_archive_duration": ch.DefaultAutoArchiveDuration,
			"permission_overwrites": []any{}, "available_tags": nil, "template": "", "default_reaction_emoji": nil, "default_thread_rate_limit_per_user": nil,
			"default_sort_order": nil, "default_forum_layout": nil, "default_tag_setting": nil, "icon_emoji": nil, "theme_color": nil,
		})
	}
	out := map[string]any{"roles": roles, "channels": channels, "region": nil}
	for _, key := range []string{
		"name", "description", "verification_level", "default_message_notifications", "explicit_content_filter", "preferred_locale",
		"afk_channel_id", "afk_timeout", "system_channel_id", "system_channel_flags",
	} {
		out[key] = whole[key]
	}
	return out
}

// shown is the template with whether the guild has changed since.
func (t *template) shown(g *guild) *template {
	out := *t
	if !reflect.DeepEqual(t.Source, g.serialized()) {
		out.Dirty = ptr(true)
	}
	return &out
}

func (s *Sim) listTemplates(c *call) (any, error) {
	g, err := c.guildNeeds(permManageGuild)
	if err != nil {
		return nil, err
	}
	out := []*template{}
	for _, t := range values(g.templates, func(t *template) uint64 { return t.order }) {
		out = append(out, t.shown(g))
	}
	return out, nil
}

func (c *call) pathTemplate() (*guild, *template, error) {
	g, err := c.guildNeeds(permManageGuild)
	if err != nil {
		return nil, nil, err
	}
	t := g.templates[c.param("code")]
	if t == nil {
		return nil, nil, errUnknownTemplate
	}
	return g, t, nil
}

func (s *Sim) createTemplate(c *call) (any, error) {
	g, f, err := c.guildForm(permManageGuild)
	if err != nil {
		return nil, err
	}
	t := &template{
		Code: randomHex(6), Name: f.needText("name", 1, 100), CreatorID: s.bot.ID, Creator: s.bot, Created: timestamp(s.now()), Updated: timestamp(s.now()),
		GuildID: g.ID, Source: g.serialized(), order: s.ids.next(),
	}
	setText(f, "description", 120, &t.Description)
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(g.templates) > 0 {
		return nil, errHasTemplate
	}
	put(&g.templates, t.Code, t)
	return t, nil
}

func (s *Sim) syncTemplate(c *call) (any, error) {
	g, t, err := c.pathTemplate()
	if err != nil {
		return nil, err
	}
	t.Source, t.Updated = g.serialized(), timestamp(s.now())
	return t, nil
}

func (s *Sim) editTemplate(c *call) (any, error) {
	g, t, err := c.pathTemplate()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *t
	if name, ok := f.textBetween("name", 1, 100); ok {
		after.Name = name
	}
	setText(f, "description", 120, &after.Description)
	if err := f.err(); err != nil {
		return nil, err
	}
	*t = after
	return t.shown(g), nil
}

func (s *Sim) deleteTemplate(c *call) (any, error) {
	g, t, err := c.pathTemplate()
	if err != nil {
		return nil, err
	}
	delete(g.templates, t.Code)
	return t, nil
}
