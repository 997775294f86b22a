// console: lines in the guild's log.
import { framesOf, stackOf } from "./failure";
import { cut, format } from "./format";
import { natives } from "./host";
import { shallow, shown } from "./inspect";
import { DateNow, ErrorCtor, MapCtor, add, includes, join, list, mapDelete, mapGet, mapSet, mapSize, repeat, slice, split } from "./primordials";
import { table as drawTable } from "./table";

const levels = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };
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

function line(level: number): (...args: unknown[]) => void {
  return (...args) => write(level, format(args));
}

const log = line(levels.info);
const info = line(levels.info);
const debug = line(levels.debug);
const warn = line(levels.warn);
const error = line(levels.error);

function trace(...args: unknown[]): void {
  const said = format(args);
  write(levels.trace, `Trace${said === "" ? "" : `: ${said}`}${framesOf(stackOf(new ErrorCtor()))}`);
}

/** The arguments with another first one. */
function led(first: unknown, args: unknown[]): unknown[] {
  const out = list<unknown>();
  add(out, first);
  for (let i = 0; i < args.length; i++) add(out, args[i]);
  return out;
}

function assert(condition?: unknown, ...args: unknown[]): void {
  if (condition) return;
  const first = args[0];
  if (typeof first !== "string") write(levels.error, args.length === 0 ? "Assertion failed" : format(led("Assertion failed:", args)));
  else write(levels.error, `Assertion failed: ${format(args)}`);
}

function dir(value?: unknown, options?: unknown): void {
  write(levels.info, shown(value, options));
}

function dirxml(...args: unknown[]): void {
  const out = list<string>();
  for (let i = 0; i < args.length; i++) add(out, shown(args[i]));
  write(levels.info, join(out, " "));
}

function table(data?: unknown, columns?: unknown): void {
  let text: string | undefined;
  try {
    text = drawTable(data, columns);
  } catch {
    // A value that throws when it is looked at; inspect copes with it.
  }
  write(levels.info, text ?? (typeof data === "string" ? data : shown(data)));
}

const counters = new MapCtor<string, number>();
const timers = new MapCtor<string, number>();

function label(v: unknown): string {
  return v === undefined ? "default" : slice(typeof v === "string" ? v : shallow(v, 0), 0, 256);
}

function count(name?: unknown): void {
  const key = label(name);
  const have = mapGet(counters, key);
  if (have === undefined && mapSize(counters) >= maxLabels) {
    write(levels.warn, `console.count: there are ${maxLabels} counters already`);
    return;
  }
  mapSet(counters, key, (have ?? 0) + 1);
  write(levels.info, `${key}: ${(have ?? 0) + 1}`);
}

function countReset(name?: unknown): void {
  const key = label(name);
  if (!mapDelete(counters, key)) write(levels.warn, `Count for '${key}' does not exist`);
}

function group(...args: unknown[]): void {
  if (args.length > 0) write(levels.info, format(args));
  groups++;
}

function groupEnd(): void {
  if (groups > 0) groups--;
}

function time(name?: unknown): void {
  const key = label(name);
  if (mapGet(timers, key) !== undefined) write(levels.warn, `Timer '${key}' already exists`);
  else if (mapSize(timers) >= maxLabels) write(levels.warn, `console.time: there are ${maxLabels} timers already`);
  else mapSet(timers, key, DateNow());
}

function tell(name: unknown, args: unknown[]): boolean {
  const key = label(name);
  const start = mapGet(timers, key);
  if (start === undefined) {
    write(levels.warn, `Timer '${key}' does not exist`);
    return false;
  }
  write(levels.info, format(led(`${key}: ${DateNow() - start}ms`, args)));
  return true;
}

function timeLog(name?: unknown, ...args: unknown[]): void {
  tell(name, args);
}

function timeEnd(name?: unknown): void {
  if (tell(name, [])) mapDelete(timers, label(name));
}

export const console = {
  log,
  info,
  debug,
  warn,
  error,
  trace,
  assert,
  dir,
  dirxml,
  table,
  count,
  countReset,
  group,
  groupCollapsed: group,
  groupEnd,
  time,
  timeLog,
  timeEnd,
};
