package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/procfs"
	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/examples/starter"
)

// memory measures what a resident guild costs: in the whole runtime, and its
// isolate alone.
func (b *bench) memory(ctx context.Context) error {
	workers, control, err := b.residentGuilds(ctx)
	if err != nil {
		return fmt.Errorf("the runtime: %w", err)
	}
	base, err := b.workerdMemory(ctx, b.plan.guilds)
	if err != nil {
		return fmt.Errorf("workerd: %w", err)
	}
	note := fmt.Sprintf("%d guilds, %s", b.plan.guilds, jitNote(false))
	one := func(x float64) stats.Summary { return stats.Of([]float64{x}) }
	b.report.Add(report.Row{
		Group: "memory", Name: "resident guild, workers", Note: note, Unit: "MB", Value: one(workers),
		Baseline: "workerd", Base: one(base), Target: report.RatioAtMost(1),
	})
	b.report.Add(report.Row{
		Group: "memory", Name: "resident guild, workers and control", Note: note, Unit: "MB", Value: one(workers + control),
		Baseline: "workerd", Base: one(base),
	})
	our, theirs, err := bothWays(ctx, "resident", false, 1, b.plan.isolates)
	if err != nil {
		return err
	}
	b.report.Add(report.Row{
		Group: "memory", Name: "resident isolate, alone", Note: fmt.Sprintf("%d isolates, %s", b.plan.isolates, jitNote(false)), Unit: "MB",
		Value: stats.Of(our[resident]), Baseline: withoutSnapshot, Base: stats.Of(theirs[resident]),
	})
	return nil
}

// guildsPerWorker is the runtime's default.
const guildsPerWorker = 200

// residentGuilds is the memory per guild of the workers and of control, in MB.
// The first guild has the starter bot from the beginning, so the others are
// counted.
func (b *bench) residentGuilds(ctx context.Context) (workers, control float64, err error) {
	n := b.plan.guilds
	source, err := fs.ReadFile(starter.Files(), starter.Entry)
	if err != nil {
		return 0, 0, fmt.Errorf("read the starter bot: %w", err)
	}
	processes := 1 + (n-1)/guildsPerWorker
	f, err := b.startFlora(ctx, []string{"FLORA_RUNTIME_MAX_WORKERS=" + strconv.Itoa(processes)}, "--guilds", strconv.Itoa(n), "--no-rate-limits")
	if err != nil {
		return 0, 0, err
	}
	defer f.stop()
	sim, err := look(ctx, f.url)
	if err != nil {
		return 0, 0, err
	}
	w0, c0, err := f.memory(ctx)
	if err != nil {
		return 0, 0, err
	}
	if err := f.deploy(ctx, sim.guilds[1:], starter.Entry, string(source)); err != nil {
		return 0, 0, err
	}
	w1, c1, err := f.memory(ctx)
	if err != nil {
		return 0, 0, err
	}
	per := func(after, before procfs.Memory) float64 { return megabytes(after.PSS-before.PSS) / float64(n-1) }
	return per(w1, w0), per(c1, c0), nil
}

// memory is what the workers and control use once they have come to rest.
func (f *flora) memory(ctx context.Context) (workers, control procfs.Memory, err error) {
	workers, err = settled(ctx, func() (procfs.Memory, error) {
		pids, err := procfs.Default.Children(f.pid(), "worker")
		if err != nil {
			return procfs.Memory{}, err
		}
		if len(pids) == 0 {
			return procfs.Memory{}, errors.New("the runtime has no workers")
		}
		return procfs.Default.Memory(pids...)
	})
	if err != nil {
		return workers, control, err
	}
	control, err = procfs.Default.Memory(f.pid())
	return workers, control, err
}

// settled looks until the memory changes by less than half a percent in a
// second, for at most a quarter of a minute.
func settled(ctx context.Context, look func() (procfs.Memory, error)) (procfs.Memory, error) {
	last, err := look()
	if err != nil {
		return last, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range 15 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return last, ctx.Err()
		}
		now, err := look()
		if err != nil {
			return now, err
		}
		if math.Abs(float64(now.PSS-last.PSS)) < 0.005*float64(now.PSS) {
			return now, nil
		}
		last = now
	}
	return last, nil
}

// resident names the memory of an isolate.
const resident = "resident"

// residentJob is the memory of one of n isolates with the bot loaded, in MB. One
// more is there before: what the first one brings is not counted.
func residentJob(n []int, load func(*engine) (func(), error)) (samples, error) {
	if len(n) != 1 || n[0] < 1 {
		return nil, errors.New("resident takes the number of isolates")
	}
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	if _, err := load(e); err != nil {
		return nil, err
	}
	self := func() (procfs.Memory, error) { return procfs.Default.Memory(os.Getpid()) }
	before, err := settled(context.Background(), self)
	if err != nil {
		return nil, err
	}
	for range n[0] {
		if _, err := load(e); err != nil {
			return nil, err
		}
	}
	after, err := settled(context.Background(), self)
	if err != nil {
		return nil, err
	}
	return samples{resident: {megabytes(after.PSS-before.PSS) / float64(n[0])}}, nil
}
