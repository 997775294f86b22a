package cache

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// The pauses between attempts to open a store.
const firstPause, lastPause = 500 * time.Millisecond, 10 * time.Second

// Later is a Store that may not be there yet. Until Run has opened it, its
// methods fail with fault.Unavailable.
type Later struct {
	open  func(ctx context.Context) (Store, error)
	log   *zap.Logger
	store atomic.Pointer[Store]
}

var _ Store = (*Later)(nil)

// NewLater makes the store that open gives: now, or when Run finds it. It fails
// when open does with another error than a fault.Unavailable.
func NewLater(ctx context.Context, open func(ctx context.Context) (Store, error), log *zap.Logger) (*Later, error) {
	l := &Later{open: open, log: log}
	err := l.try(ctx)
	if fault.Is(err, fault.Unavailable) {
		log.Error("the cache cannot be reached; what needs it is refused until it can", zap.Error(err))
		return l, nil
	}
	return l, err
}

func (l *Later) try(ctx context.Context) error {
	store, err := l.open(ctx)
	if err == nil {
		l.store.Store(&store)
	}
	return err
}

// Run opens the store if it is not open, however long that takes, and returns
// when ctx ends or open fails for good.
func (l *Later) Run(ctx context.Context) error {
	for pause := firstPause; l.store.Load() == nil && ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if !clock.Sleep(ctx, clock.Real, pause) {
			return nil
		}
		err := l.try(ctx)
		if err == nil {
			l.log.Info("the cache was reached")
		} else if !fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// Close closes the store, if it was opened and can be closed.
func (l *Later) Close() error {
	if s := l.store.Load(); s != nil {
		if c, ok := (*s).(interface{ Close() error }); ok {
			return c.Close()
		}
	}
	return nil
}

func (l *Later) ready() (Store, error) {
	if s := l.store.Load(); s != nil {
		return *s, nil
	}
	f := fault.New(fault.Unavailable, "the cache has not been reached since the start; try again in some seconds")
	f.RetryAfter = lastPause / 2
	return nil, f
}

// Get implements Store.
func (l *Later) Get(ctx context.Context, key string) ([]byte, error) {
	s, err := l.ready()
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, key)
}

// Set implements Store.
func (l *Later) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s, err := l.ready()
	if err != nil {
		return err
	}
	return s.Set(ctx, key, value, ttl)
}

// Add implements Store.
func (l *Later) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	s, err := l.ready()
	if err != nil {
		return false, err
	}
	return s.Add(ctx, key, value, ttl)
}

// Take implements Store.
func (l *Later) Take(ctx context.Context, key string) ([]byte, error) {
	s, err := l.ready()
	if err != nil {
		return nil, err
	}
	return s.Take(ctx, key)
}

// Touch implements Store.
func (l *Later) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	s, err := l.ready()
	if err != nil {
		return false, err
	}
	return s.Touch(ctx, key, ttl)
}

// Delete implements Store.
func (l *Later) Delete(ctx context.Context, key string) error {
	s, err := l.ready()
	if err != nil {
		return err
	}
	return s.Delete(ctx, key)
}

// DeletePrefix implements Store.
func (l *Later) DeletePrefix(ctx context.Context, prefix string) error {
	s, err := l.ready()
	if err != nil {
		return err
	}
	return s.DeletePrefix(ctx, prefix)
}

// Publish implements Store.
func (l *Later) Publish(ctx context.Context, topic string, message []byte) error {
	s, err := l.ready()
	if err != nil {
		return err
	}
	return s.Publish(ctx, topic, message)
}

// Subscribe implements Store. Until the store is open it hears nothing, and
// waits.
func (l *Later) Subscribe(ctx context.Context, topic string, live func(), message func([]byte)) error {
	for l.store.Load() == nil {
		if !clock.Sleep(ctx, clock.Real, firstPause) {
			return nil
		}
	}
	return (*l.store.Load()).Subscribe(ctx, topic, live, message)
}
