package cache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestLaterHealsByItself(t *testing.T) {
	t.Parallel()
	tries := 0
	open := func(context.Context) (cache.Store, error) {
		if tries++; tries < 3 {
			return nil, fault.New(fault.Unavailable, "away")
		}
		return cache.NewMemory(clock.Real), nil
	}
	l, err := cache.NewLater(t.Context(), open, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for name, call := range map[string]func() error{
		"Get":          func() error { _, err := l.Get(ctx, "k"); return err },
		"Set":          func() error { return l.Set(ctx, "k", nil, time.Minute) },
		"Add":          func() error { _, err := l.Add(ctx, "k", nil, time.Minute); return err },
		"Take":         func() error { _, err := l.Take(ctx, "k"); return err },
		"Touch":        func() error { _, err := l.Touch(ctx, "k", time.Minute); return err },
		"Delete":       func() error { return l.Delete(ctx, "k") },
		"DeletePrefix": func() error { return l.DeletePrefix(ctx, "k") },
		"Publish":      func() error { return l.Publish(ctx, "k", nil) },
	} {
		if err := call(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s before it is open: %v", name, err)
		}
	}
	heard, live := make(chan []byte, 1), make(chan struct{})
	subscribed := make(chan error, 1)
	go func() {
		subscribed <- l.Subscribe(ctx, "topic", func() { close(live) }, func(m []byte) { heard <- m })
	}()
	ran := make(chan error, 1)
	go func() { ran <- l.Run(ctx) }()
	<-live
	if err := l.Publish(ctx, "topic", []byte("hello")); err != nil || string(<-heard) != "hello" {
		t.Errorf("Publish: %v", err)
	}
	if err := l.Set(ctx, "k", []byte("v"), time.Minute); err != nil {
		t.Error(err)
	}
	if v, err := l.Get(ctx, "k"); err != nil || string(v) != "v" {
		t.Errorf("Get: %q, %v", v, err)
	}
	cancel()
	if err := errors.Join(<-ran, <-subscribed, l.Close()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLaterRefusesWhatNeverWorks(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong password")
	if _, err := cache.NewLater(t.Context(), func(context.Context) (cache.Store, error) { return nil, wrong }, zap.NewNop()); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	tries := 0
	l, err := cache.NewLater(t.Context(), func(context.Context) (cache.Store, error) {
		if tries++; tries == 1 {
			return nil, fault.New(fault.Unavailable, "away")
		}
		return nil, wrong
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(t.Context()); !errors.Is(err, wrong) {
		t.Errorf("Run ended with %v", err)
	}
}
