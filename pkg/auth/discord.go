package auth

import (
	"context"
	"errors"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// User is a Discord user.
type User struct {
	ID         string  `json:"id"`
	Username   string  `json:"username"`
	GlobalName *string `json:"global_name"`
	Avatar     *string `json:"avatar"`
}

// Membership is a guild as one of its members has it.
type Membership struct {
	ID          snowflake.GuildID `json:"id"`
	Name        string            `json:"name"`
	Icon        *string           `json:"icon"`
	Permissions uint64            `json:"permissions,string"`
}

// The permissions that make an administrator.
const (
	administrator  uint64 = 1 << 3
	manageGuild    uint64 = 1 << 5
	allPermissions uint64 = 1<<53 - 1
)

// administers reports whether the permissions are enough to act for the guild.
func administers(permissions uint64) bool { return permissions&(administrator|manageGuild) != 0 }

// Grant is what Discord gives for a login.
type Grant struct {
	Access, Refresh string
	Scopes          []string
	ExpiresIn       time.Duration // Of Access.
}

// ErrGrantEnded is Discord's word that a code or a token is not good, or not
// any more.
var ErrGrantEnded = errors.New("the grant is not accepted by Discord")

// Provider is Discord as people log in with it. But for ErrGrantEnded its errors
// are faults: Upstream when Discord fails, Unavailable when it is to be asked
// later.
type Provider interface {
	// LoginURL is where a person allows the login; challenge is PKCE's.
	LoginURL(state, challenge string) string
	Exchange(ctx context.Context, code, verifier string) (Grant, error)
	Refresh(ctx context.Context, refresh string) (Grant, error)
	Revoke(ctx context.Context, token string) error
	User(ctx context.Context, access string) (User, error)
	Guilds(ctx context.Context, access string) ([]Membership, error)
}

// Guild is a guild as the bot sees it.
type Guild struct {
	ID    snowflake.GuildID           `json:"id"`
	Name  string                      `json:"name"`
	Icon  *string                     `json:"icon"`
	Owner snowflake.UserID            `json:"owner_id"`
	Roles map[snowflake.RoleID]uint64 `json:"roles"` // Their permissions.
}

// permissions are a member's with the roles.
func (g Guild) permissions(user snowflake.UserID, roles []snowflake.RoleID) uint64 {
	if user == g.Owner {
		return allPermissions
	}
	p := g.Roles[snowflake.RoleID(g.ID)] // @everyone
	for _, r := range roles {
		p |= g.Roles[r]
	}
	if p&administrator != 0 {
		return allPermissions
	}
	return p
}

// inGuild refuses guilds that the bot is not in.
func inGuild(ctx context.Context, b Bot, guild snowflake.GuildID) error {
	list, err := b.Present(ctx, []snowflake.GuildID{guild})
	if err == nil && len(list) == 0 {
		err = forbidden("Bot not in guild")
	}
	return err
}

// Bot is what the bot knows of guilds and people. Its errors are faults:
// NotFound, Upstream when Discord fails, Unavailable when it is to be asked
// later.
type Bot interface {
	// Present gives those of the guilds that the bot is in, in their order.
	Present(ctx context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error)
	// GuildIDs lists the guilds that the bot is in; with more than most of them it
	// need not list all, but more than most.
	GuildIDs(ctx context.Context, most int) ([]snowflake.GuildID, error)
	Guild(ctx context.Context, guild snowflake.GuildID) (Guild, error)
	// MemberRoles gives the roles of a member.
	MemberRoles(ctx context.Context, guild snowflake.GuildID, user snowflake.UserID) ([]snowflake.RoleID, error)
	User(ctx context.Context, user snowflake.UserID) (User, error)
}
