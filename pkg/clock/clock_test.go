package clock_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestFakeFiresInOrderAtItsOwnTime(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(start)
	var got []string
	note := func(name string) func() {
		return func() { got = append(got, name+" "+c.Now().Sub(start).String()) }
	}
	c.AfterFunc(3*time.Second, note("third"))
	c.AfterFunc(time.Second, func() {
		note("first")()
		c.AfterFunc(time.Second, note("nested"))
	})
	c.AfterFunc(2*time.Second, note("second"))
	stopped := c.AfterFunc(time.Second, note("stopped"))
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop must report exactly once that it stopped the timer")
	}
	c.Advance(10 * time.Second)
	want := []string{"first 1s", "second 2s", "nested 2s", "third 3s"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("fired (-got +want):\n%s", diff)
	}
	if now := c.Now(); !now.Equal(start.Add(10 * time.Second)) {
		t.Errorf("the clock shows %s", now)
	}
}

func TestFakeTimerAndTicker(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(start)
	timer := c.NewTimer(time.Second)
	ticker := c.NewTicker(2 * time.Second)
	c.Advance(time.Second)
	if got := <-timer.C; !got.Equal(start.Add(time.Second)) {
		t.Errorf("the timer sent %s", got)
	}
	if timer.Reset(time.Second) {
		t.Error("Reset reported a fired timer as pending")
	}
	c.Advance(5 * time.Second)
	if got := <-timer.C; !got.Equal(start.Add(2 * time.Second)) {
		t.Errorf("the timer sent %s after its reset", got)
	}
	if got := <-ticker.C; !got.Equal(start.Add(2 * time.Second)) {
		t.Errorf("the ticker sent %s first; a tick nobody took must be the oldest", got)
	}
	ticker.Stop()
	c.Advance(time.Minute)
	select {
	case at := <-ticker.C:
		t.Errorf("a stopped ticker sent %s", at)
	default:
	}
}

func TestFakeWaitPending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c := clock.NewFake(start)
	woken := make(chan time.Time)
	go func() { woken <- <-c.NewTimer(time.Hour).C }()
	if err := c.WaitPending(ctx, 1); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Hour)
	if got := <-woken; !got.Equal(start.Add(time.Hour)) {
		t.Errorf("woken at %s", got)
	}
	ended, end := context.WithCancel(ctx)
	end()
	if err := c.WaitPending(ended, 1); err == nil {
		t.Error("WaitPending returned without a pending timer")
	}
}

func TestRealClock(t *testing.T) {
	t.Parallel()
	before := time.Now()
	if now := clock.Real.Now(); now.Before(before) {
		t.Errorf("%s is before %s", now, before)
	}
	called := make(chan struct{})
	clock.Real.AfterFunc(time.Millisecond, func() { close(called) })
	ticker := clock.Real.NewTicker(time.Millisecond)
	defer ticker.Stop()
	timer := clock.Real.NewTimer(time.Hour)
	if !timer.Reset(time.Millisecond) {
		t.Error("Reset reported a pending timer as fired")
	}
	<-timer.C
	<-ticker.C
	<-called
	if timer.Stop() {
		t.Error("Stop reported a fired timer as pending")
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Unix(0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan bool, 1)
	sleep := func() { slept <- clock.Sleep(ctx, c, time.Second) }
	go sleep()
	if err := c.WaitPending(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Second)
	if !<-slept {
		t.Error("it says that the context ended")
	}
	go sleep()
	if err := c.WaitPending(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	if <-slept {
		t.Error("it says that the time passed")
	}
	if clock.Sleep(ctx, c, 0) || !clock.Sleep(t.Context(), c, -1) {
		t.Error("a time that is over does not tell whether the context ended")
	}
}
