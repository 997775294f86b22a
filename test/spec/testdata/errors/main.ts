import { Account, outer, together } from "./src/lib";

interface Case {
  (ctx: any): unknown;
}

const cases: Record<string, Case> = {
  "plain": () => {
    throw new TypeError("plain");
  },
  "members": () => {
    throw Object.assign(new RangeError("members"), { code: "E_RANGE", limit: { most: 5 } });
  },
  "async": async () => {
    await outer(3);
  },
  "all": async () => {
    await together();
  },
  "constructor": () => new Account(-1),
  "field": () => new Account(1, true),
  "getter": () => new Account(2).balance,
  "static": () => Account.open("nobody"),
  "builtin": () => [1, 2].map((n) => JSON.parse("{" + n)),
  "callback": () => ["x"].forEach(function visit(x) { throw new Error("callback " + x) }),
  "eval": () => (0, eval)("(function inner() { throw new Error('eval') })()"),
  "cause": async () => {
    try {
      await outer(1);
    } catch (e) {
      throw new Error("cause", { cause: new Error("between", { cause: e }) });
    }
  },
  "cycle": () => {
    const a: any = new Error("cycle");
    a.cause = new Error("b", { cause: a });
    throw a;
  },
  "aggregate": async () => {
    await Promise.any([Promise.reject(new Error("first")), Promise.reject("second"), Promise.reject(new AggregateError([new Error("inside")], "inner"))]);
  },
  "dom": () => structuredClone(() => {}),
  "abort": () => AbortSignal.abort().throwIfAborted(),
  "text": () => {
    throw "text thrown";
  },
  "object": () => {
    throw { status: 404 };
  },
  "undefined": () => Promise.reject(undefined),
  "timer": () => {
    setTimeout(function later() { throw new Error("timer"); }, 1);
  },
  "rejection": () => {
    void (async function lost() { await null; throw new Error("rejection"); })();
  },
  "rejected text": () => {
    void Promise.reject("rejected text");
  },
  "microtask": () => queueMicrotask(() => { throw new Error("microtask"); }),
  "listener": () => {
    const t = new EventTarget();
    t.addEventListener("x", () => { throw new Error("listener"); });
    t.dispatchEvent(new Event("x"));
  },
  "reported": () => reportError(new Error("reported")),
  "operation": () => rest.sendMessage({ channelId: "x", content: "operation" }),
  "forbidden": () => Deno.readTextFile("forbidden.txt"),
  "console": () => console.error("console", new Error("shown", { cause: new Error("why") })),
  "warned": () => console.warn("warned", [new Error("in a list")]),
  "traced": () => console.trace("traced"),
  "long": () => { const text = "a long line that goes on and on and on and on and on and on and on and on and on"; throw new Error("long " + text.length + " and what comes after it is cut off, too"); },
  "many": () => {
    for (let i = 0; i < 50; i++) console.error(new Error("many"));
  },
};

on("messageCreate", (ctx) => cases[ctx.msg.content.slice(1)]?.(ctx));
cron("job", "* * * * * *", () => {
  throw new Error("in a job");
});
