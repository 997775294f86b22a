// Handlers and their dispatch. Handlers of an event run one after another, each
// to its end; one that fails does not stop the rest.
import { type Delivery, makeContext } from "./context";
import { describe, report } from "./failure";
import { handledLate, rejected } from "./global";
import { encode, natives, settleOp } from "./host";
import { apologize } from "./interaction";
import { here, member } from "./lazy";
import { ErrorCtor, JSONParse, JSONStringify, TypeErrorCtor, add, dict, list, react } from "./primordials";
import { fireTimer } from "./timers";

interface Handler {
  run(arg: any): unknown;
  /** An own handler of the SDK: it gets the delivery and makes a context only when it needs one. */
  raw: boolean;
}

const handlers = dict<Handler[]>();
/** Events of which every one is asked for. */
const whole = dict<boolean>();
const longestName = 128;

function listen(event: string, handler: Handler): void {
  if (whole[event] === undefined) {
    const { subscribe } = natives;
    subscribe(0, 0, event);
    whole[event] = true;
  }
  append(event, handler);
}

function append(event: string, handler: Handler): void {
  const all = (handlers[event] ??= list());
  add(all, handler);
}

/** Adds one of the SDK's own handlers. */
export function onDelivery(event: string, run: (d: Delivery) => unknown): void {
  listen(event, { run, raw: true });
}

/** The host is told so many marks at most. */
const mostMarks = 8;

/**
 * Adds a handler for messages of people that begin with one of the marks. Most
 * messages do not, so control is told the marks and keeps the others; the
 * handler checks again, for another one may ask for all messages.
 */
export function onCommands(marks: string[], run: (d: Delivery) => unknown): void {
  let all = marks.length > mostMarks;
  for (let i = 0; i < marks.length; i++) if (marks[i] === "" || marks[i]!.length > longestName) all = true;
  if (all) {
    onDelivery("messageCreate", run);
    return;
  }
  const { subscribe } = natives;
  for (let i = 0; i < marks.length; i++) subscribe(1, 0, marks[i]!);
  append("messageCreate", { run, raw: true });
}

export function on(event: string, handler: (ctx: any) => unknown): void {
  if (typeof event !== "string" || event === "") throw new TypeErrorCtor("on(event, handler): event must be the name of an event");
  if (event.length > longestName) throw new TypeErrorCtor(`on(event, handler): the name of an event has at most ${longestName} characters`);
  if (typeof handler !== "function") throw new TypeErrorCtor(`on(${JSONStringify(event)}, handler): handler must be a function`);
  listen(event, { run: handler, raw: false });
}

const cronPrefix = "__cron:";

export function cron(name: string, expr: string, handler: (ctx: any) => unknown, options?: { skipIfRunning?: boolean }): void {
  if (typeof name !== "string" || name === "") throw new TypeErrorCtor("cron(name, expr, handler): name must be a text that is not empty");
  if (name.length > longestName - cronPrefix.length) {
    throw new TypeErrorCtor(`cron(name, expr, handler): the name has at most ${longestName - cronPrefix.length} characters`);
  }
  if (typeof expr !== "string" || expr === "") throw new TypeErrorCtor("cron(name, expr, handler): expr must be a cron expression");
  if (typeof handler !== "function") throw new TypeErrorCtor("cron(name, expr, handler): handler must be a function");
  cronJob(name, expr, options?.skipIfRunning === true, undefined, handler);
}

/** Registers a job; one that fails is tried again after the pauses in backoff. */
export function cronJob(name: string, expr: string, skipIfRunning: boolean, backoff: number[] | undefined, run: (ctx: any) => unknown): void {
  const job = dict<unknown>();
  job.name = name;
  job.expr = expr;
  job.skipIfRunning = skipIfRunning;
  if (backoff !== undefined) job.backoff = backoff;
  const { cronRegister } = natives;
  cronRegister(0, 0, encode(job));
  listen(cronPrefix + name, { run, raw: false });
}

/** Takes a job back. */
export function cronEnd(name: string): void {
  const { cronRegister } = natives;
  cronRegister(1, 0, name);
  handlers[cronPrefix + name] = list();
}

/** A dispatch between two of its handlers. */
interface Run extends Delivery {
  id: number;
  all: Handler[];
  next: number;
  end: number; // Handlers added meanwhile wait for the next event.
  failed: boolean;
  first: unknown;
}

function fail(r: Run, e: unknown): void {
  if (r.failed) {
    report(e);
    return;
  }
  r.failed = true;
  r.first = e;
}

/** Runs handlers until one has to be waited for. */
function proceed(r: Run): void {
  while (r.next < r.end) {
    const { run, raw } = r.all[r.next++]!;
    let out: unknown;
    try {
      out = run(raw ? r : makeContext(r));
    } catch (e) {
      fail(r, e);
      continue;
    }
    if (out === null || (typeof out !== "object" && typeof out !== "function")) continue;
    react(
      out,
      () => proceed(r),
      (e) => {
        fail(r, e);
        proceed(r);
      },
    );
    return;
  }
  const { done } = natives;
  if (!r.failed) {
    done(r.id);
    return;
  }
  const failure = describe(r.first);
  apologize(r, () => done(r.id, 0, failure));
}

function dispatch(id: number, event: string, text: string): void {
  const { done } = natives;
  const all = handlers[event];
  if (all === undefined) {
    done(id);
    return;
  }
  let msg: unknown;
  try {
    msg = JSONParse(text);
  } catch {
    done(id, 0, describe(new ErrorCtor("the event's payload is not JSON")));
    return;
  }
  proceed({ event, msg, conversation: undefined, apology: undefined, id, all, next: 0, end: all.length, failed: false, first: undefined });
}

/** Whether the script's top level has not come to its end yet. */
export let loading = true;

function settleLoad(id: number, evaluation: unknown): void {
  const { done } = natives;
  react(
    evaluation,
    () => {
      loading = false;
      done(id);
    },
    (e) => {
      loading = false;
      done(id, 0, describe(e));
    },
  );
}

/** The one function that the host calls. */
export function enter(kind: number, id: number, a: any, b: any, raw?: Uint8Array): unknown {
  switch (kind) {
    case 1:
      return dispatch(id, a, b);
    case 2:
      return settleOp(id, a === "1", b, raw);
    case 3:
      return fireTimer(id);
    case 4:
      return settleLoad(id, a);
    case 5:
      return rejected(a, b);
    case 6:
      return handledLate(a, b);
    case 7:
      return here(import("./meta")).fillMeta(a);
    default:
      return member(id);
  }
}
