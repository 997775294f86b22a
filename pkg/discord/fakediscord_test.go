package discord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diamondburned/arikawa/v3/utils/httputil/httpdriver"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// fakeDiscord answers requests in no time, or after latency, and keeps the
// limits that it is given. All of its time is the bubble's.
type fakeDiscord struct {
	httpdriver.Client
	latency time.Duration
	// limit is how many requests of a bucket go per window; 0 is no limit and no
	// headers.
	limit  int
	window time.Duration
	bucket func(*http.Request) (name, key string)
	// answer replaces the answer of the nth request.
	answer func(n int, r *http.Request) *http.Response

	mu       sync.Mutex
	seen     []seenRequest
	now      int // Requests under way.
	most     int
	refused  int
	windows  map[string]*fakeWindow
	sequence int
}

type seenRequest struct {
	at   time.Time
	path string
	auth string
}

type fakeWindow struct {
	left  int
	reset time.Time
}

func (f *fakeDiscord) Do(req httpdriver.Request) (httpdriver.Response, error) {
	std, ok := req.(*httpdriver.DefaultRequest)
	if !ok {
		return nil, errors.New("not a request")
	}
	r := (*http.Request)(std)
	f.mu.Lock()
	f.sequence++
	n := f.sequence
	f.now++
	f.most = max(f.most, f.now)
	f.seen = append(f.seen, seenRequest{time.Now(), r.URL.Path, r.Header.Get("Authorization")})
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	if !clock.Sleep(r.Context(), clock.Real, f.latency/2) {
		return nil, r.Context().Err()
	}
	resp := f.serve(n, r)
	if !clock.Sleep(r.Context(), clock.Real, f.latency-f.latency/2) {
		return nil, r.Context().Err()
	}
	return (*httpdriver.DefaultResponse)(resp), nil
}

func response(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func tooMany(seconds float64, global bool) *http.Response {
	return response(429, fmt.Sprintf(`{"message":"You are being rate limited.","retry_after":%v,"global":%v}`, seconds, global))
}

func (f *fakeDiscord) serve(n int, r *http.Request) *http.Response {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answer != nil {
		if resp := f.answer(n, r); resp != nil {
			return resp
		}
	}
	if f.limit == 0 {
		return response(200, `{}`)
	}
	name, key := "bucket", r.URL.Path
	if f.bucket != nil {
		name, key = f.bucket(r)
	}
	w := f.windows[key]
	now := time.Now()
	if w == nil || !now.Before(w.reset) {
		w = &fakeWindow{f.limit, now.Add(f.window)}
		f.windows[key] = w
	}
	after := w.reset.Sub(now).Seconds()
	if w.left == 0 {
		f.refused++
		return tooMany(math.Ceil(after*1000)/1000, false)
	}
	w.left--
	return response(200, `{}`, "X-RateLimit-Bucket", name, "X-RateLimit-Limit", strconv.Itoa(f.limit),
		"X-RateLimit-Remaining", strconv.Itoa(w.left), "X-RateLimit-Reset-After", strconv.FormatFloat(math.Ceil(after*1000)/1000, 'f', 3, 64))
}

func fakeREST(t *testing.T, f *fakeDiscord, cfg RESTConfig) *REST {
	t.Helper()
	f.Client = httpdriver.NewClient()
	f.windows = map[string]*fakeWindow{}
	cfg.Base, cfg.Token, cfg.Driver = "http://discord.test/api/v10", "tok3n", f
	r, err := NewREST(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// get is a request of the guild in the channel.
func get(guild, channel int) Request {
	return Request{
		Guild: snowflake.GuildID(guild), Method: http.MethodGet, Route: "/channels/{channel.id}/messages", Path: fmt.Sprintf("/channels/%d/messages", channel), //nolint:gosec // Small.
	}
}

func post(guild, channel int) Request {
	r := get(guild, channel)
	r.Method, r.Body = http.MethodPost, map[string]string{"content": "x"}
	return r
}

// together makes the calls at once and gives their errors and when they ended,
// counted from now.
func together(ctx context.Context, r *REST, reqs []Request) (errs []error, ends []time.Duration) {
	start := time.Now()
	errs, ends = make([]error, len(reqs)), make([]time.Duration, len(reqs))
	var wg sync.WaitGroup
	for i, req := range reqs {
		wg.Go(func() {
			_, errs[i] = r.Do(ctx, req)
			ends[i] = time.Since(start)
		})
		synctest.Wait() // In this order.
	}
	wg.Wait()
	return errs, ends
}

func none(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}

func repeat(n int, f func(i int) Request) []Request {
	out := make([]Request, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}
