// Package kv holds the ops of the key-value store. A store belongs to the
// guild that calls; no argument can name another.
package kv

import (
	"context"
	"encoding/json"
	"fmt"
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
		op.Define("op_kv_get_many", op.Self, f.getMany),
		op.Define("op_kv_set", op.Self, f.set),
		op.Define("op_kv_write", op.Self, f.write),
		op.Define("op_kv_increment", op.Self, f.increment),
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
	return entryOf(e), nil
}

// entry is what a script sees of a key; all is null where there is no such key.
type entry struct {
	Value      any             `json:"value"`
	Metadata   json.RawMessage `json:"metadata"`
	Expiration *int64          `json:"expiration"`
	Version    *uint64         `json:"version"`
}

func entryOf(e kv.Entry) entry {
	out := entry{Value: value(e), Metadata: json.RawMessage("null")}
	if !e.Found {
		return out
	}
	out.Version = &e.Version
	if len(e.Metadata) > 0 {
		out.Metadata = e.Metadata
	}
	if e.Expiration != 0 {
		out.Expiration = &e.Expiration
	}
	return out
}

type keysArgs struct {
	Store op.Text   `json:"store"`
	Keys  []op.Text `json:"keys"`
}

func (f *family) getMany(ctx context.Context, guild snowflake.GuildID, a keysArgs) (any, error) {
	keys := make([]string, len(a.Keys))
	for i, k := range a.Keys {
		keys[i] = string(k)
	}
	found, err := f.store.GetMany(ctx, guild, string(a.Store), keys)
	if err != nil {
		return nil, err
	}
	out := make([]entry, len(found))
	for i, e := range found {
		out[i] = entryOf(e)
	}
	return out, nil
}

// maxNumber is the largest integer that a script's number holds exactly.
const maxNumber = 1<<53 - 1

// whole reads a number that is to be an integer.
func whole(field, what string, v *float64) (int64, error) {
	if v == nil {
		return 0, nil
	}
	if math.Abs(*v) > maxNumber || *v != math.Trunc(*v) {
		return 0, op.Invalid(field, "expected a whole number%s", what)
	}
	return int64(*v), nil
}

// ends says when a key is to be gone.
type ends struct {
	Expiration *float64 `json:"expiration"`
	TTL        *float64 `json:"ttl"`
}

func (e ends) read(at string) (expiration, ttl int64, err error) {
	if expiration, err = whole(at+"expiration", " of seconds since 1970", e.Expiration); err != nil {
		return 0, 0, err
	}
	if ttl, err = whole(at+"ttl", " of seconds", e.TTL); err != nil {
		return 0, 0, err
	}
	switch {
	case e.TTL != nil && ttl < 1:
		return 0, 0, op.Invalid(at+"ttl", "it must be at least 1 second")
	case e.Expiration != nil:
		expiration = max(expiration, 1) // 0 would mean never; it is long past.
	}
	return expiration, ttl, nil
}

// change is a set, or without a value a delete.
type change struct {
	Key        *op.Text        `json:"key"`
	Value      *op.Text        `json:"value"`
	Expiration *float64        `json:"expiration"`
	TTL        *float64        `json:"ttl"`
	Metadata   json.RawMessage `json:"metadata"`
	IfVersion  *float64        `json:"ifVersion"`
	IfAbsent   bool            `json:"ifAbsent"`
}

// read checks the members; at is what comes before their names.
func (c change) read(at string) (kv.Change, error) {
	out := kv.Change{Key: string(*c.Key), Delete: c.Value == nil}
	var err error
	if c.Value != nil {
		out.Value, out.Metadata = string(*c.Value), c.Metadata
		if out.Expiration, out.TTL, err = (ends{c.Expiration, c.TTL}).read(at); err != nil {
			return out, err
		}
	}
	version, err := whole(at+"ifVersion", ": a version that getWithMetadata gave", c.IfVersion)
	if err != nil {
		return out, err
	}
	if c.IfVersion != nil && version < 1 {
		return out, op.Invalid(at+"ifVersion", "versions begin at 1; ifAbsent asks that there is no such key")
	}
	out.IfVersion, out.IfAbsent = uint64(version), c.IfAbsent //nolint:gosec // Not negative.
	return out, nil
}

// made is what a write answers.
type made struct {
	Version uint64 `json:"version"`
}

type setArgs struct {
	Store      op.Text         `json:"store"`
	Key        op.Text         `json:"key"`
	Value      op.Text         `json:"value"`
	Expiration *float64        `json:"expiration,omitempty"`
	TTL        *float64        `json:"ttl,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	IfVersion  *float64        `json:"ifVersion,omitempty"`
	IfAbsent   bool            `json:"ifAbsent,omitempty"`
}

func (f *family) set(ctx context.Context, guild snowflake.GuildID, a setArgs) (any, error) {
	c := change{Key: &a.Key, Value: &a.Value, Expiration: a.Expiration, TTL: a.TTL, Metadata: a.Metadata, IfVersion: a.IfVersion, IfAbsent: a.IfAbsent}
	one, err := c.read("")
	if err != nil {
		return nil, err
	}
	version, err := f.store.Write(ctx, guild, string(a.Store), []kv.Change{one})
	if err != nil {
		return nil, err
	}
	return made{version}, nil
}

type writeArgs struct {
	Store  op.Text  `json:"store"`
	Set    []change `json:"set,omitempty"`
	Delete []change `json:"delete,omitempty"`
}

func (f *family) write(ctx context.Context, guild snowflake.GuildID, a writeArgs) (any, error) {
	changes := make([]kv.Change, 0, len(a.Set)+len(a.Delete))
	add := func(at string, c change) error {
		if c.Key == nil {
			return op.Invalid(at+"key", "it is missing")
		}
		one, err := c.read(at)
		changes = append(changes, one)
		return err
	}
	for i, c := range a.Set {
		at := fmt.Sprintf("set[%d].", i)
		if c.Value == nil {
			return nil, op.Invalid(at+"value", "it is missing")
		}
		if err := add(at, c); err != nil {
			return nil, err
		}
	}
	for i, c := range a.Delete {
		c.Value = nil
		if err := add(fmt.Sprintf("delete[%d].", i), c); err != nil {
			return nil, err
		}
	}
	version, err := f.store.Write(ctx, guild, string(a.Store), changes)
	if err != nil {
		return nil, err
	}
	return made{version}, nil
}

type incrementArgs struct {
	Store      op.Text  `json:"store"`
	Key        op.Text  `json:"key"`
	By         *float64 `json:"by,omitempty"`
	Start      *float64 `json:"start,omitempty"`
	Expiration *float64 `json:"expiration,omitempty"`
	TTL        *float64 `json:"ttl,omitempty"`
}

func (f *family) increment(ctx context.Context, guild snowflake.GuildID, a incrementArgs) (any, error) {
	o := kv.IncrementOptions{Most: maxNumber}
	var err error
	if o.By, err = whole("by", "", a.By); err != nil {
		return nil, err
	}
	if a.By == nil {
		o.By = 1
	}
	if o.Start, err = whole("start", "", a.Start); err != nil {
		return nil, err
	}
	if o.Expiration, o.TTL, err = (ends{a.Expiration, a.TTL}).read(""); err != nil {
		return nil, err
	}
	n, err := f.store.Increment(ctx, guild, string(a.Store), string(a.Key), o)
	if err != nil {
		return nil, err
	}
	return n.Value, nil
}

type metadataArgs struct {
	Store    op.Text         `json:"store"`
	Key      op.Text         `json:"key"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // Absent clears.
}

func (f *family) updateMetadata(ctx context.Context, guild snowflake.GuildID, a metadataArgs) (any, error) {
	return nil, f.store.UpdateMetadata(ctx, guild, string(a.Store), string(a.Key), a.Metadata)
}

type deleteArgs struct {
	Store     op.Text  `json:"store"`
	Key       op.Text  `json:"key"`
	IfVersion *float64 `json:"ifVersion,omitempty"`
}

func (f *family) remove(ctx context.Context, guild snowflake.GuildID, a deleteArgs) (any, error) {
	one, err := change{Key: &a.Key, IfVersion: a.IfVersion}.read("")
	if err != nil {
		return nil, err
	}
	_, err = f.store.Write(ctx, guild, string(a.Store), []kv.Change{one})
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
