package replicas

import (
	"math/rand/v2"
	"testing"
)

// TestOneProcess: what the checks look for holds for a process alone that ends
// and is started again, too.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	g := newGroup(t, false)
	one := g.add()
	one.start()
	b := newBook(g)
	g.prepare(b)
	for n, f := range []fault{
		{"stopped", func(*group, *rand.Rand) error { one.stop(); return one.begin() }},
		{"killed", func(*group, *rand.Rand) error { one.kill(); return one.begin() }},
	} {
		figures, wrong := g.endure(b, f, uint64(n)) //nolint:gosec // Small.
		t.Logf("%s: %s", f.name, figures)
		report(t, f.name, wrong)
	}
}
