package app

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// shownGuilds bounds the guilds whose logs dev shows.
const shownGuilds = 50

// showLogs writes new lines of the guilds' logs to the runtime's own, until ctx
// ends: whoever writes a script sees what it says. Lines of other guilds than
// the first carry the guild.
func (rt *runtime) showLogs(ctx context.Context, first snowflake.GuildID) error {
	guilds := rt.gateway.State().Guilds()
	var wg sync.WaitGroup
	for _, guild := range guilds[:min(len(guilds), shownGuilds)] {
		sub := rt.logs.Subscribe(guild, rt.logs.LastID(guild))
		wg.Go(func() {
			defer sub.Close()
			for {
				lines, _, err := sub.Next(ctx)
				if errors.Is(err, logs.ErrClosed) || ctx.Err() != nil {
					return
				}
				for _, e := range lines {
					rt.showLine(e, guild == first)
				}
			}
		})
	}
	wg.Wait()
	<-ctx.Done()
	return nil
}

func (rt *runtime) showLine(e logs.Entry, first bool) {
	level, err := zapcore.ParseLevel(e.Level)
	if err != nil {
		level = zapcore.DebugLevel // Zap has no trace.
	}
	var fields []zap.Field
	if !first {
		fields = append(fields, zap.String("guild_id", e.GuildID))
	}
	rt.log.Named(e.Target).Log(level, e.Message, fields...)
}
