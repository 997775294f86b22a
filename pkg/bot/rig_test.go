package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
)

// patience bounds every wait; a test that reaches it has failed.
const patience = 30 * time.Second

const (
	guildA = snowflake.GuildID(100000000000000001)
	guildB = snowflake.GuildID(100000000000000002)
)

// TestMain makes this binary its own worker and its own bundler.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "bundle":
			os.Exit(bundle.Main(os.Stdin, os.Stdout))
		case "worker":
			os.Exit(workerMain(slices.Contains(os.Args, "--snapshot")))
		}
	}
	os.Exit(m.Run())
}

func workerMain(snapshot bool) int {
	err := worker.Main
	if snapshot {
		err = func(o worker.Options) error { return worker.Snapshot(os.Stdin, os.Stdout, o) }
	}
	if err := err(worker.Options{Sandbox: sandbox.Auto}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// options change the defaults of a world.
type options struct {
	meter   bot.Meter
	launch  supervisor.Launcher // [the worker's loop in this process]
	limits  func(*bot.Limits)
	pool    func(*supervisor.Config)
	store   func(deploy.Store) deploy.Store
	bundler bot.Bundler
	ops     []op.Op // Beside the journal's.
	env     bot.Environment
	respond func(ctx context.Context, guild snowflake.GuildID, id snowflake.InteractionID, token, text string) error
	sync    func(ctx context.Context, guild snowflake.GuildID, commands json.RawMessage) error
	core    func(*bot.Config) // The last word.
}

// world is a core with everything around it that is real but Discord.
type world struct {
	t     *testing.T
	bot   *bot.Bot
	pool  *supervisor.Pool
	store deploy.Store
	hub   *logs.Hub
	crons *cron.Ticker
	clock *clock.Fake
	ops   *journal
	hits  *prometheus.Registry
}

func inProcess(t *testing.T) supervisor.Launcher {
	t.Helper()
	blob := isolatetest.Blob(t)
	return supervisor.InProcess{Serve: func(c *wire.Conn, m *mark.Marks) error { return worker.Serve(c, blob, m) }}
}

func newWorld(t *testing.T, o options) *world {
	t.Helper()
	state, err := embedded.Open(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{
		t: t, store: state, hub: logs.New(logs.Config{Lines: 10_000, Burst: 10_000, Bytes: 64 << 20}),
		clock: clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), ops: newJournal(),
		hits: prometheus.NewRegistry(),
	}
	if o.store != nil {
		w.store = o.store(state)
	}
	if o.launch == nil {
		o.launch = inProcess(t)
	}
	if o.bundler == nil {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		o.bundler = bundle.NewChild(self, bundle.Limits{})
	}
	table, err := op.NewTable(w.ops.table(), o.ops)
	if err != nil {
		t.Fatal(err)
	}
	pool := supervisor.Config{Workers: 1, PerWorker: 16, Turns: 8, Ops: table.Names(), Launch: o.launch, Log: zap.NewNop()}
	if o.pool != nil {
		o.pool(&pool)
	}
	w.pool, err = supervisor.New(pool)
	if err != nil {
		t.Fatal(err)
	}
	w.crons = cron.NewTicker(w.clock, func(f cron.Firing) { w.bot.Fire(f) })
	limits := bot.Limits{
		Script: wire.Limits{
			MemoryBytes: 64 << 20, LogsPerSecond: 100_000, LogBurst: 100_000, TurnMS: 20_000, LoadMS: 20_000, PendingOps: 100, Timers: 100, Crons: 8,
		},
		ScriptBytes: 1 << 20, Dispatch: patience, Cron: 20 * time.Second, Load: 20 * time.Second, Op: patience, InFlight: 64, Queue: 100,
	}
	if o.limits != nil {
		o.limits(&limits)
	}
	cfg := bot.Config{
		Pool: w.pool, Op: table.At, Store: w.store, Logs: w.hub, Crons: w.crons, Bundle: o.bundler, SyncCommands: o.sync,
		Environment: o.env, Respond: o.respond,
		Remember:    func(snowflake.GuildID, snowflake.InteractionID, string, time.Time) {},
		Application: func() snowflake.ApplicationID { return 900000000000000001 },
		Hits:        telemetry.LimitHits(w.hits, limit.All()), Meter: o.meter,
		Limits: limits, Log: zap.NewNop(), Now: w.clock.Now,
	}
	if o.core != nil {
		o.core(&cfg)
	}
	w.bot = bot.New(cfg)
	w.run(w.pool.Run)
	w.run(w.crons.Run)
	t.Cleanup(func() { w.within("the core to close", w.bot.Close) })
	return w
}

// run runs a part until the test ends.
func (w *world) run(body func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := body(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() {
		cancel()
		w.within("a part to stop", func() { <-done })
	})
}

func (w *world) within(what string, f func()) {
	w.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		w.t.Fatalf("waited %s for %s", patience, what)
	}
}

// tryDeploy deploys a script that is a bundle already.
func (w *world) tryDeploy(guild snowflake.GuildID, script string) (deploy.Revision, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.bot.Deploy(ctx, deploy.Request{Guild: guild, Entry: "main.js", Bundle: &script, Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem}})
}

func (w *world) deploy(guild snowflake.GuildID, script string) deploy.Revision {
	w.t.Helper()
	rev, err := w.tryDeploy(guild, script)
	if err != nil {
		w.t.Fatalf("deploy: %v", err)
	}
	return rev
}

// message lets somebody say something in a guild.
func (w *world) message(guild snowflake.GuildID, content string) {
	w.event(guild, "MESSAGE_CREATE", map[string]any{"id": "1", "channel_id": "2", "content": content, "author": map[string]any{"id": "3", "username": "u"}})
}

func (w *world) interaction(guild snowflake.GuildID, name string) {
	w.event(guild, "INTERACTION_CREATE", map[string]any{
		"id": "5", "application_id": "6", "type": 2, "token": "token-" + name, "channel_id": "2",
		"data": map[string]any{"id": "7", "name": name, "type": 1}, "member": map[string]any{"user": map[string]any{"id": "3", "username": "u"}},
	})
}

func (w *world) event(guild snowflake.GuildID, kind string, data map[string]any) {
	w.t.Helper()
	data["guild_id"] = guild.String()
	b, err := json.Marshal(data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.bot.HandleEvent(context.Background(), discord.Event{Type: kind, Guild: guild, Data: b})
}

// lines gives the messages of the guild's log.
func (w *world) lines(guild snowflake.GuildID) []string {
	var out []string
	for _, e := range w.hub.Lines(guild, logs.Query{Limit: 10_000}) {
		out = append(out, e.Message)
	}
	return out
}

// count counts the log lines that contain the text.
func (w *world) count(guild snowflake.GuildID, text string) int {
	n := 0
	for _, l := range w.lines(guild) {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// wait waits until the guild's log has n lines that contain the text.
func (w *world) wait(guild snowflake.GuildID, n int, text string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sub := w.hub.Subscribe(guild, w.hub.LastID(guild))
	defer sub.Close()
	for w.count(guild, text) < n {
		if _, _, err := sub.Next(ctx); err != nil {
			w.t.Fatalf("waited for %d lines with %q; the log is:\n%s", n, text, strings.Join(w.lines(guild), "\n"))
		}
	}
}

// until waits for a condition that nothing announces.
func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %s for %s; the log of A is:\n%s", patience, what, strings.Join(w.lines(guildA), "\n"))
		}
		<-tick.C
	}
}

// tick lets n seconds pass for the cron jobs, and waits until each tick ran.
func (w *world) tick(n int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range n {
		if err := w.clock.WaitPending(ctx, 1); err != nil {
			w.t.Fatal(err)
		}
		w.clock.Advance(time.Second)
	}
	if err := w.clock.WaitPending(ctx, 1); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) job(guild snowflake.GuildID, name string) cron.JobStatus {
	for _, j := range w.crons.Jobs(guild) {
		if j.Name == name {
			return j
		}
	}
	return cron.JobStatus{}
}

var errInside = errors.New("a secret of the inside")
