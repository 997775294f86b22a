package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// activityEvery is how often it is written down which guilds had events.
const activityEvery = 30 * time.Second

// activity remembers over restarts when each guild last had an event, so that a
// start loads those first that are used. It is a hint: without it, or with an old
// one, scripts are loaded in another order.
type activity struct {
	file  string
	log   *zap.Logger
	times map[snowflake.GuildID]int64 // Unix seconds.
}

func openActivity(file string, log *zap.Logger) *activity {
	a := &activity{file: file, log: log, times: map[snowflake.GuildID]int64{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return a
	}
	if err == nil {
		err = json.Unmarshal(text, &a.times)
	}
	if err != nil || a.times == nil {
		log.Warn("which guilds were active is not known: the file cannot be read or is damaged", zap.String("file", file), zap.Error(err))
		a.times = map[snowflake.GuildID]int64{}
	}
	return a
}

// last is when the guild last had an event before this process.
func (a *activity) last(guild snowflake.GuildID) time.Time { return time.Unix(a.times[guild], 0) }

// run writes down what current says, from time to time and at the end.
func (a *activity) run(ctx context.Context, current func() map[snowflake.GuildID]time.Time) error {
	times := maps.Clone(a.times) // The other one is read meanwhile.
	tick := time.NewTicker(activityEvery)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
		changed := false
		for guild, at := range current() {
			if at.Unix() > times[guild] {
				times[guild], changed = at.Unix(), true
			}
		}
		if !changed {
			continue
		}
		text, err := json.Marshal(times)
		if err == nil {
			err = renameio.WriteFile(a.file, text, 0o600)
		}
		if err != nil {
			a.log.Warn("which guilds are active could not be written down", zap.Error(err))
		}
	}
	return nil
}
