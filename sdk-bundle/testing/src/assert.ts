// Assertions that run wherever the test does.

/** What a failed assertion throws. */
export class AssertionError extends Error {
  actual: unknown;
  expected: unknown;
  /** What was there with -, what was expected with +. */
  diff: string | undefined;

  constructor(message: string, more: { actual?: unknown; expected?: unknown; diff?: string } = {}) {
    super(message);
    this.name = "AssertionError";
    this.actual = more.actual;
    this.expected = more.expected;
    this.diff = more.diff;
  }
}

type Message = string | Error | undefined;

function failed(text: string, message: Message, more?: { actual?: unknown; expected?: unknown; diff?: string }): Error {
  if (message instanceof Error) return message;
  return new AssertionError(message === undefined ? text : `${message}: ${text}`, more);
}

export function fail(message?: Message): never {
  throw failed("it was to fail", message);
}

export function assert(condition: unknown, message?: Message): asserts condition {
  if (!condition) throw failed(`${show(condition)} is not true`, message, { actual: condition, expected: true });
}

export function assertFalse(condition: unknown, message?: Message): void {
  if (condition) throw failed(`${show(condition)} is not false`, message, { actual: condition, expected: false });
}

export function assertExists<T>(actual: T, message?: Message): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) throw failed(`it is ${actual}`, message, { actual });
}

export function assertEquals<T>(actual: T, expected: T, message?: Message): void {
  if (!equal(actual, expected)) throw unequal("the values are not equal", actual, expected, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: Message): void {
  if (equal(actual, expected)) throw failed(`the values are equal: ${show(actual)}`, message, { actual, expected });
}

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: Message): asserts actual is T {
  if (!Object.is(actual, expected)) throw unequal(equal(actual, expected) ? "the values are equal, but not the same" : "the values are not the same", actual, expected, message);
}

export function assertNotStrictEquals(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) throw failed(`the values are the same: ${show(actual)}`, message, { actual, expected });
}

export function assertMatch(actual: string | undefined, pattern: RegExp, message?: Message): void {
  if (typeof actual !== "string" || actual.search(pattern) < 0) throw failed(`${show(actual)} does not match ${pattern}`, message, { actual, expected: pattern });
}

export function assertNotMatch(actual: string | undefined, pattern: RegExp, message?: Message): void {
  if (typeof actual === "string" && actual.search(pattern) >= 0) throw failed(`${show(actual)} matches ${pattern}`, message, { actual, expected: pattern });
}

export function assertStringIncludes(actual: string | undefined, part: string, message?: Message): void {
  if (typeof actual !== "string" || !actual.includes(part)) throw failed(`${show(actual)} does not include ${show(part)}`, message, { actual, expected: part });
}

export function assertArrayIncludes<T>(actual: ArrayLike<T>, parts: ArrayLike<T>, message?: Message): void {
  const all = Array.from(actual);
  const missing = Array.from(parts).filter((p) => !all.some((a) => equal(a, p)));
  if (missing.length > 0) throw failed(`it does not include ${show(missing)}`, message, { actual, expected: parts });
}

/** Every member of expected, however deep, is in actual too. */
export function assertObjectMatch(actual: object, expected: object, message?: Message): void {
  const same = picked(actual, expected);
  if (!equal(same, expected)) throw unequal("the object does not match", same, expected, message);
}

function picked(actual: any, expected: any): any {
  if (actual === null || expected === null || typeof actual !== "object" || typeof expected !== "object" || Array.isArray(actual) !== Array.isArray(expected)) return actual;
  if (Array.isArray(actual)) return actual.map((v, i) => (i in expected ? picked(v, expected[i]) : v));
  return Object.fromEntries(Object.keys(expected).filter((k) => k in actual).map((k) => [k, picked(actual[k], expected[k])]));
}

type Class = abstract new (...args: any[]) => unknown;

export function assertThrows(run: () => unknown, kind?: Class, part?: string, message?: Message): Error {
  try {
    run();
  } catch (e) {
    return expectedError(e, kind, part, message);
  }
  throw failed("it did not throw", message);
}

export async function assertRejects(run: () => unknown, kind?: Class, part?: string, message?: Message): Promise<Error> {
  let outcome: unknown;
  try {
    outcome = run();
    if (typeof (outcome as any)?.then !== "function") throw new AssertionError("it gave no promise");
    await outcome;
  } catch (e) {
    if (e instanceof AssertionError && kind !== AssertionError && typeof (outcome as any)?.then !== "function") throw e;
    return expectedError(e, kind, part, message);
  }
  throw failed("it did not reject", message);
}

function expectedError(e: unknown, kind: Class | undefined, part: string | undefined, message: Message): Error {
  if (kind !== undefined && !(e instanceof kind)) throw failed(`it threw ${e instanceof Error ? `${e.name}: ${e.message}` : show(e)}, which is no ${kind.name}`, message, { actual: e });
  if (part !== undefined && !String((e as any)?.message).includes(part)) throw failed(`it threw ${show((e as any)?.message)}, which does not include ${show(part)}`, message, { actual: e });
  return e as Error;
}

function unequal(text: string, actual: unknown, expected: unknown, message: Message): Error {
  return failed(text, message, { actual, expected, diff: diff(show(actual, true), show(expected, true)) });
}

/** Whether two values are the same as far as one can see. */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, []);
}

function same(a: any, b: any, above: [unknown, unknown][]): boolean {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (above.some(([x, y]) => x === a && y === b)) return true;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) && !(plain(a) && plain(b))) return false;
  if (a instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof RegExp) return String(a) === String(b);
  const next: [unknown, unknown][] = [...above, [a, b]];
  if (a instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
  if (a instanceof Map || a instanceof Set) {
    if (a.size !== b.size) return false;
    const others = [...b];
    return [...a].every((x) => {
      const i = others.findIndex((y) => same(x, y, next));
      if (i >= 0) others.splice(i, 1);
      return i >= 0;
    });
  }
  if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(a) && a.length !== b.length)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const k of keys) {
    // A member that is undefined is as good as none.
    if (!same(a[k], b[k], next)) return false;
  }
  return true;
}

function plain(v: object): boolean {
  // Of another realm, too: what came of a script is not of this one.
  const p = Object.getPrototypeOf(v);
  return p === null || Object.getPrototypeOf(p) === null || Array.isArray(v);
}

/** A value as text; on several lines when it is to be compared line by line. */
export function show(v: unknown, lines = false): string {
  return written(v, lines ? "" : undefined, []);
}

function written(v: any, indent: string | undefined, above: unknown[]): string {
  if (typeof v === "string") return JSON.stringify(v);
  if (typeof v === "bigint") return `${v}n`;
  if (typeof v === "function") return `[Function ${v.name || "without a name"}]`;
  if (v === null || typeof v !== "object") return Object.is(v, -0) ? "-0" : String(v);
  if (above.includes(v)) return "[itself]";
  if (v instanceof Date) return Number.isNaN(v.getTime()) ? "Date(invalid)" : `Date(${v.toISOString()})`;
  if (v instanceof RegExp) return String(v);
  if (v instanceof Error) return `[${v.name}: ${v.message}]`;
  const inner = indent === undefined ? undefined : `${indent}  `;
  const of = (x: unknown) => written(x, inner, [...above, v]);
  let open = "{", close = "}";
  let parts: string[];
  if (Array.isArray(v)) {
    [open, close] = ["[", "]"];
    parts = Array.from(v, of);
  } else if (v instanceof Map) {
    open = "Map {";
    parts = [...v].map(([k, x]) => `${of(k)} => ${of(x)}`);
  } else if (v instanceof Set) {
    open = "Set {";
    parts = [...v].map(of);
  } else {
    const name = v.constructor?.name;
    if (name !== undefined && name !== "Object" && name !== "") open = `${name} {`;
    parts = Object.keys(v).sort().map((k) => `${/^[\w$]+$/.test(k) ? k : JSON.stringify(k)}: ${of(v[k])}`);
  }
  if (parts.length === 0) return open + close;
  if (inner === undefined) {
    const text = open === "[" ? `[${parts.join(", ")}]` : `${open} ${parts.join(", ")} }`;
    return text.length > 500 ? `${text.slice(0, 500)}...` : text;
  }
  return `${open}\n${parts.map((p) => `${inner}${p},\n`).join("")}${indent}${close}`;
}

const mostLines = 500;

/** What differs: lines with - are the actual ones, those with + were expected. */
export function diff(actual: string, expected: string): string {
  const a = actual.split("\n").slice(0, mostLines);
  const b = expected.split("\n").slice(0, mostLines);
  // The length of the longest common part from each place on.
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) common[i]![k] = a[i] === b[k] ? common[i + 1]![k + 1]! + 1 : Math.max(common[i + 1]![k]!, common[i]![k + 1]!);
  }
  const all: string[] = [];
  let i = 0, k = 0;
  while (i < a.length || k < b.length) {
    if (i < a.length && k < b.length && a[i] === b[k]) {
      all.push(`  ${a[i++]}`);
      k++;
    } else if (i < a.length && (k >= b.length || common[i + 1]![k]! >= common[i]![k + 1]!)) all.push(`- ${a[i++]}`);
    else all.push(`+ ${b[k++]}`);
  }
  // Of what is alike, a little around the differences is enough.
  const around = 3;
  const near = (n: number) => all.slice(Math.max(0, n - around), n + around + 1).some((l) => !l.startsWith("  "));
  const out: string[] = [];
  all.forEach((l, n) => {
    if (near(n)) out.push(l);
    else if (out.at(-1) !== "  ...") out.push("  ...");
  });
  return out.join("\n");
}
