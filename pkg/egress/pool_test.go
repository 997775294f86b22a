package egress_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Connections that nobody waits for any more are still being made for a while: a
// script that starts and aborts requests gathers no heap of them.
func TestAbortedRequestsGatherNoConnections(t *testing.T) {
	t.Parallel()
	var open, most atomic.Int64
	dialling := make(chan struct{}, 1000)
	end := make(chan struct{})
	w := newWorld(t, func(c *egress.Config) {
		c.Limits.Concurrency = 4
		c.Dial = func(context.Context, string, string) (net.Conn, error) {
			if n := open.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer open.Add(-1)
			dialling <- struct{}{}
			<-end
			return nil, errors.New("ended")
		}
	})
	refused := 0
	for i := range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		done := make(chan error, 1)
		go func() {
			_, err := w.client.Do(ctx, guildA, egress.Request{URL: fmt.Sprintf("http://93.184.216.34:%d/", 8000+i)})
			done <- err
		}()
		select {
		case <-dialling:
			cancel()
			if err := <-done; err == nil {
				t.Error("a request that was given up has an answer")
			}
		case err := <-done:
			if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code != "EBUDGET" {
				t.Fatal(err)
			}
			refused++
		}
		cancel()
	}
	close(end)
	if n := most.Load(); n > 16 || refused != 100-int(n) {
		t.Errorf("%d connections were being made at once, %d requests refused", n, refused)
	}
	// When they have ended, there is room again.
	for until := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := w.client.Do(ctx, guildA, egress.Request{URL: "http://93.184.216.34/"})
		cancel()
		if f, ok := errors.AsType[*egress.Failure](err); ok && f.Code == "ENETWORK" {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("there is no room again: %v", err)
		}
	}
}

// Many guilds whose servers never answer leave connections for one more.
func TestManyGuildsLeaveRoomForOneMore(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	arrived := make(chan struct{}, 10_000)
	w := newWorld(t, func(c *egress.Config) {
		c.Dial = func(ctx context.Context, _, address string) (net.Conn, error) {
			if address == "93.184.216.35:80" {
				return nil, errors.New("no server")
			}
			arrived <- struct{}{}
			<-held
			return nil, errors.New("ended")
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	var crowded atomic.Int64
	for guild := range 200 {
		for range egress.DefaultLimits().Concurrency {
			all.Go(func() {
				_, err := w.client.Do(ctx, snowflake.GuildID(guild+1), egress.Request{URL: "http://93.184.216.34/"}) //nolint:gosec // Small.
				if f, ok := errors.AsType[*egress.Failure](err); ok && f.Code == "EBUDGET" {
					crowded.Add(1)
					arrived <- struct{}{}
				}
			})
		}
	}
	for range 200 * egress.DefaultLimits().Concurrency {
		<-arrived
	}
	if crowded.Load() == 0 {
		t.Error("all got all that they wanted")
	}
	_, err := w.client.Do(ctx, guildA, egress.Request{Method: http.MethodGet, URL: "http://93.184.216.35/"})
	if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code == "EBUDGET" {
		t.Errorf("there is no connection left for one more: %v", err)
	}
	cancel()
	close(held)
	all.Wait()
}
