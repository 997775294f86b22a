package telemetry

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// maxRoutes bounds the combinations of method, route and status that have
// counters of their own; what comes beyond is counted together.
const maxRoutes = 2000

// counts are counters by method, route and status that are looked up without
// allocating.
type counts struct {
	vec *prometheus.CounterVec

	mu   sync.RWMutex // Guards seen.
	seen map[counted]prometheus.Counter
}

type counted struct {
	method, route string
	status        int
}

func (c *counts) add(method, route string, status int) {
	key := counted{method, route, status}
	c.mu.RLock()
	counter, ok := c.seen[key]
	c.mu.RUnlock()
	if !ok {
		counter = c.make(key)
	}
	counter.Inc()
}

func (c *counts) make(key counted) prometheus.Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if counter, ok := c.seen[key]; ok {
		return counter // Somebody else was quicker.
	}
	if len(c.seen) >= maxRoutes {
		return c.vec.WithLabelValues(Other, Other, Other)
	}
	text := "none" // No answer came.
	if key.status > 0 {
		text = strconv.Itoa(key.status)
	}
	counter := c.vec.WithLabelValues(key.method, key.route, text)
	c.seen[key] = counter
	return counter
}

// Requests measures calls of Discord's REST API.
type Requests struct {
	counts
	took, waited prometheus.Histogram
}

// NewRequests registers the metrics.
func NewRequests(r prometheus.Registerer) *Requests {
	q := &Requests{
		counts: counts{seen: map[counted]prometheus.Counter{}, vec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_discord_requests_total", Help: "Requests to Discord's REST API, each attempt, by method, route template and status; none is no answer.",
		}, []string{"method", "route", "status"})},
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "flora_discord_request_seconds", Help: "How long Discord took to answer, by attempt.", Buckets: latency,
		}),
		waited: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "flora_discord_wait_seconds", Help: "How long requests to Discord waited for rate limits and their guild's share before they were sent.", Buckets: latency,
		}),
	}
	r.MustRegister(q.vec, q.took, q.waited)
	return q
}

// Sent counts an attempt; status 0 is no answer.
func (q *Requests) Sent(method, route string, status int, took time.Duration) {
	q.add(method, route, status)
	q.took.Observe(took.Seconds())
}

// Waited notes how long a request waited before it was sent.
func (q *Requests) Waited(d time.Duration) { q.waited.Observe(d.Seconds()) }

// HTTP measures the requests that the API answers.
type HTTP struct {
	counts
	took *prometheus.HistogramVec
}

// NewHTTP registers the metrics.
func NewHTTP(r prometheus.Registerer) *HTTP {
	h := &HTTP{
		counts: counts{seen: map[counted]prometheus.Counter{}, vec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_http_requests_total", Help: "Requests to the HTTP API, by method, route and status; other is no route of it.",
		}, []string{"method", "route", "status"})},
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "flora_http_request_seconds", Help: "How long requests to the HTTP API took, by route; log streams are not in it.", Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"route"}),
	}
	r.MustRegister(h.vec, h.took)
	return h
}

// Answered counts a request. The route is "" when there is none; a stream's time
// says nothing.
func (h *HTTP) Answered(method, route string, status int, took time.Duration, stream bool) {
	if route == "" {
		method, route = Other, Other // Whatever a stranger makes up.
	}
	h.add(method, route, status)
	if !stream {
		h.took.WithLabelValues(route).Observe(took.Seconds())
	}
}
