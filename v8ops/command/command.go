// Package command holds the ops that write the guild's application commands:
// scripts write them in their own words.
package command

import (
	"context"
	"encoding/json"

	"github.com/flora-runtime/flora-runtime/pkg/appcommand"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Ops declares the family.
func Ops(d *outbound.Discord) []op.Op {
	f := &family{d}
	return []op.Op{
		op.Define("op_upsert_guild_commands", op.Guild, f.upsert),
		op.Define("op_create_guild_command", op.Guild, f.create),
		op.Define("op_edit_guild_command", op.Guild, f.edit),
		op.Define("op_edit_guild_command_permissions", op.Guild, f.editPermissions),
	}
}

type family struct{ *outbound.Discord }

type upsertArgs struct {
	Guild    *snowflake.GuildID `json:"guildId,omitempty"`
	Commands []json.RawMessage  `json:"commands"`
}

func (f *family) upsert(ctx context.Context, guild snowflake.GuildID, a upsertArgs) (any, error) {
	t, err := f.Commands(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	list, err := appcommand.List(a.Commands)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PUT", t, outbound.Content{Body: list})
}

type createArgs struct {
	Guild   *snowflake.GuildID `json:"guildId,omitempty"`
	Command json.RawMessage    `json:"command"`
}

func (f *family) create(ctx context.Context, guild snowflake.GuildID, a createArgs) (any, error) {
	t, err := f.Commands(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	doc, err := appcommand.One(a.Command)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "POST", t, outbound.Content{Body: doc})
}

type editArgs struct {
	Guild   *snowflake.GuildID  `json:"guildId,omitempty"`
	ID      snowflake.CommandID `json:"commandId"`
	Command json.RawMessage     `json:"command"`
}

func (f *family) edit(ctx context.Context, guild snowflake.GuildID, a editArgs) (any, error) {
	t, err := f.Commands(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	doc, err := appcommand.Part(a.Command)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PATCH", one(t, a.ID), outbound.Content{Body: doc})
}

func one(t outbound.Target, id snowflake.CommandID) outbound.Target {
	return t.Sub("/{command.id}", id.String())
}

// maxPermissions is how many overwrites Discord takes for one command.
const maxPermissions = 100

type permissionsArgs struct {
	Guild       *snowflake.GuildID  `json:"guildId,omitempty"`
	ID          snowflake.CommandID `json:"commandId"`
	Permissions json.RawMessage     `json:"permissions"`
}

func (f *family) editPermissions(ctx context.Context, guild snowflake.GuildID, a permissionsArgs) (any, error) {
	t, err := f.Commands(guild, a.Guild)
	if err != nil {
		return nil, err
	}
	doc, err := permissions(a.Permissions)
	if err != nil {
		return nil, err
	}
	return f.Do(ctx, "PUT", one(t, a.ID).Sub("/permissions"), outbound.Content{Body: doc})
}

// permissions takes the list alone, or Discord's {permissions: [...]}.
func permissions(raw json.RawMessage) (any, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		if len(list) > maxPermissions {
			return nil, op.Invalid("permissions", "there are %d; the limit is %d", len(list), maxPermissions)
		}
		return map[string]any{"permissions": list}, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return nil, op.Invalid("permissions", "expected an array, or an object with permissions")
	}
	return object, nil
}
