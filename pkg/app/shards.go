package app

import (
	"context"
	"fmt"
	"math"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// What follows is only of a process that serves the bot with others: guilds come
// to it and go with their shards.

const (
	// overlaps is how many leases after a shard came its guilds are compared with the
	// database once more: by then the owner before has ended what it had begun, or
	// told of it.
	overlaps = 3
	// messagesAgain is the pause before waiting messages are looked for again.
	messagesAgain = time.Second
)

// share has the gateway serve the shards that the replicas deal to this process.
func (rt *runtime) share(c *discord.GatewayConfig) {
	if rt.replicas != nil {
		c.Sharing, c.Holder = rt.replicas.Shards(), holder{rt}
	}
}

func (rt *runtime) shared() bool { return rt.replicas != nil }

// overlap is bot.Config.Overlap.
func (rt *runtime) overlap() time.Duration {
	if !rt.shared() {
		return 0
	}
	return overlaps * time.Duration(rt.cfg.Replicas.LeaseMS) * time.Millisecond
}

// holder is discord.Holder.
type holder struct{ *runtime }

func (h holder) Take(ctx context.Context, shard, of int, valid func() bool) (known <-chan struct{}, err error) {
	h.history.Begin(ctx, shard, of)
	h.relearn(shard, of)
	known, err = h.bot.Take(ctx, shard, of, valid)
	if err != nil {
		return nil, err
	}
	// Messages may be a moment late; events may not wait for them.
	h.bot.Go(func(ctx context.Context) { h.holdMessages(ctx, shard, of) })
	return known, nil
}

func (h holder) Drop(shard int, kept bool) {
	guilds := h.gateway.State().Guilds()
	h.bot.Drop(shard, kept)
	of := h.gateway.Layout()
	mine := func(guild snowflake.GuildID) bool { return discord.ShardOf(guild, of) == shard }
	h.queue.Release(mine)
	h.history.End(shard)
	if kept {
		return // Handlers that run may still name what is theirs.
	}
	for _, guild := range guilds {
		if mine(guild) {
			h.scope.Forget(guild)
		}
	}
}

// holdMessages finds the messages that wait for the shard's guilds.
func (h holder) holdMessages(ctx context.Context, shard, of int) {
	for {
		err := h.queue.Hold(ctx, func(guild snowflake.GuildID) bool { return discord.ShardOf(guild, of) == shard })
		if err == nil {
			return
		}
		h.log.Error("messages and schedules of a shard's servers are late: their store cannot be read; it is tried again", zap.Int("shard_id", shard), zap.Error(err))
		if !clock.Sleep(ctx, clock.Real, messagesAgain) {
			return
		}
	}
}

// connectShared is the end of connect: the bot is connected when the shards are that
// are this process's. There may be none, and later some.
func (rt *runtime) connectShared(ctx context.Context) error {
	first := make(chan struct{})
	rt.life.run("place among the replicas", func(ctx context.Context) error { return rt.followReplicas(ctx, first) })
	if _, err := rt.within(ctx, time.Duration(math.MaxInt64), first); err != nil {
		return err
	}
	// They are of a time when this process served alone.
	if err := rt.begun.Remove(); err != nil {
		rt.log.Warn("marks of an earlier process stay", zap.Error(err))
	}
	return nil
}

// stepShards is the name of the step of the start that comes back when shards are
// lost.
const stepShards = "shards"

// followReplicas does what depends on how many replicas there are and on what they
// dealt to this one, until ctx ends. first is closed when the process was ready
// once.
func (rt *runtime) followReplicas(ctx context.Context, first chan<- struct{}) error {
	share := 0
	for {
		replicas, shards := rt.replicas.Changed(), rt.gateway.Changed()
		if n := len(rt.replicas.Members()); n != share {
			share = n
			rt.rest.SetGlobalLimit(globalShare(rt.cfg.Discord.GlobalLimit, n))
		}
		problem := rt.shardsProblem()
		if problem == "" && first != nil {
			close(first)
			first = nil
		}
		if problem == "" {
			rt.health.Done(stepShards)
		} else {
			rt.health.Problem(stepShards, problem)
		}
		select {
		case <-replicas:
		case <-shards:
		case <-time.After(rt.lease()):
		case <-ctx.Done():
			return nil
		}
	}
}

func (rt *runtime) lease() time.Duration {
	return time.Duration(rt.cfg.Replicas.LeaseMS) * time.Millisecond
}

// shardsProblem says what keeps this replica from serving what it is to; "" is
// nothing.
func (rt *runtime) shardsProblem() string {
	wanted, member := rt.replicas.Part()
	held := len(rt.gateway.Status())
	switch {
	case !member:
		return "this replica is not among the others, or Redis does not answer"
	case rt.gateway.Layout() == 0:
		return "Discord was not asked yet for its gateway"
	case held < wanted:
		return fmt.Sprintf("this replica has %d of its %d shards", held, wanted)
	case !rt.gateway.Connected():
		return "shards of this replica are not connected to Discord"
	}
	return ""
}

// globalShare is this process's part of the requests that Discord takes of the bot
// in a second.
func globalShare(limit, members int) int {
	if limit <= 0 {
		return -1
	}
	return max(1, limit/max(1, members))
}
