package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guild snowflake.GuildID = 100000000000000001

// against makes a client of a server that answers by the handler.
func against(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Config{BaseURL: s.URL, Token: "flora_t0ken", UserAgent: "flora-test/1", Patience: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seen is what a server got.
type seen struct {
	Method, URI, Source string
	Body                string
}

func TestCalls(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 5, 6, 7, 8, 9, 0, time.UTC)
	bundle, expires := "on('ready', () => {})", int64(5)
	const g = "100000000000000001"
	rows := map[string]struct {
		answer string
		call   func(ctx context.Context, c *Client) (any, error)
		seen   seen
		want   any
	}{
		"health": {"ok", func(ctx context.Context, c *Client) (any, error) { return c.Health(ctx) }, seen{Method: "GET", URI: "/api/health"}, "ok"},
		"me": {
			`{"user":{"id":"7","username":"ada","global_name":null,"avatar":null}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Me(ctx) },
			seen{Method: "GET", URI: "/api/auth/me"}, User{ID: "7", Username: "ada"},
		},
		"deploy files": {
			`{"guild_id":"` + g + `","entry":"src/main.ts","revision_id":"r1","created_at":"2025-05-06T07:08:09+00:00","updated_at":"2025-05-06T07:08:09+00:00","warnings":["w"]}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Deploy(ctx, guild, DeployRequest{Entry: "src/main.ts", Files: []File{{"src/main.ts", "x"}}, Source: "cli"})
			},
			seen{"POST", "/api/deployments/" + g, "cli", `{"entry":"src/main.ts","files":[{"path":"src/main.ts","contents":"x"}]}`},
			Deployment{Guild: guild, Entry: "src/main.ts", RevisionID: "r1", CreatedAt: at, UpdatedAt: at, Warnings: []string{"w"}},
		},
		"deploy a bundle": {
			`{"guild_id":"` + g + `","entry":"main.ts"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Deploy(ctx, guild, DeployRequest{Entry: "main.ts", Bundle: &bundle, SourceMap: &File{"b.js.map", "{}"}})
			},
			seen{"POST", "/api/deployments/" + g, "", `{"entry":"main.ts","bundle":"on('ready', () =\u003e {})","source_map":{"path":"b.js.map","contents":"{}"}}`},
			Deployment{Guild: guild, Entry: "main.ts"},
		},
		"deployment": {
			`{"guild_id":"` + g + `","entry":"main.ts","files":[{"path":"main.ts","contents":"x"}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Deployment(ctx, guild) },
			seen{Method: "GET", URI: "/api/deployments/" + g}, Deployment{Guild: guild, Entry: "main.ts", Files: []File{{"main.ts", "x"}}},
		},
		"deployments": {
			`[{"guild_id":"` + g + `","entry":"main.ts","created_at":"2025-05-06T07:08:09+00:00","updated_at":"2025-05-06T07:08:09+00:00"}]`,
			func(ctx context.Context, c *Client) (any, error) { return c.Deployments(ctx) },
			seen{Method: "GET", URI: "/api/deployments"}, []Deployment{{Guild: guild, Entry: "main.ts", CreatedAt: at, UpdatedAt: at}},
		},
		"logs": {
			`[{"id":3,"timestamp":5,"level":"info","target":"flora:js","guild_id":"` + g + `","message":"hi"}]`,
			func(ctx context.Context, c *Client) (any, error) { return c.Logs(ctx, guild, 10, "") },
			seen{Method: "GET", URI: "/api/logs/" + g + "?limit=10"},
			[]LogEntry{{ID: 3, Timestamp: 5, Level: "info", Target: "flora:js", Guild: g, Message: "hi"}},
		},
		"create a store": {
			`{"store":{"id":"u","guild_id":"` + g + `","store_name":"n","created_at":"2025-05-06T07:08:09Z","updated_at":"2025-05-06T07:08:09Z"}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.CreateStore(ctx, guild, "n") },
			seen{Method: "POST", URI: "/api/kv/stores", Body: `{"guild_id":"` + g + `","store_name":"n"}`},
			Store{ID: "u", Guild: guild, Name: "n", CreatedAt: at, UpdatedAt: at},
		},
		"stores": {
			`[]`, func(ctx context.Context, c *Client) (any, error) { return c.Stores(ctx, guild) },
			seen{Method: "GET", URI: "/api/kv/stores?guild_id=" + g}, []Store{},
		},
		"delete a store": {
			"", func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteStore(ctx, guild, "a b") },
			seen{Method: "DELETE", URI: "/api/kv/stores/" + g + "/a%20b"}, nil,
		},
		"get a value": {
			`{"value":"v","version":7}`,
			func(ctx context.Context, c *Client) (any, error) {
				v, ok, err := c.Get(ctx, guild, "s", "a/b?c#d%é")
				return []any{v, ok}, err
			},
			seen{Method: "GET", URI: "/api/kv/" + g + "/s/a%2Fb%3Fc%23d%25%C3%A9"}, []any{Entry{Value: "v", Version: 7}, true},
		},
		"get nothing": {
			`{"value":null}`,
			func(ctx context.Context, c *Client) (any, error) {
				v, ok, err := c.Get(ctx, guild, "s", "..")
				return []any{v, ok}, err
			},
			seen{Method: "GET", URI: "/api/kv/" + g + "/s/%2E%2E"}, []any{Entry{}, false},
		},
		"set a value": {
			`{"success":true}`,
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.Set(ctx, guild, "s", "k", "v", SetOptions{Expiration: &expires, Metadata: json.RawMessage(`{"a":1}`)})
			},
			seen{Method: "PUT", URI: "/api/kv/" + g + "/s/k", Body: `{"value":"v","expiration":5,"metadata":{"a":1}}`}, nil,
		},
		"set a plain value": {
			`{"success":true}`,
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.Set(ctx, guild, "s", "k", "", SetOptions{})
			},
			seen{Method: "PUT", URI: "/api/kv/" + g + "/s/k", Body: `{"value":""}`}, nil,
		},
		"delete a key": {
			"", func(ctx context.Context, c *Client) (any, error) { return nil, c.Delete(ctx, guild, "s", ".") },
			seen{Method: "DELETE", URI: "/api/kv/" + g + "/s/%2E"}, nil,
		},
		"keys": {
			`{"keys":[{"name":"k","expiration":5,"metadata":{"a":1}}],"listComplete":false,"list_complete":false,"cursor":"k"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Keys(ctx, guild, "s", ListOptions{Prefix: "p&", Cursor: "c", Limit: 1})
			},
			seen{Method: "GET", URI: "/api/kv/" + g + "/s?cursor=c&limit=1&prefix=p%26"},
			Page{Keys: []Key{{Name: "k", Expiration: 5, Metadata: json.RawMessage(`{"a":1}`)}}, Cursor: "k"},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got seen
			c := against(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = seen{r.Method, r.RequestURI, r.Header.Get("x-flora-deploy-source"), string(body)}
				if r.Header.Get("Authorization") != "Bearer flora_t0ken" || r.Header.Get("User-Agent") != "flora-test/1" {
					t.Errorf("headers: %v", r.Header)
				}
				if kind := r.Header.Get("Content-Type"); (len(body) > 0) != (kind == "application/json") {
					t.Errorf("content type %q", kind)
				}
				_, _ = io.WriteString(w, row.answer)
			})
			result, err := row.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.seen, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.want, result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		status int
		header string
		body   string
		want   Error
	}{
		"the API's":            {400, "", `{"message":"build failed: x","code":"build_failed","request_id":"q"}`, Error{Status: 400, Code: "build_failed", Message: "build failed: x", RequestID: "q"}},
		"a limit":              {429, "7", `{"message":"slow down","code":"rate_limited"}`, Error{Status: 429, Code: "rate_limited", Message: "slow down", RetryAfter: 7 * time.Second}},
		"a limit without end":  {429, "99999999999", `{"message":"slow down"}`, Error{Status: 429, Message: "slow down", RetryAfter: time.Hour}},
		"the original's":       {404, "", `{"message":"Resource not found: x"}`, Error{Status: 404, Message: "Resource not found: x"}},
		"a proxy's page":       {502, "", "<html>Bad gateway</html>", Error{Status: 502, Message: "the server answers 502 Bad Gateway"}},
		"an empty body":        {500, "", "", Error{Status: 500, Message: "the server answers 500 Internal Server Error"}},
		"a body without end":   {500, "", strings.Repeat("x", errorAnswer+10), Error{Status: 500, Message: "the server answers 500 Internal Server Error"}},
		"no status we know of": {599, "-1", `[]`, Error{Status: 599, Message: "the server answers 599 "}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := against(t, func(w http.ResponseWriter, _ *http.Request) {
				if row.header != "" {
					w.Header().Set("Retry-After", row.header)
				}
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body)
			})
			_, err := c.Deployments(t.Context())
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(row.want, *e); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadServers(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"another page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "does not answer like Flora's API"},
		"a redirect": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://flora.example.org/api/deployments?secret=1", http.StatusTemporaryRedirect)
			},
			"the server redirects to https://flora.example.org/api/deployments; ",
		},
		"an answer without end": {
			func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `[{"entry":"`+strings.Repeat("x", smallAnswer)+`"}]`)
			},
			fmt.Sprintf("has more than %d bytes", smallAnswer),
		},
		"half an answer": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(w, `[`)
			},
			"cannot reach",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := against(t, row.answer).Deployments(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	address := s.URL
	s.Close()
	c, err := New(Config{BaseURL: address})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Health(t.Context())
	if e, ok := errors.AsType[*NetworkError](err); !ok || e.URL != address+"/api" {
		t.Errorf("got %v", err)
	}
	waiting := make(chan struct{})
	c = against(t, func(_ http.ResponseWriter, r *http.Request) {
		close(waiting)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-waiting
		cancel()
	}()
	if _, err = c.Health(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		"http://127.0.0.1:3000":         "http://127.0.0.1:3000/api",
		"http://127.0.0.1:3000/":        "http://127.0.0.1:3000/api",
		"https://Flora.Example.org/api": "https://flora.example.org/api",
		"https://x/a/api/":              "https://x/a/api",
		"":                              "",
		"127.0.0.1:3000":                "",
		"localhost:3000":                "",
		"ftp://x":                       "",
		"http://":                       "",
		"http://user:pass@x":            "",
		"http://x/api?y=1":              "",
		"http://x/api#y":                "",
		"http://[::1":                   "",
	}
	for in, want := range rows {
		got, err := Address(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v", in, got, err)
		}
	}
	for _, token := range []string{"a b", "a\nb", "é"} {
		if _, err := New(Config{BaseURL: "http://x", Token: token}); err == nil {
			t.Errorf("the token %q is taken", token)
		}
	}
}
