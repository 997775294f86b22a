// Uses Deno.openKv and schedules without a built-in method of its own, so that it
// can do the same when all of them are overwritten.
const db = await Deno.openKv();
db.listenQueue((m) => say("one", m));
db.listenQueue((m) => say("two", m));
schedule.on("s", ({ data, attempt, at }) => say(data, attempt, at));
const failure = async (f) => {
  try {
    await f();
    say("none");
  } catch (e) {
    say(e.name, e.message);
  }
};
let reader;
on("run", async () => {
  for (let i = 0; i < samples.length; i++) await failure(() => db.set(["v", i], samples[i]));
  say(await db.get(["v", 0]), (await db.get(["v", 5])).value);
  const keys = [[true], [1.5], [-0], [0n], [-(2n ** 70n)], ["a\0b"], [bytes], ["a", 1, "b"]];
  const op = db.atomic().check({ key: ["none"], versionstamp: null });
  for (let i = 0; i < keys.length; i++) op.set(keys[i], { i, stamp, undefined });
  say((await op.sum(["n"], 5n).mutate({ type: "max", key: ["n"], value: new Deno.KvU64(9n) }).enqueue("m", { delay: 60000, backoffSchedule: [1, 2], keysIfUndelivered: [["dead"]] }).commit()).ok);
  for await (const { key, value } of db.list({ prefix: [] }, { batchSize: 3 })) say(key, value);
  const last = db.list({ start: ["a"], end: [2n ** 80n] }, { reverse: true, limit: 2, consistency: "eventual" });
  for await (const { key } of last) say(key, last.cursor);
  for await (const { key } of db.list({ start: ["a"], end: [2n ** 80n] }, { reverse: true, cursor: last.cursor })) say("more", key);
  say(await db.getMany([["n"], ["none"]]));
  say((await db.set(["stamped", db.commitVersionstamp()], 1, { expireIn: 60000 })).ok, await db.delete(["n"]));
  await failure(() => db.set([{}], 1));
  await failure(() => db.set(["f"], () => 1));
  await failure(() => db.atomic().sum(["a", 1, "b"], 1n).commit());
  await failure(() => db.list({ prefix: ["a"], start: ["b"] }).next());
  await failure(() => new Deno.KvU64(-1n));
  const id = await schedule(stamp, "s", { to: 1n });
  const all = await schedule.list({ name: "s" });
  say(all[0].data, all[0].at, all.length, all[0].id === id, await schedule.cancel(id), await schedule.cancel(id));
  reader = db.watch([["w"]]).getReader();
  say((await reader.read()).value);
  reader.read(); // Waits.
});
on("end", async () => {
  await db.set(["w"], 1);
  db.close();
  await failure(() => db.get(["a"]));
  say("closed");
});
