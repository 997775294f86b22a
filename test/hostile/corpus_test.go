package hostile

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
)

// thirds is in how many days all of the corpus was run.
const thirds = 3

// perArena is how many scripts follow one another in one arena.
const perArena = 50

// arenas share the corpus, by topic. Where memory is the matter there is little
// of it and time to use it up.
var arenas = []struct {
	name   string
	topics []string
	env    []string
}{
	{"memory", []string{"memory"}, []string{"FLORA_RUNTIME_MAX_MEMORY_MB=32", "FLORA_RUNTIME_TURN_TIMEOUT_MS=1500"}},
	{"native", []string{"native"}, nil},
	{"engine", []string{"regexp", "error", "declare"}, nil},
	{"loop", []string{"loop", "reach", "pollution", "data", "kv", "fetch"}, nil},
	{"discord", []string{"foreign", "spelling", "flood", "mention"}, nil},
}

// TestCorpus runs every hostile script beside a victim: each must end as it is
// expected, the victim answers everything, and control is as it was before.
func TestCorpus(t *testing.T) {
	all, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	only := os.Getenv("FLORA_HOSTILE_ONLY")
	third := time.Now().UTC().YearDay() % thirds
	if !soak() && only == "" {
		t.Logf("part %d of the corpus is today's; a soak runs all of it", third)
	}
	quiet := peaceful(t)
	topics := map[string]bool{}
	// They run at the same time, however many cores there are: most of their
	// time they wait.
	var running sync.WaitGroup
	defer running.Wait()
	for _, row := range arenas {
		var mine []corpus.Case
		for i, c := range all {
			today := soak() || only != "" || i%thirds == third
			if today && slices.Contains(row.topics, c.Topic) && (!c.Slow || soak()) && strings.Contains(c.ID(), only) {
				mine = append(mine, c)
			}
		}
		for _, topic := range row.topics {
			topics[topic] = true
		}
		if len(mine) == 0 && only != "" {
			continue
		}
		for part := range slices.Chunk(mine, perArena) {
			running.Go(func() {
				t.Run(row.name, func(t *testing.T) { runCorpus(t, part, quiet, row.env) })
			})
		}
	}
	for _, c := range all {
		if !topics[c.Topic] {
			t.Errorf("%s: no arena takes the topic", c.ID())
		}
	}
}

func runCorpus(t *testing.T, cases []corpus.Case, quiet map[string]int, env []string) {
	a := enter(t, env...)
	for _, f := range a.guilds {
		a.reset(f)
	}
	before := a.usage()
	w := a.watch()
	counts := map[corpus.Outcome]int{}
	began := time.Now()
	for _, c := range cases {
		f := a.next()
		at := time.Now()
		got, text, err := a.fight(f, c)
		if err == nil && !expected(c, got) {
			// On a busy machine a time limit can come before another one: only
			// what ends otherwise twice is not as it should be.
			t.Logf("%s: [%s], want %v, once more: %s", c.ID(), got, c.Expect, short(text))
			a.reset(f)
			f, at = a.next(), time.Now()
			got, text, err = a.fight(f, c)
		}
		counts[got]++
		switch took := time.Since(at).Round(time.Millisecond); {
		case err != nil:
			t.Errorf("%s: %v", c.ID(), err)
		case !expected(c, got):
			t.Errorf("%s: [%s], want %v: %s", c.ID(), got, c.Expect, short(text))
		default:
			t.Logf("%s: [%s] after %s: %s", c.ID(), got, took, short(text))
		}
		a.reset(f)
	}
	took := time.Since(began)
	w.end()
	a.compare(before)
	after := a.leave()
	if n, m := total(after), total(quiet); n == 0 || m == 0 || n > m+moreGoroutines {
		t.Errorf("control has %d goroutines after the run, and %d in a quiet one:\nafter %v\nquiet %v", n, m, after, quiet)
	} else {
		t.Logf("%d goroutines after the run, %d in a quiet one", n, m)
	}
	t.Logf("%d scripts within %s: %v", len(cases), took.Round(time.Second), counts)
}
