package bot

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/op"
)

const (
	// opPatience is how long an op waits for its turn; it is refused when that
	// would take longer.
	opPatience = time.Second
	// localCost is what an op counts that asks nobody outside.
	localCost = 0.1
)

// opRate is how fast a guild's scripts may call ops.
type opRate struct {
	mu     sync.Mutex // Guards bucket.
	bucket limit.Bucket
}

// pace gives how long the op has to wait, or why it may not run.
func (g *guild) pace(o op.Op) (time.Duration, error) {
	l := g.bot.limits()
	if l.OpsPerSecond <= 0 || o.Stream {
		return 0, nil
	}
	cost := 1.0
	if o.Local {
		cost = localCost
	}
	g.rate.mu.Lock()
	wait, ok := g.rate.bucket.Take(time.Now(), cost, float64(l.OpsPerSecond), float64(l.OpsBurst), min(opPatience, l.Op/2))
	g.rate.mu.Unlock()
	if ok && wait == 0 {
		return 0, nil
	}
	if ok {
		g.hit(limit.OpRate, 1, fmt.Sprintf("operations wait: the script calls more than %s", rates(l.OpsPerSecond)))
		return wait, nil
	}
	g.hit(limit.OpRate, 1, fmt.Sprintf("operations are refused with a RateLimitError: the script calls more than %s; await some before calling more", rates(l.OpsPerSecond)))
	f := fault.New(fault.RateLimited, "the script calls more than %s; try again in %s", rates(l.OpsPerSecond), wait.Round(time.Millisecond))
	f.Name, f.RetryAfter = "RateLimitError", wait
	return 0, f.With("limit", l.OpsPerSecond).With("retryAfter", math.Ceil(wait.Seconds()*1000)/1000)
}

func rates(perSecond int) string {
	return fmt.Sprintf("%d operations a second (of a store %d)", perSecond, int(float64(perSecond)/localCost))
}
