package discordsim

import (
	"context"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxRequestWaitMS bounds the wait for a request.
const maxRequestWaitMS = 60_000

// controlRequests lists the REST requests after a number, oldest first; with
// wait_ms it waits for the first one.
func (s *Sim) controlRequests(c *controlCall) (any, error) {
	after, err := c.count("after", 0, 1<<53)
	if err != nil {
		return nil, err
	}
	limit, err := c.count("limit", maxRequests, maxRequests)
	if err != nil {
		return nil, err
	}
	wait, err := c.count("wait_ms", 0, maxRequestWaitMS)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		ctx, cancel := context.WithTimeout(c.req.Context(), time.Duration(wait)*time.Millisecond)
		defer cancel()
		// Having waited in vain is an empty list, not an error.
		_, _ = s.WaitRequest(ctx, int64(after), func(Request) bool { return true })
	}
	list := s.Requests(int64(after))
	if len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

func (s *Sim) controlFaults(*controlCall) (any, error) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := make([]RequestFault, 0, len(s.faults.list))
	for _, f := range s.faults.list {
		out = append(out, *f)
	}
	return out, nil
}

func (s *Sim) controlFail(c *controlCall) (any, error) {
	var f RequestFault
	if err := c.decode(&f); err != nil {
		return nil, err
	}
	if err := s.FailRequests(f); err != nil {
		return nil, wrong("%s", err)
	}
	return nil, nil
}

func (s *Sim) controlClearFaults(*controlCall) (any, error) {
	s.ClearFaults()
	return nil, nil
}

// controlSessions lists the gateway sessions.
func (s *Sim) controlSessions(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, ss := range s.sessions {
		list = append(list, map[string]any{
			"session_id": ss.id, "shard": ss.shard, "intents": ss.intents, "seq": ss.seq, "connected": ss.conn != nil,
		})
	}
	sortBy(list, func(d map[string]any) string { id, _ := d["session_id"].(string); return id })
	return map[string]any{"sessions": list, "connections": len(s.conns), "identifies": s.pace.total, "refused": s.pace.refused, "token_reset": s.tokenReset.Load()}, nil
}

// controlGateway lets something happen to the gateway connections.
func (s *Sim) controlGateway(c *controlCall) (any, error) {
	var req struct {
		Action    string  `json:"action"`
		Code      int     `json:"code"`
		Resumable bool    `json:"resumable"`
		Shard     *uint64 `json:"shard"`
		Forget    bool    `json:"forget"`
		Remaining *int    `json:"remaining"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if req.Action == "starts" || req.Remaining != nil {
		return s.controlStarts(req.Action, req.Remaining)
	}
	n, err := s.FailGateway(GatewayFault{Kind: req.Action, Code: req.Code, Resumable: req.Resumable, Shard: req.Shard, Forget: req.Forget})
	if err != nil {
		return nil, wrong("%s", err)
	}
	return map[string]any{"connections": n}, nil
}

// controlStarts says how many sessions may be begun today.
func (s *Sim) controlStarts(action string, remaining *int) (any, error) {
	if action != "starts" || remaining == nil || *remaining < 0 || *remaining > s.cfg.SessionStarts {
		return nil, wrong("the action starts needs remaining, from 0 to %d, which goes with no other", s.cfg.SessionStarts)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveStarts(*remaining)
	return map[string]any{"remaining": *remaining}, nil
}

// Arrive ends an outage of the guild.
func (s *Sim) Arrive(id snowflake.GuildID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[id]
	if g == nil {
		return errUnknownGuild
	}
	s.arriveLocked(g)
	return nil
}

func (s *Sim) arriveLocked(g *guild) {
	if g.unavailable {
		g.unavailable = false
		s.announceGuild(g)
	}
}

func (s *Sim) departLocked(g *guild, outage bool) {
	if outage {
		if !g.unavailable {
			g.unavailable = true
			s.dispatch(g, "GUILD_DELETE", map[string]any{"id": g.ID, "unavailable": true})
		}
		return
	}
	s.dispatch(g, "GUILD_DELETE", map[string]any{"id": g.ID})
	s.forgetGuild(g)
}
