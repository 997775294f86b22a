package api

import (
	"encoding/json"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// storeDoc is a store as the API shows it.
type storeDoc struct {
	ID        string            `json:"id"`
	Guild     snowflake.GuildID `json:"guild_id"`
	Name      string            `json:"store_name"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

func storeOf(s kv.StoreInfo) storeDoc {
	return storeDoc{ID: s.ID, Guild: s.Guild, Name: s.Name, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC()}
}

func (a *API) createStore(c *call) error {
	var in struct {
		Guild string `json:"guild_id"`
		Name  string `json:"store_name"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if err := c.admin(in.Guild); err != nil {
		return err
	}
	s, err := a.cfg.KV.CreateStore(c.ctx(), c.guild, in.Name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]storeDoc{"store": storeOf(s)})
}

func (a *API) listStores(c *call) error {
	if c.QueryParam("guild_id") == "" {
		return fault.New(fault.BadRequest, "Bad request: the query needs guild_id")
	}
	if err := c.admin(c.QueryParam("guild_id")); err != nil {
		return err
	}
	all, err := a.cfg.KV.Stores(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	out := make([]storeDoc, len(all))
	for i, s := range all {
		out[i] = storeOf(s)
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) deleteStore(c *call) error {
	name, err := c.param("store")
	if err != nil {
		return err
	}
	if err := a.cfg.KV.DeleteStore(c.ctx(), c.guild, name); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// maxKeys is how many keys one page lists.
const maxKeys = 1000

// page is a list of keys. Both names of its completeness are there: clients of
// the original read the first, its documentation promised the second.
type page struct {
	Keys     []keyDoc `json:"keys"`
	Complete bool     `json:"listComplete"`
	Again    bool     `json:"list_complete"`
	Cursor   string   `json:"cursor,omitempty"`
}

type keyDoc struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

func (a *API) listKeys(c *call) error {
	store, err := c.param("store")
	if err != nil {
		return err
	}
	o := kv.ListOptions{Prefix: c.QueryParam("prefix"), Cursor: c.QueryParam("cursor")}
	if !utf8.ValidString(o.Prefix) || !utf8.ValidString(o.Cursor) {
		return fault.New(fault.BadRequest, "Bad request: the query is not percent-encoded UTF-8")
	}
	const standard = 100
	if o.Limit, err = c.number("limit", standard); err != nil {
		return err
	}
	if o.Limit == 0 {
		return c.JSON(http.StatusOK, page{Keys: []keyDoc{}, Complete: true, Again: true})
	}
	o.Limit = min(o.Limit, maxKeys)
	p, err := a.cfg.KV.List(c.ctx(), c.guild, store, o)
	if err != nil {
		return err
	}
	out := page{Keys: make([]keyDoc, len(p.Keys)), Complete: p.Complete, Again: p.Complete}
	if !p.Complete {
		out.Cursor = p.Cursor
	}
	for i, k := range p.Keys {
		out.Keys[i] = keyDoc{Name: k.Name, Expiration: k.Expiration, Metadata: k.Metadata}
	}
	return c.JSON(http.StatusOK, out)
}

// place reads the store and the key out of the path.
func (c *call) place() (store, key string, err error) {
	if store, err = c.param("store"); err != nil {
		return "", "", err
	}
	key, err = c.param("key")
	return store, key, err
}

func (a *API) getValue(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	e, err := a.cfg.KV.Get(c.ctx(), c.guild, store, key)
	if err != nil {
		return err
	}
	var value *string
	if e.Found {
		value = &e.Value
	}
	return c.JSON(http.StatusOK, map[string]*string{"value": value})
}

func (a *API) setValue(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	var in struct {
		Value      string          `json:"value"`
		Expiration *int64          `json:"expiration,omitempty"`
		Metadata   json.RawMessage `json:"metadata,omitempty"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	o := kv.SetOptions{Metadata: in.Metadata}
	if in.Expiration != nil {
		o.Expiration = max(*in.Expiration, 1) // 0 would mean never; it is long past.
	}
	if err := a.cfg.KV.Set(c.ctx(), c.guild, store, key, in.Value, o); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"success": true})
}

func (a *API) deleteKey(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	if _, err := a.cfg.KV.Delete(c.ctx(), c.guild, store, key); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
