package discord

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestLimiterKeepsToABucket(t *testing.T) {
	t.Parallel()
	for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeDiscord{limit: 5, window: 5 * time.Second, latency: latency}
				r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
				errs, ends := together(t.Context(), r, repeat(20, func(int) Request { return post(1, 7) }))
				none(t, errs)
				if f.refused != 0 {
					t.Errorf("%d requests came over the limit", f.refused)
				}
				if last := ends[19]; last < 15*time.Second || last > 17*time.Second {
					t.Errorf("twenty requests took %v", last)
				}
				for i := 1; i < len(ends); i++ {
					if ends[i] < ends[i-1] {
						t.Errorf("request %d ended before the one before it", i)
					}
				}
				// Another channel is another bucket.
				if errs, ends := together(t.Context(), r, []Request{post(1, 8)}); errs[0] != nil || ends[0] > latency {
					t.Errorf("another channel waits %v, %v", ends[0], errs[0])
				}
			})
		})
	}
}

func TestLimiterCountsWhatIsUnderWayInTheNextWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Answers take longer than the window lasts.
		f := &fakeDiscord{limit: 2, window: time.Second, latency: 3 * time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, GuildConcurrency: 100})
		errs, _ := together(t.Context(), r, repeat(12, func(int) Request { return post(1, 7) }))
		none(t, errs)
		if f.refused != 0 {
			t.Errorf("%d requests came over the limit", f.refused)
		}
	})
}

func TestLimiterSharesABucketBetweenRoutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{limit: 3, window: 10 * time.Second, bucket: func(r *http.Request) (string, string) { return "shared", r.URL.Path }}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
		errs, _ := together(t.Context(), r, repeat(12, func(i int) Request {
			if i%2 == 0 {
				return post(1, 7)
			}
			return get(1, 7)
		}))
		none(t, errs)
		// Two routes are probed before it is known that they are one.
		if f.refused > 0 {
			t.Errorf("%d requests came over the limit", f.refused)
		}
	})
}

func TestLimiterWithoutLimitsOnlyTriesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{latency: time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, GuildConcurrency: 1000})
		errs, ends := together(t.Context(), r, repeat(100, func(int) Request { return post(1, 7) }))
		none(t, errs)
		if ends[0] != time.Second || ends[99] != 2*time.Second || f.most != 99 {
			t.Errorf("the first took %v, the last %v, %d at once", ends[0], ends[99], f.most)
		}
	})
}

func TestLimiterCapsAGuild(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{latency: time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, GuildConcurrency: 4, GuildWaiting: 6})
		errs, ends := together(t.Context(), r, repeat(12, func(i int) Request { return get(1, 100+i) }))
		none(t, errs[:10])
		if f.most != 4 || ends[9] != 3*time.Second {
			t.Errorf("%d at once, the tenth took %v", f.most, ends[9])
		}
		for _, err := range errs[10:] {
			if !fault.Is(err, fault.DiscordRateLimited) {
				t.Errorf("more than may wait: %v", err)
			}
		}
		// The runtime itself has no such share.
		f.most = 0
		errs, _ = together(t.Context(), r, repeat(6, func(i int) Request { return get(0, 200+i) }))
		none(t, errs)
		if f.most != 6 {
			t.Errorf("%d of the runtime at once", f.most)
		}
	})
}

func TestLimiterKeepsToTheGlobalLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: 10})
		errs, ends := together(t.Context(), r, repeat(35, func(i int) Request { return get(1+i, 100+i) }))
		none(t, errs)
		if last := ends[34]; last != 3*time.Second {
			t.Errorf("the last took %v", last)
		}
		for i := 10; i < len(f.seen); i++ {
			if d := f.seen[i].at.Sub(f.seen[i-10].at); d < time.Second {
				t.Errorf("requests %d and %d are %v apart", i-10, i, d)
			}
		}
	})
}

func TestLimiterGivesEveryGuildItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: 10})
		reqs := repeat(300, func(i int) Request { return get(1, 100+i) })
		reqs = append(reqs, get(2, 1), get(3, 2), get(2, 3))
		errs, ends := together(t.Context(), r, reqs)
		none(t, errs)
		for i := 300; i < 303; i++ {
			if ends[i] > time.Second {
				t.Errorf("a quiet guild's request %d waits %v", i-300, ends[i])
			}
		}
		if ends[299] != 30*time.Second {
			t.Errorf("the busy guild's last took %v", ends[299])
		}
	})
}

func interactionCallback(guild int, token string) Request {
	return Request{
		Guild: snowflake.GuildID(guild), Method: http.MethodPost, Route: "/interactions/{interaction.id}/{interaction.token}/callback", //nolint:gosec // Small.
		Path: "/interactions/1/" + token + "/callback", Body: map[string]int{"type": 5},
	}
}

func TestLimiterLetsInteractionsPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{answer: func(n int, _ *http.Request) *http.Response {
			if n == 20 {
				return tooMany(30, true)
			}
			return nil
		}}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: 10})
		reqs := append(repeat(40, func(i int) Request { return get(1, 100+i) }), interactionCallback(2, "a"), interactionCallback(1, "b"))
		errs, ends := together(t.Context(), r, reqs)
		none(t, errs)
		if ends[40] != 0 || ends[41] != 0 {
			t.Errorf("interactions wait %v and %v", ends[40], ends[41])
		}
		if ends[39] < 30*time.Second {
			t.Errorf("a global 429 was not kept: the last took %v", ends[39])
		}
		for _, s := range f.seen {
			if strings.HasPrefix(s.path, "/api/v10/interactions") != (s.auth == "") {
				t.Errorf("%s was sent with %q", s.path, s.auth)
			}
		}
	})
}

func TestLimiterFailsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{limit: 2, window: 10 * time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
		errs, _ := together(t.Context(), r, repeat(2, func(int) Request { return post(1, 7) }))
		none(t, errs)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		errs, ends := together(ctx, r, []Request{post(1, 7)})
		wantLimited(t, errs[0], 10)
		if ends[0] != 0 {
			t.Errorf("it took %v to find out", ends[0])
		}
		if want := "Discord rate limited for POST /channels/{channel.id}/messages; try again in 10 s"; fault.From(errs[0]).Message != want {
			t.Errorf("got %q", fault.From(errs[0]).Message)
		}
		// The queue counts: these fill a window that opens in time, and the third
		// would have to wait for the one after.
		long, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		errs, _ = together(long, r, repeat(3, func(int) Request { return post(1, 7) }))
		none(t, errs[:2])
		wantLimited(t, errs[2], 20)
	})
}

func wantLimited(t *testing.T, err error, retryAfter float64) {
	t.Helper()
	f := fault.From(err)
	got, ok := f.Details["retryAfter"].(float64)
	if f.Code != fault.DiscordRateLimited || !ok || math.Abs(got-retryAfter) > 0.1 {
		t.Errorf("got %v with %v, want retryAfter %v", err, f.Details, retryAfter)
	}
}

func TestLimiterWaitersEndWithTheirContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{latency: 4 * time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, GuildConcurrency: 1})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.Do(t.Context(), get(1, 1)); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		timeout, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		canceled, giveUp := context.WithCancel(t.Context())
		wg.Go(func() {
			_, err := r.Do(timeout, get(1, 2)) // Waits for its guild's turn.
			if !fault.Is(err, fault.DiscordRateLimited) {
				t.Errorf("got %v", err)
			}
		})
		wg.Go(func() {
			_, err := r.Do(canceled, get(2, 1)) // Waits for the first answer of the bucket.
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		wg.Wait()
		// Nothing of them is left in the limiter.
		errs, _ := together(t.Context(), r, []Request{get(1, 1), get(1, 2)})
		none(t, errs)
		if n := len(r.limiter.guilds); n != 0 {
			t.Errorf("%d shares are left", n)
		}
		for _, b := range r.limiter.buckets {
			if b.inflight != 0 || len(b.waiters) != 0 {
				t.Errorf("bucket %+v", b)
			}
		}
	})
}

func TestLimiterObeys429(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer *http.Response
		other  time.Duration // How long another route waits.
	}{
		{"of a bucket", tooMany(3, false), 0},
		{"for all", tooMany(3, true), 3 * time.Second},
		{"for all, by header", response(429, `{"retry_after":3}`, "X-RateLimit-Global", "true"), 3 * time.Second},
		{"in front of Discord", response(429, `<html>`, "Retry-After", "3"), 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeDiscord{answer: func(n int, _ *http.Request) *http.Response {
					if n == 1 {
						return c.answer
					}
					return nil
				}}
				r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
				errs, ends := together(t.Context(), r, []Request{post(1, 7), get(2, 9)})
				none(t, errs)
				if ends[0] != 3*time.Second || ends[1] != c.other {
					t.Errorf("the refused request took %v, another %v", ends[0], ends[1])
				}
				if len(f.seen) != 3 {
					t.Errorf("%d requests", len(f.seen))
				}
			})
		})
	}
}

func TestLimiterTellsWaitersOfA429(t *testing.T) {
	t.Parallel()
	for _, global := range []bool{false, true} {
		t.Run(fmt.Sprint("global ", global), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeDiscord{latency: time.Second, answer: func(int, *http.Request) *http.Response { return tooMany(60, global) }}
				r := fakeREST(t, f, RESTConfig{GlobalLimit: -1, GuildConcurrency: 1})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				errs, ends := together(ctx, r, []Request{post(1, 7), post(1, 7), post(1, 7), get(1, 8)})
				for i, err := range errs[:3] {
					wantLimited(t, err, 60)
					if ends[i] != time.Second {
						t.Errorf("call %d ended after %v", i, ends[i])
					}
				}
				if global {
					wantLimited(t, errs[3], 60)
				}
			})
		})
	}
}

func TestLimiterGivesUpOnEndless429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{answer: func(int, *http.Request) *http.Response { return tooMany(0.5, false) }}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
		errs, _ := together(t.Context(), r, []Request{post(1, 7)})
		wantLimited(t, errs[0], 0.5)
		if len(f.seen) != maxRefused {
			t.Errorf("%d requests", len(f.seen))
		}
	})
}

func TestLimiterDoesNotStallOnAnswersWithoutHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := false
		f := &fakeDiscord{limit: 2, window: time.Second, answer: func(int, *http.Request) *http.Response {
			if bad {
				return response(502, `<html>bad gateway`)
			}
			return nil
		}}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
		errs, _ := together(t.Context(), r, []Request{post(1, 7)})
		none(t, errs)
		time.Sleep(5 * time.Second)
		bad = true
		errs, ends := together(t.Context(), r, repeat(6, func(int) Request { return post(1, 7) }))
		for i, err := range errs {
			if f := fault.From(err); f.Code != fault.DiscordHTTP || ends[i] > time.Second {
				t.Errorf("call %d: %v after %v", i, err, ends[i])
			}
		}
	})
}

func TestLimiterForgetsIdleBuckets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDiscord{limit: 5, window: time.Second}
		r := fakeREST(t, f, RESTConfig{GlobalLimit: -1})
		for i := range 5 * firstPrune {
			if _, err := r.Do(t.Context(), interactionCallback(1, strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				time.Sleep(time.Second)
			}
		}
		if n := len(r.limiter.buckets); n > 2*firstPrune {
			t.Errorf("%d buckets are kept", n)
		}
		if n := len(r.limiter.guilds); n != 0 {
			t.Errorf("%d shares are kept", n)
		}
	})
}
