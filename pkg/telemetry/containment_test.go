package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestContainment(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	c := NewContainment(r, []string{"crash", "killed"})
	c.WorkerDied("crash")
	c.PenaltyWorkers(2)
	c.Struck()
	c.Quarantined(1)
	c.Quarantined(1)
	c.Quarantined(-1)
	c.DroppedInQuarantine()
	c.Reloaded(300 * time.Millisecond)
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`flora_worker_deaths_total{cause="crash"} 1`, `flora_worker_deaths_total{cause="killed"} 0`, "flora_penalty_workers 2", "flora_guild_strikes_total 1",
		"flora_guilds_quarantined 1", "flora_quarantine_dropped_events_total 1", `flora_guild_reload_seconds_bucket{le="0.5"} 1`, `flora_guild_reload_seconds_bucket{le="0.2"} 0`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
