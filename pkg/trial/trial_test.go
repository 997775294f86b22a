package trial_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
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
			out = append(out, strings.Join(e.Test, " > ")+": "+e.Status+": "+e.Error.Name+": "+e.Error.Message)
		case e.Type == "result":
			out = append(out, strings.Join(e.Test, " > ")+": "+e.Status)
		case e.Type == "file_end" && e.Error != nil:
			out = append(out, e.File+": "+e.Error.Name+": "+e.Error.Message)
		}
	}
	return out
}

// passes runs a file of which all tests pass.
func passes(t *testing.T, code string, scripts map[string]string) {
	t.Helper()
	events := run(t, files(code), scripts)
	n := 0
	for _, e := range events {
		if e.Type == "result" && e.Status == "passed" {
			n++
		}
		if e.Error != nil {
			doc, err := json.MarshalIndent(e, "", "  ")
			if err = errors.Join(err); err != nil {
				t.Error(err)
			}
			t.Errorf("%s", doc)
		}
	}
	if n == 0 {
		t.Errorf("nothing passed: %+v", events)
	}
}

const points = `
const points = kv.store("points");
createBot({
  commands: [prefix({ name: "ping", run: (ctx) => ctx.reply("pong!") })],
  slashCommands: [
    slash({
      name: "give", description: "Gives a point", options: [{ name: "to", description: "Whom", type: "user", required: true }],
      run: async (ctx) => {
        const { to } = ctx.options;
        const count = Number((await points.get(to.id)) ?? 0) + 1;
        await points.set(to.id, String(count));
        await ctx.reply({ content: to.username + " has " + count + ".", components: [actionRow().addComponents(button().setCustomId("thank:" + to.id).setLabel("Thank"))] });
        setTimeout(() => ctx.deleteReply(), 60_000);
      },
    }),
    slash({ name: "report", description: "Reports a problem", run: (ctx) => ctx.showModal({ custom_id: "report", title: "Report", components: [label("What").setComponent(inputText("what"))] }) }),
  ],
});
onComponent("thank:{user}", (ctx) => ctx.reply("<@" + ctx.params.user + ">, thanks from " + ctx.user.username + "!"));
onModal("report", async (ctx) => {
  await rest.addMemberRole({ userId: ctx.user.id, roleId: "1234567890123456789", reason: "has reported" }).catch((e) => console.warn(e.message));
  await ctx.reply({ content: "Noted: " + ctx.fields.what, ephemeral: true });
});
cron("reset", "@weekly", async () => { for (const { name } of (await points.list()).keys) await points.delete(name); });
`

// TestWhatTheDocumentationShows is docs/testing.md.
func TestWhatTheDocumentationShows(t *testing.T) {
	t.Parallel()
	passes(t, `
test("ping", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const { reply } = await bot.say("!ping");
  assertEquals(reply.content, "pong!");
});
test("points", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const bob = bot.addUser("bob");
  const given = await bot.slash("give", { to: bob });
  assertEquals(given.reply.content, "bob has 1.");
  assertEquals(bot.kv.store("points").get(bob.id), "1");
  const thanked = await bot.click("thank:" + bob.id, { user: bot.owner });
  assertEquals(thanked.reply.content, "<@" + bob.id + ">, thanks from owner!");
  await bot.advance(60_000);
  assertEquals(given.reply.deleted, true);
  await bot.fire("reset");
  assertEquals(bot.kv.store("points").entries(), {});
});
test("the form", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const { modal } = await bot.slash("report");
  assertEquals(modal.title, "Report");
  const { reply, logs } = await bot.submit("report", { what: "It is broken" });
  assertEquals(reply.ephemeral, true);
  assertMatch(logs[0].text, /Unknown Role/);
});
test("Discord refuses", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  bot.answer("addMemberRole", () => {
    throw Object.assign(new Error("Missing Permissions"), { code: "DISCORD_HTTP_ERROR", discord_code: 50013, status: 403 });
  });
  await bot.slash("report");
  const { calls, logs } = await bot.submit("report", { what: "x" });
  assertEquals(calls[0].args.reason, "has reported");
  assertEquals(logs[0].text, "Missing Permissions");
});
`, map[string]string{"src/main.ts": points})
}

var _ = cmp.Diff
