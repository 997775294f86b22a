package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rogchap.com/v8go"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

const withoutSnapshot = "no snapshot"

// cold measures how long a guild's script takes from nothing to loaded.
func (b *bench) cold(ctx context.Context) error {
	var off stats.Summary
	for _, jit := range []bool{false, true} {
		our, theirs, err := bothWays(ctx, "cold", jit, b.plan.coldChildren, b.plan.coldStarts)
		if err != nil {
			return err
		}
		value := stats.Of(our[loaded])
		if !jit {
			off = value
		}
		b.report.Add(report.Row{
			Group: "cold", Name: "cold start from the snapshot", Note: jitNote(jit), Unit: "ms",
			Value: value, Baseline: withoutSnapshot, Base: stats.Of(theirs[loaded]),
		})
	}
	base, err := b.workerdCold(ctx)
	if err != nil {
		return fmt.Errorf("workerd: %w", err)
	}
	b.report.Add(report.Row{
		Group: "cold", Name: "cold start from the snapshot", Note: jitNote(false), Unit: "ms",
		Value: off, Baseline: "workerd", Base: base, Target: report.RatioAtMost(0.5),
	})
	return nil
}

// engine is what a job starts isolates with.
type engine struct {
	sdk, boot string
	ops       []string
	blob      *v8.Blob
	slots     *isolate.Slots
}

func newEngine() (*engine, error) {
	e := &engine{slots: isolate.NewSlots(8)}
	var err error
	if e.sdk, err = sdk(); err != nil {
		return nil, err
	}
	if e.ops, err = opNames(); err != nil {
		return nil, err
	}
	if e.boot, err = stockBoot(e.ops); err != nil {
		return nil, err
	}
	return e, nil
}

// snapshot makes the blob before the first isolate from it.
func (e *engine) snapshot() error {
	if e.blob != nil {
		return nil
	}
	blob, err := v8.Snapshot(e.sdk)
	if err != nil {
		return err
	}
	e.blob, err = v8.NewBlob(blob)
	return err
}

// loaded names the time from nothing to loaded.
const loaded = "loaded"

// coldJob starts isolates, as many to warm up as are then timed. A batch lives
// on together, as guilds do.
func coldJob(n []int, load func(*engine) (func(), error)) (samples, error) {
	if len(n) != 1 {
		return nil, errors.New("cold takes the number of starts")
	}
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	found := samples{}
	const batch = 20
	for done := 0; done < 2*n[0]; done += batch {
		var ends []func()
		for i := range min(batch, 2*n[0]-done) {
			t := time.Now()
			end, err := load(e)
			took := time.Since(t)
			if err != nil {
				return nil, err
			}
			ends = append(ends, end)
			if done+i >= n[0] {
				found[loaded] = append(found[loaded], stats.Milliseconds(took))
			}
		}
		for _, end := range ends {
			end()
		}
	}
	return found, nil
}

// load starts an isolate from the snapshot and waits until the bot has loaded.
func (e *engine) load() (func(), error) { return e.loadScript(bot) }

// loadWhole does the same with a bot that has all of the SDK made before.
func (e *engine) loadWhole() (func(), error) { return e.loadScript(touchAll + bot) }

func (e *engine) loadScript(source string) (func(), error) {
	if err := e.snapshot(); err != nil {
		return nil, err
	}
	h := &quietHost{loaded: make(chan *isolate.Failure, 1)}
	g := isolate.Start(isolate.Config{
		Blob: e.blob, Ops: e.ops, Info: info, Name: "bundle.js", Source: source, Host: h, Slots: e.slots,
	})
	select {
	case f := <-h.loaded:
		if f != nil {
			g.Stop()
			return nil, f
		}
		return g.Stop, nil
	case <-g.Done():
		return nil, errors.New("the isolate ended before the bot had loaded")
	}
}

// loadStock does the same with v8go as it comes.
func (e *engine) loadStock() (func(), error) {
	iso := v8go.NewIsolate()
	ctx := v8go.NewContext(iso)
	end := func() { ctx.Close(); iso.Dispose() }
	for _, s := range []struct{ name, source string }{{"flora:sdk", e.sdk}, {"boot.js", e.boot}, {"bundle.js", bot}} {
		if _, err := ctx.RunScript(s.source, s.name); err != nil {
			end()
			return nil, fmt.Errorf("run %s: %w", s.name, err)
		}
	}
	return end, nil
}

// quietHost answers nothing: the bot asks for nothing while it loads.
type quietHost struct{ loaded chan *isolate.Failure }

func (*quietHost) Op(isolate.OpCall)                         {}
func (*quietHost) Log(isolate.Level, string)                 {}
func (*quietHost) Declare(isolate.Declaration, string) error { return nil }
func (*quietHost) Limit(isolate.Hit)                         {}
func (*quietHost) Gone(error)                                {}

func (h *quietHost) Settled(id uint64, f *isolate.Failure) {
	if id == isolate.LoadID {
		h.loaded <- f
	}
}
