package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Containment counts what scripts do to the processes that run them, and what
// becomes of that.
type Containment struct {
	deaths      *prometheus.CounterVec
	penalty     prometheus.Gauge
	strikes     prometheus.Counter
	quarantined prometheus.Gauge
	dropped     prometheus.Counter
	reload      prometheus.Histogram
	asleep      prometheus.Gauge
	wake        prometheus.Histogram
}

// NewContainment registers the metrics. causes are the values of the label of
// the deaths; all are there from the start.
func NewContainment[C ~string](r prometheus.Registerer, causes []C) *Containment {
	c := &Containment{
		deaths: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_worker_deaths_total", Help: "Worker processes that ended, by cause.",
		}, []string{"cause"}),
		penalty: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "flora_penalty_workers", Help: "Worker processes that run for scripts which may not run beside others.",
		}),
		strikes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "flora_guild_strikes_total", Help: "Charges against scripts: a worker brought down, or CPU limits burned again and again.",
		}),
		quarantined: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "flora_guilds_quarantined", Help: "Guilds whose script is not loaded because of its strikes.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "flora_quarantine_dropped_events_total", Help: "Events dropped because their guild is quarantined.",
		}),
		reload: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "flora_guild_reload_seconds", Help: "From the loss of a script that nobody blames to its serving again.",
			Buckets: []float64{.05, .1, .2, .5, 1, 2, 5, 10, 30},
		}),
	}
	c.asleep = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "flora_guilds_asleep", Help: "Guilds whose script is not loaded until something comes for it, to leave room for others.",
	})
	c.wake = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "flora_guild_wake_seconds", Help: "From something that comes for a script that sleeps to its serving again.",
		Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10},
	})
	for _, cause := range causes {
		c.deaths.WithLabelValues(string(cause))
	}
	r.MustRegister(c.deaths, c.penalty, c.strikes, c.quarantined, c.dropped, c.reload, c.asleep, c.wake)
	return c
}

// WorkerDied counts a worker's end.
func (c *Containment) WorkerDied(cause string) { c.deaths.WithLabelValues(cause).Inc() }

// PenaltyWorkers says how many run.
func (c *Containment) PenaltyWorkers(n int) { c.penalty.Set(float64(n)) }

// Struck counts a charge.
func (c *Containment) Struck() { c.strikes.Inc() }

// Quarantined counts one guild more or less.
func (c *Containment) Quarantined(delta int) { c.quarantined.Add(float64(delta)) }

// DroppedInQuarantine counts an event.
func (c *Containment) DroppedInQuarantine() { c.dropped.Inc() }

// Reloaded notes how long a guild was without its script.
func (c *Containment) Reloaded(d time.Duration) { c.reload.Observe(d.Seconds()) }

// Asleep counts one guild more or less.
func (c *Containment) Asleep(delta int) { c.asleep.Add(float64(delta)) }

// Woke notes how long an event waited for its script.
func (c *Containment) Woke(d time.Duration) { c.wake.Observe(d.Seconds()) }
