package telemetry

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// scrape gives what Prometheus would get.
func scrape(t *testing.T, r *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	f := NewFlow(r, FlowConfig{Events: []string{"messageCreate", "ready"}, Ops: []string{"op_a", "op_b"}, Reasons: []string{"queue_full"}})
	f.Dispatched("messageCreate", OutcomeOK, 2*time.Millisecond)
	f.Dispatched("messageCreate", OutcomeFailed, 20*time.Millisecond)
	f.Dispatched("messageCreate", OutcomeLost, time.Second)
	f.Dispatched("made up by a worker", OutcomeOK, time.Second)
	f.Op("op_a", OutcomeOK, time.Millisecond)
	f.Op("op_a", OutcomeRefused, time.Millisecond)
	f.Op("op_a", OutcomeFailed, 3*time.Second)
	f.Op("none", OutcomeOK, time.Millisecond)
	f.Dropped("queue_full", 3)
	f.Dropped("unknown", 3)
	text := scrape(t, r)
	contains(t, text,
		`flora_dispatch_total{event="messageCreate",outcome="ok"} 1`, `flora_dispatch_total{event="messageCreate",outcome="failed"} 1`,
		`flora_dispatch_total{event="messageCreate",outcome="lost"} 1`, `flora_dispatch_total{event="other",outcome="ok"} 1`,
		`flora_dispatch_total{event="ready",outcome="ok"} 0`, `flora_dispatch_seconds_bucket{le="0.0025"} 1`, `flora_dispatch_seconds_count 4`,
		`flora_ops_total{op="op_a",outcome="ok"} 1`, `flora_ops_total{op="op_a",outcome="refused"} 1`, `flora_ops_total{op="op_a",outcome="failed"} 1`,
		`flora_ops_total{op="other",outcome="ok"} 1`, `flora_op_seconds_count{op="op_a"} 3`, `flora_events_dropped_total{reason="queue_full"} 3`,
	)
	if strings.Contains(text, "op_b") {
		t.Error("an op that nobody called has metrics")
	}
}

// TestMeasuringAllocatesNothing holds what every event and op passes.
func TestMeasuringAllocatesNothing(t *testing.T) {
	r := NewRegistry("v1")
	f := NewFlow(r, FlowConfig{Events: []string{"messageCreate"}, Ops: []string{"op_a"}})
	q := NewRequests(r)
	q.Sent("GET", "/a", 200, time.Second)
	f.Op("op_a", OutcomeOK, time.Second)
	if n := testing.AllocsPerRun(1000, func() {
		f.Dispatched("messageCreate", OutcomeOK, time.Millisecond)
		f.Op("op_a", OutcomeOK, time.Millisecond)
		q.Waited(time.Millisecond)
		q.Sent("GET", "/a", 200, time.Millisecond)
	}); n != 0 {
		t.Errorf("measuring allocates %v times", n)
	}
}

func BenchmarkMeasure(b *testing.B) {
	r := NewRegistry("v1")
	f := NewFlow(r, FlowConfig{Events: []string{"messageCreate"}, Ops: []string{"op_a"}})
	q := NewRequests(r)
	b.ReportAllocs()
	for b.Loop() {
		f.Dispatched("messageCreate", OutcomeOK, time.Millisecond)
		f.Op("op_a", OutcomeOK, time.Millisecond)
		q.Waited(time.Millisecond)
		q.Sent("GET", "/a", 200, time.Millisecond)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	q, h := NewRequests(r), NewHTTP(r)
	q.Sent("POST", "/channels/{channel.id}/messages", 200, 30*time.Millisecond)
	q.Sent("POST", "/channels/{channel.id}/messages", 429, time.Millisecond)
	q.Sent("GET", "/gateway/bot", 0, time.Second)
	q.Waited(2 * time.Second)
	h.Answered("GET", "/api/logs/:guild", 200, time.Millisecond, false)
	h.Answered("GET", "/api/logs/:guild/stream", 200, time.Hour, true)
	h.Answered("BREW", "", 404, time.Millisecond, false)
	contains(t, scrape(t, r),
		`flora_discord_requests_total{method="POST",route="/channels/{channel.id}/messages",status="200"} 1`,
		`flora_discord_requests_total{method="POST",route="/channels/{channel.id}/messages",status="429"} 1`,
		`flora_discord_requests_total{method="GET",route="/gateway/bot",status="none"} 1`, `flora_discord_wait_seconds_sum 2`,
		`flora_http_requests_total{method="GET",route="/api/logs/:guild",status="200"} 1`, `flora_http_requests_total{method="GET",route="/api/logs/:guild/stream",status="200"} 1`,
		`flora_http_requests_total{method="other",route="other",status="404"} 1`, `flora_http_request_seconds_count{route="/api/logs/:guild"} 1`,
	)
}

// TestRoutesAreBounded counts from many goroutines more routes than there may be.
func TestRoutesAreBounded(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	q := NewRequests(r)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for status := range 2 * maxRoutes {
				q.Sent("GET", "/", 1+status, time.Millisecond)
			}
		})
	}
	wg.Wait()
	text := scrape(t, r)
	if n := strings.Count(text, "flora_discord_requests_total{"); n != maxRoutes+1 {
		t.Errorf("%d combinations have counters, want %d", n, maxRoutes+1)
	}
	contains(t, text, `flora_discord_requests_total{method="other",route="other",status="other"} 8000`)
}

func TestKeysAndLines(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	k, l := NewKeys(r, []string{"get", "set"}), NewLines(r)
	k.Called("get", OutcomeOK)
	k.Called("set", OutcomeRefused)
	k.Called("none", OutcomeOK)
	k.Read(7)
	k.Set(100, 3*time.Millisecond)
	l.Said()
	l.Written(5)
	l.Unwritten(2)
	contains(t, scrape(t, r),
		`flora_kv_calls_total{call="get",outcome="ok"} 1`, `flora_kv_calls_total{call="set",outcome="refused"} 1`, `flora_kv_bytes_total{direction="read"} 7`,
		`flora_kv_bytes_total{direction="written"} 100`, `flora_kv_set_seconds_bucket{le="0.005"} 1`, `flora_kv_set_seconds_bucket{le="0.002"} 0`,
		`flora_log_lines_total 1`, `flora_log_lines_written_total 5`, `flora_log_lines_unwritten_total 2`,
	)
}

func TestPresent(t *testing.T) {
	t.Parallel()
	other := exec.CommandContext(t.Context(), "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	r := NewRegistry("v1")
	Present(r, func() State {
		return State{
			Workers: []Worker{{Index: 0, PID: other.Process.Pid, Scripts: 3, Held: 100, Turns: 7}, {Index: 1, PID: os.Getpid(), Scripts: 1, Held: 1}, {Index: 2}, {Index: 3, PID: 1 << 30}},
			Shards:  []Shard{{ID: 0, Connected: true, Latency: 1500 * time.Millisecond}, {ID: 1}}, Guilds: 5, Queued: 6, InFlight: 8,
		}
	})
	text := scrape(t, r)
	contains(t, text,
		"flora_isolate_count 4", "flora_script_memory_bytes 101", "flora_workers 1", `flora_worker_scripts{worker="0"} 3`, `flora_turns_total{worker="0"} 7`,
		"flora_queued_events 6", "flora_in_flight_events 8", "flora_guilds 5", "flora_gateway_shards 2", `flora_gateway_connected{shard="0"} 1`,
		`flora_gateway_connected{shard="1"} 0`, `flora_gateway_heartbeat_seconds{shard="0"} 1.5`, "# TYPE flora_turns_total counter",
	)
	if !strings.Contains(text, `flora_worker_memory_bytes{worker="0"} `) || strings.Contains(text, `flora_worker_memory_bytes{worker="1"}`) || strings.Contains(text, `flora_worker_cpu_seconds{worker="3"}`) {
		t.Errorf("only worker 0 is a process of its own:\n%s", text)
	}
}

// TestSummary compares with what the original's clients read.
func TestSummary(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	f := NewFlow(r, FlowConfig{Events: []string{"ready"}})
	hits := LimitHits(r, []string{"turn_cpu", "dispatch_time", "memory", "log_lines"})
	c := NewContainment(r, []string{"crash", "killed"})
	Present(r, func() State { return State{Workers: []Worker{{Scripts: 9}}} })
	for range 98 {
		f.Dispatched("ready", OutcomeOK, 20*time.Millisecond)
	}
	f.Dispatched("ready", OutcomeFailed, 2*time.Second)
	f.Dispatched("ready", OutcomeLost, 2*time.Second)
	hits("turn_cpu", 2)
	hits("dispatch_time", 1)
	hits("memory", 4)
	hits("log_lines", 100)
	c.WorkerDied("crash")
	c.WorkerDied("killed")
	c.Reloaded(time.Second)
	w := httptest.NewRecorder()
	SummaryHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics/json", nil))
	got := map[string]float64{}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"isolate_count": 9, "dispatch_total": 100, "dispatch_errors": 2, "timeout_errors": 3, "oom_errors": 4, "isolate_restarts": 1, "runtime_restarts": 2,
		"migration_success": 0, "migration_timeout": 0, "migration_quiesce_duration_us": 0,
		"avg_latency_us": 59600, "p50_latency_us": 17653, "p95_latency_us": 24541, "p99_latency_us": 1750000,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	contains(t, scrape(t, r), "flora_dispatch_errors_total 2", "flora_oom_errors_total 4", "flora_dispatch_latency_p99_us 1.75e+06", "# TYPE flora_timeout_errors_total counter")
	empty, err := Summarize(NewRegistry("v1"))
	if err != nil || empty != (Summary{}) {
		t.Errorf("without any: %+v, %v", empty, err)
	}
}
