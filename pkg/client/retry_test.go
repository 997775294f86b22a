package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// breaks ends the connection without an answer.
func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"message":"no"}`)
	}
}

// half sends a part of an answer.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"entry":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func fine(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"entry":"main.ts"}`)
}

func TestRetries(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *Client) error { _, err := c.Deployment(ctx, guild); return err }
	deploy := func(ctx context.Context, c *Client) error {
		_, err := c.Deploy(ctx, guild, DeployRequest{Entry: "main.ts"})
		return err
	}
	set := func(ctx context.Context, c *Client) error { return c.Set(ctx, guild, "s", "k", "v", SetOptions{}) }
	health := func(ctx context.Context, c *Client) error { _, err := c.Health(ctx); return err }
	rows := map[string]struct {
		call     func(ctx context.Context, c *Client) error
		answers  []http.HandlerFunc // The last one again and again.
		attempts int
		ok       bool
	}{
		"a connection that breaks": {get, []http.HandlerFunc{breaks, half, fine}, 3, true},
		"a deployment":             {deploy, []http.HandlerFunc{breaks, status(502), half, status(503), status(504), fine}, 6, true},
		"busy":                     {deploy, []http.HandlerFunc{status(429, "Retry-After", "1"), status(425), status(408), fine}, 4, true},
		"refused":                  {deploy, []http.HandlerFunc{status(400)}, 1, false},
		"forbidden":                {get, []http.HandlerFunc{breaks, status(403)}, 2, false},
		"a fault of the server":    {deploy, []http.HandlerFunc{status(500)}, 1, false},
		"a redirect":               {get, []http.HandlerFunc{status(302, "Location", "/elsewhere")}, 1, false},
		"what may not be repeated": {set, []http.HandlerFunc{breaks}, 1, false},
		"a probe":                  {health, []http.HandlerFunc{status(503)}, 1, false},
		"too long a wait":          {get, []http.HandlerFunc{status(429, "Retry-After", "3600")}, 1, false},
		"another kind of server":   {get, []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }}, 1, false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var keys []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				n := len(keys)
				keys = append(keys, r.Header.Get("Idempotency-Key"))
				mu.Unlock()
				row.answers[min(n, len(row.answers)-1)](w, r)
			}))
			t.Cleanup(s.Close)
			told := 0
			c, err := New(Config{BaseURL: s.URL, Patience: time.Minute, Retrying: func(err error, _ time.Duration) {
				if err == nil {
					t.Error("no reason is told")
				}
				told++
			}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := row.call(ctx, c); (err == nil) != row.ok {
				t.Errorf("got %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(keys) != row.attempts || told != row.attempts-1 {
				t.Errorf("%d attempts, %d told of, want %d", len(keys), told, row.attempts)
			}
			for _, k := range keys {
				if k != keys[0] {
					t.Errorf("the attempts of one call have the keys %q", keys)
				}
			}
		})
	}
}

// TestRetriesEnd: by the patience, and by the caller.
func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(breaks))
	t.Cleanup(s.Close)
	c, err := New(Config{BaseURL: s.URL, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Deployment(t.Context(), guild); err == nil {
		t.Error("it went well")
	} else if _, ok := errors.AsType[*NetworkError](err); !ok {
		t.Errorf("got %v, want what the last attempt got", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.retryFor, c.retrying = time.Hour, func(error, time.Duration) { cancel() }
	if _, err := c.Deployment(ctx, guild); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after the caller went", err)
	}
}

// TestKeysDiffer: two deployments are two.
func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	var keys []string
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		fine(w, r)
	})
	for _, key := range []string{"", "", "mine"} {
		if _, err := c.Deploy(t.Context(), guild, DeployRequest{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if keys[0] == "" || keys[0] == keys[1] {
		t.Errorf("keys %q", keys)
	}
	if diff := cmp.Diff("mine", keys[2]); diff != "" {
		t.Error(diff)
	}
}
