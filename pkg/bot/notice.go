package bot

import "github.com/flora-runtime/flora-runtime/pkg/later"

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

// outcome of an event that has come to its end.
func (e event) outcome() later.Outcome {
	switch {
	case e.lost, e.ended && e.failure != nil:
		return later.Failed
	case e.ended:
		return later.Handled
	}
	return later.Unserved
}
