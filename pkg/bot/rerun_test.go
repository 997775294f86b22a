package bot_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestFailedCronRunsAreKept has a job fail, and be tried again by what was kept.
func TestFailedCronRunsAreKept(t *testing.T) {
	t.Parallel()
	kept := make(chan later.Message, 10)
	w := newWorld(t, options{core: func(c *bot.Config) {
		c.Retry = func(_ context.Context, guild snowflake.GuildID, m later.Message, in time.Duration) error {
			if guild != guildA || in != 7*time.Second {
				t.Errorf("it is kept for %s, %s", guild, in)
			}
			kept <- m
			return nil
		}
	}})
	w.deploy(guildA, `let n = 0; Deno.cron("job", "* * * * *", { backoffSchedule: [7000, 8000] }, async () => {
		n++; console.log("run " + n);
		if (n < 3) throw new Error("not yet");
		await kv.store("s").get("job");
	});`)
	w.tick(60)
	w.wait(guildA, 1, "run 1")
	w.wait(guildA, 1, "cron failed: Error: not yet")
	var m later.Message
	select {
	case m = <-kept:
	case <-time.After(patience):
		t.Fatal("nothing was kept")
	}
	m.At = 0
	if diff := cmp.Diff(later.Message{Name: "__cron:job", Value: `{"name":"job","scheduledAt":"2026-01-01T00:01:00Z"}`, Backoff: []int64{8000}}, m); diff != "" {
		t.Error(diff)
	}
	again := func(name string) later.Outcome {
		t.Helper()
		over := make(chan later.Outcome, 1)
		w.bot.Rerun(later.Delivery{Guild: guildA, Name: "__cron:" + name, Payload: fmt.Appendf(nil, `{"id":"1","value":%q}`, base64.StdEncoding.EncodeToString([]byte(m.Value))), Over: func(o later.Outcome) { over <- o }})
		select {
		case o := <-over:
			return o
		case <-time.After(patience):
			t.Fatal("it does not end")
			return 0
		}
	}
	if got := again("job"); got != later.Failed {
		t.Errorf("a try that fails: %d", got)
	}
	done := make(chan later.Outcome, 1)
	w.bot.Rerun(later.Delivery{Guild: guildA, Name: "__cron:job", Payload: []byte(`{"value":"e30="}`), Over: func(o later.Outcome) { done <- o }})
	w.wait(guildA, 1, "run 3")
	if got := again("job"); got != later.Unserved {
		t.Errorf("a try while one runs: %d", got)
	}
	w.tick(60)
	if j := w.job(guildA, "job"); j.Running != 1 || j.Skipped != 1 {
		t.Errorf("got %+v", j)
	}
	w.ops.release("job")
	select {
	case got := <-done:
		if got != later.Handled {
			t.Errorf("a try that ends well: %d", got)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if got := again("other"); got != later.Handled {
		t.Errorf("a job that is gone: %d", got)
	}
	if len(kept) != 0 {
		t.Error("more was kept")
	}
	// One that a signal ends is no job any more.
	w.deploy(guildA, `const stop = new AbortController(); Deno.cron("job", "* * * * *", { signal: stop.signal }, () => {}); on("messageCreate", () => stop.abort());`)
	w.message(guildA, "x")
	w.until("the job to end", func() bool { return len(w.crons.Jobs(guildA)) == 0 })
}
