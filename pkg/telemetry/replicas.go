package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Replicas measures what this process has to do with the others that serve the
// bot.
type Replicas struct {
	members, shards prometheus.Gauge
	taken, lost     *prometheus.CounterVec
	claims          prometheus.Counter
	claim           prometheus.Histogram
}

// The values of the label of shards that were taken.
const (
	takenLost     = "lost"
	takenReleased = "released"
)

// NewReplicas registers the metrics. causes are the values of the label of lost
// shards; all are there from the start.
func NewReplicas(r prometheus.Registerer, causes []string) *Replicas {
	m := &Replicas{
		members: prometheus.NewGauge(prometheus.GaugeOpts{Name: "flora_replicas", Help: "Replicas that are alive, this one included, as it last saw them."}),
		shards:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "flora_replica_shards", Help: "Shards that this replica has; 0 when it is not sure of them."}),
		taken: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_replica_shards_taken_total", Help: "Shards that this replica took: lost by another one, or released or never had.",
		}, []string{"from"}),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_replica_shards_lost_total", Help: "Shards that this replica lost, by cause; those that it released are not among them.",
		}, []string{"cause"}),
		claims: prometheus.NewCounter(prometheus.CounterOpts{Name: "flora_replica_claims_total", Help: "Events that this replica claimed before they began."}),
		claim: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "flora_replica_claim_seconds", Help: "How long Redis took to answer claims of events; several are claimed in one.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	for _, from := range []string{takenLost, takenReleased} {
		m.taken.WithLabelValues(from)
	}
	for _, cause := range causes {
		m.lost.WithLabelValues(cause)
	}
	r.MustRegister(m.members, m.shards, m.taken, m.lost, m.claims, m.claim)
	return m
}

// State implements replica.Meter.
func (m *Replicas) State(members, shards int) {
	m.members.Set(float64(members))
	m.shards.Set(float64(shards))
}

// Took implements replica.Meter.
func (m *Replicas) Took(lost bool) {
	from := takenReleased
	if lost {
		from = takenLost
	}
	m.taken.WithLabelValues(from).Inc()
}

// Lost implements replica.Meter.
func (m *Replicas) Lost(cause string) { m.lost.WithLabelValues(cause).Inc() }

// Claimed implements replica.Meter.
func (m *Replicas) Claimed(events int, took time.Duration) {
	m.claims.Add(float64(events))
	m.claim.Observe(took.Seconds())
}
