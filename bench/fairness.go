package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

const (
	// quietRate is how many messages a second the quiet guild gets: few enough
	// that it leaves the machine alone and no limit of its own holds it back.
	quietRate = 50
	// fairnessTarget is how much longer its 99th percentile may get.
	fairnessTarget = 3
)

// neighbour is a guild that does something without end, from "go" to "halt". A
// CPU burner stays just below the limit of a turn, so that nothing stops it.
type neighbour struct{ what, script string }

const neighbourFrame = `
let running = false;
on("messageCreate", (ctx) => {
  if (ctx.msg.content === "go") { running = true; start(); }
  if (ctx.msg.content === "halt") running = false;
});
`

var neighbours = []neighbour{
	{"burns CPU", `function start() { if (!running) return; const end = Date.now() + 800; while (Date.now() < end); setTimeout(start, 1); }`},
	{"floods ops", `const s = kv.store("bench");
async function one() { while (running) { try { await s.get("k"); } catch (e) { await new Promise((r) => setTimeout(r, 1)); } } }
function start() { for (let i = 0; i < 256; i++) one(); }`},
	{"floods its log", `function start() { if (!running) return; for (let i = 0; i < 200; i++) console.log("line " + i); setTimeout(start, 1); }`},
	{"churns memory", `let kept = [];
function start() { if (!running) { kept = []; return; } for (let i = 0; i < 50; i++) { kept.push(new Array(10000).fill(i)); if (kept.length > 200) kept = []; } setTimeout(start, 1); }`},
	{"waits", `async function one() { while (running) await new Promise((r) => setTimeout(r, 20)); }
function start() { for (let i = 0; i < 500; i++) one(); }`},
}

// fairness measures how long a quiet guild's answers take while its neighbours,
// in the same worker processes, do their worst.
func (b *bench) fairness(ctx context.Context) error {
	sim, err := b.startSimulator(ctx, len(neighbours)+1)
	if err != nil {
		return err
	}
	defer sim.stop()
	f, err := b.startFlora(ctx, []string{
		"DISCORD_TOKEN=a.b.c", "FLORA_DISCORD_API_BASE=" + sim.url + "/api/v10", "FLORA_DISCORD_GLOBAL_LIMIT=0",
		// One process, where neighbours are nearest.
		"FLORA_RUNTIME_MAX_WORKERS=1",
	})
	if err != nil {
		return err
	}
	defer f.stop()
	if err := f.deploy(ctx, sim.guilds[:1], "main.js", pongBot); err != nil {
		return err
	}
	for i, n := range neighbours {
		if err := f.deploy(ctx, sim.guilds[i+1:i+2], "main.js", neighbourFrame+n.script); err != nil {
			return err
		}
	}
	found, err := b.fairnessRounds(ctx, sim.world)
	if err != nil {
		return f.failure(err)
	}
	base := stats.Of(found["quiet"])
	for _, c := range fairnessCases {
		row := report.Row{
			Group: "fairness", Name: "p99 of a quiet guild while a neighbour " + c.name, Unit: "ms",
			Value: stats.Of(found[c.name]), Baseline: "all quiet", Base: base, Note: "1 worker, 50 messages/s",
		}
		if c.target {
			row.Target = report.RatioAtMost(fairnessTarget)
		}
		b.report.Add(row)
	}
	return nil
}

// fairnessCases are which neighbours are busy at once.
var fairnessCases = func() []fairnessCase {
	out := []fairnessCase{{name: "burns CPU and another floods ops", busy: []int{0, 1}, target: true}}
	for i, n := range neighbours {
		out = append(out, fairnessCase{name: n.what, busy: []int{i}})
	}
	return out
}()

type fairnessCase struct {
	name   string
	busy   []int
	target bool
}

func (b *bench) fairnessRounds(ctx context.Context, w world) (samples, error) {
	found := samples{}
	quiet := discordsim.Flood{Guilds: 1, Content: "!ping", Rate: quietRate, Await: true, Count: max(int(b.plan.paced.Seconds()*quietRate), 200)}
	for round := range b.plan.rounds + 1 { // The first warms up.
		b.logf("  round %d of %d", round, b.plan.rounds)
		for _, c := range append([]fairnessCase{{name: "quiet"}}, fairnessCases...) {
			if err := w.tell(ctx, c.busy, "go"); err != nil {
				return nil, err
			}
			r, err := w.flood(ctx, quiet)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if err := w.tell(ctx, c.busy, "halt"); err != nil {
				return nil, err
			}
			if round > 0 {
				found[c.name] = append(found[c.name], r.Latency.P99)
			}
		}
	}
	return found, nil
}

// tell says something in the guilds of some neighbours.
func (w world) tell(ctx context.Context, which []int, content string) error {
	for _, i := range which {
		g := w.guilds[i+1]
		at := w.url + "/sim/guilds/" + g.ID + "/channels/" + g.Channels[0].ID + "/messages"
		if err := call(ctx, http.MethodPost, at, "", map[string]string{"content": content}, nil); err != nil {
			return err
		}
	}
	return nil
}
