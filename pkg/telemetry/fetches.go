package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Fetches counts the requests that scripts make, by how they end. All outcomes
// are there from the start.
func Fetches[O ~string](r prometheus.Registerer, outcomes []O) func(outcome O) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_fetch_requests_total", Help: "Outbound requests of scripts, by how they ended.",
	}, []string{"outcome"})
	for _, o := range outcomes {
		requests.WithLabelValues(string(o))
	}
	r.MustRegister(requests)
	return func(o O) { requests.WithLabelValues(string(o)).Inc() }
}
