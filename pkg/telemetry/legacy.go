package telemetry

import (
	"encoding/json"
	"math"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Summary is what the original Flora's /metrics/json had, with the same names.
// All is made of the other metrics. Scripts do not migrate here, so nothing is
// counted of that.
type Summary struct {
	Isolates        uint64 `json:"isolate_count"`
	Dispatches      uint64 `json:"dispatch_total"`
	DispatchErrors  uint64 `json:"dispatch_errors"`
	Timeouts        uint64 `json:"timeout_errors"`
	OutOfMemory     uint64 `json:"oom_errors"`
	IsolateRestarts uint64 `json:"isolate_restarts"`
	RuntimeRestarts uint64 `json:"runtime_restarts"`
	Migrated        uint64 `json:"migration_success"`
	NotMigrated     uint64 `json:"migration_timeout"`
	Quiesced        uint64 `json:"migration_quiesce_duration_us"`
	Average         uint64 `json:"avg_latency_us"`
	P50             uint64 `json:"p50_latency_us"`
	P95             uint64 `json:"p95_latency_us"`
	P99             uint64 `json:"p99_latency_us"`
}

// Summarize reads the registry's metrics.
func Summarize(from prometheus.Gatherer) (s Summary, err error) {
	families, err := from.Gather()
	sum := func(f *dto.MetricFamily, label string, values ...string) (n uint64) {
		for _, m := range f.GetMetric() {
			if matches(m, label, values) {
				n += uint64(m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()))
			}
		}
		return n
	}
	for _, f := range families {
		switch f.GetName() {
		case "flora_isolate_count":
			s.Isolates = sum(f, "")
		case "flora_dispatch_total":
			s.Dispatches = sum(f, "")
			s.DispatchErrors = sum(f, "outcome", OutcomeFailed, OutcomeLost)
		case "flora_limit_hits_total":
			s.Timeouts = sum(f, "limit", "turn_cpu", "cron_cpu", "load_cpu", "dispatch_time", "load_time")
			s.OutOfMemory = sum(f, "limit", "memory", "buffers")
		case "flora_guild_reload_seconds":
			s.IsolateRestarts = sum(f, "")
		case "flora_worker_deaths_total":
			s.RuntimeRestarts = sum(f, "")
		case "flora_dispatch_seconds":
			h := f.GetMetric()[0].GetHistogram()
			if n := h.GetSampleCount(); n > 0 {
				s.Average = micros(h.GetSampleSum() / float64(n))
			}
			s.P50, s.P95, s.P99 = micros(quantile(h, .5)), micros(quantile(h, .95)), micros(quantile(h, .99))
		}
	}
	return s, err
}

func matches(m *dto.Metric, label string, values []string) bool {
	if label == "" {
		return true
	}
	for _, l := range m.GetLabel() {
		for _, v := range values {
			if l.GetName() == label && l.GetValue() == v {
				return true
			}
		}
	}
	return false
}

func micros(seconds float64) uint64 { return uint64(math.Round(seconds * 1e6)) }

// quantile estimates one as Prometheus does: evenly spread within a bucket.
func quantile(h *dto.Histogram, q float64) float64 {
	rank := q * float64(h.GetSampleCount())
	below, from := 0.0, 0.0
	for _, b := range h.GetBucket() {
		to, n := b.GetUpperBound(), float64(b.GetCumulativeCount())
		if n >= rank && n > below {
			return from + (to-from)*(rank-below)/(n-below)
		}
		below, from = n, to
	}
	return from
}

// SummaryHandler answers with the Summary.
func SummaryHandler(r *prometheus.Registry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s, _ := Summarize(r) // What cannot be collected is zero, and does not take the rest down.
		w.Header().Set("Content-Type", "application/json")
		// A reader that went away needs no answer.
		_ = json.NewEncoder(w).Encode(s)
	})
}

// legacy gives the metrics of the original Flora that have another name or form
// here, for dashboards that were made for it.
type legacy struct{ of prometheus.Gatherer }

func (l legacy) Gather() ([]*dto.MetricFamily, error) {
	s, _ := Summarize(l.of) // Who gathers the same beside it has the error.
	r := prometheus.NewRegistry()
	legacyMetrics(r, s)
	return r.Gather()
}

func legacyMetrics(r prometheus.Registerer, s Summary) {
	for _, m := range []struct {
		name, help string
		value      uint64
		counter    bool
	}{
		{"flora_dispatch_errors_total", "Dispatches that did not end well; as the original Flora had it.", s.DispatchErrors, true},
		{"flora_timeout_errors_total", "Limits of time that scripts ran into; as the original Flora had it.", s.Timeouts, true},
		{"flora_oom_errors_total", "Limits of memory that scripts ran into; as the original Flora had it.", s.OutOfMemory, true},
		{"flora_isolate_restarts_total", "Scripts that serve again after they were lost by nobody's fault; as the original Flora had it.", s.IsolateRestarts, true},
		{"flora_runtime_restarts_total", "Worker processes that ended; as the original Flora had it.", s.RuntimeRestarts, true},
		{"flora_dispatch_latency_avg_us", "Average time of dispatches; as the original Flora had it.", s.Average, false},
		{"flora_dispatch_latency_p50_us", "Median time of dispatches, estimated from flora_dispatch_seconds; as the original Flora had it.", s.P50, false},
		{"flora_dispatch_latency_p95_us", "95th percentile of dispatches' time, estimated from flora_dispatch_seconds; as the original Flora had it.", s.P95, false},
		{"flora_dispatch_latency_p99_us", "99th percentile of dispatches' time, estimated from flora_dispatch_seconds; as the original Flora had it.", s.P99, false},
	} {
		value := func() float64 { return float64(m.value) }
		if m.counter {
			r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help}, value))
		} else {
			r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help}, value))
		}
	}
}

// Gatherer gives all metrics of a process, those for the original's dashboards
// too.
func Gatherer(r *prometheus.Registry) prometheus.Gatherer {
	return prometheus.Gatherers{r, legacy{r}}
}
