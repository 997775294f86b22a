package discordsim

import (
	"regexp"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxEmojis is how many emojis a guild can have.
const maxEmojis = 50

var emojiName = regexp.MustCompile(`^\w{2,32}$`)

func (s *Sim) emojiRoutes() []route {
	const list = "/guilds/{guild}/emojis"
	return []route{
		{method: "GET", pattern: list, handle: s.listEmojis},
		{method: "POST", pattern: list, handle: s.createEmoji},
		{method: "GET", pattern: list + "/{emoji}", handle: s.getEmoji},
		{method: "PATCH", pattern: list + "/{emoji}", handle: s.editEmoji},
		{method: "DELETE", pattern: list + "/{emoji}", handle: s.deleteEmoji},
	}
}

func (s *Sim) listEmojis(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return append([]*emoji{}, g.emojis...), nil
}

func (c *call) pathEmoji() (*guild, *emoji, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, nil, err
	}
	id, err := pathID[snowflake.EmojiID](c, "emoji")
	if err != nil {
		return nil, nil, err
	}
	for _, e := range g.emojis {
		if e.ID == id {
			return g, e, nil
		}
	}
	return nil, nil, errUnknownGuildEmoji
}

func (s *Sim) getEmoji(c *call) (any, error) {
	_, e, err := c.pathEmoji()
	return e, err
}

func readEmojiName(f form) string {
	name := f.needText("name", 2, 32)
	if name != "" && !emojiName.MatchString(name) {
		f.complain("name", "STRING_TYPE_REGEX", "String value did not match validation regex.")
	}
	return name
}

func (s *Sim) createEmoji(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permCreateExpressions); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	e := &emoji{Name: readEmojiName(f), Roles: []snowflake.RoleID{}, User: s.bot, RequireColons: true, Available: true}
	if !f.sent("image") {
		f.required("image")
	}
	imageHash(f, "image")
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(g.emojis) >= maxEmojis {
		return nil, errMaxEmojis
	}
	e.ID = snowflake.EmojiID(s.ids.next())
	g.emojis = append(g.emojis, e)
	s.emojisChanged(g)
	c.status = 201
	return e, nil
}

func (s *Sim) emojisChanged(g *guild) {
	s.dispatch(g, "GUILD_EMOJIS_UPDATE", map[string]any{"guild_id": g.ID, "emojis": append([]*emoji{}, g.emojis...)})
}

func (s *Sim) editEmoji(c *call) (any, error) {
	g, e, err := c.pathEmoji()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageExpressions); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	name := e.Name
	if f.has("name") {
		name = readEmojiName(f)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	e.Name = name
	s.emojisChanged(g)
	return e, nil
}

func (s *Sim) deleteEmoji(c *call) (any, error) {
	g, e, err := c.pathEmoji()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageExpressions); err != nil {
		return nil, err
	}
	g.emojis = slices.DeleteFunc(g.emojis, func(o *emoji) bool { return o == e })
	s.emojisChanged(g)
	return nil, nil
}
