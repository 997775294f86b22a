package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// access says who may use a route.
type access int

const (
	public access = iota + 1
	identity
	// guildAdmin is for administrators of the guild in the path.
	guildAdmin
	// guildInside is guildAdmin where the guild stands in the query or body; the
	// handler reads it by call.admin.
	guildInside
	// operator is for who runs the bot.
	operator
)

// route is one endpoint.
type route struct {
	method, path string
	access       access
	handle       func(*call) error
	body         int64         // Most bytes of its JSON or form; 0 reads none.
	timeout      time.Duration // 0 is the standard one.
	stream       bool          // Has no timeout.
	writes       bool          // Refused to read-only tokens.
	deploys      bool          // Counts as a deploy of the guild.
	piecewise    bool          // Its body is not held in memory as a whole.
	unlimited    bool          // Outside the rate limits: probes.
	inQuery      bool          // Its guild is guild_id in the query.
}

// Paths that more than one route has.
const (
	metricsPath    = "/metrics"
	deploymentPath = "/api/deployments/:guild"
	storePath      = "/api/kv/:guild/:store"
	keyPath        = "/api/kv/:guild/:store/:key"
	variablePath   = "/api/vars/:guild/:name"
)

// routes is the table; docs/api.md describes every row.
func (a *API) routes() []route {
	list := slices.Concat(a.callerRoutes(), a.deploymentRoutes(), a.buildRoutes(), a.guildRoutes(), a.logRoutes(), a.kvRoutes(), a.probeRoutes(), a.docsRoutes())
	for i := range list {
		if list[i].timeout == 0 && !list[i].stream {
			list[i].timeout = a.cfg.Limits.RequestTime
		}
	}
	return list
}

func (a *API) callerRoutes() []route {
	l := a.cfg.Limits
	return []route{
		{method: "GET", path: loginPath, access: public, handle: a.login},
		{method: "GET", path: "/api/auth/callback", access: public, handle: a.callback, timeout: l.LoginTime},
		{method: "POST", path: "/api/auth/logout", access: public, handle: a.logout},
		{method: "GET", path: cliPath, access: public, handle: a.cliPage},
		{method: "POST", path: cliPath, access: public, handle: a.cliDecide, body: l.SmallBody},
		{method: "POST", path: "/api/auth/cli/token", access: public, handle: a.cliToken, body: l.SmallBody},
		{method: "GET", path: "/api/auth/me", access: identity, handle: a.me},
		{method: "GET", path: "/api/guilds", access: identity, handle: a.listGuilds},
		{method: "POST", path: "/api/tokens", access: identity, handle: a.createToken, body: l.SmallBody, writes: true},
		{method: "GET", path: "/api/tokens", access: identity, handle: a.listTokens},
		{method: "DELETE", path: "/api/tokens/:token", access: identity, handle: a.deleteToken, writes: true},
		{method: "GET", path: "/api/limits", access: identity, handle: a.getLimits},
		{method: "GET", path: "/api/types", access: identity, handle: a.getTypes},
	}
}

func (a *API) deploymentRoutes() []route {
	l := a.cfg.Limits
	return []route{
		{method: "GET", path: "/api/deployments", access: identity, handle: a.listDeployments},
		{method: "GET", path: deploymentPath, access: guildAdmin, handle: a.getDeployment},
		{method: "POST", path: deploymentPath, access: guildAdmin, handle: a.deploy, body: l.DeployBody, timeout: l.DeployTime, writes: true, deploys: true},
		{method: "DELETE", path: deploymentPath, access: guildAdmin, handle: a.deleteDeployment, timeout: l.DeployTime, writes: true},
		{method: "GET", path: deploymentPath + "/history", access: guildAdmin, handle: a.history},
		{method: "GET", path: deploymentPath + "/revisions/:revision", access: guildAdmin, handle: a.getRevision},
		{method: "POST", path: deploymentPath + "/rollback/:revision", access: guildAdmin, handle: a.rollback, timeout: l.DeployTime, writes: true, deploys: true},
	}
}

func (a *API) guildRoutes() []route {
	l := a.cfg.Limits
	return []route{
		{method: "GET", path: "/api/status/:guild", access: guildAdmin, handle: a.guildStatus},
		{method: "POST", path: "/api/status/:guild/release", access: operator, handle: a.releaseGuild, writes: true},
		{method: "GET", path: "/api/guilds/:guild/settings", access: guildAdmin, handle: a.getSettings},
		{method: "PUT", path: "/api/guilds/:guild/settings", access: guildAdmin, handle: a.putSettings, body: l.SmallBody, writes: true},
		{method: "GET", path: "/api/vars/:guild", access: guildAdmin, handle: a.listVariables},
		{method: "GET", path: variablePath, access: guildAdmin, handle: a.getVariable},
		{method: "PUT", path: variablePath, access: guildAdmin, handle: a.putVariable, body: l.SecretBody, writes: true},
		{method: "DELETE", path: variablePath, access: guildAdmin, handle: a.deleteVariable, writes: true},
		{method: "GET", path: "/api/secrets/:guild", access: guildAdmin, handle: a.listSecrets},
		{method: "PUT", path: "/api/secrets/:guild/:name", access: guildAdmin, handle: a.putSecret, body: l.SecretBody, writes: true},
		{method: "DELETE", path: "/api/secrets/:guild/:name", access: guildAdmin, handle: a.deleteSecret, writes: true},
		{method: "GET", path: "/api/crons/:guild", access: guildAdmin, handle: a.listCrons},
		{method: "POST", path: "/api/crons/:guild/:name/run", access: guildAdmin, handle: a.runCron, writes: true},
		{method: "GET", path: metricsPath, access: operator, handle: a.metrics},
		{method: "GET", path: "/api" + metricsPath, access: operator, handle: a.metrics},
		{method: "GET", path: "/api" + metricsPath + "/json", access: operator, handle: a.summary},
	}
}

func (a *API) logRoutes() []route {
	return []route{
		{method: "GET", path: "/api/logs/:guild", access: guildAdmin, handle: a.getLogs},
		{method: "GET", path: "/api/logs/:guild/stream", access: guildAdmin, handle: a.streamLogs, stream: true},
	}
}

func (a *API) kvRoutes() []route {
	l := a.cfg.Limits
	return []route{
		{method: "POST", path: "/api/kv/stores", access: guildInside, handle: a.createStore, body: l.SmallBody, writes: true},
		{method: "GET", path: "/api/kv/stores", access: guildInside, handle: a.listStores, inQuery: true},
		{method: "DELETE", path: "/api/kv/stores/:guild/:store", access: guildAdmin, handle: a.deleteStore, writes: true},
		{method: "GET", path: storePath, access: guildAdmin, handle: a.listKeys},
		{method: "GET", path: keyPath, access: guildAdmin, handle: a.getValue},
		{method: "PUT", path: keyPath, access: guildAdmin, handle: a.setValue, body: l.ValueBody, writes: true},
		{method: "DELETE", path: keyPath, access: guildAdmin, handle: a.deleteKey, writes: true},
		{method: "POST", path: keyPath + "/increment", access: guildAdmin, handle: a.increment, body: l.SmallBody, writes: true},
		// Reading is for everybody; the handler knows whether it writes.
		{method: "POST", path: storePath + "/batch", access: guildAdmin, handle: a.batch, body: l.ValueBody},
		{method: "POST", path: "/api/kv/export/:guild", access: guildAdmin, handle: a.export, timeout: l.ArchiveTime, writes: true},
		{method: "GET", path: "/api/kv/export/:guild", access: guildAdmin, handle: a.listExports},
		{method: "GET", path: "/api/kv/export/:guild/:export", access: guildAdmin, handle: a.download, stream: true},
		{method: "POST", path: "/api/kv/import/:guild", access: guildAdmin, handle: a.importArchive, body: l.ArchiveBody, piecewise: true, timeout: l.ArchiveTime, writes: true},
	}
}

func (a *API) probeRoutes() []route {
	var list []route
	for _, method := range []string{"GET", "HEAD"} {
		for path, handle := range map[string]func(*call) error{"health": a.health, "livez": a.health, "readyz": a.ready} {
			r := route{method: method, path: "/" + path, access: public, handle: handle, unlimited: true}
			list = append(list, r)
			r.path = "/api/" + path
			list = append(list, r)
		}
	}
	return list
}

// call is one request: what was found out about it before its handler runs.
type call struct {
	echo.Context
	api   *API
	route route
	who   auth.Identity
	guild snowflake.GuildID
	leave []func() // Called at the request's end.
}

// ctx is the request's context with the route's deadline.
func (c *call) ctx() context.Context { return c.Request().Context() }

// serve runs a route's handler once its caller may use it. Nothing of the body
// is read before that.
func (a *API) serve(r route) echo.HandlerFunc {
	return func(ec echo.Context) error {
		// Echo gives a last parameter all that is left of the path.
		if slices.ContainsFunc(ec.ParamValues(), func(v string) bool { return strings.Contains(v, "/") }) {
			return echo.ErrNotFound
		}
		c := &call{Context: ec, api: a, route: r}
		if served, err := c.about(); served || err != nil {
			return err
		}
		if r.timeout > 0 {
			l := a.cfg.Limits
			_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(l.BodyTime + r.timeout + l.AnswerTime))
			ctx, cancel := context.WithTimeout(c.ctx(), r.timeout)
			defer cancel()
			c.SetRequest(c.Request().WithContext(ctx))
		}
		defer c.end()
		if err := a.admit(c); err != nil {
			return err
		}
		if err := c.hold(requestBytes + c.bodyBytes()); err != nil {
			return err
		}
		if _, err := url.ParseQuery(c.Request().URL.RawQuery); err != nil {
			return fault.New(fault.BadRequest, "Bad request: the query string is malformed")
		}
		return r.handle(c)
	}
}

// requestBytes is about what a request needs that has no body.
const requestBytes = 32 << 10

// bodyBytes is how many bytes of body the request may bring into memory.
func (c *call) bodyBytes() int {
	switch length := c.Request().ContentLength; {
	case c.route.piecewise:
		return 0
	case length >= 0 && length < c.route.body:
		return int(length)
	}
	return int(c.route.body)
}

// stranger is what requests without a known caller are counted by.
func (c *call) stranger() string {
	if a, err := netip.ParseAddr(c.RealIP()); err == nil {
		return neighbourhood(a)
	}
	return c.RealIP()
}

// hold counts bytes that the request holds until it ends, or refuses when there
// are too many at once. Others cannot be kept from being slow.
func (c *call) hold(bytes int) error {
	if c.route.unlimited {
		return nil
	}
	caller := callerKey(c.who)
	if c.route.access == public {
		caller = c.stranger()
	}
	leave, err := c.api.memory.enter(caller, int64(bytes))
	if err == nil {
		c.leave = append(c.leave, leave)
	}
	return err
}

func (c *call) end() {
	for _, leave := range c.leave {
		leave()
	}
}

// admit goes through the route's conditions.
func (a *API) admit(c *call) error {
	r := c.route
	if r.access == public {
		if r.unlimited {
			return nil
		}
		return a.strange.take(c.stranger())
	}
	if err := a.authenticate(c); err != nil {
		if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Upstream) {
			return err // It is not the caller who is wrong.
		}
		if limited := a.strange.take(c.stranger()); limited != nil {
			return limited
		}
		return err
	}
	if a.cfg.Version != "" {
		c.Response().Header().Set("X-Flora-Version", a.cfg.Version)
	}
	if err := a.callers.take(callerKey(c.who)); err != nil {
		return err
	}
	if r.writes {
		if err := c.who.MayWrite(); err != nil {
			return err
		}
	}
	switch {
	case r.access == operator && c.Param("guild") != "":
		return c.named(c.Param("guild"))
	case r.access != guildAdmin:
		return nil
	}
	if err := c.admin(c.Param("guild")); err != nil {
		return err
	}
	if r.deploys {
		return a.deploys.take(c.guild.String())
	}
	return nil
}

// param gives a path parameter as the client meant it. Echo matches the
// escaped path when it differs from the plain one, and leaves parameters so.
func (c *call) param(name string) (string, error) {
	v := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return v, nil
	}
	return unescape(v)
}

func (a *API) health(c *call) error { return c.String(http.StatusOK, "ok") }

func (a *API) ready(c *call) error {
	if err := a.cfg.Ready(); err != nil {
		return notReady(err)
	}
	if c.QueryParams().Has("verbose") {
		return c.JSON(http.StatusOK, a.cfg.Details())
	}
	return c.String(http.StatusOK, "ok")
}
