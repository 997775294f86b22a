package bot

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

const (
	// loadsAtOnce bounds how many scripts load at the same time when many are to.
	loadsAtOnce = 4
	// slowLoad is when a load does not count among those any more: it waits for
	// something, or uses up its limit, and the others shall not wait for it.
	slowLoad = time.Second
)

// batch is guilds whose scripts are loaded one after another: first those for which
// something waits, then those most recently active.
type batch struct {
	mu      sync.Mutex // Guards the members below; taken after a guild's mu.
	order   []*guild
	hurried []*guild
	left    map[*guild]struct{}
}

// next gives the guild that is to be loaded next; nil when none is left.
func (t *batch) next() *guild {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, from := range []*[]*guild{&t.hurried, &t.order} {
		for len(*from) > 0 {
			g := (*from)[0]
			*from = (*from)[1:]
			if _, left := t.left[g]; left {
				delete(t.left, g)
				return g
			}
		}
	}
	return nil
}

// hurry brings a guild's turn forward.
func (t *batch) hurry(g *guild) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, left := t.left[g]; left {
		t.hurried = append(t.hurried, g)
	}
}

// load begins to load the deployments. When it returns, the events of their guilds
// wait for their scripts. The channel is closed when each script was tried once;
// those that failed are tried again.
func (b *Bot) load(all []deploy.Deployment) (tried <-chan struct{}) {
	slices.SortStableFunc(all, func(x, y deploy.Deployment) int {
		return cmp.Or(b.cfg.Active(y.Guild).Compare(b.cfg.Active(x.Guild)), y.UpdatedAt.Compare(x.UpdatedAt))
	})
	all = b.recall(all)
	turn := &batch{left: map[*guild]struct{}{}}
	for _, d := range all {
		g := b.guild(d.Guild)
		turn.order = append(turn.order, g)
		turn.left[g] = struct{}{}
	}
	for _, g := range slices.Clone(turn.order) {
		g.expect(turn)
		b.wanted.update(g)
	}
	done := make(chan struct{})
	if !b.background(func(ctx context.Context) {
		defer close(done)
		var wg sync.WaitGroup
		defer wg.Wait()
		for range all {
			select {
			case b.room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			leave := sync.OnceFunc(func() { <-b.room })
			g := turn.next() // There is one for each.
			wg.Go(func() {
				defer leave()
				defer time.AfterFunc(slowLoad, leave).Stop()
				g.wake(ctx)
			})
		}
	}) {
		close(done)
	}
	return done
}
