// Package websocket holds the ops behind the global WebSocket of scripts. They
// go out through pkg/egress, under the calling guild's limits.
//
// A script opens a WebSocket under an id of its choice, and asks for one message
// after the other: what it does not take is read no further. What it opened ends
// with it.
package websocket

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Ops declares the family.
func Ops(client *egress.Client) []op.Op {
	f := &family{client: client, all: map[key]*entry{}}
	open := op.DefineCall("op_websocket_open", op.Self, f.open)
	// The client has a time limit of its own; a little more lets it say so.
	open.Timeout = client.Timeout() + grace
	next := op.Define("op_websocket_next", op.Self, f.next)
	next.Stream, next.Waits = true, true
	send := op.DefineCall("op_websocket_send", op.Self, f.send)
	send.Stream, send.Timeout = true, sendTimeout
	end := op.Define("op_websocket_close", op.Self, f.end)
	end.Stream = true
	return []op.Op{open, next, send, end}
}

const (
	maxID       = 64
	maxReason   = 123 // Bytes, by the protocol.
	maxBatch    = 256 // Messages of one call.
	grace       = time.Second
	sendTimeout = 5 * time.Minute // The server, and the guild's bytes, may hold it up.
)

type family struct {
	client *egress.Client

	mu  sync.Mutex // Guards all.
	all map[key]*entry
}

// key is a WebSocket. The id is the script's choice, so it counts only within
// its guild.
type key struct {
	guild snowflake.GuildID
	id    string
}

// entry is one from when it is asked for until its script knows how it ended.
type entry struct {
	socket *egress.Socket // nil while it is being opened.
	cancel context.CancelFunc
	forget func()
}

type openArgs struct {
	ID        op.Text   `json:"id"`
	URL       op.Text   `json:"url"`
	Protocols []op.Text `json:"protocols,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *openArgs) Validate() error {
	if a.ID == "" || len(a.ID) > maxID {
		return op.Invalid("id", "it has %d bytes; it has 1 to %d", len(a.ID), maxID)
	}
	return nil
}

type opened struct {
	Protocol string `json:"protocol"`
}

func (f *family) open(ctx context.Context, c op.Call, a openArgs) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k, e := key{c.Guild, string(a.ID)}, &entry{cancel: cancel}
	f.mu.Lock()
	_, dup := f.all[k]
	if !dup {
		f.all[k] = e
	}
	f.mu.Unlock()
	if dup {
		return nil, op.Invalid("id", "a WebSocket with this id is open")
	}
	r := egress.SocketRequest{URL: string(a.URL)}
	for _, p := range a.Protocols {
		r.Protocols = append(r.Protocols, string(p))
	}
	socket, err := f.client.OpenSocket(ctx, c.Life, c.Guild, r)
	if err != nil {
		f.drop(k)
		return nil, faultOf(err)
	}
	release := func() {}
	if c.Keep != nil {
		release = c.Keep()
	}
	var stop func() bool
	e.forget = sync.OnceFunc(func() {
		f.drop(k)
		stop() // The script may have ended before it was there; drop has waited for that.
		socket.Release()
		release()
	})
	f.mu.Lock()
	e.socket = socket
	stop = context.AfterFunc(c.Life, e.forget) //nolint:contextcheck // It outlives the call.
	f.mu.Unlock()
	return opened{Protocol: socket.Protocol()}, nil
}

func (f *family) drop(k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, k)
}

// faultOf is the failure as scripts see it.
func faultOf(err error) error {
	if failed, ok := errors.AsType[*egress.Failure](err); ok {
		f := failed.Fault()
		f.Message = failed.Text
		return f
	}
	return err
}

// find gives a WebSocket that is open.
func (f *family) find(guild snowflake.GuildID, id op.Text) (*entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.all[key{guild, string(id)}]
	if e == nil || e.socket == nil {
		return nil, op.Invalid("id", "no WebSocket with this id is open")
	}
	return e, nil
}

type idArgs struct {
	ID op.Text `json:"id"`
}

// arrived is a message, of which bytes come beside it, or how the WebSocket
// ended. All members are there: what a script puts into prototypes is not seen.
type arrived struct {
	Text *string `json:"text"`
	End  *ended  `json:"end"`
}

type ended struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Clean  bool   `json:"clean"`
	Why    string `json:"why"` // For what is not clean.
}

func (f *family) next(ctx context.Context, guild snowflake.GuildID, a idArgs) (any, error) {
	e, err := f.find(guild, a.ID)
	if err != nil {
		return nil, err
	}
	m, end, err := e.socket.Receive(ctx)
	switch {
	case err != nil:
		return nil, err
	case end != nil:
		e.forget()
		out := &ended{Code: end.Code, Reason: end.Reason, Clean: end.Clean}
		if end.Why != nil {
			out.Why = end.Why.Text
		}
		return arrived{End: out}, nil
	case m.Text:
		text := string(m.Data)
		return arrived{Text: &text}, nil
	}
	return op.WithBytes{Result: arrived{}, Bytes: m.Data}, nil
}

type sendArgs struct {
	ID       op.Text   `json:"id"`
	Messages []message `json:"messages"`
}

// message is a text, or the next so many of the bytes beside the arguments.
type message struct {
	Text *string `json:"text,omitempty"`
	Size int     `json:"size,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *sendArgs) Validate() error {
	if len(a.Messages) > maxBatch {
		return op.Invalid("messages", "there are %d; the limit is %d", len(a.Messages), maxBatch)
	}
	return nil
}

func (f *family) send(ctx context.Context, c op.Call, a sendArgs) (any, error) {
	e, err := f.find(c.Guild, a.ID)
	if err != nil {
		return nil, err
	}
	all, bytes := make([]egress.Message, len(a.Messages)), c.Raw
	for i, m := range a.Messages {
		switch {
		case m.Text != nil:
			all[i] = egress.Message{Text: true, Data: []byte(*m.Text)}
		case m.Size < 0 || m.Size > len(bytes):
			return nil, op.Invalid("messages", "one has more bytes than there are")
		default:
			all[i], bytes = egress.Message{Data: bytes[:m.Size]}, bytes[m.Size:]
		}
	}
	return nil, faultOf(e.socket.Send(ctx, all))
}

type closeArgs struct {
	ID     op.Text `json:"id"`
	Code   *int    `json:"code,omitempty"`
	Reason op.Text `json:"reason,omitempty"`
	Fail   op.Text `json:"fail,omitempty"` // Why, without a closing handshake.
}

// The code of a close frame without one.
const noStatus = 1005

// Validate implements what op.Define asks for.
func (a *closeArgs) Validate() error {
	if a.Code != nil && *a.Code != 1000 && (*a.Code < 3000 || *a.Code > 4999) {
		return op.Invalid("code", "it is 1000, or from 3000 to 4999")
	}
	if len(a.Reason) > maxReason {
		return op.Invalid("reason", "it has %d bytes; the limit is %d", len(a.Reason), maxReason)
	}
	if a.Reason != "" && a.Code == nil {
		return op.Invalid("reason", "it needs a code")
	}
	return nil
}

// end closes a WebSocket, or gives up the one that is being opened; one that has
// ended needs nothing.
func (f *family) end(_ context.Context, guild snowflake.GuildID, a closeArgs) (any, error) {
	f.mu.Lock()
	e := f.all[key{guild, string(a.ID)}]
	var socket *egress.Socket
	if e != nil {
		socket = e.socket
	}
	f.mu.Unlock()
	switch {
	case e == nil:
	case socket == nil:
		e.cancel()
	case a.Fail != "":
		socket.Fail(string(a.Fail))
	default:
		code := noStatus
		if a.Code != nil {
			code = *a.Code
		}
		socket.Close(code, string(a.Reason))
	}
	return nil, nil
}
