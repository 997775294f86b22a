package app

import (
	"context"
	"encoding/json"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Changes are made by a guild's owner, which knows of them. What follows is for
// those that were under way while the guild went from one replica to another.

const (
	// noticeTopic is where replicas tell each other what they may have changed.
	noticeTopic = "replicas/changed"
	// mostNotices wait to be told; beyond it they are dropped, as when the cache is
	// away.
	mostNotices = 1024
	// noticeTime bounds telling one.
	noticeTime = 2 * time.Second
	// lateWrites is how long after a shard came what admins have set is read once
	// more: longer than a write of the owner before may take.
	lateWrites = 10 * time.Second
)

// What a notice is about.
const (
	deployed = "deployment"
	adjusted = "settings"
	written  = "store" // Of Deno.Kv and schedules, by a handler that ends after its guild went.
)

// notice says that a replica may have changed something of a guild.
type notice struct {
	From  string            `json:"from"`
	Guild snowflake.GuildID `json:"guild"`
	What  string            `json:"what"`
	Store string            `json:"store,omitempty"` // That was written.
}

// notices tells the other replicas.
type notices struct {
	self  string
	queue chan notice
}

// tell does not wait. A notice that is lost is made good when its guild's owner
// looks by itself: some time after the guild came, and when it may have missed
// notices.
func (n *notices) tell(what notice) {
	if n == nil {
		return
	}
	what.From = n.self
	select {
	case n.queue <- what:
	default:
	}
}

// noticeSettings is told of writes of secrets, variables and settings.
func (rt *runtime) noticeSettings(guild snowflake.GuildID) {
	rt.notices.tell(notice{Guild: guild, What: adjusted})
}

// openNotices begins to tell and to hear.
func (rt *runtime) openNotices(self string) {
	rt.notices = &notices{self: self, queue: make(chan notice, mostNotices)}
	rt.life.run("notices to replicas", rt.tellNotices)
	rt.life.run("notices of replicas", func(ctx context.Context) error {
		return rt.cache.Subscribe(ctx, noticeTopic, rt.lookAgain, rt.hearNotice)
	})
}

func (rt *runtime) tellNotices(ctx context.Context) error {
	for {
		select {
		case n := <-rt.notices.queue:
			text, err := json.Marshal(n)
			if err != nil {
				return err
			}
			limited, cancel := context.WithTimeout(ctx, noticeTime)
			if err := rt.cache.Publish(limited, noticeTopic, text); err != nil && ctx.Err() == nil {
				rt.log.Warn("other replicas are not told of a change; whoever gets its server looks by itself", zap.Stringer("guild_id", n.Guild), zap.Error(err))
			}
			cancel()
		case <-ctx.Done():
			return nil
		}
	}
}

func (rt *runtime) hearNotice(text []byte) {
	var n notice
	if err := json.Unmarshal(text, &n); err != nil || n.From == rt.notices.self || !rt.bot.Owns(n.Guild) {
		return
	}
	switch n.What {
	case adjusted:
		rt.doubt(func(guild snowflake.GuildID) bool { return guild == n.Guild })
		return
	case written:
		rt.committed(n.Guild, n.Store, nil)
		return
	}
	rt.bot.Go(func(ctx context.Context) {
		if err := rt.bot.Settle(ctx, n.Guild); err != nil && ctx.Err() == nil {
			rt.log.Warn("what another replica deployed is not loaded yet", zap.Stringer("guild_id", n.Guild), zap.Error(err))
		}
	})
}

// doubt has what admins have set in guilds be read again.
func (rt *runtime) doubt(of func(snowflake.GuildID) bool) {
	rt.secrets.Doubt(of)
	rt.settings.Doubt(of)
}

// lookAgain is for a replica that may have missed notices: its guilds run what is
// stored, and with what is set, or will soon.
func (rt *runtime) lookAgain() {
	rt.doubt(rt.bot.Owns)
	rt.bot.Go(func(ctx context.Context) {
		all, err := rt.deploys.List(ctx)
		if err == nil {
			err = rt.bot.Reconcile(ctx, all)
		}
		if err != nil && ctx.Err() == nil {
			rt.log.Warn("what servers run is not compared with the database after notices of replicas may have been lost", zap.Error(err))
		}
	})
}

// relearn has what admins have set in the shard's guilds be read anew, and once
// more when the owner before cannot be writing any more.
func (h holder) relearn(shard, of int) {
	mine := func(guild snowflake.GuildID) bool { return discord.ShardOf(guild, of) == shard }
	h.secrets.Unlearn(mine)
	h.settings.Unlearn(mine)
	h.bot.Go(func(ctx context.Context) {
		if clock.Sleep(ctx, clock.Real, lateWrites) {
			h.doubt(func(guild snowflake.GuildID) bool { return mine(guild) && h.bot.Owns(guild) })
		}
	})
}
