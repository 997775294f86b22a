// Package auth says who a caller is and what they may do: API tokens, of which
// only a hash is stored, and the check that a caller administers a guild.
package auth

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The ways to prove an identity.
const (
	TypeToken   = "token"
	TypeSession = "session"
)

// Identity is a caller.
type Identity struct {
	UserID   string
	Username string
	Type     string // TypeToken or TypeSession.
	// Guilds are those that the caller may act for, nil for all that the user
	// administers.
	Guilds   []snowflake.GuildID
	ReadOnly bool
	TokenID  string // Of a TypeToken.
}

// MayWrite refuses what changes something to a read-only token.
func (i Identity) MayWrite() error {
	if i.ReadOnly {
		return fault.New(fault.Forbidden, "this API token may only read; use one that may write")
	}
	return nil
}

// mayUse refuses guilds that the identity is not for.
func (i Identity) mayUse(guild snowflake.GuildID) error {
	if i.Guilds != nil && !slices.Contains(i.Guilds, guild) {
		return fault.New(fault.Forbidden, "this API token is not for guild %s", guild)
	}
	return nil
}

// Authorizer decides whether a caller administers a guild.
type Authorizer interface {
	// GuildAdmin is nil when they do, else a fault.Forbidden, or another fault
	// when that cannot be found out.
	GuildAdmin(ctx context.Context, who Identity, guild snowflake.GuildID) error
	// Operator is nil when the caller runs the whole bot, else a
	// fault.Forbidden.
	Operator(ctx context.Context, who Identity) error
}

// SingleOperator is the Authorizer where everyone with a token is the operator:
// a token may act for every guild that the bot is in.
type SingleOperator struct {
	// InGuild reports whether the bot is in the guild.
	InGuild func(guild snowflake.GuildID) bool
}

// GuildAdmin implements Authorizer.
func (s SingleOperator) GuildAdmin(_ context.Context, who Identity, guild snowflake.GuildID) error {
	if who.Type != TypeToken {
		return fault.New(fault.Forbidden, "an API token is required")
	}
	if err := who.mayUse(guild); err != nil {
		return err
	}
	if !s.InGuild(guild) {
		return fault.New(fault.Forbidden, "Bot not in guild")
	}
	return nil
}

// Operator implements Authorizer: a token that is not for certain guilds only is
// the operator's.
func (s SingleOperator) Operator(_ context.Context, who Identity) error {
	if who.Type != TypeToken || who.Guilds != nil {
		return fault.New(fault.Forbidden, "this is for the operator: an API token is required that is not limited to certain guilds")
	}
	return nil
}

// Token is an API token as it is stored.
type Token struct {
	ID       string
	UserID   string
	Username string
	Label    string
	// Hash is the SHA-256 of the whole token.
	Hash       [32]byte
	CreatedAt  time.Time
	LastUsedAt time.Time // Zero before the first use; exact to a minute.
	ExpiresAt  time.Time // Zero for never.
	Guilds     []snowflake.GuildID
	ReadOnly   bool
}

// timeFormat writes UTC as "+00:00", like the API always did.
const timeFormat = "2006-01-02T15:04:05.999999-07:00"

// MarshalJSON gives what the API shows; the hash is not in it.
func (t Token) MarshalJSON() ([]byte, error) {
	stamp := func(at time.Time) *string {
		if at.IsZero() {
			return nil
		}
		s := at.UTC().Format(timeFormat)
		return &s
	}
	var label *string
	if t.Label != "" {
		label = &t.Label
	}
	return json.Marshal(struct {
		ID         string              `json:"token_id"`
		Label      *string             `json:"label"`
		CreatedAt  *string             `json:"created_at"`
		LastUsedAt *string             `json:"last_used_at"`
		ExpiresAt  *string             `json:"expires_at,omitempty"`
		Guilds     []snowflake.GuildID `json:"guild_ids,omitempty"`
		ReadOnly   bool                `json:"read_only,omitempty"`
	}{t.ID, label, stamp(t.CreatedAt), stamp(t.LastUsedAt), stamp(t.ExpiresAt), t.Guilds, t.ReadOnly})
}

// TokenStore keeps tokens. Times are kept to the microsecond, in UTC. Its
// methods may be called at once from many goroutines.
type TokenStore interface {
	// PutToken adds a token; it is on disk when PutToken returns. An id that
	// exists is a fault.Conflict.
	PutToken(ctx context.Context, t Token) error
	// Token gives the token with the id, or a fault.NotFound.
	Token(ctx context.Context, id string) (Token, error)
	// Tokens gives a user's tokens, the newest first.
	Tokens(ctx context.Context, userID string) ([]Token, error)
	// DeleteToken removes a user's token for good before it returns. One that is
	// not there, or is another user's, is a fault.NotFound.
	DeleteToken(ctx context.Context, userID, id string) error
	// TouchToken records a use. It does nothing for a token that is not there
	// or was used later.
	TouchToken(ctx context.Context, id string, at time.Time) error
}
