package cache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/cache/cachetest"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(*testing.T) (a, b cache.Store) {
		m := cache.NewMemory(clock.Real)
		return m, m
	})
}

func TestValuesEndOnTime(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Unix(0, 0))
	m := cache.NewMemory(now)
	for n := 1; n <= 10; n++ {
		if err := m.Set(t.Context(), fmt.Sprint(n), nil, time.Duration(n)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Touch(t.Context(), "1", time.Minute); err != nil {
		t.Fatal(err)
	}
	now.Advance(5*time.Second - 1)
	for n := 1; n <= 10; n++ {
		_, err := m.Get(t.Context(), fmt.Sprint(n))
		if gone := fault.Is(err, fault.NotFound); gone != (n > 1 && n < 5) {
			t.Errorf("value %d: %v", n, err)
		}
	}
	now.Advance(1)
	if _, err := m.Get(t.Context(), "5"); !fault.Is(err, fault.NotFound) {
		t.Errorf("value 5 at its end: %v", err)
	}
	if err := m.Set(t.Context(), "new", nil, time.Second); err != nil {
		t.Fatal(err)
	}
	// 1, 6 to 10 and the new one.
	if n := m.Len(); n != 7 {
		t.Errorf("memory holds %d values, want 7", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(clock.Real)
	m.Limit(10)
	if err := m.Set(t.Context(), "long", []byte("v"), 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if err := m.Set(t.Context(), fmt.Sprint(n), nil, time.Hour+time.Duration(n)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.Len(); n != 10 {
		t.Errorf("memory holds %d values, want 10", n)
	}
	for _, key := range []string{"long", "99", "91"} {
		if _, err := m.Get(t.Context(), key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
