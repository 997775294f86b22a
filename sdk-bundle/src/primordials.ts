// What the SDK needs of the language, taken before any script runs. A script
// may rewrite every prototype; the SDK never looks at them again. So no method
// of a built-in is called on a value anywhere else in the SDK, and nothing is
// iterated with for-of or an array spread: both go through Symbol.iterator.

const { bind, call } = Function.prototype;

/** Turns a method into a function that takes `this` first. */
export const uncurryThis: <T, A extends unknown[], R>(f: (this: T, ...args: A) => R) => (self: T, ...args: A) => R = bind.bind(call) as never;

const getter = <R>(of: object, key: PropertyKey): ((self: unknown) => R) => uncurryThis(Object.getOwnPropertyDescriptor(of, key)!.get as never) as never;

export const ObjectCreate = Object.create;
export const ObjectKeys = Object.keys;
export const ObjectDefineProperty = Object.defineProperty;
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
export const ObjectGetPrototypeOf = Object.getPrototypeOf;
export const ObjectSetPrototypeOf = Object.setPrototypeOf;
export const ObjectIs = Object.is;
export const ObjectPrototype = Object.prototype;
export const functionToString = uncurryThis(Function.prototype.toString);
export const hasOwn = uncurryThis(Object.prototype.hasOwnProperty);
export const ReflectApply = Reflect.apply;
export const ReflectOwnKeys = Reflect.ownKeys;
export const ReflectConstruct = Reflect.construct;

export const ArrayIsArray = Array.isArray;
export const ArrayPrototype = Array.prototype;
export const sort = uncurryThis(Array.prototype.sort) as <T>(self: T[], by: (a: T, b: T) => number) => T[];
export const join = uncurryThis(Array.prototype.join) as (self: unknown[], sep: string) => string;

export const trim = uncurryThis(String.prototype.trim);
export const slice = uncurryThis(String.prototype.slice);
export const startsWith = uncurryThis(String.prototype.startsWith) as (self: string, s: string) => boolean;
export const endsWith = uncurryThis(String.prototype.endsWith) as (self: string, s: string) => boolean;
export const includes = uncurryThis(String.prototype.includes) as (self: string, s: string) => boolean;
export const indexOf = uncurryThis(String.prototype.indexOf) as (self: string, s: string, from?: number) => number;
export const charCodeAt = uncurryThis(String.prototype.charCodeAt);
export const repeat = uncurryThis(String.prototype.repeat);
export const toUpperCase = uncurryThis(String.prototype.toUpperCase);
export const toLowerCase = uncurryThis(String.prototype.toLowerCase);
export const StringOf = String;
export const NumberOf = Number;
export const BigIntOf = BigInt;
export const MathMax = Math.max;
export const MathMin = Math.min;
export const MathFloor = Math.floor;
export const MathSqrt = Math.sqrt;
export const MathTrunc = Math.trunc;
export const isFinite = Number.isFinite;
export const isSafeInteger = Number.isSafeInteger;
export const parseFloat = Number.parseFloat;
export const parseInt = Number.parseInt;
export const numberToString = uncurryThis(Number.prototype.toString) as (self: number, radix?: number) => string;
export const DateCtor = Date;
export const DateNow = Date.now;
export const DatePrototype = Date.prototype;
export const dateToISO = uncurryThis(Date.prototype.toISOString);
export const dateValue = uncurryThis(Date.prototype.getTime);
export const symbolToString = uncurryThis(Symbol.prototype.toString);
const { valueOf: numberValue } = Number.prototype;
const { valueOf: stringValue } = String.prototype;
const { valueOf: booleanValue } = Boolean.prototype;
const { valueOf: symbolValue } = Symbol.prototype;
const { valueOf: bigintValue } = BigInt.prototype;
/** The prototypes of wrapped primitives, the class's name, and how to unwrap. */
export const wrappers: [object, string, (self: any) => unknown][] = [
  [Number.prototype, "Number", uncurryThis(numberValue as never)],
  [String.prototype, "String", uncurryThis(stringValue as never)],
  [Boolean.prototype, "Boolean", uncurryThis(booleanValue as never)],
  [Symbol.prototype, "Symbol", uncurryThis(symbolValue as never)],
  [BigInt.prototype, "BigInt", uncurryThis(bigintValue as never)],
];
export const toStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;

export const JSONParse = JSON.parse;
export const JSONStringify = JSON.stringify;

export const PromiseCtor = Promise;
const PromisePrototype = Promise.prototype;
const promiseThen = uncurryThis(Promise.prototype.then) as (p: unknown, ok: unknown, err?: unknown) => Promise<unknown>;

export const MapCtor = Map;
export const mapGet = uncurryThis(Map.prototype.get) as <V>(self: Map<any, V>, k: unknown) => V | undefined;
export const mapSet = uncurryThis(Map.prototype.set) as <K, V>(self: Map<K, V>, k: K, v: V) => Map<K, V>;
export const mapDelete = uncurryThis(Map.prototype.delete) as (self: Map<any, unknown>, k: unknown) => boolean;
export const mapKeys = uncurryThis(Map.prototype.keys) as (self: unknown) => unknown;
export const mapSize = getter<number>(Map.prototype, "size");
export const mapNext = uncurryThis(Object.getPrototypeOf(new Map().keys()).next) as unknown as (self: unknown) => IteratorResult<unknown>;
export const setValues = uncurryThis(Set.prototype.values) as unknown as (self: unknown) => unknown;
export const setSize = getter<number>(Set.prototype, "size");
export const setNext = uncurryThis(Object.getPrototypeOf(new Set().values()).next) as unknown as (self: unknown) => IteratorResult<unknown>;

export const WeakRefCtor = WeakRef;
export const weakValue = uncurryThis(WeakRef.prototype.deref) as <T extends object>(self: WeakRef<T>) => T | undefined;

const typed = Object.getPrototypeOf(Uint8Array.prototype) as object;
/** The name of a typed array's class; undefined for everything else, and never a script's code. */
export const typedName = getter<string | undefined>(typed, Symbol.toStringTag);
export const typedLength = getter<number>(typed, "length");
export const bufferLength = getter<number>(ArrayBuffer.prototype, "byteLength");

export const regExpExec = uncurryThis(RegExp.prototype.exec);
export const regExpSource = getter<string>(RegExp.prototype, "source");
/** The getters of a regular expression's flags, in the order of their letters. */
export const regExpFlags: [string, (self: unknown) => boolean][] = [
  ["d", getter(RegExp.prototype, "hasIndices")],
  ["g", getter(RegExp.prototype, "global")],
  ["i", getter(RegExp.prototype, "ignoreCase")],
  ["m", getter(RegExp.prototype, "multiline")],
  ["s", getter(RegExp.prototype, "dotAll")],
  ["u", getter(RegExp.prototype, "unicode")],
  ["v", getter(RegExp.prototype, "unicodeSets")],
  ["y", getter(RegExp.prototype, "sticky")],
];

export const ErrorCtor = Error;
export const ErrorPrototype = Error.prototype;
export const TypeErrorCtor = TypeError;
export const RangeErrorCtor = RangeError;

/** A map that inherits nothing, so that "__proto__" is a key like any other. */
export function dict<V>(): Record<string, V> {
  return ObjectCreate(null) as Record<string, V>;
}

/** A list that inherits nothing: no setter on a prototype sees what is added. */
export function list<T>(): T[] {
  return ObjectSetPrototypeOf([], null) as T[];
}

/** Adds to a list that inherits nothing. */
export function add<T>(to: T[], item: T): void {
  to[to.length] = item;
}

/** Adds to an ordinary array, past setters that a prototype may have. */
export function append<T>(to: T[], item: T): void {
  put(to, to.length, item);
}

/** String.prototype.split without its look at Symbol.split. */
export function split(s: string, by: string): string[] {
  const out = list<string>();
  let from = 0;
  for (let at = indexOf(s, by); at >= 0; at = indexOf(s, by, from)) {
    add(out, slice(s, from, at));
    from = at + by.length;
  }
  add(out, slice(s, from));
  return out;
}

/** Defines a property that does not show when the object is listed. */
export function hide(o: object, key: PropertyKey, value: unknown): void {
  ObjectDefineProperty(o, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true } as PropertyDescriptor);
}

/** Adds a property; unlike an assignment it never meets a setter of a prototype. */
export function put(o: object, key: PropertyKey, value: unknown): void {
  ObjectDefineProperty(o, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
}

/**
 * Calls ok or err once v has settled, if v is a promise or a thenable, else ok
 * at the next microtask. Promise.prototype.then is not looked at for promises.
 */
export function react(v: unknown, ok: (v: any) => void, err: (e: unknown) => void): void {
  try {
    promiseThen(v, ok, err);
    return;
  } catch {
    // Not a promise, or a script has made its constructor unusable.
  }
  try {
    if (ObjectGetPrototypeOf(v) === PromisePrototype) {
      hide(v as object, "constructor", undefined);
      promiseThen(v, ok, err);
      return;
    }
  } catch {
    // A Proxy, or it cannot be changed.
  }
  void awaited(v, ok, err);
}

async function awaited(v: unknown, ok: (v: any) => void, err: (e: unknown) => void): Promise<void> {
  let out: unknown;
  try {
    out = await v;
  } catch (e) {
    err(e);
    return;
  }
  ok(out);
}

// What parts of the SDK take that are made when a script has begun.
export const SymbolCtor = Symbol;
export const SymbolFor = Symbol.for;
export const { iterator: SymbolIterator, asyncIterator: SymbolAsyncIterator } = Symbol;
/** What esbuild's forms of `using` look for where V8 has no such symbols. */
export const SymbolDispose: unique symbol = ((Symbol as any).dispose ?? Symbol.for("Symbol.dispose")) as never;
export const SymbolAsyncDispose: unique symbol = ((Symbol as any).asyncDispose ?? Symbol.for("Symbol.asyncDispose")) as never;
export const ObjectCtor = Object;
export const ObjectFreeze = Object.freeze;
export const ArrayCtor = Array;
export const ArrayBufferCtor = ArrayBuffer;
export const RegExpCtor = RegExp;
export const SetCtor = Set;
export const setAdd = uncurryThis(Set.prototype.add) as <T>(self: Set<T>, v: T) => Set<T>;
export const bigintToString = uncurryThis(BigInt.prototype.toString) as (self: bigint, radix: number) => string;
export const promiseResolve = uncurryThis(Promise.resolve as (this: unknown, v: unknown) => Promise<any>);
export const MathRandom = Math.random;
/** The errors that the language makes itself, by their names. */
export const errorClasses = dict<any>();
for (const C of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) errorClasses[C.name] = C;
/** The classes of views, by their names. */
export const viewClasses = dict<any>();
for (const C of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, (globalThis as any).Float16Array, DataView]) {
  if (C !== undefined) viewClasses[C.name] = C;
}
export const { isView } = ArrayBuffer;
export const typedBuffer = getter<ArrayBuffer>(typed, "buffer");
export const typedOffset = getter<number>(typed, "byteOffset");
export const typedBytes = getter<number>(typed, "byteLength");
export const viewBuffer = getter<ArrayBuffer>(DataView.prototype, "buffer");
export const viewOffset = getter<number>(DataView.prototype, "byteOffset");
export const viewBytes = getter<number>(DataView.prototype, "byteLength");
export const isDetached = getter<boolean>(ArrayBuffer.prototype, "detached");
/** Takes a buffer's memory to a new one. */
export const moveBuffer = uncurryThis((ArrayBuffer.prototype as any).transfer) as (b: unknown) => ArrayBuffer;
export const { encodeURIComponent: encodeComponent, decodeURIComponent: decodeComponent } = globalThis;
