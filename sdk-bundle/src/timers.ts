// setTimeout and friends; the host keeps the time.
import { natives } from "./host";
import { report } from "./failure";
import { MapCtor, NumberOf, PromiseCtor, ReflectApply, TypeErrorCtor, hide, list, mapDelete, mapGet, mapSet, react } from "./primordials";

interface Timer {
  run: Function;
  args: unknown[];
  repeat: boolean;
}

const self = globalThis;
const timers = new MapCtor<number, Timer>();
let last = 0;

function start(what: string, run: unknown, ms: unknown, args: unknown[], repeat: boolean): number {
  if (typeof run !== "function") throw new TypeErrorCtor(`${what}: the callback must be a function`);
  // A long of Web IDL: from 2^31 on it wraps.
  return arm(run, +(ms as any) | 0, args, repeat);
}

function arm(run: Function, delay: number, args: unknown[], repeat: boolean): number {
  const id = last + 1;
  const { timerStart } = natives;
  timerStart(id, delay, repeat ? "1" : "");
  last = id;
  mapSet(timers, id, { run, args, repeat });
  return id;
}

/** setTimeout for the SDK's own use: a delay that is too long is the longest. */
export function runLater(run: () => void, ms: number): void {
  arm(run, ms, nothing, false);
}
const nothing: [] = [];

export function setTimeout(run: unknown, ms: unknown = 0, ...args: unknown[]): number {
  return start("setTimeout", run, ms, args, false);
}

export function setInterval(run: unknown, ms: unknown = 0, ...args: unknown[]): number {
  return start("setInterval", run, ms, args, true);
}

/** A timer of the SDK's own, which belongs to no dispatch: no handler's time limit ends what comes of it. */
export function apart(run: () => void, ms: number): number {
  const id = ++last;
  const { timerStart } = natives;
  timerStart(id, ms, "2");
  mapSet(timers, id, { run, args: list<unknown>(), repeat: false });
  return id;
}

function clear(id: unknown): void {
  const n = NumberOf(id);
  const { timerClear } = natives;
  if (mapDelete(timers, n)) timerClear(n);
}

export function clearTimeout(id?: unknown): void {
  clear(id);
}

export function clearInterval(id?: unknown): void {
  clear(id);
}

export function fireTimer(id: number): void {
  const t = mapGet(timers, id);
  if (t === undefined) return;
  if (!t.repeat) mapDelete(timers, id);
  try {
    ReflectApply(t.run, self, t.args);
  } catch (e) {
    report(e);
  }
}

const settled = PromiseCtor.resolve();
// With a constructor of its own it never asks for Symbol.species.
hide(settled, "constructor", undefined);

export function queueMicrotask(run: unknown): void {
  if (typeof run !== "function") throw new TypeErrorCtor("queueMicrotask: the callback must be a function");
  const guarded = () => {
    try {
      ReflectApply(run as Function, undefined, []);
    } catch (e) {
      report(e);
    }
  };
  react(settled, guarded, guarded);
}
