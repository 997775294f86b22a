// What the web's interfaces have in common, by the Web IDL standard: the shape
// of a class, and how arguments are turned into what a method takes.
import { toWellFormed } from "./bytes";
import {
  MapCtor,
  MathTrunc,
  NumberOf,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectApply,
  ReflectOwnKeys,
  SymbolIterator,
  TypeErrorCtor,
  add,
  list,
  mapSet,
  split,
  toStringTag,
} from "./primordials";

/** The prototypes of all interfaces, and what they are called. */
export const interfaces = new MapCtor<object, string>();

/** Makes the members of a class show, as those of an interface do, and names it. */
export function expose(of: Function, name: string): void {
  mapSet(interfaces, of.prototype, name);
  // A bundler may have called it otherwise.
  ObjectDefineProperty(of, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  shown(of.prototype, "constructor");
  shown(of, "prototype");
  ObjectDefineProperty(of.prototype, toStringTag, { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
}

/** What inspect shows of the instances of a class, as pairs, by its prototype. It throws for what only pretends to be one. */
export const looks = new MapCtor<object, (v: any) => [string, unknown][]>();

/** Shows members, by the getters that a class has now. */
export function looksLike(of: Function, members: string): void {
  const names = split(members, " ");
  const getters = list<Function>();
  for (let i = 0; i < names.length; i++) {
    let d: PropertyDescriptor | undefined;
    for (let o = of.prototype; d === undefined; o = ObjectGetPrototypeOf(o)) d = ObjectGetOwnPropertyDescriptor(o, names[i]!);
    add(getters, d.get!);
  }
  mapSet(looks, of.prototype, (v) => {
    const out = list<[string, unknown]>();
    for (let i = 0; i < names.length; i++) add(out, [names[i]!, ReflectApply(getters[i]!, v, none)]);
    return out;
  });
}

function shown(o: any, but: string): void {
  const keys = ReflectOwnKeys(o);
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i]!;
    if (typeof k === "symbol" || k === but || k === "length" || k === "name") continue;
    const d = ObjectGetOwnPropertyDescriptor(o, k)!;
    if (d.configurable) ObjectDefineProperty(o, k, { __proto__: null, enumerable: true } as never);
  }
}

/** Lays constants on a class and its prototype. */
export function constants(of: Function, values: Record<string, number>): void {
  const keys = ReflectOwnKeys(values) as string[];
  for (let i = 0; i < keys.length; i++) {
    const d = { __proto__: null, value: values[keys[i]!], enumerable: true } as PropertyDescriptor;
    ObjectDefineProperty(of, keys[i]!, d);
    ObjectDefineProperty(of.prototype, keys[i]!, d);
  }
}

/** Refuses a call with fewer arguments than it must have. */
export function needs(count: number, given: number, what: string): void {
  if (given < count) throw new TypeErrorCtor(`${what}: expected ${count === 1 ? "an argument" : `${count} arguments`}, got ${given}`);
}

/** A dictionary: nothing is an empty one, and what is no object is refused. */
export function dictionary(v: any, what: string): any {
  if (v === undefined || v === null) return empty;
  if (typeof v !== "object" && typeof v !== "function") throw new TypeErrorCtor(`${what}: the options must be an object`);
  return v;
}
const empty = { __proto__: null } as any;

export function isObject(v: unknown): v is object {
  return v !== null && (typeof v === "object" || typeof v === "function");
}

/** A value as a text; a symbol is refused. */
export function textOf(v: unknown): string {
  return `${v as any}`;
}

/** A text without lone surrogates. */
export function usv(v: unknown): string {
  return toWellFormed(textOf(v));
}

/** An integer of the web's: [EnforceRange] unsigned long long. */
export function enforced(v: unknown, what: string, most = 9007199254740991): number {
  const n = MathTrunc(NumberOf(v));
  if (!(n >= 0 && n <= most)) throw new TypeErrorCtor(`${what} must be a whole number from 0 to ${most}`);
  return n + 0;
}

/** What an iterable gives, by the script's own iterator. */
export function sequence(v: any, what: string, most = 10_000_000): unknown[] {
  if (!isObject(v)) throw new TypeErrorCtor(`${what}: expected a list`);
  return sequenceBy(v, (v as any)[SymbolIterator], what, most);
}

/** A sequence by the iterator that was looked up already. */
export function sequenceBy(v: any, make: any, what: string, most: number): unknown[] {
  if (typeof make !== "function") throw new TypeErrorCtor(`${what}: expected a list`);
  const out = list<unknown>();
  const it: any = ReflectApply(make, v, none);
  if (!isObject(it)) throw new TypeErrorCtor(`${what}: its iterator is no object`);
  const { next } = it as any;
  for (;;) {
    const step: any = ReflectApply(next, it, none);
    if (!isObject(step)) throw new TypeErrorCtor(`${what}: the iterator gave what is no result`);
    if ((step as any).done) return out;
    if (out.length >= most) throw new TypeErrorCtor(`${what}: there are more than ${most}`);
    add(out, (step as any).value);
  }
}
const none: [] = [];
