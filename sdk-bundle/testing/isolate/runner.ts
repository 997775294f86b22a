// Tests: what a file declares, and how it is run.
import { AssertionError } from "../src/assert";
import { now } from "./host";

type Body = (t: Context) => unknown;
type Hook = () => unknown;

interface Options {
  name?: string;
  fn?: Body;
  ignore?: boolean;
  skip?: boolean | string;
  only?: boolean;
  todo?: boolean | string;
  timeout?: number;
}

class Group {
  children: (Group | Test)[] = [];
  hooks: Record<"beforeAll" | "beforeEach" | "afterEach" | "afterAll", Hook[]> = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
  constructor(readonly name: string, readonly parent: Group | undefined, readonly skip: boolean, readonly only: boolean) {}
}

interface Test {
  name: string;
  parent: Group;
  body: Body;
  skip: boolean;
  only: boolean;
  timeout: number | undefined;
}

const root = new Group("", undefined, false, false);
let current = root;
let running = false;
let standard = 30_000;

// ------------------------------------------------------------ what a file declares

/** A name, options and a function, in any order. */
function read(args: unknown[]): { name: string | undefined; o: Options; body: Body | undefined } {
  let o: Options = {};
  let name: string | undefined;
  let body: Body | undefined;
  for (const a of args) {
    if (typeof a === "string") name = a;
    else if (typeof a === "function") body = a as Body;
    else if (a !== null && typeof a === "object") o = a as Options;
  }
  body ??= o.fn;
  return { name: name ?? o.name ?? body?.name, o, body };
}

function declare(mode: "run" | "skip" | "only" | "todo", args: unknown[]): void {
  const { name, o, body } = read(args);
  if (name === undefined || name === "") throw new TypeError("a test needs a name");
  const skip = mode === "skip" || mode === "todo" || o.ignore === true || Boolean(o.skip) || Boolean(o.todo);
  if (body === undefined && !skip) throw new TypeError(`the test ${JSON.stringify(name)} has no function to run`);
  if (running) throw new Error(`the test ${JSON.stringify(name)} is declared inside another one; use t.step, or describe around both`);
  current.children.push({ name, parent: current, body: body ?? (() => {}), skip, only: mode === "only" || o.only === true, timeout: o.timeout });
}

function group(mode: "run" | "skip" | "only", args: unknown[]): void {
  const { name = "", o, body } = read(args);
  if (name === "") throw new TypeError("describe needs a name");
  if (running) throw new Error(`describe(${JSON.stringify(name)}) stands inside a test; put it beside`);
  const g = new Group(name, current, mode === "skip" || o.ignore === true || Boolean(o.skip), mode === "only" || o.only === true);
  current.children.push(g);
  const outer = current;
  current = g;
  try {
    const out: any = (body as Hook | undefined)?.();
    if (typeof out?.then === "function") throw new Error(`the function of describe(${JSON.stringify(name)}) is async; what has to be awaited goes into beforeAll`);
  } finally {
    current = outer;
  }
}

type Declare = (...args: any[]) => void;
interface TestFunction extends Declare {
  skip: Declare;
  ignore: Declare;
  only: Declare;
  todo: Declare;
}

function testFunction(): TestFunction {
  const f = ((...a: unknown[]) => declare("run", a)) as TestFunction;
  f.skip = (...a: unknown[]) => declare("skip", a);
  f.ignore = f.skip;
  f.only = (...a: unknown[]) => declare("only", a);
  f.todo = (...a: unknown[]) => declare("todo", a);
  return f;
}

export const it = testFunction();
export const describe = Object.assign((...a: unknown[]) => group("run", a), {
  skip: (...a: unknown[]) => group("skip", a),
  ignore: (...a: unknown[]) => group("skip", a),
  only: (...a: unknown[]) => group("only", a),
});
/** Everything that node:test gives on its function, too. */
export const test = Object.assign(testFunction(), { describe, it });

function hook(kind: keyof Group["hooks"]) {
  return (...args: unknown[]): void => {
    const f = args.find((a) => typeof a === "function") as Hook | undefined;
    if (f === undefined) throw new TypeError(`${kind} needs a function`);
    if (running) throw new Error(`${kind} stands inside a test; put it beside`);
    current.hooks[kind].push(f);
  };
}

export const beforeAll = hook("beforeAll");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");
export const afterAll = hook("afterAll");

// ------------------------------------------------------------ running

interface Told {
  name: string;
  message: string;
  stack?: string;
  diff?: string;
}

/** What is told of something thrown. */
export function told(e: unknown): Told {
  if (!(e instanceof Error)) return { name: "Uncaught", message: typeof e === "string" ? e : finish(e) };
  const stack = String(e.stack ?? "").split("\n").filter((l) => l.trim().startsWith("at ") && !l.includes("flora:sdk") && !l.includes("(<anonymous>)")).map((l) => l.trim()).join("\n");
  const diff = e instanceof AssertionError ? e.diff : undefined;
  let message = String(e.message);
  for (let cause = e.cause, n = 0; cause !== undefined && n < 5; cause = (cause as any)?.cause, n++) message += `\nCaused by: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : finish(cause)}`;
  return { name: e.name, message, stack, diff };
}

function finish(v: unknown): string {
  try {
    return v instanceof Error ? `${v.name}: ${v.message}` : (JSON.stringify(v) ?? String(v));
  } catch {
    return String(v);
  }
}

/** What runs: a test, or what is around tests. */
class Scope {
  /** Bots that end with it, and actions that have not ended. */
  bots = new Set<number>();
  pending = new Map<object, string>();
  timers = new Set<number>();
  error: Told | undefined;
  over = false;

  fail(e: unknown): void {
    this.error ??= told(e);
  }
}

const around = new Scope(); // The file's.
let scope = around;

/** The scope that what happens now belongs to. */
export function here(): Scope {
  return scope;
}

/** An error that nobody caught. */
export function uncaught(t: Told): void {
  scope.error ??= { ...t, stack: (t.stack ?? "").split("\n").map((l) => l.trim()).filter((l) => l !== "").join("\n"), message: `${t.message} (nobody has caught this)` };
}

export class Context {
  readonly origin = "file";
  constructor(readonly name: string, private readonly names: string[], private readonly of: Scope) {}

  /** A part of the test, with a name of its own; false when it failed. */
  async step(...args: unknown[]): Promise<boolean> {
    const { name, o, body } = read(args);
    if (name === undefined || body === undefined) throw new TypeError("t.step needs a name and a function");
    if (this.of.over) throw new Error(`the step ${JSON.stringify(name)} begins after its test has ended; await the steps`);
    if (o.ignore === true) return true;
    const key = {};
    this.of.pending.set(key, `t.step(${JSON.stringify(name)})`);
    try {
      await body(new Context(name, [...this.names, name], this.of));
      return true;
    } catch (e) {
      const t = told(e);
      this.of.error ??= { ...t, message: `step ${JSON.stringify(name)}: ${t.message}` };
      return false;
    } finally {
      this.of.pending.delete(key);
    }
  }

  /** node:test's name of a step. */
  async test(...args: unknown[]): Promise<void> {
    await this.step(...args);
  }

  diagnostic(text: string): void {
    console.info(text);
  }
}

/** Ends what a scope has left. */
function clean(s: Scope): void {
  s.over = true;
  for (const bot of s.bots) now({ do: "close", bot });
  for (const id of s.timers) clearTimeout(id);
  s.bots.clear();
  s.timers.clear();
}

/** Runs a function within a time; what it throws is the scope's error. */
async function within(s: Scope, ms: number, what: string, run: () => unknown): Promise<boolean> {
  let timer: unknown;
  const before = scope;
  scope = s;
  try {
    const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), ms)));
    s.timers.delete(timer as number);
    if ((await Promise.race([(async () => run())(), late])) === "late") {
      const waits = [...s.pending.values()];
      s.fail(Object.assign(new Error(`${what} did not end within ${ms / 1000} s${waits.length > 0 ? `; it waits for ${waits.join(", ")}` : ""}`), { name: "TimeoutError", stack: "" }));
      return false;
    }
    return true;
  } catch (e) {
    s.fail(e);
    return false;
  } finally {
    clearTimeout(timer as number);
    scope = before;
  }
}

interface Run {
  filter: (name: string) => boolean;
  only: boolean;
  failFast: boolean;
  stopped: boolean;
}

function chosen(n: Group | Test, r: Run, forced: boolean): boolean {
  const own = forced || n.only;
  if (n instanceof Group) return n.children.some((c) => chosen(c, r, own));
  return (!r.only || own) && r.filter(path(n).join(" > "));
}

function path(t: Test): string[] {
  const out = [t.name];
  for (let g: Group | undefined = t.parent; g?.parent !== undefined; g = g.parent) out.unshift(g.name);
  return out;
}

function all(g: Group): Test[] {
  return g.children.flatMap((c) => (c instanceof Group ? all(c) : [c]));
}

function only(g: Group): boolean {
  return g.only || g.children.some((c) => (c instanceof Group ? only(c) : c.only));
}

function skipped(t: Test): boolean {
  if (t.skip) return true;
  for (let g: Group | undefined = t.parent; g !== undefined; g = g.parent) if (g.skip) return true;
  return false;
}

/** Runs what the file has declared. */
export async function run(o: { timeoutMs: number; filter: string; failFast: boolean }): Promise<void> {
  standard = o.timeoutMs;
  const list = all(root);
  now({ do: "plan", tests: list.length });
  const pattern = o.filter.length > 1 && o.filter.startsWith("/") && o.filter.endsWith("/") ? new RegExp(o.filter.slice(1, -1)) : undefined;
  const r: Run = {
    filter: (name) => o.filter === "" || (pattern !== undefined ? pattern.test(name) : name.includes(o.filter)),
    only: only(root), failFast: o.failFast, stopped: false,
  };
  await runGroup(root, r, false, undefined);
  clean(around);
  if (around.error !== undefined) throw around.error;
}

async function runGroup(g: Group, r: Run, forced: boolean, broken: Told | undefined): Promise<void> {
  const own = forced || g.only;
  const wanted = g.children.some((c) => chosen(c, r, forced) && (c instanceof Group ? all(c).some((t) => !skipped(t)) : !skipped(c)));
  const set = new Scope();
  if (wanted && broken === undefined && !r.stopped) {
    for (const h of g.hooks.beforeAll) if (!(await within(set, standard, "beforeAll", h))) break;
    if (set.error !== undefined) broken = { ...set.error, message: `beforeAll: ${set.error.message}` };
  }
  for (const c of g.children) {
    if (r.stopped) break;
    if (c instanceof Group) await runGroup(c, r, own, broken);
    else await runTest(c, r, own, broken);
  }
  if (wanted) {
    const end = new Scope();
    for (const h of [...g.hooks.afterAll].reverse()) await within(end, standard, "afterAll", h);
    if (end.error !== undefined) around.error ??= { ...end.error, message: `afterAll: ${end.error.message}` };
    clean(end);
  }
  clean(set);
}

async function runTest(t: Test, r: Run, forced: boolean, broken: Told | undefined): Promise<void> {
  if (!chosen(t, r, forced)) return;
  const names = path(t);
  if (skipped(t)) {
    now({ do: "result", test: names, status: "skipped" });
    return;
  }
  now({ do: "start", test: names });
  const s = new Scope();
  s.error = broken;
  const { body } = t;
  scope = s;
  const ms = t.timeout ?? standard;
  if (broken === undefined) {
    running = true;
    const groups: Group[] = [];
    for (let g: Group | undefined = t.parent; g !== undefined; g = g.parent) groups.unshift(g);
    let ready = true;
    for (const g of groups) for (const h of g.hooks.beforeEach) ready &&= await within(s, ms, "beforeEach", h);
    let ended = true;
    if (ready) ended = await within(s, ms, "it", () => body(new Context(t.name, names, s)));
    if (ended && s.error === undefined && s.pending.size > 0) {
      s.fail(Object.assign(new Error(`it ended while ${[...s.pending.values()].join(", ")} had not; await all that it does`), { stack: "" }));
    }
    for (const g of groups.reverse()) for (const h of [...g.hooks.afterEach].reverse()) await within(s, ms, "afterEach", h);
    // What is thrown in passing comes to light now.
    await new Promise<void>((resolve) => void setTimeout(resolve, 0));
    running = false;
  }
  scope = around;
  now({ do: "result", test: names, status: s.error === undefined ? "passed" : "failed", error: s.error });
  clean(s);
  if (s.error !== undefined && r.failFast) r.stopped = true;
}
