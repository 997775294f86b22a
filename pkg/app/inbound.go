package app

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openInbound makes the endpoints of scripts.
func (rt *runtime) openInbound() error {
	base, err := rt.endpoints()
	if err != nil {
		return fmt.Errorf("inbound.url: %w", err)
	}
	c := rt.cfg.Inbound
	rt.inbound, err = inbound.New(inbound.Config{
		Base: base, Scripts: receivers{rt}, Open: rt.endpointOpen, Reserved: rt.reserved,
		Limits: inbound.Limits{
			RequestBytes: int64(c.MaxRequestBytes), ResponseBytes: int64(c.MaxResponseBytes),
			Guild:   inbound.Rate{PerSecond: float64(c.RequestsPerSecond), Burst: float64(c.RequestsBurst), AtOnce: c.Concurrency},
			Address: inbound.Rate{PerSecond: float64(c.AddressPerSecond), Burst: float64(c.AddressBurst), AtOnce: c.AddressConcurrency},
			Start:   time.Duration(c.StartTimeoutSecs) * time.Second,
			Answer:  time.Duration(rt.cfg.Runtime.DispatchTimeoutSecs) * time.Second,
			Stream:  time.Duration(c.MaxStreamSecs) * time.Second,
		},
		Refused:  func(guild snowflake.GuildID, name limit.Name, text string) { rt.bot.Hit(guild, name, text) },
		Complain: func(guild snowflake.GuildID, text string) { rt.logs.Append(guild, "error", logs.TargetRuntime, text) },
		Count:    telemetry.Inbound(rt.stats, inbound.Outcomes()),
	})
	return err
}

// endpoints is where scripts are reached from outside: what is configured, or
// where the API is.
func (rt *runtime) endpoints() (inbound.Base, error) {
	site := rt.url
	if u, err := url.Parse(rt.cfg.Discord.RedirectURI); err == nil && rt.opts.patient {
		site = u.Scheme + "://" + u.Host // As the API's own pages.
	}
	if rt.cfg.Inbound.URL == "" {
		return inbound.ParseBase(site, false)
	}
	own, err := url.Parse(site)
	if err != nil {
		return inbound.Base{}, err
	}
	there, err := url.Parse(strings.Replace(rt.cfg.Inbound.URL, "{guild}", "0", 1))
	if err != nil {
		return inbound.Base{}, err
	}
	return inbound.ParseBase(rt.cfg.Inbound.URL, !strings.EqualFold(own.Hostname(), there.Hostname()))
}

// endpointOpen says whether the guild's admins have opened its endpoint. Of a
// guild without a script nothing is looked up: strangers name any.
func (rt *runtime) endpointOpen(ctx context.Context, guild snowflake.GuildID) (bool, error) {
	if !rt.bot.Has(guild) {
		return false, nil
	}
	return rt.settings.InboundEndpoint(ctx, guild)
}

// serves is told of scripts that may handle what they did not before.
func (rt *runtime) serves(guild snowflake.GuildID) {
	rt.queue.Wake(guild)
	if !rt.bot.Handles(guild, catalog.Request) || rt.settings.KnownEndpoint(guild) {
		return
	}
	if _, told := rt.unopened.LoadOrStore(guild, true); !told {
		rt.logs.Append(guild, "info", logs.TargetRuntime, "the endpoint of Deno.serve is not open: nobody reaches it before `flora settings set inbound_endpoint on`")
	}
}

// reserved recognises what is sent to the API by mistake of address: its tokens,
// and the operator's secret.
func (rt *runtime) reserved(bearer string) bool {
	if strings.HasPrefix(bearer, auth.Prefix) {
		return true
	}
	_, err := rt.callers.operators.Operator(context.Background(), bearer)
	return err == nil
}

// receivers is inbound.Scripts.
type receivers struct{ *runtime }

func (r receivers) Deliver(guild snowflake.GuildID, d inbound.Delivery) error {
	return r.bot.Request(guild, &bot.Request{Payload: d.Payload, Void: d.Void, Begun: d.Begun, Over: d.Over})
}

func (r receivers) Abandon(guild snowflake.GuildID, id string) { r.bot.Abandon(guild, id) }
