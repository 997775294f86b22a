package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// slot is a place for a worker process; a dead one is replaced in place.
type slot struct {
	index  int
	pool   *Pool
	log    *zap.Logger
	penal  bool          // Its process runs only while somebody is in it.
	wanted chan struct{} // Somebody is.

	mu        sync.Mutex // Guards the members below.
	proc      Process    // nil while none is ready.
	instances map[uint64]*Instance
	marks     *mark.Marks               // Of the latest process.
	free      []int                     // Words of it that no instance has.
	changed   chan struct{}             // Closed when proc changes.
	tenants   map[snowflake.GuildID]int // In a penalty worker: places taken, loads under way included.
	sentence  *sentence                 // Why control ends the process.
	turned    uint64                    // Turns of scripts that it has no more.
	ended     bool
	size      atomic.Int64 // Bytes that the process uses of its ceiling, when looked at last.
	ceiling   atomic.Int64 // 0 when it has none.
	arguments atomic.Int64 // Bytes that ops of its scripts keep in control.
}

func newSlot(index int, p *Pool, penal bool) *slot {
	return &slot{
		index: index, pool: p, log: p.cfg.Log.With(zap.Int("worker", index), zap.Bool("penalty", penal)), penal: penal,
		instances: map[uint64]*Instance{}, tenants: map[snowflake.GuildID]int{}, changed: make(chan struct{}), wanted: make(chan struct{}, 1),
	}
}

// setProc makes p the slot's process and gives why control ended the one before,
// if it did.
func (s *slot) setProc(p Process) (told *sentence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.penal && (p == nil) != (s.proc == nil) {
		n := int64(1)
		if p == nil {
			n = -1
		}
		s.pool.cfg.Metrics.PenaltyWorkers(int(s.pool.apart.Add(n)))
	}
	if s.proc != nil {
		for i := range s.marks.Len() {
			s.turned += s.marks.At(i).Turns.Load()
		}
	}
	s.proc, told, s.sentence = p, s.sentence, nil
	if p != nil {
		s.marks, s.free = p.Marks(), nil
		for i := range s.pool.cfg.PerWorker {
			s.free = append(s.free, i)
		}
		if s.penal && len(s.tenants) == 0 {
			s.condemn(sentence{cause: Stopped, why: "nobody is in it any more"})
		}
	}
	s.announce()
	return told
}

func (s *slot) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *slot) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return 0
	}
	return s.proc.PID()
}

// kill ends the process behind conn, if it is still the slot's.
func (s *slot) kill(conn *wire.Conn, why sentence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil && s.proc.Conn() == conn {
		s.condemn(why)
	}
}

// condemn ends the process; the first reason counts. The caller holds mu, and
// there is a process.
func (s *slot) condemn(why sentence) {
	if s.sentence == nil {
		s.sentence = &why
	}
	s.proc.Kill()
}

// load sends the script to the slot's worker; false means it is full.
func (s *slot) load(ctx context.Context, i *Instance, spec Spec) (bool, error) {
	for {
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return false, errors.New("the workers are shutting down")
		}
		if s.proc != nil && s.sentence == nil {
			defer s.mu.Unlock()
			if len(s.instances) >= s.pool.cfg.PerWorker {
				return false, nil
			}
			i.conn = s.proc.Conn()
			i.mark = s.free[len(s.free)-1]
			s.free = s.free[:len(s.free)-1]
			s.turned += s.marks.At(i.mark).Turns.Load()
			s.marks.At(i.mark).Clear()
			i.memory = s.marks.Place(i.mark)
			s.instances[i.id] = i
			err := i.conn.Send(wire.Load{Instance: i.id, Mark: i.mark, Name: spec.Name, Source: spec.Source, Info: spec.Info, Limits: spec.Limits, Env: spec.Env})
			if err != nil {
				delete(s.instances, i.id)
				s.free = append(s.free, i.mark)
				return false, fmt.Errorf("send the script to its worker: %w", err)
			}
			return true, nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false, fmt.Errorf("wait for a worker: %w", ctx.Err())
		}
	}
}

// lose tells every owner that its instance went with the process, and what it
// had to do with that.
func (s *slot) lose(cause Cause, told *sentence) {
	s.mu.Lock()
	lost := make([]*Instance, 0, len(s.instances))
	seen := make([]witness, 0, len(s.instances))
	for _, i := range s.instances {
		slot := s.marks.At(i.mark)
		w := witness{guild: i.guild, executing: slot.Turn.Load() != 0, verdict: slot.Verdict.Load(), held: slot.Held.Load()}
		if told != nil && told.culprit == i.id {
			w.verdict = mark.Stuck
		}
		lost, seen = append(lost, i), append(seen, w)
	}
	shared := s.penal && !oneGuild(seen, upTo(len(seen)))
	full := s.crowded(mostHeld)
	s.size.Store(0) // The next process has room.
	s.instances = map[uint64]*Instance{}
	for _, i := range lost {
		s.vacate(i.guild)
	}
	s.mu.Unlock()
	for n, i := range lost {
		seen[n].busy = i.loading.Load() || i.host.Busy()
	}
	for n, blame := range (scene{cause, s.penal, full, seen}).judge() {
		loss := &Loss{Cause: cause, Blame: blame, Shared: shared}
		if blame == Culprit {
			loss.What = deed(seen[n].verdict, cause)
			s.log.Warn("a script brought its worker down", zap.Stringer("guild_id", seen[n].guild), zap.String("how", loss.What))
		}
		lost[n].host.Gone(loss, s.marks.At(lost[n].mark).Begun.Load())
	}
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// giveBack gives back the place that a load took which came to nothing.
func (s *slot) giveBack(guild snowflake.GuildID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vacate(guild)
}

// remove forgets the instance and gives what it had begun. The caller holds mu.
func (s *slot) remove(i *Instance) (begun uint64) {
	delete(s.instances, i.id)
	s.free = append(s.free, i.mark)
	s.vacate(i.guild)
	return s.marks.At(i.mark).Begun.Load()
}

// read serves frames until the connection ends. A frame for an instance that
// the worker was not given ends it: the process is not what we started.
func (s *slot) read(conn *wire.Conn) error {
	for {
		frame, err := conn.Recv()
		if err != nil {
			return err
		}
		switch f := frame.(type) {
		case wire.Settled:
			err = s.settled(f)
		case wire.OpCall:
			err = s.with(f.Instance, func(h Host) { h.Op(f) })
		case wire.Log:
			err = s.with(f.Instance, func(h Host) { h.Log(f.Level, f.Text) })
		case wire.Declared:
			err = s.with(f.Instance, func(h Host) { h.Declared(f.Kind, f.Value) })
		case wire.Hit:
			err = s.with(f.Instance, func(h Host) { h.Limit(f.Limit, f.Count, f.Text) })
		case wire.Rested:
			err = s.withInstance(f.Instance, func(i *Instance) { i.rested(f) })
		case wire.Gone:
			err = s.gone(f)
		case wire.Fault:
			err = fmt.Errorf("%w: %s", errStuck, f.Reason)
		default:
			err = fmt.Errorf("%w: an unexpected %T", errLied, frame)
		}
		if err != nil {
			return err
		}
	}
}

func (s *slot) with(id uint64, do func(Host)) error {
	return s.withInstance(id, func(i *Instance) { do(i.host) })
}

func (s *slot) withInstance(id uint64, do func(*Instance)) error {
	s.mu.Lock()
	i, ok := s.instances[id]
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("%w: it spoke for instance %d, which is not its own", errLied, id)
	}
	do(i)
	return nil
}

func (s *slot) settled(f wire.Settled) error {
	return s.withInstance(f.Instance, func(i *Instance) {
		if f.ID == LoadID {
			i.loading.Store(false)
		}
		i.host.Settled(f.ID, f.Failure)
	})
}

func (s *slot) gone(f wire.Gone) error {
	s.mu.Lock()
	i, ok := s.instances[f.Instance]
	var begun uint64
	if ok {
		begun = s.remove(i)
	}
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("%w: it ended instance %d, which is not its own", errLied, f.Instance)
	}
	var lost error
	if f.Lost != "" {
		lost = errors.New(f.Lost)
	}
	i.host.Gone(lost, begun)
	return nil
}
