package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestProbes(t *testing.T) {
	t.Parallel()
	var rows []scenario
	for _, path := range []string{"/api/health", "/api/health/", "/livez", "/readyz", "/api/livez", "/api/readyz", "/health"} {
		rows = append(rows,
			scenario{name: "GET " + path, method: "GET", url: path, status: 200, want: []string{"ok"}, wantHeader: map[string]string{"Content-Type": "text/plain; charset=UTF-8"}, shared: true},
			scenario{shared: true, name: "HEAD " + path, method: "HEAD", url: path, status: 200})
	}
	run(t, rows)
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) {
		c.Ready = func() error { return fault.New(fault.Unavailable, "the gateway is not connected") }
	})
	res := e.do("", "GET", "/readyz", "", nil)
	if got := text(t, res); res.StatusCode != 503 || !strings.Contains(got, "not ready: the gateway is not connected") {
		t.Errorf("status %d: %s", res.StatusCode, got)
	}
	if res := e.do("", "HEAD", "/readyz", "", nil); res.StatusCode != 503 {
		t.Errorf("HEAD: status %d", res.StatusCode)
	}
	if res := e.do("", "GET", "/livez", "", nil); res.StatusCode != 200 {
		t.Errorf("livez: status %d", res.StatusCode)
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	noRoute := []string{`"code":"not_found"`, "there is no such route"}
	run(t, []scenario{
		{name: "unknown under /api", method: "GET", url: "/api/nothing", status: 404, want: noRoute, wantHeader: map[string]string{"Content-Type": "application/json"}, shared: true},
		{name: "/api itself", method: "GET", url: "/api", status: 404, want: noRoute, shared: true},
		{name: "/api/", method: "GET", url: "/api/", status: 404, want: noRoute, shared: true},
		{name: "the root", method: "GET", url: "/", status: 404, want: noRoute, shared: true},
		{name: "unknown elsewhere", method: "POST", url: "/x", body: "{}", status: 404, want: noRoute, shared: true},
		{name: "dots", method: "GET", url: "/api/deployments/%2e%2e/x", as: "admin", status: 404, want: noRoute, shared: true},
		{name: "another method", method: "PUT", url: "/api/deployments/100000000000000001", status: 405, want: []string{`"code":"method_not_allowed"`}, wantHeader: map[string]string{"Allow": "OPTIONS, DELETE, GET, POST"}, shared: true},
		{name: "another method of a probe", method: "POST", url: "/livez", status: 405, wantHeader: map[string]string{"Allow": "OPTIONS, GET, HEAD"}, shared: true},
		{name: "no headers to sniff", method: "GET", url: "/api/health", status: 200, wantHeader: map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}, shared: true},
	})
}

func TestMeAndLimits(t *testing.T) {
	t.Parallel()
	run(t, []scenario{
		{name: "me without credentials", method: "GET", url: "/api/auth/me", status: 401, shared: true},
		{name: "me", as: "admin", method: "GET", url: "/api/auth/me", status: 200, want: []string{`{"user":{"id":"1","username":"user1","global_name":null,"avatar":null}}`}, shared: true},
		{name: "limits without credentials", method: "GET", url: "/api/limits", status: 401, shared: true},
		{name: "limits", as: "reader", method: "GET", url: "/api/limits", status: 200, want: []string{`"files":200`, `"value_bytes":1048576`, `"body_bytes":33554432`}, shared: true},
	})
}

func TestTypes(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	if res := e.do("", "GET", "/api/types", "", nil); res.StatusCode != 401 {
		t.Errorf("without credentials: status %d", res.StatusCode)
	}
	res := e.do("reader", "GET", "/api/types", "", nil)
	if got := text(t, res); res.StatusCode != 200 || got != "declare const x: 1;\n" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %v %q", res.StatusCode, res.Header, got)
	}
	tag := res.Header.Get("ETag")
	for known, want := range map[string]int{tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, "": 200} {
		if res := e.do("reader", "GET", "/api/types", "", map[string]string{"If-None-Match": known}); res.StatusCode != want || res.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %q: status %d, want %d", known, res.StatusCode, want)
		}
	}
}

func TestCallersAreLimited(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) {
		c.Limits.Requests = api.Rate{PerSecond: 0.01, Burst: 2}
		c.Limits.Strangers = api.Rate{PerSecond: 0.01, Burst: 3}
	})
	status := func(as, url string) int { return e.do(as, "GET", url, "", nil).StatusCode }
	for i, want := range []int{200, 200, 429} {
		if got := status("admin", "/api/auth/me"); got != want {
			t.Errorf("request %d: status %d, want %d", i, got, want)
		}
	}
	if got := status("neighbour", "/api/auth/me"); got != 200 {
		t.Errorf("another caller: status %d", got)
	}
	for i, want := range []int{401, 401, 401, 429} {
		if got := status("guess", "/api/auth/me"); got != want {
			t.Errorf("guess %d: status %d, want %d", i, got, want)
		}
	}
	for range 20 {
		if got := status("", "/livez"); got != 200 {
			t.Fatalf("probe: status %d", got)
		}
	}
}

// TestAStoreThatIsAwayIsNoWrongGuess: callers who cannot be known for now are no
// strangers.
func TestAStoreThatIsAwayIsNoWrongGuess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.Strangers = api.Rate{PerSecond: 0.01, Burst: 3} })
	store, ok := e.deployments.(io.Closer)
	if !ok {
		t.Fatal("the store cannot be closed")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if got := e.do("admin", "GET", "/api/auth/me", "", nil).StatusCode; got != 503 {
			t.Errorf("request %d: status %d, want 503", i, got)
		}
	}
}

func TestNothingIsReadOfAStrangersBody(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	body, never := io.Pipe() // A body that does not come.
	defer never.Close()      //nolint:errcheck // It always succeeds.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", e.server.URL+deployURL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := e.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // Nothing is read.
	if res.StatusCode != 401 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestABodyMustArrive(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.BodyTime = 50 * time.Millisecond })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // The test is over.
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	head := "POST " + deployURL + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nAuthorization: Bearer " + e.tokens["admin"] + "\r\n\r\n{"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), " 408 ") {
		t.Errorf("%s, %v", answer[:n], err)
	}
}

func TestRouteDeadline(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) {
		c.Limits.DeployTime = 20 * time.Millisecond
		c.Deploy = func(ctx context.Context, _ deploy.Request) (deploy.Revision, error) {
			<-ctx.Done()
			return deploy.Revision{}, ctx.Err()
		}
	})
	res := e.do("admin", "POST", deployURL, files, nil)
	if got := text(t, res); res.StatusCode != 504 || !strings.Contains(got, `"code":"timeout"`) {
		t.Errorf("status %d: %s", res.StatusCode, got)
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEnv(t, func(c *api.Config) {
		c.Log = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(zapcore.AddSync(&log)), zap.ErrorLevel))
		c.Deploy = func(context.Context, deploy.Request) (deploy.Revision, error) { panic("hunter2") }
	})
	res := e.do("admin", "POST", deployURL, files, nil)
	got := text(t, res)
	if res.StatusCode != 500 || !strings.Contains(got, `"code":"internal"`) || strings.Contains(got, "hunter2") {
		t.Errorf("status %d: %s", res.StatusCode, got)
	}
	e.server.Close()
	if !strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), res.Header.Get("X-Request-ID")) {
		t.Errorf("the log lacks it: %s", log.String())
	}
	if res, err := http.Get(e.server.URL); err == nil { //nolint:noctx // It cannot connect.
		_ = res.Body.Close()
	}
}

func TestLocalHandler(t *testing.T) {
	t.Parallel()
	local := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "local "+r.URL.Path) })
	e := newEnv(t, func(c *api.Config) { c.Local, c.LocalPrefixes = local, []string{"/", "/api/v10/", "/gateway", "/sim"} })
	here, other := "127.0.0.1:5", "203.0.113.7:5"
	tests := []struct {
		name, path, remote, host, origin string
		want                             int
		body                             string
	}{
		{"under a prefix", "/sim/guilds", here, "127.0.0.1:3000", "", 200, "local /sim/guilds"},
		{"the prefix itself", "/gateway", here, "127.0.0.1:3000", "", 200, "local /gateway"},
		{"a prefix with a slash", "/api/v10/users/@me", here, "127.0.0.1:3000", "", 200, "local /api/v10/users/@me"},
		{"IPv6 loopback", "/sim", "[::1]:5", "127.0.0.1:3000", "", 200, "local /sim"},
		{"the front page", "/", here, "127.0.0.1:3000", "", 200, "local /"},
		{"the front page from elsewhere", "/", other, "127.0.0.1:3000", "", 404, "no such route"},
		{"a longer word", "/simple", here, "127.0.0.1:3000", "", 404, "no such route"},
		{"the API", "/api/health", here, "127.0.0.1:3000", "", 405, "not allowed"},
		{"from elsewhere", "/sim/guilds", other, "127.0.0.1:3000", "", 404, "no such route"},
		{"from a page of another site", "/sim/guilds", here, "127.0.0.1:3000", "cross-site", 403, `"code":"forbidden"`},
		{"from its own page", "/sim/guilds", here, "127.0.0.1:3000", "same-origin", 200, "local"},
		{"by the name localhost", "/sim", here, "LocalHost:3000", "", 200, "local"},
		{"by an IPv6 address", "/sim", here, "[::1]:3000", "", 200, "local"},
		{"by a name that somebody made lead here", "/sim", here, "example.com:3000", "", 403, "use 127.0.0.1 or localhost"},
		{"by no name", "/sim", here, "", "", 403, `"message":"Forbidden: `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", tt.path, nil)
			r.RemoteAddr, r.Host = tt.remote, tt.host
			if tt.origin != "" {
				r.Header.Set("Sec-Fetch-Site", tt.origin)
			}
			w := httptest.NewRecorder()
			e.api.Handler().ServeHTTP(w, r)
			if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
}

// TestAs serves requests of the process itself for somebody; their headers say
// nothing, and its rights are those of that one.
func TestAs(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	for _, row := range []struct {
		name, method, path string
		who                auth.Identity
		status             int
	}{
		{"the API's own check goes on", "GET", "/api/logs/" + guildA.String(), auth.Identity{UserID: "9", Type: auth.TypeToken, Guilds: []snowflake.GuildID{guildB}}, 403},
		{"somebody who may", "GET", "/api/logs/" + guildA.String(), auth.Identity{UserID: "9", Type: auth.TypeToken, Guilds: []snowflake.GuildID{guildA}}, 200},
		{"a reader may not write", "POST", "/api/crons/" + guildA.String() + "/none/run", auth.Identity{UserID: "9", Type: auth.TypeToken, Guilds: []snowflake.GuildID{guildA}, ReadOnly: true}, 403},
		{"no operator", "GET", "/api/metrics", auth.Identity{UserID: "9", Type: auth.TypeToken}, 401},
	} {
		r := httptest.NewRequest(row.method, row.path, nil)
		r.Header.Set("Authorization", "Bearer nonsense")
		w := httptest.NewRecorder()
		e.api.As(row.who).ServeHTTP(w, r)
		if w.Code != row.status {
			t.Errorf("%s: got %d %s, want %d", row.name, w.Code, w.Body, row.status)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Config{}); err == nil {
		t.Error("a configuration without services was taken")
	}
	e := newEnv(t, nil)
	for name, change := range map[string]func(*api.Config){
		"a rate without a burst": func(c *api.Config) { c.Limits.Requests = api.Rate{PerSecond: 1} },
		"a negative limit":       func(c *api.Config) { c.Limits.SmallBody = -1 },
		"a negative time":        func(c *api.Config) { c.Limits.KeepAlive = -1 },
		"a mount without place":  func(c *api.Config) { c.Local = http.NotFoundHandler() },
	} {
		cfg := api.Config{
			Deploy: e.deployer.deploy, Settle: e.deployer.settle, Deployments: e.deployments, Logs: e.logs, KV: e.kv, Tokens: e.auth, Authorizer: auth.SingleOperator{},
		}
		change(&cfg)
		if _, err := api.New(cfg); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestDocs holds docs/api.md to the router: every route is a heading there,
// and no heading names a route that is not.
func TestDocs(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if route, ok := strings.CutPrefix(strings.TrimSpace(line), "### `"); ok {
			documented[strings.TrimSuffix(route, "`")] = true
		}
	}
	for _, route := range newEnv(t, nil).api.Routes() {
		if !documented[route] {
			t.Errorf("docs/api.md lacks the heading ### `%s`", route)
		}
		delete(documented, route)
	}
	for route := range documented {
		t.Errorf("docs/api.md describes %s, which is no route", route)
	}
}

func TestErrorsThatAreNoFaults(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.deployer.fail = errors.Join(errors.New("secret inside"), context.Canceled)
	res := e.do("admin", "POST", deployURL, files, nil)
	var p struct{ Message, Code string }
	if err := json.Unmarshal([]byte(text(t, res)), &p); err != nil || res.StatusCode != 503 || strings.Contains(p.Message, "secret") {
		t.Errorf("status %d, %+v, %v", res.StatusCode, p, err)
	}
}
