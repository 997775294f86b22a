package discord

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestBrake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		forbidden := true
		f := &fakeDiscord{answer: func(int, *http.Request) *http.Response {
			if forbidden {
				return response(403, `{"message":"Missing Access","code":50001}`)
			}
			return response(200, `{}`)
		}}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, InvalidLimit: 1000})
		storm := func(guild, n int) (sent int) {
			before := len(f.seen)
			for range n {
				_, _ = r.Do(t.Context(), get(guild, guild)) // Counted below.
			}
			return len(f.seen) - before
		}
		if n := storm(1, 100); n != 30 {
			t.Errorf("the first guild was let through %d times", n)
		}
		_, err := r.Do(t.Context(), get(1, 1))
		if f := fault.From(err); f.Code != fault.DiscordRateLimited || f.RetryAfter <= 0 || !strings.Contains(f.Message, "this guild's requests") {
			t.Errorf("got %v", err)
		}
		if _, err := r.Do(t.Context(), get(2, 2)); !fault.Is(err, fault.DiscordHTTP) {
			t.Errorf("another guild: %v", err)
		}
		for g := 10; g < 60; g++ {
			storm(g, 30)
		}
		if n := storm(100, 30); n != 2 {
			t.Errorf("past half of the budget a guild was let through %d times", n)
		}
		for g := 1000; g < 1500; g++ {
			storm(g, 2)
		}
		_, err = r.Do(t.Context(), get(5000, 1))
		if !fault.Is(err, fault.DiscordRateLimited) || len(f.seen) > 900 {
			t.Errorf("after %d requests: %v", len(f.seen), err)
		}
		time.Sleep(11 * time.Minute)
		forbidden = false
		if _, err := r.Do(t.Context(), get(1, 1)); err != nil {
			t.Errorf("ten minutes later: %v", err)
		}
	})
}
