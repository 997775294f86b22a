package discordsim

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
)

type identity struct {
	Token      string           `json:"token"`
	Properties *json.RawMessage `json:"properties"`
	Compress   bool             `json:"compress"`
	Shard      *[]uint64        `json:"shard"`
	Intents    *int             `json:"intents"`
}

// identify begins a session.
func (c *conn) identify(d json.RawMessage) error {
	var id identity
	if json.Unmarshal(d, &id) != nil || id.Properties == nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	if !c.sim.acceptsToken(id.Token) {
		return closeWith(closeAuthentication, "Authentication failed.")
	}
	shard := [2]uint64{0, 1}
	if id.Shard != nil {
		list := *id.Shard
		if len(list) != 2 || list[1] == 0 || list[0] >= list[1] {
			return closeWith(closeInvalidShard, "Invalid shard.")
		}
		shard = [2]uint64{list[0], list[1]}
	}
	if id.Intents == nil || *id.Intents < 0 || *id.Intents&^intentsKnown != 0 {
		return closeWith(closeInvalidIntents, "Invalid intent(s).")
	}
	if *id.Intents&c.sim.cfg.DeniedIntents != 0 {
		return closeWith(closeDeniedIntents, "Disallowed intent(s).")
	}
	return c.sim.begin(c, id, shard)
}

func (s *Sim) begin(c *conn, id identity, shard [2]uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.session != nil {
		return closeWith(closeAlready, "Already authenticated.")
	}
	if uint64(len(s.guildOrder)) > maxPerShard*shard[1] {
		return closeWith(closeShardingRequired, "Sharding required.")
	}
	if s.early(shard[0]) {
		c.send(control(opInvalidSession, false))
		return nil
	}
	if !s.countStart() {
		return closeWith(closeAuthentication, "Authentication failed.")
	}
	ss := &session{
		id: randomHex(16), intents: *id.Intents, shard: shard, log: &s.dispatches,
		replay: replayBuffer{limit: s.cfg.ReplayEvents},
	}
	s.enter(c, ss, false)
	c.out.each.Store(id.Compress)
	s.sessions[ss.id] = ss
	ss.push(newEvent("READY", mustEncode(s.ready(ss, id.Shard))))
	if ss.intents&intentGuilds == 0 {
		return nil
	}
	for _, g := range s.guildOrder {
		if ss.hasGuild(g.ID) && !g.unavailable {
			ss.push(s.observed("GUILD_CREATE", mustEncode(s.guildCreate(g, ss.intents))))
		}
	}
	return nil
}

func (s *Sim) ready(ss *session, shard *[]uint64) map[string]any {
	guilds := []any{}
	for _, g := range s.guildOrder {
		if ss.hasGuild(g.ID) {
			guilds = append(guilds, map[string]any{"id": g.ID, "unavailable": true})
		}
	}
	ready := map[string]any{
		"v": 10, "user_settings": map[string]any{}, "session_type": "normal",
		"user": s.self(), "guilds": guilds, "session_id": ss.id, "resume_gateway_url": s.gatewayURL(),
		"application": s.application, "private_channels": []any{}, "relationships": []any{},
		"presences": []any{}, "guild_join_requests": []any{}, "geo_ordered_rtc_regions": []any{},
		"auth": map[string]any{}, "_trace": []string{"discordsim"},
	}
	if shard != nil {
		ready["shard"] = *shard
	}
	return ready
}

// self is the bot's own user, with what only it sees.
func (s *Sim) self() any { return ownUser(s.bot) }

// ownUser is a user as it sees itself.
func ownUser(u *user) any {
	return struct {
		*user
		Verified   bool    `json:"verified"`
		MFAEnabled bool    `json:"mfa_enabled"`
		Email      *string `json:"email"`
		Locale     string  `json:"locale"`
	}{user: u, Verified: true, MFAEnabled: true, Locale: "en-US"}
}

// guildCreate is the full guild as a session with these intents gets it.
func (s *Sim) guildCreate(g *guild, intents int) map[string]any {
	d := g.document()
	members := []*member{g.members[s.bot.ID]}
	presences := []any{}
	if intents&intentPresences != 0 {
		members = g.sortedMembers()
		for _, m := range members {
			presences = append(presences, map[string]any{
				"user": map[string]any{"id": m.User.ID}, "status": "online", "activities": []any{},
				"client_status": map[string]any{"desktop": "online"},
			})
		}
	}
	threads := []*channel{}
	for _, t := range g.sortedChannels(true) {
		if !t.Metadata.Archived && s.botNeedsIn(t, permViewChannel) == nil {
			threads = append(threads, t)
		}
	}
	for k, v := range map[string]any{
		"joined_at": timestamp(g.Joined), "large": false, "unavailable": false, "member_count": len(g.members),
		"members": members, "presences": presences, "channels": g.sortedChannels(false), "threads": threads,
		"voice_states": g.voiceStates(), "stage_instances": values(g.stages, stageKey), "guild_scheduled_events": values(g.events, eventKey),
		"soundboard_sounds": values(g.sounds, soundKey),
		"lazy":              true,
	} {
		d[k] = v
	}
	return d
}

// resume goes on with a session after another connection.
func (c *conn) resume(d json.RawMessage) error {
	var r struct {
		Token     string `json:"token"`
		SessionID string `json:"session_id"`
		Seq       *int64 `json:"seq"`
	}
	if json.Unmarshal(d, &r) != nil || r.Seq == nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	if !c.sim.acceptsToken(r.Token) {
		return closeWith(closeAuthentication, "Authentication failed.")
	}
	s := c.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.session != nil {
		return closeWith(closeAlready, "Already authenticated.")
	}
	s.sweepSessions()
	ss := s.sessions[r.SessionID]
	if ss == nil {
		c.send(control(opInvalidSession, false))
		return nil
	}
	if *r.Seq > ss.seq || *r.Seq < 0 {
		return closeWith(closeInvalidSeq, "Invalid seq.")
	}
	missed, kept := ss.replay.since(ss.seq - *r.Seq)
	if !kept {
		delete(s.sessions, ss.id)
		c.send(control(opInvalidSession, false))
		return nil
	}
	if ss.conn != nil {
		ss.conn.close(4000, "Resumed elsewhere.")
		s.leave(ss.conn)
	}
	s.enter(c, ss, true)
	for i, e := range missed {
		seq := *r.Seq + int64(i) + 1
		c.enqueue(frame{event: e, seq: seq})
		s.dispatches.add(dispatched{seq: seq, ss: ss, event: e, conn: c.number, again: true})
	}
	ss.push(newEvent("RESUMED", []byte(`{"_trace":["discordsim"]}`)))
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // It never fails.
	return hex.EncodeToString(b)
}
