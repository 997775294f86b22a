package discordsim

import (
	"bytes"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	maxStickers    = 5
	maxStickerSize = 512 << 10
)

type sticker struct {
	ID          thingID           `json:"id"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
	Tags        string            `json:"tags"`
	Type        int               `json:"type"`
	FormatType  int               `json:"format_type"`
	Available   bool              `json:"available"`
	GuildID     snowflake.GuildID `json:"guild_id"`
	User        *user             `json:"user,omitempty"`
}

func stickerKey(s *sticker) uint64 { return uint64(s.ID) }

func (s *Sim) stickerRoutes() []route {
	const list = "/guilds/{guild}/stickers"
	return []route{
		{method: "GET", pattern: list, handle: s.listStickers},
		{method: "POST", pattern: list, handle: s.createSticker},
		{method: "GET", pattern: list + "/{sticker}", handle: s.getSticker},
		{method: "PATCH", pattern: list + "/{sticker}", handle: s.editSticker},
		{method: "DELETE", pattern: list + "/{sticker}", handle: s.deleteSticker},
	}
}

func (s *Sim) listStickers(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return values(g.stickers, stickerKey), nil
}

func (c *call) pathSticker(need permission) (*guild, *sticker, error) {
	return pathThing(c, func(g *guild) map[thingID]*sticker { return g.stickers }, need, "sticker", errUnknownSticker)
}

func (s *Sim) getSticker(c *call) (any, error) {
	_, st, err := c.pathSticker(0)
	return st, err
}

func (s *Sim) createSticker(c *call) (any, error) {
	g, f, err := c.guildForm(permCreateExpressions)
	if err != nil {
		return nil, err
	}
	st := &sticker{Name: f.needText("name", 2, 30), Tags: f.needText("tags", 1, 200), Type: 2, Available: true, GuildID: g.ID, User: s.bot}
	setText(f, "description", 100, &st.Description)
	if len(c.files) != 1 {
		f.required("file")
	} else if st.FormatType = stickerFormat(c.files[0].data); st.FormatType == 0 || len(c.files[0].data) > maxStickerSize {
		f.complain("file", "STICKER_FILE_INVALID", "Invalid Asset")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(g.stickers) >= maxStickers {
		return nil, errMaxStickers
	}
	st.ID = thingID(s.ids.next())
	put(&g.stickers, st.ID, st)
	s.stickersChanged(g)
	c.status = 201
	return st, nil
}

// stickerFormat is PNG 1, Lottie 3 or GIF 4, and 0 for what is none.
func stickerFormat(data []byte) int {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return 1
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return 3
	case bytes.HasPrefix(data, []byte("GIF8")):
		return 4
	}
	return 0
}

func (s *Sim) stickersChanged(g *guild) {
	s.dispatch(g, "GUILD_STICKERS_UPDATE", map[string]any{"guild_id": g.ID, "stickers": values(g.stickers, stickerKey)})
}

func (s *Sim) editSticker(c *call) (any, error) {
	g, st, err := c.pathSticker(permManageExpressions)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *st
	if name, ok := f.textBetween("name", 2, 30); ok {
		after.Name = name
	}
	if tags, ok := f.textBetween("tags", 1, 200); ok {
		after.Tags = tags
	}
	setText(f, "description", 100, &after.Description)
	if err := f.err(); err != nil {
		return nil, err
	}
	*st = after
	s.stickersChanged(g)
	return st, nil
}

func (s *Sim) deleteSticker(c *call) (any, error) {
	g, st, err := c.pathSticker(permManageExpressions)
	if err != nil {
		return nil, err
	}
	delete(g.stickers, st.ID)
	s.stickersChanged(g)
	return nil, nil
}
