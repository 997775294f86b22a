package discordsim

import (
	"maps"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// pathGuild finds the guild of the path.
func (c *call) pathGuild() (*guild, error) {
	id, err := pathID[snowflake.GuildID](c, "guild")
	if err != nil {
		return nil, err
	}
	g := c.sim.guilds[id]
	if g == nil {
		return nil, errUnknownGuild
	}
	c.guild = g
	return g, nil
}

// forgetGuild takes a guild that the bot has left out of the world.
func (s *Sim) forgetGuild(g *guild) {
	delete(s.guilds, g.ID)
	s.guildOrder = slices.DeleteFunc(s.guildOrder, func(o *guild) bool { return o == g })
	for id := range g.channels {
		delete(s.channels, id)
	}
	for id, w := range s.webhooks {
		if w.channel.guild == g {
			delete(s.webhooks, id)
		}
	}
	s.interactions.forgetGuild(g)
}

func (s *Sim) guildRoutes() []route {
	const one = "/guilds/{guild}"
	return slices.Concat([]route{
		{method: "GET", pattern: one, handle: s.getGuild},
		{method: "PATCH", pattern: one, handle: s.editGuild},
		{method: "GET", pattern: one + "/invites", handle: s.listGuildInvites},
	}, s.memberRoutes(), s.roleRoutes(), s.banRoutes(), s.emojiRoutes(), s.settingsRoutes(), s.templateRoutes(), s.stickerRoutes(),
		s.soundRoutes(), s.scheduledRoutes(), s.automodRoutes(), s.stageRoutes(), s.voiceRoutes(), s.auditRoutes())
}

func (s *Sim) getGuild(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	d := g.document()
	if c.queryFlag("with_counts") {
		d["approximate_member_count"], d["approximate_presence_count"] = len(g.members), len(g.members)
	}
	return d, nil
}

func (s *Sim) editGuild(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageGuild); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	name, named := f.textBetween("name", 2, 100)
	about := g.Description
	setText(f, "description", 300, &about)
	changed := g.readChanges(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	if named {
		g.Name = name
	}
	g.Description = about
	if icon, ok := changed["icon"]; ok {
		g.Icon, _ = icon.(*string)
		delete(changed, "icon")
	}
	if g.changed == nil {
		g.changed = map[string]any{}
	}
	maps.Copy(g.changed, changed)
	s.dispatch(g, "GUILD_UPDATE", g.document())
	return g.document(), nil
}
