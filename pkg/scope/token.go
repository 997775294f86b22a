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
	tokens map[string]interaction
	order  []string
}

type interaction struct {
	id    snowflake.InteractionID
	until time.Time
}

// Remember notes that the guild received an interaction.
func (s *Scope) Remember(guild snowflake.GuildID, id snowflake.InteractionID, token string, at time.Time) {
	now := s.clock.Now()
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	r := s.tokens.guilds[guild]
	if r == nil {
		r = &received{tokens: map[string]interaction{}}
		s.tokens.guilds[guild] = r
	}
	if _, again := r.tokens[token]; !again {
		r.order = append(r.order, token)
	}
	r.tokens[token] = interaction{id, at.Add(tokenLife)}
	for len(r.order) > 0 && (len(r.order) > maxTokens || !now.Before(r.tokens[r.order[0]].until)) {
		delete(r.tokens, r.order[0])
		r.order[0] = ""
		r.order = r.order[1:]
	}
}

// Check refuses a token that the guild did not receive in the last 15 minutes.
func (s *Scope) Check(guild snowflake.GuildID, token string) error {
	_, err := s.interaction(guild, token)
	return err
}

// CheckAnswer is Check for an answer that names the interaction, too: it must
// be the token's.
func (s *Scope) CheckAnswer(guild snowflake.GuildID, id snowflake.InteractionID, token string) error {
	i, err := s.interaction(guild, token)
	if err == nil && i.id != id {
		err = Forbidden()
	}
	return err
}

func (s *Scope) interaction(guild snowflake.GuildID, token string) (interaction, error) {
	now := s.clock.Now()
	if i, found := s.tokens.of(guild, token); found && now.Before(i.until) {
		return i, nil
	}
	if s.recallToken != nil && token != "" {
		id, at, found := s.recallToken(guild, token)
		if i := (interaction{id, at.Add(tokenLife)}); found && now.Before(i.until) {
			s.Remember(guild, id, token, at)
			return i, nil
		}
	}
	return interaction{}, Forbidden()
}

func (t *tokens) of(guild snowflake.GuildID, token string) (i interaction, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.guilds[guild]; r != nil {
		i, found = r.tokens[token]
	}
	return i, found
}

func (t *tokens) forget(guild snowflake.GuildID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.guilds, guild)
}
