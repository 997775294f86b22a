package bot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// script is one loaded bundle of a guild. It implements supervisor.Host.
type script struct {
	guild    *guild
	revision deploy.Revision // Without its sources, which only the load needs.
	inst     *supervisor.Instance
	since    time.Time
	ctx      context.Context //nolint:containedctx // The life of the script's ops.
	cancel   context.CancelFunc
	loaded   chan *wire.Failure // One value: how the load ended.
	gone     chan struct{}
	lost     error // Why it is gone; set before gone is closed.
	tenure   *tenure
	trial    bool // It was loaded to be deployed, and not because it serves.
	greeted  bool // It was told "ready". The guild's mu guards it.

	mu       sync.Mutex // Guards the members below.
	events   map[string]struct{}
	told     map[string]struct{} // Events that were looked at for warnings.
	unheard  int                 // Of which there was a warning.
	marks    []string            // What begins the messages it handles; none when it handles none or all.
	crons    []cron.Job
	slash    json.RawMessage // Declared and not yet sent to Discord.
	inflight map[uint64]event
	idle     chan struct{} // Closed when inflight is empty, if somebody waits.
	ops      load          // Being answered.
	kept     int           // What it has open that would be lost with it.
	calm     chan struct{} // Closed when no op is being answered, if somebody waits.
	retired  bool
	evicted  bool   // It goes, and the next one gets what comes.
	asleep   bool   // It goes, or went, until something comes for it.
	synced   string // Which commands Discord has of it.
	ended    bool   // Nothing can be sent to it any more.
	up       bool   // Loaded and serving; what it declares counts at once.

	given atomic.Uint64 // Events and results that it was sent; events while mu is held.

	lines lines
}

// loadGrace is what a load may take beyond its limit, on a busy machine, before
// control gives up waiting for the worker's own verdict.
const loadGrace = 5 * time.Second

// messageCreate is the script's name for a new message.
const messageCreate = "messageCreate"

// newScript starts the revision's bundle and waits until it has loaded.
func newScript(ctx context.Context, g *guild, rev deploy.Revision, trial bool) (*script, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.bot.base, cancel)() //nolint:contextcheck // The end of the core ends every load.
	if g.bot.base.Err() != nil {
		cancel() // That would come a moment later.
		return nil, givenUp(ctx)
	}
	bundle := rev.Bundle
	rev.Bundle, rev.Files = "", nil
	s := &script{
		guild: g, revision: rev, loaded: make(chan *wire.Failure, 1), gone: make(chan struct{}),
		events: map[string]struct{}{}, told: map[string]struct{}{}, inflight: map[uint64]event{}, since: time.Now(), trial: trial,
	}
	g.mu.Lock()
	s.tenure = g.tenure
	ours := g.ours()
	g.mu.Unlock()
	if !ours {
		return nil, errElsewhere()
	}
	s.ctx, s.cancel = context.WithCancel(g.bot.base)
	info, err := json.Marshal(map[string]any{
		"guildId": g.id, "applicationId": g.bot.cfg.Application(), "maxTimers": g.bot.limits().Script.Timers,
		"endpoint": g.bot.cfg.Endpoint(g.id),
	})
	if err == nil {
		// The reader may call the host before Load returns the instance.
		ready := make(chan struct{})
		env, version := g.environ(ctx)
		s.inst, err = g.bot.seat(ctx, g, supervisor.Spec{
			Guild: g.id, Name: "file:///guild/" + g.id.String() + "/bundle.js", Source: bundle,
			Info: string(info), Limits: g.bot.limits().Script, Env: env, Apart: g.apart(),
		}, &gate{Host: s, ready: ready})
		if err == nil {
			g.join(s, version)
		}
		close(ready)
	}
	if err != nil {
		s.cancel()
		if ctx.Err() != nil {
			return nil, givenUp(ctx)
		}
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		s.retire()
		return nil, err
	}
	return s, nil
}

// wait waits until the load has ended.
func (s *script) wait(ctx context.Context) error {
	limit := s.guild.bot.limits().Load
	timer := time.NewTimer(limit + loadGrace)
	defer timer.Stop()
	select {
	case f := <-s.loaded:
		if f != nil {
			return s.explain(ctx, f)
		}
		return nil
	case <-s.gone:
		if loss, died := errors.AsType[*supervisor.Loss](s.lost); died && loss.Blame == supervisor.Culprit {
			return fault.Wrap(loss, fault.DeployFailed, "the script brought its worker process down while it loaded: %s", loss.What)
		}
		if errors.Is(s.lost, supervisor.ErrWorkerLost) {
			return fault.Wrap(s.lost, fault.Unavailable, "the worker process ended while the script loaded; try again")
		}
		return fault.Wrap(s.lost, fault.DeployFailed, "the script's isolate ended while it loaded: %s", s.lost)
	case <-timer.C:
		return fault.New(fault.DeployFailed, "TimeoutError: the script did not load within %s; what its top level does must end by then", limit)
	case <-ctx.Done():
		return givenUp(ctx)
	}
}

func givenUp(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "the load was given up because its caller went away or the runtime stops")
}

// gate holds a host's first call back until the instance is known to it.
type gate struct {
	supervisor.Host
	ready chan struct{}
}

func (g *gate) Op(c wire.OpCall)                   { <-g.ready; g.Host.Op(c) }
func (g *gate) Settled(id uint64, f *wire.Failure) { <-g.ready; g.Host.Settled(id, f) }
func (g *gate) Gone(lost error, begun uint64)      { <-g.ready; g.Host.Gone(lost, begun) }

// explain is the deploy error of a failed load, in the author's own positions.
func (s *script) explain(ctx context.Context, f *wire.Failure) error {
	return fault.New(fault.DeployFailed, "%s", s.guild.bot.maps.stack(ctx, s.guild, s.revision, f.Text))
}

// retire unloads the script; its end is no loss then.
func (s *script) retire() {
	s.mu.Lock()
	s.retired = true
	s.mu.Unlock()
	_ = s.inst.Unload()
}

// drain retires the script once its handlers have settled, at most after d.
func (s *script) drain(ctx context.Context, d time.Duration) {
	s.mu.Lock()
	idle := s.idle // Somebody waits already, or nobody does.
	if idle == nil {
		idle = make(chan struct{})
		if len(s.inflight) == 0 {
			close(idle)
		} else {
			s.idle = idle
		}
	}
	s.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-ctx.Done():
	}
	s.retire()
}

// Busy implements supervisor.Host.
func (s *script) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inflight) > 0 || s.ops.ops > 0
}

// Evict implements supervisor.Host. Only one that serves is loaded again.
func (s *script) Evict() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.up || s.ended || s.retired || s.evicted || len(s.inflight) > 0 || s.ops.ops > 0 || s.kept > 0 {
		return false
	}
	s.evicted = s.inst.Unload() == nil
	return s.evicted
}

// start is what became of an event that was to begin.
type start int

const (
	full   start = iota // Too many are in flight, or the script is on its way out: the event waits.
	begun               // It was sent, or is done with.
	asked               // It waits for its claim, under its ticket.
	denied              // It is somebody else's.
)

// begin sends the event to the isolate. The caller holds the guild's mu.
func (s *script) begin(e *event) start {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.evicted || s.guild.bot.draining.Load() || !s.room(e) {
		return full
	}
	id := s.guild.bot.dispatch.Add(1)
	if !e.granted {
		switch e.receipt.Begin(s.inst.Memory(), id, s.guild) {
		case discord.ClaimDenied:
			return denied
		case discord.ClaimAsked:
			e.ticket = id
			return asked
		case discord.ClaimGranted:
		}
	}
	if s.tenure != nil && !s.tenure.valid() {
		return denied
	}
	e.begun = time.Now()
	e.span.Note("handed to the script")
	s.inflight[id] = *e
	s.given.Add(1)
	err := s.inst.Dispatch(id, e.name, e.payload, s.guild.bot.limits().Dispatch, e.cpu)
	if err == nil {
		if e.request != nil {
			e.request.Begun(s.ctx)
		}
		if w := s.guild.bot.cfg.Witness; w != nil {
			w.Begun(s.guild.id, id, e.name)
		}
		return begun
	}
	e.receipt.Waits()
	e.ticket, e.granted = 0, false
	delete(s.inflight, id)
	if errors.Is(err, wire.ErrTooLarge) {
		// It fits no script.
		s.guild.bot.cfg.Meter.Dropped(droppedLarge, 1)
		e.finish()
		return begun
	}
	return full
}

// room reports whether there is some for the event among those in flight and those
// that wait for their claims. The caller holds mu and the guild's.
func (s *script) room(e *event) bool {
	taken := len(s.inflight) + s.guild.queue.claims
	if e.granted {
		taken--
	}
	return taken < s.guild.bot.limits().InFlight
}

// serves reports whether the script is, or was, the guild's.
func (s *script) serves() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up
}

func (s *script) subscribed(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.events[name]
	return ok || name == messageCreate && len(s.marks) > 0
}

// handles reports whether a handler may take the event. A message that is no
// command of a script which handles only commands is not even converted.
func (s *script) handles(e discord.Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range catalog.Names(e.Type) {
		if _, ok := s.events[name]; ok || name == messageCreate && s.isCommand(e) {
			return true
		}
	}
	return false
}

// isCommand reports whether the message begins with one of the marks. The
// caller holds mu.
func (s *script) isCommand(e discord.Event) bool {
	return slices.ContainsFunc(s.marks, func(mark string) bool { return discord.IsCommand(e.Data, mark) })
}

func (s *script) types() map[string]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]struct{}{}
	for name := range s.events {
		if e := catalog.ByName(name); e != nil {
			out[e.Type] = struct{}{}
		}
	}
	if len(s.marks) > 0 {
		out[catalog.ByName(messageCreate).Type] = struct{}{}
	}
	return out
}

// jobs gives the cron jobs, and from now on later ones go to the ticker.
func (s *script) jobs() []cron.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = true
	return slices.Clone(s.crons)
}

// takeCommands gives the slash commands that Discord was not yet told of.
func (s *script) takeCommands() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	commands := s.slash
	s.slash = nil
	return commands
}
