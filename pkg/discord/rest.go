package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/diamondburned/arikawa/v3/utils/httputil/httpdriver"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

const (
	apiVersion = "10"
	// DefaultBase is the real Discord.
	DefaultBase = "https://discord.com/api/v10"
	// UserAgent is what Discord wants to be told by a bot's programs.
	UserAgent = "DiscordBot (https://github.com/flora-runtime/flora-runtime, 1)"
)

// RESTConfig says how Discord's REST API is used.
type RESTConfig struct {
	// Base is the API's address with its version, DefaultBase by default.
	Base string
	// Token is the bot's, without "Bot ".
	Token string
	// GlobalLimit is how many requests a second Discord takes of the bot, 50 by
	// default; a negative number is no limit. Interactions do not count.
	GlobalLimit int
	// GuildConcurrency is how many requests of a guild run at once, 4 by default.
	GuildConcurrency int
	// GuildWaiting is how many more of a guild may wait, 1,000 by default.
	GuildWaiting int
	// Timeout bounds one attempt, 8 s by default; files get a second more per
	// megabyte.
	Timeout time.Duration
	// InvalidLimit is how many refused requests (401, 403, 429) Discord takes in
	// ten minutes before it bans the address, 10,000 by default.
	InvalidLimit int
	// Driver sends the requests; nil makes one with pooled connections.
	Driver httpdriver.Client
	// Log gets what operators should know; nil logs nothing.
	Log *zap.Logger
	// Meter, if not nil, measures the requests.
	Meter Meter
}

// Meter measures requests.
type Meter interface {
	// Waited is told how long a request waited for its limits before an attempt.
	Waited(d time.Duration)
	// Sent is told of every attempt; status 0 is no answer.
	Sent(method, route string, status int, took time.Duration)
}

type unmeasured struct{}

func (unmeasured) Waited(time.Duration)                    {}
func (unmeasured) Sent(string, string, int, time.Duration) {}

// plainToken is a token as the developer portal shows it.
func plainToken(token string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(token)+" ", "Bot "))
}

// Validate sets the defaults and refuses what cannot work.
func (c *RESTConfig) Validate() error {
	c.Token = plainToken(c.Token)
	if c.Base == "" {
		c.Base = DefaultBase
	}
	c.Base = strings.TrimRight(c.Base, "/")
	u, err := url.Parse(c.Base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("discord.api_base %q must be an http or https address such as %s", c.Base, DefaultBase)
	case c.Token == "":
		return errors.New("REST needs the bot token (discord.bot_token, DISCORD_TOKEN)")
	case strings.ContainsAny(c.Token, " \t\r\n"):
		return errors.New("the bot token must not contain white space")
	}
	if c.GlobalLimit == 0 {
		c.GlobalLimit = 50
	}
	if c.GuildConcurrency <= 0 {
		c.GuildConcurrency = 4
	}
	if c.GuildWaiting <= 0 {
		c.GuildWaiting = 1000
	}
	if c.Timeout <= 0 {
		c.Timeout = 8 * time.Second
	}
	if c.InvalidLimit <= 0 {
		c.InvalidLimit = 10_000
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Meter == nil {
		c.Meter = unmeasured{}
	}
	return nil
}

// Request is one call of Discord's API.
type Request struct {
	// Guild is for whom it is; zero is the runtime itself.
	Guild  snowflake.GuildID
	Method string
	// Route is the path's template, such as "/channels/{channel.id}/messages":
	// it names the rate limit and appears in errors. Path is the same with the
	// ids filled in; anything that is no id must be escaped for a path.
	Route, Path string
	Query       url.Values
	// Body is sent as JSON; nil sends none, json.RawMessage is sent as it is.
	Body any
	// Files are uploaded with the body.
	Files []File
	// Form is sent instead of Body and Files.
	Form *Form
	// Reason goes to the audit log.
	Reason string
}

// REST calls Discord's API: it keeps to the rate limits, gives every guild its
// share, and tries again what may be tried again.
//
// Of arikawa it uses the httpdriver level. The client above it drops the
// response, and with it the rate limit's headers, when Discord answers an error,
// and sends bodies chunked, from a goroutine of their own.
type REST struct {
	cfg     RESTConfig
	timeout atomic.Int64 // In force, in nanoseconds.
	limiter *limiter
	brake   *brake
	auth    string
	// idle closes connections that wait for a request; nil with a foreign driver.
	idle func()
}

// SetTimeout changes RESTConfig.Timeout for attempts from now on.
func (r *REST) SetTimeout(d time.Duration) { r.timeout.Store(int64(d)) }

// SetGlobalLimit changes RESTConfig.GlobalLimit for requests from now on.
func (r *REST) SetGlobalLimit(n int) { r.limiter.setGlobal(n, time.Now()) }

// NewREST makes a client.
func NewREST(cfg RESTConfig) (*REST, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &REST{
		cfg: cfg, auth: "Bot " + cfg.Token, brake: newBrake(cfg.InvalidLimit),
		limiter: newLimiter(limits{global: cfg.GlobalLimit, perGuild: cfg.GuildConcurrency, waiting: cfg.GuildWaiting}),
	}
	r.SetTimeout(cfg.Timeout)
	if r.cfg.Driver == nil {
		t := newTransport()
		r.cfg.Driver, r.idle = newDriver(t), t.CloseIdleConnections
	}
	return r, nil
}

// Close lets go of the connections. Calls that are under way end by their
// contexts.
func (r *REST) Close() {
	if r.idle != nil {
		r.idle()
	}
}

// Base is the API's address.
func (r *REST) Base() string { return r.cfg.Base }

const (
	// moreTries is how often a request is repeated that Discord or the way there
	// failed, and maxRefused how often one that came over a limit.
	moreTries  = 2
	maxRefused = 5
	retryBase  = 250 * time.Millisecond
	retryMost  = 2 * time.Second
)

// Do makes the call and gives Discord's answer, nil when it has no body. Its
// errors are faults: DiscordHTTP for what Discord refused or what did not reach
// it, DiscordRateLimited when the call cannot be made before ctx ends.
func (r *REST) Do(ctx context.Context, req Request) (json.RawMessage, error) {
	c, err := r.prepare(req)
	if err != nil {
		return nil, err
	}
	ctx, span := trace.Start(ctx, "discord")
	defer span.End()
	if span.Recorded() {
		span.Set("http.request.method", c.method)
		span.Set("http.route", c.route)
	}
	doc, err := r.insist(ctx, c, span)
	if err != nil {
		span.Fail(string(fault.From(err).Code))
	}
	return doc, err
}

// insist makes attempts until one is the last.
func (r *REST) insist(ctx context.Context, c *call, span trace.Span) (json.RawMessage, error) {
	failed, refused := 0, 0
	for {
		if err := r.brake.allows(c.guild, time.Now()); err != nil {
			return nil, err
		}
		answer, err := r.attempt(ctx, c, refused > 0)
		if err != nil {
			return nil, err
		}
		span.Number("http.response.status_code", int64(answer.status))
		switch {
		case answer.status >= 200 && answer.status < 300:
			return answer.result()
		case answer.status == http.StatusTooManyRequests:
			// It was not executed, whatever its method; the limiter has read when
			// to come again.
			if refused++; refused >= maxRefused {
				return nil, rateLimited(c, answer.retryAfter())
			}
		case !c.repeatable || answer.status > 0 && answer.status < 500 || failed >= moreTries:
			return nil, answer.fault(ctx, c)
		default:
			pause := rand.N(min(retryBase<<failed, retryMost) + 1) //nolint:gosec // No secret.
			failed++
			if deadline, ok := ctx.Deadline(); ok && time.Now().Add(pause).After(deadline) {
				return nil, answer.fault(ctx, c)
			}
			if !clock.Sleep(ctx, clock.Real, pause) {
				return nil, answer.fault(ctx, c)
			}
		}
	}
}

// attempt waits for the limiter and sends the request once. The error is the
// limiter's; what comes of the request is in the answer.
func (r *REST) attempt(ctx context.Context, c *call, again bool) (answer, error) {
	begun := time.Now()
	grant, err := r.limiter.acquire(ctx, c, again)
	if err != nil {
		return answer{}, err
	}
	sent := time.Now()
	if err := fenced(ctx); err != nil {
		r.limiter.release(grant, answer{err: err}, sent)
		return answer{}, err
	}
	r.cfg.Meter.Waited(sent.Sub(begun))
	a := r.send(ctx, c)
	r.cfg.Meter.Sent(c.method, c.route, a.status, time.Since(sent))
	r.limiter.release(grant, a, time.Now())
	if r.brake.count(c.guild, a, time.Now()) {
		r.cfg.Log.Warn("Discord refuses many requests of a guild; its requests are held back",
			zap.Stringer("guild_id", c.guild), zap.Int("status", a.status))
	}
	return a, nil
}
