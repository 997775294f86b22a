package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// Limits of what a Reader takes.
type Limits struct {
	Line  int   // Bytes of a line.
	Total int64 // Bytes of all lines; 0 is no limit.
}

// BadError says what is wrong with an archive. Every other error of a Reader is
// of what it reads from.
type BadError struct {
	Line int
	Why  string
}

// Error implements error.
func (e *BadError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// Record is a line between the first and the last: one of the two.
type Record struct {
	Store *Store
	Entry *Entry
}

// Reader reads an archive.
type Reader struct {
	order  order
	limits Limits
	from   *source
	in     *bufio.Reader
	sum    hash.Hash
	buf    []byte
	line   int
	total  int64
	ended  bool
}

// source remembers the error of what an archive is read from, to tell it from
// what is wrong with the archive.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// lineBuffer is what is read at once.
const lineBuffer = 64 << 10

// NewReader reads the first line.
func NewReader(r io.Reader, limits Limits) (*Reader, error) {
	a := &Reader{limits: limits, from: &source{r: r}, sum: sha256.New()}
	z, err := gzip.NewReader(a.from)
	if err != nil {
		return nil, a.failed(err, "it is no gzip file")
	}
	a.in = bufio.NewReaderSize(z, lineBuffer)
	text, err := a.next()
	if errors.Is(err, io.EOF) {
		return nil, a.bad("it is empty")
	}
	if err != nil {
		return nil, err
	}
	h := &a.order.header
	if err := a.decode(text, h); err != nil || h.Format != Format {
		return nil, a.bad("this is no archive of key-value stores")
	}
	if h.Version != Version {
		return nil, a.bad(fmt.Sprintf("the archive has version %d, this runtime reads version %d", h.Version, Version))
	}
	_, _ = a.sum.Write(text)
	return a, nil
}

// Header is the first line.
func (a *Reader) Header() Header { return a.order.header }

// Next gives the next line, or io.EOF when the archive was whole to its end.
func (a *Reader) Next() (Record, error) {
	if a.ended {
		return Record{}, io.EOF
	}
	text, err := a.next()
	if errors.Is(err, io.EOF) {
		return Record{}, a.bad("the archive is cut off")
	}
	if err != nil {
		return Record{}, err
	}
	var l struct {
		Store      *string         `json:"store_name"`
		CreatedAt  *time.Time      `json:"created_at"`
		Key        *string         `json:"key"`
		Value      *string         `json:"value"`
		Expiration int64           `json:"expiration"`
		Metadata   json.RawMessage `json:"metadata"`
		End        *Trailer        `json:"end"`
	}
	if err := a.decode(text, &l); err != nil {
		return Record{}, err
	}
	switch {
	case l.End != nil && l.Store == nil && l.Key == nil:
		return Record{}, a.end(*l.End)
	case l.Store != nil && l.CreatedAt != nil && l.Key == nil && l.End == nil:
		s := Store{Name: *l.Store, CreatedAt: *l.CreatedAt}
		if err := a.order.begin(s); err != nil {
			return Record{}, a.bad(err.Error())
		}
		_, _ = a.sum.Write(text)
		return Record{Store: &s}, nil
	case l.Key != nil && l.Value != nil && l.Store == nil && l.End == nil:
		e := Entry{Key: *l.Key, Value: *l.Value, Expiration: l.Expiration, Metadata: l.Metadata}
		if err := a.order.entry(e); err != nil {
			return Record{}, a.bad(err.Error())
		}
		_, _ = a.sum.Write(text)
		return Record{Entry: &e}, nil
	}
	return Record{}, a.bad("it is neither a store nor a key nor the end")
}

// end compares the last line with what was read, and wants nothing after it.
func (a *Reader) end(t Trailer) error {
	switch sum := hex.EncodeToString(a.sum.Sum(nil)); {
	case t.Stores != a.order.stores || t.Keys != a.order.keys:
		return a.bad(fmt.Sprintf("the archive says that it has %d stores and %d keys, it has %d and %d", t.Stores, t.Keys, a.order.stores, a.order.keys))
	case t.SHA256 != sum:
		return a.bad("the checksum is wrong: the archive was changed or damaged")
	}
	if text, err := a.next(); err == nil || !errors.Is(err, io.EOF) {
		if err == nil {
			err = a.bad("there is something after the end: " + short(string(text)))
		}
		return err
	}
	a.ended = true
	return io.EOF
}

// next gives a line with its line break, or io.EOF. It is valid until the next
// call.
func (a *Reader) next() ([]byte, error) {
	a.line++
	a.buf = a.buf[:0]
	for {
		part, err := a.in.ReadSlice('\n')
		a.total += int64(len(part))
		switch {
		case len(a.buf)+len(part) > a.limits.Line:
			return nil, a.bad(fmt.Sprintf("the line is longer than %d bytes", a.limits.Line))
		case a.limits.Total > 0 && a.total > a.limits.Total:
			return nil, a.bad(fmt.Sprintf("the archive is larger than %d bytes", a.limits.Total))
		}
		a.buf = append(a.buf, part...)
		switch {
		case err == nil:
			return a.buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(a.buf) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, a.bad("the archive is cut off")
		default:
			return nil, a.failed(err, "the archive is damaged or cut off")
		}
	}
}

func (a *Reader) decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return a.bad("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return a.bad("it is no JSON of an archive: " + short(err.Error()))
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return a.bad("there is something after the JSON: " + short(string(rest)))
	}
	return nil
}

func (a *Reader) bad(why string) error { return &BadError{Line: max(a.line, 1), Why: why} }

// failed tells an archive that cannot be unpacked from one that cannot be read.
func (a *Reader) failed(err error, why string) error {
	if a.from.err != nil {
		return fmt.Errorf("read an archive: %w", a.from.err)
	}
	return a.bad(why + " (" + short(err.Error()) + ")")
}
