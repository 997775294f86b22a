package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	r := NewRegistry("v1")
	m := NewReplicas(r, []string{"expired", "taken"})
	m.State(3, 5)
	m.Took(true)
	m.Took(false)
	m.Took(false)
	m.Lost("expired")
	m.Claimed(4, time.Millisecond)
	m.Claimed(2, time.Millisecond)
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		"flora_replicas 3", "flora_replica_shards 5", `flora_replica_shards_taken_total{from="lost"} 1`, `flora_replica_shards_taken_total{from="released"} 2`,
		`flora_replica_shards_lost_total{cause="expired"} 1`, `flora_replica_shards_lost_total{cause="taken"} 0`, "flora_replica_claims_total 6",
		`flora_replica_claim_seconds_bucket{le="0.001"} 2`, `flora_replica_claim_seconds_bucket{le="0.0005"} 0`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
