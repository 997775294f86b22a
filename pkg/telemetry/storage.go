package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Keys measures the key-value storage.
type Keys struct {
	calls         map[string]*outcomes
	read, written prometheus.Counter
	set           prometheus.Histogram
}

// NewKeys registers the metrics; calls are the names that Called is told.
func NewKeys(r prometheus.Registerer, calls []string) *Keys {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_kv_calls_total", Help: "Calls of the key-value storage, of scripts and over HTTP, by call and outcome.",
	}, []string{"call", "outcome"})
	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_kv_bytes_total", Help: "Bytes of values that were read from and written to the key-value storage.",
	}, []string{"direction"})
	k := &Keys{
		calls: map[string]*outcomes{}, read: bytes.WithLabelValues("read"), written: bytes.WithLabelValues("written"),
		set: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "flora_kv_set_seconds", Help: "How long writes to the key-value storage took until they were on disk.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	for _, call := range calls {
		k.calls[call] = &outcomes{vec.WithLabelValues(call, OutcomeOK), vec.WithLabelValues(call, OutcomeFailed), vec.WithLabelValues(call, OutcomeRefused)}
	}
	r.MustRegister(vec, bytes, k.set)
	return k
}

// Called counts a call.
func (k *Keys) Called(call, outcome string) {
	if o, ok := k.calls[call]; ok {
		o.count(outcome)
	}
}

// Read counts bytes that were read.
func (k *Keys) Read(n int) { k.read.Add(float64(n)) }

// Set notes a write.
func (k *Keys) Set(n int, took time.Duration) {
	k.written.Add(float64(n))
	k.set.Observe(took.Seconds())
}

// NewMessages registers the counter of deliveries of queues and schedules and
// gives what counts one by its outcome.
func NewMessages(r prometheus.Registerer) func(outcome string) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_kv_messages_total", Help: "Deliveries of messages of queues and of schedules, by outcome.",
	}, []string{"outcome"})
	for _, outcome := range []string{"handled", "failed", "undelivered", "unserved"} {
		vec.WithLabelValues(outcome)
	}
	r.MustRegister(vec)
	return func(outcome string) { vec.WithLabelValues(outcome).Inc() }
}

// Lines counts guilds' log lines.
type Lines struct{ said, written, unwritten prometheus.Counter }

// NewLines registers the metrics.
func NewLines(r prometheus.Registerer) *Lines {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	return &Lines{
		said:      counter("flora_log_lines_total", "Lines that came to guilds' logs; those that came too fast are in flora_limit_hits_total{limit=\"log_lines\"}."),
		written:   counter("flora_log_lines_written_total", "Lines of guilds' logs that are on disk."),
		unwritten: counter("flora_log_lines_unwritten_total", "Lines of guilds' logs that left memory before they could be written to disk."),
	}
}

// Said counts a line.
func (l *Lines) Said() { l.said.Inc() }

// Written counts lines that came to disk.
func (l *Lines) Written(n int) { l.written.Add(float64(n)) }

// Unwritten counts lines that did not.
func (l *Lines) Unwritten(n int) { l.unwritten.Add(float64(n)) }
