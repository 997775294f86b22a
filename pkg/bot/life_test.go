package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

func syncInto(c chan string) func(context.Context, snowflake.GuildID, json.RawMessage) error {
	return func(_ context.Context, _ snowflake.GuildID, commands json.RawMessage) error {
		c <- string(commands)
		return nil
	}
}

func TestOutOfMemoryRebuildsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `console.log("A loads"); on("messageCreate", (ctx) => {
		if (ctx.msg.content === "eat") { const all = []; for (;;) all.push(new Array(1000).fill(1)); }
		console.log("A " + ctx.msg.content);
	});`)
	w.deploy(guildB, `console.log("B loads");`+says("B"))
	w.message(guildA, "eat")
	w.wait(guildA, 2, "A loads")
	w.message(guildA, "again")
	w.wait(guildA, 1, "A again")
	w.message(guildB, "hi")
	w.wait(guildB, 1, "B hi")
	if n := w.count(guildB, "B loads"); n != 1 {
		t.Fatalf("B was loaded %d times", n)
	}
	if n := w.count(guildA, "the script's isolate ended: out of memory: the script used more than its 64 MiB of memory"); n != 1 {
		t.Fatalf("the log says %d times why:\n%s", n, strings.Join(w.lines(guildA), "\n"))
	}
}

func TestAScriptThatDoesNotLoadIsGivenUpAndADeployHeals(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	p.send(t, wire.Declared{Instance: load.Instance, Kind: "cron", Value: `{"name":"c","expr":"0 0 * * *"}`})
	w.until("the job", func() bool { return w.job(guildA, "c").Name != "" })
	p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
	for range 5 {
		p.broken(t)
	}
	w.wait(guildA, 1, "is not tried again")
	w.until("the jobs to go", func() bool { return len(w.crons.Jobs(guildA)) == 0 })
	w.until("the events to be dropped", func() bool { return !w.bot.Wants("MESSAGE_CREATE") })
	w.message(guildA, "nobody")
	wait := w.inBackground("healed")
	load = p.loaded(t, "messageCreate")
	wait()
	w.message(guildA, "hi")
	if d := next[wire.Dispatch](t, p); d.Instance != load.Instance || !strings.Contains(string(d.Payload), `"hi"`) {
		t.Fatalf("got %s", content(d))
	}
	// Its first loss is not charged with what came before.
	p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
	for range 4 {
		p.broken(t)
	}
	p.loaded(t, "messageCreate")
}

func TestAWorkersTroubleIsNotTheScripts(t *testing.T) {
	t.Parallel()
	w, l, p, _ := puppetWorld(t, options{}, "messageCreate")
	p.die()
	for range 6 { // More often than a script may fail to load.
		p = l.next(t)
		next[wire.Load](t, p)
		p.die()
	}
	p = l.next(t)
	p.loaded(t, "messageCreate")
	w.message(guildA, "hi")
	next[wire.Dispatch](t, p)
}

func TestLeaveAndJoin(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	w.bot.Leave(guildA)
	if u := next[wire.Unload](t, p); u.Instance != load.Instance {
		t.Fatalf("got %+v", u)
	}
	p.send(t, wire.Gone{Instance: load.Instance})
	w.message(guildA, "nobody")
	w.bot.Join(guildA)
	load = p.loaded(t, "messageCreate")
	w.until("the script to serve", func() bool { return w.bot.Wants("MESSAGE_CREATE") })
	w.message(guildA, "hi")
	if d := next[wire.Dispatch](t, p); !strings.Contains(string(d.Payload), `"hi"`) {
		t.Fatalf("got %s", content(d))
	}
	// However fast they follow, the last one counts.
	for range 50 {
		w.bot.Leave(guildA)
		w.bot.Join(guildA)
	}
	served := false
	for !served {
		select {
		case f := <-p.frames:
			switch f := f.(type) {
			case wire.Unload:
				p.send(t, wire.Gone{Instance: f.Instance})
			case wire.Load:
				p.declare(t, f.Instance, "messageCreate")
				p.send(t, wire.Settled{Instance: f.Instance, ID: supervisor.LoadID})
			case wire.Dispatch:
				served = true
			}
		default:
			w.message(guildA, "hi")
		}
	}
}

func TestAGuildThatWasLeftIsNotLoadedAgain(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
	load = next[wire.Load](t, p)
	w.bot.Leave(guildA)
	p.send(t, wire.Settled{Instance: load.Instance, ID: 1, Failure: &wire.Failure{Text: "Error: broken"}})
	next[wire.Unload](t, p)
	p.send(t, wire.Gone{Instance: load.Instance})
	w.until("the events to be dropped", func() bool { return !w.bot.Wants("MESSAGE_CREATE") })
	select {
	case f := <-p.frames:
		t.Fatalf("got %T, want nothing", f)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestLoadAllBringsBackWhatIsStored(t *testing.T) {
	t.Parallel()
	var store deploy.Store
	first := newWorld(t, options{})
	first.deploy(guildA, says("A"))
	first.deploy(guildB, says("B"))
	store = first.store
	w := newWorld(t, options{store: func(deploy.Store) deploy.Store { return store }})
	tried, err := w.bot.LoadAll(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.message(guildA, "hi")
	w.message(guildB, "hi")
	w.wait(guildA, 1, "A hi")
	w.wait(guildB, 1, "B hi")
	<-tried
}

// TestASlowLoadHoldsNobodyUp has as many scripts as load at once hang, this
// time: the others come, and their guilds' events were not lost meanwhile.
func TestASlowLoadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	first := newWorld(t, options{})
	first.ops.release("k")
	const hang = 6 // More than load at the same time.
	for i := range snowflake.GuildID(hang) {
		first.deploy(1000+i, `await kv.store("s").get("k"); on("messageCreate", () => {});`)
	}
	first.deploy(guildB, says("B"))
	store := first.store
	w := newWorld(t, options{store: func(deploy.Store) deploy.Store { return store }})
	tried, err := w.bot.LoadAll(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.bot.Join(guildB)
	w.message(guildB, "hi")
	w.wait(guildB, 1, "B hi")
	select {
	case <-tried:
		t.Error("all are said to be tried while some hang")
	default:
	}
	if w.bot.Status(1000).State != conduct.Loading {
		t.Errorf("a script that hangs is %s", w.bot.Status(1000).State)
	}
	w.bot.Close() // Ends what hangs.
	<-tried
}

// TestAWorkerProcessMayDie kills a real worker process.
func TestAWorkerProcessMayDie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{launch: processes(t)})
	w.deploy(guildA, `on("messageCreate", async (ctx) => {
		await kv.store("s").set("begun", ctx.msg.content);
		if (ctx.msg.content === "block") { await kv.store("s").get("k"); kv.store("s").get("spins"); for (;;); }
	});`)
	w.message(guildA, "block")
	w.ops.wait(t, 1, "set begun block")
	w.ops.wait(t, 1, "get k")
	w.ops.release("k")
	w.ops.wait(t, 1, "get spins") // Nothing else begins from now on.
	w.message(guildA, "waits")
	if err := unix.Kill(w.pool.PIDs()[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.message(guildA, "later")
	w.ops.wait(t, 1, "set begun later")
	if n := w.ops.count("set begun block"); n != 1 {
		t.Errorf("a handler that had begun ran %d times", n)
	}
	if n := w.ops.count("set begun waits"); n != 1 {
		t.Errorf("an event that had not begun was handled %d times", n)
	}
	if n := w.count(guildA, "running handlers ended"); n != 1 {
		t.Errorf("got %d lines about lost handlers", n)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `on("messageCreate", async (ctx) => { await kv.store("s").get("held"); });`)
	w.message(guildA, "x")
	w.ops.wait(t, 1, "get held")
	w.within("the core to close", w.bot.Close)
	w.ops.mu.Lock()
	ended := w.ops.ended
	w.ops.mu.Unlock()
	if ended != 1 {
		t.Fatal("an op goes on after the core has closed")
	}
	if _, err := w.tryDeploy(guildA, says("late")); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("a deploy after the end: %v", err)
	}
	w.bot.Join(guildB)
	w.bot.Leave(guildA)
}

func TestCloseEndsALoad(t *testing.T) {
	t.Parallel()
	l := newPuppets()
	w := newWorld(t, options{launch: l})
	p := l.next(t)
	failed := make(chan error, 1)
	go func() { _, err := w.tryDeploy(guildA, "x"); failed <- err }()
	next[wire.Load](t, p)
	w.within("the core to close", w.bot.Close)
	w.within("the deploy to end", func() {
		if err := <-failed; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
}

// slowMaps counts the source maps that wait to be read.
type slowMaps struct {
	waiting, most atomic.Int64
}

func (s *slowMaps) Build(context.Context, bundle.Input) (bundle.Output, error) {
	return bundle.Output{}, errors.New("not here")
}

func (s *slowMaps) MapStacks(ctx context.Context, _ []bundle.Stack, _ string) ([]string, error) {
	n := s.waiting.Add(1)
	defer s.waiting.Add(-1)
	for m := s.most.Load(); n > m && !s.most.CompareAndSwap(m, n); m = s.most.Load() {
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAStormOfErrorsDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	maps := &slowMaps{}
	w := newWorld(t, options{bundler: maps})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	script := `on("messageCreate", () => { for (let i = 0; i < 300; i++) console.error(new Error("storm " + i)); });`
	w.deployMapped(ctx, script)
	w.message(guildA, "x")
	w.wait(guildA, 290, "storm")
	if n := maps.most.Load(); n > 2 {
		t.Fatalf("%d children at once", n)
	}
}

// heldMaps resolves positions when it is let.
type heldMaps struct {
	slowMaps
	let chan struct{}
}

func (h *heldMaps) MapStacks(ctx context.Context, stacks []bundle.Stack, _ string) ([]string, error) {
	select {
	case <-h.let:
	case <-ctx.Done():
	}
	out := make([]string, len(stacks))
	for i, s := range stacks {
		out[i] = "mapped: " + s.Text
	}
	return out, ctx.Err()
}

// What a script writes after an error stands after it, although positions are
// resolved meanwhile.
func TestLinesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	maps := &heldMaps{let: make(chan struct{})}
	w := newWorld(t, options{bundler: maps})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	script := `on("messageCreate", () => { console.log("before"); console.error(new Error("wrong")); console.log("after"); });`
	w.deployMapped(ctx, script)
	w.message(guildA, "x")
	w.wait(guildA, 1, "before")
	w.until("the handler to end", func() bool { return w.bot.Status(guildA).InFlight == 0 })
	close(maps.let)
	w.wait(guildA, 1, "after")
	var order []string
	for _, l := range w.lines(guildA) {
		if word, _, _ := strings.Cut(l, "\n"); word == "before" || word == "after" || strings.HasPrefix(word, "mapped: ") {
			order = append(order, word)
		}
	}
	if diff := cmp.Diff([]string{"before", "mapped: Error: wrong", "after"}, order); diff != "" {
		t.Error(diff)
	}
}

// countedMaps resolves positions as bundle's child does, and notes what it is asked.
type countedMaps struct {
	slowMaps
	texts, frames atomic.Int64
}

func (c *countedMaps) MapStacks(_ context.Context, stacks []bundle.Stack, _ string) ([]string, error) {
	out := make([]string, len(stacks))
	for i, s := range stacks {
		c.texts.Add(1)
		if s.Frame {
			c.frames.Add(1)
		}
		out[i] = strings.ReplaceAll(s.Text, "file:///guild/"+guildA.String()+"/bundle.js:", "main.ts:")
	}
	return out, nil
}

// Every line of a storm gets the author's positions, whatever its level, and
// texts that are the same are resolved once.
func TestEveryLineGetsTheAuthorsPositions(t *testing.T) {
	t.Parallel()
	maps := &countedMaps{}
	w := newWorld(t, options{bundler: maps})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	script := `on("messageCreate", () => {
		for (let i = 0; i < 200; i++) console.error(new Error("same"));
		for (let i = 0; i < 100; i++) console.error(new Error("other " + i));
		for (const level of ["debug", "log", "info", "warn", "trace"]) console[level](level, new Error("at a level"));
		queueMicrotask(() => { throw new Error("uncaught") });
		throw new Error("thrown");
	});`
	w.deployMapped(ctx, script)
	w.message(guildA, "x")
	w.wait(guildA, 1, "Error: thrown")
	w.wait(guildA, 1, "Error: uncaught")
	w.wait(guildA, 200, "Error: same")
	w.wait(guildA, 100, "Error: other")
	w.wait(guildA, 5, "Error: at a level")
	for _, l := range w.lines(guildA) {
		if strings.Contains(l, "bundle.js") {
			t.Errorf("not resolved: %s", l)
		}
	}
	if texts := maps.texts.Load(); texts > 120 {
		t.Errorf("%d texts were resolved", texts)
	}
	if n := maps.frames.Load(); n != 2 {
		t.Errorf("%d errors were uncaught, want 2", n)
	}
}

var _ bot.Bundler = (*slowMaps)(nil)

// A script that is lost is loaded again, however long Discord takes to hear of
// its commands.
func TestNothingWaitsForDiscordToHearOfCommands(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}, 4), make(chan struct{})
	l := newPuppets()
	w := newWorld(t, options{launch: l, sync: func(ctx context.Context, _ snowflake.GuildID, _ json.RawMessage) error {
		asked <- struct{}{}
		select {
		case <-answer:
		case <-ctx.Done():
			t.Error("the script waited for Discord")
		}
		return nil
	}})
	p := l.next(t)
	wait := w.inBackground("x")
	for i := range 3 {
		load := next[wire.Load](t, p)
		p.declare(t, load.Instance, "messageCreate")
		p.send(t, wire.Declared{Instance: load.Instance, Kind: "commands", Value: "[]"}, wire.Settled{Instance: load.Instance, ID: supervisor.LoadID})
		w.until("the script to serve", func() bool { return w.bot.Status(guildA).State == conduct.Running })
		if i == 0 {
			<-asked
		}
		p.send(t, wire.Gone{Instance: load.Instance, Lost: "ended"})
	}
	close(answer)
	p.loaded(t)
	wait()
}

// deployMapped deploys to A with a source map.
func (w *world) deployMapped(ctx context.Context, script string) {
	w.t.Helper()
	_, err := w.bot.Deploy(ctx, deploy.Request{
		Guild: guildA, Entry: "main.js", Bundle: &script, SourceMap: &deploy.SourceMap{Path: "m", Contents: "{}"},
		Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
