package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

const (
	// startLimit bounds a worker's start, from fork to greeting.
	startLimit = 30 * time.Second
	// A worker that dies again and again is started with growing pauses.
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
	healthy    = 10 * time.Second // A life this long resets the pause.
)

// slot is a place for a worker process; a dead one is replaced in place.
type slot struct {
	index int
	pool  *Pool
	log   *zap.Logger

	mu        sync.Mutex // Guards the members below.
	proc      Process    // nil while none is ready.
	instances map[uint64]*Instance
	marks     *mark.Marks   // Of the latest process.
	free      []int         // Words of it that no instance has.
	changed   chan struct{} // Closed when proc changes.
	ended     bool
}

func newSlot(index int, p *Pool) *slot {
	return &slot{
		index: index, pool: p, log: p.cfg.Log.With(zap.Int("worker", index)),
		instances: map[uint64]*Instance{}, changed: make(chan struct{}),
	}
}

func (s *slot) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := s.live(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		s.log.Error("worker ended; starting another", zap.Error(err), zap.Duration("after", pause))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(pause*2, maxPause)
	}
	s.mu.Lock()
	s.ended = true
	s.announce()
	s.mu.Unlock()
}

// live starts one process and serves it to its end.
func (s *slot) live(ctx context.Context) error {
	proc, err := s.pool.cfg.Launch.Launch(ctx, s.pool.cfg.PerWorker)
	if err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	stop := context.AfterFunc(ctx, proc.Kill)
	defer stop()
	err = s.greet(proc)
	if err == nil {
		s.setProc(proc)
		s.log.Info("worker is ready", zap.Int("pid", proc.PID()))
		err = s.read(proc.Conn())
	}
	s.setProc(nil)
	proc.Kill()
	if werr := proc.Wait(); werr != nil && (err == nil || errors.Is(err, io.EOF)) {
		err = werr
	}
	_ = proc.Conn().Close()
	s.lose()
	return errors.Join(err, proc.Release())
}

func (s *slot) greet(proc Process) error {
	late := time.AfterFunc(startLimit, proc.Kill)
	defer late.Stop()
	if err := proc.Conn().Send(wire.Hello{Version: wire.Version, Ops: s.pool.cfg.Ops, Turns: s.pool.cfg.Turns}); err != nil {
		return err
	}
	first, err := proc.Conn().Recv()
	if err != nil {
		return fmt.Errorf("wait for the worker's greeting: %w", err)
	}
	if r, ok := first.(wire.Ready); !ok || r.Version != wire.Version {
		return fmt.Errorf("the worker greeted with %T", first)
	}
	return nil
}

func (s *slot) setProc(p Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = p
	if p != nil {
		s.marks, s.free = p.Marks(), nil
		for i := range s.pool.cfg.PerWorker {
			s.free = append(s.free, i)
		}
	}
	s.announce()
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
func (s *slot) kill(conn *wire.Conn, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil && s.proc.Conn() == conn {
		s.log.Error("killing the worker", zap.String("why", why))
		s.proc.Kill()
	}
}

// load sends the script to the slot's worker; false means it is full.
func (s *slot) load(ctx context.Context, i *Instance, spec Spec) (bool, error) {
	for {
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return false, errors.New("the workers are shutting down")
		}
		if s.proc != nil {
			defer s.mu.Unlock()
			if len(s.instances) >= s.pool.cfg.PerWorker {
				return false, nil
			}
			i.conn = s.proc.Conn()
			i.mark = s.free[len(s.free)-1]
			s.free = s.free[:len(s.free)-1]
			s.marks.At(i.mark).Store(0)
			s.instances[i.id] = i
			err := i.conn.Send(wire.Load{Instance: i.id, Mark: i.mark, Name: spec.Name, Source: spec.Source, Info: spec.Info, Limits: spec.Limits})
			if err != nil {
				s.remove(i)
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

// lose tells every owner that its instance went with the process.
func (s *slot) lose() {
	s.mu.Lock()
	lost := s.instances
	s.instances = map[uint64]*Instance{}
	s.mu.Unlock()
	for _, i := range lost {
		i.host.Gone(ErrWorkerLost, s.marks.At(i.mark).Load())
	}
}

// remove forgets the instance and gives what it had begun. The caller holds mu.
func (s *slot) remove(i *Instance) (begun uint64) {
	delete(s.instances, i.id)
	s.free = append(s.free, i.mark)
	return s.marks.At(i.mark).Load()
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
			err = s.with(f.Instance, func(h Host) { h.Settled(f.ID, f.Failure) })
		case wire.OpCall:
			err = s.with(f.Instance, func(h Host) { h.Op(f) })
		case wire.Log:
			err = s.with(f.Instance, func(h Host) { h.Log(f.Level, f.Text) })
		case wire.Declared:
			err = s.with(f.Instance, func(h Host) { h.Declared(f.Kind, f.Value) })
		case wire.Gone:
			err = s.gone(f)
		case wire.Fault:
			err = errors.New(f.Reason)
		default:
			err = fmt.Errorf("the worker sent an unexpected %T", frame)
		}
		if err != nil {
			return err
		}
	}
}

func (s *slot) with(id uint64, do func(Host)) error {
	s.mu.Lock()
	i, ok := s.instances[id]
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("the worker spoke for instance %d, which is not its own", id)
	}
	do(i.host)
	return nil
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
		return fmt.Errorf("the worker ended instance %d, which is not its own", f.Instance)
	}
	var lost error
	if f.Lost != "" {
		lost = errors.New(f.Lost)
	}
	i.host.Gone(lost, begun)
	return nil
}
