package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// data makes a data folder with the files and gives what an archive takes of it.
func data(t *testing.T, files map[string]string) (dir string, parts []Part) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, []Part{{"kv", filepath.Join(dir, "kv")}, {"logs", filepath.Join(dir, "logs")}, {"activity.json", filepath.Join(dir, "activity.json")}}
}

// contents is what is in a folder, by file.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		out[strings.TrimPrefix(file, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func archived(t *testing.T, parts []Part) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(t.Context(), &out, "test", time.Unix(1, 0), parts); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sample() map[string]string {
	return map[string]string{"kv/000001.sst": strings.Repeat("table", 1000), "kv/MANIFEST-000001": "m", "logs/1/a": "line\n", "logs/1/b": "", "activity.json": "{}"}
}

func TestRestoreGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	_, from := data(t, sample())
	dir, to := data(t, nil)
	sum, err := Restore(bytes.NewReader(archived(t, from)), dir, to)
	if err != nil {
		t.Fatal(err)
	}
	got := contents(t, dir)
	for name, text := range sample() {
		if got[name] != text {
			t.Errorf("%s is %.20q", name, got[name])
		}
		delete(got, name)
	}
	if len(got) > 0 || sum.Files != len(sample()) {
		t.Errorf("%d files came, and beside them %v", sum.Files, got)
	}
	if _, err := Restore(bytes.NewReader(archived(t, from)), dir, to); err == nil || !strings.Contains(err.Error(), "overwrites nothing") {
		t.Errorf("a second restore: %v", err)
	}
}

// TestDamageChangesNothing cuts an archive at many places, and changes bytes of
// it: it is refused each time, and nothing is anywhere.
func TestDamageChangesNothing(t *testing.T) {
	t.Parallel()
	_, from := data(t, sample())
	whole := archived(t, from)
	dir, to := data(t, nil)
	refused := func(what string, archive []byte) {
		t.Helper()
		_, err := Restore(bytes.NewReader(archive), dir, to)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", what, err)
		}
		if got := contents(t, dir); len(got) > 0 {
			t.Fatalf("%s left %v", what, got)
		}
	}
	for n := 0; n < len(whole); n += max(1, len(whole)/50) {
		refused("cut", whole[:n])
		if n < 10 {
			continue // The time and system of gzip's header mean nothing.
		}
		broken := bytes.Clone(whole)
		broken[n] ^= 0x10
		refused("changed", broken)
	}
	refused("cut at the end", whole[:len(whole)-1])
	refused("text", []byte("this is no archive"))
}

// TestEntriesAreChecked writes archives that no Write writes.
func TestEntriesAreChecked(t *testing.T) {
	t.Parallel()
	header := `{"format":1,"parts":["kv"]}`
	for name, row := range map[string]struct {
		entries []tar.Header
		header  string
		want    error
	}{
		"outside":     {entries: []tar.Header{{Name: "kv/../../x"}}, want: ErrDamaged},
		"absolute":    {entries: []tar.Header{{Name: "/kv/x"}}, want: ErrDamaged},
		"other part":  {entries: []tar.Header{{Name: "etc/x"}}, want: ErrDamaged},
		"twice":       {entries: []tar.Header{{Name: "kv/x"}, {Name: "kv/x"}}, want: ErrDamaged},
		"link":        {entries: []tar.Header{{Name: "kv/x", Typeflag: tar.TypeSymlink, Linkname: "/etc"}}, want: ErrDamaged},
		"no sums":     {entries: []tar.Header{{Name: "kv/x"}}, want: ErrDamaged},
		"newer":       {header: `{"format":2,"parts":[]}`, want: ErrNewer},
		"unknown":     {header: `{"format":1,"parts":["else"]}`, entries: []tar.Header{{Name: "else/x"}}, want: ErrNewer},
		"header":      {header: `{`, want: ErrDamaged},
		"wrong sums":  {entries: []tar.Header{{Name: "kv/x"}, {Name: sumsName}}, want: ErrDamaged},
		"file, below": {entries: []tar.Header{{Name: "kv"}, {Name: "kv/x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			w := tar.NewWriter(z)
			if row.header == "" {
				row.header = header
			}
			if err := w.WriteHeader(&tar.Header{Name: headerName, Size: int64(len(row.header)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, row.header); err != nil {
				t.Fatal(err)
			}
			for _, h := range row.entries {
				h.Mode = 0o600
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(w.Close(), z.Close()); err != nil {
				t.Fatal(err)
			}
			dir, to := data(t, nil)
			_, err := Restore(&out, dir, to)
			if err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("%v, want %v", err, row.want)
			}
			if got := contents(t, dir); len(got) > 0 {
				t.Errorf("it left %v", got)
			}
		})
	}
}

// TestRestoreIsAllOrNothing stops a restore after each of its steps: Settle, which
// every start calls, leaves all of it or nothing.
func TestRestoreIsAllOrNothing(t *testing.T) {
	t.Parallel()
	files := map[string]string{"kv/1.sst": "a", "logs/1": "b"}
	dir, parts := data(t, nil)
	stage := func() {
		t.Helper()
		for name, text := range files {
			part, rest, _ := strings.Cut(name, "/")
			if err := put(filepath.Join(dir, part+staged, rest), strings.NewReader(text), map[string]struct{}{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	stage()
	if err := Settle(dir, parts); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir); len(got) > 0 {
		t.Errorf("one that was not decided left %v", got)
	}
	stage()
	if err := decide(dir, parts); err != nil {
		t.Fatal(err)
	}
	if err := move(parts[0].Path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Settle(dir, parts); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, dir); len(got) != len(files) || got["kv/1.sst"] != "a" || got["logs/1"] != "b" {
			t.Errorf("one that was decided came to %v", got)
		}
	}
}

// TestFilesMayChangeMeanwhile: those that grow are taken as they were, and those
// that went are left out.
func TestFilesMayChangeMeanwhile(t *testing.T) {
	t.Parallel()
	dir, parts := data(t, sample())
	first := &once{do: func() {
		if err := os.Remove(filepath.Join(dir, "logs/1/a")); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "activity.json"), []byte(`{"1":2}`), 0o600); err != nil {
			t.Error(err)
		}
	}}
	if err := Write(t.Context(), first, "test", time.Unix(1, 0), parts); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(&first.Buffer); err != nil {
		t.Error(err)
	}
}

// once does something with the first write.
type once struct {
	bytes.Buffer
	do func()
}

func (o *once) Write(p []byte) (int, error) {
	if o.do != nil {
		o.do()
		o.do = nil
	}
	return o.Buffer.Write(p)
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		one, err := Hold(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Hold(dir); !errors.Is(err, ErrBusy) {
			t.Errorf("two hold one folder: %v", err)
		}
		if err := one.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPartsMayBeElsewhere: what is a link to another disk is taken as what is
// there, and one that leads nowhere is no empty part.
func TestPartsMayBeElsewhere(t *testing.T) {
	t.Parallel()
	disk, _ := data(t, sample())
	links, from := data(t, nil)
	for _, p := range from {
		if err := os.Symlink(filepath.Join(disk, p.Name), p.Path); err != nil {
			t.Fatal(err)
		}
	}
	dir, to := data(t, nil)
	if _, err := Restore(bytes.NewReader(archived(t, from)), dir, to); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir); len(got) != len(sample()) {
		t.Errorf("of %d files there are %d", len(sample()), len(got))
	}
	if err := os.Rename(filepath.Join(disk, "kv"), filepath.Join(disk, "away")); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), io.Discard, "test", time.Unix(1, 0), from); err == nil || !strings.Contains(err.Error(), filepath.Join(links, "kv")) {
		t.Errorf("a link that leads nowhere: %v", err)
	}
}
