package discordsim

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const maxSounds = 8

type sound struct {
	ID        thingID            `json:"sound_id"`
	Name      string             `json:"name"`
	Volume    float64            `json:"volume"`
	EmojiID   *snowflake.EmojiID `json:"emoji_id"`
	EmojiName *string            `json:"emoji_name"`
	GuildID   *snowflake.GuildID `json:"guild_id,omitempty"`
	Available bool               `json:"available"`
	User      *user              `json:"user,omitempty"`
}

func soundKey(s *sound) uint64 { return uint64(s.ID) }

// defaultSounds are those that every guild has.
var defaultSounds = []*sound{
	{ID: 1, Name: "quack", Volume: 1, EmojiName: ptr("🦆"), Available: true},
	{ID: 2, Name: "airhorn", Volume: 1, EmojiName: ptr("🔊"), Available: true},
}

func (s *Sim) soundRoutes() []route {
	const list = "/guilds/{guild}/soundboard-sounds"
	return []route{
		{method: "GET", pattern: "/soundboard-default-sounds", handle: func(*call) (any, error) { return defaultSounds, nil }},
		{method: "POST", pattern: "/channels/{channel}/send-soundboard-sound", handle: s.playSound},
		{method: "GET", pattern: list, handle: s.listSounds},
		{method: "POST", pattern: list, handle: s.createSound},
		{method: "GET", pattern: list + "/{sound}", handle: s.getSound},
		{method: "PATCH", pattern: list + "/{sound}", handle: s.editSound},
		{method: "DELETE", pattern: list + "/{sound}", handle: s.deleteSound},
	}
}

func (s *Sim) listSounds(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return map[string]any{"items": values(g.sounds, soundKey)}, nil
}

func (c *call) pathSound(need permission) (*guild, *sound, error) {
	return pathThing(c, func(g *guild) map[thingID]*sound { return g.sounds }, need, "sound", errUnknownSound)
}

func (s *Sim) getSound(c *call) (any, error) {
	_, so, err := c.pathSound(0)
	return so, err
}

// change reads what creations and changes share.
func (so *sound) change(f form) {
	if name, ok := f.textBetween("name", 2, 32); ok {
		so.Name = name
	}
	if v, ok := f.fields["volume"].(json.Number); ok {
		x, err := strconv.ParseFloat(v.String(), 64)
		if err != nil || x < 0 || x > 1 {
			f.complain("volume", "NUMBER_TYPE_MAX", "float value should be between 0 and 1.")
		}
		so.Volume = x
	}
	setText(f, "emoji_name", 32, &so.EmojiName)
	if f.has("emoji_id") {
		so.EmojiID = nil
		if id, ok := f.id("emoji_id"); ok {
			so.EmojiID = ptr(snowflake.EmojiID(id))
		}
	}
}

func (s *Sim) createSound(c *call) (any, error) {
	g, f, err := c.guildForm(permCreateExpressions)
	if err != nil {
		return nil, err
	}
	so := &sound{Volume: 1, GuildID: &g.ID, Available: true, User: s.bot}
	if !f.sent("name") {
		f.required("name")
	}
	kind, data, found := strings.Cut(f.needText("sound", 1, maxImage), ";base64,")
	if _, err := base64.StdEncoding.DecodeString(data); f.sent("sound") && (!found || err != nil || !strings.HasPrefix(kind, "data:audio/")) {
		f.complain("sound", "SOUNDBOARD_SOUND_INVALID", "Invalid sound data")
	}
	so.change(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(g.sounds) >= maxSounds {
		return nil, errMaxSounds
	}
	so.ID = thingID(s.ids.next())
	put(&g.sounds, so.ID, so)
	s.dispatch(g, "GUILD_SOUNDBOARD_SOUND_CREATE", so)
	c.status = 201
	return so, nil
}

func (s *Sim) editSound(c *call) (any, error) {
	g, so, err := c.pathSound(permManageExpressions)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *so
	after.change(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	*so = after
	s.dispatch(g, "GUILD_SOUNDBOARD_SOUND_UPDATE", so)
	return so, nil
}

func (s *Sim) deleteSound(c *call) (any, error) {
	g, so, err := c.pathSound(permManageExpressions)
	if err != nil {
		return nil, err
	}
	delete(g.sounds, so.ID)
	s.dispatch(g, "GUILD_SOUNDBOARD_SOUND_DELETE", map[string]any{"guild_id": g.ID, "sound_id": so.ID})
	return nil, nil
}

// playSound plays a sound in the channel that the bot is in.
func (s *Sim) playSound(c *call) (any, error) {
	ch, err := c.pathChannel(permSpeak | permUseSoundboard)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	id, ok := f.id("sound_id")
	if !ok && !f.sent("sound_id") {
		f.required("sound_id")
	}
	source, _ := f.id("source_guild_id")
	if err := f.err(); err != nil {
		return nil, err
	}
	played := defaultSound(thingID(id))
	if g := s.guilds[snowflake.GuildID(source)]; g != nil && g.sounds[thingID(id)] != nil {
		played = g.sounds[thingID(id)]
	}
	if played == nil {
		return nil, errUnknownSound
	}
	if v := ch.guild.voice[s.bot.ID]; v == nil || v.ChannelID == nil || *v.ChannelID != ch.ID {
		return nil, errNotInVoice
	}
	s.dispatchIn(ch, "VOICE_CHANNEL_EFFECT_SEND", map[string]any{
		"channel_id": ch.ID, "guild_id": ch.GuildID, "user_id": s.bot.ID, "sound_id": played.ID, "sound_volume": played.Volume,
	})
	return nil, nil
}

func defaultSound(id thingID) *sound {
	for _, so := range defaultSounds {
		if so.ID == id {
			return so
		}
	}
	return nil
}
