package replicas

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

const (
	// shards is how many the bot has, and perShard how many guilds each.
	shards   = 4
	perShard = 2
	// lease is how long a replica's claim of a shard lasts.
	lease = time.Second
)

// place is a guild, with its channel and a token of its owner.
type place struct{ guild, channel, token string }

// group is one bot: its Discord, its stores, and the replicas that serve it.
type group struct {
	t               *testing.T
	dir             string
	sim             *rig.Process
	postgres, redis *dbtest.Server
	places          []place
	replicas        []*replica // In the order of their names.
	deploys

	started   sync.Mutex // Guards processes.
	processes []*rig.Process
}

func (g *group) track(p *rig.Process) {
	g.started.Lock()
	defer g.started.Unlock()
	g.processes = append(g.processes, p)
}

// replica is one process of a group, which may end and be started again.
type replica struct {
	*rig.Process
	group *group
	name  string
	dir   string
	base  string // The address of its API.
	env   []string
	cache *wire
	up    bool
}

// newGroup starts the stores and the simulated Discord.
func newGroup(t *testing.T) *group {
	t.Helper()
	g := &group{t: t, postgres: dbtest.OwnPostgres(t), redis: dbtest.OwnKeepingRedis(t), dir: t.TempDir()}
	g.acked, g.begun = map[string]int{}, map[string]int{}
	sim, err := rig.Start(bin, g.dir, os.Environ(), "discordsim", "--port", "0", "--guilds", strconv.Itoa(shards*perShard), "--no-rate-limits",
		"--shards", strconv.Itoa(shards), "--max-concurrency", strconv.Itoa(shards), "--identify-every", "5s", "--answer-within", "30s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Kill)
	g.sim = sim
	g.find()
	return g
}

// find looks the guilds up and makes a token for each.
func (g *group) find() {
	g.t.Helper()
	var world struct {
		Guilds []struct {
			ID       string
			OwnerID  string `json:"owner_id"`
			Channels []struct{ ID string }
		}
	}
	if err := get(g.sim.URL+"/sim?limit=100", &world); err != nil {
		g.t.Fatal(err)
	}
	store, err := postgres.Open(g.t.Context(), postgres.Config{URL: g.postgres.URL})
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			g.t.Error(err)
		}
	}()
	tokens := auth.NewTokens(store, clock.Real, zap.NewNop())
	for _, w := range world.Guilds {
		token, _, err := tokens.Create(g.t.Context(), "test", auth.Owner{UserID: w.OwnerID, Username: "owner"})
		if err != nil {
			g.t.Fatal(err)
		}
		g.places = append(g.places, place{w.ID, w.Channels[0].ID, token})
	}
	if len(g.places) != shards*perShard {
		g.t.Fatalf("there are %d guilds, want %d", len(g.places), shards*perShard)
	}
}

// add makes another replica, which is not started.
func (g *group) add() *replica {
	g.t.Helper()
	r := &replica{group: g, name: fmt.Sprintf("replica-%d", len(g.replicas)), dir: filepath.Join(g.dir, fmt.Sprintf("data-%d", len(g.replicas)))}
	host, port := rig.FreeAddress(g.t)
	r.base = "http://" + net.JoinHostPort(host, port)
	var cache string
	r.cache, cache = newWire(g.t, g.redis.URL)
	r.env = append(os.Environ(), "HOME="+g.dir,
		"FLORA_DISCORD_API_BASE="+g.sim.URL+"/api/v10", "DISCORD_TOKEN=simulated", "DISCORD_CLIENT_ID=661720242585600006", "DISCORD_CLIENT_SECRET=secret",
		"API_SECRET="+strings.Repeat("s", 32), "SECRETS_MASTER_KEY="+strings.Repeat("ab", 32),
		"DATABASE_URL="+g.postgres.URL, "CACHE_URL="+cache, "API_ADDRESS=127.0.0.1", "API_PORT="+port, "FLORA_DATA_DIR="+r.dir,
		"FLORA_DISCORD_GLOBAL_LIMIT=0", "FLORA_RUNTIME_OPS_PER_SECOND=100000", "FLORA_DISCORD_INTENTS=guild_messages,message_content",
		"FLORA_KV_LIMITS_WRITES_PER_MINUTE=1000000", "FLORA_KV_LIMITS_COMMITS_PER_MINUTE=1000000", "FLORA_RUNTIME_MAX_WORKERS=1", "RUST_LOG=info",
		"FLORA_KV_ENGINE=postgres", "FLORA_REPLICAS_ENABLED=true", "FLORA_REPLICAS_NAME="+r.name, "FLORA_REPLICAS_URL="+r.base,
		fmt.Sprintf("FLORA_REPLICAS_LEASE_MS=%d", lease.Milliseconds()))
	g.replicas = append(g.replicas, r)
	return r
}

// start starts the replica and waits until it is ready.
func (r *replica) start() {
	r.group.t.Helper()
	if err := r.begin(); err != nil {
		r.group.t.Fatal(err)
	}
}

func (r *replica) begin() error {
	p, err := rig.Start(bin, r.group.dir, r.env, "serve")
	if err != nil {
		return err
	}
	p.Stderr.SetKeep(1 << 20)
	r.Process, r.up = p, true
	r.group.track(p)
	t := r.group.t
	t.Cleanup(p.Kill)
	t.Cleanup(func() {
		if t.Failed() {
			r.keep(p)
		}
	})
	return nil
}

// keep writes what a process said into the test's artifacts (go test -artifacts).
func (r *replica) keep(p *rig.Process) {
	t := r.group.t
	file := filepath.Join(t.ArtifactDir(), fmt.Sprintf("%s-%d.log", r.name, p.Cmd.Process.Pid))
	if err := os.WriteFile(file, []byte(p.Stderr.String()), 0o600); err != nil {
		t.Error(err)
	}
}

// kill ends it at once; what it held is found by the others.
func (r *replica) kill() {
	r.up = false
	r.Kill()
}

// stop asks it to end, and waits until it has.
func (r *replica) stop() {
	r.group.t.Helper()
	r.up = false
	if err := r.Signal(syscall.SIGTERM); err != nil {
		r.group.t.Fatal(err)
	}
	if code := r.Cmd.ProcessState.ExitCode(); code != 0 {
		r.group.t.Errorf("%s ended with %d:\n%s", r.name, code, r.Stderr)
	}
}

// freeze stops its threads; thaw lets them go on.
func (r *replica) freeze() { r.signal(syscall.SIGSTOP) }
func (r *replica) thaw()   { r.signal(syscall.SIGCONT) }

func (r *replica) signal(s syscall.Signal) {
	r.group.t.Helper()
	if err := r.Cmd.Process.Signal(s); err != nil {
		r.group.t.Fatal(err)
	}
}

// lost is how often processes said that they lost a shard, as one may that is kept
// from its processor for long.
func (g *group) lost() (times int) {
	g.started.Lock()
	defer g.started.Unlock()
	for _, p := range g.processes {
		times += strings.Count(p.Stderr.String(), "this replica has lost the shard")
	}
	return times
}

// living are the replicas that run.
func (g *group) living() (out []*replica) {
	for _, r := range g.replicas {
		if r.up {
			out = append(out, r)
		}
	}
	return out
}

// pause lets time pass in which nothing is looked at.
func pause(d time.Duration) { <-time.NewTimer(d).C }

func (g *group) until(what string, holds func() (bool, error)) {
	g.t.Helper()
	if err := rig.Until(what, holds); err != nil {
		g.t.Fatal(err)
	}
}

func get(address string, into any) error {
	status, answer, err := rig.Call("GET", address, "", nil)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%d %.200s %w", status, answer, err)
	}
	return json.Unmarshal(answer, into)
}

// ask reads something of the API, as soon as its limits and the owner of the
// guild allow. What does not exist is left as it is.
func (r *replica) ask(path, token string, into any) error {
	return rig.Until("an answer of "+r.name+" about "+path, func() (bool, error) {
		status, answer, err := rig.Call("GET", r.base+path, token, nil)
		switch {
		case err == nil && status == http.StatusNotFound:
			return true, nil
		case err == nil && status == http.StatusOK:
			err = json.Unmarshal(answer, into)
			return err == nil, err
		case err == nil && status == http.StatusTooManyRequests:
			pause(time.Second)
		}
		return false, fmt.Errorf("%d %.200s %w", status, answer, err)
	})
}

// say lets somebody say something and gives the message's id.
func (g *group) say(p place, text string) (string, error) {
	body, err := json.Marshal(map[string]string{"content": text})
	if err != nil {
		return "", err
	}
	var m struct{ ID string }
	status, answer, err := rig.Call("POST", g.sim.URL+"/sim/guilds/"+p.guild+"/channels/"+p.channel+"/messages", "", body)
	if err == nil {
		err = json.Unmarshal(answer, &m)
	}
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("say %s: %d %.200s %w", text, status, answer, err)
	}
	return m.ID, nil
}

// emptyRedis lets Redis lose all that it has.
func (g *group) emptyRedis() error {
	o, err := rueidis.ParseURL(g.redis.URL)
	if err != nil {
		return err
	}
	o.DisableCache, o.ForceSingleClient = true, true
	c, err := rueidis.NewClient(o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Do(g.t.Context(), c.B().Flushall().Build()).Error()
}
