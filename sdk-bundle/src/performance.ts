// performance: the time since the isolate's start, marks and measures. It has
// the resolution of Date: a finer clock would tell scripts of their neighbours.
import { elapsed, timeOrigin } from "./elapsed";
import { DOMException } from "./exception";
import { NumberOf, TypeErrorCtor, add, append, list, put } from "./primordials";
import { structuredCopy } from "./clone";
import { dictionary, expose, isObject, needs, textOf } from "./webidl";

const only = {};
const most = 1000; // Of entries that are kept.

export class PerformanceEntry {
  #name: string;
  #type: string;
  #start: number;
  #duration: number;
  constructor(key: unknown, name: string, type: string, start: number, duration: number) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }
  get name(): string {
    return this.#name;
  }
  get entryType(): string {
    return this.#type;
  }
  get startTime(): number {
    return this.#start;
  }
  get duration(): number {
    return this.#duration;
  }
  toJSON(): object {
    const out = {};
    put(out, "name", this.#name);
    put(out, "entryType", this.#type);
    put(out, "startTime", this.#start);
    put(out, "duration", this.#duration);
    return out;
  }
}
expose(PerformanceEntry, "PerformanceEntry");

export class PerformanceMark extends PerformanceEntry {
  #detail: unknown;
  constructor(name: unknown, options?: unknown) {
    needs(1, arguments.length, "PerformanceMark");
    const o = dictionary(options, "PerformanceMark");
    const at = o.startTime === undefined ? elapsed() : NumberOf(o.startTime);
    if (!(at >= 0)) throw new TypeErrorCtor("PerformanceMark: startTime must not be negative");
    super(only, textOf(name), "mark", at, 0);
    this.#detail = o.detail === undefined || o.detail === null ? null : structuredCopy(o.detail);
  }
  get detail(): any {
    return this.#detail;
  }
}
expose(PerformanceMark, "PerformanceMark");

export class PerformanceMeasure extends PerformanceEntry {
  #detail: unknown;
  constructor(key: unknown, name: string, start: number, duration: number, detail: unknown) {
    super(key, name, "measure", start, duration);
    this.#detail = detail;
  }
  get detail(): any {
    return this.#detail;
  }
}
expose(PerformanceMeasure, "PerformanceMeasure");

let entries = list<PerformanceEntry>();

/** Keeps an entry in the order of start times; the oldest make room. */
function keep(e: PerformanceEntry): void {
  if (entries.length >= most) {
    const kept = list<PerformanceEntry>();
    for (let i = 1; i < entries.length; i++) add(kept, entries[i]!);
    entries = kept;
  }
  let at = entries.length;
  const start = e.startTime;
  while (at > 0 && entries[at - 1]!.startTime > start) {
    entries[at] = entries[at - 1]!;
    at--;
  }
  entries[at] = e;
}

function found(name: string | undefined, type: string | undefined): PerformanceEntry[] {
  const out: PerformanceEntry[] = [];
  for (let i = 0; i < entries.length; i++) {
    const e = entries[i]!;
    if ((name === undefined || e.name === name) && (type === undefined || e.entryType === type)) append(out, e);
  }
  return out;
}

function clear(type: string, name: unknown): void {
  const kept = list<PerformanceEntry>();
  const which = name === undefined ? undefined : textOf(name);
  for (let i = 0; i < entries.length; i++) {
    const e = entries[i]!;
    if (e.entryType !== type || (which !== undefined && e.name !== which)) add(kept, e);
  }
  entries = kept;
}

/** The time that a mark's name or a number stands for. */
function timeOf(v: unknown): number {
  if (typeof v === "number") {
    if (!(v >= 0)) throw new TypeErrorCtor("performance.measure: a time must not be negative");
    return v;
  }
  const name = textOf(v);
  for (let i = entries.length - 1; i >= 0; i--) {
    const e = entries[i]!;
    if (e.entryType === "mark" && e.name === name) return e.startTime;
  }
  throw new DOMException(`performance.measure: there is no mark named '${name}'`, "SyntaxError");
}

export class Performance {
  constructor(key: unknown) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
  }
  get timeOrigin(): number {
    return timeOrigin();
  }
  now(): number {
    return elapsed();
  }
  toJSON(): object {
    const out = {};
    put(out, "timeOrigin", timeOrigin());
    return out;
  }
  mark(name: unknown, options?: unknown): PerformanceMark {
    needs(1, arguments.length, "performance.mark");
    const m = new PerformanceMark(name, options);
    keep(m);
    return m;
  }
  measure(name: unknown, startOrOptions?: any, endMark?: unknown): PerformanceMeasure {
    needs(1, arguments.length, "performance.measure");
    const text = textOf(name);
    let start: unknown;
    let end: unknown = endMark;
    let duration: unknown;
    let detail: unknown = null;
    if (isObject(startOrOptions)) {
      const o = startOrOptions as any;
      if (endMark !== undefined) throw new TypeErrorCtor("performance.measure: an end and options do not go together");
      ({ start, end, duration } = o);
      if (start === undefined && end === undefined && (duration !== undefined || o.detail !== undefined)) throw new TypeErrorCtor("performance.measure: options need a start or an end");
      if (start !== undefined && end !== undefined && duration !== undefined) throw new TypeErrorCtor("performance.measure: start, end and duration do not go together");
      detail = o.detail === undefined || o.detail === null ? null : structuredCopy(o.detail);
    } else {
      start = startOrOptions;
    }
    const to = end !== undefined ? timeOf(end) : start !== undefined && duration !== undefined ? timeOf(start) + NumberOf(duration) : elapsed();
    const from = start !== undefined ? timeOf(start) : end !== undefined && duration !== undefined ? to - NumberOf(duration) : 0;
    const m = new PerformanceMeasure(only, text, from, to - from, detail);
    keep(m);
    return m;
  }
  clearMarks(name?: unknown): void {
    clear("mark", name);
  }
  clearMeasures(name?: unknown): void {
    clear("measure", name);
  }
  getEntries(): PerformanceEntry[] {
    return found(undefined, undefined);
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    needs(1, arguments.length, "performance.getEntriesByType");
    return found(undefined, textOf(type));
  }
  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    needs(1, arguments.length, "performance.getEntriesByName");
    return found(textOf(name), type === undefined ? undefined : textOf(type));
  }
}
expose(Performance, "Performance");

export const performance = new Performance(only);
