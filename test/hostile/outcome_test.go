package hostile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// caseLimit bounds a case, ten times what the longest one takes.
const caseLimit = 40 * time.Second

// signs tell an outcome from a line of the guild's log, or from the answer to
// the deploy; the first that fits counts.
var signs = []struct {
	outcome corpus.Outcome
	line    *regexp.Regexp
}{
	{corpus.Deny, regexp.MustCompile(`^finished denied|Forbidden: there is no such thing`)},
	{corpus.OK, regexp.MustCompile(`^finished`)},
	{corpus.CPU, regexp.MustCompile(`TimeoutError: stopped after|did not (finish|load) within`)},
	{corpus.Mem, regexp.MustCompile(`used more than its \d+ MiB`)},
	{corpus.Kill, regexp.MustCompile(`worker process ended|did not come back|crashed|its worker`)},
	{corpus.Rate, regexp.MustCompile(`lines were dropped|are pending|[rR]ate limit|most allowed|writes a minute|too many|at most \d+ (timers|cron)|events are dropped`)},
	{corpus.Type, regexp.MustCompile(`\w*(Error|Exception)\b|^uncaught|^Uncaught|failed:`)},
}

func outcomeOf(text string) (corpus.Outcome, bool) {
	for _, s := range signs {
		if s.line.MatchString(text) {
			return s.outcome, true
		}
	}
	return "", false
}

// fight runs one case and tells how it ended.
func (a *arena) fight(f *fighter, c corpus.Case) (corpus.Outcome, string, error) {
	if list := a.logs(f.Guild, 0); len(list) > 0 {
		f.seen = list[len(list)-1].ID
	}
	status, answer := a.deploy(f.Guild, c.Source(a.idsFor(f)))
	if status >= 300 {
		if c.Trigger != corpus.Load {
			return "", answer, fmt.Errorf("it was not deployed: %d %s", status, answer)
		}
		o, ok := outcomeOf(answer)
		if !ok {
			return "", answer, fmt.Errorf("the deploy ended with an unknown %d %s", status, answer)
		}
		return o, answer, nil
	}
	a.provoke(f, c.Trigger)
	var outcome corpus.Outcome
	var text string
	err := rig.Within(caseLimit, "its outcome", func() (bool, error) {
		for _, l := range a.logs(f.Guild, f.seen) {
			if c.Log != nil && !c.Log.MatchString(l.Message) {
				text = l.Message
				continue
			}
			if o, ok := outcomeOf(l.Message); ok {
				outcome, text = o, l.Message
				return true, nil
			}
		}
		return false, fmt.Errorf("the last line is %q", text)
	})
	return outcome, text, err
}

// reset ends what a script left running.
func (a *arena) reset(f *fighter) {
	a.t.Helper()
	if err := rig.Within(caseLimit, "the guild to take a harmless script", func() (bool, error) {
		status, answer := a.deploy(f.Guild, `console.log("harmless");`)
		return status == 200, fmt.Errorf("%d %s", status, answer)
	}); err != nil {
		a.t.Error(err)
	}
}

// TestEveryOutcomeIsTold holds the signs to the words that the runtime uses.
func TestEveryOutcomeIsTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]corpus.Outcome{
		"finished 1":      corpus.OK,
		"finished denied": corpus.Deny,
		"dispatch failed: TimeoutError: stopped after 200 ms of CPU without a pause": corpus.CPU,
		"the script's isolate ended: the worker process ended; it is loaded again":   corpus.Kill,
		"dispatch failed: TypeError: x":                                              corpus.Type,
		"dispatch failed: Error: Forbidden: there is no such thing in this guild":    corpus.Deny,
	} {
		if got, _ := outcomeOf(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if o, ok := outcomeOf("deployed revision 1"); ok {
		t.Errorf("a deploy is taken for %s", o)
	}
}

// expected takes a stop at the limit of time also where the isolate or the
// worker was to be lost: on a busy machine the time may be over first, and then
// less was lost.
func expected(c corpus.Case, got corpus.Outcome) bool {
	return slices.Contains(c.Expect, got) ||
		got == corpus.CPU && (slices.Contains(c.Expect, corpus.Kill) || slices.Contains(c.Expect, corpus.Mem))
}

func short(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first[:min(len(first), 300)]
}
