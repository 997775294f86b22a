package bot_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
)

// tally counts what the core measures.
type tally struct {
	mu     sync.Mutex // Guards counts.
	counts map[string]int
}

func (m *tally) add(n int, format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[fmt.Sprintf(format, args...)] += n
}

func (m *tally) Dispatched(event, outcome string, took time.Duration) {
	if took < 0 || took > patience {
		outcome = "in an impossible time"
	}
	m.add(1, "%s %s", event, outcome)
}
func (m *tally) Op(name, outcome string, _ time.Duration) { m.add(1, "%s %s", name, outcome) }

func (m *tally) Dropped(reason string, n int) {
	if n > 0 {
		m.add(n, "dropped %s", reason)
	}
}

func (m *tally) get(what string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[what]
}

// TestEventsAndOpsAreMeasured sends events on every way that they can take.
func TestEventsAndOpsAreMeasured(t *testing.T) {
	t.Parallel()
	m := &tally{counts: map[string]int{}}
	w := newWorld(t, options{meter: m, limits: func(l *bot.Limits) { l.InFlight, l.Queue = 1, 2; l.Script.MemoryBytes = 32 << 20 }})
	w.deploy(guildA, `
		const s = kv.store("s");
		cron("tick", "* * * * *", () => { console.log("ticked"); });
		on("messageCreate", async (ctx) => {
			switch (ctx.msg.content) {
			case "throw": throw new Error("no");
			case "block": return void await s.get("block");
			case "eat": for (const all = [];;) all.push(new Array(1000).fill(1));
			}
		});`)
	w.message(guildA, "fine")
	w.until("one", func() bool { return m.get("messageCreate ok") == 1 })
	w.message(guildA, "throw")
	w.until("a failure", func() bool { return m.get("messageCreate failed") == 1 })
	w.tick(61)
	w.until("a job", func() bool { return m.get("cron ok") >= 1 })
	w.message(guildA, "block")
	w.ops.wait(t, 1, "get block")
	for range 5 {
		w.message(guildA, "waits")
	}
	w.ops.release("block")
	w.until("those that waited", func() bool { return m.get("messageCreate ok") == 4 })
	w.message(guildA, "eat")
	w.until("the loss", func() bool { return m.get("messageCreate lost") == 1 })
	jobs := m.get("cron ok") // As many as there were minutes.
	want := map[string]int{
		"messageCreate ok": 4, "messageCreate failed": 1, "messageCreate lost": 1, "cron ok": jobs, "op_kv_get ok": 1, "dropped queue_full": 3,
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if diff := cmp.Diff(want, m.counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	turns, scripts := uint64(0), 0
	for _, u := range w.pool.Usage() {
		turns += u.Turns
		scripts += u.Scripts
	}
	if turns < 8 || scripts > 1 {
		t.Errorf("%d turns, %d scripts", turns, scripts)
	}
}
