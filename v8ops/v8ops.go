// Package v8ops puts the families of ops together into the one table that
// workers make functions from and control answers by.
package v8ops

import (
	"errors"
	"fmt"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/command"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
	"github.com/flora-runtime/flora-runtime/v8ops/interaction"
	kvops "github.com/flora-runtime/flora-runtime/v8ops/kv"
	"github.com/flora-runtime/flora-runtime/v8ops/message"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
	"github.com/flora-runtime/flora-runtime/v8ops/rest"
	"github.com/flora-runtime/flora-runtime/v8ops/serve"
	"github.com/flora-runtime/flora-runtime/v8ops/thread"
	"github.com/flora-runtime/flora-runtime/v8ops/webhook"
	"github.com/flora-runtime/flora-runtime/v8ops/websocket"
)

// Deps is what the handlers work with.
type Deps struct {
	Discord *outbound.Discord
	KV      kv.Store
	Egress  *egress.Client  // nil: there is neither fetch nor WebSocket.
	Serve   serve.Exchanges // nil: there is no Deno.serve.
	DenoKV  denokv.Deps     // Without a store there is neither Deno.openKv nor flora.schedule.
}

// Table makes the whole set.
func Table(d Deps) (*op.Table, error) {
	if d.Discord == nil || d.Discord.REST == nil || d.Discord.Scope == nil || d.Discord.Application == nil || d.KV == nil {
		return nil, errors.New("ops need Discord's REST, a scope, the application's id and a key-value store")
	}
	discord, err := ofDiscord(d.Discord)
	if err != nil {
		return nil, err
	}
	var out []op.Op
	if d.Egress != nil {
		out = slices.Concat(fetch.Ops(d.Egress), websocket.Ops(d.Egress))
	}
	var ordered []op.Op
	if d.DenoKV.Store != nil {
		ordered = denokv.Ops(d.DenoKV)
	}
	var in []op.Op
	if d.Serve != nil {
		in = serve.Ops(d.Serve)
	}
	return op.NewTable(discord, kvops.Ops(d.KV), out, ordered, in)
}

// ofDiscord makes an op of every row of the endpoint table, in its order.
func ofDiscord(d *outbound.Discord) ([]op.Op, error) {
	own := map[string]op.Op{}
	for _, family := range [][]op.Op{message.Ops(d), interaction.Ops(d), command.Ops(d), thread.Ops(d), webhook.Ops(d)} {
		for _, o := range family {
			own[o.Name] = o
		}
	}
	var out []op.Op
	for _, e := range endpoint.All() {
		o, written := own[e.Op()]
		if written != e.Own || written && o.Rule != e.Rule {
			return nil, fmt.Errorf("%s: its row and its code do not agree", e.Op())
		}
		delete(own, e.Op())
		if !written {
			var err error
			if o, err = rest.Op(d, e); err != nil {
				return nil, err
			}
		}
		out = append(out, o)
	}
	for name := range own {
		return nil, fmt.Errorf("%s has no row in the endpoint table", name)
	}
	return out, nil
}
