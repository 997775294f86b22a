package fetch

import (
	"context"
	"io"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxExchanges is how many requests of a guild are remembered, whose responses
// nobody reads included.
const maxExchanges = 1024

// family knows the requests that are not over.
type family struct {
	client *egress.Client

	mu    sync.Mutex // Guards the members below.
	all   map[key]*exchange
	count map[snowflake.GuildID]int
}

// key is a request. The id is the script's choice, so it counts only within its
// guild.
type key struct {
	guild snowflake.GuildID
	id    op.Text
}

// exchange is a request and its response, until the last byte of it is read. The
// end of its script ends it.
type exchange struct {
	family *family
	key    key
	ctx    context.Context //nolint:containedctx // The life of the exchange, which no op has.
	end    func()          // Ends it and forgets it.
	from   *io.PipeReader  // The other end of body.
	body   *io.PipeWriter  // Of a request whose body is a stream.
	result chan outcome    // Of the same.

	mu       sync.Mutex // Guards the members below.
	stream   *egress.Stream
	finished bool // There is nothing more of it,
	answered bool // and op_fetch_answer has told of it.
}

type outcome struct {
	res any
	err error
}

// begin notes a request.
func (f *family) begin(ctx context.Context, c op.Call, id op.Text) (*exchange, error) {
	e := &exchange{family: f, key: key{c.Guild, id}}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, dup := f.all[e.key]; dup {
		return nil, op.Invalid("id", "a request with this id is under way")
	}
	if f.count[c.Guild] >= maxExchanges {
		return nil, fault.New(fault.RateLimited, "more than %d requests are not over; read or cancel their responses", maxExchanges)
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	alone := func() bool { return true }
	if c.Life != nil {
		alone = context.AfterFunc(c.Life, cancel) //nolint:contextcheck // The script ends its requests.
	}
	e.ctx = life
	e.end = sync.OnceFunc(func() {
		alone()
		cancel()
		f.forget(e.key)
		if stream := e.reading(); stream != nil {
			stream.Close()
		}
	})
	context.AfterFunc(life, e.end)
	f.all[e.key] = e
	f.count[c.Guild]++
	return e, nil
}

func (f *family) forget(k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, k)
	if f.count[k.guild]--; f.count[k.guild] == 0 {
		delete(f.count, k.guild)
	}
}

func (f *family) find(guild snowflake.GuildID, id op.Text) *exchange {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[key{guild, id}]
}

// upload makes the request's body one that is sent in parts.
func (e *exchange) upload() io.ReadCloser {
	from, to := io.Pipe()
	e.from, e.body, e.result = from, to, make(chan outcome, 1)
	context.AfterFunc(e.ctx, func() { _ = from.Close() })
	return from
}

// run makes the request. Unless there is more of the response, it is over then.
func (e *exchange) run(r egress.Request) (any, error) {
	r.Ended = e.over
	res, err := e.family.client.Open(e.ctx, e.key.guild, r)
	if err != nil {
		e.over()
		return nil, told(err)
	}
	out := head{Status: res.Status, StatusText: res.StatusText, URL: res.URL, Redirected: res.Redirected, Headers: res.Headers}
	if res.Stream == nil {
		e.over()
		return op.WithBytes{Result: out}, nil
	}
	e.mu.Lock()
	e.stream = res.Stream
	e.mu.Unlock()
	if e.ctx.Err() != nil {
		res.Stream.Close() // It ended before it could be known.
	}
	b, last, err := res.Stream.Begin(e.ctx, prompt)
	if err != nil {
		e.over()
		return nil, told(err)
	}
	out.More = !last
	return op.WithBytes{Result: out, Bytes: nonNil(b)}, nil
}

// over notes that nothing more comes, which ends the exchange once its outcome
// is told.
func (e *exchange) over() {
	e.mu.Lock()
	e.finished = true
	told := e.result == nil || e.answered
	e.mu.Unlock()
	if e.from != nil {
		_ = e.from.Close() // Who sends need not go on.
	}
	if told {
		e.end()
	}
}

// tell notes that the outcome is told.
func (e *exchange) tell() {
	e.mu.Lock()
	e.answered = true
	over := e.finished
	e.mu.Unlock()
	if over {
		e.end()
	}
}

func (e *exchange) reading() *egress.Stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stream
}
