// Package inbound brings requests from outside to the scripts of guilds whose
// admins have opened their endpoint, and the answers back. What comes in is
// bounded in number, size and time, for each address, each guild and all
// together. Pages of scripts share their host with the API unless the operator
// gives them another, so nothing of a caller's login reaches a script and
// nothing a script answers acts with it; headers.go and policy.go say how.
package inbound

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Scripts are the guilds' scripts.
type Scripts interface {
	// Deliver hands a request over; the error says why nothing of it happens.
	Deliver(guild snowflake.GuildID, d Delivery) error
	// Abandon tells the script that nobody waits for the answer any more.
	Abandon(guild snowflake.GuildID, id string)
}

// Delivery is a request on its way to a script. Its functions do not wait.
type Delivery struct {
	Payload []byte
	Void    func() bool                // Nobody waits for it any more.
	Begun   func(life context.Context) // A script has it; life is the script's.
	Over    func(err error)            // Its handler has ended; nil is well.
}

// Limits of what comes in.
type Limits struct {
	RequestBytes  int64
	ResponseBytes int64
	// Guild and Address bound the requests of a guild and of an address.
	Guild, Address Rate
	Start          time.Duration // From delivery until a handler has it.
	Answer         time.Duration // From then until it answers.
	Stream         time.Duration // The longest answer, from its first byte.
}

// Rate bounds requests.
type Rate struct {
	PerSecond, Burst float64
	AtOnce           int
}

// Config of an Endpoint.
type Config struct {
	Base    Base
	Scripts Scripts
	// Open says whether the guild's admins have opened its endpoint.
	Open func(ctx context.Context, guild snowflake.GuildID) (bool, error)
	// Reserved says that a bearer is the API's own, and no script may see it.
	Reserved func(bearer string) bool
	Limits   Limits
	// Refused, if not nil, tells of a request that a guild's limit refused.
	Refused func(guild snowflake.GuildID, name limit.Name, text string)
	// Complain, if not nil, writes to the guild's log.
	Complain func(guild snowflake.GuildID, text string)
	// Count, if not nil, counts requests by how they ended.
	Count func(Outcome)
	Clock clock.Clock
}

// Outcome is how a request ended.
type Outcome string

// The outcomes.
const (
	Answered    Outcome = "answered"
	Failed      Outcome = "failed"       // The script's handler failed.
	Bad         Outcome = "bad_response" // Its response cannot be sent.
	TimedOut    Outcome = "timeout"
	Limited     Outcome = "rate_limited"
	TooLarge    Outcome = "too_large"
	Unavailable Outcome = "unavailable"
	Closed      Outcome = "closed" // There is no such endpoint, or it is not open.
	Refused     Outcome = "refused"
	Gone        Outcome = "client_gone"
)

// Outcomes lists them.
func Outcomes() []Outcome {
	return []Outcome{Answered, Failed, Bad, TimedOut, Limited, TooLarge, Unavailable, Closed, Refused, Gone}
}

// Endpoint serves all guilds' requests.
type Endpoint struct {
	cfg    Config
	guilds *fair[snowflake.GuildID]
	places *fair[string]
	total  *fair[struct{}]
	ended  context.Context //nolint:containedctx // The end of all exchanges.
	end    context.CancelFunc

	mu   sync.Mutex // Guards open.
	open map[key]*exchange
}

type key struct {
	guild snowflake.GuildID
	id    string
}

// mostAtOnce bounds the requests of all guilds that are under way: their bodies
// are in memory.
const mostAtOnce = 512

// New makes an endpoint.
func New(cfg Config) (*Endpoint, error) {
	switch {
	case cfg.Scripts == nil, cfg.Open == nil, cfg.Base == Base{}:
		return nil, errors.New("the endpoint needs scripts, a base and who has opened theirs")
	}
	if cfg.Reserved == nil {
		cfg.Reserved = func(string) bool { return false }
	}
	if cfg.Refused == nil {
		cfg.Refused = func(snowflake.GuildID, limit.Name, string) {}
	}
	if cfg.Complain == nil {
		cfg.Complain = func(snowflake.GuildID, string) {}
	}
	if cfg.Count == nil {
		cfg.Count = func(Outcome) {}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	e := &Endpoint{
		cfg:    cfg,
		guilds: newFair[snowflake.GuildID](cfg.Clock, cfg.Limits.Guild),
		places: newFair[string](cfg.Clock, cfg.Limits.Address),
		total:  newFair[struct{}](cfg.Clock, Rate{AtOnce: mostAtOnce}),
		open:   map[key]*exchange{},
	}
	e.ended, e.end = context.WithCancel(context.Background())
	return e, nil
}

// Close ends all exchanges, and has later ones refused.
func (e *Endpoint) Close() { e.end() }

// URL is where the guild's endpoint is reached, with a slash at its end.
func (e *Endpoint) URL(guild snowflake.GuildID) string { return e.cfg.Base.URL(guild) }

// Head is the beginning of a response.
type Head struct {
	Status  int
	Text    string // Of the status; HTTP/2 has none, and HTTP/1 clients do not look.
	Headers [][2]string
	Body    []byte
	Length  int64 // Of a body that comes in pieces; -1 is not known.
	Pieces  bool  // The body comes in pieces.
}

// exchange is one request that waits for its answer, or whose answer is on its
// way.
type exchange struct {
	id     string
	head   chan Head
	pieces chan piece
	over   chan struct{} // Closed at its end.
	fate   chan error    // How the handler ended, if not well; one value.
	life   chan context.Context

	mu       sync.Mutex // Guards the members below.
	answered bool
	complete bool // All of the answer was sent.
}

// piece is a part of a body, or its end.
type piece struct {
	bytes  []byte
	end    bool
	failed bool
	done   chan struct{} // Closed when it was written.
}

func (e *Endpoint) begin(guild snowflake.GuildID) *exchange {
	x := &exchange{
		id: uuid.NewString(), head: make(chan Head, 1), pieces: make(chan piece), over: make(chan struct{}),
		fate: make(chan error, 1), life: make(chan context.Context, 1),
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[key{guild, x.id}] = x
	return x
}

func (e *Endpoint) finish(guild snowflake.GuildID, x *exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, key{guild, x.id})
	close(x.over)
}

func (e *Endpoint) find(guild snowflake.GuildID, id string) *exchange {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open[key{guild, id}]
}

// Respond answers the guild's request. It is false when nobody waits for that.
func (e *Endpoint) Respond(guild snowflake.GuildID, id string, h Head) (bool, error) {
	x := e.find(guild, id)
	if x == nil {
		return false, nil
	}
	x.mu.Lock()
	again := x.answered
	x.answered = true
	x.mu.Unlock()
	if again {
		return false, fault.New(fault.Conflict, "the request was answered already")
	}
	x.head <- h
	return true, nil
}

// Write sends a piece of the answer's body and waits until it was written; an
// end may be one that failed. It is false when nobody waits for more.
func (e *Endpoint) Write(ctx context.Context, guild snowflake.GuildID, id string, bytes []byte, end, failed bool) (bool, error) {
	x := e.find(guild, id)
	if x == nil {
		return false, nil
	}
	p := piece{bytes: bytes, end: end, failed: failed, done: make(chan struct{})}
	select {
	case x.pieces <- p:
	case <-x.over:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case <-p.done:
		return true, nil
	case <-x.over:
		return end && x.sent(), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// Completed waits for the end of the exchange, and says whether all of the
// answer was sent.
func (e *Endpoint) Completed(ctx context.Context, guild snowflake.GuildID, id string) (bool, error) {
	x := e.find(guild, id)
	if x == nil {
		return false, nil
	}
	select {
	case <-x.over:
		return x.sent(), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (x *exchange) sent() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.complete
}

func (x *exchange) allSent() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.complete = true
}
