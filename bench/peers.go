package main

import (
	"context"
	"fmt"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

// peers lets the same bot run on Flora, discord.js and eris.
func (b *bench) peers(ctx context.Context) error {
	if err := b.install(ctx); err != nil {
		return err
	}
	for _, guilds := range b.plan.contests {
		if err := b.contest(ctx, guilds); err != nil {
			return fmt.Errorf("%d guilds: %w", guilds, err)
		}
	}
	return nil
}

// contest measures all contenders over so many guilds. All are there from the
// beginning and take turns, so that each repetition sees the same machine; who
// is not measured has nothing to do.
func (b *bench) contest(ctx context.Context, guilds int) error {
	var all []*contender
	for _, name := range []string{nameFlora, nameDiscordJS, nameEris} {
		c, err := b.join(ctx, name, guilds)
		if err != nil {
			return err
		}
		defer c.leave()
		if err := c.rest(ctx); err != nil {
			return err
		}
		all = append(all, c)
	}
	kinds := make(map[*contender][]workload)
	for _, c := range all {
		b.logf("  %s warms up over %d guilds", c.name, guilds)
		list, err := b.workloads(c.sim.world)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].flood.Count, err = b.warm(ctx, c, list[i]); err != nil {
				return err
			}
		}
		kinds[c] = list
	}
	for round := range b.plan.rounds {
		b.logf("  round %d of %d", round+1, b.plan.rounds)
		for i := range kinds[all[0]] {
			for _, c := range all {
				w := kinds[c][i]
				r, cpu, err := c.run(ctx, w.flood)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				w.note(c, r, cpu)
			}
		}
	}
	b.compare(all[0], all[1:], guilds)
	return nil
}

// contestRows are the rows of a contest.
var contestRows = []struct {
	what, name, unit string
	higher           bool
	targets          map[string]*report.Target // By contender.
}{
	{answersPerSecond, "!ping answers, closed loop of 64", "1/s", true, map[string]*report.Target{nameDiscordJS: report.RatioAtLeast(1)}},
	{cpuPerAnswer, "CPU per answer, closed loop of 64", "us", false, nil},
	{pacedP50, "p50 at 1,000 messages/s", "ms", false, nil},
	{pacedP99, "p99 at 1,000 messages/s", "ms", false, map[string]*report.Target{nameDiscordJS: report.ValueAtMost(10, "ms")}},
	{cpuPaced, "CPU per answer at 1,000 messages/s", "us", false, nil},
	{unhandledPerSecond, "events nobody handles", "1/s", true, map[string]*report.Target{nameEris: report.RatioAtLeast(1)}},
	{cpuPerUnhandled, "CPU per event nobody handles", "us", false, nil},
	{cpuPerIgnored, "CPU per message no command matches, at 5,000/s", "us", false, nil},
}

func (b *bench) compare(f *contender, others []*contender, guilds int) {
	note := fmt.Sprintf("%d guilds", guilds)
	if guilds == 1 {
		note = "1 guild"
	}
	group := "peers, " + note
	for _, row := range contestRows {
		for _, c := range others {
			b.report.Add(report.Row{
				Group: group, Name: row.name, Note: note, Unit: row.unit, Higher: row.higher, Value: f.summary(row.what),
				Baseline: c.name, Base: c.summary(row.what), Target: row.targets[c.name],
			})
		}
	}
	one := func(bytes int64) stats.Summary { return stats.Of([]float64{megabytes(bytes)}) }
	for _, c := range others {
		b.report.Add(report.Row{
			Group: group, Name: "idle RSS, sum of processes", Note: note, Unit: "MB",
			Value: one(f.idle.RSS), Baseline: c.name, Base: one(c.idle.RSS),
		})
		b.report.Add(report.Row{
			Group: group, Name: "idle memory, shared pages once", Note: note, Unit: "MB",
			Value: one(f.idle.Unique), Baseline: c.name, Base: one(c.idle.Unique),
		})
	}
}
