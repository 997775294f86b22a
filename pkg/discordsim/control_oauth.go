package discordsim

import "time"

// controlGrants lists who has allowed the application to know them.
func (s *Sim) controlGrants(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []map[string]any{}
	for _, g := range s.oauth.grants {
		out = append(out, map[string]any{
			"user_id": g.user.String(), "username": s.users[g.user].Username, "scopes": g.scopes, "expires": timestamp(g.end), "expired": !s.now().Before(g.end),
		})
	}
	return map[string]any{"access_token_secs": int(s.oauth.life.Seconds()), "grants": out}, nil
}

// controlOAuth lets something happen to the grants.
func (s *Sim) controlOAuth(c *controlCall) (any, error) {
	var req struct {
		Action string `json:"action"`
		Author string `json:"author"`
		Secs   int    `json:"access_token_secs"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	switch req.Action {
	case "expire":
		s.ExpireAccessTokens()
	case "life":
		if req.Secs < 1 || req.Secs > 365*24*3600 {
			return nil, wrong("access_token_secs must be from 1 to 31536000")
		}
		s.SetAccessTokenLife(time.Duration(req.Secs) * time.Second)
	case "deauthorize":
		s.mu.Lock()
		defer s.mu.Unlock()
		u := s.userNamed(req.Author)
		if u == nil {
			return nil, wrong("author %q is no user; GET /sim lists the users", clip(req.Author))
		}
		s.disown(u.ID)
	default:
		return nil, wrong("action must be expire, life or deauthorize")
	}
	return nil, nil
}
