package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Sockets counts the WebSockets of scripts.
type Sockets[O ~string] struct {
	opened   *prometheus.CounterVec
	open     prometheus.Gauge
	sent     prometheus.Counter
	received prometheus.Counter
}

// NewSockets makes the metrics; all outcomes are there from the start.
func NewSockets[O ~string](r prometheus.Registerer, outcomes []O) *Sockets[O] {
	messages := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "flora_websocket_messages_total", Help: "Messages of scripts' WebSockets, by whether they were sent or received.",
	}, []string{"direction"})
	s := &Sockets[O]{
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flora_websocket_opens_total", Help: "WebSockets that scripts asked for, by how the handshake ended.",
		}, []string{"outcome"}),
		open:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "flora_websockets_open", Help: "WebSockets of scripts that are open."}),
		sent:     messages.WithLabelValues("sent"),
		received: messages.WithLabelValues("received"),
	}
	for _, o := range outcomes {
		s.opened.WithLabelValues(string(o))
	}
	r.MustRegister(s.opened, s.open, messages)
	return s
}

// Opened is a handshake that has ended.
func (s *Sockets[O]) Opened(o O) { s.opened.WithLabelValues(string(o)).Inc() }

// Open changes how many are open.
func (s *Sockets[O]) Open(change int) { s.open.Add(float64(change)) }

// Carried is a message.
func (s *Sockets[O]) Carried(received bool) {
	if received {
		s.received.Inc()
		return
	}
	s.sent.Inc()
}
