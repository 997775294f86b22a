package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

const (
	// tracesEnd is how long the last spans may take to the collector.
	tracesEnd = 5 * time.Second
	// tracesSay is how often the log tells of a collector that fails.
	tracesSay = time.Minute
)

// openTelemetry begins to trace and opens the operator's port, if that is wanted.
func (rt *runtime) openTelemetry(ctx context.Context) error {
	t := rt.cfg.Telemetry
	if t.OTLPEndpoint != "" {
		var err error
		var end func(context.Context) error
		rt.tracer, end, err = telemetry.OpenTracing(ctx, telemetry.Tracing{
			Endpoint: t.OTLPEndpoint, Percent: t.TracePercent, Version: Version, Failed: rt.tracesLost(),
		})
		if err != nil {
			return err
		}
		rt.life.release("traces", func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesEnd)
			defer cancel()
			return end(ctx)
		})
	}
	if t.OperatorAddress == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", t.OperatorAddress)
	if err != nil {
		return fmt.Errorf("listen for operators (telemetry.operator_address): %w", err)
	}
	rt.log.Info("metrics, probes and profiles are served to operators", zap.Stringer("address", l.Addr()))
	server := &http.Server{Handler: rt.operatorPort(), ReadHeaderTimeout: headerLimit}
	rt.life.run("operator port", func(ctx context.Context) error { return serve(ctx, l, server) })
	return nil
}

// tracesLost tells the log of spans that did not reach the collector, not too
// often. The exporter calls it from one goroutine.
func (rt *runtime) tracesLost() func(error) {
	var said time.Time
	return func(err error) {
		if time.Since(said) > tracesSay {
			said = time.Now()
			rt.log.Warn("traces do not reach the collector (telemetry.otlp_endpoint)", zap.Error(err))
		}
	}
}

// operatorPort serves what only who is on this machine may see: profiles have
// secrets in them.
func (rt *runtime) operatorPort() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.MetricsHandler(rt.stats))
	mux.Handle("GET /metrics/json", telemetry.SummaryHandler(rt.stats))
	mux.Handle("GET /livez", rt.health.LiveHandler())
	mux.Handle("GET /readyz", rt.health.ReadyHandler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return ownNames(mux)
}

// ownNames refuses requests that a name leads here which is not this machine's:
// a page in a browser on it could make such.
func ownNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this is served under the names of this machine only; use 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// flow measures events and ops of these names.
func flow(rt *runtime, ops []string) *telemetry.Flow {
	return telemetry.NewFlow(rt.stats, telemetry.FlowConfig{Events: append(catalog.AllNames(), bot.OwnEvents()...), Ops: ops, Reasons: bot.DropReasons()})
}

// present is what there is at the moment.
func (rt *runtime) present() telemetry.State {
	var s telemetry.State
	for _, u := range rt.pool.Usage() {
		s.Workers = append(s.Workers, telemetry.Worker{Index: u.Worker, PID: u.PID, Scripts: u.Scripts, Held: u.Held, Turns: u.Turns})
	}
	for _, shard := range rt.gateway.Status() {
		s.Shards = append(s.Shards, telemetry.Shard{ID: shard.ID, Connected: shard.Connected, Latency: shard.Latency})
	}
	s.Guilds = len(rt.gateway.State().Guilds())
	s.Queued, s.InFlight = rt.bot.Waiting()
	return s
}
