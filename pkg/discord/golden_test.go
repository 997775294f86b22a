package discord

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// recording is an event as Discord writes it, and as scripts get it. The types
// for authors are checked against the same files (sdk-bundle/payload_test.go).
type recording struct {
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data"`
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
}

// TestRecordedEvents compares what scripts get of recorded events with what they
// should; with UPDATE_RECORDINGS=1 it writes that down instead.
func TestRecordedEvents(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.HasPrefix(filepath.Base(name), r.Type+".") {
			t.Errorf("%s holds a %s", name, r.Type)
		}
		event, payload, ok := Payload(Event{Type: r.Type, Data: r.Data})
		if !ok {
			t.Errorf("%s: is not delivered", name)
			continue
		}
		seen[event] = true
		if os.Getenv("UPDATE_RECORDINGS") != "" {
			r.Event, r.Payload = event, payload
			record(t, name, r)
			continue
		}
		if diff := cmp.Diff(decoded(t, r.Payload), decoded(t, payload)); diff != "" || event != r.Event {
			t.Errorf("%s: %q, want %q (-want +got):\n%s", name, event, r.Event, diff)
		}
		unconverted(t, name, decoded(t, payload), event)
	}
	for _, e := range catalog.Events() {
		for _, name := range e.Names {
			if !seen[name] {
				t.Errorf("there is no recording of %s", name)
			}
		}
	}
}

func record(t *testing.T, name string, r recording) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unconverted finds keys of Discord's that kept their underscores. The data of
// interactions has both spellings, as the original had the one.
func unconverted(t *testing.T, where string, v any, event string) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		_, interaction := v["interactionToken"]
		for k, e := range v {
			if strings.Contains(k, "_") {
				t.Errorf("%s: the key %q is not converted", where, k)
			}
			if !interaction || k != "data" {
				unconverted(t, where, e, event)
			}
		}
	case []any:
		for _, e := range v {
			unconverted(t, where, e, event)
		}
	}
}
