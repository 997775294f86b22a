package telemetry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/telemetry/otlptest"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

func TestTraces(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	tracer, end, err := OpenTracing(t.Context(), Tracing{Endpoint: c.URL, Percent: 100, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	root := tracer.Begin("dispatch")
	root.Set("flora.guild_id", "42")
	root.Note("begun")
	ctx, child := trace.Start(root.Context(t.Context()), "op_a")
	_, leaf := trace.Start(ctx, "discord")
	leaf.Number("status", 7)
	leaf.Fail("not_found")
	leaf.End()
	child.End()
	root.End()
	if !root.Recorded() || root.TraceID() == "" {
		t.Error("the trace is not recorded")
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
	by := map[string]otlptest.Span{}
	for _, s := range c.Spans() {
		by[s.Name] = s
		if s.Trace != root.TraceID() || s.End < s.Start {
			t.Errorf("span %+v of trace %s", s, root.TraceID())
		}
	}
	d, o, l := by["dispatch"], by["op_a"], by["discord"]
	if len(by) != 3 || d.Parent != "" || o.Parent != d.ID || l.Parent != o.ID || d.Attributes["flora.guild_id"] != "42" || d.Notes != 1 || l.Failed != "not_found" {
		t.Errorf("got %+v", by)
	}
	if names := c.Services(); len(names) == 0 || names[0] != "flora-runtime" {
		t.Errorf("services %v", names)
	}
}

func TestNothingIsTraced(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	tracer, end, err := OpenTracing(t.Context(), Tracing{Endpoint: c.URL, Percent: 0})
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []*trace.Tracer{nil, tracer} {
		root := tr.Begin("dispatch")
		root.Set("a", "b")
		root.Number("a", 1)
		root.Note("a")
		root.Fail("a")
		ctx, child := trace.Start(root.Context(t.Context()), "op")
		if root.Recorded() || child.Recorded() || root.TraceID() != "" || ctx != t.Context() {
			t.Error("a trace is recorded")
		}
		child.End()
		root.End()
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.Spans()) != 0 {
		t.Errorf("got %v", c.Spans())
	}
}

// TestCollectorThatDoesNotAnswer bounds the end.
func TestCollectorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	tracer, end, err := OpenTracing(t.Context(), Tracing{Endpoint: s.URL, Percent: 100})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * spansWaiting { // More than may wait; none blocks.
		tracer.Begin("dispatch").End()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := end(ctx); err == nil {
		t.Error("the end says that all went well")
	}
}

func TestCollectorThatRefuses(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	var lost atomic.Int64
	tracer, end, err := OpenTracing(t.Context(), Tracing{Endpoint: s.URL, Percent: 100, Failed: func(error) { lost.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	tracer.Begin("dispatch").End()
	_ = end(t.Context())
	if lost.Load() != 1 {
		t.Errorf("of one request that was refused, %d were told", lost.Load())
	}
}

func TestTracingOffAllocatesNothing(t *testing.T) {
	ctx := context.WithValue(t.Context(), http.ServerContextKey, 1)
	var tracer *trace.Tracer
	if n := testing.AllocsPerRun(1000, func() {
		root := tracer.Begin("dispatch")
		root.Note("handed to the script")
		ctx, span := trace.Start(root.Context(ctx), "op")
		_, inner := trace.Start(ctx, "discord")
		inner.End()
		span.End()
		root.End()
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func BenchmarkTracingOff(b *testing.B) {
	ctx := context.WithValue(b.Context(), http.ServerContextKey, 1)
	var tracer *trace.Tracer
	b.ReportAllocs()
	for b.Loop() {
		root := tracer.Begin("dispatch")
		root.Note("handed to the script")
		ctx, span := trace.Start(root.Context(ctx), "op")
		_, inner := trace.Start(ctx, "discord")
		inner.End()
		span.End()
		root.End()
	}
}
