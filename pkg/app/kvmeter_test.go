package app

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// TestKeysAreMeasured calls a real store through its meter.
func TestKeysAreMeasured(t *testing.T) {
	t.Parallel()
	db, err := kv.Open(kv.Config{Dir: t.TempDir(), Limits: kv.DefaultLimits(), Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // The test is over.
	rt := &runtime{kv: db, stats: telemetry.NewRegistry("v1")}
	keys := newMeteredKV(rt)
	ctx := t.Context()
	if _, err := keys.Write(ctx, 1, "s", []kv.Change{{Key: "k", Value: "value"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Write(ctx, 1, "s", []kv.Change{{Key: strings.Repeat("k", 1000), Value: "value"}}); err == nil {
		t.Error("a key that is too long is taken")
	}
	if e, err := keys.Get(ctx, 1, "s", "k"); err != nil || e.Value != "value" {
		t.Errorf("got %+v, %v", e, err)
	}
	if page, err := keys.List(ctx, 1, "s", kv.ListOptions{}); err != nil || len(page.Keys) != 1 {
		t.Errorf("got %+v, %v", page, err)
	}
	if _, err := keys.Increment(ctx, 1, "s", "n", kv.IncrementOptions{By: 12}); err != nil {
		t.Error(err)
	}
	if _, err := keys.Write(ctx, 1, "s", []kv.Change{{Key: "a", Value: "xyz"}, {Key: "n", Delete: true}}); err != nil {
		t.Error(err)
	}
	if err := keys.UpdateMetadata(ctx, 1, "s", "a", []byte(`1`)); err != nil {
		t.Error(err)
	}
	if all, err := keys.GetMany(ctx, 1, "s", []string{"a", "n"}); err != nil || len(all) != 2 || all[0].Value != "xyz" {
		t.Errorf("got %+v, %v", all, err)
	}
	if done, err := keys.Commit(ctx, 1, ".kv", kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Set, Key: "k", Value: "v12"}}}); err != nil || !done.OK {
		t.Errorf("got %+v, %v", done, err)
	}
	if done, err := keys.Commit(ctx, 1, ".kv", kv.Commit{Checks: []kv.Check{{Key: "k"}}, Mutations: []kv.Mutation{{Kind: kv.Set, Key: "k", Value: "v"}}}); err != nil || done.OK {
		t.Errorf("got %+v, %v", done, err)
	}
	if found, err := keys.ReadRanges(ctx, 1, ".kv", []kv.Range{{Start: "a", End: "z", Limit: 1}}); err != nil || len(found[0]) != 1 {
		t.Errorf("got %+v, %v", found, err)
	}
	w := httptest.NewRecorder()
	telemetry.MetricsHandler(rt.stats).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", &bytes.Buffer{}))
	for _, want := range []string{
		`flora_kv_calls_total{call="write",outcome="ok"} 2`, `flora_kv_calls_total{call="write",outcome="refused"} 1`, `flora_kv_calls_total{call="get",outcome="ok"} 1`,
		`flora_kv_calls_total{call="list",outcome="ok"} 1`, `flora_kv_calls_total{call="increment",outcome="ok"} 1`,
		`flora_kv_calls_total{call="update_metadata",outcome="ok"} 1`, `flora_kv_calls_total{call="get_many",outcome="ok"} 1`,
		`flora_kv_calls_total{call="commit",outcome="ok"} 2`, `flora_kv_calls_total{call="read_ranges",outcome="ok"} 1`,
		`flora_kv_bytes_total{direction="read"} 11`, `flora_kv_bytes_total{direction="written"} 13`, `flora_kv_set_seconds_count 5`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
