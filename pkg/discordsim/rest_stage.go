package discordsim

import "github.com/flora-runtime/flora-runtime/pkg/snowflake"

// permStage is what makes a moderator of a stage.
const permStage = permManageChannels | permMuteMembers | permMoveMembers

type stageInstance struct {
	ID           thingID             `json:"id"`
	GuildID      snowflake.GuildID   `json:"guild_id"`
	ChannelID    snowflake.ChannelID `json:"channel_id"`
	Topic        string              `json:"topic"`
	Privacy      int                 `json:"privacy_level"`
	Discoverable bool                `json:"discoverable_disabled"`
	EventID      *thingID            `json:"guild_scheduled_event_id"`
}

func stageKey(s *stageInstance) uint64 { return uint64(s.ID) }

func (s *Sim) stageRoutes() []route {
	const one = "/stage-instances/{channel}"
	return []route{
		{method: "POST", pattern: "/stage-instances", handle: s.createStage},
		{method: "GET", pattern: one, handle: s.getStage},
		{method: "PATCH", pattern: one, handle: s.editStage},
		{method: "DELETE", pattern: one, handle: s.deleteStage},
	}
}

func (c *call) pathStage(need permission) (*channel, *stageInstance, error) {
	ch, err := c.pathChannel(need)
	if err != nil {
		return nil, nil, err
	}
	st := ch.guild.stages[ch.ID]
	if st == nil {
		return nil, nil, errUnknownStage
	}
	return ch, st, nil
}

func (s *Sim) getStage(c *call) (any, error) {
	_, st, err := c.pathStage(0)
	return st, err
}

func (s *Sim) createStage(c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	id, ok := f.id("channel_id")
	if !ok && !f.sent("channel_id") {
		f.required("channel_id")
	}
	st := &stageInstance{Topic: f.needText("topic", 1, 120), Privacy: 2}
	if n, ok := f.choice("privacy_level", 1, 2); ok {
		st.Privacy = int(n)
	}
	loud, _ := f.flag("send_start_notification")
	event, hasEvent := f.id("guild_scheduled_event_id")
	if err := f.err(); err != nil {
		return nil, err
	}
	ch, err := s.channelByID(snowflake.ChannelID(id), permStage)
	if err != nil {
		return nil, err
	}
	c.guild = ch.guild
	switch {
	case ch.Type != channelStage:
		return nil, errChannelType
	case ch.guild.stages[ch.ID] != nil:
		return nil, errStageOpen
	case hasEvent && ch.guild.events[thingID(event)] == nil:
		return nil, errUnknownEvent
	case loud:
		if err := s.botNeedsIn(ch, permMentionEveryone); err != nil {
			return nil, err
		}
	}
	if hasEvent {
		st.EventID = ptr(thingID(event))
	}
	st.ID, st.GuildID, st.ChannelID = thingID(s.ids.next()), ch.GuildID, ch.ID
	put(&ch.guild.stages, ch.ID, st)
	s.dispatchIn(ch, "STAGE_INSTANCE_CREATE", st)
	return st, nil
}

func (s *Sim) editStage(c *call) (any, error) {
	ch, st, err := c.pathStage(permStage)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *st
	if topic, ok := f.textBetween("topic", 1, 120); ok {
		after.Topic = topic
	}
	if n, ok := f.choice("privacy_level", 1, 2); ok {
		after.Privacy = int(n)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	*st = after
	s.dispatchIn(ch, "STAGE_INSTANCE_UPDATE", st)
	return st, nil
}

func (s *Sim) deleteStage(c *call) (any, error) {
	ch, st, err := c.pathStage(permStage)
	if err != nil {
		return nil, err
	}
	delete(ch.guild.stages, ch.ID)
	s.dispatchIn(ch, "STAGE_INSTANCE_DELETE", st)
	return nil, nil
}
