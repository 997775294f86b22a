package telemetry

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// Tracing says where spans go.
type Tracing struct {
	Endpoint string // An OTLP collector's address, as http://127.0.0.1:4318.
	Percent  int    // Of the events, how many are traced.
	Version  string
	// Failed is told of spans that did not reach the collector.
	Failed func(error)
}

const (
	// Spans wait in memory to be sent; beyond so many they are dropped.
	spansWaiting = 8192
	spansAtOnce  = 512
	spansEvery   = 2 * time.Second
	spansTime    = 5 * time.Second // For one request.
)

// OpenTracing makes a tracer that sends to the collector, by HTTP and protobuf.
// close sends what is left, as long as its context lasts.
func OpenTracing(ctx context.Context, t Tracing) (tracer *trace.Tracer, closing func(context.Context) error, err error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(t.Endpoint, "/")+"/v1/traces"), otlptracehttp.WithTimeout(spansTime))
	if err != nil {
		return nil, nil, fmt.Errorf("trace to %s: %w", t.Endpoint, err)
	}
	if t.Failed == nil {
		t.Failed = func(error) {}
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(reporting{exporter, t.Failed}, sdk.WithMaxQueueSize(spansWaiting), sdk.WithMaxExportBatchSize(spansAtOnce), sdk.WithBatchTimeout(spansEvery), sdk.WithExportTimeout(2*spansTime)),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(float64(t.Percent)/100))),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "flora-runtime"), attribute.String("service.version", t.Version))),
	)
	return trace.New(provider), provider.Shutdown, nil
}

// reporting tells of failures, which otherwise only the global handler of
// OpenTelemetry hears.
type reporting struct {
	sdk.SpanExporter
	failed func(error)
}

// ExportSpans implements sdk.SpanExporter.
func (r reporting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		r.failed(err)
	}
	return nil
}
