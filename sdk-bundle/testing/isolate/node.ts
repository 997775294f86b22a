// What of node:assert/strict tests use, for files that run in Node as well.
import { assert, assertEquals, assertMatch, assertNotEquals, assertNotMatch, assertNotStrictEquals, assertRejects, assertStrictEquals, assertThrows, AssertionError, fail } from "../src/assert";

type Expected = RegExp | object | (abstract new (...args: any[]) => unknown) | ((e: any) => unknown) | undefined;

function check(e: any, expected: Expected): void {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp) assertMatch(String(e), expected);
  else if (typeof expected === "function") {
    const isClass = expected === Error || expected.prototype instanceof Error;
    if (isClass ? !(e instanceof expected) : (expected as (e: any) => unknown)(e) !== true) throw new AssertionError(`${String(e)} is not what was expected`, { actual: e });
  } else {
    for (const [k, v] of Object.entries(expected)) {
      if (v instanceof RegExp) assertMatch(String(e?.[k]), v);
      else assertEquals(e?.[k], v);
    }
  }
}

export const nodeAssert: any = Object.assign((v: unknown, message?: string) => assert(v, message), {
  ok: assert, equal: assertStrictEquals, strictEqual: assertStrictEquals, notEqual: assertNotStrictEquals, notStrictEqual: assertNotStrictEquals,
  deepEqual: assertEquals, deepStrictEqual: assertEquals, notDeepEqual: assertNotEquals, notDeepStrictEqual: assertNotEquals,
  match: assertMatch, doesNotMatch: assertNotMatch, fail, AssertionError,
  throws: (run: () => unknown, expected?: Expected) => check(assertThrows(run), expected),
  rejects: async (run: Promise<unknown> | (() => unknown), expected?: Expected) => check(await assertRejects(typeof run === "function" ? run : () => run), expected),
  doesNotThrow: (run: () => unknown) => void run(),
  doesNotReject: async (run: Promise<unknown> | (() => unknown)) => void (await (typeof run === "function" ? run() : run)),
  ifError: (v: unknown) => assert(v === null || v === undefined, String(v)),
});
nodeAssert.strict = nodeAssert;
