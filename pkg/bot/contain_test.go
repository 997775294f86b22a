package bot_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
)

// processes launches real worker processes.
func processes(t *testing.T) supervisor.Launcher {
	t.Helper()
	return launching(t, supervisor.Executable{})
}

func launching(t *testing.T, e supervisor.Executable) supervisor.Launcher {
	t.Helper()
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e.Path = self
	made, err := supervisor.NewExecutable(context.Background(), e, sdk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

// split is the quickest of them: V8 gives up at once.
const split = `"x".repeat(2**29-25).split("");`

func withPenalty(n int) func(*supervisor.Config) {
	return func(c *supervisor.Config) { c.Penalty = n }
}

// crasher runs a line when it is told to, and says what it is told otherwise.
func crasher(line string) string {
	return `console.log("loads"); on("messageCreate", async (ctx) => {
		if (ctx.msg.content === "crash") { ` + line + ` }
		console.log("said " + ctx.msg.content);
	});`
}

// TestTheCulpritIsQuarantinedAlone has a script bring its worker down again and
// again, in every way that is known: it alone is charged, and its neighbour
// answers all the time.
func TestTheCulpritIsQuarantinedAlone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		line, how string
		turnMS    int64
	}{
		"impossible size":   {`new Array(2**32-2).fill(0);`, "", 20_000},
		"from a length":     {`Array.from({length:2**28});`, "", 20_000},
		"split":             {split, "V8 gave up", 20_000},
		"never comes back":  {`[].indexOf.call({length:2**53-1},1);`, "ran on after it was told to stop", 500},
		"in a timer":        {`setTimeout(() => { ` + split + ` }, 1); return;`, "V8 gave up", 20_000},
		"in a later moment": {`await null; ` + split, "V8 gave up", 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{launch: processes(t), pool: withPenalty(2), limits: func(l *bot.Limits) { l.Script.TurnMS = row.turnMS }})
			w.deploy(guildA, crasher(row.line))
			w.deploy(guildB, says("B"))
			for i := range conduct.Strikes {
				w.until("A to serve", func() bool { return serves(w.bot.Status(guildA).State) })
				w.message(guildA, "crash")
				w.until("the strike", func() bool { return len(w.bot.Status(guildA).Strikes) > i })
				w.message(guildB, fmt.Sprint("m", i))
				w.wait(guildB, 1, fmt.Sprint("B m", i))
				if i == 0 {
					w.until("A to run apart", func() bool { return w.bot.Status(guildA).State == conduct.Penalty })
				}
			}
			s := w.bot.Status(guildA)
			if s.State != conduct.Quarantined || len(s.Strikes) != conduct.Strikes || !strings.Contains(s.Strikes[0].Reason, row.how) {
				t.Errorf("got %+v", s)
			}
			w.wait(guildA, 1, "the script is quarantined")
			if s := w.bot.Status(guildB); s.State != conduct.Running || len(s.Strikes) > 0 {
				t.Errorf("the neighbour: %+v", s)
			}
			loads := w.count(guildB, "B loads")
			w.message(guildA, "crash")
			w.until("the event to be counted", func() bool { return w.bot.Status(guildA).Dropped > 0 })
			w.message(guildB, "end")
			w.wait(guildB, 1, "B end")
			if n := w.count(guildB, "B loads"); n != loads {
				t.Error("a quarantined script ran")
			}
			w.until("its process to end", func() bool { p := w.pool.PIDs(); return p[1] == 0 && p[2] == 0 })
		})
	}
}

func serves(s conduct.State) bool { return s == conduct.Running || s == conduct.Penalty }

// quarantine has guild A crash until it is quarantined.
func quarantine(w *world) {
	w.t.Helper()
	w.deploy(guildA, crasher(split))
	for i := range conduct.Strikes {
		w.until("A to serve", func() bool { return serves(w.bot.Status(guildA).State) })
		w.message(guildA, "crash")
		w.until("the strike", func() bool { return len(w.bot.Status(guildA).Strikes) > i })
	}
	w.until("the quarantine", func() bool { return w.bot.Status(guildA).State == conduct.Quarantined })
}

func TestADeploymentEndsAQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: withPenalty(1)})
	quarantine(w)
	if _, err := w.tryDeploy(guildA, "throw new Error('broken')"); !fault.Is(err, fault.DeployFailed) {
		t.Fatalf("got %v", err)
	}
	if s := w.bot.Status(guildA); s.State != conduct.Quarantined {
		t.Fatalf("after a deployment that failed: %+v", s)
	}
	w.deploy(guildA, says("A"))
	w.message(guildA, "again")
	w.wait(guildA, 1, "A again")
	// It does not get near the others yet.
	if s := w.bot.Status(guildA); s.State != conduct.Penalty || s.ApartUntil == nil {
		t.Errorf("after the deployment: %+v", s)
	}
}

func TestAnOperatorEndsAQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: withPenalty(1)})
	quarantine(w)
	w.bot.Leave(guildA)
	w.bot.Join(guildA)
	if s := w.bot.Status(guildA); s.State != conduct.Quarantined {
		t.Fatalf("after leaving and joining: %+v", s)
	}
	w.bot.Release(guildA)
	w.until("A to serve", func() bool { return w.bot.Status(guildA).State == conduct.Running })
	w.message(guildA, "again")
	w.wait(guildA, 1, "said again")
	if s := w.bot.Status(guildA); len(s.Strikes) != conduct.Strikes || s.Dropped != 0 || s.ApartUntil != nil {
		t.Errorf("after the release: %+v", s)
	}
}

func TestADeployThatCrashesIsTheDeploysFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: withPenalty(1)})
	w.deploy(guildA, says("A"))
	w.deploy(guildB, says("B"))
	for range conduct.Strikes + 1 {
		if _, err := w.tryDeploy(guildA, split); !fault.Is(err, fault.DeployFailed) || !strings.Contains(err.Error(), "brought its worker process down") {
			t.Fatalf("got %v", err)
		}
	}
	w.until("the old script", func() bool { return serves(w.bot.Status(guildA).State) })
	w.message(guildA, "still")
	w.wait(guildA, 1, "A still")
	w.message(guildB, "too")
	w.wait(guildB, 1, "B too")
	if n := w.count(guildB, "ended"); n != 1 {
		t.Errorf("B lost its worker %d times, want once", n)
	}
}

// TestAKillFromOutsideChargesNobody: who was running is only set apart.
func TestAKillFromOutsideChargesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: withPenalty(1)})
	w.deploy(guildA, `on("messageCreate", async (ctx) => {
		if (ctx.msg.content === "block") { await kv.store("s").set("spins", "1"); for (;;); }
		console.log("A " + ctx.msg.content);
	});`)
	w.deploy(guildB, says("B"))
	for i := range 4 {
		w.until("A to serve", func() bool { return serves(w.bot.Status(guildA).State) })
		// One that still loads, or has only just written its line, is no idle script.
		w.message(guildB, strconv.Itoa(i))
		w.wait(guildB, 1, "B "+strconv.Itoa(i))
		if _, _, err := w.bot.Rest(t.Context(), guildB); err != nil {
			t.Fatal(err)
		}
		w.ops.reset()
		w.message(guildA, "block")
		w.ops.wait(t, 1, "set spins 1")
		pid := w.pool.PIDs()[*w.bot.Status(guildA).Worker]
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		// What it begins while it dies would be lost with it.
		w.until("the worker to be gone", func() bool { return !slices.Contains(w.pool.PIDs(), pid) })
	}
	w.message(guildA, "end")
	w.wait(guildA, 1, "A end")
	if s := w.bot.Status(guildA); len(s.Strikes) != 0 || s.State == conduct.Quarantined {
		t.Errorf("charged: %+v", s)
	}
	if w.count(guildB, "apart") > 0 {
		t.Error("a script that was idle is suspected")
	}
}

// TestInnocentsAreBackSoon measures how long a full worker takes to be back.
func TestInnocentsAreBackSoon(t *testing.T) {
	t.Parallel()
	const neighbours = 100
	w := newWorld(t, options{launch: processes(t), pool: func(c *supervisor.Config) { c.Penalty, c.PerWorker, c.Turns = 1, 200, 16 }})
	w.deploy(guildA, crasher(split))
	guild := func(i int) snowflake.GuildID { return guildB + snowflake.GuildID(i) }
	var wg sync.WaitGroup
	for i := range neighbours {
		wg.Go(func() {
			if _, err := w.tryDeploy(guild(i), says("B")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.message(guildA, "crash")
	w.wait(guildA, 1, "brought its worker process down")
	lost := time.Now()
	for i := range neighbours {
		w.message(guild(i), "queued")
	}
	for i := range neighbours {
		w.wait(guild(i), 1, "B queued")
	}
	took := time.Since(lost)
	t.Logf("%d guilds were back, and had their events, after %s", neighbours, took)
	if limit := 20 * time.Second; took > limit {
		t.Errorf("they were back after %s, more than %s", took, limit)
	}
}

// TestTheLargestIdleScriptGivesWay has scripts keep what they may until their
// process is nearly full: the largest is loaded anew, as often as that is
// needed, and nobody's process ends.
func TestTheLargestIdleScriptGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: launching(t, supervisor.Executable{Memory: 256 << 20})})
	keeper := func(mib int) string {
		return fmt.Sprintf(`const kept = []; console.log("loads"); on("messageCreate", () => {
			if (kept.length < %d) kept.push(new Uint8Array(1 << 20).fill(1));
			console.log("kept " + kept.length);
		});`, mib)
	}
	guilds := []snowflake.GuildID{guildA, guildB, 1003, 1004, 1005, 1006}
	for _, g := range guilds {
		w.deploy(g, keeper(100))
	}
	pid := w.pool.PIDs()[0]
	const ceiling = (256 + 16*2 + 16*2) << 10 // In KiB: for the process, its scripts and its own threads.
	for n := 1; taken(t, pid) < ceiling/100*83; n++ {
		for _, g := range guilds {
			w.message(g, "more")
			w.wait(g, n, "kept ")
		}
	}
	w.until("somebody to give way", func() bool {
		return slices.ContainsFunc(guilds, func(g snowflake.GuildID) bool { return w.count(g, "nearly no memory left") > 0 })
	})
	for _, g := range guilds {
		w.until("the script to serve", func() bool { return serves(w.bot.Status(g).State) })
		if n := w.count(g, "apart"); n > 0 {
			t.Errorf("guild %s is blamed", g)
		}
	}
	if got := w.pool.PIDs()[0]; got != pid {
		t.Errorf("the worker process was replaced")
	}
}

// taken is how much of its ceiling a process uses, in KiB.
func taken(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmData:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAReplacedScriptIsNotHeldAgainstTheNewOne has the script before the
// deployment bring the worker down while it ends its last handler.
func TestAReplacedScriptIsNotHeldAgainstTheNewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t), pool: withPenalty(1)})
	w.deploy(guildA, `on("messageCreate", async () => { await kv.store("s").get("k"); `+split+` });`)
	w.message(guildA, "wait")
	w.ops.wait(t, 1, "get k")
	w.deploy(guildA, says("new"))
	w.ops.release("k")
	w.wait(guildA, 1, "This guild's scripts run apart")
	w.message(guildA, "hi")
	w.wait(guildA, 1, "new hi")
	if n := w.count(guildA, "quarantine it"); n != 0 {
		t.Errorf("the new script is charged %d times", n)
	}
}
