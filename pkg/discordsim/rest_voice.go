package discordsim

import (
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// voiceState is where somebody is in voice.
type voiceState struct {
	GuildID    snowflake.GuildID    `json:"guild_id"`
	ChannelID  *snowflake.ChannelID `json:"channel_id"`
	UserID     snowflake.UserID     `json:"user_id"`
	Member     *member              `json:"member,omitempty"`
	SessionID  string               `json:"session_id"`
	Deaf       bool                 `json:"deaf"`
	Mute       bool                 `json:"mute"`
	SelfDeaf   bool                 `json:"self_deaf"`
	SelfMute   bool                 `json:"self_mute"`
	SelfStream bool                 `json:"self_stream"`
	SelfVideo  bool                 `json:"self_video"`
	Suppress   bool                 `json:"suppress"`
	RequestAt  *string              `json:"request_to_speak_timestamp"`
}

// voiceStates are those of GUILD_CREATE.
func (g *guild) voiceStates() []*voiceState {
	return values(g.voice, func(v *voiceState) uint64 { return uint64(v.UserID) })
}

func (s *Sim) voiceRoutes() []route {
	const list = "/guilds/{guild}/voice-states"
	return []route{
		{method: "GET", pattern: list + "/@me", handle: s.getVoice},
		{method: "PATCH", pattern: list + "/@me", handle: s.editOwnVoice},
		{method: "GET", pattern: list + "/{user}", handle: s.getVoice},
		{method: "PATCH", pattern: list + "/{user}", handle: s.editVoice},
		{method: "PUT", pattern: "/channels/{channel}/voice-status", handle: s.setVoiceStatus},
	}
}

// Connect lets a member join a voice or stage channel; channel 0 lets it leave.
func (s *Sim) Connect(guild snowflake.GuildID, who string, channel snowflake.ChannelID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return errUnknownGuild
	}
	m, err := s.speaker(g, who)
	if err != nil {
		return err
	}
	ch := g.channels[channel]
	if channel != 0 && (ch == nil || ch.Type != channelVoice && ch.Type != channelStage) {
		return errUnknownChannel
	}
	v := g.voice[m.User.ID]
	if v == nil {
		v = &voiceState{GuildID: g.ID, UserID: m.User.ID, SessionID: randomHex(16), Member: m}
	}
	s.moveVoice(g, v, ch)
	return nil
}

// moveVoice puts somebody into a channel, or out of voice when ch is nil.
func (s *Sim) moveVoice(g *guild, v *voiceState, ch *channel) {
	if ch == nil {
		v.ChannelID = nil
		delete(g.voice, v.UserID)
	} else {
		v.ChannelID, v.Suppress = &ch.ID, ch.Type == channelStage
		put(&g.voice, v.UserID, v)
	}
	s.dispatch(g, "VOICE_STATE_UPDATE", v)
}

// pathVoice finds the voice state of the path, the bot's when it names nobody.
func (c *call) pathVoice() (*guild, *voiceState, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, nil, err
	}
	id := c.sim.bot.ID
	if c.param("user") != "" {
		if id, err = pathID[snowflake.UserID](c, "user"); err != nil {
			return nil, nil, err
		}
	}
	v := g.voice[id]
	if v == nil {
		return nil, nil, errUnknownVoice
	}
	return g, v, nil
}

func (s *Sim) getVoice(c *call) (any, error) {
	_, v, err := c.pathVoice()
	return v, err
}

func (s *Sim) editOwnVoice(c *call) (any, error) { return s.changeVoice(c, true) }
func (s *Sim) editVoice(c *call) (any, error)    { return s.changeVoice(c, false) }

func (s *Sim) changeVoice(c *call, own bool) (any, error) {
	g, v, err := c.pathVoice()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if id, ok := f.id("channel_id"); ok && snowflake.ChannelID(id) != *v.ChannelID {
		f.complain("channel_id", "CHANNEL_INVALID", "It must be the channel that the user is in.")
	}
	suppress, changes := f.flag("suppress")
	var asks *string
	if own {
		setText(f, "request_to_speak_timestamp", 64, &asks)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	ch := g.channels[*v.ChannelID]
	if ch.Type != channelStage {
		return nil, errChannelType
	}
	if changes && (!own || !suppress) {
		if err := s.botNeedsIn(ch, permMuteMembers); err != nil {
			return nil, err
		}
	}
	if changes {
		v.Suppress = suppress
	}
	if f.has("request_to_speak_timestamp") && own {
		if err := s.botNeedsIn(ch, permRequestToSpeak); asks != nil && err != nil {
			return nil, err
		}
		v.RequestAt = asks
	}
	s.dispatch(g, "VOICE_STATE_UPDATE", v)
	return nil, nil
}

// changeMemberVoice moves, mutes and deafens a member that is in voice.
func (s *Sim) changeMemberVoice(g *guild, m *member, f form) error {
	if !f.has("mute") && !f.has("deaf") && !f.has("channel_id") {
		return nil
	}
	v := g.voice[m.User.ID]
	if v == nil {
		return errNotInVoice
	}
	after := *v
	for key, change := range map[string]struct {
		need permission
		into *bool
	}{"mute": {permMuteMembers, &after.Mute}, "deaf": {permDeafenMembers, &after.Deaf}} {
		on, ok := f.flag(key)
		if !ok {
			continue
		}
		if err := s.botNeeds(g, change.need); err != nil {
			return err
		}
		*change.into = on
	}
	var to *channel
	if f.has("channel_id") {
		if err := s.botNeeds(g, permMoveMembers); err != nil {
			return err
		}
		if id, ok := f.id("channel_id"); ok {
			if to = g.channels[snowflake.ChannelID(id)]; to == nil || to.Type != channelVoice && to.Type != channelStage {
				return errUnknownChannel
			}
		}
	} else {
		to = g.channels[*v.ChannelID]
	}
	if err := f.err(); err != nil {
		return err
	}
	*v = after
	m.Mute, m.Deaf = v.Mute, v.Deaf
	s.moveVoice(g, v, to)
	return nil
}

func (s *Sim) setVoiceStatus(c *call) (any, error) {
	ch, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	var status *string
	setText(f, "status", 500, &status)
	if err := f.err(); err != nil {
		return nil, err
	}
	if ch.Type != channelVoice {
		return nil, errChannelType
	}
	need := permSetVoiceStatus
	if v := ch.guild.voice[s.bot.ID]; v == nil || *v.ChannelID != ch.ID {
		need |= permManageChannels
	}
	if err := s.botNeedsIn(ch, need); err != nil {
		return nil, err
	}
	ch.voiceStatus = emptyToNil(status)
	s.dispatchIn(ch, "VOICE_CHANNEL_STATUS_UPDATE", map[string]any{"id": ch.ID, "guild_id": ch.GuildID, "status": ch.voiceStatus})
	return nil, nil
}
