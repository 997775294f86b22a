package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Caller sends one request to Discord as the bot.
type Caller interface {
	Do(ctx context.Context, r discord.Request) (json.RawMessage, error)
}

// State is what the gateway knows.
type State interface {
	Has(guild snowflake.GuildID) bool
	Guilds() []snowflake.GuildID
}

// Others are the processes that have other guilds of the same bot.
type Others interface {
	// Present gives those of the guilds that the bot is in, whoever has them.
	Present(ctx context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error)
	// GuildIDs lists all the bot's guilds, or more than most of them.
	GuildIDs(ctx context.Context, most int) ([]snowflake.GuildID, error)
}

// Bot is what the bot can see; it implements auth.Bot.
type Bot struct {
	REST  Caller
	State State
	// Others, if not nil, knows of more guilds than State.
	Others Others
}

var _ auth.Bot = (*Bot)(nil)

// Present implements auth.Bot.
func (b *Bot) Present(ctx context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	if b.Others != nil {
		return b.Others.Present(ctx, among)
	}
	return slices.DeleteFunc(slices.Clone(among), func(g snowflake.GuildID) bool { return !b.State.Has(g) }), nil
}

// GuildIDs implements auth.Bot.
func (b *Bot) GuildIDs(ctx context.Context, most int) ([]snowflake.GuildID, error) {
	if b.Others != nil {
		return b.Others.GuildIDs(ctx, most)
	}
	return b.State.Guilds(), nil
}

// Guild implements auth.Bot.
func (b *Bot) Guild(ctx context.Context, guild snowflake.GuildID) (auth.Guild, error) {
	var doc struct {
		ID    snowflake.GuildID `json:"id"`
		Name  string            `json:"name"`
		Icon  *string           `json:"icon"`
		Owner snowflake.UserID  `json:"owner_id"`
		Roles []struct {
			ID          snowflake.RoleID `json:"id"`
			Permissions string           `json:"permissions"`
		} `json:"roles"`
	}
	if err := b.get(ctx, "/guilds/{guild.id}", "/guilds/"+guild.String(), &doc); err != nil {
		return auth.Guild{}, err
	}
	out := auth.Guild{ID: guild, Name: doc.Name, Icon: doc.Icon, Owner: doc.Owner, Roles: map[snowflake.RoleID]uint64{}}
	for _, r := range doc.Roles {
		p, err := strconv.ParseUint(r.Permissions, 10, 64)
		if err != nil {
			return auth.Guild{}, fault.Wrap(err, fault.Upstream, "Discord's answer about a guild was not understood; try again")
		}
		out.Roles[r.ID] = p
	}
	return out, nil
}

// MemberRoles implements auth.Bot.
func (b *Bot) MemberRoles(ctx context.Context, guild snowflake.GuildID, user snowflake.UserID) ([]snowflake.RoleID, error) {
	var doc struct {
		Roles []snowflake.RoleID `json:"roles"`
	}
	err := b.get(ctx, "/guilds/{guild.id}/members/{user.id}", "/guilds/"+guild.String()+"/members/"+user.String(), &doc)
	return doc.Roles, err
}

// User implements auth.Bot.
func (b *Bot) User(ctx context.Context, user snowflake.UserID) (auth.User, error) {
	var u auth.User
	err := b.get(ctx, "/users/{user.id}", "/users/"+user.String(), &u)
	return u, err
}

// get asks as the bot itself, not on behalf of a guild's script.
func (b *Bot) get(ctx context.Context, route, path string, into any) error {
	raw, err := b.REST.Do(ctx, discord.Request{Method: http.MethodGet, Route: route, Path: path})
	if err != nil {
		return explain(err)
	}
	return decode(raw, into)
}

// explain tells what is not there from what cannot be found out now.
func explain(err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	switch {
	case !ok:
		return unreachable(err)
	case f.Code == fault.DiscordRateLimited:
		return later(f.RetryAfter)
	case f.Code != fault.DiscordHTTP:
		return err
	}
	status, _ := f.Details["status"].(int)
	switch status {
	case http.StatusNotFound, http.StatusForbidden:
		return fault.Wrap(err, fault.NotFound, "Discord does not know it, or the bot may not see it")
	case http.StatusUnauthorized:
		return fault.Wrap(err, fault.Upstream, "Discord does not accept the bot's token; tell the operator")
	}
	return fault.Wrap(err, fault.Upstream, "Discord could not be asked; try again")
}
