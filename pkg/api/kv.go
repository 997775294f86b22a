package api

import (
	"encoding/json"
	"net/http"
	"strconv"
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
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if served, err := c.told(in.Guild, raw); served || err != nil {
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
	size := 0
	for i, k := range p.Keys {
		out.Keys[i] = keyDoc{Name: k.Name, Expiration: k.Expiration, Metadata: k.Metadata}
		size += len(k.Name) + len(k.Metadata)
	}
	if err := c.hold(size); err != nil {
		return err
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

// entryDoc is a key with all that belongs to it; value is null when it does not
// exist.
type entryDoc struct {
	Key        string          `json:"key,omitempty"`
	Value      *string         `json:"value"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Version    uint64          `json:"version,omitempty"`
}

func entryOf(key string, e kv.Entry) entryDoc {
	d := entryDoc{Key: key, Expiration: e.Expiration, Metadata: e.Metadata, Version: e.Version}
	if e.Found {
		d.Value = &e.Value
	}
	return d
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
	if err := c.hold(len(e.Value) + len(e.Metadata)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, entryOf("", e))
}

// written answers a write.
type written struct {
	Success bool `json:"success"`
	// Version is 0, and left out, when there was nothing to do.
	Version uint64 `json:"version,omitempty"`
}

// batchDoc answers a batch: Entries when it reads, else the others.
type batchDoc struct {
	Entries []entryDoc `json:"entries,omitempty"`
	Success bool       `json:"success,omitempty"`
	Version uint64     `json:"version,omitempty"`
}

type setBody struct {
	Value      string          `json:"value"`
	Expiration *int64          `json:"expiration,omitempty"`
	TTL        *int64          `json:"ttl,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	IfVersion  *int64          `json:"if_version,omitempty"`
	IfAbsent   bool            `json:"if_absent,omitempty"`
}

func (a *API) setValue(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	var in setBody
	if err := c.body(&in); err != nil {
		return err
	}
	return a.write(c, store, sentChange{Key: &key, Value: &in.Value, Expiration: in.Expiration, TTL: in.TTL, Metadata: in.Metadata, IfVersion: in.IfVersion, IfAbsent: in.IfAbsent})
}

func (a *API) deleteKey(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	change := kv.Change{Key: key, Delete: true}
	if text := c.QueryParam("if_version"); text != "" {
		if change.IfVersion, err = strconv.ParseUint(text, 10, 64); err != nil || change.IfVersion == 0 {
			return fault.New(fault.BadRequest, "Bad request: if_version must be a version that a read gave")
		}
	}
	if _, err := a.cfg.KV.Write(c.ctx(), c.guild, store, []kv.Change{change}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// sentChange is a change as clients send it.
type sentChange struct {
	Key        *string         `json:"key"`
	Value      *string         `json:"value"`
	Expiration *int64          `json:"expiration,omitempty"`
	TTL        *int64          `json:"ttl,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	IfVersion  *int64          `json:"if_version,omitempty"`
	IfAbsent   bool            `json:"if_absent,omitempty"`
}

func (s sentChange) change() (kv.Change, error) {
	c := kv.Change{Key: *s.Key, Delete: s.Value == nil}
	var err error
	if s.Value != nil {
		c.Value, c.Metadata = *s.Value, s.Metadata
		if c.Expiration, c.TTL, err = ends(s.Expiration, s.TTL); err != nil {
			return c, err
		}
	}
	if s.IfVersion != nil {
		if *s.IfVersion < 1 {
			return c, fault.New(fault.BadRequest, "Bad request: if_version must be a version that a read gave")
		}
		c.IfVersion = uint64(*s.IfVersion)
	}
	c.IfAbsent = s.IfAbsent
	return c, nil
}

// ends reads when a key is to be gone.
func ends(expiration, ttl *int64) (at, in int64, err error) {
	if ttl != nil {
		if in = *ttl; in < 1 {
			return 0, 0, fault.New(fault.BadRequest, "Bad request: ttl must be at least 1 second")
		}
	}
	if expiration != nil {
		at = max(*expiration, 1) // 0 would mean never; it is long past.
	}
	return at, in, nil
}

func (a *API) write(c *call, store string, sent ...sentChange) error {
	changes := make([]kv.Change, len(sent))
	for i, s := range sent {
		var err error
		if changes[i], err = s.change(); err != nil {
			return err
		}
	}
	version, err := a.cfg.KV.Write(c.ctx(), c.guild, store, changes)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, written{Success: true, Version: version})
}

type batchBody struct {
	Get    *[]string    `json:"get,omitempty"`
	Set    []sentChange `json:"set,omitempty"`
	Delete []sentDelete `json:"delete,omitempty"`
}

// batch reads many keys, or makes many changes as one.
func (a *API) batch(c *call) error {
	store, err := c.param("store")
	if err != nil {
		return err
	}
	var in batchBody
	if err := c.body(&in); err != nil {
		return err
	}
	switch {
	case in.Get != nil && (in.Set != nil || in.Delete != nil):
		return fault.New(fault.BadRequest, "Bad request: a batch reads (get) or writes (set, delete), not both")
	case in.Get != nil:
		return a.getMany(c, store, *in.Get)
	}
	if err := c.who.MayWrite(); err != nil {
		return err
	}
	for i, s := range in.Set {
		switch {
		case s.Key == nil:
			return fault.New(fault.Unprocessable, "missing field \"set[%d].key\"", i)
		case s.Value == nil:
			return fault.New(fault.Unprocessable, "missing field \"set[%d].value\"", i)
		}
	}
	for i, s := range in.Delete {
		if s.Key == nil {
			return fault.New(fault.Unprocessable, "missing field \"delete[%d].key\"", i)
		}
		in.Set = append(in.Set, sentChange{Key: s.Key, IfVersion: s.IfVersion})
	}
	return a.write(c, store, in.Set...)
}

// sentDelete is a key, or an object with a condition.
type sentDelete struct {
	Key       *string `json:"key"`
	IfVersion *int64  `json:"if_version,omitempty"`
}

// UnmarshalJSON takes both forms.
func (s *sentDelete) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &s.Key)
	}
	type plain sentDelete
	return json.Unmarshal(b, (*plain)(s))
}

func (a *API) getMany(c *call, store string, keys []string) error {
	entries, err := a.cfg.KV.GetMany(c.ctx(), c.guild, store, keys)
	if err != nil {
		return err
	}
	out := make([]entryDoc, len(entries))
	size := 0
	for i, e := range entries {
		out[i] = entryOf(keys[i], e)
		size += len(e.Value) + len(e.Metadata)
	}
	if err := c.hold(size); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, batchDoc{Entries: out})
}

// number is what an increment came to, as text: not every reader of JSON takes
// 64 bits.
type number struct {
	Value   string `json:"value"`
	Version uint64 `json:"version"`
}

type incrementBody struct {
	By         *int64 `json:"by,omitempty"`
	Start      int64  `json:"start,omitempty"`
	Expiration *int64 `json:"expiration,omitempty"`
	TTL        *int64 `json:"ttl,omitempty"`
}

func (a *API) increment(c *call) error {
	store, key, err := c.place()
	if err != nil {
		return err
	}
	var in incrementBody
	if err := c.body(&in); err != nil {
		return err
	}
	o := kv.IncrementOptions{By: 1, Start: in.Start}
	if in.By != nil {
		o.By = *in.By
	}
	if o.Expiration, o.TTL, err = ends(in.Expiration, in.TTL); err != nil {
		return err
	}
	n, err := a.cfg.KV.Increment(c.ctx(), c.guild, store, key, o)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, number{Value: strconv.FormatInt(n.Value, 10), Version: n.Version})
}
