package discord

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func openSession(t *testing.T, dir string, identity uint64, begun ...Begun) SessionSlot {
	t.Helper()
	sessions := FileSessions{Dir: dir}
	if len(begun) > 0 {
		sessions.Begun = begun[0]
	}
	slot, err := sessions.Open(0, 1, identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slot.Close() })
	return slot
}

func wantSession(t *testing.T, slot SessionSlot, want Session) {
	t.Helper()
	got, ok := slot.Load()
	if diff := cmp.Diff(want, got); diff != "" || ok != (want.ID != "") {
		t.Errorf("session (-want +got), ok %v:\n%s", ok, diff)
	}
}

func save(t *testing.T, slot SessionSlot, s Session) {
	t.Helper()
	if err := slot.Save(s); err != nil {
		t.Fatal(err)
	}
}

func TestFileSessionsSurviveWithoutBeingClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made")
	first := openSession(t, dir, 7)
	wantSession(t, first, Session{})
	save(t, first, Session{ID: "abc", URL: "wss://resume", Seq: 1})
	for seq := int64(2); seq <= 1000; seq++ {
		first.Advance(seq)
	}
	// The first one is never closed, as when its process was killed.
	wantSession(t, openSession(t, dir, 7), Session{ID: "abc", URL: "wss://resume", Seq: 1000})
}

// TestFileSessionsTakeTheirRoom has the disk be full when a session is opened,
// and not when it is written: a mapping without room is the process's end.
func TestFileSessionsTakeTheirRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openSession(t, dir, 7)
	var stat unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "shard-0-of-1.session"), &stat); err != nil {
		t.Fatal(err)
	}
	if room := stat.Blocks * 512; room < sessionSize {
		t.Errorf("the file has %d bytes on disk, and needs %d", room, sessionSize)
	}
}

func TestFileSessionsForget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slot := openSession(t, dir, 7)
	save(t, slot, Session{ID: "abc", URL: "u", Seq: 900})
	save(t, slot, Session{ID: "def", URL: "u", Seq: 1})
	wantSession(t, openSession(t, dir, 7), Session{ID: "def", URL: "u", Seq: 1})
	wantSession(t, openSession(t, dir, 8), Session{})
	save(t, slot, Session{})
	wantSession(t, openSession(t, dir, 7), Session{})
	other, err := FileSessions{Dir: dir}.Open(0, 2, 7)
	if err != nil {
		t.Fatal(err)
	}
	wantSession(t, other, Session{})
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Error("closing twice:", err)
	}
}

func TestFileSessionsSurviveTornWrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		tear func(b []byte)
		want Session
	}{
		{"the newer slot is torn", func(b []byte) { b[slotOffset+slotHeader] ^= 1 }, Session{ID: "first", URL: "u", Seq: 5}},
		{"the newer slot's lengths are torn", func(b []byte) { b[slotOffset+29] = 0xff }, Session{ID: "first", URL: "u", Seq: 5}},
		{"the older slot is torn", func(b []byte) { b[slotOffset+slotSize+slotHeader] ^= 1 }, Session{ID: "second", URL: "u", Seq: 3}},
		{"both are torn", func(b []byte) { b[slotOffset] ^= 1; b[slotOffset+slotSize] ^= 1 }, Session{}},
		{"the sequence word is another session's", func(b []byte) { b[seqOffset+6] ^= 1 }, Session{ID: "second", URL: "u", Seq: 1}},
		{"it is no such file", func(b []byte) { b[0] = 'x' }, Session{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			slot := openSession(t, dir, 7)
			save(t, slot, Session{ID: "first", URL: "u", Seq: 5})
			save(t, slot, Session{ID: "second", URL: "u", Seq: 1})
			slot.Advance(3)
			if err := slot.Close(); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(dir, "shard-0-of-1.session")
			b, err := os.ReadFile(name) //nolint:gosec // Of the test.
			if err != nil {
				t.Fatal(err)
			}
			c.tear(b)
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
			again := openSession(t, dir, 7)
			got, _ := again.Load()
			if got.ID != c.want.ID || got.ID != "" && got.Seq != c.want.Seq {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			save(t, again, Session{ID: "third", URL: "u", Seq: 2})
			wantSession(t, openSession(t, dir, 7), Session{ID: "third", URL: "u", Seq: 2})
		})
	}
}

func TestFileSessionsTakeAnyFile(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "short", sessionMagic, strings.Repeat("\xff", 10_000), sessionMagic + strings.Repeat("\xff", 4088)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "shard-0-of-1.session"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		slot := openSession(t, dir, 7)
		if s, ok := slot.Load(); ok {
			t.Errorf("%.10q holds %+v", content, s)
		}
		save(t, slot, Session{ID: "a", URL: "u", Seq: 1})
		wantSession(t, openSession(t, dir, 7), Session{ID: "a", URL: "u", Seq: 1})
	}
}

func TestFileSessionsErrors(t *testing.T) {
	t.Parallel()
	slot := openSession(t, t.TempDir(), 7)
	if err := slot.Save(Session{ID: strings.Repeat("x", slotSize)}); err == nil {
		t.Error("a session that does not fit is kept")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (FileSessions{Dir: file}).Open(0, 1, 7); err == nil {
		t.Error("a file is taken for a directory")
	}
}

func BenchmarkAdvance(b *testing.B) {
	slot, err := FileSessions{Dir: b.TempDir()}.Open(0, 1, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = slot.Close() }()
	var seq int64
	for b.Loop() {
		seq++
		slot.Advance(seq)
	}
}
