package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Forwarded counts the requests that were sent on to another replica by how they
// ended.
func Forwarded[O ~string](r prometheus.Registerer, outcomes []O) func(outcome O) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_forwarded_requests_total", Help: "Requests that were sent on to the replica that has their server, by how they ended.",
	}, []string{"outcome"})
	for _, o := range outcomes {
		requests.WithLabelValues(string(o))
	}
	r.MustRegister(requests)
	return func(o O) { requests.WithLabelValues(string(o)).Inc() }
}
