package rest

import (
	"context"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

type begin = func(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error)

// places are what paths begin with, longer ones first, and how each is proven.
var places = []struct {
	prefix string
	begin  begin
}{
	{"/applications/{application.id}/guilds/{guild.id}/commands", func(_ context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.Commands(guild, optionalID[snowflake.GuildID](args, "guildId"))
	}},
	{"/guilds/{guild.id}", func(_ context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.Guild(guild, optionalID[snowflake.GuildID](args, "guildId"))
	}},
	{"/channels/{channel.id}", inChannel("channelId")},
	{"/channels/{thread.id}", inChannel("threadId")},
	{"/webhooks/{webhook.id}/{webhook.token?}", ofWebhook},
	{"/webhooks/{webhook.id}/{webhook.token}", ofWebhook},
	{"/webhooks/{webhook.id}", ofWebhook},
	{"/webhooks/{application.id}/{interaction.token}", func(_ context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.FollowUp(guild, args.text["token"])
	}},
	{"/invites/{invite.code}", func(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.Invite(ctx, guild, args.text["code"])
	}},
	{"/stage-instances/{channel.id}", func(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.Stage(ctx, guild, id[snowflake.ChannelID](args, "channelId"))
	}},
	{"/stage-instances", everybody("/stage-instances")},
	{"/soundboard-default-sounds", everybody("/soundboard-default-sounds")},
	{"/users/{anybody.id}", everybody("/users/{user.id}", "userId")},
}

func inChannel(name string) begin {
	return func(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		return r.Channel(ctx, guild, id[snowflake.ChannelID](args, name))
	}
}

func ofWebhook(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
	return r.Webhook(ctx, guild, id[snowflake.WebhookID](args, "webhookId"), args.text["token"])
}

func everybody(template string, names ...string) begin {
	return func(_ context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error) {
		values := make([]string, len(names))
		for i, n := range names {
			values[i] = args.text[n]
		}
		return r.Everybody(guild, template, values...)
	}
}

// id is an id that was read before; its text is one.
func id[T ~uint64](args arguments, name string) T {
	n, _ := snowflake.ParseGuild(args.text[name])
	return T(n)
}

func optionalID[T ~uint64](args arguments, name string) *T {
	if args.text[name] == "" {
		return nil
	}
	n := id[T](args, name)
	return &n
}
