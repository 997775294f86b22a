package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// kvWriters write at once, values of kvValue bytes.
const (
	kvWriters = 64
	kvValue   = 256
)

// kv measures key-value storage: durable sets beside Pebble's own benchmark,
// sets by the size of the store, and a small writer beside a big one.
func (b *bench) kv(ctx context.Context) error {
	base, err := b.durable(ctx)
	if err != nil {
		return err
	}
	if err := b.scriptSets(ctx, base); err != nil {
		return err
	}
	if err := b.durableShared(ctx); err != nil {
		return err
	}
	if err := b.bySize(ctx); err != nil {
		return err
	}
	return b.besideBig(ctx)
}

// openKV opens storage without quotas in a folder of its own.
func (b *bench) openKV() (*kv.DB, error) {
	dir, err := os.MkdirTemp(b.tmp, "kv")
	if err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	return kv.Open(kv.Config{Dir: filepath.Join(dir, "kv"), Limits: unlimitedKV()})
}

func unlimitedKV() kv.Limits {
	l := kv.DefaultLimits()
	l.StoreBytes, l.GuildBytes, l.GuildKeys, l.Stores, l.WritesPerMinute, l.CommitsPerMinute = 0, 0, 0, 0, 0, 0
	return l
}

// durable compares sets that are on disk when they return with pebble bench
// sync, in turn. It gives that one's sets a second.
func (b *bench) durable(ctx context.Context) (stats.Summary, error) {
	binary := filepath.Join(b.tmp, "pebble")
	b.logf("building pebble's own benchmark (minutes, the first time)")
	if _, err := output(command(ctx, "go", "build", "-modfile=bench/pebble/go.mod", "-o", binary, "github.com/cockroachdb/pebble/v2/cmd/pebble")); err != nil {
		return stats.Summary{}, err
	}
	var pebbles []float64
	found := map[int][]float64{}
	guilds := []int{1, kvWriters}
	for range b.plan.rounds {
		rate, err := b.pebbleSync(ctx, binary)
		if err != nil {
			return stats.Summary{}, err
		}
		pebbles = append(pebbles, rate)
		for _, n := range guilds {
			if rate, err = b.durableSets(ctx, n); err != nil {
				return stats.Summary{}, err
			}
			found[n] = append(found[n], rate)
		}
	}
	base := stats.Of(pebbles)
	for _, n := range guilds {
		b.report.Add(report.Row{
			Group: "kv", Name: fmt.Sprintf("durable sets, 64 writers of %d guilds", n), Unit: "/s", Higher: true,
			Value: stats.Of(found[n]), Baseline: "pebble bench sync -c 64", Base: base, Target: report.RatioAtLeast(0.5),
		})
	}
	return base, nil
}

// pebbleSync runs Pebble's benchmark and gives its operations a second.
func (b *bench) pebbleSync(ctx context.Context, binary string) (float64, error) {
	dir, err := os.MkdirTemp(b.tmp, "pebble")
	if err != nil {
		return 0, fmt.Errorf("make a data folder: %w", err)
	}
	cmd := command(ctx, binary, "bench", "sync", filepath.Join(dir, "db"), "-c", strconv.Itoa(kvWriters), "--batch", "1", "--values", strconv.Itoa(kvValue), "-d", b.plan.slice.String())
	cmd.Dir = dir // It leaves profiles where it runs.
	out, err := output(cmd)
	if err != nil {
		return 0, err
	}
	return opsPerSecond(string(out))
}

// opsPerSecond reads the summary of pebble bench: a line of names, and the
// numbers below them.
func opsPerSecond(text string) (float64, error) {
	lines := strings.Split(text, "\n")
	for i, line := range lines[:len(lines)-1] {
		names := strings.FieldsFunc(line, func(r rune) bool { return r == '_' })
		numbers := strings.Fields(lines[i+1])
		if at := slices.Index(names, "ops/sec(cum)"); at >= 0 && at < len(numbers) {
			if rate, err := strconv.ParseFloat(numbers[at], 64); err == nil && rate > 0 {
				return rate, nil
			}
		}
	}
	return 0, fmt.Errorf("pebble's benchmark does not say how fast it was: %.500s", text)
}

// durableSets gives the sets a second of all writers, spread over the guilds.
func (b *bench) durableSets(ctx context.Context, guilds int) (float64, error) {
	db, err := b.openKV()
	if err != nil {
		return 0, err
	}
	rate, err := setsPerSecond(ctx, db, guilds, b.plan.slice)
	return rate, errors.Join(err, db.Close())
}

// setsPerSecond gives the sets a second of all writers, spread over the guilds.
func setsPerSecond(ctx context.Context, db *kv.DB, guilds int, d time.Duration) (float64, error) {
	value := strings.Repeat("v", kvValue)
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var sets atomic.Int64
	began := time.Now()
	var all errgroup.Group
	for w := range kvWriters {
		all.Go(func() error {
			rng := rand.New(rand.NewPCG(uint64(w), 1)) //nolint:gosec // Repeatable on purpose.
			for limited.Err() == nil {
				if err := db.Set(ctx, snowflake.GuildID(1+w%guilds), "store", strconv.FormatUint(rng.Uint64(), 16), value, kv.SetOptions{}); err != nil { //nolint:gosec // Small.
					return err
				}
				sets.Add(1)
			}
			return nil
		})
	}
	err := all.Wait()
	return float64(sets.Load()) / time.Since(began).Seconds(), err
}

// setBot sets keys again and again, some at once, and answers how long it took.
const setBot = `
const s = kv.store("bench");
const value = "v".repeat(256);
on("messageCreate", async (ctx) => {
  const [command, calls, width] = ctx.msg.content.split(" ");
  if (command !== "!set") return;
  let left = Number(calls);
  const one = async (n) => { while (left-- > 0) await s.set(n + "/" + left, value); };
  await Promise.all(Array.from({ length: Number(width) }, (_, n) => one(n)));
  await ctx.reply("took");
});
`

// scriptSets measures the same from scripts: each guild's sets one key.
func (b *bench) scriptSets(ctx context.Context, base stats.Summary) error {
	f, err := b.startFlora(ctx, []string{unhurried, "FLORA_KV_LIMITS_WRITES_PER_MINUTE=1000000"}, "--guilds", strconv.Itoa(kvWriters), "--no-rate-limits")
	if err != nil {
		return err
	}
	defer f.stop()
	sim, err := look(ctx, f.url)
	if err != nil {
		return err
	}
	if err := f.deploy(ctx, sim.guilds, "main.js", setBot); err != nil {
		return err
	}
	calls := b.plan.loopCalls / 10
	var found []float64
	for i := range b.plan.rounds + 1 {
		began := time.Now()
		all, ctx := errgroup.WithContext(ctx)
		for _, g := range sim.guilds {
			own := world{url: sim.url, guilds: []simGuild{g}}
			all.Go(func() error {
				_, err := own.say(ctx, fmt.Sprintf("!set %d 1", calls), loopLimit, loopPause)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			return f.failure(err)
		}
		if i > 0 { // The first is the warm-up.
			found = append(found, float64(calls*len(sim.guilds))/time.Since(began).Seconds())
		}
	}
	b.report.Add(report.Row{
		Group: "kv", Name: fmt.Sprintf("durable sets from scripts of %d guilds", len(sim.guilds)), Note: jitNote(false), Unit: "/s", Higher: true,
		Value: stats.Of(found), Baseline: "pebble bench sync -c 64", Base: base,
	})
	return nil
}

// bySize measures one set after another in stores of several sizes.
func (b *bench) bySize(ctx context.Context) error {
	var base stats.Summary
	for i, n := range b.plan.kvSizes {
		db, err := b.openKV()
		if err != nil {
			return err
		}
		err = fillKV(ctx, db, n)
		var found []float64
		for r := 0; r < b.plan.rounds && err == nil; r++ {
			began := time.Now()
			for k := 0; k < b.plan.kvSets && err == nil; k++ {
				err = db.Set(ctx, 1, "store", fmt.Sprintf("new/%d/%d", r, k), "value", kv.SetOptions{})
			}
			found = append(found, float64(time.Since(began).Microseconds())/float64(b.plan.kvSets))
		}
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		if i == 0 {
			base = stats.Of(found)
			continue
		}
		b.report.Add(report.Row{
			Group: "kv", Name: fmt.Sprintf("set in a store of %d keys", n), Unit: "us", Value: stats.Of(found),
			Baseline: fmt.Sprintf("of %d keys", b.plan.kvSizes[0]), Base: base, Target: report.RatioAtMost(1.5),
		})
	}
	return nil
}

// fillKV puts n keys into the store.
func fillKV(ctx context.Context, db *kv.DB, n int) error {
	const batch = 100
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(kvWriters)
	for from := 0; from < n; from += batch {
		all.Go(func() error {
			var changes []kv.Change
			for k := from; k < min(from+batch, n); k++ {
				changes = append(changes, kv.Change{Key: fmt.Sprintf("%08d", k), Value: "value"})
			}
			_, err := db.Write(ctx, 1, "store", changes)
			return err
		})
	}
	return all.Wait()
}

// besideBig measures a small writer alone, and while another guild writes
// values of 1 MB as fast as it can.
func (b *bench) besideBig(ctx context.Context) error {
	const bigWriters = 8
	db, err := b.openKV()
	if err != nil {
		return err
	}
	var alone, beside []float64
	big := strings.Repeat("x", 1<<20)
	for range b.plan.rounds {
		one, err := smallWrites(ctx, db, b.plan.slice)
		if err != nil {
			return errors.Join(err, db.Close())
		}
		alone = append(alone, one)
		noisy, stop := context.WithCancel(ctx)
		var others sync.WaitGroup
		for w := range bigWriters {
			others.Go(func() {
				for i := 0; noisy.Err() == nil; i++ {
					_ = db.Set(noisy, 2, "store", fmt.Sprintf("%d/%d", w, i%8), big, kv.SetOptions{})
				}
			})
		}
		one, err = smallWrites(ctx, db, b.plan.slice)
		stop()
		others.Wait()
		if err != nil {
			return errors.Join(err, db.Close())
		}
		beside = append(beside, one)
	}
	b.report.Add(report.Row{
		Group: "kv", Name: "p99 of small sets beside 1 MB values", Unit: "ms", Value: stats.Of(beside), Baseline: "alone", Base: stats.Of(alone),
	})
	return db.Close()
}

// smallWrites gives the 99th percentile of sets, one after another, in ms.
func smallWrites(ctx context.Context, db *kv.DB, d time.Duration) (float64, error) {
	var took []float64
	for end := time.Now().Add(d); time.Now().Before(end); {
		began := time.Now()
		if err := db.Set(ctx, 1, "store", "k", "value", kv.SetOptions{}); err != nil {
			return 0, err
		}
		took = append(took, stats.Milliseconds(time.Since(began)))
	}
	return stats.Percentile(took, 0.99), nil
}
