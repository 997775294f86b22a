package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// What a worker may declare for a script; it may be hostile.
const (
	maxEvents       = 256
	maxEventName    = 512 // In bytes; the SDK takes 128 characters.
	maxMark         = maxEventName
	maxMarks        = 8
	maxCommandBytes = 4 << 20
)

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
	declined := e.declined(f)
	if declined {
		f = nil
	}
	s.settled(id, e, f)
	e.settle(f, !declined)
	e.finish()
	if w := s.guild.bot.cfg.Witness; w != nil {
		w.Settled(s.guild.id, id, f)
	}
	if f != nil {
		s.logLine("error", logs.TargetRuntime, e.stage()+" failed: "+f.Text, true)
		s.excuse(e)
	}
	s.guild.pump()
}

// Log implements supervisor.Host.
func (s *script) Log(level int, text string) {
	levels := []string{"trace", "debug", "info", "warn", "error", "error"}
	s.logLine(levels[min(max(level, 0), len(levels)-1)], logs.TargetScript, text, level >= wire.LevelUncaught)
}

// Declared implements supervisor.Host. What a worker says is checked again: it
// may be hostile.
func (s *script) Declared(kind, value string) {
	s.mu.Lock()
	changed := false
	switch kind {
	case "event":
		changed = s.addEvent(value)
	case "mark":
		changed = len(s.marks) < maxMarks && value != "" && len(value) <= maxMark && !slices.Contains(s.marks, value)
		if changed {
			s.marks = append(s.marks, value)
		}
	case "commands":
		changed = s.addCommands(value)
	case "cron":
		changed = s.addCron(value)
	case "cronend":
		before := len(s.crons)
		s.crons = slices.DeleteFunc(s.crons, func(j cron.Job) bool { return j.Name == value })
		changed = len(s.crons) < before
	}
	changed = changed && s.up
	s.mu.Unlock()
	if changed {
		s.guild.declared(s, kind)
	}
}

// addEvent, like its siblings, reports whether something changed that the guild
// has to act on. The caller holds mu.
func (s *script) addEvent(name string) bool {
	most := maxEvents + s.guild.bot.limits().Script.Crons // A job is an event, too.
	if _, known := s.events[name]; known || len(s.events) >= most || len(name) > maxEventName {
		return false
	}
	s.events[name] = struct{}{}
	return true
}

func (s *script) addCommands(value string) bool {
	if len(value) > maxCommandBytes || !json.Valid([]byte(value)) {
		return false
	}
	// Earlier ones that nobody took yet are replaced; whoever takes them is on
	// the way.
	first := s.slash == nil
	s.slash = json.RawMessage(value)
	return first
}

func (s *script) addCron(value string) bool {
	var job struct {
		Name, Expr    string
		SkipIfRunning bool
		Backoff       []int64
	}
	if json.Unmarshal([]byte(value), &job) != nil || cron.CheckBackoff(job.Backoff) != nil || len(s.crons) >= s.guild.bot.limits().Script.Crons {
		return false
	}
	if slices.ContainsFunc(s.crons, func(j cron.Job) bool { return j.Name == job.Name }) {
		return false
	}
	s.crons = append(s.crons, cron.Job{Guild: s.guild.id, Name: job.Name, Expr: job.Expr, SkipIfRunning: job.SkipIfRunning, Backoff: job.Backoff})
	return true
}

// Why a script is gone that was told to go.
var (
	errUnloaded = errors.New("it was unloaded")
	errEvicted  = errors.New("its worker process had nearly no memory left, and of the scripts with nothing to do it held the most")
)

func (s *script) gives() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.evicted
}

// Gone implements supervisor.Host. Events whose handlers had not begun wait for
// the script that comes next; the others are lost with this one.
func (s *script) Gone(lost error, begun uint64) {
	s.cancel()
	s.guild.part(s)
	if s.lost = lost; lost == nil {
		s.lost = errUnloaded
		if s.gives() {
			s.lost = errEvicted
		}
	}
	s.mu.Lock()
	s.ended = true
	left := s.inflight
	s.inflight = map[uint64]event{}
	if s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
	retired := s.retired
	s.mu.Unlock()
	if loss, died := errors.AsType[*supervisor.Loss](lost); died {
		s.guild.charge(s, loss, retired)
	}
	close(s.gone)
	s.guild.requeue(s, s.unbegun(left, begun))
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
		switch {
		case id <= begun:
			if e.over == nil {
				lost++
			}
			s.measureEnd(id, e, outcomeLost)
			e.cut, e.lost = true, !s.blameless()
			e.finish()
			if w := s.guild.bot.cfg.Witness; w != nil {
				w.Settled(s.guild.id, id, &wire.Failure{Name: "Error", Message: s.lost.Error(), Text: "the script's isolate ended: " + s.lost.Error()})
			}
			s.excuse(e)
		case e.name == catalog.Ready:
			// The next script is told of its own accord.
		default:
			ids = append(ids, id)
		}
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
