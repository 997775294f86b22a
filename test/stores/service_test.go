package stores

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// service is a bot for everybody as operators run it: serve, with a Discord, a
// Postgres and a Redis of its own. bot is the process that runs at the moment.
type service struct {
	*bot
	sim             *rig.Process
	postgres, redis *dbtest.Server
	dir             string
	env             []string
	owner           string // Of the guild, a user's id.
}

// newService starts everything but serve.
func newService(t *testing.T) *service {
	t.Helper()
	s := &service{postgres: dbtest.OwnPostgres(t), redis: dbtest.OwnRedis(t), dir: t.TempDir()}
	sim, err := rig.Start(bin, s.dir, os.Environ(), "discordsim", "--port", "0", "--guilds", "1", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Kill)
	s.sim = sim
	var world struct {
		Application struct{ ID string } `json:"application"`
		Guilds      []struct {
			ID       string
			OwnerID  string `json:"owner_id"`
			Channels []struct {
				ID   string
				Type int
			}
		}
	}
	if err := get(sim.URL+"/sim", &world); err != nil || len(world.Guilds) == 0 {
		t.Fatalf("look at the simulated Discord: %v %+v", err, world)
	}
	g := world.Guilds[0]
	channel := ""
	for _, c := range g.Channels {
		if c.Type == 0 && channel == "" {
			channel = c.ID
		}
	}
	s.env = append(os.Environ(), "HOME="+s.dir,
		"FLORA_DISCORD_API_BASE="+sim.URL+"/api/v10", "DISCORD_TOKEN=simulated", "DISCORD_CLIENT_ID=1", "DISCORD_CLIENT_SECRET=secret",
		"API_SECRET="+strings.Repeat("s", 32), "SECRETS_MASTER_KEY="+strings.Repeat("ab", 32),
		"DATABASE_URL="+s.postgres.URL, "CACHE_URL="+s.redis.URL, "API_ADDRESS=127.0.0.1", "API_PORT=0", "FLORA_DATA_DIR="+filepath.Join(s.dir, "data"),
		"FLORA_DISCORD_GLOBAL_LIMIT=0", "FLORA_RUNTIME_OPS_PER_SECOND=100000", "FLORA_DISCORD_INTENTS=guild_messages,message_content", "RUST_LOG=info")
	store, err := postgres.Open(t.Context(), postgres.Config{URL: s.postgres.URL})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := auth.NewTokens(store, clock.Real, zap.NewNop()).Create(t.Context(), "test", auth.Owner{UserID: g.OwnerID, Username: "owner"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	s.owner = g.OwnerID
	s.bot = &bot{Process: &rig.Process{Guild: g.ID, Channel: channel}, t: t, token: token, sim: sim.URL}
	return s
}

// start starts serve and waits until it is ready.
func (s *service) start(t *testing.T) {
	t.Helper()
	p, err := rig.Start(bin, s.dir, s.env, "serve")
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, p)
}

func (s *service) run(t *testing.T, p *rig.Process) {
	t.Cleanup(p.Kill)
	t.Cleanup(func() {
		if t.Failed() {
			_, log, err := rig.Call("GET", p.URL+"/api/logs/"+s.Guild+"?limit=1000", s.token, nil)
			t.Logf("serve said:\n%s\nthe guild's log (%v): %s", p.Stderr, err, log)
		}
	})
	p.Guild, p.Channel = s.Guild, s.Channel
	s.Process = p
}

func get(url string, into any) error {
	status, answer, err := rig.Call("GET", url, "", nil)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%d %s %w", status, answer, err)
	}
	return json.Unmarshal(answer, into)
}

// probe asks the address and gives status and text.
func probe(t *testing.T, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(text)
}

// TestServeStartsInOrder holds the start up at Postgres: only the probes answer,
// and say so.
func TestServeStartsInOrder(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.postgres.Pause(); err != nil {
		t.Fatal(err)
	}
	host, port := rig.FreeAddress(t)
	started := make(chan error, 1)
	var p *rig.Process
	go func() {
		var err error
		p, err = rig.Start(bin, s.dir, append(s.env, "API_PORT="+port), "serve")
		started <- err
	}()
	base := "http://" + net.JoinHostPort(host, port)
	s.until("the probe to name the step", func() (bool, error) {
		status, text := probe(t, base+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "database"), fmt.Errorf("%d %s", status, text)
	})
	for path, want := range map[string]int{"/livez": 200, "/health": 200, "/api/health": 200, "/api/limits": 503, "/api/deployments": 503, "/metrics": 503} {
		if status, text := probe(t, base+path); status != want {
			t.Errorf("%s while starting: %d %s, want %d", path, status, text, want)
		}
	}
	if err := s.postgres.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.run(t, p)
	if status, text := probe(t, base+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, text)
	}
	at, said := 0, p.Stderr.String()
	for _, step := range []string{"configuration", "database", "cache", "data", "Discord", "SDK and workers", "scripts", "gateway and API"} {
		next := strings.Index(said, `started {"step": "`+step+`"`)
		if next < at {
			t.Errorf("step %q is not in the log after the one before it", step)
		}
		at = max(at, next)
	}
	if n := strings.Count(said, `started {"step"`); n != 8 {
		t.Errorf("%d steps are in the log, want 8", n)
	}
}

// TestServeIsAskedToEndWhileItStarts ends it at a step that waits.
func TestServeIsAskedToEndWhileItStarts(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.postgres.Pause(); err != nil {
		t.Fatal(err)
	}
	host, port := rig.FreeAddress(t)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora-runtime"), "serve") //nolint:gosec // Our own binary.
	var said rig.Tail
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, slices.Concat(s.env, []string{"API_PORT=" + port}), &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.until("the step", func() (bool, error) {
		status, text := probe(t, "http://"+net.JoinHostPort(host, port)+"/readyz")
		return strings.Contains(text, "database"), fmt.Errorf("%d %s", status, text)
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), "asked to end before the start was complete") {
		t.Errorf("%v; it said:\n%s", err, said.String())
	}
}

// TestServeStartsWithoutItsDatabases deploys, and starts again while Postgres and
// Redis are away: it serves what it last ran, and then what the database has.
func TestServeStartsWithoutItsDatabases(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.start(t)
	if status := s.deploy("one "); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	s.answers("one ")
	// Somebody deploys through another runtime, and this one does not hear of it.
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	dir := s.env
	s.env = append(s.env, "FLORA_DATA_DIR="+filepath.Join(s.dir, "elsewhere"))
	s.start(t)
	s.answers("one ")
	if status := s.deploy("two "); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	s.answers("two ")
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.env = dir
	for _, server := range []*dbtest.Server{s.postgres, s.redis} {
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t)
	s.answers("one ")
	if said := s.Stderr.String(); !strings.Contains(said, "the runtime goes on with what it last ran") {
		t.Errorf("the log does not say what runs:\n%s", said)
	}
	if status, retryAfter := s.history(); status != http.StatusServiceUnavailable || retryAfter == "" {
		t.Errorf("a request is answered with %d, Retry-After %q; want 503 and a time", status, retryAfter)
	}
	for _, server := range []*dbtest.Server{s.postgres, s.redis} {
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
	s.until("the runtime to run what the database has", func() (bool, error) {
		text := s.say()
		for range 50 {
			said, err := s.messagesText()
			switch {
			case err != nil:
				return false, err
			case strings.Contains(said, strconv.Quote("two "+text)):
				return true, nil
			case strings.Contains(said, strconv.Quote("one "+text)):
				return false, nil
			}
			time.Sleep(20 * time.Millisecond) // Until polls the same way.
		}
		return false, fmt.Errorf("%q was not answered", text)
	})
	s.until("requests to be answered", func() (bool, error) {
		status, _ := s.history()
		return status == http.StatusOK, fmt.Errorf("the last was answered with %d", status)
	})
	// What it last ran is what the database had.
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	s.answers("two ")
}

// TestServeNeedsWhatItNames starts without settings, and with a password that is
// wrong.
func TestServeNeedsWhatItNames(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bare := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	for _, command := range []string{"serve", "check-config"} {
		_, err := rig.Start(bin, s.dir, bare, command)
		if err == nil {
			t.Fatalf("%s without settings began", command)
		}
		for _, key := range []string{"discord.bot_token", "discord.client_id", "discord.client_secret", "api.secret", "secrets.master_key", "database.url", "cache.url"} {
			if !strings.Contains(err.Error(), key+" is not set") {
				t.Errorf("%s does not name %s: %s", command, key, err)
			}
		}
	}
	// What is wrong and what is missing is told together, each once.
	_, err := rig.Start(bin, s.dir, append(bare, "DATABASE_URL=mysql://x", "API_PORT=x", "FLORA_DISCORD_INTENTS=guilds,nope"), "check-config", "--connect")
	if err == nil {
		t.Fatal("check-config takes what is wrong")
	}
	for text, times := range map[string]int{"api.port is": 1, "database.url": 1, "discord.intents: \"nope\" is no intent": 1, "cache.url is not set": 1, "api.secret is not set": 1} {
		if got := strings.Count(err.Error(), text); got != times {
			t.Errorf("check-config says %q %d times, want %d: %s", text, got, times, err)
		}
	}
	// Its password is wrong: no start, at once.
	wrong := strings.Replace(s.postgres.URL, "flora:", "flora:x", 1)
	if _, err := rig.Start(bin, s.dir, append(s.env, "DATABASE_URL="+wrong), "serve"); err == nil || !strings.Contains(err.Error(), "database.url") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// TestServeNamesAnotherApplication: the token and the client id do not belong
// together.
func TestServeNamesAnotherApplication(t *testing.T) {
	t.Parallel()
	s := newService(t)
	p, err := rig.Start(bin, s.dir, append(s.env, "DISCORD_CLIENT_ID=5"), "serve")
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, p)
	if said := p.Stderr.String(); !strings.Contains(said, "another application than the bot's") || !strings.Contains(said, `"client_id": "5"`) {
		t.Errorf("the log does not say it: %s", said)
	}
}

// TestServeReloads changes the configuration's file while serve runs.
func TestServeReloads(t *testing.T) {
	t.Parallel()
	s := newService(t)
	file := filepath.Join(s.dir, "flora.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[runtime]\nmax_script_bytes = 100000\n")
	p, err := rig.Start(bin, s.dir, s.env, "serve", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, p)
	reload := func(text, says string) {
		t.Helper()
		before := strings.Count(p.Stderr.String(), says)
		write(text)
		if err := p.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.until("the log to say "+says, func() (bool, error) { return strings.Count(p.Stderr.String(), says) > before, nil })
	}
	long := strings.Repeat("x", 50_000)
	if status := s.deploy(long); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	reload("[runtime]\nmax_script_bytes = 20000\n[kv.limits]\nmax_value_bytes = 5\n[logs]\nlines = 50\n", `need a restart {"keys": ["logs.lines"]}`)
	if status := s.deploy(long); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a deploy beyond the new limit is answered with %d", status)
	}
	var limits struct {
		KV struct {
			Value int `json:"value_bytes"`
		} `json:"kv"`
	}
	_, answer, err := rig.Call("GET", p.URL+"/api/limits", s.token, nil)
	if err == nil {
		err = json.Unmarshal(answer, &limits)
	}
	if err != nil || limits.KV.Value != 5 {
		t.Errorf("the API tells of values of %d bytes (%v), want 5: %s", limits.KV.Value, err, answer)
	}
	reload("[runtime]\nmax_script_bytes = \"many\"\n", "the configuration was not reloaded: runtime.max_script_bytes")
	if status := s.deploy("short "); status != http.StatusOK {
		t.Errorf("a deploy after a reload that failed is answered with %d", status)
	}
	if status := s.deploy(long); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a reload that failed changed the limit: %d", status)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if said := p.Stderr.String(); !strings.Contains(said, "stopping") || !strings.Contains(said, "stopped") {
		t.Errorf("the log does not say that it stops: %s", said)
	}
}
