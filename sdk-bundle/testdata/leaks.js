// Gets hold of everything that the SDK hands out or lets slip, in all the ways
// that a script has, and walks it.
const caught = [];
const keep = (v) => (caught.push(v), v);

Error.prepareStackTrace = (error, sites) => {
  keep(error);
  for (const s of sites) {
    for (const ask of ["getThis", "getFunction", "getTypeName", "getFunctionName", "getEvalOrigin"]) {
      try {
        keep(s[ask]());
      } catch (e) {
        // Nothing was given.
      }
    }
  }
  return "stack";
};

const attempt = (f) => {
  try {
    return keep(f());
  } catch (e) {
    keep(e.stack);
    return keep(e);
  }
};

// A sloppy function sees its caller, unless that one is strict.
const sloppy = new Function("keep", "return function () { keep(this); keep(arguments); keep(arguments.callee.caller); keep(arguments.callee.arguments); }")(keep);

on("e", async (ctx) => {
  keep(ctx);
  sloppy();
  const trap = new Proxy({}, {
    get: (...a) => (keep(a), undefined),
    ownKeys: (...a) => (keep(a), []),
    getPrototypeOf: (...a) => (keep(a), null),
  });
  attempt(() => console.log(trap, { toJSON: sloppy }));
  attempt(() => rest.sendMessage({ toJSON: sloppy, get x() { return sloppy.call(this); } }));
  attempt(() => rest.sendMessage(trap));
  const pending = attempt(() => rest.sendMessage({ channelId: "1" }));
  keep(await pending.catch((e) => (keep(e.stack), keep(e))));
  keep(await attempt(() => ctx.reply(trap)).catch(keep));
  keep(await attempt(() => kv.store("s").get("k")).catch(keep));
  keep(await attempt(() => kv.store("s").getWithMetadata("k")).catch(keep));
  attempt(() => secrets.get("x"));
  attempt(() => secrets.get({}));
  attempt(() => on("", 1));
  attempt(() => setTimeout(5));
  attempt(() => { for (;;) setTimeout(sloppy, 1e6); });
  attempt(() => queueMicrotask(sloppy));
  attempt(() => cron("x", "y", sloppy));
  attempt(() => createBot({ commands: [{ name: "x", run: sloppy }] }));
  keep(fetch("x").catch(keep));
  keep(fetch("http://a.b", { method: "POST", body: new Uint8Array(3), headers: new Headers([["a", "b"]]), signal: keep(AbortSignal.any([new AbortController().signal])) }).catch(keep));
  keep([new URL("http://a.b/?c").searchParams, new Headers({ a: "b" }).entries(), Response.json({}).text(), new Request("http://a.b"), new TextEncoder().encode("x"), new DOMException()]);
  attempt(() => new URL({ toString: sloppy }));
  attempt(() => fetch(trap, trap));
  keep([embed(), actionRow(), stringSelect("x"), kv.store("s"), flora]);
  await null;
});
on("e", sloppy);
on("e", keep);
on("walk", () => {
  Error.prepareStackTrace = undefined;
  const found = walk([globalThis, caught, function* () {}]);
  console.log(JSON.stringify({ ...found, caught: caught.length }));
});
