package discordsim

import (
	"time"
)

// maxPins is how many messages of a channel can be pinned.
const maxPins = 250

func (c *channel) pins() []*message {
	out := []*message{}
	for i := len(c.messages.list) - 1; i >= 0; i-- {
		if m := c.messages.list[i]; m.Pinned {
			out = append(out, m)
		}
	}
	return out
}

func (s *Sim) listPins(c *call) (any, error) {
	ch, err := c.pathChannel(permReadHistory)
	if err != nil {
		return nil, err
	}
	return ch.pins(), nil
}

// pagePins is the newer list, with the time of each pin.
func (s *Sim) pagePins(c *call) (any, error) {
	ch, err := c.pathChannel(permReadHistory)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(50, 50)
	if err != nil {
		return nil, err
	}
	before := time.Time{}
	if text := c.query.Get("before"); text != "" {
		if before, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return nil, invalidForm("DATE_TIME_TYPE_PARSE", "Could not parse "+clip(text)+". Should be ISO8601.", "before")
		}
	}
	items := []any{}
	more := false
	for _, m := range ch.pins() {
		if !before.IsZero() && !m.ID.Time().Before(before) {
			continue
		}
		if len(items) == limit {
			more = true
			break
		}
		items = append(items, map[string]any{"pinned_at": m.Timestamp, "message": m})
	}
	return map[string]any{"items": items, "has_more": more}, nil
}

func (s *Sim) pinMessage(c *call) (any, error)   { return s.setPin(c, true) }
func (s *Sim) unpinMessage(c *call) (any, error) { return s.setPin(c, false) }

func (s *Sim) setPin(c *call, pinned bool) (any, error) {
	ch, m, err := c.pathMessage(0)
	if err != nil {
		return nil, err
	}
	// Both permissions are taken: Discord is moving from the one to the other.
	if s.botNeedsIn(ch, permManageMessages) != nil && s.botNeedsIn(ch, permPinMessages) != nil {
		return nil, errMissingPermissions
	}
	if m.isSystem() {
		return nil, errSystemMessage
	}
	if m.Pinned == pinned {
		return nil, nil
	}
	if pinned && len(ch.pins()) >= maxPins {
		return nil, errMaxPins
	}
	m.Pinned = pinned
	if pinned {
		ch.LastPinTimestamp = ptr(timestamp(s.now()))
	}
	s.tell("MESSAGE_UPDATE", m)
	s.dispatchIn(ch, "CHANNEL_PINS_UPDATE", map[string]any{"guild_id": ch.GuildID, "channel_id": ch.ID, "last_pin_timestamp": ch.LastPinTimestamp})
	if pinned {
		notice := s.newMessage(ch, s.bot)
		notice.Type = messagePinned
		notice.Reference = &reference{MessageID: m.ID, ChannelID: ch.ID, GuildID: ch.GuildID}
		s.post(notice)
	}
	return nil, nil
}
