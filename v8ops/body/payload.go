package body

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// channelMembers name channels that a payload moves something to or under.
var channelMembers = []string{"parent_id", "channel_id"}

// Payload is Discord's own body of a channel, thread, member or webhook as the
// script wrote it: null has its meaning and stays.
func Payload(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	out := payload.members(in)
	if len(out) == 0 {
		return nil, op.Invalid("payload", "it is empty; give at least one member")
	}
	for _, key := range channelMembers {
		raw, given := out[key]
		if !given || string(raw) == "null" {
			continue
		}
		var id snowflake.ChannelID
		if err := json.Unmarshal(raw, &id); err != nil {
			return nil, op.Invalid("payload."+key, "expected a Discord id as a string")
		}
		if _, err := d.Channel(ctx, guild, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Thread is the payload of a new thread; one in a forum carries its first
// message, which follows the rules of every message.
func Thread(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in map[string]json.RawMessage) (outbound.Content, error) {
	fields, err := Payload(ctx, d, guild, in)
	if err != nil {
		return outbound.Content{}, err
	}
	c := outbound.Content{Body: fields}
	raw, given := fields["message"]
	if !given || string(raw) == "null" {
		return c, nil
	}
	var members struct{ Members op.Rest }
	if err := op.DecodeMember("payload.message", raw, &members); err != nil {
		return c, err
	}
	first, err := NewMessage(ctx, d, guild, members.Members, Rules{})
	if err != nil {
		return c, err
	}
	if len(first.files) > 0 { // The request names them at the top only.
		first.fields["attachments"] = encode(named(first.files))
	}
	fields["message"] = encode(first.fields)
	c.Files = first.files
	return c, nil
}

// Modal is a modal that a script wants shown.
func Modal(in map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	out := modal.members(in)
	for _, need := range []struct{ key, as string }{{"custom_id", "modal.customId"}, {"title", "modal.title"}} {
		v := gjson.ParseBytes(out[need.key])
		if v.Type != gjson.String || strings.TrimSpace(v.String()) == "" {
			return nil, op.Invalid(need.as, "expected a string that is not empty")
		}
	}
	v := gjson.ParseBytes(out["components"])
	if !isObjects(v) || len(v.Array()) == 0 {
		return nil, op.Invalid("modal.components", "expected an array of at least one component")
	}
	return out, nil
}
