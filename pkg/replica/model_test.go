package replica

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// seeds is how many schedules of a kind a test tries, and part how much of each.
func seeds() (n uint64, part time.Duration) {
	if os.Getenv("FLORA_SOAK") != "" {
		return 80, 1
	}
	return 2, 3
}

// schedule says what happens in a world.
type schedule struct {
	loss                  float64 // Of calls, each way.
	stops, cuts, kills    bool
	rolls, wipes, outages bool
	lasts                 time.Duration
}

func TestWorld(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]schedule{
		"all is well":        {lasts: 10 * time.Second},
		"rolled":             {rolls: true, lasts: 15 * time.Second},
		"stopped":            {stops: true, lasts: 15 * time.Second},
		"cut off":            {cuts: true, lasts: 15 * time.Second},
		"killed":             {kills: true, lasts: 15 * time.Second},
		"calls are lost":     {loss: 0.1, lasts: 15 * time.Second},
		"the store is wiped": {wipes: true, lasts: 15 * time.Second},
		"the store is away":  {outages: true, lasts: 15 * time.Second},
		"everything":         {loss: 0.03, stops: true, cuts: true, kills: true, rolls: true, wipes: true, outages: true, lasts: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, part := seeds()
			s.lasts /= part
			for seed := range n {
				ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { play(t, seed, s) })
				})
				if !ok {
					return
				}
			}
		})
	}
}

// play lets a schedule happen, lets all heal, and looks at what came of it.
func play(t *testing.T, seed uint64, s schedule) {
	w := newWorld(seed, t.Errorf)
	var all []*process
	names := 0
	start := func() {
		names++
		all = append(all, w.begin(fmt.Sprint("p", names), s.loss))
	}
	for range 3 {
		start()
	}
	stop := make(chan struct{})
	w.wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(w.within(4 * time.Millisecond)):
			}
			w.streams[w.within(worldShards)].happen()
			w.look()
		}
	})
	for begun := time.Now(); time.Since(begun) < s.lasts; {
		time.Sleep(w.within(2 * worldLease))
		at := int(w.within(time.Duration(len(all))))
		p := all[at]
		replace := func() {
			all = append(all[:at], all[at+1:]...)
			start()
		}
		switch w.within(7) {
		case 0:
			if s.stops {
				p.gate.stop()
				time.Sleep(w.within(3 * worldLease))
				p.gate.goOn()
			}
		case 1:
			if s.cuts {
				p.wire.sever(true)
				time.Sleep(w.within(3 * worldLease))
				p.wire.sever(false)
			}
		case 2:
			if s.kills {
				p.kill()
				replace()
			}
		case 3:
			if s.rolls {
				p.end()
				<-p.done
				replace()
			}
		case 4:
			if s.wipes {
				w.memory.Wipe()
			}
		case 5:
			if s.outages {
				d := w.within(3 * worldLease)
				for _, p := range all {
					p.wire.sever(true)
				}
				time.Sleep(d)
				for _, p := range all {
					p.wire.sever(false)
				}
			}
		}
	}
	// All heals.
	for _, p := range all {
		p.gate.goOn()
		p.wire.heal()
	}
	time.Sleep(10 * worldLease)
	if valid := w.look(); valid != worldShards {
		t.Errorf("in the end %d of %d shards have an owner", valid, worldShards)
	}
	close(stop)
	time.Sleep(3 * worldLease)
	calm := s.loss == 0 && !s.stops && !s.cuts && !s.kills && !s.wipes && !s.outages
	w.account(t, calm)
	for _, p := range all {
		p.end()
		<-p.done
	}
	w.wg.Wait()
}

func (w *wire) sever(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.loss = false, 0
}

// account looks at what became of every event of the sessions that live: each was
// begun, or was dropped because somebody had claimed it before they were lost.
func (w *world) account(t *testing.T, calm bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for shard, s := range w.streams {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.session == "" {
			t.Errorf("shard %d has no session", shard)
		}
		var dropped int
		for seq := int64(2); seq <= s.seq; seq++ {
			e := event{s.session, seq}
			if seq%3 == 0 || w.begun[e] != "" {
				continue
			}
			dropped++
			if w.given[e] == "" {
				t.Fatalf("shard %d: event %v was neither begun nor dropped", shard, e)
			} else if calm {
				t.Errorf("shard %d: event %v was not begun, but %s", shard, e, w.given[e])
			}
		}
		if trimmed := w.memory.low(shard); trimmed != s.seq {
			t.Errorf("shard %d is settled up to %d of %d", shard, trimmed, s.seq)
		}
	}
}

func (m *Memory) low(shard int) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.ledgers[shard]; r != nil {
		return r.session.Seq
	}
	return 0
}
