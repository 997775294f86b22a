package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
)

// fetches lets the test answer what scripts fetch. It sees bodies as a whole:
// one that is a stream is gathered first.
type fetches struct {
	world *world

	mu   sync.Mutex // Guards sent.
	sent map[string]*upload
}

// upload is a request whose body comes in parts.
type upload struct {
	args json.RawMessage
	body []byte
	all  chan struct{} // Closed when it is there.
}

func (f *fetches) ops() []op.Op {
	row := func(name string, h op.Handler) op.Op { return op.Op{Name: name, Rule: op.Self, Handler: h} }
	return []op.Op{
		row("op_fetch", func(ctx context.Context, c op.Call) (any, error) { return f.answer(ctx, c.Args, c.Raw) }),
		row("op_fetch_open", f.open), row("op_fetch_send", f.send), row("op_fetch_answer", f.wait),
		row("op_abort_fetch", func(context.Context, op.Call) (any, error) { return nil, nil }),
	}
}

type part struct {
	ID   string
	Last bool
}

func (f *fetches) find(c op.Call) (part, *upload, error) {
	var p part
	if err := json.Unmarshal(c.Args, &p); err != nil {
		return p, nil, fault.New(fault.InvalidInput, "%s", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return p, f.sent[p.ID], nil
}

func (f *fetches) open(_ context.Context, c op.Call) (any, error) {
	p, _, err := f.find(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent[p.ID] = &upload{args: c.Args, all: make(chan struct{})}
	return nil, err
}

func (f *fetches) send(_ context.Context, c op.Call) (any, error) {
	p, u, err := f.find(c)
	if err != nil || u == nil {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u.body = append(u.body, c.Raw...)
	if p.Last {
		close(u.all)
	}
	return true, nil
}

func (f *fetches) wait(ctx context.Context, c op.Call) (any, error) {
	p, u, err := f.find(c)
	if err != nil || u == nil {
		return nil, err
	}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sent, p.ID)
	}()
	select {
	case <-u.all:
		return f.answer(ctx, u.args, u.body)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answer asks the test, to which bytes are base64.
func (f *fetches) answer(ctx context.Context, args json.RawMessage, body []byte) (any, error) {
	if len(body) > 0 {
		var all map[string]any
		if err := json.Unmarshal(args, &all); err != nil {
			return nil, fault.New(fault.InvalidInput, "%s", err)
		}
		all["bytes"] = body
		var err error
		if args, err = json.Marshal(all); err != nil {
			return nil, fmt.Errorf("encode a request: %w", err)
		}
	}
	raw, err := f.world.ask(ctx, "fetch", "fetch", args)
	if err != nil {
		return nil, err
	}
	var got struct {
		Body []byte `json:"body"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return nil, fmt.Errorf("read what the test answered: %w", err)
	}
	return op.WithBytes{Result: raw, Bytes: append([]byte{}, got.Body...)}, nil
}
