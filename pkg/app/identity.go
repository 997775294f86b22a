package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/discord/identity"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// operator is the user that dev's own API token belongs to.
const operator = "operator"

// callers is what the API knows of who calls it.
type callers struct {
	sessions  *auth.Sessions // nil when logins are not configured.
	admins    *auth.Administrators
	bot       *identity.Bot
	operators auth.OperatorSecret
	site      api.Site
}

// knowing is an Authorizer that refuses nobody before the bot knows which guilds
// it is in: "not there" would be made up.
type knowing struct {
	auth.Authorizer
	known <-chan struct{}
}

func (k knowing) ready() error {
	select {
	case <-k.known:
		return nil
	default:
		f := fault.New(fault.Unavailable, "the bot is finding out which servers it is in; try again in a moment")
		f.RetryAfter = time.Second
		return f
	}
}

func (k knowing) GuildAdmin(ctx context.Context, who auth.Identity, guild snowflake.GuildID) error {
	if err := k.ready(); err != nil {
		return err
	}
	return k.Authorizer.GuildAdmin(ctx, who, guild)
}

func (k knowing) Guilds(ctx context.Context, who auth.Identity) ([]auth.Membership, error) {
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.Authorizer.Guilds(ctx, who)
}

func (k knowing) Administered(ctx context.Context, who auth.Identity, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.Authorizer.Administered(ctx, who, among)
}

// proxies are those that may say for whom they ask.
func proxies(cfg config.Config) ([]netip.Prefix, error) {
	list, err := config.Ranges(cfg.API.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("api.trusted_proxies: %w", err)
	}
	return list, nil
}

// openIdentity makes what the API knows callers by. It needs the cache, and
// Discord's client and gateway.
func (rt *runtime) openIdentity(context.Context) error {
	d, a := rt.cfg.Discord, rt.cfg.API
	if rt.sim != nil && d.ClientID == "" {
		// The simulated Discord takes any secret, and sends people back to any
		// port of this machine.
		d.ClientID, d.ClientSecret = rt.sim.ApplicationID().String(), rand.Text()
		d.APIBase, d.RedirectURI = rt.rest.Base(), rt.url+"/api/auth/callback"
	}
	rt.callers = callers{
		bot: &identity.Bot{REST: rt.rest, State: rt.gateway.State(), Others: rt.presence()}, operators: auth.OperatorSecret(a.OperatorSecret),
		site: api.Site{Secure: secure(a.CookieSecure, d.RedirectURI), Proxies: rt.proxies},
	}
	if d.ClientID != "" && d.ClientSecret != "" {
		if err := rt.openSessions(d); err != nil {
			return err
		}
	}
	rt.callers.admins = auth.NewAdministrators(rt.callers.bot, rt.callers.sessions, clock.Real)
	return nil
}

func (rt *runtime) openSessions(d config.Discord) error {
	secret := rt.cfg.API.Secret
	if secret == "" {
		// Then sessions end with this process.
		secret = rand.Text() + rand.Text()
	}
	oauth, err := identity.NewOAuth(identity.Config{
		Base: d.APIBase, ClientID: d.ClientID, ClientSecret: d.ClientSecret, RedirectURI: d.RedirectURI, Log: rt.log.Named("login"),
	})
	if err != nil {
		return err
	}
	rt.life.release("logins", func() error { oauth.Close(); return nil })
	rt.callers.site.URL = d.RedirectURI
	rt.callers.sessions, err = auth.NewSessions(auth.SessionConfig{
		Secret: secret, Life: time.Duration(rt.cfg.API.CookieTTLSecs) * time.Second,
		Cache: rt.cache, Provider: oauth, Log: rt.log.Named("login"),
	})
	return err
}

// secure says whether browsers come by https only.
func secure(setting, redirect string) bool {
	if setting != "auto" {
		return setting == "true"
	}
	u, err := url.Parse(redirect)
	return err == nil && strings.EqualFold(u.Scheme, "https")
}

// knowCallers puts into the API's configuration how it knows its callers.
func (rt *runtime) knowCallers(cfg *api.Config) {
	c := rt.callers
	cfg.Tokens, cfg.Sessions, cfg.Site, cfg.Users = rt.tokens, c.sessions, c.site, c.admins
	cfg.Authorizer, cfg.Operators = c.admins, c.operators
}

// knowOperator is knowCallers where the process belongs to one operator, who
// has an API token for everything: dev.
func (rt *runtime) knowOperator(cfg *api.Config) {
	rt.knowCallers(cfg)
	single := auth.SingleOperator{Bot: rt.callers.bot, UserID: operator, Others: rt.callers.admins}
	cfg.Authorizer = single
	cfg.Operators = auth.OperatorToken{Tokens: rt.tokens, Single: single, Secret: rt.callers.operators}
	// Nobody has to be protected from them.
	cfg.Limits.Requests, cfg.Limits.Deploys = api.Rate{PerSecond: 10_000, Burst: 10_000}, api.Rate{PerSecond: 50, Burst: 100}
	cfg.Limits.Strangers = api.Rate{PerSecond: 100, Burst: 1000}
}
