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

// FetchBytes counts the bytes of bodies that scripts send and get.
func FetchBytes(r prometheus.Registerer) func(sent, received int) {
	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_fetch_bytes_total", Help: "Bytes of bodies in outbound requests of scripts, as they cross the network.",
	}, []string{"direction"})
	out, in := bytes.WithLabelValues("sent"), bytes.WithLabelValues("received")
	r.MustRegister(bytes)
	return func(sent, received int) {
		out.Add(float64(sent))
		in.Add(float64(received))
	}
}

// FetchUsage tells what outbound requests have at the moment.
func FetchUsage(r prometheus.Registerer, usage func() (requests, connections, heldBytes float64)) {
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("flora_fetch_requests", "Outbound requests of scripts that are under way, those that wait for their turn included.", func() float64 {
		requests, _, _ := usage()
		return requests
	})
	gauge("flora_fetch_connections", "Outbound connections of scripts, those that wait to be used again included.", func() float64 {
		_, connections, _ := usage()
		return connections
	})
	gauge("flora_fetch_held_bytes", "Bytes of responses that no script took yet.", func() float64 {
		_, _, held := usage()
		return held
	})
}
