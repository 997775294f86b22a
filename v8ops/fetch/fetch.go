// Package fetch holds the ops behind the global fetch of scripts. They go out
// through pkg/egress, under the calling guild's limits.
package fetch

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
	f := &family{client: client, running: map[key]context.CancelFunc{}}
	fetch := op.Define("op_fetch", op.Self, f.fetch)
	// The client has a time limit of its own; a little more lets it say so.
	fetch.Timeout = client.Timeout() + grace
	abort := op.Define("op_abort_fetch", op.Self, f.abort)
	abort.Local = true
	return []op.Op{fetch, abort}
}

type family struct {
	client *egress.Client

	mu      sync.Mutex // Guards running.
	running map[key]context.CancelFunc
}

// key is a request that its script may abort. The id is the script's choice, so
// it counts only within its guild.
type key struct {
	guild snowflake.GuildID
	id    string
}

const (
	maxID = 64
	grace = time.Second
)

type fetchArgs struct {
	ID       op.Text       `json:"id,omitempty"` // For op_abort_fetch.
	Method   op.Text       `json:"method,omitempty"`
	URL      op.Text       `json:"url"`
	Headers  []egress.Pair `json:"headers,omitempty"`
	Text     string        `json:"text,omitempty"`  // The body, as UTF-8;
	Bytes    []byte        `json:"bytes,omitempty"` // or in base64.
	Redirect op.Text       `json:"redirect,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *fetchArgs) Validate() error {
	if len(a.ID) > maxID {
		return op.Invalid("id", "it has %d bytes; the limit is %d", len(a.ID), maxID)
	}
	if a.Text != "" && len(a.Bytes) > 0 {
		return op.Invalid("text", "there are bytes, too; give one of them")
	}
	return nil
}

type answer struct {
	Status     int           `json:"status"`
	StatusText string        `json:"statusText"`
	URL        string        `json:"url"`
	Redirected bool          `json:"redirected"`
	Headers    []egress.Pair `json:"headers"`
	Body       []byte        `json:"body"` // Base64.
}

func (f *family) fetch(ctx context.Context, guild snowflake.GuildID, a fetchArgs) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if a.ID != "" {
		k := key{guild, string(a.ID)}
		if !f.begin(k, cancel) {
			return nil, op.Invalid("id", "a request with this id is under way")
		}
		defer f.end(k)
	}
	body := a.Bytes
	if a.Text != "" {
		body = []byte(a.Text)
	}
	res, err := f.client.Do(ctx, guild, egress.Request{
		Method: string(a.Method), URL: string(a.URL), Headers: a.Headers, Body: body, Redirect: egress.Redirect(a.Redirect),
	})
	if failed, ok := errors.AsType[*egress.Failure](err); ok {
		return nil, failed.Fault()
	}
	if err != nil {
		return nil, err
	}
	return answer{Status: res.Status, StatusText: res.StatusText, URL: res.URL, Redirected: res.Redirected, Headers: res.Headers, Body: res.Body}, nil
}

func (f *family) begin(k key, cancel context.CancelFunc) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, dup := f.running[k]; dup {
		return false
	}
	f.running[k] = cancel
	return true
}

func (f *family) end(k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, k)
}

type abortArgs struct {
	ID op.Text `json:"id"`
}

// abort ends a request; one that is over already needs nothing.
func (f *family) abort(_ context.Context, guild snowflake.GuildID, a abortArgs) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cancel, ok := f.running[key{guild, string(a.ID)}]; ok {
		cancel()
	}
	return nil, nil
}
