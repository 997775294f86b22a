package bot

import (
	"errors"

	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// declinedName is the error of a handler that did not take what it was given: a
// database's whose script has closed it.
const declinedName = "FloraUnserved"

// Notify delivers what the runtime itself has for a guild's script, like any
// event. It is false when the script has no handler for it, and Over is not
// called then.
func (b *Bot) Notify(d later.Delivery) bool {
	g := b.known(d.Guild)
	if g == nil {
		return false
	}
	g.mu.Lock()
	heard := g.subscribed(d.Name)
	g.mu.Unlock()
	if !heard {
		return false
	}
	g.deliver(event{name: d.Name, payload: d.Payload, over: d.Over, span: g.trace(d.Name)})
	return true
}

// declined says that the handler did nothing with what the runtime had for it.
func (e event) declined(f *wire.Failure) bool {
	return e.over != nil && f != nil && f.Name == declinedName
}

// blameless says that the script's end was not its own doing.
func (s *script) blameless() bool {
	if loss, died := errors.AsType[*supervisor.Loss](s.lost); died {
		return loss.Blame != supervisor.Culprit
	}
	return errors.Is(s.lost, errUnloaded) || errors.Is(s.lost, errEvicted)
}

// outcome of an event that has come to its end.
func (e event) outcome() later.Outcome {
	switch {
	case e.lost, e.ended && e.failed:
		return later.Failed
	case e.ended:
		return later.Handled
	}
	return later.Unserved
}
