// Package serve has the ops behind Deno.serve: a script answers the requests
// that its guild's endpoint received. An answer reaches requests of the guild
// itself only, whatever id it names.
package serve

import (
	"context"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Exchanges are the requests that wait for answers, or whose answers are on
// their way.
type Exchanges interface {
	Respond(guild snowflake.GuildID, id string, h inbound.Head) (waited bool, err error)
	Write(ctx context.Context, guild snowflake.GuildID, id string, bytes []byte, end, failed bool) (wanted bool, err error)
	Completed(ctx context.Context, guild snowflake.GuildID, id string) (complete bool, err error)
}

const (
	// writeTime is a little more than a client may take for a piece.
	writeTime = 35 * time.Second
	// longest is more than any exchange lasts.
	longest = 2 * time.Hour
)

// Ops makes the family.
func Ops(e Exchanges) []op.Op {
	f := family{e}
	respond := op.DefineCall("op_serve_respond", op.Self, f.respond)
	write := op.DefineCall("op_serve_write", op.Self, f.write)
	write.Timeout = writeTime
	completed := op.Define("op_serve_completed", op.Self, f.completed)
	completed.Timeout = longest
	all := []op.Op{respond, write, completed}
	for i := range all {
		all[i].Local = true
	}
	return all
}

type family struct{ exchanges Exchanges }

type respondArgs struct {
	ID         op.Text     `json:"id"`
	Status     int         `json:"status"`
	StatusText string      `json:"statusText,omitempty"`
	Headers    [][2]string `json:"headers,omitempty"`
	Text       string      `json:"text,omitempty"`   // The body, unless its bytes come beside
	Pieces     bool        `json:"pieces,omitempty"` // or later;
	Length     *int64      `json:"length,omitempty"` // and how long it will be then.
}

// Validate takes one kind of body.
func (a *respondArgs) Validate() error {
	if a.Pieces && a.Text != "" {
		return errTwoBodies()
	}
	if a.Length != nil && *a.Length < 0 {
		return op.Invalid("length", "it is negative")
	}
	return nil
}

func errTwoBodies() error { return op.Invalid("text", "there is another body, too; give one") }

// state says whether somebody still waits.
type state struct {
	OK bool `json:"ok"`
}

func (f family) respond(_ context.Context, c op.Call, a respondArgs) (any, error) {
	if len(c.Raw) > 0 && (a.Text != "" || a.Pieces) {
		return nil, errTwoBodies()
	}
	h := inbound.Head{Status: a.Status, Text: a.StatusText, Headers: a.Headers, Body: c.Raw, Length: -1, Pieces: a.Pieces}
	if a.Text != "" {
		h.Body = []byte(a.Text)
	}
	if a.Length != nil {
		h.Length = *a.Length
	}
	ok, err := f.exchanges.Respond(c.Guild, string(a.ID), h)
	return state{ok}, err
}

type writeArgs struct {
	ID     op.Text `json:"id"`
	End    bool    `json:"end,omitempty"`
	Failed bool    `json:"failed,omitempty"`
}

func (f family) write(ctx context.Context, c op.Call, a writeArgs) (any, error) {
	ok, err := f.exchanges.Write(ctx, c.Guild, string(a.ID), c.Raw, a.End, a.Failed)
	return state{ok}, err
}

type completedArgs struct {
	ID op.Text `json:"id"`
}

func (f family) completed(ctx context.Context, guild snowflake.GuildID, a completedArgs) (any, error) {
	ok, err := f.exchanges.Completed(ctx, guild, string(a.ID))
	return state{ok}, err
}
