package contract

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// Variable names the environment variable that says where Discord's OpenAPI
// document is.
const Variable = "DISCORD_OPENAPI"

var loaded = sync.OnceValues(func() (*Document, error) {
	path := os.Getenv(Variable)
	if path == "" {
		return nil, nil
	}
	return Load(path)
})

// Get gives the document, or nil after saying that nothing is validated
// because there is none.
func Get(tb testing.TB) *Document {
	tb.Helper()
	d, err := loaded()
	if err != nil {
		tb.Fatal(err)
	}
	if d == nil {
		tb.Logf("nothing is held against Discord's OpenAPI document: %s does not say where it is", Variable)
	}
	return d
}

// Watch lets the simulator be watched: a test in which something does not fit
// the document fails at its end.
func Watch(tb testing.TB, cfg *discordsim.Config) {
	tb.Helper()
	watch(tb, cfg, true)
}

// WatchAnswers is Watch for tests that make the requests themselves, odd ones
// among them: only what the simulator says is held against the document.
func WatchAnswers(tb testing.TB, cfg *discordsim.Config) {
	tb.Helper()
	watch(tb, cfg, false)
}

func watch(tb testing.TB, cfg *discordsim.Config, requests bool) {
	tb.Helper()
	d := Get(tb)
	if d == nil {
		return
	}
	w := &watcher{document: d, requests: requests, seen: map[string]int{}}
	cfg.Observer = w
	tb.Cleanup(func() { w.report(tb) })
}

type watcher struct {
	document *Document
	requests bool
	mu       sync.Mutex // Guards seen.
	seen     map[string]int
}

// Exchanged implements discordsim.Observer.
func (w *watcher) Exchanged(x discordsim.Exchange) { w.note(w.document.Exchange(x), x.Body) }

// Sent implements discordsim.Observer.
func (w *watcher) Sent(s discordsim.Sent) {
	if !s.Invented { // What a test makes up is its own affair.
		w.note(w.document.Event(s.Event, s.Data), nil)
	}
}

func (w *watcher) note(all []Violation, body json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range all {
		if v.Side == "request" && !w.requests {
			continue
		}
		text := v.String()
		if v.Side == "request" && len(body) > 0 && len(body) < 1000 {
			text += "\n\tbody " + string(body)
		}
		w.seen[text]++
	}
}

func (w *watcher) report(tb testing.TB) {
	tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(w.seen)) {
		tb.Errorf("Discord's OpenAPI document does not allow: %s (%d times)", text, w.seen[text])
	}
}

// Recorded checks what simulators have written into a folder, and gives how
// many requests there were.
func (d *Document) Recorded(folder string) (requests int, violations []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "discordsim-*.jsonl"))
	if err != nil {
		return 0, nil, fmt.Errorf("list the recordings: %w", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		n, err := d.recording(file, seen)
		if err != nil {
			return 0, nil, err
		}
		requests += n
	}
	return requests, slices.Sorted(maps.Keys(seen)), nil
}

func (d *Document) recording(file string, seen map[string]bool) (int, error) {
	f, err := os.Open(file) //nolint:gosec // A recording of the tests.
	if err != nil {
		return 0, fmt.Errorf("read a recording: %w", err)
	}
	defer f.Close() //nolint:errcheck // It was only read.
	requests := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct {
			discordsim.Exchange
			discordsim.Sent
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			break // The simulator was killed in the middle of its last line.
		}
		var all []Violation
		if line.Invented {
			continue
		}
		if line.Event != "" {
			all = d.Event(line.Event, line.Data)
		} else {
			requests++
			all = d.Exchange(line.Exchange)
		}
		for _, v := range all {
			seen[strings.TrimSpace(v.String())] = true
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return requests, fmt.Errorf("read a recording: %w", err)
	}
	return requests, nil
}
