package telemetry

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The outcomes of dispatches and ops.
const (
	OutcomeOK      = "ok"
	OutcomeFailed  = "failed"  // A handler threw or ran into its limit; an op failed.
	OutcomeRefused = "refused" // An op was not allowed, or its arguments were wrong.
	OutcomeLost    = "lost"    // The script's isolate ended while the handler ran.
)

// Other stands for what a label has no value of its own for.
const Other = "other"

// Flow measures events on their way through scripts, and what those ask for.
// The counters are looked up once per event name and op, so an event costs no
// more than two additions.
type Flow struct {
	events  map[string]*outcomes
	ops     map[string]*opMeter
	took    prometheus.Histogram
	dropped map[string]prometheus.Counter
}

// outcomes are the counters of one event or op.
type outcomes struct{ ok, failed, third prometheus.Counter }

func (o *outcomes) count(outcome string) {
	switch outcome {
	case OutcomeOK:
		o.ok.Inc()
	case OutcomeFailed:
		o.failed.Inc()
	default:
		o.third.Inc()
	}
}

// opMeter comes to be when its op is called first: most scripts call few.
type opMeter struct {
	once sync.Once
	make func() (*outcomes, prometheus.Observer)
	outcomes
	took prometheus.Observer
}

// latency are the bounds of histograms, in seconds.
var latency = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// FlowConfig names what a Flow measures.
type FlowConfig struct {
	Events, Ops, Reasons []string
}

// NewFlow registers the metrics.
func NewFlow(r prometheus.Registerer, cfg FlowConfig) *Flow {
	dispatches := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_dispatch_total", Help: "Events that were handed to a script, cron jobs, messages of queues and schedules among them, by the script's name of the event and how its handlers ended.",
	}, []string{"event", "outcome"})
	f := &Flow{events: map[string]*outcomes{}, ops: map[string]*opMeter{}, dropped: map[string]prometheus.Counter{}}
	f.took = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "flora_dispatch_seconds", Help: "From an event's handing over to a script to the end of its handlers, what they wait for included.", Buckets: latency,
	})
	for _, name := range append(slices.Clone(cfg.Events), Other) {
		f.events[name] = &outcomes{
			dispatches.WithLabelValues(name, OutcomeOK), dispatches.WithLabelValues(name, OutcomeFailed), dispatches.WithLabelValues(name, OutcomeLost),
		}
	}
	ops := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_ops_total", Help: "Operations that scripts called, by name and outcome; those of a name appear with its first call.",
	}, []string{"op", "outcome"})
	times := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "flora_op_seconds", Help: "How long operations took, waiting included, by name.", Buckets: []float64{.0005, .002, .01, .05, .2, 1, 5, 30},
	}, []string{"op"})
	for _, name := range append(slices.Clone(cfg.Ops), Other) {
		f.ops[name] = &opMeter{make: func() (*outcomes, prometheus.Observer) {
			return &outcomes{ops.WithLabelValues(name, OutcomeOK), ops.WithLabelValues(name, OutcomeFailed), ops.WithLabelValues(name, OutcomeRefused)}, times.WithLabelValues(name)
		}}
	}
	drops := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_events_dropped_total", Help: "Events that no script got although one handles them, by reason.",
	}, []string{"reason"})
	for _, reason := range cfg.Reasons {
		f.dropped[reason] = drops.WithLabelValues(reason)
	}
	r.MustRegister(dispatches, f.took, ops, times, drops)
	return f
}

// Dispatched counts an event whose handlers have ended.
func (f *Flow) Dispatched(event, outcome string, took time.Duration) {
	o, ok := f.events[event]
	if !ok {
		o = f.events[Other]
	}
	o.count(outcome)
	f.took.Observe(took.Seconds())
}

// Op counts an op that was answered.
func (f *Flow) Op(name, outcome string, took time.Duration) {
	m, ok := f.ops[name]
	if !ok {
		m = f.ops[Other]
	}
	m.once.Do(func() {
		o, took := m.make()
		m.outcomes, m.took = *o, took
	})
	m.count(outcome)
	m.took.Observe(took.Seconds())
}

// Dropped counts events.
func (f *Flow) Dropped(reason string, n int) {
	if c, ok := f.dropped[reason]; ok {
		c.Add(float64(n))
	}
}
