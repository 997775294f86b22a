package generate_test

import (
	"math/rand/v2"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
	"github.com/flora-runtime/flora-runtime/test/hostile/generate"
)

func TestASeedMakesTheSameScripts(t *testing.T) {
	t.Parallel()
	bodies, err := generate.Bodies()
	if err != nil {
		t.Fatal(err)
	}
	scripts := func(seed uint64) (out []generate.Script) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for range 500 {
			out = append(out, generate.Next(rng, bodies))
		}
		return out
	}
	one, again, other := scripts(1), scripts(1), scripts(2)
	differ := 0
	triggers := map[corpus.Trigger]bool{}
	for i, s := range one {
		if s != again[i] {
			t.Fatalf("script %d differs:\n%s\n---\n%s", i, s.Body, again[i].Body)
		}
		if s != other[i] {
			differ++
		}
		triggers[s.Trigger] = true
	}
	if differ < 490 {
		t.Errorf("another seed made %d of 500 scripts anew", differ)
	}
	if len(triggers) != len(corpus.Triggers) {
		t.Errorf("triggers that came: %v", triggers)
	}
}
