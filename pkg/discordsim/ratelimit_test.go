package discordsim_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// limited is a world with rate limits and a clock of its own.
func limited(t *testing.T) (*world, *fakeClock) {
	t.Helper()
	clock := newFakeClock()
	return newWorld(t, discordsim.Config{Now: clock.Now}), clock
}

func (w *world) send(channel string) (*http.Response, object) {
	w.t.Helper()
	resp, body := w.request("POST", w.base+"/api/v10/channels/"+channel+"/messages", object{"content": "x"}, "Authorization", "Bot x")
	return resp, w.decode(body)
}

func TestRateLimitOfARoute(t *testing.T) {
	t.Parallel()
	w, clock := limited(t)
	reset := strconv.FormatInt(clock.Now().Add(5*time.Second).Unix(), 10) + ".000"
	for left := 4; left >= 0; left-- {
		resp, _ := w.send(w.channel)
		h := resp.Header
		if resp.StatusCode != 200 || h.Get("X-RateLimit-Limit") != "5" || h.Get("X-RateLimit-Remaining") != strconv.Itoa(left) ||
			h.Get("X-RateLimit-Reset") != reset || h.Get("X-RateLimit-Reset-After") != "5.000" || h.Get("X-RateLimit-Bucket") == "" {
			t.Fatalf("%d left: %d %v", left, resp.StatusCode, h)
		}
	}
	clock.Advance(1500 * time.Millisecond)
	resp, body := w.send(w.channel)
	h := resp.Header
	if resp.StatusCode != 429 || h.Get("Retry-After") != "4" || h.Get("X-RateLimit-Scope") != "user" || h.Get("X-RateLimit-Reset-After") != "3.500" {
		t.Errorf("over the limit: %d %v", resp.StatusCode, h)
	}
	if body["message"] != "You are being rate limited." || body["retry_after"] != 3.5 || body["global"] != false {
		t.Errorf("body: %v", body)
	}
	if n := len(w.list(w.inChannel("/messages"))); n != 5 {
		t.Errorf("%d messages are there, want 5", n)
	}
	clock.Advance(3500 * time.Millisecond)
	if resp, _ := w.send(w.channel); resp.StatusCode != 200 {
		t.Errorf("after the reset: %d", resp.StatusCode)
	}
}

func TestRateLimitsAreKeptApart(t *testing.T) {
	t.Parallel()
	w, clock := limited(t)
	other := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "other"})["id"])
	for range 5 {
		w.send(w.channel)
	}
	if resp, _ := w.send(w.channel); resp.StatusCode != 429 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	first, _ := w.send(w.channel)
	resp, _ := w.send(other)
	if resp.StatusCode != 200 || resp.Header.Get("X-RateLimit-Bucket") != first.Header.Get("X-RateLimit-Bucket") {
		t.Errorf("another channel has a bucket of its own under the same name: %d %v", resp.StatusCode, resp.Header)
	}
	id := w.say("alice", "x")
	reaction := w.inChannel("/messages/" + id + "/reactions/")
	w.must(204, "PUT", reaction+"%F0%9F%91%8D/@me", nil)
	w.refusedForNow("DELETE", reaction+"%F0%9F%91%8D/@me", nil) // Reactions share one bucket.
	clock.Advance(250 * time.Millisecond)
	w.must(204, "DELETE", reaction+"%F0%9F%91%8D/@me", nil)
}

func (w *world) refusedForNow(method, path string, body any) object {
	w.t.Helper()
	return w.must(429, method, path, body)
}

func TestGlobalRateLimit(t *testing.T) {
	t.Parallel()
	w, clock := limited(t)
	users := []string{w.users["alice"], w.users["bob"]}
	for n := range 50 {
		clock.Advance(time.Millisecond)
		w.must(200, "GET", "/users/"+users[n%2], nil)
	}
	resp, body := w.request("GET", w.base+"/api/v10/users/"+w.users["carol"], nil, "Authorization", "Bot x")
	if resp.StatusCode != 429 || resp.Header.Get("X-RateLimit-Global") != "true" || resp.Header.Get("X-RateLimit-Scope") != "global" || w.decode(body)["global"] != true {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
	w.refused(404, 10062, "POST", "/interactions/7/x/callback", object{"type": 5}) // Interactions are outside it.
	clock.Advance(time.Second)
	w.must(200, "GET", "/users/@me", nil)
}

func TestNoRateLimits(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for range 60 {
		resp, _ := w.send(w.channel)
		if resp.StatusCode != 200 || resp.Header.Get("X-RateLimit-Limit") != "" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
	}
}
