package discord

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// alone is the Sharing of a process that has all shards.
type alone struct {
	sessions SessionStore
	log      *zap.Logger

	once sync.Once // Makes the gate.
	gate *gate
}

var _ Sharing = (*alone)(nil)

// Layout implements Sharing.
func (a *alone) Layout(_ context.Context, wanted int) (int, error) { return wanted, nil }

// Run implements Sharing.
func (a *alone) Run(ctx context.Context, identity uint64, shards int, serve func(context.Context, int, SessionSlot) error) error {
	slots := make([]SessionSlot, shards)
	for id := range slots {
		var err error
		if slots[id], err = a.sessions.Open(id, shards, identity); err != nil {
			a.log.Error("the gateway session cannot be kept: what comes while the next start is under way is lost", zap.Int("shard_id", id), zap.Error(err))
			slots[id] = &memorySession{}
		}
	}
	defer func() {
		for id, slot := range slots {
			if err := slot.Close(); err != nil {
				a.log.Warn("gateway session is not closed", zap.Int("shard_id", id), zap.Error(err))
			}
		}
	}()
	group, ctx := errgroup.WithContext(ctx)
	for id, slot := range slots {
		group.Go(func() error { return serve(ctx, id, slot) })
	}
	return group.Wait()
}

// Enter implements Sharing.
func (a *alone) Enter(ctx context.Context, shard int, limit SessionStartLimit, every time.Duration) (used, leave func(), err error) {
	a.once.Do(func() { a.gate = newGate(every, limit, time.Now()) })
	if wait := a.gate.spent(time.Now()); wait > 0 {
		a.log.Error("Discord takes no more new sessions today; the shard waits", zap.Int("shard_id", shard), zap.Duration("wait", wait))
	}
	pass, err := a.gate.enter(ctx, shard)
	if err != nil {
		return nil, nil, err
	}
	return pass.used, pass.leave, nil
}
