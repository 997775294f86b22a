package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Store is one of a guild's key-value stores.
type Store struct {
	ID        string            `json:"id"`
	Guild     snowflake.GuildID `json:"guild_id"`
	Name      string            `json:"store_name"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// SetOptions go with a value. Zero members are not there.
type SetOptions struct {
	Expiration *int64          // Unix seconds.
	TTL        *int64          // Seconds from now; not beside Expiration.
	Metadata   json.RawMessage // JSON.
}

// ListOptions choose keys.
type ListOptions struct {
	Prefix, Cursor string
	Limit          int // 0 is the server's own.
}

// Key is a key without its value.
type Key struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// Page is a part of a list of keys. If it is not Complete, Cursor goes on.
type Page struct {
	Keys     []Key  `json:"keys"`
	Complete bool   `json:"listComplete"`
	Cursor   string `json:"cursor,omitempty"`
}

// CreateStore makes a store.
func (c *Client) CreateStore(ctx context.Context, guild snowflake.GuildID, name string) (Store, error) {
	var doc struct {
		Store Store `json:"store"`
	}
	body := map[string]string{"guild_id": guild.String(), "store_name": name}
	err := c.call(ctx, request{method: http.MethodPost, path: "/kv/stores", body: body}, &doc)
	return doc.Store, err
}

// Stores lists a guild's stores by name.
func (c *Client) Stores(ctx context.Context, guild snowflake.GuildID) ([]Store, error) {
	var all []Store
	err := c.call(ctx, request{method: http.MethodGet, path: "/kv/stores", query: url.Values{"guild_id": {guild.String()}}}, &all)
	return all, err
}

// DeleteStore removes a store with all it holds.
func (c *Client) DeleteStore(ctx context.Context, guild snowflake.GuildID, name string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/kv/stores/" + guild.String() + "/" + segment(name)}, nil)
}

func keyPath(guild snowflake.GuildID, store, key string) string {
	return "/kv/" + guild.String() + "/" + segment(store) + "/" + segment(key)
}

// Entry is a value with what is kept beside it.
type Entry struct {
	Value      string          `json:"value"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Version    uint64          `json:"version,omitempty"`
}

// Get reads a value; found is false when there is none.
func (c *Client) Get(ctx context.Context, guild snowflake.GuildID, store, key string) (e Entry, found bool, err error) {
	var doc struct {
		Entry
		Value *string `json:"value"`
	}
	if err := c.call(ctx, request{method: http.MethodGet, path: keyPath(guild, store, key), most: largeAnswer}, &doc); err != nil {
		return e, false, err
	}
	if doc.Value == nil {
		return e, false, nil
	}
	e = doc.Entry
	e.Value = *doc.Value
	return e, true, nil
}

// Set writes a value; expiration and metadata that are not given are cleared.
func (c *Client) Set(ctx context.Context, guild snowflake.GuildID, store, key, value string, o SetOptions) error {
	body := struct {
		Value      string          `json:"value"`
		Expiration *int64          `json:"expiration,omitempty"`
		TTL        *int64          `json:"ttl,omitempty"`
		Metadata   json.RawMessage `json:"metadata,omitempty"`
	}{value, o.Expiration, o.TTL, o.Metadata}
	return c.call(ctx, request{method: http.MethodPut, path: keyPath(guild, store, key), body: body}, nil)
}

// Delete removes a key, which may be missing.
func (c *Client) Delete(ctx context.Context, guild snowflake.GuildID, store, key string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: keyPath(guild, store, key)}, nil)
}

// Keys lists keys in order.
func (c *Client) Keys(ctx context.Context, guild snowflake.GuildID, store string, o ListOptions) (Page, error) {
	q := url.Values{}
	if o.Prefix != "" {
		q.Set("prefix", o.Prefix)
	}
	if o.Cursor != "" {
		q.Set("cursor", o.Cursor)
	}
	if o.Limit != 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	var p Page
	err := c.call(ctx, request{method: http.MethodGet, path: "/kv/" + guild.String() + "/" + segment(store), query: q, most: largeAnswer}, &p)
	return p, err
}
