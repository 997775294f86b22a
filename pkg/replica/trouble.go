package replica

import (
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// rivalError says that another process has the name.
type rivalError struct {
	rival Peer
	name  string
}

func (e *rivalError) Error() string {
	return fmt.Sprintf("another process (%s) goes by the name %q: set replicas.name to another one for each process", e.rival.URL, e.name)
}

// troubles follows what goes wrong with beats.
type troubles struct {
	failing bool
	rivals  int
}

// patience is how many beats a name may be another's. A process that was killed
// has it until its lease ends; a beat that failed comes again after an eighth of it.
const patience = 24

// fatal reports whether it is pointless to go on.
func (t *troubles) fatal(err error) bool {
	if _, ok := errors.AsType[*rivalError](err); ok {
		t.rivals++
		return t.rivals > patience
	}
	return false
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
