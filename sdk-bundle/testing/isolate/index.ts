// The library for tests, in the snapshot behind the SDK. It wraps the SDK's boot
// function: an isolate that is booted as a tester gets the library, every other
// one only the host's clock.
import * as asserts from "../src/assert";
import { HandlerError, TestBot, createTestBot } from "./bot";
import { type Native, attach, receive, settle } from "./host";
import { nodeAssert } from "./node";
import { Context, afterAll, afterEach, beforeAll, beforeEach, describe, here, it, run, test, told, uncaught } from "./runner";

type Enter = (kind: number, id: number, a: any, b: any) => unknown;
type Boot = (natives: Record<string, Native>, info: string) => Enter;

const { __floraBoot: inner, __floraClock: setClock, __floraLazy: lazies } = globalThis as any as { __floraBoot: Boot; __floraClock: (now: () => number) => void; __floraLazy: [object, string][] };
delete (globalThis as any).__floraClock;

const library = { createTestBot, TestBot, HandlerError, Context, describe, it, test, beforeAll, beforeEach, afterEach, afterAll, before: beforeAll, after: afterAll, ...asserts };

// The number of the member that Deno is.
let denoNumber = 0;
while (lazies[denoNumber]![0] !== globalThis || lazies[denoNumber]![1] !== "Deno") denoNumber++;

function bootTester(natives: Record<string, Native>, info: string): Enter {
  attach(natives);
  const own: Record<string, Native> = Object.create(natives);
  own.report = (_a, _b, s) => void uncaught(JSON.parse(s!));
  own.timerStart = (id, ms, repeat) => {
    const out = natives.timerStart!(id, ms, repeat);
    here().timers.add(id!);
    return out;
  };
  const enter = inner(own, info);
  const g = globalThis as any;
  for (const [name, value] of Object.entries({ describe, it, test, beforeAll, beforeEach, afterEach, afterAll, before: beforeAll, after: afterAll })) {
    Object.defineProperty(g, name, { value, writable: true, configurable: true, enumerable: false });
  }
  // The host cannot make it before the isolate is booted.
  const deno: any = enter(8, denoNumber, undefined, undefined);
  deno.test = test;
  Object.defineProperty(g, Symbol.for("flora.testing"), { value: { ...library, nodeAssert } });
  return (kind, id, a, b) => {
    if (kind === 1) return receive(id, a, b, run);
    if (kind === 2 && settle(id, b)) return undefined;
    if (kind === 5) return uncaught(told(a));
    return enter(kind, id, a, b);
  };
}

Object.defineProperty(globalThis, "__floraBoot", {
  configurable: true,
  value: (natives: Record<string, Native>, info: string) => {
    if (JSON.parse(info).tester === true) return bootTester(natives, info);
    const { now } = natives;
    if (now !== undefined) setClock(now as () => number);
    return inner(natives, info);
  },
});
