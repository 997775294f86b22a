// Package supervisor is control's side of the workers: it starts them, places
// scripts on them, replaces the dead and tells each script's owner when its
// isolate is lost and whose fault that was. It trusts nothing in a frame but the
// instances it gave to that connection.
package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// LoadID is the dispatch id under which a script's load settles.
const LoadID = 1

// ErrWorkerLost is why instances of a dead worker are gone.
var ErrWorkerLost = errors.New("the worker process ended")

// ErrFull is that no worker has room for one more script.
var ErrFull = errors.New("no worker has room")

// Host owns one instance. Its methods are called in order from the worker's
// reader and must not block.
type Host interface {
	Op(c wire.OpCall)
	Log(level int, text string)
	Settled(id uint64, failure *wire.Failure)
	Declared(kind, value string)
	// Limit says that the script ran into a limit; text is for its log, if any.
	Limit(name string, count int, text string)
	// Busy reports whether the script handles something.
	Busy() bool
	// Evict asks for the script's end, because its process is nearly full, and
	// is false if it has something to do. It is called from elsewhere.
	Evict() bool
	// Gone is the last call: nil after Unload, a *Loss when the process died,
	// else why the isolate had to go. begun is the id of the last dispatch
	// whose handlers began; those with greater ids never reached the script.
	Gone(lost error, begun uint64)
}

// Spec is a script to load.
type Spec struct {
	Guild  snowflake.GuildID
	Name   string
	Source string
	Info   string
	Limits wire.Limits
	Env    []wire.Variable
	Apart  Apart
}

// Config of a Pool.
type Config struct {
	Workers   int // Processes.
	Penalty   int // Processes more for scripts that run apart, started when one is needed.
	PerWorker int // Scripts per process.
	Turns     int // Turns that may run at once in a process.
	Ops       []string
	Launch    Launcher
	Log       *zap.Logger
	Metrics   Metrics // Nil counts nothing.
}

// Metrics is told what happens to the workers.
type Metrics interface {
	WorkerDied(cause string)
	PenaltyWorkers(n int)
}

type unmetered struct{}

func (unmetered) WorkerDied(string)  {}
func (unmetered) PenaltyWorkers(int) {}

// Launcher starts one worker and gives the connection to it.
type Launcher interface {
	// scripts is how many it may hold.
	Launch(ctx context.Context, scripts int) (Process, error)
}

// Process is a started worker.
type Process interface {
	Conn() *wire.Conn
	PID() int
	// Kill ends it at once. Wait returns when it has ended, with how.
	Kill()
	Wait() error
	// Marks are shared with the process; they last until Release.
	Marks() *mark.Marks
	Release() error
}

// Pool is a fixed number of slots, each with a worker process, and some for
// scripts that run apart.
type Pool struct {
	cfg     Config
	slots   []*slot
	penalty []*slot
	all     []*slot // Both.
	next    atomic.Uint64
	placing sync.Mutex // Held while a place in a penalty worker is chosen; before any slot's mu.
	apart   atomic.Int64

	reporting sync.Mutex // Guards reports.
	reports   map[int]sandbox.Report
}

// New makes a pool; Run starts the workers.
func New(cfg Config) (*Pool, error) {
	if cfg.Workers < 1 || cfg.PerWorker < 1 || cfg.Launch == nil {
		return nil, errors.New("a pool needs workers, room in them and a launcher")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = unmetered{}
	}
	p := &Pool{cfg: cfg, reports: map[int]sandbox.Report{}}
	p.next.Store(LoadID)
	for i := range cfg.Workers {
		p.slots = append(p.slots, newSlot(i, p, false))
	}
	for i := range cfg.Penalty {
		p.penalty = append(p.penalty, newSlot(cfg.Workers+i, p, true))
	}
	p.all = slices.Concat(p.slots, p.penalty)
	return p, nil
}

// Run keeps every slot's worker alive until ctx ends, then stops all.
func (p *Pool) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, s := range p.all {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Go(func() { p.watch(ctx) })
	wg.Wait()
	return nil
}

// PIDs lists the process ids of the workers that run, by slot, penalty workers
// last; 0 for none.
func (p *Pool) PIDs() []int {
	out := make([]int, len(p.all))
	for i, s := range p.all {
		out[i] = s.pid()
	}
	return out
}

// Load places a script and starts it. It waits for the slot's worker, at most
// until ctx ends. The outcome comes as host.Settled(LoadID) and, if the load
// failed, the caller unloads.
func (p *Pool) Load(ctx context.Context, spec Spec, host Host) (*Instance, error) {
	order := p.roomy(p.preference(spec.Guild))
	if spec.Apart != Together {
		if s := p.takePenalty(spec.Guild, spec.Apart); s != nil {
			order = []*slot{s}
		}
	}
	for _, s := range order {
		i := &Instance{id: p.next.Add(1), guild: spec.Guild, slot: s, host: host, turn: spec.Limits.TurnMS, loadTurn: spec.Limits.LoadMS}
		i.loading.Store(true)
		placed, err := s.load(ctx, i, spec)
		if !placed {
			s.giveBack(spec.Guild)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "no worker process could take the script; try again")
		}
		if placed {
			return i, nil
		}
	}
	return nil, fault.Wrap(ErrFull, fault.Unavailable, "all %d workers are full (%d scripts each, or nearly all the memory that they may use); raise runtime.max_workers, runtime.max_guilds_per_worker or runtime.worker_memory_mb", len(p.slots), p.cfg.PerWorker)
}

// Room is how many scripts the workers have room for, those that run apart left
// out.
func (p *Pool) Room() int { return len(p.slots) * p.cfg.PerWorker }

// preference orders the slots for a guild by rendezvous hashing: when a slot is
// full the guild goes to its next one, and no other guild moves.
func (p *Pool) preference(g snowflake.GuildID) []*slot {
	type scored struct {
		s     *slot
		score uint64
	}
	all := make([]scored, len(p.slots))
	for i, s := range p.slots {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%d/%d", i, g)
		all[i] = scored{s, mix(h.Sum64())}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	out := make([]*slot, len(all))
	for i, a := range all {
		out[i] = a.s
	}
	return out
}

// mix spreads FNV's weak high bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Instance is one loaded script. Its methods do not wait.
type Instance struct {
	id    uint64
	guild snowflake.GuildID
	mark  int
	// memory names the script's slot of the marks in processes after this one.
	memory uint64
	slot   *slot
	host   Host
	conn   *wire.Conn

	turn, loadTurn int64 // Milliseconds of CPU.
	loading        atomic.Bool
	longest        atomic.Int64 // Milliseconds of CPU that a dispatch was given beyond turn.
	seen           running      // Of the watchdog; the slot's mu guards it.
	rests          rests
}

// Place says on which worker the script is, and whether that is a penalty
// worker.
func (i *Instance) Place() (worker int, penal bool) { return i.slot.index, i.slot.penal }

// Memory names the place where a later process finds what the script had begun;
// 0 is no such place.
func (i *Instance) Memory() uint64 { return i.memory }

// limit is what a turn may use; the worker knows it more exactly.
func (i *Instance) limit() time.Duration {
	ms := max(i.turn, i.longest.Load())
	if i.loading.Load() {
		ms = max(ms, i.loadTurn)
	}
	return time.Duration(ms) * time.Millisecond
}

// Dispatch delivers an event; wall bounds the whole handler, cpu each turn (0
// is the script's own limit).
func (i *Instance) Dispatch(id uint64, event string, payload []byte, wall, cpu time.Duration) error {
	if ms := cpu.Milliseconds(); ms > i.longest.Load() {
		i.longest.Store(ms)
	}
	return i.send(wire.Dispatch{Instance: i.id, ID: id, Event: event, Payload: payload, WallMS: wall.Milliseconds(), CPUMS: cpu.Milliseconds()})
}

// Resolve settles an op; raw, unless it is nil, are bytes beside its result.
func (i *Instance) Resolve(call uint32, ok bool, result, raw []byte) error {
	return i.send(wire.OpResult{Instance: i.id, Call: call, OK: ok, Result: result, Raw: raw})
}

// argumentBytes bounds what the ops of a worker's scripts keep in control.
const argumentBytes = 256 << 20

// Hold takes n bytes of what the arguments of this worker's ops may use in
// control, if there is room; the caller gives them back with Drop.
func (i *Instance) Hold(n int) bool {
	if i.slot.arguments.Add(int64(n)) <= argumentBytes {
		return true
	}
	i.Drop(n)
	return false
}

// Drop gives back what Hold took.
func (i *Instance) Drop(n int) { i.slot.arguments.Add(-int64(n)) }

// Extend gives a dispatch this much time from now.
func (i *Instance) Extend(id uint64, d time.Duration) error {
	return i.send(wire.Extend{Instance: i.id, ID: id, MS: d.Milliseconds()})
}

// SetEnv replaces the script's environment.
func (i *Instance) SetEnv(env []wire.Variable) error {
	return i.send(wire.SetEnv{Instance: i.id, Env: env})
}

// Unload stops the script; host.Gone follows.
func (i *Instance) Unload() error { return i.send(wire.Unload{Instance: i.id}) }

func (i *Instance) send(frame any) error {
	err := i.conn.Send(frame)
	if errors.Is(err, wire.ErrBacklog) {
		i.slot.kill(i.conn, sentence{cause: Deaf, why: "it does not read what it is sent"})
	}
	return err
}
