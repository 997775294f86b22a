package body

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Payload is Discord's own body as the script wrote it: null has its meaning
// and stays. The ids that the row names are proven, its images made data URIs.
func Payload(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in map[string]json.RawMessage, b *endpoint.Body) (map[string]json.RawMessage, error) {
	out := payload.members(in)
	if len(out) == 0 && !b.Optional {
		return nil, op.Invalid(b.Arg, "it is empty; give at least one member")
	}
	whole := gjson.ParseBytes(encode(out))
	for _, m := range b.IDs {
		if err := proveAt(ctx, d, guild, whole, m.Path, m.Rule, b.Arg); err != nil {
			return nil, err
		}
	}
	for _, name := range b.Images {
		raw, given := out[name]
		if !given || string(raw) == "null" {
			continue
		}
		uri, err := dataURI(b.Arg+"."+name, raw)
		if err != nil {
			return nil, err
		}
		out[name] = uri
	}
	return out, nil
}

// List is a body that is a list of objects.
func List(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in []json.RawMessage, b *endpoint.Body) ([]json.RawMessage, error) {
	if len(in) == 0 {
		return nil, op.Invalid(b.Arg, "it is empty; give at least one object")
	}
	out := make([]json.RawMessage, len(in))
	for i, raw := range in {
		if !gjson.ParseBytes(raw).IsObject() {
			return nil, op.Invalid(fmt.Sprintf("%s[%d]", b.Arg, i), "expected an object")
		}
		out[i] = payload.apply(raw)
	}
	whole := gjson.ParseBytes(encode(out))
	for _, m := range b.IDs {
		if err := proveAt(ctx, d, guild, whole, m.Path, m.Rule, b.Arg); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// proveAt proves every id at a place such as "actions[].metadata.channel_id".
// Of a member given twice each is proven: who knows which one Discord takes.
func proveAt(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, v gjson.Result, path string, rule op.Rule, at string) error {
	if v.Type == gjson.Null {
		return nil // Absent.
	}
	if path == "" {
		return Prove(ctx, d, guild, at, rule, json.RawMessage(v.Raw))
	}
	if rest, ok := strings.CutPrefix(path, "[]"); ok {
		return eachOf(ctx, d, guild, v, strings.TrimPrefix(rest, "."), rule, at)
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	key, rest := path[:end], strings.TrimPrefix(path[end:], ".")
	if !v.IsObject() {
		return op.Invalid(at, "expected an object")
	}
	var err error
	v.ForEach(func(k, e gjson.Result) bool {
		if k.String() == key {
			err = proveAt(ctx, d, guild, e, rest, rule, at+"."+key)
		}
		return err == nil
	})
	return err
}

func eachOf(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, v gjson.Result, path string, rule op.Rule, at string) error {
	if !v.IsArray() {
		return op.Invalid(at, "expected an array")
	}
	for i, e := range v.Array() {
		if err := proveAt(ctx, d, guild, e, path, rule, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

// Prove reads one id and proves it by its rule.
func Prove(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, at string, rule op.Rule, raw json.RawMessage) error {
	var id snowflake.GuildID // Stands for ids of every kind.
	if err := json.Unmarshal(raw, &id); err != nil {
		return op.Invalid(at, "expected a Discord id as a string")
	}
	var err error
	switch rule {
	case op.Guild:
		if id != guild {
			err = scope.Forbidden()
		}
	case op.Channel, op.Thread:
		_, err = d.Channel(ctx, guild, snowflake.ChannelID(id))
	case op.Webhook:
		_, err = d.Webhook(ctx, guild, snowflake.WebhookID(id), "")
	}
	return err
}

// thread is the body of a new thread.
var thread = &endpoint.Body{Arg: "payload", IDs: []endpoint.Member{{Path: "parent_id", Rule: op.Channel}, {Path: "channel_id", Rule: op.Channel}}}

// Thread is the payload of a new thread; one in a forum carries its first
// message, which follows the rules of every message.
func Thread(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, in map[string]json.RawMessage) (outbound.Content, error) {
	fields, err := Payload(ctx, d, guild, in, thread)
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
