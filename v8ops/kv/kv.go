// Package kv holds the ops of the key-value store. A store belongs to the
// guild that calls; no argument can name another.
package kv

import (
	"context"
	"encoding/json"
	"math"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Ops declares the family.
func Ops(store kv.Store) []op.Op {
	f := &family{store}
	ops := []op.Op{
		op.Define("op_kv_get", op.Self, f.get),
		op.Define("op_kv_get_with_metadata", op.Self, f.getWithMetadata),
		op.Define("op_kv_set", op.Self, f.set),
		op.Define("op_kv_update_metadata", op.Self, f.updateMetadata),
		op.Define("op_kv_delete", op.Self, f.remove),
		op.Define("op_kv_list_keys", op.Self, f.list),
	}
	for i := range ops {
		ops[i].Local = true
	}
	return ops
}

type family struct{ store kv.Store }

type keyArgs struct {
	Store op.Text `json:"store"`
	Key   op.Text `json:"key"`
}

func (f *family) get(ctx context.Context, guild snowflake.GuildID, a keyArgs) (any, error) {
	e, err := f.store.Get(ctx, guild, string(a.Store), string(a.Key))
	if err != nil {
		return nil, err
	}
	return value(e), nil
}

// value is the entry's value, or null.
func value(e kv.Entry) any {
	if !e.Found {
		return json.RawMessage("null")
	}
	return e.Value
}

func (f *family) getWithMetadata(ctx context.Context, guild snowflake.GuildID, a keyArgs) (any, error) {
	e, err := f.store.Get(ctx, guild, string(a.Store), string(a.Key))
	if err != nil {
		return nil, err
	}
	out := struct {
		Value      any             `json:"value"`
		Metadata   json.RawMessage `json:"metadata"`
		Expiration *int64          `json:"expiration"`
	}{Value: value(e), Metadata: json.RawMessage("null")}
	if e.Found && len(e.Metadata) > 0 {
		out.Metadata = e.Metadata
	}
	if e.Found && e.Expiration != 0 {
		out.Expiration = &e.Expiration
	}
	return out, nil
}

type setArgs struct {
	Store      op.Text         `json:"store"`
	Key        op.Text         `json:"key"`
	Value      op.Text         `json:"value"`
	Expiration *float64        `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// maxExpiration is the largest integer that a script's number holds exactly.
const maxExpiration = 1<<53 - 1

// Validate implements what op.Define asks for.
func (a *setArgs) Validate() error {
	if e := a.Expiration; e != nil && (math.Abs(*e) > maxExpiration || *e != math.Trunc(*e)) {
		return op.Invalid("expiration", "expected a whole number of seconds since 1970")
	}
	return nil
}

func (f *family) set(ctx context.Context, guild snowflake.GuildID, a setArgs) (any, error) {
	o := kv.SetOptions{Metadata: a.Metadata}
	if a.Expiration != nil {
		o.Expiration = max(int64(*a.Expiration), 1) // 0 would mean never; it is long past.
	}
	return nil, f.store.Set(ctx, guild, string(a.Store), string(a.Key), string(a.Value), o)
}

type metadataArgs struct {
	Store    op.Text         `json:"store"`
	Key      op.Text         `json:"key"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // Absent clears.
}

func (f *family) updateMetadata(ctx context.Context, guild snowflake.GuildID, a metadataArgs) (any, error) {
	return nil, f.store.UpdateMetadata(ctx, guild, string(a.Store), string(a.Key), a.Metadata)
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a keyArgs) (any, error) {
	_, err := f.store.Delete(ctx, guild, string(a.Store), string(a.Key))
	return nil, err
}

// maxPage is how many keys one call lists.
const maxPage = 1000

type listArgs struct {
	Store  op.Text `json:"store"`
	Prefix op.Text `json:"prefix,omitempty"`
	Limit  *int    `json:"limit,omitempty"`
	Cursor op.Text `json:"cursor,omitempty"`
}

// Validate implements what op.Define asks for.
func (a *listArgs) Validate() error {
	if a.Limit != nil && *a.Limit < 1 {
		return op.Invalid("limit", "it is %d; give 1 to %d", *a.Limit, maxPage)
	}
	return nil
}

// listed is a page as scripts see it.
type listed struct {
	Keys     []listedKey `json:"keys"`
	Complete bool        `json:"listComplete"`
	Cursor   string      `json:"cursor,omitempty"`
}

type listedKey struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

func (f *family) list(ctx context.Context, guild snowflake.GuildID, a listArgs) (any, error) {
	o := kv.ListOptions{Prefix: string(a.Prefix), Cursor: string(a.Cursor)}
	if a.Limit != nil {
		o.Limit = min(*a.Limit, maxPage)
	}
	page, err := f.store.List(ctx, guild, string(a.Store), o)
	if err != nil {
		return nil, err
	}
	out := listed{Keys: make([]listedKey, len(page.Keys)), Complete: page.Complete}
	for i, k := range page.Keys {
		out.Keys[i] = listedKey{Name: k.Name, Expiration: k.Expiration, Metadata: k.Metadata}
	}
	if !page.Complete {
		out.Cursor = page.Cursor
	}
	return out, nil
}
