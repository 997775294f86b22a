package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// interactionLife is how long Discord takes answers to an interaction.
const interactionLife = 15 * time.Minute

// script is one loaded bundle of a guild. It implements supervisor.Host.
type script struct {
	guild    *guild
	revision deploy.Revision
	inst     *supervisor.Instance
	since    time.Time
	ctx      context.Context //nolint:containedctx // The life of the script's ops.
	cancel   context.CancelFunc
	loaded   chan *wire.Failure // One value: how the load ended.
	gone     chan struct{}
	lost     error // Why it is gone; set before gone is closed.
	greeted  bool  // It was told "ready". The guild's mu guards it.

	mu       sync.Mutex // Guards the members below.
	events   map[string]struct{}
	crons    []cron.Job
	slash    json.RawMessage
	inflight map[uint64]event
	idle     chan struct{} // Closed when inflight is empty, if somebody waits.
	pending  int           // Ops being answered.
	retired  bool
	up       bool // Loaded and serving; later cron jobs go to the ticker at once.
}

// loadGrace is what a load may take beyond its limit, on a busy machine, before
// control gives up waiting for the worker's own verdict.
const loadGrace = 5 * time.Second

// newScript starts the revision's bundle and waits until it has loaded.
func newScript(ctx context.Context, g *guild, rev deploy.Revision) (*script, error) {
	s := &script{
		guild: g, revision: rev, loaded: make(chan *wire.Failure, 1), gone: make(chan struct{}),
		events: map[string]struct{}{}, inflight: map[uint64]event{}, since: time.Now(),
	}
	s.ctx, s.cancel = context.WithCancel(g.bot.base)
	info, err := json.Marshal(map[string]any{
		"guildId": g.id, "applicationId": g.bot.cfg.Application(), "maxTimers": g.bot.cfg.Limits.Script.Timers,
	})
	if err != nil {
		return nil, fmt.Errorf("describe the guild to its script: %w", err)
	}
	// The reader may call the host before Load returns the instance.
	ready := make(chan struct{})
	s.inst, err = g.bot.cfg.Pool.Load(ctx, supervisor.Spec{
		Guild: g.id, Name: "file:///guild/" + g.id.String() + "/bundle.js", Source: rev.Bundle,
		Info: string(info), Limits: g.bot.cfg.Limits.Script,
	}, &gate{Host: s, ready: ready})
	close(ready)
	if err != nil {
		s.cancel()
		return nil, err
	}
	limit := time.NewTimer(g.bot.cfg.Limits.Load + loadGrace)
	defer limit.Stop()
	select {
	case f := <-s.loaded:
		if f == nil {
			return s, nil
		}
		s.retire()
		return nil, s.explain(ctx, f)
	case <-s.gone:
		if errors.Is(s.lost, supervisor.ErrWorkerLost) {
			return nil, fault.Wrap(s.lost, fault.Unavailable, "the worker process ended while the script loaded; try again")
		}
		return nil, fault.Wrap(s.lost, fault.DeployFailed, "the script's isolate ended while it loaded: %s", s.lost)
	case <-limit.C:
		s.retire()
		return nil, fault.New(fault.DeployFailed, "TimeoutError: the script did not load within %s; what its top level does must end by then", g.bot.cfg.Limits.Load)
	case <-ctx.Done():
		s.retire()
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "the load was given up because its caller went away or the runtime stops")
	}
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
	return fault.New(fault.DeployFailed, "%s", s.guild.bot.maps.text(ctx, s.revision, f.Text))
}

// Settled implements supervisor.Host.
func (s *script) Settled(id uint64, f *wire.Failure) {
	if id == supervisor.LoadID {
		select {
		case s.loaded <- f:
		default: // A hostile worker may say it twice.
		}
		return
	}
	s.mu.Lock()
	e, ok := s.inflight[id]
	delete(s.inflight, id)
	if len(s.inflight) == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
	s.mu.Unlock()
	if !ok {
		return
	}
	e.finish()
	if f != nil {
		stage := "dispatch"
		if e.cpu > 0 {
			stage = "cron"
		}
		s.logMapped("error", logs.TargetRuntime, stage+" failed: "+f.Text)
	}
	s.guild.pump()
}

// Log implements supervisor.Host.
func (s *script) Log(level int, text string) {
	levels := []string{"trace", "debug", "info", "warn", "error"}
	name := levels[min(max(level, 0), len(levels)-1)]
	if name == "error" {
		s.logMapped(name, logs.TargetScript, text)
		return
	}
	s.guild.log(name, logs.TargetScript, text)
}

// logMapped resolves positions first, when the text has some; the mapping runs
// beside, so that a slow one holds nothing up.
func (s *script) logMapped(level, target, text string) {
	if !s.guild.bot.maps.needed(s.revision, text) {
		s.guild.log(level, target, text)
		return
	}
	s.guild.bot.background(func(ctx context.Context) {
		s.guild.log(level, target, s.guild.bot.maps.text(ctx, s.revision, text))
	})
}

// Declared implements supervisor.Host. What a worker says is checked again: it
// may be hostile.
func (s *script) Declared(kind, value string) {
	const most = 256 // Of event names.
	s.mu.Lock()
	live := s.up
	switch kind {
	case "event":
		if len(s.events) < most && len(value) <= 128 {
			s.events[value] = struct{}{}
		}
	case "commands":
		if json.Valid([]byte(value)) {
			s.slash = json.RawMessage(value)
		}
	case "cron":
		s.addCron(value)
	}
	s.mu.Unlock()
	if !live {
		return
	}
	switch kind {
	case "event":
		s.guild.bot.resubscribe()
	case "cron":
		s.guild.bot.cfg.Crons.Set(s.guild.id, s.jobs())
	case "commands":
		s.guild.bot.background(func(ctx context.Context) { s.guild.syncCommands(ctx, s) })
	}
}

func (s *script) addCron(value string) {
	var job struct {
		Name, Expr    string
		SkipIfRunning bool
	}
	if json.Unmarshal([]byte(value), &job) != nil || len(s.crons) >= s.guild.bot.cfg.Limits.Script.Crons {
		return
	}
	if slices.ContainsFunc(s.crons, func(j cron.Job) bool { return j.Name == job.Name }) {
		return
	}
	s.crons = append(s.crons, cron.Job{Guild: s.guild.id, Name: job.Name, Expr: job.Expr, SkipIfRunning: job.SkipIfRunning})
}

// Gone implements supervisor.Host. Events whose handlers had not begun wait for
// the script that comes next; the others are lost with this one.
func (s *script) Gone(lost error, begun uint64) {
	s.cancel()
	if s.lost = lost; lost == nil {
		s.lost = errors.New("it was unloaded")
	}
	close(s.gone)
	s.mu.Lock()
	left := s.inflight
	s.inflight = map[uint64]event{}
	if s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
	retired := s.retired
	s.mu.Unlock()
	s.guild.requeue(s.unbegun(left, begun))
	if retired {
		s.guild.pump()
		return
	}
	s.guild.lost(s, s.lost)
}

// unbegun gives the events that never reached the script, in their order, and
// ends the others.
func (s *script) unbegun(left map[uint64]event, begun uint64) []event {
	var ids []uint64
	lost := 0
	for id, e := range left {
		if id > begun {
			ids = append(ids, id)
			continue
		}
		e.finish()
		lost++
	}
	if lost > 0 {
		s.guild.log("warn", logs.TargetRuntime, fmt.Sprintf("%d running handlers ended with the script's isolate; they are not run again", lost))
	}
	slices.Sort(ids)
	out := make([]event, len(ids))
	for i, id := range ids {
		out[i] = left[id]
	}
	return out
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
	idle := make(chan struct{})
	if len(s.inflight) == 0 {
		close(idle)
	} else {
		s.idle = idle
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

// begin sends the event to the isolate unless too many are in flight.
func (s *script) begin(e event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.inflight) >= s.guild.bot.cfg.Limits.InFlight {
		return false
	}
	id := s.guild.bot.dispatch.Add(1)
	s.inflight[id] = e
	if err := s.inst.Dispatch(id, e.name, e.payload, s.guild.bot.cfg.Limits.Dispatch, e.cpu); err != nil {
		// The worker is on its way out: the event waits for the next one.
		delete(s.inflight, id)
		return false
	}
	return true
}

// Op implements supervisor.Host.
func (s *script) Op(c wire.OpCall) {
	limit := s.guild.bot.cfg.Limits.Script.PendingOps
	s.mu.Lock()
	s.pending++
	over := s.pending > limit
	s.mu.Unlock()
	if over {
		s.answer(c, nil, fault.New(fault.RateLimited, "more than %d operations are pending", limit))
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.guild.bot.cfg.Limits.Op)
		defer cancel()
		o, ok := s.guild.bot.cfg.Op(c.Op)
		if !ok {
			s.answer(c, nil, fault.New(fault.NotSupported, "there is no such operation"))
			return
		}
		result, err := o.Handler(ctx, op.Call{Guild: s.guild.id, Args: c.Args})
		if err == nil && o.Rule == op.Interaction {
			s.extend(c.Dispatch)
		}
		s.answer(c, result, err)
	}()
}

// extend gives the handler of an answered interaction until its token ends.
func (s *script) extend(dispatch uint64) {
	s.mu.Lock()
	e, ok := s.inflight[dispatch]
	s.mu.Unlock()
	if ok && e.interaction {
		_ = s.inst.Extend(dispatch, interactionLife-time.Since(e.received))
	}
}

func (s *script) answer(c wire.OpCall, result any, err error) {
	s.mu.Lock()
	s.pending--
	s.mu.Unlock()
	if err != nil {
		_ = s.inst.Resolve(c.Call, false, scriptError(err))
		return
	}
	doc, ok := result.(json.RawMessage)
	if !ok && result != nil {
		if doc, err = json.Marshal(result); err != nil {
			_ = s.inst.Resolve(c.Call, false, scriptError(fmt.Errorf("encode an op's result: %w", err)))
			return
		}
	}
	_ = s.inst.Resolve(c.Call, true, doc)
}

// scriptError is the error document that the SDK makes an Error of.
func scriptError(err error) []byte {
	f := fault.From(err)
	doc := map[string]any{}
	for k, v := range f.Details {
		doc[k] = v
	}
	doc["class"], doc["message"] = f.Class(), f.Message
	if f.Name != "" {
		doc["name"] = f.Name
	}
	if code := f.ScriptCode(); code != "" {
		doc["code"] = code
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return []byte(`{"class":"Error","message":"internal error","code":"INTERNAL"}`)
	}
	return b
}

func (s *script) subscribed(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.events[name]
	return ok
}

func (s *script) handles(eventType string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range discord.Names(eventType) {
		if _, ok := s.events[name]; ok {
			return true
		}
	}
	return false
}

func (s *script) types() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name := range s.events {
		out = append(out, discord.Types(name)...)
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

func (s *script) commands() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slash
}
