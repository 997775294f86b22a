package bot_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

// outcomes counts what became of deliveries.
type outcomes struct {
	mu   sync.Mutex // Guards seen.
	seen map[string]int
}

func (o *outcomes) add(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[name]++
}

func (o *outcomes) of(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[name]
}

// queued is a world with databases, queues and schedules, as an application has
// them.
func queued(t *testing.T, o options) (*world, *outcomes) {
	t.Helper()
	var queue *later.Queue
	var watches *denokv.Watches
	db, err := kv.Open(kv.Config{
		Dir: "/kv", Memory: true, Limits: kv.DefaultLimits(), CacheBytes: 1 << 20,
		Committed: func(guild snowflake.GuildID, store string, keys []string) {
			queue.Committed(guild, store, keys)
			watches.Committed(guild, store, keys)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var w *world
	counted := &outcomes{seen: map[string]int{}}
	watches = denokv.NewWatches(func(guild snowflake.GuildID, payload []byte, over func()) bool {
		return w.bot.Notify(later.Delivery{Guild: guild, Name: denokv.WatchEvent, Payload: payload, Over: func(later.Outcome) { over() }})
	})
	queue = later.New(later.Config{
		Store: db, Clock: clock.Real, Log: zap.NewNop(), Count: counted.add,
		Deliver: func(d later.Delivery) bool { return w.bot.Notify(d) },
	})
	o.ops = denokv.Ops(denokv.Deps{Store: db, Watches: watches})
	o.core = func(c *bot.Config) { c.Serves = queue.Wake }
	t.Cleanup(func() { queue.Close(); watches.Close() })
	w = newWorld(t, o)
	w.run(func(ctx context.Context) error { return queue.Run(ctx) })
	return w, counted
}

// once does what it is given the first time that it is called, in any process.
const once = `const db = await Deno.openKv();
	const once = async (f) => { if ((await db.atomic().check({ key: ["ran"], versionstamp: null }).set(["ran"], 1).commit()).ok) await f(); };
`

// TestAMessageOutlivesItsWorker kills the worker process under a handler: the
// message comes again, and that was no try.
func TestAMessageOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	w, counted := queued(t, options{launch: processes(t), pool: withPenalty(1)})
	w.deploy(guildA, once+`
		schedule.on("s", async ({ data, attempt }) => {
			await once(async () => { await kv.store("s").set("spins", data); for (;;); });
			console.log("handled", data, attempt);
		});
		db.listenQueue((m) => console.log("handled", m));
		on("messageCreate", async () => { await db.enqueue("y", { delay: 300 }); void schedule(Date.now(), "s", "x"); });`)
	w.message(guildA, "go")
	w.ops.wait(t, 1, "set spins x")
	if err := unix.Kill(w.pool.PIDs()[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.wait(guildA, 1, "handled x 1")
	w.wait(guildA, 1, "handled y")
	w.until("both to be counted", func() bool { return counted.of("handled") == 2 })
	if counted.of("unserved") == 0 || counted.of("failed") != 0 {
		t.Errorf("counted %v", counted.seen)
	}
	if n := w.count(guildA, "not run again"); n != 0 {
		t.Error("the log says that the handler is not run again")
	}
}

// TestAMessageThatDoesHarmIsTriedAgain: what a handler does to its own script
// counts as a try.
func TestAMessageThatDoesHarmIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]string{
		"throws":         `throw new Error("no");`,
		"memory":         `const a = []; for (;;) a.push(new Array(1000).fill(a));`,
		"brings it down": split,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, counted := queued(t, options{launch: processes(t), pool: withPenalty(1)})
			w.deploy(guildA, once+`
				schedule.on("s", async ({ data, attempt }) => { await once(() => { `+harm+` }); console.log("handled", data, attempt); });
				on("messageCreate", () => schedule(Date.now(), "s", "x"));`)
			w.message(guildA, "go")
			w.wait(guildA, 1, "handled x 2")
			w.until("it to be counted", func() bool { return counted.of("handled") == 1 })
			if counted.of("failed") != 1 {
				t.Errorf("counted %v", counted.seen)
			}
		})
	}
}

// TestAMessageWaitsForAListener: until a script listens, and not with one that
// has closed its database; and a redeployment takes what its predecessor left.
func TestAMessageWaitsForAListener(t *testing.T) {
	t.Parallel()
	w, counted := queued(t, options{})
	w.deploy(guildA, `const db = await Deno.openKv(); on("messageCreate", async () => { await db.enqueue("m"); console.log("enqueued"); });`)
	w.message(guildA, "go")
	w.wait(guildA, 1, "enqueued")
	w.deploy(guildA, `const db = await Deno.openKv(); db.listenQueue((m) => console.log("handled by the wrong one", m)); db.close();`)
	w.until("it to be refused", func() bool { return counted.of("unserved") > 0 })
	w.deploy(guildA, `const db = await Deno.openKv(); const n = [0, 0];
		db.listenQueue((m) => console.log("handled", m, "first", ++n[0])); db.listenQueue((m) => console.log("handled", m, "second", ++n[1]));
		on("messageCreate", async () => { for (let i = 0; i < 9; i++) await db.enqueue(i); });`)
	w.wait(guildA, 1, "handled m")
	w.message(guildA, "go")
	w.wait(guildA, 10, "handled ")
	if first, second := w.count(guildA, " first "), w.count(guildA, " second "); first != 5 || second != 5 {
		t.Errorf("the listeners got %d and %d", first, second)
	}
	if n := w.count(guildA, "wrong one"); n != 0 || counted.of("failed") != 0 {
		t.Errorf("a closed database had %d messages; counted %v", n, counted.seen)
	}
	for _, l := range w.lines(guildA) {
		if strings.Contains(l, "dispatch failed") {
			t.Errorf("the log says %q", l)
		}
	}
}

// TestClosingWaitsForHandlers: listenQueue ends after the last of its handlers.
func TestClosingWaitsForHandlers(t *testing.T) {
	t.Parallel()
	w, _ := queued(t, options{})
	w.deploy(guildA, `const db = await Deno.openKv(); let go;
		db.listenQueue(async () => { console.log("begins"); await new Promise((r) => { go = r; }); console.log("ends"); }).then(() => console.log("closed"));
		on("messageCreate", async (ctx) => { if (ctx.msg.content === "put") await db.enqueue(1); else { db.close(); console.log("closing"); go(); } });`)
	w.message(guildA, "put")
	w.wait(guildA, 1, "begins")
	w.message(guildA, "close")
	w.wait(guildA, 1, "closed")
	if got := strings.Join(w.lines(guildA), " "); !strings.Contains(got, "begins closing ends closed") {
		t.Errorf("got %s", got)
	}
}

// TestAWatchSeesWhatIsWritten, by another handle, of the keys it is of, and the
// last of several.
func TestAWatchSeesWhatIsWritten(t *testing.T) {
	t.Parallel()
	w, _ := queued(t, options{})
	w.deploy(guildA, `const a = await Deno.openKv(), b = await Deno.openKv(), other = await Deno.openKv("other");
		(async () => { for await (const [x, y] of a.watch([["x"], ["y"]])) console.log("sees", x.value, y.value); console.log("over"); })();
		on("messageCreate", async ({ msg: { content } }) => {
			if (content === "close") return a.close();
			await other.set(["x"], "other"); await b.set(["z"], content);
			for (let i = 0; i < 20; i++) await b.set(["x"], content + i);
			await b.atomic().set(["x"], content).set(["y"], content).commit();
			console.log("wrote", content);
		});`)
	w.wait(guildA, 1, "sees null null")
	for _, content := range []string{"one", "two"} {
		w.message(guildA, content)
		w.wait(guildA, 1, "sees "+content+" "+content)
	}
	w.message(guildA, "close")
	w.wait(guildA, 1, "over")
	if n := w.count(guildA, "sees other"); n != 0 {
		t.Error("it sees another database")
	}
}

// TestLongNamesInAnyScript: names are counted in characters, and come whole.
func TestLongNamesInAnyScript(t *testing.T) {
	t.Parallel()
	w, _ := queued(t, options{})
	w.deploy(guildA, `const long = "語".repeat(100), db = await Deno.openKv("😀".repeat(61));
		schedule.on(long, ({ name, data }) => console.log("scheduled", name === long, data));
		db.listenQueue((m) => console.log("queued", m));
		on("messageCreate", async () => { await schedule(Date.now(), long, "d"); await db.enqueue("m"); });`)
	w.message(guildA, "go")
	w.wait(guildA, 1, "scheduled true d")
	w.wait(guildA, 1, "queued m")
	if n := w.count(guildA, "no such event"); n != 0 {
		t.Error("the author is told that there is no such event")
	}
}
