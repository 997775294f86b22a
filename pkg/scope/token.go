package scope

import (
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// tokenLife is how long Discord takes an interaction's token.
	tokenLife = 15 * time.Minute
	// maxTokens bounds the tokens that are remembered of one guild.
	maxTokens = 5000
)

// tokens are the interactions that guilds received.
type tokens struct {
	mu     sync.Mutex // Guards guilds.
	guilds map[snowflake.GuildID]*received
}

// received are one guild's tokens, in the order in which they came.
type received struct {
	until map[string]time.Time
	order []string
}

// Remember notes that the guild received an interaction.
func (s *Scope) Remember(guild snowflake.GuildID, _ snowflake.InteractionID, token string, at time.Time) {
	now := s.clock.Now()
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	r := s.tokens.guilds[guild]
	if r == nil {
		r = &received{until: map[string]time.Time{}}
		s.tokens.guilds[guild] = r
	}
	if _, again := r.until[token]; !again {
		r.order = append(r.order, token)
	}
	r.until[token] = at.Add(tokenLife)
	for len(r.order) > 0 && (len(r.order) > maxTokens || !now.Before(r.until[r.order[0]])) {
		delete(r.until, r.order[0])
		r.order[0] = ""
		r.order = r.order[1:]
	}
}

// Check refuses a token that the guild did not receive in the last 15 minutes.
func (s *Scope) Check(guild snowflake.GuildID, token string) error {
	now := s.clock.Now()
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	if r := s.tokens.guilds[guild]; r != nil && now.Before(r.until[token]) {
		return nil
	}
	return Forbidden()
}

func (t *tokens) forget(guild snowflake.GuildID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.guilds, guild)
}
