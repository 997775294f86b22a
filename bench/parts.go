package main

import (
	"context"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// touchAll has everything made that the SDK makes when it is touched.
const touchAll = `for (const of of [globalThis, flora, Deno]) Object.getOwnPropertyDescriptors(of);
`

// The samples of heapJob.
const (
	heapUsed = "heap"
	snapshot = "snapshot"
	source   = "source"
)

// parts measures what a script saves that touches little of the SDK, beside one
// for which all of it is made.
func (b *bench) parts(ctx context.Context) error {
	const baseline = "all of the SDK made"
	for _, m := range []struct {
		job, sample, name, unit string
		times                   int
		numbers                 []int
	}{
		{"cold", loaded, "cold start", "ms", b.plan.coldChildren, []int{b.plan.coldStarts}},
		{"resident", resident, "resident isolate", "MB", 1, []int{b.plan.isolates}},
		{"heap", heapUsed, "heap of an empty script", "KB", 1, nil},
	} {
		our, theirs, err := twoWays(ctx, m.job, whole, false, m.times, m.numbers...)
		if err != nil {
			return err
		}
		b.report.Add(report.Row{
			Group: "parts", Name: m.name, Note: jitNote(false), Unit: m.unit, Value: stats.Of(our[m.sample]),
			Baseline: baseline, Base: stats.Of(theirs[m.sample]), Target: report.RatioAtMost(0.8),
		})
		if m.job == "heap" {
			b.report.Add(report.Row{
				Group: "parts", Name: "start-up snapshot", Unit: "KB", Value: stats.Of(our[snapshot]),
				Baseline: "the SDK's source", Base: stats.Of(our[source]),
			})
		}
	}
	return nil
}

// heapJob is the JavaScript heap of one isolate after a script, in KB, and how
// large what it starts from is: the snapshot without the source, and the source,
// which all isolates share.
func heapJob(script string) (samples, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	made, err := v8.Snapshot(e.sdk)
	if err != nil {
		return nil, err
	}
	blob, err := v8.NewBlob(made)
	if err != nil {
		return nil, err
	}
	iso, err := v8.New(v8.Config{
		Blob: blob, MemoryLimit: 128 << 20, Natives: append(append([]string(nil), e.ops...), locals...), Info: info,
		Call: func(int, float64, float64, float64, []byte, []byte) v8.Result { return v8.String("{}") },
	})
	if err != nil {
		return nil, err
	}
	defer iso.Dispose()
	if err := iso.Load("bundle.js", script, 4, 1, 10*time.Second); err != nil {
		return nil, fmt.Errorf("run the script: %w", err)
	}
	kilobytes := func(n int) []float64 { return []float64{float64(n) / 1000} }
	return samples{heapUsed: kilobytes(int(iso.Stats().HeapUsed)), snapshot: kilobytes(len(made) - len(e.sdk)), source: kilobytes(len(e.sdk))}, nil
}
