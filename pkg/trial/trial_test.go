package trial_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/trial"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// patience bounds every run; a test that reaches it has failed.
const patience = time.Minute

var snapshot = sync.OnceValues(trial.Snapshot)

func blob(t *testing.T) *v8.Blob {
	t.Helper()
	b, err := snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func limits() bot.Limits {
	return bot.Limits{
		Script:      wire.Limits{MemoryBytes: 64 << 20, TurnMS: 500, LoadMS: 5000, PendingOps: 100, Timers: 100, Crons: 8},
		ScriptBytes: 1 << 20, Dispatch: 30 * time.Second, Cron: 500 * time.Millisecond, Load: 5 * time.Second, Op: 10 * time.Second, InFlight: 16, Queue: 100,
	}
}

// run runs one file with the given scripts, and gives all that happened.
func run(t *testing.T, job report.Job, scripts map[string]string) []report.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if job.TimeoutMS == 0 {
		job.TimeoutMS = 20_000
	}
	var events []report.Event
	log := zap.NewNop()
	if os.Getenv("TRIAL_LOG") != "" {
		log = zap.Must(zap.NewDevelopment())
	}
	err := trial.Run(ctx, trial.Config{
		Blob: blob(t), Limits: limits(), Log: log,
		Bundle: func(_ context.Context, file string) (report.Bundle, error) {
			text, ok := scripts[file]
			if !ok {
				return report.Bundle{}, fmt.Errorf("there is no file %s", file)
			}
			return report.Bundle{Code: text}, nil
		},
		Emit: func(e report.Event) { events = append(events, e) },
	}, job)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

const imports = `const { createTestBot, HandlerError, assert, assertEquals, assertMatch, assertStrictEquals, assertThrows, assertRejects } = globalThis[Symbol.for("flora.testing")];
`

func files(code ...string) report.Job {
	var j report.Job
	for i, c := range code {
		j.Files = append(j.Files, report.File{Name: fmt.Sprintf("%d.test.ts", i), Bundle: report.Bundle{Code: imports + c}})
	}
	return j
}

// results are the tests' outcomes in short.
func results(events []report.Event) []string {
	var out []string
	for _, e := range events {
		switch {
		case e.Type == "result" && e.Error != nil:
			out = append(out, strings.Join(e.Test, " > ")+": "+e.Status+": "+e.Error.Name+": "+e.Error.Message+"\n"+e.Error.Diff)
		case e.Type == "result":
			out = append(out, strings.Join(e.Test, " > ")+": "+e.Status)
		case e.Type == "file_end" && e.Error != nil:
			out = append(out, e.File+": "+e.Error.Name+": "+e.Error.Message)
		}
	}
	return out
}

// bundled bundles a file of a folder as the CLI does.
func bundled(t *testing.T, dir, file string) report.Bundle {
	t.Helper()
	p, err := project.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bundle(t.Context(), project.BundleOptions{Entry: file, Virtual: sdkpackage.Modules(), NoSources: true})
	if err != nil {
		t.Fatal(err)
	}
	return report.Bundle{Code: b.Code, Map: b.Map}
}

// runFile runs a test file of a folder.
func runFile(t *testing.T, dir, file string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	passed := 0
	err := trial.Run(ctx, trial.Config{
		Blob: blob(t), Limits: limits(), Log: zap.NewNop(),
		Bundle: func(_ context.Context, name string) (report.Bundle, error) { return bundled(t, dir, name), nil },
		Emit: func(e report.Event) {
			if e.Status == report.Passed {
				passed++
			}
			if e.Error != nil {
				t.Errorf("%s %v: %s: %s\n%s\n%s\n%v", e.File, e.Test, e.Error.Name, e.Error.Message, e.Error.Diff, e.Error.Stack, e.Output)
			}
		},
	}, report.Job{Files: []report.File{{Name: file, Bundle: bundled(t, dir, file)}}, TimeoutMS: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	if passed == 0 {
		t.Errorf("no test of %s passed", file)
	}
}

var (
	scriptBlock = regexp.MustCompile("(?s)```ts\n(.*?)```")
	testBlock   = regexp.MustCompile("(?s)```js\n(.*?)```")
)

// TestWhatTheDocumentationShows runs the script and the tests of docs/testing.md,
// which sdk-bundle/testing runs in Node.
func TestWhatTheDocumentationShows(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	script, tests := scriptBlock.FindSubmatch(page), testBlock.FindAllSubmatch(page, -1)
	if script == nil || len(tests) < 3 {
		t.Fatalf("docs/testing.md has no script or only %d tests", len(tests))
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "src", "main.ts"), script[1])
	for i, m := range tests {
		name := fmt.Sprintf("%d.test.js", i)
		write(t, filepath.Join(dir, name), m[1])
		runFile(t, dir, name)
	}
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestInIsolates runs the files of testdata.
func TestInIsolates(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.test.js")
	if err != nil || len(names) < 2 {
		t.Fatalf("%d files (%v)", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			runFile(t, "testdata", filepath.Base(name))
		})
	}
}

// TestTheSameInNode runs both.test.js, which TestInIsolates runs as well, with
// the npm package.
func TestTheSameInNode(t *testing.T) {
	t.Parallel()
	files, err := sdkpackage.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, "node_modules", "@flora", "sdk", name), []byte(text))
	}
	for from, to := range map[string]string{"bot.js": "bot.js", "both.test.js": "both.test.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata", from))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-reporter=tap", "both.test.mjs")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^# pass 1[0-9]$`).Match(out) {
		t.Errorf("node: %v\n%s", err, out)
	}
}

// TestWhatBecomesOfFiles shows the outcomes of files, in short.
func TestWhatBecomesOfFiles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		job  func(*report.Job)
		code []string
		want []string
	}{
		{name: "order", code: []string{`
describe("a", () => {
  beforeAll(() => console.log("all")); beforeEach(() => console.log("each"));
  it("1", () => {}); describe("b", () => { it("2", () => {}); });
});
test("3", () => {});`}, want: []string{"a > 1: passed", "a > b > 2: passed", "3: passed"}},
		{name: "only", code: []string{`it("1", () => {}); it.only("2", () => {}); describe("g", () => { it("3", () => {}); });`, `it("4", () => {});`}, want: []string{"2: passed", "4: passed"}},
		{name: "filter", job: func(j *report.Job) { j.Filter = "g > 3" }, code: []string{`it("1", () => {}); describe("g", () => { it("3", () => {}); it("4", () => {}); });`}, want: []string{"g > 3: passed"}},
		{name: "expression", job: func(j *report.Job) { j.Filter = "/[14]$/" }, code: []string{`it("1", () => {}); describe("g", () => { it("3", () => {}); it("4", () => {}); });`}, want: []string{"1: passed", "g > 4: passed"}},
		{name: "fail fast", job: func(j *report.Job) { j.FailFast = true }, code: []string{`it("1", () => { throw new TypeError("x"); }); it("2", () => {});`, `it("3", () => {});`}, want: []string{"1: failed: TypeError: x"}},
		{name: "hooks fail", code: []string{`
describe("a", () => { beforeAll(() => { throw new Error("x"); }); it("1", () => {}); });
describe("b", () => { afterAll(() => { throw new Error("y"); }); it("2", () => {}); });
describe("c", () => { beforeEach(() => { throw new Error("z"); }); it("3", () => { throw new Error("not this"); }); });`},
			want: []string{"a > 1: failed: Error: beforeAll: x", "b > 2: passed", "c > 3: failed: Error: z", "0.test.ts: Error: afterAll: y"}},
		{name: "no function", code: []string{`it("1");`}, want: []string{`0.test.ts: TypeError: the test "1" has no function to run`}},
		{name: "nested", code: []string{`it("1", () => { it("2", () => {}); });`}, want: []string{`1: failed: Error: the test "2" is declared inside another one; use t.step, or describe around both`}},
		{name: "a script, not a test", code: []string{`on("messageCreate", () => {});`}, want: []string{"0.test.ts: Error: this is a test file, not a script: give the script to createTestBot"}},
		{name: "what is not there", code: []string{`
it("file", async () => { await createTestBot({ file: "nope.ts" }); });
it("guild", async () => { await createTestBot("1", { guildId: "x" }); });
it("role", async () => { const bot = await createTestBot("1"); bot.addUser("a", { roles: ["5"] }); });
it("who", async () => { const bot = await createTestBot("1"); await bot.say("x", { user: "nobody" }); });
it("channel", async () => { const bot = await createTestBot("1"); await bot.say("x", { channel: "5" }); });
it("modal", async () => { const bot = await createTestBot("1"); await bot.submit("m"); });
it("component", async () => { const bot = await createTestBot("1"); await bot.click("c"); });
it("time", async () => { const bot = await createTestBot("1"); await bot.advance(-1); });`}, want: []string{
			"file: failed: Error: there is no file nope.ts", `guild: failed: Error: guildId "x" is not a Discord id`, "role: failed: Error: there is no role 5",
			`who: failed: Error: nobody here is called nobody; make them with bot.addUser("nobody")`, "channel: failed: Error: guild 999000000000000000 has no channel 5",
			`modal: failed: Error: no modal "m" is open for ada`, `component: failed: Error: no message of the bot has a component "c"`,
			"time: failed: TypeError: advance(ms): ms must be a number that is not negative",
		}},
		{name: "a bot ends with its test", code: []string{`let kept; it("1", async () => { kept = await createTestBot("1"); }); it("2", async () => { await kept.say("x"); });`},
			want: []string{"1: passed", "2: failed: Error: the bot is gone: its test has ended"}},
		{name: "a bot of all", code: []string{`let bot; beforeAll(async () => { bot = await createTestBot("on('messageCreate', (ctx) => { if (!ctx.msg.author.bot) return ctx.reply('x'); })"); });
it("1", async () => { assertEquals((await bot.say("a")).replies.length, 1); }); it("2", async () => { assertEquals((await bot.say("b")).replies.length, 1); assertEquals(bot.messages.length, 2); });`}, want: []string{"1: passed", "2: passed"}},
		{name: "a script finds nothing of tests", code: []string{`it("1", async () => {
  const bot = await createTestBot("console.log(JSON.stringify([typeof describe, typeof it, (() => { try { Deno.test('x', () => {}) } catch (e) { return e.name } })(), typeof globalThis[Symbol.for('flora.testing')], typeof __floraClock, typeof __floraBoot, Date.name, Date.length, Object.getOwnPropertyNames(Date).sort(), new Date(0) instanceof Date, Date.prototype.constructor === Date, Object.keys(globalThis)]))");
  assertEquals(JSON.parse(bot.logs[0].text), ["undefined", "undefined", "NotCapable", "undefined", "undefined", "undefined", "Date", 7, ["UTC", "length", "name", "now", "parse", "prototype"], true, true, []]);
});`}, want: []string{"1: passed"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			job := files(row.code...)
			if row.job != nil {
				row.job(&job)
			}
			got := results(run(t, job, nil))
			for i, w := range row.want {
				if i < len(got) && strings.HasPrefix(got[i], w) {
					got[i] = w
				}
			}
			if diff := cmp.Diff(got, row.want); diff != "" {
				t.Errorf("outcomes (-got +want):\n%s", diff)
			}
		})
	}
}

// TestTheExamples runs the tests of the examples that projects begin with.
func TestTheExamples(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../examples/*/src/main.test.ts")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d examples with tests (%v)", len(names), err)
	}
	for _, name := range names {
		dir := filepath.Dir(filepath.Dir(name))
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			runFile(t, dir, "src/main.test.ts")
		})
	}
}

// TestARunEnds stops a run in the middle of a test.
func TestARunEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- trial.Run(ctx, trial.Config{Blob: blob(t), Limits: limits(), Log: zap.NewNop(), Emit: func(e report.Event) {
			if e.Type == report.Start {
				cancel()
			}
		}}, report.Job{Files: files(`it("1", () => new Promise(() => {}));`, `it("2", () => {});`).Files, TimeoutMS: 60_000})
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("it says that all has run")
		}
	case <-time.After(patience):
		t.Fatal("the run did not end")
	}
}

func TestAJobIsChecked(t *testing.T) {
	t.Parallel()
	for _, job := range []report.Job{{}, {TimeoutMS: 1, Filter: "/(/"}} {
		if err := job.Validate(); err == nil {
			t.Errorf("%+v is taken", job)
		}
		if err := trial.Run(t.Context(), trial.Config{}, job); err == nil {
			t.Errorf("%+v is run", job)
		}
	}
}
