package replica

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// rivalError says that another process has the name.
type rivalError struct {
	rival Living
	name  string
}

func (e *rivalError) Error() string {
	return fmt.Sprintf("another process (%s) goes by the name %q: set replicas.name to another one for each process", e.rival.URL, e.name)
}

// troubles follows what goes wrong with beats.
type troubles struct {
	failing bool
	rival   string        // The instance that has the name,
	since   time.Time     // when it was first seen,
	left    time.Duration // and the longest that it was to live.
}

// patience is for how many of its leases a name may be another's. A process that
// was killed has it for no longer than one, since it renews none.
const patience = 3

// fatal reports whether it is pointless to go on: what came at now is about a beat
// that was sent before.
func (t *troubles) fatal(err error, sent, now time.Time) bool {
	r, ok := errors.AsType[*rivalError](err)
	if !ok {
		return false
	}
	if t.rival != r.rival.Instance {
		t.rival, t.since, t.left = r.rival.Instance, now, 0
	}
	t.left = max(t.left, r.rival.Left)
	return sent.Sub(t.since) > patience*t.left
}

// tell logs when beats begin to fail, and when that is over.
func (t *troubles) tell(g *Group, err error) {
	switch {
	case err == nil:
		if t.failing {
			g.cfg.Log.Info("this replica's lease is renewed again")
		}
		*t = troubles{}
	case !t.failing:
		t.failing = true
		g.cfg.Log.Warn("this replica's lease is not renewed; its shards go to others unless that changes", zap.Error(err), zap.Duration("lease", g.span()))
	}
}
