package trial_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLater: the clock of tests moves what waits for its moment.
func TestLater(t *testing.T) {
	t.Parallel()
	const script = `
		const kv = await Deno.openKv();
		const seen = [];
		kv.listenQueue(async (m) => {
			seen.push(m);
			if (typeof m === "object" && m.fail-- > 0) { await kv.atomic().sum(["fails"], 1n).commit(); throw new Error("no"); }
		});
		schedule.on("remind", ({ data, attempt, at }) => { console.log("remind", data, attempt, at.getTime() - started); });
		const started = Date.now();
		on("messageCreate", async (ctx) => {
			switch (ctx.msg.content) {
				case "queue": await kv.enqueue("now"); await kv.enqueue("soon", { delay: 5000 }); break;
				case "fail": await kv.enqueue({ fail: 1 }, { backoffSchedule: [10, 20], keysIfUndelivered: [["dead"]] }); break;
				case "expire": await kv.set(["e"], 1, { expireIn: 2000 }); break;
				case "remind": await schedule(Date.now() + 60000, "remind", new Map([[1, 2n]])); break;
				case "watch": (async () => { for await (const [e] of kv.watch([["w"]])) console.log("watched", e.value); })(); break;
				case "write": await kv.set(["w"], Math.random() > 2 ? 0 : "w"); break;
			}
			console.log(JSON.stringify(seen), (await kv.get(["e"])).value, (await kv.get(["fails"])).value?.value, (await kv.get(["dead"])).value);
		});`
	got := results(run(t, files(`
		const out = (o) => o.logs.map((l) => typeof l === "string" ? l : l.text ?? l.message);
		Deno.test("queue", async () => {
			const bot = await createTestBot({ file: "main.ts" });
			await bot.say("queue");
			assertMatch(out(await bot.say("look")).join(), /^\["now"\] null/);
			await bot.advance(4999);
			assertMatch(out(await bot.say("look")).join(), /^\["now"\] null/);
			await bot.advance(1);
			assertMatch(out(await bot.say("look")).join(), /^\["now","soon"\] null/);
		});
		Deno.test("retries end at a key", async () => {
			const bot = await createTestBot({ file: "main.ts" });
			try { await bot.say("fail"); } catch {}
			for (let i = 0; i < 4; i++) try { await bot.advance(100); } catch {}
			assertMatch(out(await bot.say("look")).join(), /null 3n \{ fail: 1 \}/);
		});
		Deno.test("expiry, schedules and watch", async () => {
			const bot = await createTestBot({ file: "main.ts" });
			await bot.say("expire");
			assertMatch(out(await bot.say("look")).join(), /\] 1 /);
			await bot.advance(3000);
			assertMatch(out(await bot.say("look")).join(), /\] null /);
			await bot.say("remind");
			assertEquals(out(await bot.advance(59000)), []);
			assertMatch(out(await bot.advance(1000)).join(), /^remind Map\(1\) \{ 1 => 2n \} 1/);
			assertEquals(out(await bot.advance(3600000)), []);
			assertMatch(out(await bot.say("watch")).join("|"), /watched null/);
			assertMatch(out(await bot.say("write")).join("|"), /watched w/);
		});
	`), map[string]string{"main.ts": script}))
	if diff := cmp.Diff([]string{"queue: passed", "retries end at a key: passed", "expiry, schedules and watch: passed"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
