package app

import (
	"context"
	"fmt"
	"os"
	"slices"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

// reloadable are the keys that take effect without a restart.
var reloadable = []string{
	"log_level",
	"runtime.dispatch_timeout_secs", "runtime.cron_timeout_secs", "runtime.load_timeout_secs", "runtime.drain_timeout_secs",
	"runtime.turn_timeout_ms", "runtime.rest_timeout_ms", "runtime.max_memory_mb", "runtime.max_script_bytes", "runtime.max_cron_jobs",
	"runtime.max_pending_ops", "runtime.max_timers", "runtime.max_in_flight", "runtime.queue_capacity", "runtime.ops_per_second", "runtime.ops_burst",
	"kv.limits.max_value_bytes", "kv.limits.max_entry_bytes", "kv.limits.max_store_bytes", "kv.limits.max_guild_bytes", "kv.limits.writes_per_minute", "kv.limits.commits_per_minute",
	"logs.lines_per_second", "logs.burst",
}

// reload reads the configuration again on every signal. One that is wrong
// changes nothing.
func (rt *runtime) reload(ctx context.Context, hup <-chan os.Signal, from config.Options, level zap.AtomicLevel) error {
	for {
		select {
		case <-hup:
		case <-ctx.Done():
			return nil
		}
		next, err := config.Load(from)
		if err != nil {
			rt.log.Error("the configuration was not reloaded: " + err.Error())
			continue
		}
		if err := rt.apply(next, level); err != nil {
			rt.log.Error("the configuration was not reloaded", zap.Error(err))
		}
	}
}

// apply takes over what can be changed and names the rest.
func (rt *runtime) apply(next config.Config, level zap.AtomicLevel) error {
	current := *rt.live.Load()
	var taken, left []string
	for _, key := range config.Changes(current, next) {
		if slices.Contains(reloadable, key) {
			taken = append(taken, key)
		} else {
			left = append(left, key)
		}
	}
	current = current.With(next, taken)
	if err := level.UnmarshalText([]byte(current.LogLevel)); err != nil {
		return fmt.Errorf("log_level: %w", err)
	}
	if err := rt.kv.SetLimits(kvLimits(current.KV.Limits)); err != nil {
		return err
	}
	rt.live.Store(&current)
	limits := botLimits(current)
	rt.bot.SetLimits(limits)
	rt.rest.SetTimeout(limits.Op)
	rt.logs.SetRate(current.Logs.LinesPerSecond, current.Logs.Burst)
	rt.log.Info("configuration reloaded", zap.Strings("changed", taken))
	if len(left) > 0 {
		rt.log.Warn("some changes of the configuration need a restart", zap.Strings("keys", left))
	}
	return nil
}
