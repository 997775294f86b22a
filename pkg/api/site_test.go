package api_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/identity"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

const (
	siteHost   = "flora.test"
	siteURL    = "http://" + siteHost
	operatorIs = "the operator's secret, which is long enough"
)

// site is an API, in several replicas, that people log in to with a simulated
// Discord.
type site struct {
	*env // The first replica.

	sim      *discordsim.Sim
	simURL   string
	clock    *clock.Fake
	replicas []*env
	users    map[string]string
	guilds   []snowflake.GuildID
	state    *guildState
}

// guildState is what the gateway knows.
type guildState struct {
	mu  sync.Mutex // Guards ids.
	ids []snowflake.GuildID
}

func (g *guildState) Has(id snowflake.GuildID) bool { return slices.Contains(g.Guilds(), id) }

func (g *guildState) Guilds() []snowflake.GuildID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ids)
}

func (g *guildState) leave(id snowflake.GuildID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids = slices.DeleteFunc(g.ids, func(v snowflake.GuildID) bool { return v == id })
}

// siteConfig changes what a site is made of.
type siteConfig struct {
	replicas int
	guilds   int
	within   time.Duration // For an answer of Discord; 8 s when zero.
	cache    func(t *testing.T, c clock.Clock) cache.Store
	redis    bool // cache is inRedis.
	api      func(*api.Config)
}

// inMemory and inRedis are the caches that a site may have.
func inMemory(_ *testing.T, c clock.Clock) cache.Store { return cache.NewMemory(c) }

func inRedis(t *testing.T, _ clock.Clock) cache.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), redis.Config{URL: dbtest.Redis(t), Prefix: dbtest.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// bothCaches runs a test with each of them.
func bothCaches(t *testing.T, test func(t *testing.T, cfg siteConfig)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T, clock.Clock) cache.Store{"memory": inMemory, "redis": inRedis} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, siteConfig{cache: open, redis: name == "redis"})
		})
	}
}

func newSite(t *testing.T, cfg siteConfig) *site {
	t.Helper()
	if cfg.cache == nil {
		cfg.cache = inMemory
	}
	s := &site{clock: clock.NewFake(time.Now()), users: map[string]string{}, state: &guildState{}}
	s.discord(t, cfg)
	store := cfg.cache(t, s.clock)
	for range max(cfg.replicas, 1) {
		s.replicas = append(s.replicas, s.replica(t, cfg, store))
	}
	s.env = s.replicas[0]
	return s
}

// discord begins the simulated Discord.
func (s *site) discord(t *testing.T, cfg siteConfig) {
	t.Helper()
	sc := discordsim.Config{
		Guilds: max(cfg.guilds, 2), NoRateLimits: true, Token: "bot", ClientSecret: "application", RedirectURIs: []string{siteURL + "/api/auth/callback"},
	}
	contract.Watch(t, &sc)
	var err error
	if s.sim, err = discordsim.New(sc); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.sim.Handler())
	s.simURL = server.URL
	s.sim.SetBaseURL(server.URL)
	t.Cleanup(func() {
		if err := s.sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	var world struct {
		Guilds []struct {
			ID snowflake.GuildID
		}
		Users []struct{ ID, Username string }
	}
	if err := json.Unmarshal([]byte(s.control(t, "GET", "", "")), &world); err != nil {
		t.Fatal(err)
	}
	for _, g := range world.Guilds {
		s.guilds = append(s.guilds, g.ID)
	}
	s.state.ids = slices.Clone(s.guilds)
	for _, u := range world.Users {
		s.users[u.Username] = u.ID
	}
}

// simClient is not the standard client: the end of any test's server drops
// the idle connections of that, which another test may be about to use.
var simClient = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()} //nolint:forcetypeassert // It is one.

// control acts on the simulated Discord.
func (s *site) control(t *testing.T, method, path, body string) string {
	t.Helper()
	return s.ask(t, method, "/sim"+path, body)
}

// ask sends the simulated Discord a request, as the bot.
func (s *site) ask(t *testing.T, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.simURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot bot")
	req.Header.Set("Content-Type", "application/json")
	res, err := simClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It is only read.
	out := text(t, res)
	if res.StatusCode > 299 {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, out)
	}
	return out
}

// fail lets the next requests of a route fail.
func (s *site) fail(t *testing.T, f discordsim.RequestFault) {
	t.Helper()
	if err := s.sim.FailRequests(f); err != nil {
		t.Fatal(err)
	}
}

func (s *site) replica(t *testing.T, cfg siteConfig, store cache.Store) *env {
	t.Helper()
	oauth, err := identity.NewOAuth(identity.Config{
		Base: s.simURL + "/api/v10", ClientID: s.sim.ApplicationID().String(), ClientSecret: "application",
		RedirectURI: siteURL + "/api/auth/callback", Timeout: cfg.within,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(oauth.Close)
	rest, err := discord.NewREST(discord.RESTConfig{Base: s.simURL + "/api/v10", Token: "bot", GlobalLimit: -1, Timeout: cfg.within})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rest.Close)
	sessions, err := auth.NewSessions(auth.SessionConfig{
		Secret: "a secret of the tests, which is long enough", Life: 30 * 24 * time.Hour, Cache: store, Provider: oauth, Clock: s.clock, Log: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	admins := auth.NewAdministrators(&identity.Bot{REST: rest, State: s.state}, sessions, s.clock)
	return newEnv(t, func(c *api.Config) {
		c.Sessions, c.Authorizer, c.Users, c.Operators = sessions, admins, admins, auth.OperatorSecret(operatorIs)
		c.Site = api.Site{URL: siteURL + "/api/auth/callback"}
		c.Limits.Strangers = api.Rate{PerSecond: 1000, Burst: 1000}
		if cfg.api != nil {
			cfg.api(c)
		}
	})
}

// browser is somebody's browser, for which flora.test is a replica.
type browser struct {
	t    *testing.T
	site *site
	http *http.Client
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, site: s, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	b.use(0)
	return b
}

// use makes a replica the one that flora.test leads to.
func (b *browser) use(replica int) {
	to := b.site.replicas[replica].server.Listener.Addr().String()
	b.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, siteHost+":") {
				address = to
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		DisableKeepAlives: true,
	}
}

// do makes a request, as a page of the site itself would.
func (b *browser) do(method, address, body string, header ...string) (*http.Response, string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = siteURL + address
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != "GET" {
		req.Header.Set("Origin", siteURL)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It is only read.
	return res, text(b.t, res)
}

// want makes a request whose answer must have the status and hold the texts.
func (b *browser) want(status int, method, address, body string, texts ...string) string {
	b.t.Helper()
	res, got := b.do(method, address, body)
	if res.StatusCode != status {
		b.t.Fatalf("%s %s: status %d, want %d: %s", method, address, res.StatusCode, status, got)
	}
	for _, w := range texts {
		if !strings.Contains(got, w) {
			b.t.Errorf("%s %s: %q is not in the answer: %s", method, address, w, got)
		}
	}
	return got
}

// follow makes a GET that must lead on, and gives where.
func (b *browser) follow(address string) *url.URL {
	b.t.Helper()
	res, got := b.do("GET", address, "")
	to, err := res.Location()
	if res.StatusCode != http.StatusFound || err != nil {
		b.t.Fatalf("%s: status %d, %v: %s", address, res.StatusCode, err, got)
	}
	return to
}

// allow begins a login and gives the address of the callback with Discord's
// answer, as the user lets it.
func (b *browser) allow(user, next string) string {
	b.t.Helper()
	to := b.follow("/api/auth/login?" + url.Values{"next": {next}}.Encode())
	return b.follow(to.String() + "&sim_user=" + user).String()
}

// login logs the user in.
func (b *browser) login(user string) *browser {
	b.t.Helper()
	if to := b.follow(b.allow(user, "/a?b=c")); to.String() != siteURL+"/a?b=c" {
		b.t.Fatalf("the login ends at %s", to)
	}
	return b
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(siteURL)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// asked counts the requests to Discord's route since a number.
func (s *site) asked(since int64, route string) (n int) {
	for _, r := range s.sim.Requests(since) {
		if r.Route == route {
			n++
		}
	}
	return n
}

func (s *site) seq() int64 {
	list := s.sim.Requests(0)
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].Seq
}
