// Package member holds the ops on members, their roles and bans. Their routes
// start at the caller's own guild, so user and role ids need no proof: Discord
// looks for them in that guild only.
package member

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_kick_member", op.Guild, f.kick),
		op.Define("op_ban_member", op.Guild, f.ban),
		op.Define("op_unban_member", op.Guild, f.unban),
		op.Define("op_add_member_role", op.Guild, f.addRole),
		op.Define("op_remove_member_role", op.Guild, f.removeRole),
		op.Define("op_edit_member", op.Guild, f.edit),
		op.Define("op_edit_current_member", op.Guild, f.editCurrent),
		op.Define("op_fetch_member", op.Guild, f.fetch),
		op.Define("op_fetch_members", op.Guild, f.list),
	}
}

type family struct{ *outbound.Discord }

type memberArgs struct {
	Guild  *snowflake.GuildID `json:"guildId,omitempty"`
	User   snowflake.UserID   `json:"userId"`
	Reason string             `json:"reason,omitempty"`
}

func (f *family) kick(ctx context.Context, guild snowflake.GuildID, a memberArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "DELETE", t.Sub("/members/{user.id}", a.User.String()), outbound.Content{Reason: a.Reason})
}

// maxDelete is how far back Discord deletes a banned member's messages.
const maxDelete = 7 * 24 * 60 * 60

type banArgs struct {
	Guild  *snowflake.GuildID `json:"guildId,omitempty"`
	User   snowflake.UserID   `json:"userId"`
	Delete int64              `json:"deleteMessageSeconds,omitempty"`
	Reason string             `json:"reason,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *banArgs) Validate() error {
	if a.Delete < 0 || a.Delete > maxDelete {
		return op.Invalid("deleteMessageSeconds", "it is %d; give 0 to %d (7 days)", a.Delete, maxDelete)
	}
	return nil
}

func (f *family) ban(ctx context.Context, guild snowflake.GuildID, a banArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "PUT", t.Sub("/bans/{user.id}", a.User.String()), outbound.Content{
		Body: map[string]any{"delete_message_seconds": a.Delete}, Reason: a.Reason,
	})
}

func (f *family) unban(ctx context.Context, guild snowflake.GuildID, a memberArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Tell(ctx, "DELETE", t.Sub("/bans/{user.id}", a.User.String()), outbound.Content{Reason: a.Reason})
}

type roleArgs struct {
	Guild  *snowflake.GuildID `json:"guildId,omitempty"`
	User   snowflake.UserID   `json:"userId"`
	Role   snowflake.RoleID   `json:"roleId"`
	Reason string             `json:"reason,omitempty"`
}

func (f *family) addRole(ctx context.Context, guild snowflake.GuildID, a roleArgs) (any, error) {
	return f.role(ctx, "PUT", guild, a)
}

func (f *family) removeRole(ctx context.Context, guild snowflake.GuildID, a roleArgs) (any, error) {
	return f.role(ctx, "DELETE", guild, a)
}

func (f *family) role(ctx context.Context, method string, guild snowflake.GuildID, a roleArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	t = t.Sub("/members/{user.id}/roles/{role.id}", a.User.String(), a.Role.String())
	return f.Tell(ctx, method, t, outbound.Content{Reason: a.Reason})
}

type editArgs struct {
	Guild   *snowflake.GuildID         `json:"guildId,omitempty"`
	User    snowflake.UserID           `json:"userId"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	return f.change(ctx, guild, a.Guild, a.User.String(), a.Payload, a.Reason)
}

type editCurrentArgs struct {
	Guild   *snowflake.GuildID         `json:"guildId,omitempty"`
	Payload map[string]json.RawMessage `json:"payload"`
	Reason  string                     `json:"reason,omitempty"`
}

func (f *family) editCurrent(ctx context.Context, guild snowflake.GuildID, a editCurrentArgs) (any, error) {
	return f.change(ctx, guild, a.Guild, "@me", a.Payload, a.Reason)
}

func (f *family) change(ctx context.Context, guild snowflake.GuildID, given *snowflake.GuildID, user string, in map[string]json.RawMessage, reason string) (any, error) {
	t, err := f.Guild(guild, given)
	if err != nil {
		return nil, err
	}
	fields, err := body.Payload(ctx, f.Discord, guild, in)
	if err != nil {
		return nil, err
	}
	if user == "@me" {
		t = t.Sub("/members/@me")
	} else {
		t = t.Sub("/members/{user.id}", user)
	}
	return f.Do(ctx, "PATCH", t, outbound.Content{Body: fields, Reason: reason})
}

func (f *family) fetch(ctx context.Context, guild snowflake.GuildID, a memberArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "GET", t.Sub("/members/{user.id}", a.User.String()), outbound.Content{})
}

// maxPage is how many members Discord gives at once.
const maxPage = 1000

type listArgs struct {
	Guild *snowflake.GuildID `json:"guildId,omitempty"`
	Limit *int               `json:"limit,omitempty"`
	After *snowflake.UserID  `json:"after,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *listArgs) Validate() error {
	if a.Limit != nil && (*a.Limit < 1 || *a.Limit > maxPage) {
		return op.Invalid("limit", "it is %d; give 1 to %d", *a.Limit, maxPage)
	}
	return nil
}

func (f *family) list(ctx context.Context, guild snowflake.GuildID, a listArgs) (any, error) {
	t, err := f.Guild(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	if a.Limit != nil {
		q.Set("limit", strconv.Itoa(*a.Limit))
	}
	if a.After != nil {
		q.Set("after", a.After.String())
	}
	return f.Do(ctx, "GET", t.Sub("/members"), outbound.Content{Query: q})
}
