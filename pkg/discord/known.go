package discord

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// shardUp is called by the shard's reader each time its session is up. With
// unseen, an earlier process was told the guilds, and this one was not.
func (g *Gateway) shardUp(s *shard, unseen bool) {
	g.mu.Lock()
	s.wasUp = true
	s.unseen = s.unseen || unseen
	if !s.unseen {
		g.tell(s)
	}
	up := g.each(func(s *shard) bool { return s.wasUp })
	first := up && !g.readied
	g.readied = g.readied || up
	// One list of all guilds serves all shards that need it.
	seed := (up || g.cfg.Sharing != nil) && !g.each(func(s *shard) bool { return !s.unseen })
	g.mu.Unlock()
	if seed {
		select {
		case g.seed <- struct{}{}:
		default:
		}
	}
	if first {
		g.sink.Ready(g.User())
	}
	g.regrow()
	g.changed()
}

// each reports whether ok holds for every shard that this process has or is to
// have. mu is held.
func (g *Gateway) each(ok func(s *shard) bool) bool {
	for _, s := range g.shards {
		if !ok(s) {
			return false
		}
	}
	return g.cfg.Sharing != nil || len(g.shards) == g.layout
}

// tell notes that the shard's guilds are known. mu is held.
func (g *Gateway) tell(s *shard) {
	s.unseen, s.told = false, true
	g.state.tell(s.id)
	if g.each(func(s *shard) bool { return s.told }) {
		g.state.complete()
	}
}

// seedState fills the list of guilds by REST after a session was resumed that
// an earlier process began.
func (g *Gateway) seedState(ctx context.Context) error {
	for {
		select {
		case <-g.seed:
		case <-ctx.Done():
			return nil
		}
		for pause := g.cfg.RetryMin; ; pause = min(2*pause, g.cfg.RetryMax) {
			// Those that come later need another list: guilds may come before them.
			var unseen []*shard
			for _, s := range g.own() {
				g.mu.Lock()
				if s.unseen && s.wasUp {
					unseen = append(unseen, s)
				}
				g.mu.Unlock()
			}
			if len(unseen) == 0 {
				break
			}
			err := g.listGuilds(ctx, unseen)
			if err == nil {
				g.mu.Lock()
				for _, s := range unseen {
					if g.shards[s.id] == s {
						g.tell(s)
					}
				}
				g.mu.Unlock()
				g.changed()
				break
			}
			if ctx.Err() == nil {
				g.cfg.Log.Warn("list of guilds is not read yet", zap.Error(err), zap.Duration("pause", pause))
			}
			if !clock.Sleep(ctx, clock.Real, pause) {
				return nil
			}
		}
	}
}

// ShardOf is the number of the guild's shard.
func ShardOf(guild snowflake.GuildID, shards int) int {
	return int(uint64(guild) >> 22 % uint64(shards)) //nolint:gosec // Below shards.
}

// listGuilds makes the guilds of the shards known.
func (g *Gateway) listGuilds(ctx context.Context, of []*shard) error {
	const page = 200
	wanted := map[int]bool{}
	for _, s := range of {
		wanted[s.id] = true
	}
	n := g.Layout()
	after := snowflake.GuildID(0)
	for {
		query := url.Values{"limit": {strconv.Itoa(page)}}
		if !after.IsZero() {
			query.Set("after", after.String())
		}
		doc, err := g.cfg.REST.Do(ctx, Request{Method: http.MethodGet, Route: "/users/@me/guilds", Path: "/users/@me/guilds", Query: query})
		if err != nil {
			return fmt.Errorf("list the bot's guilds: %w", err)
		}
		ids := readGuilds(doc)
		g.state.seed(ids, func(id snowflake.GuildID) (int, bool) { s := ShardOf(id, n); return s, wanted[s] })
		last := after
		jsonscan.Elements(doc, func(value []byte) bool {
			after = max(after, snowflake.GuildID(jsonscan.ID(jsonscan.Get(value, "id"))))
			return true
		})
		if len(ids) < page || after == last {
			return nil
		}
	}
}

// Complete reports whether all guilds of the shard are known.
func (s *State) Complete(shard int) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.shards[shard]
}

// open keeps the shard's guilds from now on.
func (s *State) open(shard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shards[shard] = false
}

// tell notes that all guilds of the shard are known.
func (s *State) tell(shard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ours := s.shards[shard]; ours {
		s.shards[shard] = true
	}
}

// release forgets the guilds of a shard that goes. The bot is in them all the same.
func (s *State) release(shard, of int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shards, shard)
	for id, g := range s.guilds {
		if g.shard != shard {
			continue
		}
		for c := range g.channels {
			delete(s.channels, c)
		}
		delete(s.guilds, id)
	}
	for id := range s.gone {
		if ShardOf(id, of) == shard {
			delete(s.gone, id)
		}
	}
}
