package discordsim

import (
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) getGateway(*call) (any, error) {
	return map[string]any{"url": s.gatewayURL()}, nil
}

func (s *Sim) getGatewayBot(*call) (any, error) {
	shards := s.cfg.Shards
	if shards == 0 {
		shards = max(1, (len(s.guildOrder)+maxPerShard-1)/maxPerShard)
	}
	used, reset := s.startsUsed()
	return map[string]any{
		"url": s.gatewayURL(), "shards": shards,
		"session_start_limit": map[string]any{
			"total": s.cfg.SessionStarts, "remaining": max(0, s.cfg.SessionStarts-used),
			"reset_after": reset.Milliseconds(), "max_concurrency": s.concurrency(),
		},
	}, nil
}

func (s *Sim) getApplication(*call) (any, error) {
	return map[string]any{
		"id": s.application.ID, "name": s.bot.Username, "icon": nil, "description": "", "summary": "", "type": nil,
		"bot_public": true, "bot_require_code_grant": false,
		"verify_key": "0000000000000000000000000000000000000000000000000000000000000000",
		"flags":      s.application.Flags, "flags_new": strconv.Itoa(s.application.Flags), "hook": true, "is_monetized": false, "is_verified": false,
		"owner": s.person(0), "team": nil, "bot": s.bot, "redirect_uris": []string{},
		"interactions_endpoint_url": nil, "role_connections_verification_url": nil, "explicit_content_filter": 0,
		"tags": []string{}, "approximate_guild_count": len(s.guildOrder), "approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
		"integration_types_config": map[string]any{"0": map[string]any{}}, "storefront_available": false, "eligible_oauth2_scopes": []string{"bot", "applications.commands"},
	}, nil
}

func (s *Sim) getSelf(c *call) (any, error) {
	if c.grant != nil {
		return ownUser(s.users[c.grant.user]), nil
	}
	return s.self(), nil
}

func (s *Sim) editSelf(c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	name, ok := f.textBetween("username", 2, 32)
	if err := f.err(); err != nil {
		return nil, err
	}
	if ok {
		s.bot.Username = name
		s.dispatchAll("USER_UPDATE", s.self())
	}
	return s.self(), nil
}

func (s *Sim) getUser(c *call) (any, error) {
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	u := s.users[id]
	if u == nil {
		return nil, errUnknownUser
	}
	return u, nil
}

func (s *Sim) listOwnGuilds(c *call) (any, error) {
	limit, err := c.queryLimit(200, 200)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.GuildID](c, "after")
	if err != nil {
		return nil, err
	}
	before, err := queryID[snowflake.GuildID](c, "before")
	if err != nil {
		return nil, err
	}
	who := s.bot.ID
	if c.grant != nil {
		who = c.grant.user
	}
	out := []any{}
	for _, g := range s.guildOrder {
		m := g.members[who]
		if m == nil || g.ID <= after || before != 0 && g.ID >= before || len(out) == limit {
			continue
		}
		doc := map[string]any{
			"id": g.ID, "name": g.Name, "icon": g.Icon, "banner": nil, "owner": g.OwnerID == who,
			"permissions": g.basePermissions(m), "features": []string{},
		}
		if c.queryFlag("with_counts") {
			doc["approximate_member_count"], doc["approximate_presence_count"] = len(g.members), len(g.members)
		}
		out = append(out, doc)
	}
	return out, nil
}

func (s *Sim) leaveGuild(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	s.dispatch(g, "GUILD_DELETE", map[string]any{"id": g.ID})
	s.forgetGuild(g)
	return nil, nil
}

// dispatchAll sends an event that belongs to no guild to every session.
func (s *Sim) dispatchAll(name string, d any) {
	e := newEvent(name, mustEncode(d))
	for _, ss := range s.sessions {
		ss.push(e)
	}
}
