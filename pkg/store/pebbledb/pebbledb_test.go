package pebbledb_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

var opts = pebbledb.Options{Name: "test", Version: 2}

func open(t *testing.T, dir string, o pebbledb.Options) *pebble.DB {
	t.Helper()
	db, err := pebbledb.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func shut(t *testing.T, db *pebble.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenKeepsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	db := open(t, dir, opts)
	if err := db.Set([]byte("k"), []byte("v"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	shut(t, db)
	db = open(t, dir, pebbledb.Options{Name: "test", Version: 3})
	defer shut(t, db)
	v, closer, err := db.Get([]byte("k"))
	if err != nil || string(v) != "v" {
		t.Fatalf("got %q, %v", v, err)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesByName(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name    string
		prepare func(t *testing.T, dir string)
		want    error
	}{
		{"in use", func(t *testing.T, dir string) {
			db := open(t, dir, opts)
			t.Cleanup(func() { shut(t, db) })
		}, pebbledb.ErrLocked},
		{"another name", func(t *testing.T, dir string) { shut(t, open(t, dir, pebbledb.Options{Name: "other", Version: 1})) }, pebbledb.ErrForeign},
		{"a newer version", func(t *testing.T, dir string) { shut(t, open(t, dir, pebbledb.Options{Name: "test", Version: 3})) }, pebbledb.ErrNewer},
		{"other files", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "notes.txt"), "mine") }, pebbledb.ErrForeign},
		{"folders per guild", func(t *testing.T, dir string) {
			if err := os.MkdirAll(filepath.Join(dir, "123456789", "store"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, pebbledb.ErrForeign},
		{"a nameless database", func(t *testing.T, dir string) {
			db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatNewest})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Set([]byte("k"), nil, pebble.Sync); err != nil {
				t.Fatal(err)
			}
			shut(t, db)
		}, pebbledb.ErrForeign},
		{"a damaged manifest", func(t *testing.T, dir string) {
			shut(t, open(t, dir, opts))
			names, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
			if err != nil || len(names) == 0 {
				t.Fatalf("manifests: %v, %v", names, err)
			}
			for _, name := range names {
				write(t, name, "this is no manifest, and it is long enough to be read as one")
			}
		}, pebbledb.ErrCorrupt},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			row.prepare(t, dir)
			db, err := pebbledb.Open(dir, opts)
			if err == nil {
				shut(t, db)
				t.Fatal("it was opened")
			}
			if !errors.Is(err, row.want) {
				t.Errorf("error is %v, want %v", err, row.want)
			}
		})
	}
}

// TestOpenAfterInterruptedCreation opens a directory in which the process died
// while it made the database.
func TestOpenAfterInterruptedCreation(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	shut(t, open(t, whole, opts))
	entries, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, e := range entries {
		if matched, _ := filepath.Match("marker.manifest.*", e.Name()); matched {
			continue
		}
		b, err := os.ReadFile(filepath.Join(whole, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, e.Name()), string(b))
	}
	shut(t, open(t, dir, opts))
}
