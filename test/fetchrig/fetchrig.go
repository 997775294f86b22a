// Package fetchrig runs one script in a worker process of its own, with nothing
// of the runtime around it but fetch, for tests and benchmarks of it. What the
// script fetches comes from servers on loopback with public-looking addresses.
package fetchrig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
)

const guild snowflake.GuildID = 100000000000000001

// Rig is the script and what is around it.
type Rig struct {
	table  *op.Table
	life   context.Context //nolint:containedctx // Of the script.
	end    context.CancelFunc
	client *egress.Client
	exe    *supervisor.Executable
	inst   *supervisor.Instance
	done   chan error // Of the pool.

	mu      sync.Mutex // Guards next.
	next    uint64
	Lines   chan string // Of the script's log.
	settled chan *wire.Failure
	gone    chan error
	loaded  chan struct{}
}

// Start has a worker of the runtime at path load the script. cfg is what the
// requests go through; its limits are the caller's.
func Start(path, script string, cfg egress.Config) (*Rig, error) {
	r := &Rig{Lines: make(chan string, 1000), settled: make(chan *wire.Failure, 10), gone: make(chan error, 1), done: make(chan error, 1), loaded: make(chan struct{}), next: 1}
	r.client = egress.New(cfg)
	r.life, r.end = context.WithCancel(context.Background())
	var err error
	if r.table, err = op.NewTable(fetch.Ops(r.client)); err != nil {
		return nil, err
	}
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		return nil, err
	}
	if r.exe, err = supervisor.NewExecutable(r.life, supervisor.Executable{Path: path, Memory: 1 << 30, Threads: 4}, sdk); err != nil {
		return nil, err
	}
	pool, err := supervisor.New(supervisor.Config{Workers: 1, PerWorker: 2, Turns: 4, Launch: r.exe, Log: zap.NewNop(), Ops: r.table.Names()})
	if err != nil {
		return nil, err
	}
	go func() { r.done <- pool.Run(r.life) }()
	r.inst, err = pool.Load(r.life, supervisor.Spec{
		Guild: guild, Name: "file:///guild/1/bundle.js", Source: script, Info: `{"guildId":"1","applicationId":"2","maxTimers":512}`,
		Limits: wire.Limits{MemoryBytes: 128 << 20, TurnMS: 60_000, LoadMS: 60_000, PendingOps: 1024, Timers: 512, Crons: 1, LogsPerSecond: 1000, LogBurst: 1000},
	}, r)
	close(r.loaded)
	if err == nil {
		err = r.wait(r.life)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close ends all.
func (r *Rig) Close() error {
	r.end()
	err := <-r.done
	r.client.Close()
	return errors.Join(err, r.exe.Close())
}

// Dispatch has the script handle an event and waits for it.
func (r *Rig) Dispatch(ctx context.Context, event string) error {
	r.mu.Lock()
	r.next++
	id := r.next
	r.mu.Unlock()
	if err := r.inst.Dispatch(id, event, []byte("{}"), time.Hour, time.Minute); err != nil {
		return err
	}
	return r.wait(ctx)
}

func (r *Rig) wait(ctx context.Context) error {
	select {
	case f := <-r.settled:
		if f != nil {
			return errors.New(f.Text)
		}
		return nil
	case err := <-r.gone:
		return fmt.Errorf("the script is gone: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Op implements supervisor.Host as pkg/bot does.
func (r *Rig) Op(c wire.OpCall) {
	<-r.loaded
	go func() {
		o, ok := r.table.At(c.Op)
		if !ok {
			return
		}
		result, err := o.Handler(r.life, op.Call{Guild: guild, Args: c.Args, Raw: c.Raw, Life: r.life})
		var bytes []byte
		if with, ok := result.(op.WithBytes); ok {
			result, bytes = with.Result, with.Bytes
		}
		if err != nil {
			f := fault.From(err)
			result, bytes = map[string]any{"class": f.Class(), "name": f.Name, "message": f.Message}, nil
		}
		var doc []byte
		if result != nil {
			doc, _ = json.Marshal(result)
		}
		_ = r.inst.Resolve(c.Call, err == nil, doc, bytes)
	}()
}

// Log implements supervisor.Host.
func (r *Rig) Log(_ int, text string) {
	select {
	case r.Lines <- text:
	default:
	}
}

// Settled implements supervisor.Host.
func (r *Rig) Settled(_ uint64, f *wire.Failure) { r.settled <- f }

// Declared implements supervisor.Host.
func (r *Rig) Declared(string, string) {}

// Limit implements supervisor.Host.
func (r *Rig) Limit(string, int, string) {}

// Busy implements supervisor.Host.
func (r *Rig) Busy() bool { return true }

// Evict implements supervisor.Host.
func (r *Rig) Evict() bool { return false }

// Gone implements supervisor.Host.
func (r *Rig) Gone(lost error, _ uint64) { r.gone <- lost }
