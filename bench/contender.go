package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/procfs"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// pongBot is Flora's side of the contest; bench/peers has the others'.
const pongBot = `
createBot({
  prefix: "!",
  prefixCommands: [prefix({ name: "ping", description: "Answers pong", run: (ctx) => ctx.reply("pong") })],
});
`

// nobodysWords is a message that no bot answers.
const nobodysWords = "hello there, how are you today?"

// contender is a bot, logged in at a simulator of its own.
type contender struct {
	name string
	sim  *simulator
	bot  *process

	idle  procfs.Memory
	found samples // By the names below.
}

// What is measured of a contender.
const (
	answersPerSecond   = "answers per second"
	cpuPerAnswer       = "CPU per answer"
	pacedP50           = "p50"
	pacedP99           = "p99"
	cpuPaced           = "CPU per message when paced"
	unhandledPerSecond = "unhandled events per second"
	cpuPerUnhandled    = "CPU per unhandled event"
	cpuPerIgnored      = "CPU per ignored message"
)

// names of the contenders.
const (
	nameFlora     = "flora"
	nameDiscordJS = "discord.js"
	nameEris      = "eris"
	nameGo        = "a minimal Go bot"
)

// join starts a fresh simulator and the bot.
func (b *bench) join(ctx context.Context, name string, guilds int) (*contender, error) {
	sim, err := b.startSimulator(ctx, guilds)
	if err != nil {
		return nil, err
	}
	c := &contender{name: name, sim: sim, found: samples{}}
	switch name {
	case nameFlora:
		c.bot, err = b.floraBot(ctx, sim)
	case nameGo:
		c.bot, err = b.goBot(ctx, sim)
	case nameDiscordJS:
		c.bot, err = b.nodeBot(ctx, "discordjs.cjs", sim)
	default:
		c.bot, err = b.nodeBot(ctx, "eris.cjs", sim)
	}
	if err != nil {
		sim.stop()
		return nil, err
	}
	return c, nil
}

func (b *bench) nodeBot(ctx context.Context, file string, sim *simulator) (*process, error) {
	p, err := start(command(ctx, "node", filepath.Join(b.peerDir, file), sim.url))
	if err != nil {
		return nil, err
	}
	if _, err := p.ready(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// floraBot is the runtime with process isolation and the JIT off, which are its
// defaults; its own limits of requests to Discord and of a guild's operations are
// off, like the simulator's and discord.js's, and so is the compression of the gateway, which neither
// discord.js nor eris asks for.
func (b *bench) floraBot(ctx context.Context, sim *simulator) (*process, error) {
	f, err := b.startFlora(ctx, []string{
		"DISCORD_TOKEN=a.b.c", "FLORA_DISCORD_API_BASE=" + sim.url + "/api/v10", "FLORA_DISCORD_GLOBAL_LIMIT=0",
		"FLORA_DISCORD_COMPRESS=false", "FLORA_DISCORD_INTENTS=guild_messages,guild_message_reactions", unhurried,
	})
	if err != nil {
		return nil, err
	}
	if err := f.deploy(ctx, sim.guilds, "main.js", pongBot); err != nil {
		f.stop()
		return nil, err
	}
	return f.process, nil
}

func (c *contender) leave() {
	c.bot.stop()
	c.sim.stop()
}

// rest notes the memory before the first message.
func (c *contender) rest(ctx context.Context) error {
	var err error
	c.idle, err = settled(ctx, func() (procfs.Memory, error) { return procfs.Default.TreeMemory(c.bot.pid()) })
	return err
}

// run is one flood and the CPU that the bot used for each of its events.
func (c *contender) run(ctx context.Context, f discordsim.Flood) (r discordsim.FloodResult, perEvent time.Duration, err error) {
	before, err := procfs.Default.CPU(c.bot.pid())
	if err != nil {
		return r, 0, c.bot.failure(err)
	}
	if r, err = c.sim.flood(ctx, f); err != nil {
		return r, 0, c.bot.failure(err)
	}
	after, err := procfs.Default.CPU(c.bot.pid())
	if err != nil {
		return r, 0, c.bot.failure(err)
	}
	return r, (after - before) / time.Duration(max(r.Sent, 1)), nil
}

// workload is one kind of flood, with a count that takes about a slice.
type workload struct {
	flood discordsim.Flood
	note  func(c *contender, r discordsim.FloodResult, cpu time.Duration)
}

// workloads are those of a contest. The counts are found in the warm-up, except
// for the paced ones.
func (b *bench) workloads(w world) ([]workload, error) {
	guilds := len(w.guilds)
	unhandled, err := w.unhandled(0)
	if err != nil {
		return nil, err
	}
	micro := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	return []workload{
		{discordsim.Flood{Guilds: guilds, Content: "!ping", InFlight: inFlight}, func(c *contender, r discordsim.FloodResult, cpu time.Duration) {
			c.add(answersPerSecond, r.RepliesPer)
			c.add(cpuPerAnswer, micro(cpu))
		}},
		{discordsim.Flood{Guilds: guilds, Content: "!ping", Rate: pacedRate, Await: true, Count: int(b.plan.paced.Seconds() * pacedRate)}, func(c *contender, r discordsim.FloodResult, cpu time.Duration) {
			c.add(pacedP50, r.Latency.P50)
			c.add(pacedP99, r.Latency.P99)
			c.add(cpuPaced, micro(cpu))
		}},
		{unhandled, func(c *contender, r discordsim.FloodResult, cpu time.Duration) {
			c.add(unhandledPerSecond, r.SentPerS)
			c.add(cpuPerUnhandled, micro(cpu))
		}},
		{discordsim.Flood{Guilds: guilds, Content: nobodysWords, Rate: ignoredRate, Last: "!ping", Count: int(b.plan.slice.Seconds() * ignoredRate)}, func(c *contender, _ discordsim.FloodResult, cpu time.Duration) {
			c.add(cpuPerIgnored, micro(cpu))
		}},
	}, nil
}

func (c *contender) add(what string, x float64) { c.found[what] = append(c.found[what], x) }

const (
	// firstCount is what a warm-up starts with, and the least that is measured.
	firstCount = 1000
	// maxCount bounds a repetition.
	maxCount = 2_000_000
	// growth is how much longer the next warm-up may be: the first are slower
	// than what follows.
	growth = 10
)

// warm runs the workload with growing counts until one took long enough, and
// gives the count that takes about a slice.
func (b *bench) warm(ctx context.Context, c *contender, w workload) (int, error) {
	if w.flood.Rate > 0 {
		return w.flood.Count, nil
	}
	w.flood.Count = firstCount
	for spent := time.Duration(0); ; {
		began := time.Now()
		r, _, err := c.run(ctx, w.flood)
		if err != nil {
			return 0, fmt.Errorf("warm up %s: %w", c.name, err)
		}
		if spent += time.Since(began); spent >= b.plan.warmup {
			return countFor(r.SentPerS, b.plan.slice, maxCount), nil
		}
		w.flood.Count = countFor(r.SentPerS, b.plan.warmup-spent, growth*w.flood.Count)
	}
}

// countFor is how many events at the rate take so long, at most most.
func countFor(rate float64, d time.Duration, most int) int {
	return min(max(int(rate*d.Seconds()), firstCount), most, maxCount)
}

// summary is what repetitions came to.
func (c *contender) summary(what string) stats.Summary { return stats.Of(c.found[what]) }
