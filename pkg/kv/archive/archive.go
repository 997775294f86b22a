// Package archive is the format in which key-value stores leave and enter a
// runtime: gzip around lines of JSON. The first line says what it is, a line
// begins each store and the store's keys follow, both in the order of their
// bytes, and the last line has the numbers of both and the SHA-256 of all lines
// before it. Reader trusts nothing: it reads line by line, in bounded memory,
// and an archive that is cut off, changed or out of order is an error that says
// where.
package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// The name and version of the format.
const (
	Format  = "flora-kv"
	Version = 1
)

// Header is the first line.
type Header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Guild   string `json:"guild_id"`
	// Store is set when the archive is of this one store.
	Store     string    `json:"store_name,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Store begins a store.
type Store struct {
	Name      string    `json:"store_name"`
	CreatedAt time.Time `json:"created_at"`
}

// Entry is a key of the store that began last.
type Entry struct {
	Key        string          `json:"key"`
	Value      string          `json:"value"`
	Expiration int64           `json:"expiration,omitempty"` // Unix seconds, 0 for none.
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// Trailer is the last line.
type Trailer struct {
	Stores int    `json:"stores"`
	Keys   int    `json:"keys"`
	SHA256 string `json:"sha256"`
}

// order holds a writer and a reader to the same rules.
type order struct {
	header Header
	stores int
	keys   int
	store  string
	key    string
	fresh  bool // No key of the store came yet.
}

func (o *order) begin(s Store) error {
	switch {
	case s.Name == "":
		return errors.New("a store has no name")
	case o.stores > 0 && s.Name <= o.store:
		return fmt.Errorf("store %.100q is there twice or out of order", s.Name)
	case o.header.Store != "" && s.Name != o.header.Store:
		return fmt.Errorf("store %.100q is in an archive of store %.100q", s.Name, o.header.Store)
	}
	o.store, o.fresh = s.Name, true
	o.stores++
	return nil
}

func (o *order) entry(e Entry) error {
	switch {
	case o.stores == 0:
		return fmt.Errorf("key %.100q belongs to no store", e.Key)
	case !o.fresh && e.Key <= o.key:
		return fmt.Errorf("key %.100q of store %.100q is there twice or out of order", e.Key, o.store)
	}
	o.key, o.fresh = e.Key, false
	o.keys++
	return nil
}

// Writer writes an archive.
type Writer struct {
	order order
	zip   *gzip.Writer
	sum   hash.Hash
	out   *json.Encoder
}

// NewWriter begins an archive with the guild, store and time of the header.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("begin an archive: %w", err)
	}
	h.Format, h.Version = Format, Version
	a := &Writer{order: order{header: h}, zip: z, sum: sha256.New()}
	a.out = json.NewEncoder(io.MultiWriter(z, a.sum))
	a.out.SetEscapeHTML(false)
	return a, a.line(h)
}

func (a *Writer) line(v any) error {
	if err := a.out.Encode(v); err != nil {
		return fmt.Errorf("write an archive: %w", err)
	}
	return nil
}

// Store begins a store.
func (a *Writer) Store(s Store) error {
	if err := a.order.begin(s); err != nil {
		return err
	}
	return a.line(s)
}

// Entry adds a key to the store.
func (a *Writer) Entry(e Entry) error {
	if err := a.order.entry(e); err != nil {
		return err
	}
	return a.line(e)
}

// Close ends the archive. It does not close what it is written to.
func (a *Writer) Close() error {
	err := a.line(struct {
		End Trailer `json:"end"`
	}{Trailer{Stores: a.order.stores, Keys: a.order.keys, SHA256: hex.EncodeToString(a.sum.Sum(nil))}})
	if err := errors.Join(err, a.zip.Close()); err != nil {
		return fmt.Errorf("end an archive: %w", err)
	}
	return nil
}

func short(text string) string {
	const most = 100
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
