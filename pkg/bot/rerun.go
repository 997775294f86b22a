package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// job is the event of a cron job.
func (g *guild) job(name string, payload []byte, finished func()) event {
	event := event{name: catalog.CronPrefix + name, payload: payload, cpu: g.bot.limits().Cron, done: finished}
	event.span = g.trace(event.name)
	return event
}

// retryJob keeps a run that failed, for another try after the first pause.
func (g *guild) retryJob(ctx context.Context, name string, payload []byte, backoff []int64) {
	m := later.Message{Name: catalog.CronPrefix + name, Value: string(payload), Backoff: backoff[1:]}
	if err := g.bot.cfg.Retry(ctx, g.id, m, time.Duration(backoff[0])*time.Millisecond); err != nil && ctx.Err() == nil {
		g.log("error", logs.TargetRuntime, fmt.Sprintf("the cron job %q failed and is not tried again: %s", name, err))
	}
}

// Rerun is for what Retry kept, when it is due. A job that is gone meanwhile is
// not run, and one that is running waits.
func (b *Bot) Rerun(d later.Delivery) {
	if !b.owns(d.Guild) {
		d.Over(later.Unserved)
		return
	}
	g := b.known(d.Guild)
	if g == nil {
		d.Over(later.Handled)
		return
	}
	var kept struct {
		Value []byte `json:"value"`
	}
	if json.Unmarshal(d.Payload, &kept) != nil {
		d.Over(later.Handled)
		return
	}
	name := strings.TrimPrefix(d.Name, catalog.CronPrefix)
	finished, err := b.cfg.Crons.Rerun(d.Guild, name)
	g.mu.Lock()
	coming := g.awaiting || !g.ours()
	g.mu.Unlock()
	switch {
	case errors.Is(err, cron.ErrNoJob) && !coming:
		d.Over(later.Handled)
	case err != nil:
		d.Over(later.Unserved) // It comes again in a moment.
	default:
		e := g.job(name, kept.Value, finished)
		e.over = d.Over
		g.deliver(e)
	}
}
