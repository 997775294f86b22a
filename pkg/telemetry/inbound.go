package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Inbound counts the requests from outside for scripts by how they ended.
func Inbound[O ~string](r prometheus.Registerer, outcomes []O) func(outcome O) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_inbound_requests_total", Help: "Requests from outside for scripts, by how they ended.",
	}, []string{"outcome"})
	for _, o := range outcomes {
		requests.WithLabelValues(string(o))
	}
	r.MustRegister(requests)
	return func(o O) { requests.WithLabelValues(string(o)).Inc() }
}
