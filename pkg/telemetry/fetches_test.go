package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFetches(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	count := Fetches(r, []string{"ok", "refused"})
	count("ok")
	count("ok")
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`flora_fetch_requests_total{outcome="ok"} 2`, `flora_fetch_requests_total{outcome="refused"} 0`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
