package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// says is a script that answers messages with its name.
func says(name string) string {
	return `on("messageCreate", (ctx) => console.log("` + name + ` " + ctx.msg.content));`
}

func TestADeployServesAndIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	rev := w.deploy(guildA, says("one"))
	w.message(guildA, "hi")
	w.wait(guildA, 1, "one hi")
	stored, err := w.store.Current(context.Background(), guildA)
	if err != nil {
		t.Fatal(err)
	}
	if stored.ID != rev.ID || stored.Status != deploy.Success || stored.Bundle != says("one") {
		t.Fatalf("got %+v", stored)
	}
	second := w.deploy(guildA, says("two"))
	if second.BaseRevisionID != rev.ID {
		t.Fatalf("the base is %q, want %q", second.BaseRevisionID, rev.ID)
	}
	w.message(guildA, "ho")
	w.wait(guildA, 1, "two ho")
	if n := w.count(guildA, "one ho"); n != 0 {
		t.Fatal("the old script answered too")
	}
}

func TestABrokenDeployChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	good := w.deploy(guildA, says("good")+`cron("daily", "0 0 * * *", () => {});`)
	ctx := context.Background()
	_, err := w.bot.Deploy(ctx, deploy.Request{
		Guild: guildA, Entry: "src/main.ts", Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem},
		Files: []deploy.File{{Path: "src/main.ts", Contents: "const a: number = 1;\n\nfunction boom(): never {\n  throw new RangeError(\"no \" + a);\n}\n\nboom();\n"}},
	})
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != fault.DeployFailed {
		t.Fatalf("got %v, want a failed deploy", err)
	}
	for _, want := range []string{"RangeError: no 1", "src/main.ts:4:9", "src/main.ts:7:1"} {
		if !strings.Contains(f.Message, want) {
			t.Errorf("the message lacks %q: %s", want, f.Message)
		}
	}
	id, _ := f.Details["revision_id"].(string)
	failed, err := w.store.Revision(ctx, guildA, id)
	if err != nil {
		t.Fatal(err)
	}
	if failed.Status != deploy.Failed || !strings.Contains(failed.Error, "src/main.ts:4:9") || failed.BaseRevisionID != good.ID {
		t.Fatalf("the failed revision is stored as %+v", failed)
	}
	if current, err := w.store.Current(ctx, guildA); err != nil || current.ID != good.ID {
		t.Fatalf("the current revision is %q (%v), want the good one", current.ID, err)
	}
	w.message(guildA, "still")
	w.wait(guildA, 1, "good still")
	if w.job(guildA, "daily").Next.IsZero() {
		t.Fatal("the cron job is gone")
	}
}

func TestALoadThatNeverEndsFailsTheDeploy(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"awaits for ever": `await new Promise(() => {});`,
		"loops for ever":  `for (;;);`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{limits: func(l *bot.Limits) { l.Load, l.Script.LoadMS = 100*time.Millisecond, 100 }})
			_, err := w.tryDeploy(guildA, script)
			if !fault.Is(err, fault.DeployFailed) || !strings.Contains(err.Error(), "TimeoutError") {
				t.Fatalf("got %v, want a TimeoutError", err)
			}
			w.message(guildA, "x")
			if _, err := w.store.Current(context.Background(), guildA); !fault.Is(err, fault.NotFound) {
				t.Fatalf("it became current: %v", err)
			}
		})
	}
}

func TestASilentWorkerFailsTheDeployInTheEnd(t *testing.T) {
	t.Parallel()
	l := newPuppets()
	w := newWorld(t, options{launch: l, limits: func(l *bot.Limits) { l.Load = time.Millisecond }})
	p := l.next(t)
	_, err := w.tryDeploy(guildA, "x")
	if !fault.Is(err, fault.DeployFailed) {
		t.Fatalf("got %v", err)
	}
	load := next[wire.Load](t, p)
	if u := next[wire.Unload](t, p); u.Instance != load.Instance {
		t.Fatalf("got %+v", u)
	}
}

func TestAScriptThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.ScriptBytes = 10 }})
	if _, err := w.tryDeploy(guildA, "/* eleven */"); !fault.Is(err, fault.TooLarge) {
		t.Fatalf("got %v", err)
	}
}

func TestDeploysToOneGuildFollowOneAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	const n = 6
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			script := `console.log("loading ` + string(rune('a'+i)) + `"); await kv.store("s").get("k"); console.log("loaded ` + string(rune('a'+i)) + `");`
			if _, err := w.tryDeploy(guildA, script); err != nil {
				t.Errorf("deploy %d: %v", i, err)
			}
		})
	}
	for i := range n {
		w.ops.wait(t, i+1, "get k")
		if got := w.ops.count("get k"); i == 0 && got != 1 {
			t.Errorf("%d scripts load at once", got)
		}
		if i == 0 {
			w.ops.release("k")
		}
	}
	wg.Wait()
	var loading, last string
	for _, l := range w.lines(guildA) {
		if name, ok := strings.CutPrefix(l, "loading "); ok {
			if loading != "" {
				t.Fatalf("%s loads while %s does", name, loading)
			}
			loading = name
		}
		if name, ok := strings.CutPrefix(l, "loaded "); ok {
			if name != loading {
				t.Fatalf("%s loaded while %s did", name, loading)
			}
			loading, last = "", name
		}
	}
	current, err := w.store.Current(context.Background(), guildA)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(current.Bundle, "loaded "+last) {
		t.Fatalf("the last to load was %s, and %q is current", last, current.Bundle)
	}
}

func TestASwapLetsRunningHandlersEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `on("messageCreate", async (ctx) => {
		await kv.store("s").get(ctx.msg.content);
		await kv.store("s").set("old", ctx.msg.content);
	});`)
	w.message(guildA, "first")
	w.ops.wait(t, 1, "get first")
	w.deploy(guildA, `on("messageCreate", (ctx) => kv.store("s").set("new", ctx.msg.content));`)
	w.message(guildA, "second")
	w.ops.wait(t, 1, "set new second")
	w.ops.release("first")
	w.ops.wait(t, 1, "set old first")
	w.message(guildA, "third")
	w.ops.wait(t, 1, "set new third")
	want := []string{"get first", "set new second", "set old first", "set new third"}
	if got := w.ops.all(); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// pausing is a store whose writes wait until the test lets them go.
type pausing struct {
	deploy.Store
	writing chan string
	proceed chan error
}

func (p *pausing) PutRevision(ctx context.Context, r deploy.Revision) error {
	p.writing <- r.ID
	if err := <-p.proceed; err != nil {
		return err
	}
	return p.Store.PutRevision(ctx, r)
}

func TestAScriptThatIsNotStoredDoesNotServe(t *testing.T) {
	t.Parallel()
	store := &pausing{writing: make(chan string, 1), proceed: make(chan error, 1)}
	w := newWorld(t, options{store: func(s deploy.Store) deploy.Store { store.Store = s; return store }})
	store.proceed <- nil
	w.deploy(guildA, says("old"))
	<-store.writing
	store.proceed <- errors.New("the disk is full")
	if _, err := w.tryDeploy(guildA, says("new")); err == nil {
		t.Fatal("the deploy went well")
	}
	w.message(guildA, "hi")
	w.wait(guildA, 1, "old hi")
}

func TestAScriptLostBeforeItServesIsLoadedAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, l *puppets, p *puppet, load wire.Load) *puppet{
		"its isolate": func(t *testing.T, _ *puppets, p *puppet, load wire.Load) *puppet {
			p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"}, wire.Log{Instance: 0})
			return nil
		},
		"its worker": func(_ *testing.T, _ *puppets, p *puppet, _ wire.Load) *puppet {
			p.die()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newPuppets()
			store := &pausing{writing: make(chan string, 1), proceed: make(chan error, 1)}
			w := newWorld(t, options{launch: l, store: func(s deploy.Store) deploy.Store { store.Store = s; return store }})
			p := l.next(t)
			wait := w.inBackground("x")
			load := p.loaded(t, "messageCreate")
			<-store.writing
			lose(t, l, p, load)
			again := l.next(t)
			store.proceed <- nil
			wait()
			load = again.loaded(t, "messageCreate")
			w.message(guildA, "hi")
			if d := next[wire.Dispatch](t, again); d.Instance != load.Instance {
				t.Fatalf("the event went to %d, want %d", d.Instance, load.Instance)
			}
		})
	}
}

func TestAnOldScriptCannotChangeWhatTheNewOneDeclared(t *testing.T) {
	t.Parallel()
	w, _, p, old := puppetWorld(t, options{}, "messageCreate")
	w.message(guildA, "hi")
	d := next[wire.Dispatch](t, p)
	wait := w.inBackground("y")
	load := next[wire.Load](t, p)
	p.send(t, wire.Declared{Instance: load.Instance, Kind: "cron", Value: `{"name":"new","expr":"0 0 * * *"}`},
		wire.Declared{Instance: load.Instance, Kind: "event", Value: "messageDelete"},
		wire.Settled{Instance: load.Instance, ID: 1})
	wait()
	p.send(t, wire.Declared{Instance: old.Instance, Kind: "cron", Value: `{"name":"old","expr":"0 0 * * *"}`},
		wire.Log{Instance: old.Instance, Level: 2, Text: "declared"})
	w.wait(guildA, 1, "declared")
	if got := w.crons.Jobs(guildA); len(got) != 1 || got[0].Name != "new" {
		t.Fatalf("the jobs are %+v", got)
	}
	p.send(t, wire.Settled{Instance: old.Instance, ID: d.ID})
	if u := next[wire.Unload](t, p); u.Instance != old.Instance {
		t.Fatalf("got %+v, want the old script to go", u)
	}
}

func TestAJobThatNeverComesIsAWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	rev := w.deploy(guildA, `cron("never", "0 0 30 2 *", () => {});`)
	if len(rev.Warnings) != 1 || !strings.Contains(rev.Warnings[0], `"never"`) {
		t.Fatalf("the warnings are %q", rev.Warnings)
	}
	w.wait(guildA, 1, "never")
}

func TestDeploysOfTwoGuildsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := w.tryDeploy(guildA, `await kv.store("s").get("slow");`); err != nil {
			t.Error(err)
		}
	})
	w.ops.wait(t, 1, "get slow")
	w.deploy(guildB, says("b"))
	w.message(guildB, "hi")
	w.wait(guildB, 1, "b hi")
	w.ops.release("slow")
	wg.Wait()
	for _, g := range []snowflake.GuildID{guildA, guildB} {
		if _, err := w.store.Current(context.Background(), g); err != nil {
			t.Error(err)
		}
	}
}

// slowBuilds take until they are given up, and count how many there are by what
// they are called.
type slowBuilds struct {
	mu   sync.Mutex // Guards the members below.
	now  map[string]int
	most int
	told sync.Once
	both chan struct{} // Closed when there were both.
}

func (s *slowBuilds) Build(ctx context.Context, in bundle.Input) (bundle.Output, error) {
	s.mu.Lock()
	s.now[in.Entry]++
	s.most = max(s.most, s.now[in.Entry])
	if len(s.now) == 2 {
		s.told.Do(func() { close(s.both) })
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now[in.Entry]--
	return bundle.Output{}, ctx.Err()
}

func (s *slowBuilds) MapStacks(context.Context, []bundle.Stack, string) ([]string, error) {
	return nil, errors.New("not here")
}

// Sources may be such that to bundle them takes as long as it may; the bundler's
// few processes are not for one guild.
func TestOneGuildBuildsOneAtATime(t *testing.T) {
	t.Parallel()
	slow := &slowBuilds{now: map[string]int{}, both: make(chan struct{})}
	w := newWorld(t, options{bundler: slow})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	deploying := func(guild snowflake.GuildID, entry string) {
		all.Go(func() {
			_, err := w.bot.Deploy(ctx, deploy.Request{
				Guild: guild, Entry: entry, Files: []deploy.File{{Path: entry, Contents: "1"}}, Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem},
			})
			if err == nil {
				t.Error("a build that was given up was deployed")
			}
		})
	}
	for range 5 {
		deploying(guildA, "a.ts")
	}
	deploying(guildB, "b.ts")
	select {
	case <-slow.both:
	case <-time.After(patience):
		t.Error("another guild's build does not begin")
	}
	cancel()
	all.Wait()
	if slow.most > 1 {
		t.Errorf("%d builds of one guild ran at once", slow.most)
	}
}

// Control keeps the source map of every script that runs.
func TestALargeSourceMapIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	script := `on("ready", () => {});`
	for size, kept := range map[int]bool{8 << 20: true, 8<<20 + 1: false} {
		rev, err := w.bot.Deploy(ctx, deploy.Request{
			Guild: guildA, Entry: "main.js", Bundle: &script, SourceMap: &deploy.SourceMap{Path: "m.map", Contents: strings.Repeat("x", size)},
			Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem},
		})
		if err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(strings.Join(rev.Warnings, "\n"), "the source map has 8388609 bytes"); (rev.SourceMap != nil) != kept || warned == kept {
			t.Errorf("of %d bytes: kept %t, warnings %q", size, rev.SourceMap != nil, rev.Warnings)
		}
	}
}
