package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
)

var at = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

var limits = archive.Limits{Line: 1 << 16, Total: 1 << 20}

var sample = []archive.Record{
	{Store: &archive.Store{Name: "a", CreatedAt: at}},
	{Entry: &archive.Entry{Key: "k", Value: "v<&>\u2028\x00\n\"ä😀"}},
	{Entry: &archive.Entry{Key: "l", Expiration: -5, Metadata: json.RawMessage(`{"a":[1.50,null],"__proto__":"<"}`)}},
	{Store: &archive.Store{Name: "empty", CreatedAt: at}},
	{Store: &archive.Store{Name: "ä", CreatedAt: at}},
	{Entry: &archive.Entry{Key: "k", Value: strings.Repeat("x", 500)}},
}

func write(t testing.TB, h archive.Header, records []archive.Record) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, h)
	for _, r := range records {
		switch {
		case err != nil:
		case r.Store != nil:
			err = w.Store(*r.Store)
		default:
			err = w.Entry(*r.Entry)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

func read(r io.Reader, l archive.Limits) (archive.Header, []archive.Record, error) {
	a, err := archive.NewReader(r, l)
	if err != nil {
		return archive.Header{}, nil, err
	}
	var out []archive.Record
	for {
		r, err := a.Next()
		if errors.Is(err, io.EOF) {
			if _, err := a.Next(); !errors.Is(err, io.EOF) {
				return a.Header(), out, fmt.Errorf("after the end: %w", err)
			}
			return a.Header(), out, nil
		}
		if err != nil {
			return a.Header(), out, err
		}
		out = append(out, r)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	b, err := write(t, archive.Header{Guild: "1", CreatedAt: at}, sample)
	if err != nil {
		t.Fatal(err)
	}
	h, got, err := read(iotest.OneByteReader(bytes.NewReader(b)), limits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(archive.Header{Format: "flora-kv", Version: 1, Guild: "1", CreatedAt: at}, h); diff != "" {
		t.Errorf("header: %s", diff)
	}
	if diff := cmp.Diff(sample, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryCutAndEveryChangeIsNoticed(t *testing.T) {
	t.Parallel()
	b, err := write(t, archive.Header{Guild: "1", CreatedAt: at}, sample)
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, _, err := read(bytes.NewReader(b[:n]), limits); !isBad(err) {
			t.Errorf("cut off at %d of %d bytes: %v", n, len(b), err)
		}
	}
	text := unzip(t, b)
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		if _, _, err := read(bytes.NewReader(zip(t, changed)), limits); !isBad(err) {
			t.Errorf("byte %d changed from %q to %q: %v", i, text[i], changed[i], err)
		}
	}
}

func isBad(err error) bool {
	_, ok := errors.AsType[*archive.BadError](err)
	return ok
}

func zip(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unzip(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// whole ends the lines as an archive ends.
func whole(stores, keys int, lines ...string) string {
	text := strings.Join(lines, "\n") + "\n"
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"end":{"stores":%d,"keys":%d,"sha256":%q}}`, stores, keys, hex.EncodeToString(sum[:])) + "\n"
}

const (
	head  = `{"format":"flora-kv","version":1,"guild_id":"1","created_at":"2026-07-30T10:00:00Z"}`
	store = `{"store_name":"s","created_at":"2026-07-30T10:00:00Z"}`
	entry = `{"key":"k","value":"v"}`
)

// many are lines of keys with values of the size.
func many(n, size int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"key\":\"k%02d\",\"value\":%q}\n", i, strings.Repeat("v", size))
	}
	return text.String()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"nothing":                  {"", "line 1: it is empty"},
		"something else":           {"{}\n", "line 1: this is no archive"},
		"a newer version":          {strings.Replace(head, `"version":1`, `"version":2`, 1) + "\n", "line 1: the archive has version 2, this runtime reads version 1"},
		"no end":                   {head + "\n" + store + "\n", "line 3: the archive is cut off"},
		"half a line":              {head + "\n" + store, "line 2: the archive is cut off"},
		"a key without a store":    {whole(0, 1, head, entry), `line 2: key "k" belongs to no store`},
		"a key twice":              {whole(1, 2, head, store, entry, entry), `line 4: key "k" of store "s" is there twice or out of order`},
		"keys out of order":        {whole(1, 2, head, store, entry, `{"key":"a","value":""}`), `line 4: key "a" of store "s" is there twice`},
		"a store twice":            {whole(2, 0, head, store, store), `line 3: store "s" is there twice`},
		"a store without a name":   {whole(1, 0, head, strings.Replace(store, `"s"`, `""`, 1)), "line 2: a store has no name"},
		"another store":            {whole(1, 0, strings.Replace(head, `"1",`, `"1","store_name":"t",`, 1), store), `line 2: store "s" is in an archive of store "t"`},
		"a key without a value":    {whole(1, 1, head, store, `{"key":"k"}`), "line 3: it is neither"},
		"an unknown member":        {whole(1, 1, head, store, `{"key":"k","value":"v","x":1}`), "line 3: it is no JSON of an archive"},
		"two documents on a line":  {whole(1, 1, head, store, entry+entry), "line 3: there is something after the JSON"},
		"an expiration of nothing": {whole(1, 1, head, store, `{"key":"k","value":"v","expiration":1.5}`), "line 3: it is no JSON of an archive"},
		"broken Unicode":           {whole(1, 1, head, store, "{\"key\":\"k\",\"value\":\"\xff\"}"), "line 3: it is not UTF-8"},
		"wrong numbers":            {whole(2, 1, head, store, entry), "line 4: the archive says that it has 2 stores and 1 keys, it has 1 and 1"},
		"a wrong checksum":         {strings.Replace(whole(1, 1, head, store, entry), `"v"`, `"w"`, 1), "line 4: the checksum is wrong"},
		"something after the end":  {whole(1, 1, head, store, entry) + "x\n", "line 5: there is something after the end: x"},
		"a long line":              {whole(1, 1, head, store, `{"key":"k","value":"`+strings.Repeat("v", 1<<16)+`"}`), "line 3: the line is longer than 65536 bytes"},
		"too much":                 {head + "\n" + store + "\n" + many(40, 1<<15), "line 34: the archive is larger than 1048576 bytes"},
	} {
		_, _, err := read(bytes.NewReader(zip(t, []byte(row.text))), limits)
		if !isBad(err) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}
	if _, _, err := read(strings.NewReader("PK\x03\x04 no gzip"), limits); !isBad(err) || !strings.Contains(err.Error(), "no gzip file") {
		t.Errorf("no gzip: %v", err)
	}
	b, err := write(t, archive.Header{Guild: "1", CreatedAt: at}, sample)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(bytes.NewReader(append(b, "garbage"...)), limits); !isBad(err) {
		t.Errorf("garbage after the gzip file: %v", err)
	}
	broken := errors.New("the line is dead")
	if _, _, err := read(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken)), limits); !errors.Is(err, broken) {
		t.Errorf("an error of the source: %v", err)
	}
}

func TestWriterKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for name, records := range map[string][]archive.Record{
		"no store":     {{Entry: &archive.Entry{Key: "k"}}},
		"a key twice":  {sample[0], sample[1], sample[1]},
		"stores":       {sample[3], sample[0]},
		"the same one": {sample[0], sample[0]},
	} {
		if _, err := write(t, archive.Header{Guild: "1", CreatedAt: at}, records); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

// FuzzReader: whatever comes, the reader ends without a panic, and what it
// takes can be written and read again.
func FuzzReader(f *testing.F) {
	b, err := write(f, archive.Header{Guild: "1", CreatedAt: at}, sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(unzip(f, b))
	f.Add([]byte(whole(1, 1, head, store, entry)))
	f.Add([]byte(whole(0, 0, head)))
	f.Add([]byte(whole(1, 1, head, store, entry) + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, raw := range [][]byte{text, zip(t, text)} {
			h, records, err := read(bytes.NewReader(raw), limits)
			if err != nil {
				if !isBad(err) {
					t.Fatalf("the error is not of the archive: %v", err)
				}
				continue
			}
			b, err := write(t, h, records)
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			_, again, err := read(bytes.NewReader(b), archive.Limits{Line: 1 << 20})
			if err != nil || len(again) != len(records) {
				t.Fatalf("%d records are %d again: %v", len(records), len(again), err)
			}
		}
	})
}
