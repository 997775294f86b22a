package replica

import (
	"context"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

const (
	// turnSpare is how much longer than the pause between IDENTIFYs a turn lasts
	// that is not renewed: so long a process that dies in its turn holds the others
	// up, and an IDENTIFY that it sent then is respected.
	turnSpare = 2 * time.Second
	// askAgain bounds the wait for a turn, which may be given back earlier.
	askAgain = time.Second
	// maxLanes is far above what Discord gives.
	maxLanes = 1024
)

// Enter implements discord.Sharing.
func (g shards) Enter(ctx context.Context, shard int, limit discord.SessionStartLimit, every time.Duration) (used, leave func(), err error) {
	ask := Identify{
		Instance: g.instance + "/" + strconv.Itoa(shard), Lane: shard % min(max(limit.MaxConcurrency, 1), maxLanes),
		Every: every, Hold: every + turnSpare, Limit: g.said(limit),
	}
	for told := false; ; {
		wait, err := g.ask(ctx, ask)
		if err == nil && wait <= 0 {
			break
		}
		if err == nil {
			ask.Limit = nil
		} else {
			wait = g.span() / 4
		}
		if wait > time.Minute && !told {
			told = true
			g.cfg.Log.Error("Discord takes no more new sessions today; the shard waits", zap.Int("shard_id", shard), zap.Duration("wait", wait))
		}
		if !clock.Sleep(ctx, g.cfg.Clock, min(wait, askAgain)) {
			return nil, nil, ctx.Err()
		}
	}
	t := &turnOf{group: g.Group, ask: ask, stop: make(chan struct{})}
	t.ask.Limit = nil
	t.wg.Go(t.renew)
	return func() { t.end(true) }, func() { t.end(false) }, nil //nolint:contextcheck // Whoever waits no more still gives the turn back.
}

// said gives what Discord said, if it was not passed on before.
func (g *Group) said(limit discord.SessionStartLimit) *discord.SessionStartLimit {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit == limit {
		return nil
	}
	g.limit = limit
	return &limit
}

func (g *Group) ask(ctx context.Context, i Identify) (time.Duration, error) {
	ctx, cancel := g.limited(ctx)
	defer cancel()
	return g.cfg.Store.Identify(ctx, i)
}

// turnOf is a turn that this process has.
type turnOf struct {
	group *Group
	ask   Identify
	stop  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

// renew keeps the turn until it ends: to connect may take a while.
func (t *turnOf) renew() {
	ticker := t.group.cfg.Clock.NewTicker(turnSpare / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			// A turn that cannot be renewed is over a little later.
			_, _ = t.group.ask(context.Background(), t.ask)
		case <-t.stop:
			return
		}
	}
}

// end gives the turn on.
func (t *turnOf) end(used bool) {
	t.once.Do(func() {
		close(t.stop)
		t.wg.Wait()
		t.ask.Done, t.ask.Left = used, !used
		// If that gets lost, the turn ends by itself.
		_, _ = t.group.ask(context.Background(), t.ask)
	})
}
