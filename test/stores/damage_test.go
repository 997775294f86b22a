package stores

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestServeWithADamagedDataFolder starts where every file that a start can do
// without is damaged: the log names each, and the bot serves.
func TestServeWithADamagedDataFolder(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	if status := s.deploy("one "); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	s.answers("one ")
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(s.dir, "data")
	for _, name := range []string{"activity.json", "deployments/" + s.Guild, "gateway/shard-0-of-1.session", "logs/ids", "kv-archives"} {
		file := filepath.Join(data, name)
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{ no"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"marks/1.marks", "secrets/" + s.Guild + ".json", "settings/" + s.Guild + ".json"} {
		folder := filepath.Join(data, name)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t)
	s.answers("one ")
	if status := s.deploy("two "); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	s.answers("two ")
	said := s.Stderr.String()
	for _, name := range []string{
		"activity.json", "a copy of a deployment is of no use", "logs/ids is damaged", "kv-archives", "1.marks",
		"secrets/" + s.Guild + ".json", "settings/" + s.Guild + ".json",
	} {
		if !strings.Contains(said, name) {
			t.Errorf("the log does not name %s", name)
		}
	}
}
