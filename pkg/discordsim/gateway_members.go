package discordsim

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// chunkSize is how many members one GUILD_MEMBERS_CHUNK carries.
const chunkSize = 1000

type membersRequest struct {
	GuildID   any     `json:"guild_id"`
	Query     *string `json:"query"`
	Limit     int     `json:"limit"`
	UserIDs   any     `json:"user_ids"`
	Presences bool    `json:"presences"`
	Nonce     *string `json:"nonce"`
}

// requestMembers answers op 8 with GUILD_MEMBERS_CHUNK events.
func (c *conn) requestMembers(d json.RawMessage) error {
	var req membersRequest
	if json.Unmarshal(d, &req) != nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	s := c.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.session == nil {
		return nil // A fault has just ended it.
	}
	for _, id := range anyIDs(req.GuildID) {
		g := s.guilds[snowflake.GuildID(id)]
		if g != nil && c.session.hasGuild(g.ID) {
			c.session.pushMembers(g, req)
		}
	}
	return nil
}

func (ss *session) pushMembers(g *guild, req membersRequest) {
	wanted, missing := selectMembers(g, req)
	chunks := slices.Collect(slices.Chunk(wanted, chunkSize))
	if len(chunks) == 0 {
		chunks = append(chunks, []*member{})
	}
	for i, part := range chunks {
		chunk := map[string]any{
			"guild_id": g.ID, "members": part, "chunk_index": i, "chunk_count": len(chunks), "not_found": missing,
		}
		if req.Presences {
			chunk["presences"] = []any{}
		}
		if req.Nonce != nil {
			chunk["nonce"] = *req.Nonce
		}
		ss.push(newEvent("GUILD_MEMBERS_CHUNK", mustEncode(chunk)))
	}
}

func selectMembers(g *guild, req membersRequest) (found []*member, missing []string) {
	missing = []string{}
	if req.UserIDs != nil {
		for _, id := range anyIDs(req.UserIDs) {
			if m := g.members[snowflake.UserID(id)]; m != nil {
				found = append(found, m)
			} else {
				missing = append(missing, snowflake.UserID(id).String())
			}
		}
		return found, missing
	}
	for _, m := range g.sortedMembers() {
		if req.Query == nil || matchesName(m, *req.Query) {
			found = append(found, m)
		}
	}
	if req.Limit > 0 && len(found) > req.Limit {
		found = found[:req.Limit]
	}
	return found, missing
}

func matchesName(m *member, prefix string) bool {
	prefix = strings.ToLower(prefix)
	return strings.HasPrefix(strings.ToLower(m.User.Username), prefix) ||
		m.Nick != nil && strings.HasPrefix(strings.ToLower(*m.Nick), prefix)
}

// anyIDs reads one id or a list of them; what is no id is left out.
func anyIDs(v any) []uint64 {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var ids []uint64
	for _, e := range list {
		if id, ok := asID(e); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// updateVoice answers op 4 with the bot's own voice state.
func (c *conn) updateVoice(d json.RawMessage) error {
	var req struct {
		GuildID   any  `json:"guild_id"`
		ChannelID any  `json:"channel_id"`
		SelfMute  bool `json:"self_mute"`
		SelfDeaf  bool `json:"self_deaf"`
	}
	if json.Unmarshal(d, &req) != nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	s := c.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := asID(req.GuildID)
	g := s.guilds[snowflake.GuildID(id)]
	if g == nil || c.session == nil {
		return nil
	}
	var where *snowflake.ChannelID
	if id, ok := asID(req.ChannelID); ok {
		where = ptr(snowflake.ChannelID(id))
		ch := g.channels[*where]
		if ch == nil || s.botNeedsIn(ch, permConnect) != nil {
			return nil
		}
	}
	s.dispatch(g, "VOICE_STATE_UPDATE", map[string]any{
		"guild_id": g.ID, "channel_id": where, "user_id": s.bot.ID, "member": g.members[s.bot.ID],
		"session_id": c.session.id, "deaf": false, "mute": false, "self_deaf": req.SelfDeaf, "self_mute": req.SelfMute,
		"self_video": false, "suppress": false, "request_to_speak_timestamp": nil,
	})
	return nil
}
