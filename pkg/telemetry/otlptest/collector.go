// Package otlptest is an OpenTelemetry collector for tests: it takes spans over
// HTTP and decodes them.
package otlptest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is what came of one.
type Span struct {
	Trace, ID, Parent, Name, Failed string
	Attributes                      map[string]string
	Start, End                      uint64 // Unix nanoseconds.
	Notes                           int
}

// Collector takes spans.
type Collector struct {
	URL string

	t     testing.TB
	mu    sync.Mutex // Guards the members below.
	spans []Span
	names []string
}

// New starts one; it ends with the test.
func New(t testing.TB) *Collector {
	c := &Collector{t: t}
	s := httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// Spans gives what has come so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span{}, c.spans...)
}

// Services gives the names of what sent them.
func (c *Collector) Services() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.names...)
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.t.Errorf("the collector got %s %s of %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	var in io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			c.t.Error(err)
			return
		}
		in = z
	}
	b, err := io.ReadAll(in)
	var req collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &req)
	}
	if err != nil {
		c.t.Error(err)
		return
	}
	c.keep(&req)
	answer, err := proto.Marshal(&collector.ExportTraceServiceResponse{})
	if err != nil {
		c.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func (c *Collector) keep(req *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				c.names = append(c.names, a.GetValue().GetStringValue())
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				out := Span{
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()), Name: s.GetName(),
					Failed: s.GetStatus().GetMessage(), Attributes: map[string]string{}, Start: s.GetStartTimeUnixNano(), End: s.GetEndTimeUnixNano(), Notes: len(s.GetEvents()),
				}
				for _, a := range s.GetAttributes() {
					out.Attributes[a.GetKey()] = a.GetValue().GetStringValue()
					if out.Attributes[a.GetKey()] == "" {
						out.Attributes[a.GetKey()] = a.GetValue().String()
					}
				}
				c.spans = append(c.spans, out)
			}
		}
	}
}
