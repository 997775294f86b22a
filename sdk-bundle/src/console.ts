// console: lines in the guild's log.
import { framesOf, stackOf } from "./failure";
import { cut, format } from "./format";
import { natives } from "./host";
import { shown } from "./inspect";
import { DateNow, ErrorCtor, MapCtor, ObjectDefineProperty, ObjectSetPrototypeOf, add, includes, join, list, mapDelete, mapGet, mapSet, mapSize, repeat, slice, split, toStringTag } from "./primordials";
import { table as drawTable } from "./table";
import { textOf } from "./webidl";

export const levels = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };
const deepestGroup = 32;
const maxLabels = 1000; // Of counters and of timers: a script may make them up.

let groups = 0;

function write(level: number, text: string): void {
  let s = text;
  if (groups > 0) {
    const margin = repeat("  ", groups < deepestGroup ? groups : deepestGroup);
    s = margin + (includes(s, "\n") ? join(split(s, "\n"), "\n" + margin) : s);
  }
  const { log } = natives;
  log(level, 0, cut(s));
}

export function say(level: number, args: unknown[]): void {
  write(level, format(args));
}

/** The arguments with another first one. */
function led(first: unknown, args: unknown[]): unknown[] {
  const out = list<unknown>();
  add(out, first);
  for (let i = 0; i < args.length; i++) add(out, args[i]);
  return out;
}

const counters = new MapCtor<string, number>();
const timers = new MapCtor<string, number>();

/** A label is a text, by the value's own toString. */
function label(v: unknown): string {
  return v === undefined ? "default" : slice(textOf(v), 0, 256);
}

function tell(key: string, args: unknown[]): boolean {
  const start = mapGet(timers, key);
  if (start === undefined) {
    write(levels.warn, `Timer '${key}' does not exist`);
    return false;
  }
  write(levels.info, format(led(`${key}: ${DateNow() - start}ms`, args)));
  return true;
}

function open(args: unknown[]): void {
  if (args.length > 0) say(levels.info, args);
  groups++;
}

// Methods, because those have their names and cannot be called with new.
const methods = {
  log(...args: unknown[]): void {
    say(levels.info, args);
  },
  info(...args: unknown[]): void {
    say(levels.info, args);
  },
  debug(...args: unknown[]): void {
    say(levels.debug, args);
  },
  warn(...args: unknown[]): void {
    say(levels.warn, args);
  },
  error(...args: unknown[]): void {
    say(levels.error, args);
  },
  trace(...args: unknown[]): void {
    const said = format(args);
    write(levels.trace, `Trace${said === "" ? "" : `: ${said}`}${framesOf(stackOf(new ErrorCtor()))}`);
  },
  assert(condition?: unknown, ...args: unknown[]): void {
    if (condition) return;
    const first = args[0];
    if (typeof first !== "string") write(levels.error, args.length === 0 ? "Assertion failed" : format(led("Assertion failed:", args)));
    else write(levels.error, `Assertion failed: ${format(args)}`);
  },
  dir(value?: unknown, options?: unknown): void {
    write(levels.info, shown(value, options));
  },
  dirxml(...args: unknown[]): void {
    const out = list<string>();
    for (let i = 0; i < args.length; i++) add(out, shown(args[i]));
    write(levels.info, join(out, " "));
  },
  table(data?: unknown, columns?: unknown): void {
    let text: string | undefined;
    try {
      text = drawTable(data, columns);
    } catch {
      // A value that throws when it is looked at; inspect copes with it.
    }
    write(levels.info, text ?? (typeof data === "string" ? data : shown(data)));
  },
  count(name?: unknown): void {
    const key = label(name);
    const have = mapGet(counters, key);
    if (have === undefined && mapSize(counters) >= maxLabels) {
      write(levels.warn, `console.count: there are ${maxLabels} counters already`);
      return;
    }
    mapSet(counters, key, (have ?? 0) + 1);
    write(levels.info, `${key}: ${(have ?? 0) + 1}`);
  },
  countReset(name?: unknown): void {
    const key = label(name);
    if (!mapDelete(counters, key)) write(levels.warn, `Count for '${key}' does not exist`);
  },
  group(...args: unknown[]): void {
    open(args);
  },
  groupCollapsed(...args: unknown[]): void {
    open(args);
  },
  groupEnd(): void {
    if (groups > 0) groups--;
  },
  time(name?: unknown): void {
    const key = label(name);
    if (mapGet(timers, key) !== undefined) write(levels.warn, `Timer '${key}' already exists`);
    else if (mapSize(timers) >= maxLabels) write(levels.warn, `console.time: there are ${maxLabels} timers already`);
    else mapSet(timers, key, DateNow());
  },
  timeLog(name?: unknown, ...args: unknown[]): void {
    tell(label(name), args);
  },
  timeEnd(name?: unknown): void {
    const key = label(name);
    if (tell(key, [])) mapDelete(timers, key);
  },
  /** A log has nothing to clear; the groups end. */
  clear(): void {
    groups = 0;
  },
  // These are for a profiler, which a script does not have.
  timeStamp(_label?: unknown): void {},
  profile(_label?: unknown): void {},
  profileEnd(_label?: unknown): void {},
};

// A namespace object of Web IDL's, by the Console standard.
export const console: typeof methods = ObjectSetPrototypeOf(methods, {}) as typeof methods;
ObjectDefineProperty(console, toStringTag, { __proto__: null, value: "console", configurable: true } as PropertyDescriptor);
