// Command bench measures Flora beside baselines taken in the same run: cold
// start, memory per guild, op round trips, a quiet guild beside busy ones, and a
// bot next to discord.js and eris, the author's loop. It prints one table and writes
// bench/out/bench.json. Nothing in it asserts on speed. docs/benchmarks.md says
// how each row comes about.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
)

// limit bounds a whole run.
const limit = 30 * time.Minute

// group is a set of rows that are measured together.
type group struct {
	name, what string
	run        func(b *bench, ctx context.Context) error
}

var groups = []group{
	{"cold", "cold start of a guild", (*bench).cold},
	{"memory", "memory per resident guild", (*bench).memory},
	{"ops", "op round trips", (*bench).ops},
	{"kv", "key-value storage", (*bench).kv},
	{"fetch", "requests of scripts", (*bench).fetch},
	{"parts", "what scripts save that touch little of the SDK", (*bench).parts},
	{"fairness", "a quiet guild beside busy ones", (*bench).fairness},
	{"dev", "the author's loop", (*bench).dev},
	{"fleet", "many guilds, most of which sleep", (*bench).fleet},
	{"load", "a busy hour of many guilds", (*bench).load},
	{"core", "events per second and core", (*bench).core},
	{"handover", "a shard goes to another process", (*bench).handover},
	{"peers", "side by side with discord.js and eris", (*bench).peers},
}

// bench is one run.
type bench struct {
	plan    plan
	runtime string // The flora-runtime binary.
	peerDir string // The npm packages that Flora is measured against.
	tmp     string
	report  report.Report
	log     io.Writer
}

func init() {
	// Child processes ask to be killed when the thread that started them ends;
	// the main goroutine starts them all and keeps the main thread.
	runtime.LockOSThread()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s\n", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run.
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) > 0 && args[0] == "child" {
		return child(ctx, args[1:], out)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	quick := flags.Bool("quick", false, "fewer and shorter repetitions")
	binary := flags.String("runtime", "bin/flora-runtime", "the binary to measure (make build)")
	file := flags.String("out", "bench/out/bench.json", "where the JSON goes")
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	b := &bench{plan: fullPlan, runtime: *binary, peerDir: "bench/peers", log: log}
	if *quick {
		b.plan = quickPlan
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := b.prepare(); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.tmp) }()
	began := time.Now()
	b.report.Machine = machine(ctx, b.peerDir)
	for _, g := range chosen {
		b.logf("measuring %s", g.what)
		if err := g.run(b, ctx); err != nil {
			b.report.Fail(g.name, err)
		}
	}
	b.report.Seconds = time.Since(began).Seconds()
	if err := b.write(out, *file); err != nil {
		return err
	}
	if n := len(b.report.Failed); n > 0 {
		return fmt.Errorf("%d of the measurements failed", n)
	}
	return nil
}

func usage(flags *flag.FlagSet) {
	w := flags.Output()
	_, _ = fmt.Fprintln(w, "usage: go run ./bench [flags] [rows...]\n\nrows (all by default):")
	for _, g := range groups {
		_, _ = fmt.Fprintf(w, "  %-8s %s\n", g.name, g.what)
	}
	_, _ = fmt.Fprintln(w, "\nflags:")
	flags.PrintDefaults()
}

// choose finds the groups by name; none means all.
func choose(names []string) ([]group, error) {
	if len(names) == 0 {
		return groups, nil
	}
	var out []group
	for _, g := range groups {
		if slices.Contains(names, g.name) {
			out = append(out, g)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(groups, func(g group) bool { return g.name == n }) {
			var known []string
			for _, g := range groups {
				known = append(known, g.name)
			}
			return nil, fmt.Errorf("there are no rows %q; the names are %s", n, strings.Join(known, ", "))
		}
	}
	return out, nil
}

func (b *bench) prepare() error {
	var err error
	if b.runtime, err = filepath.Abs(b.runtime); err != nil {
		return fmt.Errorf("find the runtime: %w", err)
	}
	if _, err := os.Stat(b.runtime); err != nil {
		return fmt.Errorf("find the runtime (make build makes it; run from the top of the repository): %w", err)
	}
	if b.peerDir, err = filepath.Abs(b.peerDir); err != nil {
		return fmt.Errorf("find the peers: %w", err)
	}
	if b.tmp, err = os.MkdirTemp("", "flora-bench"); err != nil {
		return fmt.Errorf("make a folder for the run: %w", err)
	}
	return nil
}

func (b *bench) write(out io.Writer, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("make the folder of the report: %w", err)
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := errors.Join(b.report.WriteJSON(f), f.Close()); err != nil {
		return err
	}
	return b.report.WriteTable(out)
}

func (b *bench) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(b.log, format+"\n", args...)
}
