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
	respond := op.Define("op_serve_respond", op.Self, f.respond)
	write := op.Define("op_serve_write", op.Self, f.write)
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
	Text       string      `json:"text,omitempty"`  // The body, as UTF-8;
	Bytes      []byte      `json:"bytes,omitempty"` // or in base64;
	Pieces     bool        `json:"pieces,omitempty"`
	Length     *int64      `json:"length,omitempty"` // or how long it will be.
}

// Validate takes one kind of body.
func (a *respondArgs) Validate() error {
	if a.Text != "" && len(a.Bytes) > 0 || a.Pieces && (a.Text != "" || len(a.Bytes) > 0) {
		return op.Invalid("text", "there is another body, too; give one")
	}
	if a.Length != nil && *a.Length < 0 {
		return op.Invalid("length", "it is negative")
	}
	return nil
}

// state says whether somebody still waits.
type state struct {
	OK bool `json:"ok"`
}

func (f family) respond(_ context.Context, guild snowflake.GuildID, a respondArgs) (any, error) {
	h := inbound.Head{Status: a.Status, Text: a.StatusText, Headers: a.Headers, Body: a.Bytes, Length: -1, Pieces: a.Pieces}
	if a.Text != "" {
		h.Body = []byte(a.Text)
	}
	if a.Length != nil {
		h.Length = *a.Length
	}
	ok, err := f.exchanges.Respond(guild, string(a.ID), h)
	return state{ok}, err
}

type writeArgs struct {
	ID     op.Text `json:"id"`
	Bytes  []byte  `json:"bytes,omitempty"`
	End    bool    `json:"end,omitempty"`
	Failed bool    `json:"failed,omitempty"`
}

func (f family) write(ctx context.Context, guild snowflake.GuildID, a writeArgs) (any, error) {
	ok, err := f.exchanges.Write(ctx, guild, string(a.ID), a.Bytes, a.End, a.Failed)
	return state{ok}, err
}

type completedArgs struct {
	ID op.Text `json:"id"`
}

func (f family) completed(ctx context.Context, guild snowflake.GuildID, a completedArgs) (any, error) {
	ok, err := f.exchanges.Completed(ctx, guild, string(a.ID))
	return state{ok}, err
}
