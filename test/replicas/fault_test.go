package replicas

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// fault is something that goes wrong, and is over when it returns: then as many
// replicas run as before.
type fault struct {
	name string
	do   func(g *group, rng *rand.Rand) error
	// gentle says that no handler needs to be cut off.
	gentle bool
}

// some picks a replica that runs.
func (g *group) some(rng *rand.Rand) *replica {
	up := g.living()
	return up[rng.IntN(len(up))]
}

// moment waits up to a while.
func moment(rng *rand.Rand, most time.Duration) { pause(time.Duration(rng.Int64N(int64(most)))) }

// losesAll takes the sessions with it: what comes in until there are new ones is
// lost. But nothing happens twice.
const losesAll = "Redis loses all"

// faults are all there are, in the order of their names' first mention in the
// issue: processes, network, Redis, and what operators do.
var faults = []fault{
	{name: "kill one", do: func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		moment(rng, 300*time.Millisecond)
		r.kill()
		pause(2 * lease) // The others take over.
		return r.begin()
	}},
	{name: "kill one and start it at once", do: func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		r.kill()
		return r.begin()
	}},
	{name: "kill all", do: func(g *group, _ *rand.Rand) error {
		up := g.living()
		for _, r := range up {
			r.kill()
		}
		return together(up, (*replica).begin)
	}},
	{gentle: true, name: "roll all", do: func(g *group, _ *rand.Rand) error {
		for _, r := range g.living() {
			r.stop()
			if err := r.begin(); err != nil {
				return err
			}
		}
		return nil
	}},
	{gentle: true, name: "stop all but one at once", do: func(g *group, _ *rand.Rand) error {
		up := g.living()[1:]
		if err := together(up, func(r *replica) error { r.stop(); return nil }); err != nil {
			return err
		}
		return together(up, (*replica).begin)
	}},
	{name: "cut one off from Redis", do: partition(cut)},
	{name: "lose what one says to Redis", do: partition(hole)},
	{name: "slow one's way to Redis down", do: partition(slow)},
	{name: "lose what one says to Redis and kill another", do: func(g *group, rng *rand.Rand) error {
		up := g.living()
		rng.Shuffle(len(up), func(i, j int) { up[i], up[j] = up[j], up[i] })
		up[0].cache.set(hole)
		moment(rng, lease)
		up[1].kill()
		pause(2 * lease)
		up[0].cache.set(whole)
		return up[1].begin()
	}},
	{name: "freeze one for longer than its lease", do: freeze(3 * lease)},
	{name: "freeze one for as long as its lease", do: freeze(lease)},
	{name: "Redis hangs", do: func(g *group, rng *rand.Rand) error {
		if err := g.redis.Pause(); err != nil {
			return err
		}
		pause(lease / 2)
		moment(rng, 2*lease)
		return g.redis.Resume()
	}},
	{name: "Redis is killed", do: func(g *group, rng *rand.Rand) error {
		if err := g.redis.Kill(); err != nil {
			return err
		}
		moment(rng, 2*lease)
		return g.redis.Start()
	}},
	{name: losesAll, do: func(g *group, _ *rand.Rand) error {
		before, err := g.lives()
		if err == nil {
			err = g.emptyRedis()
		}
		if err != nil {
			return err
		}
		return rig.Until("every shard to have another session", func() (bool, error) {
			now, err := g.lives()
			again := 0
			for _, l := range now[min(len(before), len(now)):] {
				if l.Leave == 0 {
					again++
				}
			}
			return again == shards, err
		})
	}},
	{gentle: true, name: "one more joins and goes", do: func(g *group, rng *rand.Rand) error {
		r := g.add()
		if err := r.begin(); err != nil {
			return err
		}
		moment(rng, 2*lease)
		r.stop()
		g.replicas = g.replicas[:len(g.replicas)-1]
		return nil
	}},
	{name: "deploy while one is cut off from Redis", do: func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		r.cache.set([]state{cut, hole}[rng.IntN(2)])
		var deploying sync.WaitGroup
		// Each to another guild: of two to one guild, either may be the last.
		at := rng.Perm(len(g.places))
		for i, by := range g.living() { // Also through the one that is cut off.
			p := g.places[at[i]]
			deploying.Go(func() { _ = g.deploy(p, by) }) // runs tells what became of it.
		}
		moment(rng, 3*lease)
		r.cache.set(whole)
		deploying.Wait()
		return nil
	}},
	{name: "deploy while one goes", do: func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		var deploying sync.WaitGroup
		for _, at := range rng.Perm(len(g.places))[:2] { // To two guilds, as above.
			p, by := g.places[at], g.some(rng)
			deploying.Go(func() { _ = g.deploy(p, by) }) // It may fail, or its answer be lost: runs tells.
		}
		moment(rng, 200*time.Millisecond)
		if rng.IntN(2) == 0 {
			r.kill()
		} else {
			r.stop()
		}
		deploying.Wait()
		return r.begin()
	}},
}

func partition(how state) func(*group, *rand.Rand) error {
	return func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		r.cache.set(how)
		pause(lease)
		moment(rng, 2*lease)
		r.cache.set(whole)
		return nil
	}
}

func freeze(long time.Duration) func(*group, *rand.Rand) error {
	return func(g *group, rng *rand.Rand) error {
		r := g.some(rng)
		r.freeze()
		pause(long * 9 / 10)
		moment(rng, long/5)
		r.thaw()
		return nil
	}
}

// together does it with all at the same time.
func together(list []*replica, do func(*replica) error) error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, r := range list {
		wg.Go(func() {
			if err := do(r); err != nil {
				errs[i] = fmt.Errorf("%s: %w", r.name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
