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
	RequestBytes  int64 // Body of a request.
	ResponseBytes int64 // Body of a response, decompressed.
	Concurrency   int   // Requests under way; more wait.
	// BytesPerMinute is for all bodies, as they cross the network and, if that is
	// another size, decompressed. BytesAtOnce is how many may come before that:
	// they wait in the worker's memory for a script that is busy.
	BytesPerMinute, BytesAtOnce int64
	HeldBytes                   int64         // Of all responses that are in memory at once.
	Timeout                     time.Duration // Of a whole request, redirects and waiting included.
	Sockets                     SocketLimits
}

// DefaultLimits are the limits when nothing is said.
func DefaultLimits() Limits {
	return Limits{
		RequestBytes: 8 << 20, ResponseBytes: 8 << 20, Concurrency: 16, BytesPerMinute: 256 << 20, BytesAtOnce: 64 << 20, HeldBytes: 32 << 20, Timeout: 30 * time.Second,
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
	cfg     Config
	guilds  guilds
	dialer  *dialer
	sockets *socketSlots
	base    context.Context //nolint:containedctx // The life of all WebSockets.
	cancel  context.CancelFunc
	running sync.WaitGroup // What WebSockets run.
}

// New makes a client.
func New(cfg Config) *Client {
	if cfg.Policy == nil {
		cfg.Policy = NewPolicy(nil, nil)
	}
	if cfg.Count == nil {
		cfg.Count = func(Outcome) {}
	}
	d := newDialer(cfg.Policy, cfg.Resolver, cfg.Dial)
	if cfg.Sockets == nil {
		cfg.Sockets = noSockets{}
	}
	c := &Client{cfg: cfg, dialer: d, sockets: newSocketSlots(cfg.Limits.Sockets)}
	c.base, c.cancel = context.WithCancel(context.Background())
	c.guilds.all = map[snowflake.GuildID]*guild{}
	atOnce := max(cfg.Limits.Concurrency, 1)
	conns := int64(2*atOnce + maxIdle)
	held, open := &pool{most: memories * cfg.Limits.HeldBytes, parts: memories}, &pool{most: sockets * conns, parts: sockets}
	c.guilds.make = func() *guild {
		g := &guild{slots: make(chan struct{}, atOnce), memory: held, sockets: open}
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

// Do makes a request for a guild. Every error is a *Failure.
func (c *Client) Do(ctx context.Context, id snowflake.GuildID, r Request) (*Response, error) {
	ctx, span := trace.Start(ctx, "fetch")
	defer span.End()
	if span.Recorded() {
		span.Set("server.address", r.host())
	}
	d := c.disguise(id)
	out, err := c.do(ctx, id, d, r)
	if err != nil {
		f := explain(ctx, err, r.host())
		d.silence(f)
		span.Fail(string(f.Outcome))
		c.cfg.Count(f.Outcome)
		return nil, f
	}
	c.cfg.Count(OK)
	return out, nil
}

func (c *Client) do(ctx context.Context, id snowflake.GuildID, d *disguise, r Request) (*Response, error) {
	first, err := c.prepare(&r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Timeout)
	defer cancel()
	g := c.guilds.enter(id, time.Now())
	defer g.leave()
	done, err := g.slot(ctx)
	if err != nil {
		return nil, explain(ctx, err, r.host())
	}
	defer done()
	return c.follow(ctx, g, d, first, r)
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
