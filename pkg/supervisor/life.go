package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

const (
	// startLimit bounds a worker's start, from fork to greeting.
	startLimit = 30 * time.Second
	// A worker that dies again and again is started with growing pauses.
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
	// servedPause is the most when it had begun to serve: its guilds are to be
	// back soon.
	servedPause = 200 * time.Millisecond
	healthy     = 10 * time.Second // A life this long resets the pause.
	// farewell is how long a process may live on without its connection.
	farewell = 2 * time.Second
)

// errStuck is a Fault frame of a worker.
var errStuck = errors.New("the worker gave up")

func (s *slot) run(ctx context.Context) {
	pause := firstPause
	for s.await(ctx) {
		began := time.Now()
		served, cause, err := s.live(ctx)
		if ctx.Err() != nil {
			break
		}
		s.pool.cfg.Metrics.WorkerDied(string(cause))
		if cause == Stopped {
			s.log.Info("worker ended", zap.Error(err))
			continue
		}
		// Whoever brought it down waits by himself; the others shall not.
		most := maxPause
		if served {
			most = servedPause
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		pause = min(pause, most)
		s.log.Error("worker ended; starting another", zap.Error(err), zap.String("cause", string(cause)), zap.Duration("after", pause))
		clock.Sleep(ctx, clock.Real, pause)
		pause *= 2
	}
	s.mu.Lock()
	s.ended = true
	s.announce()
	s.mu.Unlock()
}

// await waits until a process is needed; it is false when the pool ends.
func (s *slot) await(ctx context.Context) bool {
	for s.penal && !s.occupied() {
		select {
		case <-s.wanted:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// live starts one process and serves it to its end. served means that it took
// scripts.
func (s *slot) live(ctx context.Context) (served bool, cause Cause, err error) {
	kills := oomKills()
	proc, err := s.pool.cfg.Launch.Launch(ctx, s.pool.cfg.PerWorker)
	if err != nil {
		return false, Unstarted, fmt.Errorf("start a worker: %w", err)
	}
	stop := context.AfterFunc(ctx, proc.Kill)
	defer stop()
	defer s.attend(proc)()
	err = s.greet(proc)
	served = err == nil
	if served {
		_ = s.setProc(proc) // Nobody can have ended it yet.
		s.log.Info("worker is ready", zap.Int("pid", proc.PID()))
		err = s.read(proc.Conn())
	}
	told := s.setProc(nil)
	patient := ended(err)
	if !patient {
		proc.Kill()
	}
	// A process that ends closes its connection; one that goes on without is to
	// end all the same.
	late := time.AfterFunc(farewell, proc.Kill)
	werr := proc.Wait()
	lingered := !late.Stop()
	_ = proc.Conn().Close()
	switch {
	case ctx.Err() != nil:
		cause = Stopped
	case told != nil:
		cause, err = told.cause, *told
	case !served:
		cause = Unstarted
	case errors.Is(err, errStuck):
		cause = Stuck
	case patient && !lingered:
		cause = causeOf(werr, kills)
	default:
		cause = Lied
	}
	if werr != nil && (err == nil || patient && told == nil) {
		err = werr
	}
	s.lose(cause, told)
	return served, cause, errors.Join(err, proc.Release())
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
	r, ok := first.(wire.Ready)
	if !ok || r.Version != wire.Version {
		return fmt.Errorf("the worker greeted with %T", first)
	}
	return s.confined(proc, r)
}
