package app

import (
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openEgress makes the client of what scripts fetch.
func (rt *runtime) openEgress() error {
	c := rt.cfg.Egress
	allow, err := config.Ranges(c.Allow)
	if err != nil {
		return fmt.Errorf("egress.allow: %w", err)
	}
	deny, err := config.Ranges(c.Deny)
	if err != nil {
		return fmt.Errorf("egress.deny: %w", err)
	}
	sockets := egress.DefaultSocketLimits()
	sockets.Open, sockets.MessageBytes = c.MaxWebSockets, int64(c.MaxMessageBytes)
	rt.egress = egress.New(egress.Config{
		Policy: egress.NewPolicy(allow, deny),
		Limits: egress.Limits{
			RequestBytes: int64(c.MaxRequestBytes), ResponseBytes: int64(c.MaxResponseBytes), HeldBytes: int64(c.MaxHeldBytes),
			BytesPerMinute: int64(c.BytesPerMinute), BytesAtOnce: int64(c.BytesAtOnce), Concurrency: c.Concurrency, Timeout: time.Duration(c.TimeoutMS) * time.Millisecond,
			Sockets: sockets,
			Idle:    time.Duration(c.IdleTimeoutMS) * time.Millisecond,
		},
		UserAgent: "Flora/" + Version,
		Secrets:   rt.secrets.Current,
		Count:     telemetry.Fetches(rt.stats, egress.Outcomes()),
		Sockets:   telemetry.NewSockets(rt.stats, egress.Outcomes()),
		Moved:     telemetry.FetchBytes(rt.stats),
	})
	telemetry.FetchUsage(rt.stats, func() (requests, connections, held float64) {
		u := rt.egress.Usage()
		return float64(u.Requests), float64(u.Connections), float64(u.HeldBytes)
	})
	rt.life.release("outbound connections", func() error { rt.egress.Close(); return nil })
	return nil
}
