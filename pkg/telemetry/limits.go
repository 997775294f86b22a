package telemetry

import "github.com/prometheus/client_golang/prometheus"

// LimitHits counts the limits that scripts run into, by the limit's name. All
// names are there from the start; no guild is named, there may be many.
func LimitHits[N ~string](r prometheus.Registerer, names []N) func(name N, n int) {
	hits := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_limit_hits_total", Help: "How often scripts ran into a limit, by limit.",
	}, []string{"limit"})
	for _, name := range names {
		hits.WithLabelValues(string(name))
	}
	r.MustRegister(hits)
	return func(name N, n int) { hits.WithLabelValues(string(name)).Add(float64(n)) }
}
