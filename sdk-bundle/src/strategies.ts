// Queuing strategies, by the Streams standard.
import { NumberOf, RangeErrorCtor, ReflectApply, TypeErrorCtor } from "./primordials";
import { dictionary, expose, isObject, needs } from "./webidl";

/** The size of a chunk; undefined is 1 for each. */
export type Size = ((chunk: unknown) => number) | undefined;

export interface Strategy {
  highWaterMark: number | undefined;
  size: Size;
}

const byteLengthOf = { size: (chunk: any): number => chunk.byteLength }.size;
const one = { size: (): number => 1 }.size;

function mark(init: unknown, what: string): number {
  needs(1, init === undefined ? 0 : 1, what);
  if (!isObject(init) || (init as any).highWaterMark === undefined) throw new TypeErrorCtor(`${what}: highWaterMark is missing`);
  return NumberOf((init as any).highWaterMark);
}

export class ByteLengthQueuingStrategy {
  #mark: number;
  constructor(init: unknown) {
    this.#mark = mark(init, "ByteLengthQueuingStrategy");
  }
  get highWaterMark(): number {
    return this.#mark;
  }
  get size(): (chunk: any) => number {
    void this.#mark;
    return byteLengthOf;
  }
}
expose(ByteLengthQueuingStrategy, "ByteLengthQueuingStrategy");

export class CountQueuingStrategy {
  #mark: number;
  constructor(init: unknown) {
    this.#mark = mark(init, "CountQueuingStrategy");
  }
  get highWaterMark(): number {
    return this.#mark;
  }
  get size(): () => number {
    void this.#mark;
    return one;
  }
}
expose(CountQueuingStrategy, "CountQueuingStrategy");

/** Reads a strategy that a script gives. */
export function strategyOf(v: unknown, what: string): Strategy {
  const o = dictionary(v, what);
  const { highWaterMark, size } = o;
  const m = highWaterMark === undefined ? undefined : NumberOf(highWaterMark);
  if (size === undefined) return { highWaterMark: m, size: undefined };
  if (typeof size !== "function") throw new TypeErrorCtor(`${what}: size must be a function`);
  return { highWaterMark: m, size: (chunk) => NumberOf(ReflectApply(size, undefined, [chunk])) };
}

export function markOf(s: Strategy, fallback: number): number {
  if (s.highWaterMark === undefined) return fallback;
  if (!(s.highWaterMark >= 0)) throw new RangeErrorCtor("highWaterMark must be a number that is not negative");
  return s.highWaterMark;
}

/** The size of a chunk, which must be a finite number. */
export function checked(size: number): number {
  if (!(size >= 0 && size < Infinity)) throw new RangeErrorCtor("The size of a chunk must be a finite number that is not negative");
  return size;
}
