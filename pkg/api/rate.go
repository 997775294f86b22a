package api

import (
	"math"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// maxBuckets bounds the memory of a limiter. Callers are made by operators, so
// only addresses could come near it.
const maxBuckets = 10_000

// buckets counts requests by a key.
type buckets struct {
	clock clock.Clock
	rate  Rate

	mu  sync.Mutex // Guards all.
	all map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newBuckets(c clock.Clock, r Rate) *buckets {
	return &buckets{clock: c, rate: r, all: map[string]bucket{}}
}

// take counts one request of the key, or says when the next one may come.
func (b *buckets) take(key string) error {
	now := b.clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	one, known := b.all[key]
	if !known {
		b.makeRoom(now)
		one = bucket{tokens: float64(b.rate.Burst), at: now}
	}
	one = b.refill(one, now)
	if one.tokens < 1 {
		b.all[key] = one
		wait := time.Duration(math.Ceil((1-one.tokens)/b.rate.PerSecond)) * time.Second
		f := fault.New(fault.RateLimited, "too many requests; try again in %s", wait)
		f.RetryAfter = wait
		return f
	}
	one.tokens--
	b.all[key] = one
	return nil
}

func (b *buckets) refill(one bucket, now time.Time) bucket {
	if passed := now.Sub(one.at); passed > 0 {
		one.tokens = min(float64(b.rate.Burst), one.tokens+passed.Seconds()*b.rate.PerSecond)
	}
	one.at = now
	return one
}

// makeRoom drops full buckets, which say nothing, when there are too many; if
// none is full, all are dropped rather than memory grow. The caller holds mu.
func (b *buckets) makeRoom(now time.Time) {
	if len(b.all) < maxBuckets {
		return
	}
	for key, one := range b.all {
		if b.refill(one, now).tokens >= float64(b.rate.Burst) {
			delete(b.all, key)
		}
	}
	if len(b.all) >= maxBuckets {
		clear(b.all)
	}
}
