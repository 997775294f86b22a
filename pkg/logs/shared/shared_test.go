package shared_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/logs/shared"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guild snowflake.GuildID = 5 << 22

// book is shared.Turns in memory.
type book struct {
	mu    sync.Mutex // Guards the members below.
	turns []shared.Turn
	away  bool
}

func (b *book) BeginTurn(_ context.Context, _, _ int, name string, least uint64) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return 0, fault.New(fault.Unavailable, "away")
	}
	base := max(least, uint64(time.Now().UnixMicro())) //nolint:gosec // Not negative.
	if n := len(b.turns); n > 0 {
		base = max(base, b.turns[n-1].Base+shared.Ahead)
	}
	b.turns = append(b.turns, shared.Turn{Base: base, Replica: name, At: time.Now()})
	return base, nil
}

func (b *book) LogTurns(context.Context, int, int) ([]shared.Turn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.turns), nil
}

// group is replicas that share a log.
type group struct {
	book  book
	logs  map[string]*shared.Log
	hubs  map[string]*logs.Hub
	gone  map[string]bool
	mute  map[string]bool
	owner string
}

func newGroup(t *testing.T, names ...string) *group {
	t.Helper()
	g := &group{logs: map[string]*shared.Log{}, hubs: map[string]*logs.Hub{}, gone: map[string]bool{}, mute: map[string]bool{}}
	for _, name := range names {
		hub, err := logs.Open(logs.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hub.Close() })
		g.hubs[name] = hub
		g.logs[name] = shared.New(shared.Config{Local: hub, Self: name, Turns: &g.book, Ask: func(_ context.Context, guild snowflake.GuildID, q logs.Query) []shared.Answer {
			var out []shared.Answer
			for _, other := range names {
				switch {
				case other == name || g.gone[other]:
				case g.mute[other]:
					out = append(out, shared.Answer{Replica: other, Err: fault.New(fault.Unavailable, "mute")})
				default:
					out = append(out, shared.Answer{Replica: other, Part: g.logs[other].Here(guild, q)})
				}
			}
			return out
		}})
	}
	return g
}

// move gives the guild to another replica.
func (g *group) move(t *testing.T, to string) {
	t.Helper()
	if g.owner != "" {
		g.logs[g.owner].End(1)
	}
	g.owner = to
	g.logs[to].Begin(t.Context(), 1, 4)
}

func (g *group) say(n int) {
	g.hubs[g.owner].Append(guild, "info", logs.TargetScript, fmt.Sprint(n))
}

func texts(lines []logs.Entry) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Message)
	}
	return strings.Join(out, " ")
}

func TestTheLogIsWholeWhoeverWroteIt(t *testing.T) {
	t.Parallel()
	g := newGroup(t, "a", "b", "c")
	n := 0
	for _, name := range []string{"a", "b", "a", "c", "b"} {
		g.move(t, name)
		for range 3 {
			n++
			g.say(n)
		}
	}
	here := g.logs["b"]
	all, lost := here.Lines(t.Context(), guild, logs.Query{Limit: 100})
	if got, want := texts(all), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"; got != want || lost > 0 {
		t.Fatalf("the log is %q, lost %d", got, lost)
	}
	if !slices.IsSortedFunc(all, func(a, b logs.Entry) int { return int(a.ID) - int(b.ID) }) { //nolint:gosec // Small.
		t.Error("ids do not rise")
	}
	latest, _ := here.Lines(t.Context(), guild, logs.Query{Limit: 5})
	if got := texts(latest); got != "11 12 13 14 15" {
		t.Errorf("the latest are %q", got)
	}
	// Page by page from any line on, each comes once.
	for i := range all {
		var got []logs.Entry
		for after := all[i].ID; ; {
			page, lost := here.Lines(t.Context(), guild, logs.Query{After: after, Limit: 4})
			if lost > 0 {
				t.Fatalf("%d lost after %d", lost, after)
			}
			if len(page) == 0 {
				break
			}
			got, after = append(got, page...), page[len(page)-1].ID
		}
		if texts(got) != texts(all[i+1:]) {
			t.Fatalf("after %s come %q", all[i].Message, texts(got))
		}
	}
	if since := here.Since(guild); since >= all[12].ID || since <= all[11].ID {
		t.Errorf("since %d, of %d to %d", since, all[11].ID, all[12].ID)
	}
	if since := g.logs["a"].Since(guild); since != 0 {
		t.Errorf("one that does not have the guild says %d", since)
	}
}

func TestWhatCannotBeAskedIsSaidToBeMissing(t *testing.T) {
	t.Parallel()
	g := newGroup(t, "a", "b", "c", "d")
	for i, name := range []string{"a", "b", "c", "b", "d", "a"} {
		g.move(t, name)
		g.say(i)
	}
	here := g.logs["a"]
	g.gone["b"], g.gone["d"], g.mute["c"] = true, true, true
	all, _ := here.Lines(t.Context(), guild, logs.Query{Limit: 100})
	if len(all) != 3 || all[0].Message != "0" || all[2].Message != "5" {
		t.Fatalf("the log is %q", texts(all))
	}
	notice := all[1]
	if !strings.Contains(notice.Message, "may be missing here: they are at replicas b, c, d, which are away") || notice.Level != "warn" || notice.Target != logs.TargetRuntime {
		t.Errorf("the notice is %+v", notice)
	}
	// It is no line of those who want errors only, and none before what was read.
	if errs, _ := here.Lines(t.Context(), guild, logs.Query{Limit: 100, Level: "error"}); len(errs) > 0 {
		t.Errorf("errors: %q", texts(errs))
	}
	if rest, _ := here.Lines(t.Context(), guild, logs.Query{After: notice.ID, Limit: 100}); texts(rest) != "5" {
		t.Errorf("after the notice come %q", texts(rest))
	}
	// They are back.
	clear(g.gone)
	clear(g.mute)
	if all, _ := here.Lines(t.Context(), guild, logs.Query{Limit: 100}); texts(all) != "0 1 2 3 4 5" {
		t.Errorf("the log is %q", texts(all))
	}
}

func TestWithoutTheDatabaseIdsGoOn(t *testing.T) {
	t.Parallel()
	g := newGroup(t, "a", "b")
	g.move(t, "a")
	g.say(1)
	g.book.away = true
	g.move(t, "b")
	g.say(2)
	g.move(t, "a")
	g.say(3)
	g.book.mu.Lock()
	g.book.away = false
	g.book.mu.Unlock()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.logs["a"].Run(ctx) }()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if turns, _ := g.book.LogTurns(ctx, 1, 4); len(turns) == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the turn is never noted")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	g.say(4)
	g.move(t, "b")
	g.say(5)
	all, _ := g.logs["b"].Lines(t.Context(), guild, logs.Query{Limit: 10})
	if texts(all) != "1 2 3 4 5" {
		t.Errorf("the log is %q", texts(all))
	}
}
