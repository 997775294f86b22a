package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/test/fetchrig"
)

const (
	smallFetches = 200      // Of one sample.
	streamBytes  = 64 << 20 // Of one sample.
)

// fetchBot fetches, and streams through.
const fetchBot = `
on("small", async () => { for (let i = 0; i < 200; i++) await (await fetch("http://bench.example/small")).text(); });
on("down", async () => { for await (const chunk of (await fetch("http://bench.example/big")).body); });
on("up", async () => {
  let left = 64 << 20; const chunk = new Uint8Array(128 << 10);
  const body = new ReadableStream({ type: "bytes", pull(c) { if (left === 0) return c.close(); left -= chunk.length; c.enqueue(chunk.slice()); } });
  await fetch("http://bench.example/up", { method: "POST", body, duplex: "half" });
});
`

type fetchServer struct{}

// ServeHTTP implements http.Handler.
func (fetchServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/small":
		_, _ = io.WriteString(w, `{"hello":"world"}`)
	case "/big":
		block := make([]byte, 64<<10)
		for left := streamBytes; left > 0; left -= len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	default:
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// fetch measures requests of a script beside those of a plain client of Go's,
// to one server on loopback.
func (b *bench) fetch(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: fetchServer{}, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		_ = server.Close()
		<-served //nolint:errcheck // It says that it was closed.
	}()
	web := egresstest.New()
	web.Name("bench.example", "93.184.216.34")
	web.Carry("93.184.216.34:80", l.Addr().String())
	limits := egress.DefaultLimits()
	limits.BytesAtOnce, limits.BytesPerMinute = 1<<40, 1<<40
	r, err := fetchrig.Start(b.runtime, fetchBot, egress.Config{Limits: limits, Resolver: web, Dial: web.Dial})
	if err != nil {
		return err
	}
	plain := plainClient{at: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	defer plain.client.CloseIdleConnections()
	for _, row := range []struct {
		event, name, unit string
		plain             func(context.Context) error
		value             func(time.Duration) float64
		higher            bool
	}{
		{"small", "fetch of 17 bytes, one after another", "us", plain.small, func(d time.Duration) float64 { return float64(d.Microseconds()) / smallFetches }, false},
		{"down", "response of 64 MiB as a stream", "MiB/s", plain.down, func(d time.Duration) float64 { return streamBytes / (1 << 20) / d.Seconds() }, true},
		{"up", "request of 64 MiB as a stream", "MiB/s", plain.up, func(d time.Duration) float64 { return streamBytes / (1 << 20) / d.Seconds() }, true},
	} {
		var ours, theirs []float64
		for i := range b.plan.loopSamples + 1 {
			our, err1 := timed(func() error { return r.Dispatch(ctx, row.event) })
			their, err2 := timed(func() error { return row.plain(ctx) })
			if err := errors.Join(err1, err2); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", row.name, err), r.Close())
			}
			if i > 0 { // The first is to warm up.
				ours, theirs = append(ours, row.value(our)), append(theirs, row.value(their))
			}
		}
		b.report.Add(report.Row{
			Group: "fetch", Name: row.name, Unit: row.unit, Higher: row.higher, Note: jitNote(false),
			Value: stats.Of(ours), Baseline: "net/http client", Base: stats.Of(theirs),
		})
	}
	return r.Close()
}

func timed(f func() error) (time.Duration, error) {
	begun := time.Now()
	err := f()
	return time.Since(begun), err
}

// plainClient does without Flora what the script does.
type plainClient struct {
	at     string
	client *http.Client
}

func (p plainClient) do(ctx context.Context, method, path string, body io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, method, p.at+path, body)
	if err != nil {
		return err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

func (p plainClient) small(ctx context.Context) error {
	for range smallFetches {
		if err := p.do(ctx, http.MethodGet, "/small", nil); err != nil {
			return err
		}
	}
	return nil
}

func (p plainClient) down(ctx context.Context) error { return p.do(ctx, http.MethodGet, "/big", nil) }

func (p plainClient) up(ctx context.Context) error {
	return p.do(ctx, http.MethodPost, "/up", io.LimitReader(zeros{}, streamBytes))
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
