package kv_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/pebbledb"
)

const benchWriters = 64

func openBench(b *testing.B) *kv.DB {
	b.Helper()
	db, err := kv.Open(kv.Config{Dir: b.TempDir(), Limits: unlimited()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// parallel runs f b.N times in benchWriters goroutines, each with its number.
func parallel(b *testing.B, f func(writer int, rng *rand.Rand) error) {
	b.Helper()
	b.SetParallelism(max(1, benchWriters/runtime.GOMAXPROCS(0)))
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		w := int(next.Add(1))
		rng := rand.New(rand.NewPCG(uint64(w), 1)) //nolint:gosec // Repeatable on purpose.
		for pb.Next() {
			if err := f(w, rng); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

// BenchmarkDurableSet compares Set, for one and for many guilds, with the
// plain synced writes of "pebble bench sync -c 64 --batch 1 --values 256".
func BenchmarkDurableSet(b *testing.B) {
	value := strings.Repeat("0123456789abcdef", 16)
	b.Run("pebble", func(b *testing.B) {
		db, err := pebbledb.Open(b.TempDir(), pebbledb.Options{Name: "bench", Version: 1, MemTable: 64 << 20, Cache: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		parallel(b, func(_ int, rng *rand.Rand) error {
			batch := db.NewBatch()
			if err := batch.Set(binary.BigEndian.AppendUint32([]byte{1}, rng.Uint32()), []byte(value), nil); err != nil {
				return err
			}
			return batch.Commit(pebble.Sync)
		})
	})
	for _, guilds := range []int{1, benchWriters} {
		b.Run(fmt.Sprintf("kv/guilds=%d", guilds), func(b *testing.B) {
			db := openBench(b)
			parallel(b, func(w int, rng *rand.Rand) error {
				return db.Set(context.Background(), snowflake.GuildID(1+w%guilds), "store", fmt.Sprint(rng.Uint32()), value, kv.SetOptions{}) //nolint:gosec // Small.
			})
		})
	}
}

// BenchmarkSetByStoreSize shows that a write costs the same in a full store.
func BenchmarkSetByStoreSize(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			db := openBench(b)
			fill(b, db, n)
			i := 0
			for b.Loop() {
				i++
				if err := db.Set(b.Context(), guildA, "s", fmt.Sprintf("new/%d", i), "v", kv.SetOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func fill(b *testing.B, db *kv.DB, n int) {
	b.Helper()
	errs := make(chan error, benchWriters)
	for w := range benchWriters {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += benchWriters {
				err = db.Set(b.Context(), guildA, "s", fmt.Sprintf("%07d", i), "value", kv.SetOptions{})
			}
			errs <- err
		}()
	}
	for range benchWriters {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	db := openBench(b)
	fill(b, db, 100_000)
	if err := db.Set(b.Context(), guildA, "s", "large", strings.Repeat("x", 1<<20), kv.SetOptions{}); err != nil {
		b.Fatal(err)
	}
	for name, key := range map[string]string{"get": "0050000", "get1MB": "large", "missing": "none"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Get(b.Context(), guildA, "s", key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("list100", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.List(b.Context(), guildA, "s", kv.ListOptions{Cursor: "0050000"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSetBesideLargeValues is a small write of one guild, alone and while
// another writes values of 1 MB as fast as it can.
func BenchmarkSetBesideLargeValues(b *testing.B) {
	for _, noise := range []bool{false, true} {
		b.Run(fmt.Sprintf("noise=%t", noise), func(b *testing.B) {
			db := openBench(b)
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			writers := 0
			if noise {
				writers = 16
			}
			large := strings.Repeat("x", 1<<20)
			for w := range writers {
				go func() {
					for i := 0; ctx.Err() == nil; i++ {
						_ = db.Set(ctx, guildB, "s", fmt.Sprintf("%d/%d", w, i%8), large, kv.SetOptions{})
					}
					ended <- struct{}{}
				}()
			}
			worst := time.Duration(0)
			for b.Loop() {
				start := time.Now()
				if err := db.Set(ctx, guildA, "s", "k", "v", kv.SetOptions{}); err != nil {
					b.Fatal(err)
				}
				worst = max(worst, time.Since(start))
			}
			b.ReportMetric(float64(worst.Milliseconds()), "worst-ms")
			cancel()
			for range writers {
				<-ended
			}
		})
	}
}
