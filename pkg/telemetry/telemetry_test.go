package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		level, format string
		has, lacks    []string
	}{
		"json":    {"info", "json", []string{`"level":"warn"`, `"message":"second"`, `"guild_id":"42"`, `"wait":"1.5s"`, `"error":"cause"`}, []string{"first"}},
		"console": {"debug", "console", []string{"DEBUG first", `WARN second {"guild_id": "42"`}, []string{"\x1b"}},
		"error":   {"error", "json", nil, []string{"first", "second"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log, _, err := NewLogger(row.level, row.format, &b)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("first")
			log.Warn("second", zap.String("guild_id", "42"), zap.Duration("wait", 1500*time.Millisecond), zap.Error(errors.New("cause")))
			for _, s := range row.has {
				if !strings.Contains(b.String(), s) {
					t.Errorf("the log lacks %q: %s", s, b.String())
				}
			}
			for _, s := range row.lacks {
				if strings.Contains(b.String(), s) {
					t.Errorf("the log has %q: %s", s, b.String())
				}
			}
		})
	}
}

func TestJSONLinesParse(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log, _, err := NewLogger("info", FormatJSON, &b)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("a\nb \x1b[31m", zap.String("key", "c\nd"))
	var line struct{ Message, Key, Time string }
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339Nano, line.Time); err != nil || line.Message != "a\nb \x1b[31m" || line.Key != "c\nd" {
		t.Errorf("%+v, %v", line, err)
	}
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("one entry makes more than one line: %q", b.String())
	}
}

func TestLoggerRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range [][2]string{{"loud", "json"}, {"info", "xml"}, {"info", ""}} {
		if _, _, err := NewLogger(row[0], row[1], &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken", row)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1.2.3")
	// A collector that fails must not hide the others.
	r.MustRegister(broken{})
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`flora_build_info{version="v1.2.3"} 1`, "go_goroutines ", "process_start_time_seconds "} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

type broken struct{}

var brokenDesc = prometheus.NewDesc("flora_broken", "Never there.", nil, nil)

func (broken) Describe(c chan<- *prometheus.Desc) { c <- brokenDesc }
func (broken) Collect(c chan<- prometheus.Metric) {
	c <- prometheus.NewInvalidMetric(brokenDesc, errors.New("it cannot be read"))
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := NewHealth("storage", "gateway")
	check := func(when string, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ReadyHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != status || h.Ready() != (status == http.StatusOK) {
			t.Errorf("%s: status %d, ready %v", when, w.Code, h.Ready())
		}
		if diff := cmp.Diff(want+"\n", w.Body.String()); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	check("at start", 503, `{"status":"not_ready","waiting_for":[{"step":"storage","problem":"not started"},{"step":"gateway","problem":"not started"}]}`)
	h.Done("storage")
	h.Problem("gateway", "Discord does not answer")
	check("half way", 503, `{"status":"not_ready","waiting_for":[{"step":"gateway","problem":"Discord does not answer"}]}`)
	h.Done("gateway")
	check("done", 200, `{"status":"ready"}`)
	h.Problem("gateway", "the connection is lost")
	check("lost", 503, `{"status":"not_ready","waiting_for":[{"step":"gateway","problem":"the connection is lost"}]}`)
	h.Done("gateway")
	h.Problem("workers", "none runs")
	check("a step of its own", 503, `{"status":"not_ready","waiting_for":[{"step":"workers","problem":"none runs"}]}`)
	h.Done("workers")
	h.Stopping()
	check("stopping", 503, `{"status":"stopping"}`)
	w := httptest.NewRecorder()
	h.LiveHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
	if w.Code != http.StatusOK || w.Body.String() != "{\"status\":\"alive\"}\n" {
		t.Errorf("live: %d %s", w.Code, w.Body)
	}
}
