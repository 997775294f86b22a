package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSockets(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	s := NewSockets(r, []string{"ok", "refused"})
	s.Opened("ok")
	s.Open(1)
	s.Open(1)
	s.Open(-1)
	s.Carried(true)
	s.Carried(false)
	s.Carried(false)
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`flora_websocket_opens_total{outcome="ok"} 1`, `flora_websocket_opens_total{outcome="refused"} 0`, "flora_websockets_open 1",
		`flora_websocket_messages_total{direction="received"} 1`, `flora_websocket_messages_total{direction="sent"} 2`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
