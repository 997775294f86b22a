package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

// The guilds of every test: the admin administers guildA, the neighbour guildB.
const (
	guildA snowflake.GuildID = 100000000000000001
	guildB snowflake.GuildID = 100000000000000002
)

// noon is what the services' clocks show.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// patience bounds every wait; a test that reaches it has failed.
const patience = 20 * time.Second

// deployer stands for the core: it stores what it is asked to deploy.
type deployer struct {
	store deploy.Store

	mu       sync.Mutex // Guards the members below.
	requests []deploy.Request
	fail     error
	warnings []string // Of deletions.
	n        int
}

func (d *deployer) deploy(ctx context.Context, r deploy.Request) (deploy.Revision, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, r)
	if d.fail != nil {
		return deploy.Revision{}, d.fail
	}
	d.n++
	rev := deploy.Revision{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", d.n), Guild: r.Guild, Entry: r.Entry, Status: deploy.Success,
		DeployedAt: time.Date(2026, 1, 2, 3, 4, d.n, 0, time.UTC), Source: r.Source, Actor: r.Actor, Files: r.Files,
		SourceMap: r.SourceMap, BuildID: r.BuildID, Bundle: "built()", Request: r.Key,
	}
	if r.Bundle != nil {
		rev.Bundle = *r.Bundle
	}
	return rev, d.store.PutRevision(ctx, rev)
}

func (d *deployer) settle(context.Context, snowflake.GuildID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fail
}

func (d *deployer) undeploy(ctx context.Context, guild snowflake.GuildID) ([]string, error) {
	return d.warnings, d.store.Delete(ctx, guild)
}

func (d *deployer) asked() []deploy.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.requests)
}

// staticBot is in these guilds.
type staticBot []snowflake.GuildID

func (b staticBot) Present(_ context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	return slices.DeleteFunc(slices.Clone(among), func(g snowflake.GuildID) bool { return !slices.Contains(b, g) }), nil
}

func (b staticBot) GuildIDs(context.Context, int) ([]snowflake.GuildID, error) { return b, nil }

func (b staticBot) Guild(_ context.Context, g snowflake.GuildID) (auth.Guild, error) {
	return auth.Guild{ID: g, Name: "guild " + g.String()}, nil
}

func (b staticBot) MemberRoles(context.Context, snowflake.GuildID, snowflake.UserID) ([]snowflake.RoleID, error) {
	return nil, nil
}

func (b staticBot) User(_ context.Context, u snowflake.UserID) (auth.User, error) {
	return auth.User{ID: u.String(), Username: "user" + u.String()}, nil
}

// env is one API with its services, real ones but for the core.
type env struct {
	t           *testing.T
	api         *api.API
	server      *httptest.Server
	deployer    *deployer
	deployments deploy.Store
	kv          *kv.DB
	logs        *logs.Hub
	auth        *auth.Tokens
	guilds      *guilds
	bundler     *bundler
	secrets     *secret.Service
	crons       *cron.Ticker
	fired       *[]cron.Firing
	tokens      map[string]string // By the name that tests call them.
}

func newEnv(t *testing.T, change func(*api.Config)) *env {
	t.Helper()
	store, err := embedded.Open(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	e := &env{
		t: t, kv: keys, deployments: store, deployer: &deployer{store: store}, logs: logs.New(logs.Config{}), tokens: map[string]string{},
		auth: auth.NewTokens(store, clock.Real, zap.NewNop()), guilds: &guilds{}, bundler: &bundler{},
	}
	ids := uuid.NewString
	builds, err := build.New(build.Config{Bundle: e.bundler.bundle, NewID: func() string { return ids() }, Limits: build.Limits{ActivePerGuild: 3}})
	if err != nil {
		t.Fatal(err)
	}
	building, stop := context.WithCancel(context.Background())
	built := make(chan error, 1)
	go func() { built <- builds.Run(building) }()
	ring, err := secret.NewKeyring(secrettest.KeyA, "")
	if err != nil {
		t.Fatal(err)
	}
	e.secrets = secret.New(secret.Config{Store: store, Keys: ring, Clock: clock.NewFake(noon)})
	e.fired = new([]cron.Firing)
	e.crons = cron.NewTicker(clock.NewFake(noon), func(f cron.Firing) { *e.fired = append(*e.fired, f) })
	e.token("admin", "1", auth.WithGuilds(guildA))
	e.token("reader", "1", auth.WithGuilds(guildA), auth.ReadOnly())
	e.token("neighbour", "2", auth.WithGuilds(guildB))
	e.token("operator", "3")
	single := auth.SingleOperator{Bot: staticBot{guildA, guildB}}
	cfg := api.Config{
		Deploy: e.deployer.deploy, Settle: e.deployer.settle, Undeploy: e.deployer.undeploy, Deployments: store, Logs: e.logs, KV: keys, Tokens: e.auth,
		Guilds: e.guilds, Builds: builds, Types: "declare const x: 1;\n",
		Secrets: e.secrets, Settings: settings.New(settings.Config{Store: store, Clock: clock.NewFake(noon)}), Crons: e.crons,
		Authorizer: single, Operators: auth.OperatorToken{Tokens: e.auth, Single: single},
		Limits: api.Limits{Services: func() map[string]map[string]int64 {
			return map[string]map[string]int64{"kv": {"value_bytes": 1 << 20}}
		}},
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Replicas != nil {
		ids = cfg.Replicas.NewID
	}
	if e.api, err = api.New(cfg); err != nil {
		t.Fatal(err)
	}
	e.server = httptest.NewUnstartedServer(nil)
	e.server.Config = api.NewServer(e.api.Handler(), nil, zap.NewNop())
	e.server.Config.RegisterOnShutdown(e.api.Close)
	e.server.Start()
	watch(t, e.api, e.server.Client())
	t.Cleanup(func() {
		e.api.Close()
		e.server.Close()
		_ = e.logs.Close()
		stop()
		if err := <-built; err != nil {
			t.Error(err)
		}
		if err := errors.Join(keys.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// token makes an API token of the user and gives its id.
func (e *env) token(name, user string, options ...auth.Option) string {
	e.t.Helper()
	text, t, err := e.auth.Create(e.t.Context(), name, auth.Owner{UserID: user, Username: "user" + user}, options...)
	if err != nil {
		e.t.Fatal(err)
	}
	e.tokens[name] = text
	return t.ID
}

// do makes a request as the named caller.
func (e *env) do(as, method, url, body string, header map[string]string) *http.Response {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.server.URL+url, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if as != "" {
		token, ok := e.tokens[as]
		if !ok {
			token = as
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := e.server.Client().Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scenario is one request and all that must be true of its answer.
type scenario struct {
	name   string
	as     string // "" sends no credentials.
	method string
	url    string
	body   string
	header map[string]string
	before func(*env)

	status     int
	want       []string
	wantNot    []string
	wantHeader map[string]string
	after      func(*testing.T, *env)

	shared bool // It changes nothing, so rows like it may use one env.
}

// alone reports whether the row needs an env of its own. Refused requests
// change nothing.
func (s scenario) alone() bool {
	return !s.shared && (s.before != nil || s.after != nil || s.status < 400)
}

func run(t *testing.T, scenarios []scenario) {
	t.Helper()
	common := sync.OnceValue(func() *env {
		return newEnv(t, func(c *api.Config) {
			c.Limits.Deploys, c.Limits.Strangers = api.Rate{PerSecond: 1000, Burst: 1000}, api.Rate{PerSecond: 1000, Burst: 1000}
		})
	})
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var e *env
			if s.alone() {
				e = newEnv(t, nil)
			} else {
				own := *common()
				own.t = t
				e = &own
			}
			if s.before != nil {
				s.before(e)
			}
			res := e.do(s.as, s.method, s.url, s.body, s.header)
			got := text(t, res)
			if res.StatusCode != s.status {
				t.Errorf("status %d, want %d: %s", res.StatusCode, s.status, got)
			}
			if id := res.Header.Get("X-Request-ID"); len(id) != 36 {
				t.Errorf("X-Request-ID is %q", id)
			} else if s.status >= 400 && s.method != "HEAD" && !strings.Contains(got, `"request_id":"`+id+`"`) {
				t.Errorf("the answer lacks the request's id: %s", got)
			}
			for _, w := range s.want {
				if !strings.Contains(got, w) {
					t.Errorf("%q is not in the answer: %s", w, got)
				}
			}
			for _, w := range append(s.wantNot, ".go:", "pkg/", "goroutine") {
				if strings.Contains(got, w) {
					t.Errorf("%q is in the answer: %s", w, got)
				}
			}
			for k, v := range s.wantHeader {
				if have := res.Header.Get(k); have != v {
					t.Errorf("header %s is %q, want %q", k, have, v)
				}
			}
			if s.after != nil {
				s.after(t, e)
			}
		})
	}
}

// denied are the rows that every route of a guild must have.
func denied(method, url, body string, writes bool) []scenario {
	rows := []scenario{
		{name: "no credentials", method: method, url: url, body: body, status: 401, want: []string{`"code":"unauthorized"`}, wantHeader: map[string]string{"WWW-Authenticate": "Bearer"}},
		{name: "unknown token", as: "flora_nobody", method: method, url: url, body: body, status: 401, want: []string{`"code":"unauthorized"`}, wantNot: []string{"flora_nobody"}},
		{name: "basic credentials", method: method, url: url, body: body, header: map[string]string{"Authorization": "Basic YTpi"}, status: 401, want: []string{`"code":"unauthorized"`}},
		{name: "another guild's admin", as: "neighbour", method: method, url: url, body: body, status: 403, want: []string{`"code":"forbidden"`}, wantNot: []string{"secret"}},
	}
	if writes {
		rows = append(rows, scenario{name: "read-only token", as: "reader", method: method, url: url, body: body, status: 403, want: []string{"may only read"}})
	}
	for i := range rows {
		rows[i].shared = true
		rows[i].after = func(t *testing.T, e *env) {
			t.Helper()
			if n := len(e.deployer.asked()); n > 0 {
				t.Errorf("%d deploys were made", n)
			}
			if p, err := e.kv.Stores(t.Context(), guildA); err != nil || len(p) > 0 {
				t.Errorf("stores are there: %v, %v", p, err)
			}
		}
	}
	return rows
}
