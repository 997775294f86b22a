// Package auth says who a caller is and what they may do: logins by Discord and
// their sessions, which the cache has sealed; API tokens, of which only a hash
// is stored; who administers a guild, and who is the operator.
package auth

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The ways to prove an identity.
const (
	TypeToken    = "token"
	TypeSession  = "session"
	TypeOperator = "operator" // By api.operator_secret.
)

// Identity is a caller.
type Identity struct {
	UserID   string
	Username string
	Type     string // TypeToken, TypeSession or TypeOperator.
	// Guilds are those that the caller may act for, nil for all that the user
	// administers.
	Guilds   []snowflake.GuildID
	ReadOnly bool
	TokenID  string // Of a TypeToken.
	// ExpiresAt is when a TypeToken ends, zero for never.
	ExpiresAt time.Time
	// Session is the one of a TypeSession.
	Session *Session
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
		return fault.New(fault.Forbidden, "Forbidden: this API token is not for guild %s", guild)
	}
	return nil
}

// Authorizer decides whether a caller administers a guild.
type Authorizer interface {
	// GuildAdmin is nil when they do, else a fault.Forbidden, or another fault
	// when that cannot be found out.
	GuildAdmin(ctx context.Context, who Identity, guild snowflake.GuildID) error
	// Guilds lists the guilds that the caller administers and the bot is in, by
	// id.
	Guilds(ctx context.Context, who Identity) ([]Membership, error)
	// Administered gives those among the guilds that Guilds would list.
	Administered(ctx context.Context, who Identity, among []snowflake.GuildID) ([]snowflake.GuildID, error)
}

// SingleOperator is the Authorizer where the operator's tokens are for every
// guild that the bot is in.
type SingleOperator struct {
	Bot Bot
	// UserID is whose tokens are the operator's; "" is everybody's.
	UserID string
	// Others decides about everybody else; nil refuses.
	Others Authorizer
}

var _ Authorizer = SingleOperator{}

// is reports whether the caller is the operator.
func (s SingleOperator) is(who Identity) bool {
	return who.Type == TypeToken && (s.UserID == "" || who.UserID == s.UserID)
}

// GuildAdmin implements Authorizer.
func (s SingleOperator) GuildAdmin(ctx context.Context, who Identity, guild snowflake.GuildID) error {
	if !s.is(who) {
		if s.Others == nil {
			return forbidden("an API token is required")
		}
		return s.Others.GuildAdmin(ctx, who, guild)
	}
	if err := who.mayUse(guild); err != nil {
		return err
	}
	return inGuild(ctx, s.Bot, guild)
}

// Guilds implements Authorizer.
func (s SingleOperator) Guilds(ctx context.Context, who Identity) ([]Membership, error) {
	if !s.is(who) {
		if s.Others == nil {
			return nil, forbidden("an API token is required")
		}
		return s.Others.Guilds(ctx, who)
	}
	out := []Membership{}
	ids, err := s.Bot.GuildIDs(ctx, math.MaxInt)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if who.mayUse(id) != nil {
			continue
		}
		g, err := s.Bot.Guild(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue // It was left just now.
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Membership{ID: id, Name: g.Name, Icon: g.Icon, Permissions: allPermissions})
	}
	return out, nil
}

// Administered implements Authorizer.
func (s SingleOperator) Administered(ctx context.Context, who Identity, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	if !s.is(who) && s.Others != nil {
		return s.Others.Administered(ctx, who, among)
	}
	return slices.DeleteFunc(slices.Clone(among), func(id snowflake.GuildID) bool { return s.GuildAdmin(ctx, who, id) != nil }), nil
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

// ShownToken is what callers see of a token.
type ShownToken struct {
	ID         string              `json:"token_id"`
	Label      *string             `json:"label"`
	CreatedAt  *string             `json:"created_at"`
	LastUsedAt *string             `json:"last_used_at"`
	ExpiresAt  *string             `json:"expires_at,omitempty"`
	Guilds     []snowflake.GuildID `json:"guild_ids,omitempty"`
	ReadOnly   bool                `json:"read_only,omitempty"`
}

// MarshalJSON gives what callers see of it.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.Shown()) }

// Shown leaves out the hash, and whose it is.
func (t Token) Shown() ShownToken {
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
	return ShownToken{t.ID, label, stamp(t.CreatedAt), stamp(t.LastUsedAt), stamp(t.ExpiresAt), t.Guilds, t.ReadOnly}
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
