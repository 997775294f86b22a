package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flora-runtime/flora-runtime/bench/internal/procfs"
	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// What a server does in its busiest hour: the assumptions of docs/capacity.md, in
// events a second.
const (
	guildMessages  = 0.06  // That no command matches.
	guildReactions = 0.015 // Which no script handles.
	guildCommands  = 0.002 // That are answered; half of them in a fiftieth of the servers.
	// activeShare of the servers have half of the commands.
	activeShare = 50
)

// stream is a part of the load, at its rate over all its guilds.
type stream struct {
	name   string
	flood  discordsim.Flood
	result discordsim.FloodResult
	cost   time.Duration // CPU of one, by itself.
}

// load runs what capacity.md says of a machine: so many deployed guilds with the
// mix of events of their busiest hour. The baseline is the model's: what the parts
// cost by themselves.
func (b *bench) load(ctx context.Context) error {
	n := b.plan.load
	known, err := b.declared(ctx)
	if err != nil {
		return fmt.Errorf("a guild by itself: %w", err)
	}
	sim, err := b.fleetSimulator(ctx, n)
	if err != nil {
		return err
	}
	defer sim.stop()
	dir, err := b.seed(ctx, sim.guilds, known)
	defer func() { _ = os.RemoveAll(dir) }()
	if err != nil {
		return err
	}
	f, err := b.startFloraIn(ctx, dir, fleetEnvironment(sim))
	if err != nil {
		return err
	}
	defer f.stop()
	streams, err := b.streams(sim.world)
	if err != nil {
		return err
	}
	if err := atOnce(ctx, sim.world, streams[len(streams)-2:len(streams)-1]); err != nil { // It warms up.
		return f.failure(err)
	}
	// What each part costs by itself, and then all of them at once.
	var predicted time.Duration
	cost := func(which []*stream) (time.Duration, error) {
		before, err := procfs.Default.CPU(f.pid())
		if err != nil {
			return 0, f.failure(err)
		}
		rest := time.After(b.plan.loadTime)
		if err := atOnce(ctx, sim.world, which); err != nil {
			return 0, f.failure(err)
		}
		select {
		case <-rest:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		after, err := procfs.Default.CPU(f.pid())
		return after - before, err
	}
	b.logf("  nothing")
	idle, err := cost([]*stream{{}})
	if err != nil {
		return err
	}
	predicted += idle
	for i, s := range streams {
		b.logf("  %s", s.name)
		spent, err := cost(streams[i : i+1])
		if err != nil {
			return err
		}
		predicted += max(spent-idle, 0)
		s.cost = max(spent-idle, 0) / time.Duration(s.flood.Count)
	}
	// Those that were woken just now are passed over.
	last := streams[len(streams)-1]
	last.flood.Skip += last.flood.Count
	last.flood.Guilds = min(last.flood.Guilds, n-last.flood.Skip)
	b.logf("  all at once")
	spent, err := cost(streams)
	if err != nil {
		return err
	}
	workers, control, err := f.memory(ctx)
	if err != nil {
		return err
	}
	b.loadRows(n, streams, spent, predicted, workers, control)
	return nil
}

// streams are the parts of the load; those with commands come last.
func (b *bench) streams(w world) ([]*stream, error) {
	n, seconds := len(w.guilds), b.plan.loadTime.Seconds()
	unhandled, err := w.unhandled(0)
	if err != nil {
		return nil, err
	}
	at := func(f discordsim.Flood, rate float64, guilds int) discordsim.Flood {
		f.Rate, f.Count, f.Guilds = rate, max(int(rate*seconds), 1), max(guilds, 1)
		return f
	}
	unhandled.Last = ""
	command := discordsim.Flood{Content: "!ping", Await: true, IdleMS: 30_000}
	commands := guildCommands * float64(n) / 2
	// Each goes to another server, none of which is active.
	elsewhere := at(command, commands, n-n/activeShare)
	elsewhere.Skip = n / activeShare
	return []*stream{
		{name: "messages that no command matches", flood: at(discordsim.Flood{Content: nobodysWords}, guildMessages*float64(n), n)},
		{name: "reactions that nobody handles", flood: at(unhandled, guildReactions*float64(n), n)},
		{name: "commands in active servers", flood: at(command, commands, n/activeShare)},
		{name: "commands elsewhere", flood: elsewhere},
	}, nil
}

// atOnce runs the streams at once.
func atOnce(ctx context.Context, w world, all []*stream) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range all {
		if s.flood.Count == 0 {
			continue // Nothing.
		}
		group.Go(func() (err error) {
			if s.result, err = w.flood(ctx, s.flood); err != nil {
				err = fmt.Errorf("%s: %w", s.name, err)
			}
			return err
		})
	}
	return group.Wait()
}

func (b *bench) loadRows(n int, streams []*stream, spent, predicted time.Duration, workers, control procfs.Memory) {
	one := func(x float64) stats.Summary { return stats.Of([]float64{x}) }
	events := 0.0
	for _, s := range streams {
		events += s.flood.Rate
	}
	note := fmt.Sprintf("%d guilds, %.0f events/s", n, events)
	add := func(name, unit string, value float64, baseline string, base float64) {
		b.report.Add(report.Row{Group: "load", Name: name, Note: note, Unit: unit, Value: one(value), Baseline: baseline, Base: one(base)})
	}
	seconds := b.plan.loadTime.Seconds()
	add("cores in use", "cores", spent.Seconds()/seconds, "its parts one after another", predicted.Seconds()/seconds)
	for _, s := range streams {
		add("CPU of "+s.name, "us", float64(s.cost)/float64(time.Microsecond), "a message that no command matches", float64(streams[0].cost)/float64(time.Microsecond))
	}
	active, elsewhere := streams[len(streams)-2].result.Latency, streams[len(streams)-1].result.Latency
	add("p50 of commands elsewhere", "ms", elsewhere.P50, "in active servers", active.P50)
	add("p99 of commands elsewhere", "ms", elsewhere.P99, "in active servers", active.P99)
	add("memory of workers", "MB", megabytes(workers.PSS), "control's", megabytes(control.PSS))
}
