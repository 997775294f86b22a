package bot

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

// heavyMaps takes a second of the clock for each map.
type heavyMaps struct {
	clock *clock.Fake
	read  int
}

func (h *heavyMaps) Build(context.Context, bundle.Input) (bundle.Output, error) {
	return bundle.Output{}, nil
}

func (h *heavyMaps) MapStacks(context.Context, []bundle.Stack, string) ([]string, error) {
	h.clock.Advance(time.Second)
	h.read++
	return []string{"mapped"}, nil
}

// TestMapsTakeATenthOfTheTime: a script that fails all the time does not keep
// the processor busy with its source map, and others have theirs read.
func TestMapsTakeATenthOfTheTime(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Unix(1_000_000, 0))
	heavy := &heavyMaps{clock: c}
	b := &Bot{cfg: Config{Now: c.Now}}
	b.maps.init(heavy)
	one, other := &guild{bot: b}, &guild{bot: b}
	rev := deploy.Revision{SourceMap: &deploy.SourceMap{Contents: "{}"}}
	n := 0
	storm := func(g *guild, texts int) int {
		before := heavy.read
		for range texts {
			n++
			b.maps.stack(t.Context(), g, rev, fmt.Sprintf("Error: %d at /bundle.js:1:1", n))
		}
		return heavy.read - before
	}
	if got := storm(one, 1000); got < 5 || got > 6 {
		t.Errorf("at first %d maps were read, want 5 s of them", got)
	}
	if got := storm(other, 1); got != 1 {
		t.Error("another guild's map is not read")
	}
	for range 10 {
		c.Advance(10 * time.Second)
		if got := storm(one, 1000); got < 1 || got > 2 {
			t.Errorf("after 10 s more %d maps were read, want about 1", got)
		}
	}
}
