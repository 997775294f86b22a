package v8ops_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// state is what the gateway would know of the channels.
type state map[snowflake.ChannelID]snowflake.GuildID

func (s state) Channel(id snowflake.ChannelID) (discord.Channel, bool) {
	guild, ok := s[id]
	return discord.Channel{ID: id, Guild: guild}, ok
}

func (state) OnDelete(func(snowflake.ChannelID)) {}

// lookups answers the scope's own questions, apart from the ops' requests.
type lookups map[string]snowflake.GuildID

func (l lookups) Do(_ context.Context, r discord.Request) (json.RawMessage, error) {
	guild, ok := l[r.Path]
	if !ok {
		return nil, fault.New(fault.DiscordHTTP, "Discord HTTP error (404)").With("status", 404)
	}
	if strings.HasPrefix(r.Path, "/invites/") {
		return json.RawMessage(`{"guild":{"id":"` + guild.String() + `"}}`), nil
	}
	return json.RawMessage(`{"guild_id":"` + guild.String() + `"}`), nil
}

// newScope is the real one, in a world of two guilds.
func newScope(tb testing.TB) outbound.Scope {
	tb.Helper()
	s := scope.New(scope.Config{
		State: state{channelA: guildA, threadA: guildA, channelB: guildB},
		REST: lookups{
			"/webhooks/" + webhookA.String(): guildA, "/webhooks/" + webhookB.String(): guildB,
			"/invites/" + inviteA: guildA, "/invites/" + inviteB: guildB,
		},
	})
	s.Remember(guildA, 800000000000000001, tokenA, time.Now())
	s.Remember(guildB, 800000000000000002, tokenB, time.Now())
	return s
}

// noKV is for tests that do not come to the key-value store.
var noKV = struct{ kv.Store }{}
