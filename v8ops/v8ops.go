// Package v8ops puts the families of ops together into the one table that
// workers make functions from and control answers by.
package v8ops

import (
	"errors"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/channel"
	"github.com/flora-runtime/flora-runtime/v8ops/command"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
	"github.com/flora-runtime/flora-runtime/v8ops/guild"
	"github.com/flora-runtime/flora-runtime/v8ops/interaction"
	kvops "github.com/flora-runtime/flora-runtime/v8ops/kv"
	"github.com/flora-runtime/flora-runtime/v8ops/member"
	"github.com/flora-runtime/flora-runtime/v8ops/message"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
	"github.com/flora-runtime/flora-runtime/v8ops/reaction"
	"github.com/flora-runtime/flora-runtime/v8ops/thread"
	"github.com/flora-runtime/flora-runtime/v8ops/webhook"
)

// Deps is what the handlers work with.
type Deps struct {
	Discord *outbound.Discord
	KV      kv.Store
	Egress  *egress.Client // nil: there is no fetch.
}

// Table makes the whole set.
func Table(d Deps) (*op.Table, error) {
	if d.Discord == nil || d.Discord.REST == nil || d.Discord.Scope == nil || d.Discord.Application == nil || d.KV == nil {
		return nil, errors.New("ops need Discord's REST, a scope, the application's id and a key-value store")
	}
	var out []op.Op
	if d.Egress != nil {
		out = fetch.Ops(d.Egress)
	}
	return op.NewTable(
		message.Ops(d.Discord), reaction.Ops(d.Discord), interaction.Ops(d.Discord), command.Ops(d.Discord),
		member.Ops(d.Discord), channel.Ops(d.Discord), thread.Ops(d.Discord), webhook.Ops(d.Discord),
		guild.Ops(d.Discord), kvops.Ops(d.KV), out,
	)
}
