// Lists of names and values, as Headers, URLSearchParams and FormData are: how
// they are iterated, and what one is made from, by the Web IDL standard.
import {
  ArrayIsArray,
  MapCtor,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  ReflectApply,
  ReflectOwnKeys,
  SymbolIterator,
  TypeErrorCtor,
  add,
  append,
  list,
  mapGet,
  mapKeys,
  mapSet,
  put,
  toStringTag,
} from "./primordials";
import { isObject, looks, needs, sequence, sequenceBy } from "./webidl";

/** Gives an object's pairs as they are now; it throws for what is no such object. */
type Look = (of: any) => readonly (readonly [string, any])[];

/** What the methods below are declared as in the classes that have them. */
export interface Pairs<V> {
  entries(): IterableIterator<[string, V]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<V>;
  forEach(f: (value: V, name: string, all: this) => unknown, thisArg?: unknown): void;
  [SymbolIterator](): IterableIterator<[string, V]>;
}

const IteratorPrototype = ObjectGetPrototypeOf(ObjectGetPrototypeOf(mapKeys(new MapCtor()))) as object;

let stepOf: (it: unknown, look: Look) => { value: unknown; done: boolean };

/** What is walked along; its prototype is the one of its interface. */
class Walk {
  #of: unknown;
  #look: Look;
  #kind: number;
  #next = 0;

  constructor(of: unknown, look: Look, kind: number) {
    this.#of = of;
    this.#look = look;
    this.#kind = kind;
  }
  static {
    stepOf = (it, look) => {
      if (!isObject(it) || !(#of in it) || it.#look !== look) throw new TypeErrorCtor("Illegal invocation: this is no iterator of this class");
      const all = look(it.#of);
      const out = {} as { value: unknown; done: boolean };
      const at = it.#next < all.length ? all[it.#next++] : undefined;
      put(out, "value", at === undefined ? undefined : it.#kind === 0 ? at[0] : it.#kind === 1 ? at[1] : pair(at[0], at[1]));
      put(out, "done", at === undefined);
      return out;
    };
  }
}

function pair(name: string, value: unknown): unknown[] {
  const out: unknown[] = [];
  append(out, name);
  append(out, value);
  return out;
}

/** Puts entries, keys, values, forEach and the iterator on a class. */
export function iterable(on: Function, name: string, look: Look): void {
  mapSet(looks, on.prototype, look as (of: unknown) => [string, unknown][]);
  const proto = ObjectCreate(IteratorPrototype) as object;
  const iterator = {
    next(this: unknown) {
      return stepOf(this, look);
    },
  };
  put(proto, "next", iterator.next);
  ObjectDefineProperty(proto, toStringTag, { __proto__: null, value: `${name} Iterator`, configurable: true } as PropertyDescriptor);
  const walk = (of: unknown, kind: number): unknown => {
    look(of);
    const it = new Walk(of, look, kind);
    ObjectSetPrototypeOf(it, proto);
    return it;
  };
  const members = {
    entries(this: unknown) {
      return walk(this, 2);
    },
    keys(this: unknown) {
      return walk(this, 0);
    },
    values(this: unknown) {
      return walk(this, 1);
    },
    forEach(this: unknown, f: unknown, thisArg?: unknown) {
      let all = look(this);
      needs(1, arguments.length, `${name}.forEach`);
      if (typeof f !== "function") throw new TypeErrorCtor(`${name}.forEach: the callback must be a function`);
      for (let i = 0; i < all.length; i++) {
        ReflectApply(f, thisArg, [all[i]![1], all[i]![0], this]);
        all = look(this);
      }
    },
  };
  ObjectDefineProperty(members.forEach, "length", { __proto__: null, value: 1 } as PropertyDescriptor);
  put(on.prototype, "entries", members.entries);
  put(on.prototype, "keys", members.keys);
  put(on.prototype, "values", members.values);
  put(on.prototype, "forEach", members.forEach);
  ObjectDefineProperty(on.prototype, SymbolIterator, { __proto__: null, value: members.entries, writable: true, configurable: true } as PropertyDescriptor);
}

const symbol: typeof SymbolIterator = SymbolIterator;
const most = 100_000;

/** The items of a list; those of an array are taken without its iterator, which a script may have broken. */
function items(v: any, what: string, method: unknown): unknown[] {
  if (!ArrayIsArray(v)) return sequenceBy(v, method, what, most);
  const out = list<unknown>();
  for (let i = 0; i < v.length; i++) add(out, v[i]);
  return out;
}

/**
 * What a list of names and values may be made from: an iterable of pairs, or an
 * object's own members. own gives the pairs of an object of the class itself
 * whose iterator is still the class's.
 */
export function pairsOf(init: any, what: string, name: (v: unknown) => string, value: (v: unknown) => string, own?: Function, look?: Look): [string, string][] {
  if (!isObject(init)) throw new TypeErrorCtor(`${what}: expected an object or a list of pairs`);
  const method = (init as any)[symbol];
  const out = list<[string, string]>();
  if (method === undefined || method === null) return membersOf(init, name, value);
  if (typeof method !== "function") throw new TypeErrorCtor(`${what}: its iterator is no function`);
  if (own !== undefined && method === own.prototype.entries) {
    const all = look!(init);
    for (let i = 0; i < all.length; i++) add(out, [name(all[i]![0]), value(all[i]![1])]);
    return out;
  }
  const all = items(init, what, method);
  for (let i = 0; i < all.length; i++) {
    const one = all[i] as any;
    const two = ArrayIsArray(one) ? items(one, what, undefined) : sequence(one, `${what}: each entry`, 3);
    if (two.length !== 2) throw new TypeErrorCtor(`${what}: each entry must be a pair of name and value`);
    add(out, [name(two[0]), value(two[1])]);
  }
  return out;
}

/** A record: of names that become the same the last value counts, in the first's place. */
function membersOf(o: object, name: (v: unknown) => string, value: (v: unknown) => string): [string, string][] {
  const out = list<[string, string]>();
  const places = new MapCtor<string, [string, string]>();
  const keys = ReflectOwnKeys(o);
  for (let i = 0; i < keys.length; i++) {
    const d = ObjectGetOwnPropertyDescriptor(o, keys[i]!);
    if (d === undefined || !d.enumerable) continue;
    const n = name(keys[i]);
    const v = value((o as any)[keys[i]!]);
    const there = mapGet(places, n);
    if (there !== undefined) {
      there[1] = v;
      continue;
    }
    const one: [string, string] = [n, v];
    mapSet(places, n, one);
    add(out, one);
  }
  return out;
}

/** The list with this value for the name, in the place of the first one there was. */
export function replaced(from: readonly [string, string][], name: string, value: string): [string, string][] {
  const kept = list<[string, string]>();
  let found = false;
  for (let i = 0; i < from.length; i++) {
    const p = from[i]!;
    if (p[0] !== name) add(kept, p);
    else if (!found) add(kept, [name, value]);
    if (p[0] === name) found = true;
  }
  if (!found) add(kept, [name, value]);
  return kept;
}
