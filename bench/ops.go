package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

// ops measures calls out of JavaScript: those answered in the worker, and those
// that control answers.
func (b *bench) ops(ctx context.Context) error {
	var base stats.Summary // Of a string in and out, jit off: what an op to control is compared with.
	for _, jit := range []bool{false, true} {
		our, theirs, err := bothWays(ctx, "native", jit, b.plan.nativeChildren, b.plan.nativeSamples, b.plan.nativeCalls)
		if err != nil {
			return err
		}
		for i, s := range shapes {
			other := stats.Of(theirs[s.name])
			b.report.Add(report.Row{
				Group: "ops", Name: "op in the worker, " + s.name, Note: jitNote(jit), Unit: "ns",
				Value: stats.Of(our[s.name]), Baseline: "stock v8go", Base: other,
			})
			if i == 1 && !jit {
				base = other
			}
		}
	}
	return b.controlOps(ctx, base)
}

// loopBot awaits an op again and again and answers how long that took.
const loopBot = `
const s = kv.store("bench");
on("messageCreate", async (ctx) => {
  const [command, calls, width] = ctx.msg.content.split(" ");
  if (command !== "!loop") return;
  await s.set("k", "value");
  let left = Number(calls);
  const one = async () => { while (left-- > 0) await s.get("k"); };
  const began = Date.now();
  const all = [];
  for (let i = 0; i < Number(width); i++) all.push(one());
  await Promise.all(all);
  await ctx.reply("took " + (Date.now() - began));
});
`

// loopLimit bounds one such loop, and loopPause is between two looks at it.
const (
	loopLimit = 30 * time.Second
	loopPause = 20 * time.Millisecond
)

// controlOps measures the whole way of an op: wire, control, store and back.
func (b *bench) controlOps(ctx context.Context, base stats.Summary) error {
	f, err := b.startFlora(ctx, []string{unhurried}, "--guilds", "1", "--no-rate-limits")
	if err != nil {
		return err
	}
	defer f.stop()
	sim, err := look(ctx, f.url)
	if err != nil {
		return err
	}
	if err := f.deploy(ctx, sim.guilds, "main.js", loopBot); err != nil {
		return err
	}
	base.Median, base.Low, base.High = base.Median/1000, base.Low/1000, base.High/1000
	for _, width := range []int{1, inFlight} {
		var found []float64
		for i := range b.plan.loopSamples + 1 {
			took, err := loop(ctx, sim, b.plan.loopCalls, width)
			if err != nil {
				return f.failure(err)
			}
			if i > 0 { // The first is the warm-up.
				found = append(found, took)
			}
		}
		b.report.Add(report.Row{
			Group: "ops", Name: fmt.Sprintf("op to control (kv get), %d at once", width), Note: jitNote(false), Unit: "us",
			Value: stats.Of(found), Baseline: "stock v8go, 11-byte string", Base: base,
		})
	}
	return nil
}

// loop runs the bot's loop once and gives microseconds per call.
func loop(ctx context.Context, sim world, calls, width int) (float64, error) {
	answer, err := sim.say(ctx, fmt.Sprintf("!loop %d %d", calls, width), loopLimit, loopPause)
	if err != nil {
		return 0, err
	}
	text, ok := strings.CutPrefix(answer, "took ")
	ms, err := strconv.Atoi(text)
	if !ok || err != nil {
		return 0, fmt.Errorf("the bot answered %q", answer)
	}
	return 1000 * float64(ms) / float64(calls), nil
}
