// Package egress makes the HTTP requests of scripts, in control. It reaches
// public addresses only: a name is resolved here, the address is checked, and
// the checked address is dialled, on every hop. It holds each guild to its
// limits, and shares no connection among guilds. A guild's secrets are put into
// its requests here, and taken out of what comes back.
package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// Limits bound the requests of one guild.
type Limits struct {
	RequestBytes  int64 // Body of a request that is there as a whole.
	ResponseBytes int64 // Body of a response that is taken as a whole, decompressed.
	Concurrency   int   // Requests under way, until their response is read or given up; more wait.
	// BytesPerMinute is for all bodies, as they cross the network and, if that is
	// another size, decompressed. BytesAtOnce is how many may come before that;
	// streams go on at the pace of the former.
	BytesPerMinute, BytesAtOnce int64
	HeldBytes                   int64         // Of all responses that are in memory at once.
	Timeout                     time.Duration // Until there is a response, redirects and waiting included.
	Idle                        time.Duration // Of a stream: nothing comes, or nobody takes it.
	Sockets                     SocketLimits
}

// DefaultLimits are the limits when nothing is said.
func DefaultLimits() Limits {
	return Limits{
		RequestBytes: 8 << 20, ResponseBytes: 8 << 20, Concurrency: 16, BytesPerMinute: 256 << 20, BytesAtOnce: 64 << 20, HeldBytes: 32 << 20, Timeout: 30 * time.Second, Idle: time.Minute,
		Sockets: DefaultSocketLimits(),
	}
}

// What no configuration changes.
const (
	MaxRedirects    = 20 // As the fetch standard has it.
	MaxURL          = 16 << 10
	maxHeaderBytes  = 32 << 10 // Of a request.
	maxHeaders      = 128
	maxAnswerHeader = 64 << 10
	connectLimit    = 10 * time.Second
	maxCodings      = 3 // Compressions inside each other.
	maxIdle         = 8 // Connections of a guild that wait to be used again.
)

// How many times what one guild may have all guilds have together, of memory for
// responses and of connections: both are control's, on which everybody depends.
const (
	memories = 16
	sockets  = 64
)

// Config makes a Client.
type Config struct {
	Policy    *Policy
	Limits    Limits
	UserAgent string
	Count     func(Outcome) // Each request's end; may be nil.
	Sockets   SocketMeter   // May be nil.
	// Moved is told of bytes of bodies as they cross the network; may be nil.
	Moved func(sent, received int)
	// Secrets gives what a guild's scripts may send, at once; nil has none.
	Secrets func(snowflake.GuildID) *secret.Set
	// Resolver and Dial are the network: nil is the machine's. Dial gets addresses
	// that the policy has allowed.
	Resolver Resolver
	Dial     DialFunc
	// Roots verify certificates; nil is the machine's.
	Roots *x509.CertPool
}

// Client makes requests for all guilds.
type Client struct {
	cfg                    Config
	guilds                 guilds
	held, windows, sockets *pool // Of all guilds.
	dialer                 *dialer
	webSockets             *socketSlots
	base                   context.Context //nolint:containedctx // The life of all WebSockets.
	cancel                 context.CancelFunc
	running                sync.WaitGroup // What WebSockets run.
}

// New makes a client.
func New(cfg Config) *Client {
	if cfg.Policy == nil {
		cfg.Policy = NewPolicy(nil, nil)
	}
	if cfg.Limits.Idle <= 0 {
		cfg.Limits.Idle = DefaultLimits().Idle
	}
	if cfg.Count == nil {
		cfg.Count = func(Outcome) {}
	}
	if cfg.Moved == nil {
		cfg.Moved = func(int, int) {}
	}
	d := newDialer(cfg.Policy, cfg.Resolver, cfg.Dial)
	if cfg.Sockets == nil {
		cfg.Sockets = noSockets{}
	}
	c := &Client{cfg: cfg, dialer: d, webSockets: newSocketSlots(cfg.Limits.Sockets)}
	c.base, c.cancel = context.WithCancel(context.Background())
	c.guilds.all = map[snowflake.GuildID]*guild{}
	atOnce := max(cfg.Limits.Concurrency, 1)
	conns := int64(2*atOnce + maxIdle)
	c.held, c.sockets = &pool{most: memories * cfg.Limits.HeldBytes, parts: memories}, &pool{most: sockets * conns, parts: sockets}
	c.windows = &pool{most: (memories + 1) * cfg.Limits.windowBytes(), parts: memories} // One that is alone gets its own limit.
	c.guilds.make = func() *guild {
		g := &guild{slots: make(chan struct{}, atOnce), memory: c.held, windows: c.windows, sockets: c.sockets}
		g.transport = transport(g, d, cfg, conns)
		return g
	}
	return c
}

// transport makes one guild's connections. It knows no proxy: a proxy would
// choose the address.
func transport(g *guild, d *dialer, cfg Config, conns int64) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, connectLimit)
			defer cancel()
			return g.connect(conns, func() (net.Conn, error) { return d.DialContext(ctx, network, address) })
		},
		TLSClientConfig:        &tls.Config{RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectLimit,
		DisableCompression:     true, // What comes is decompressed here, under limits.
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    2,
		MaxConnsPerHost:        cfg.Limits.Concurrency,
		IdleConnTimeout:        idleConn,
		MaxResponseHeaderBytes: maxAnswerHeader,
		ForceAttemptHTTP2:      true,
		// What a server may send ahead of us is memory that no budget counts.
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerConnection: 1 << 20, MaxReceiveBufferPerStream: 256 << 10},
	}
}

// Timeout is how long a whole request may take.
func (c *Client) Timeout() time.Duration { return c.cfg.Limits.Timeout }

// Close ends WebSockets, and connections that wait to be used again.
func (c *Client) Close() {
	c.cancel()
	c.running.Wait()
	c.guilds.mu.Lock()
	defer c.guilds.mu.Unlock()
	for _, g := range c.guilds.all {
		g.transport.CloseIdleConnections()
	}
}

// Do makes a request for a guild and takes the response as a whole, within its
// time limit. Every error is a *Failure.
func (c *Client) Do(ctx context.Context, id snowflake.GuildID, r Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Timeout)
	defer cancel()
	e, err := c.begin(ctx, id, r, 0)
	if err != nil {
		return nil, err
	}
	defer e.close()
	out := e.res
	if !e.empty {
		out.Body, err = c.read(e)
	}
	if err == nil {
		err = e.disguise.concealBody(out, e.most)
	}
	if err != nil {
		f := explain(ctx, err, out.host)
		e.disguise.silence(f)
		c.cfg.Count(f.Outcome)
		return nil, f
	}
	c.cfg.Count(OK)
	return out, nil
}

// Open makes a request for a guild and gives the response as soon as there is
// one; its Stream is to be closed. ctx ends both. Every error is a *Failure.
func (c *Client) Open(ctx context.Context, id snowflake.GuildID, r Request) (*Response, error) {
	e, err := c.begin(ctx, id, r, paceLimit)
	if err != nil {
		return nil, err
	}
	e.res.Stream = c.stream(e, r.Ended)
	return e.res, nil
}

// exchange is a request that has its response, all but the body.
type exchange struct {
	ctx      context.Context //nolint:containedctx // Of the body, which is to come.
	guild    *guild
	disguise *disguise
	patience time.Duration // For bytes that the guild may not move yet.
	res      *Response
	raw      *http.Response
	most     int64
	empty    bool // There is no body.
	stop     context.CancelCauseFunc
	close    func() // Gives back what it has of the guild's.
}

// begin makes a request, up to the head of its response.
func (c *Client) begin(ctx context.Context, id snowflake.GuildID, r Request, patience time.Duration) (*exchange, error) {
	ctx, span := trace.Start(ctx, "fetch")
	defer span.End()
	if span.Recorded() {
		span.Set("server.address", r.host())
	}
	d := c.disguise(id)
	e, err := c.head(ctx, id, d, &r, patience)
	if err != nil {
		f := explain(ctx, err, r.host())
		d.silence(f)
		span.Fail(string(f.Outcome))
		c.cfg.Count(f.Outcome)
		return nil, f
	}
	return e, nil
}

func (c *Client) head(ctx context.Context, id snowflake.GuildID, d *disguise, r *Request, patience time.Duration) (_ *exchange, err error) {
	first, err := c.prepare(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	g := c.guilds.enter(id, time.Now())
	free := func() {}
	e := &exchange{guild: g, disguise: d, patience: patience, most: r.Max, stop: cancel}
	e.close = sync.OnceFunc(func() {
		cancel(context.Canceled)
		if e.raw != nil {
			_ = e.raw.Body.Close()
		}
		free()
		g.leave()
	})
	defer func() {
		if err != nil {
			err = explain(ctx, err, r.host())
			e.close()
		}
	}()
	by := newDeadline(c.cfg.Limits, cancel)
	defer by.stop()
	done, err := g.slot(ctx)
	if err != nil {
		return nil, err
	}
	free = done
	e.ctx = ctx
	return e, c.follow(ctx, e, by, first, *r)
}

// Fetch gets what an address holds, at most that many bytes, for ops that attach
// a file by its URL. Its errors are faults that a script may see.
func (c *Client) Fetch(ctx context.Context, id snowflake.GuildID, url string, most int64) (body []byte, contentType string, err error) {
	res, err := c.Do(ctx, id, Request{Method: http.MethodGet, URL: url, Max: most})
	if err == nil && (res.Status < 200 || res.Status > 299) {
		err = failure(Invalid, "ESTATUS", res.host+" answered with "+res.StatusLine())
	}
	if f, failed := errors.AsType[*Failure](err); failed {
		return nil, "", f.Fault()
	}
	if err != nil {
		return nil, "", err
	}
	return res.Body, res.Header("content-type"), nil
}

// Usage is what all guilds have at the moment.
type Usage struct {
	Requests    int   // Under way, those that wait for their turn included.
	Connections int64 // Those that wait to be used again included.
	HeldBytes   int64 // Of responses that nobody took yet.
}

// Usage tells it.
func (c *Client) Usage() Usage {
	out := Usage{Connections: c.sockets.inUse(), HeldBytes: c.held.inUse()}
	c.guilds.mu.Lock()
	defer c.guilds.mu.Unlock()
	for _, g := range c.guilds.all {
		g.mu.Lock()
		out.Requests += g.active
		g.mu.Unlock()
	}
	return out
}
