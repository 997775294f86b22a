// Package api is the HTTP API: routes, who may use them, bodies, errors and
// streams. It decides nothing about deployments, keys or logs itself; it asks
// the services that its Config names.
package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// DeployFunc builds, loads and stores a guild's script, or says why not and
// leaves the old one running.
type DeployFunc func(ctx context.Context, r deploy.Request) (deploy.Revision, error)

// SettleFunc has a guild run what is stored, if it does not.
type SettleFunc func(ctx context.Context, guild snowflake.GuildID) error

// UndeployFunc deletes a guild's deployment and stops its script.
type UndeployFunc func(ctx context.Context, guild snowflake.GuildID) (warnings []string, err error)

// Config is what the API is made of.
type Config struct {
	Deploy      DeployFunc
	Settle      SettleFunc
	Undeploy    UndeployFunc
	Builds      Builds
	Deployments deploy.Store
	Logs        *logs.Hub
	// History, if not nil, has lines that other replicas wrote.
	History    History
	KV         kv.Store
	Tokens     *auth.Tokens
	Authorizer auth.Authorizer
	// Sessions are the logins in browsers; nil has none.
	Sessions *auth.Sessions
	// Operators knows who runs the bot; nil knows nobody.
	Operators auth.Operators
	// Users tells names; nil only those that a caller's identity has.
	Users    Users
	Site     Site
	Guilds   Guilds
	Types    string // The SDK's declarations.
	Version  string // Of the program; known callers are told. "" is not told.
	Secrets  Secrets
	Settings Settings
	Crons    Crons
	// Inbound are the endpoints of scripts; nil has none.
	Inbound Inbound
	// Replicas, if not nil, brings requests about guilds to the replicas that have
	// them.
	Replicas *forward.Forwarder
	Metrics  http.Handler // Nil has none.
	Summary  http.Handler // Metrics in short, as JSON; nil has none.
	// Meter, if not nil, is told of every request that was answered; route is ""
	// for those that are none.
	Meter func(method, route string, status int, took time.Duration, stream bool)
	// Ready says why the process cannot serve yet; nil means that it can.
	Ready func() error
	// Details are shown to those who ask whether the process is ready, as JSON.
	Details func() any
	Limits  Limits
	Clock   clock.Clock
	Log     *zap.Logger
	// Local is mounted beside the API under LocalPrefixes, for callers on this
	// machine only and without authentication: the simulated Discord and the
	// playground. The prefix "/" is that path only.
	Local         http.Handler
	LocalPrefixes []string
}

// API serves HTTP. Make it with New.
type API struct {
	cfg     Config
	echo    *echo.Echo
	origins *http.CrossOriginProtection
	callers *buckets // Requests by caller.
	deploys *buckets // Deploys by guild.
	strange *buckets // Requests without a known caller, by address.
	streams *streams
	memory  *room // Bytes of bodies and answers.
	imports *room // Archives that are being received.
	docs    documents
	probes  map[string]bool // By path.
}

// New checks the configuration and builds the routes.
func New(cfg Config) (*API, error) {
	switch {
	case cfg.Deploy == nil, cfg.Settle == nil, cfg.Undeploy == nil, cfg.Builds == nil, cfg.Deployments == nil, cfg.Logs == nil, cfg.KV == nil, cfg.Tokens == nil, cfg.Authorizer == nil, cfg.Guilds == nil:
		return nil, errors.New("the API needs a deployer, deployments, logs, a key-value store, tokens, an authorizer and the guilds")
	case cfg.Secrets == nil, cfg.Settings == nil, cfg.Crons == nil:
		return nil, errors.New("the API needs secrets, settings and cron jobs")
	case cfg.Local != nil && len(cfg.LocalPrefixes) == 0:
		return nil, errors.New("a local handler needs prefixes")
	}
	if err := cfg.Limits.complete(); err != nil {
		return nil, err
	}
	if cfg.Operators == nil {
		cfg.Operators = auth.OperatorSecret("")
	}
	origins, err := cfg.Site.origins()
	if err != nil {
		return nil, err
	}
	if cfg.Ready == nil {
		cfg.Ready = func() error { return nil }
	}
	if cfg.Details == nil {
		cfg.Details = func() any { return struct{}{} }
	}
	if cfg.Metrics == nil {
		cfg.Metrics = http.NotFoundHandler()
	}
	if cfg.Summary == nil {
		cfg.Summary = http.NotFoundHandler()
	}
	if cfg.Meter == nil {
		cfg.Meter = func(string, string, int, time.Duration, bool) {}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	a := &API{
		cfg: cfg, echo: echo.New(), origins: origins,
		callers: newBuckets(cfg.Clock, cfg.Limits.Requests),
		deploys: newBuckets(cfg.Clock, cfg.Limits.Deploys),
		strange: newBuckets(cfg.Clock, cfg.Limits.Strangers),
		streams: newStreams(cfg.Limits.StreamsPerCaller, cfg.Limits.Streams),
		memory:  newRoom(cfg.Limits.BytesPerCaller, cfg.Limits.Bytes, "large requests and answers"),
		imports: newRoom(importsPerCaller, importsAtOnce, "imports"),
	}
	a.probes = map[string]bool{}
	a.echo.HideBanner, a.echo.HidePort = true, true
	a.echo.IPExtractor = cfg.Site.addresses()
	a.echo.HTTPErrorHandler = a.problem
	a.echo.Pre(trimSlash)
	a.echo.Use(a.observe, a.expect, a.recover)
	for _, r := range a.routes() {
		a.echo.Add(r.method, r.path, a.serve(r))
		a.probes[r.path] = r.unlimited
	}
	if cfg.Replicas != nil {
		a.shareBuilds()
	}
	a.docs, err = a.draw()
	return a, err
}

// Handler serves the API, and what is mounted beside it.
func (a *API) Handler() http.Handler {
	var h http.Handler = a.echo
	if a.cfg.Local != nil {
		h = a.cfg.Site.beside(h, a.cfg.Local, a.cfg.LocalPrefixes)
	}
	h = a.withInbound(h)
	if a.cfg.Replicas != nil {
		h = a.cfg.Replicas.Receive(h)
	}
	return h
}

// Bounds of a connection.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// Close ends the streams.
func (a *API) Close() {
	a.streams.close()
	if a.cfg.Replicas != nil {
		a.cfg.Replicas.EndStreams()
	}
	if a.cfg.Inbound != nil {
		a.cfg.Inbound.Close()
	}
}

// Routes lists method and path of every route, parameters in braces, probes
// under /api and HEAD left out.
func (a *API) Routes() []string {
	var out []string
	for _, r := range a.routes() {
		if r.method == http.MethodHead || r.unlimited && strings.HasPrefix(r.path, "/api/") && r.path != "/api/health" {
			continue
		}
		parts := strings.Split(r.path, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		out = append(out, r.method+" "+strings.Join(parts, "/"))
	}
	return out
}
