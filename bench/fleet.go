package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

// fleetBot has what bots have: a command, a slash command and a cron job.
const fleetBot = pongBot + `
createBot({ slashCommands: [slash({ name: "hello", description: "Says hello", run: (ctx) => ctx.reply("hello") })] });
cron("yearly", "0 0 1 1 *", () => {});
`

const (
	// fleetWorkers and guildsPerWorker bound how many scripts are loaded.
	fleetWorkers = 2
	// wakeRate is how many messages a second wake scripts: few enough that they
	// do not wait for each other.
	wakeRate = 20
)

// fleet measures many deployed guilds, of which few are loaded at a time: the
// memory of control for each, and how long one takes that has to be loaded first.
func (b *bench) fleet(ctx context.Context) error {
	known, err := b.declared(ctx)
	if err != nil {
		return fmt.Errorf("a guild by itself: %w", err)
	}
	for _, n := range b.plan.fleets {
		b.logf("  %d guilds", n)
		if err := b.fleetOf(ctx, n, known); err != nil {
			return fmt.Errorf("%d guilds: %w", n, err)
		}
	}
	return nil
}

// memoriesFile is where a runtime keeps what scripts declared.
const memoriesFile = "scripts.jsonl"

// declared is what that file has of a guild with the bot, after the line that says
// which version it is of.
func (b *bench) declared(ctx context.Context) (lines [][]byte, err error) {
	f, err := b.startFlora(ctx, nil, "--no-rate-limits")
	if err != nil {
		return nil, err
	}
	defer f.stop()
	sim, err := look(ctx, f.url)
	if err != nil {
		return nil, err
	}
	if err := f.deploy(ctx, sim.guilds[:1], "main.js", fleetBot); err != nil {
		return nil, err
	}
	f.stop()
	file, err := os.ReadFile(filepath.Join(f.data, memoriesFile)) //nolint:gosec // The runtime's own.
	if err != nil {
		return nil, fmt.Errorf("read what the runtime keeps of scripts: %w", err)
	}
	lines = bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	if len(lines) < 2 {
		return nil, errors.New("the runtime kept nothing of a script")
	}
	return [][]byte{lines[0], lines[len(lines)-1]}, nil
}

// seed makes a data folder in which the guilds have deployments, as runtimes leave
// it that had each of them loaded once.
func (b *bench) seed(ctx context.Context, guilds []simGuild, known [][]byte) (dir string, err error) {
	if dir, err = fleetFolder(b.tmp); err != nil {
		return "", fmt.Errorf("make a data folder: %w", err)
	}
	var line map[string]any
	if err := json.Unmarshal(known[1], &line); err != nil {
		return dir, fmt.Errorf("read what the runtime keeps of a script: %w", err)
	}
	store, err := embedded.Open(embedded.Config{Dir: filepath.Join(dir, "state")})
	if err != nil {
		return dir, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	file, err := os.Create(filepath.Join(dir, memoriesFile)) //nolint:gosec // Our own folder.
	if err != nil {
		return dir, fmt.Errorf("write what a runtime keeps of scripts: %w", err)
	}
	w := bufio.NewWriter(file)
	_, _ = fmt.Fprintf(w, "%s\n", known[0]) // Flush tells.
	for _, g := range guilds {
		id, err := snowflake.ParseGuild(g.ID)
		if err != nil {
			return dir, fmt.Errorf("read a guild's id: %w", err)
		}
		rev := deploy.Revision{
			ID: uuid.NewString(), Guild: id, Entry: "main.js", Source: "bench", Actor: deploy.Actor{Type: deploy.ActorSystem},
			Bundle: fleetBot, Status: deploy.Success, DeployedAt: time.Now().UTC(),
		}
		if err := store.PutRevision(ctx, rev); err != nil {
			return dir, err
		}
		line["guild"], line["revision"] = g.ID, rev.ID
		text, err := encode(line)
		if err != nil {
			return dir, err
		}
		_, _ = fmt.Fprintf(w, "%s\n", text)
	}
	return dir, errors.Join(w.Flush(), file.Close())
}

// memoryFolder is where Linux has files in memory: a deployment is synced, which
// takes a disk minutes for very many, and is not what is measured.
const memoryFolder = "/dev/shm"

// fleetFolder makes a folder there, if it can be, else among the others.
func fleetFolder(tmp string) (string, error) {
	if dir, err := os.MkdirTemp(memoryFolder, "flora-bench"); err == nil {
		return dir, nil
	}
	return os.MkdirTemp(tmp, "fleet")
}

// fleetSimulator is a simulator of so many guilds, all of which it lists.
func (b *bench) fleetSimulator(ctx context.Context, n int) (*simulator, error) {
	sim, err := b.startSimulator(ctx, n)
	if err != nil {
		return nil, err
	}
	if sim.guilds, err = sim.all(ctx); err != nil {
		sim.stop()
		return nil, err
	}
	return sim, nil
}

func fleetEnvironment(sim *simulator) []string {
	return []string{
		"DISCORD_TOKEN=a.b.c", "FLORA_DISCORD_API_BASE=" + sim.url + "/api/v10", "FLORA_DISCORD_GLOBAL_LIMIT=0",
		"FLORA_DISCORD_INTENTS=guild_messages,guild_message_reactions", "FLORA_RUNTIME_MAX_WORKERS=" + strconv.Itoa(fleetWorkers), unhurried,
	}
}

func (b *bench) fleetOf(ctx context.Context, n int, known [][]byte) error {
	sim, err := b.fleetSimulator(ctx, n)
	if err != nil {
		return err
	}
	defer sim.stop()
	env := fleetEnvironment(sim)
	began := time.Now()
	empty, err := b.startFlora(ctx, env)
	if err != nil {
		return err
	}
	bare := time.Since(began)
	w0, c0, err := empty.memory(ctx)
	empty.stop()
	if err != nil {
		return err
	}
	dir, err := b.seed(ctx, sim.guilds, known)
	defer func() { _ = os.RemoveAll(dir) }()
	if err != nil {
		return err
	}
	began = time.Now()
	f, err := b.startFloraIn(ctx, dir, env)
	if err != nil {
		return err
	}
	defer f.stop()
	took := time.Since(began)
	w1, c1, err := f.memory(ctx)
	if err != nil {
		return err
	}
	one := func(x float64) stats.Summary { return stats.Of([]float64{x}) }
	loaded := min(n, fleetWorkers*guildsPerWorker)
	note := fmt.Sprintf("%d guilds, %d loaded", n, loaded)
	add := func(name, unit string, value float64, baseline string, base float64) {
		b.report.Add(report.Row{Group: "fleet", Name: name, Note: note, Unit: unit, Value: one(value), Baseline: baseline, Base: one(base)})
	}
	add("memory of control", "MB", megabytes(c1.PSS), "nothing deployed", megabytes(c0.PSS))
	add("memory of workers", "MB", megabytes(w1.PSS), "nothing deployed", megabytes(w0.PSS))
	if n > loaded {
		add("control's memory per deployed guild", "KB", megabytes(c1.PSS-c0.PSS)*1000/float64(n), "a loaded one in its worker", megabytes(w1.PSS-w0.PSS)*1000/float64(loaded))
	}
	add("start until ready", "s", took.Seconds(), "nothing deployed", bare.Seconds())
	// Each message goes to another guild, most of which sleep; and the same few
	// guilds again and again.
	count := int(b.plan.paced.Seconds() * wakeRate * 3)
	flood := func(guilds int) (discordsim.FloodResult, error) {
		return sim.flood(ctx, discordsim.Flood{Guilds: guilds, Content: "!ping", Rate: wakeRate, Await: true, Count: count, IdleMS: 30_000})
	}
	if _, err := flood(fleetWorkers); err != nil { // It warms up.
		return f.failure(err)
	}
	quiet, err := flood(fleetWorkers)
	if err != nil {
		return f.failure(err)
	}
	if n <= loaded {
		return nil
	}
	woken, err := flood(min(n, count))
	if err != nil {
		return f.failure(err)
	}
	add("wake-up, p50 of an answer", "ms", woken.Latency.P50, "loaded guilds", quiet.Latency.P50)
	add("wake-up, p99 of an answer", "ms", woken.Latency.P99, "loaded guilds", quiet.Latency.P99)
	return nil
}
