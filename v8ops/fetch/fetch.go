// Package fetch holds the ops behind the global fetch of scripts. They go out
// through pkg/egress, under the calling guild's limits. A body that is small
// comes with the response; of a larger one the script asks for more, and what
// it does not ask for is not read from the server. It ends when it is read, given
// up, or not asked for in time, and with the script.
package fetch

import (
	"context"
	"errors"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	maxID = 64
	grace = time.Second
	// prompt is how long a response waits for the end of its body, so that a small
	// one takes no second op.
	prompt = 10 * time.Millisecond
	// endless is for ops that the client's own limits end.
	endless = 24 * time.Hour
)

// Ops declares the family.
func Ops(client *egress.Client) []op.Op {
	f := &family{client: client, all: map[key]*exchange{}, count: map[snowflake.GuildID]int{}}
	fetch := op.DefineCall("op_fetch", op.Self, f.fetch)
	// The client has a time limit of its own; a little more lets it say so.
	fetch.Timeout = client.Timeout() + grace
	open := op.DefineCall("op_fetch_open", op.Self, f.open)
	send := op.DefineCall("op_fetch_send", op.Self, f.send)
	answer := op.DefineCall("op_fetch_answer", op.Self, f.answer)
	read := op.DefineCall("op_fetch_read", op.Self, f.read)
	abort := op.DefineCall("op_abort_fetch", op.Self, f.abort)
	for _, o := range []*op.Op{&send, &answer, &read} {
		o.Timeout = endless
	}
	for _, o := range []*op.Op{&send, &answer, &read, &abort} {
		o.Local = true // The request was counted, and bytes are.
	}
	return []op.Op{fetch, open, send, answer, read, abort}
}

type fetchArgs struct {
	ID       op.Text       `json:"id"` // For the other ops.
	Method   op.Text       `json:"method,omitempty"`
	URL      op.Text       `json:"url"`
	Headers  []egress.Pair `json:"headers,omitempty"`
	Text     string        `json:"text,omitempty"` // The body, as UTF-8; or it is beside the arguments.
	Redirect op.Text       `json:"redirect,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *fetchArgs) Validate() error { return checkID(a.ID) }

func checkID(id op.Text) error {
	if len(id) == 0 || len(id) > maxID {
		return op.Invalid("id", "it has %d bytes; it must have some, and at most %d", len(id), maxID)
	}
	return nil
}

func (a *fetchArgs) request(body []byte) (egress.Request, error) {
	if a.Text != "" && len(body) > 0 {
		return egress.Request{}, op.Invalid("text", "there are bytes, too; give one of them")
	}
	if a.Text != "" {
		body = []byte(a.Text)
	}
	return egress.Request{Method: string(a.Method), URL: string(a.URL), Headers: a.Headers, Body: body, Redirect: egress.Redirect(a.Redirect)}, nil
}

// head is a response. Its body, or the beginning of it, is beside it; nil when
// there is none.
type head struct {
	Status     int           `json:"status"`
	StatusText string        `json:"statusText"`
	URL        string        `json:"url"`
	Redirected bool          `json:"redirected"`
	Headers    []egress.Pair `json:"headers"`
	More       bool          `json:"more"` // op_fetch_read gives the rest.
}

// fetch makes a request whose body is there.
func (f *family) fetch(ctx context.Context, c op.Call, a fetchArgs) (any, error) {
	r, err := a.request(c.Raw)
	if err != nil {
		return nil, err
	}
	e, err := f.begin(ctx, c, a.ID)
	if err != nil {
		return nil, err
	}
	return e.run(r)
}

// open begins a request whose body is sent with op_fetch_send; op_fetch_answer
// gives the response.
func (f *family) open(ctx context.Context, c op.Call, a fetchArgs) (any, error) {
	r, err := a.request(c.Raw)
	if err != nil {
		return nil, err
	}
	if len(r.Body) > 0 {
		return nil, op.Invalid("text", "a body that is a stream is sent with op_fetch_send")
	}
	e, err := f.begin(ctx, c, a.ID)
	if err != nil {
		return nil, err
	}
	r.Stream = e.upload()
	go func() {
		res, err := e.run(r)
		e.result <- outcome{res, err}
	}()
	return nil, nil
}

type sendArgs struct {
	ID   op.Text `json:"id"`
	Last bool    `json:"last,omitempty"`
}

// send passes on a part of a request's body, and waits until it is on its way.
// It answers whether more is wanted.
func (f *family) send(ctx context.Context, c op.Call, a sendArgs) (any, error) {
	e := f.find(c.Guild, a.ID)
	if e == nil || e.body == nil {
		return false, nil
	}
	defer context.AfterFunc(ctx, func() { _ = e.body.CloseWithError(ctx.Err()) })()
	if len(c.Raw) > 0 {
		if _, err := e.body.Write(c.Raw); err != nil {
			return false, nil //nolint:nilerr // Why it is over, op_fetch_answer says.
		}
	}
	if a.Last {
		_ = e.body.Close()
	}
	return true, nil
}

type idArgs struct {
	ID op.Text `json:"id"`
}

// answer gives the response of a request that op_fetch_open began.
func (f *family) answer(ctx context.Context, c op.Call, a idArgs) (any, error) {
	e := f.find(c.Guild, a.ID)
	if e == nil || e.result == nil {
		return nil, gone()
	}
	select {
	case o := <-e.result:
		e.tell()
		return o.res, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type readArgs struct {
	ID    op.Text `json:"id"`
	Whole bool    `json:"whole,omitempty"` // The script wants all of it at once.
}

type part struct {
	More bool `json:"more"`
}

// read gives more of a response's body, at least a byte of it unless it ends.
func (f *family) read(ctx context.Context, c op.Call, a readArgs) (any, error) {
	e := f.find(c.Guild, a.ID)
	if e == nil {
		return nil, gone()
	}
	stream := e.reading()
	if stream == nil {
		return nil, gone()
	}
	if a.Whole {
		stream.Whole()
	}
	b, last, err := stream.Next(ctx)
	if err != nil {
		return nil, told(err)
	}
	return op.WithBytes{Result: part{More: !last}, Bytes: nonNil(b)}, nil
}

// abort ends a request; one that is over already needs nothing.
func (f *family) abort(_ context.Context, c op.Call, a idArgs) (any, error) {
	if e := f.find(c.Guild, a.ID); e != nil {
		e.end()
	}
	return nil, nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// told is the error as scripts see it.
func told(err error) error {
	if failed, ok := errors.AsType[*egress.Failure](err); ok {
		return failed.Fault()
	}
	return err
}

// gone is the error of a request that is over.
func gone() error {
	return (&egress.Failure{Outcome: egress.Cancelled, Code: "ABORTED", Text: "the request is over: it was cancelled, or its response was not read for too long"}).Fault()
}
