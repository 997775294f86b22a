// Package trace follows what an event brings about: a span for its dispatch,
// and below it spans for ops and what they do. It stands between the packages
// that do these things and OpenTelemetry. While nothing is traced, it costs a
// look into the context and allocates nothing.
package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Tracer begins traces. Nil begins none.
type Tracer struct{ provider trace.TracerProvider }

// scope names what made the spans.
const scope = "github.com/flora-runtime/flora-runtime"

// New makes a tracer.
func New(p trace.TracerProvider) *Tracer { return &Tracer{p} }

// Begin begins a trace, if it is one that is recorded.
func (t *Tracer) Begin(name string) Span {
	if t == nil {
		return Span{}
	}
	_, s := t.provider.Tracer(scope).Start(context.Background(), name, trace.WithSpanKind(trace.SpanKindConsumer))
	return recorded(s)
}

// Span is something that takes time. The zero Span is not recorded.
type Span struct{ span trace.Span }

func recorded(s trace.Span) Span {
	if !s.IsRecording() {
		return Span{}
	}
	return Span{s}
}

// Start begins a span below that of the context, if that is recorded.
func Start(ctx context.Context, name string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, s := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, recorded(s)
}

// Recorded reports whether anything of the span is kept.
func (s Span) Recorded() bool { return s.span != nil }

// Context is ctx for what happens below the span.
func (s Span) Context(ctx context.Context) context.Context {
	if s.span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, s.span)
}

// TraceID names the trace, in hexadecimal; "" when it is not recorded.
func (s Span) TraceID() string {
	if s.span == nil {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// Set notes a text.
func (s Span) Set(key, value string) {
	if s.span != nil {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number notes a number.
func (s Span) Number(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// Note says that something happened now.
func (s Span) Note(what string) {
	if s.span != nil {
		s.span.AddEvent(what)
	}
}

// Fail says why it did not go well. The text must be public.
func (s Span) Fail(text string) {
	if s.span != nil {
		s.span.SetStatus(codes.Error, text)
	}
}

// End ends the span.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}
