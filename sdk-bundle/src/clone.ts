// structuredClone, by the HTML standard: a value is first written down as
// records, then what is to be transferred is taken, then new objects are made.
import { bufferOf, copyOf, viewOf } from "./bytes";
import { DOMException, isDOMException } from "./exception";
import { kindOf } from "./kinds";
import { here } from "./lazy";
import {
  ArrayCtor,
  ArrayIsArray,
  DateCtor,
  ErrorCtor,
  MapCtor,
  ObjectCtor,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectKeys,
  RegExpCtor,
  SetCtor,
  TypeErrorCtor,
  add,
  bufferLength,
  dateValue,
  errorClasses,
  hasOwn,
  hide,
  isDetached,
  isView,
  list,
  mapGet,
  mapKeys,
  mapNext,
  mapSet,
  moveBuffer,
  put,
  regExpFlags,
  regExpSource,
  setAdd,
  setNext,
  setValues,
  wrappers,
} from "./primordials";
import { makeView, viewInfo } from "./views";
import { dictionary, interfaces, isObject, needs, sequence } from "./webidl";


/** How an interface's objects are cloned, and moved. */
interface Kind {
  is(v: unknown): boolean;
  /** Gives what makes the clone. */
  copy?(v: any): () => unknown;
  /** Takes the object's inside away and gives what makes the new one. */
  move?(v: any): () => unknown;
  /** Refuses an object that cannot be moved any more. */
  movable?(v: any): boolean;
}
const kinds = list<Kind>();

export function cloneable(k: Kind): void {
  add(kinds, k);
}

cloneable({
  is: isDOMException,
  copy: (e: DOMException) => {
    const { message, name, stack } = e;
    return () => {
      const out = new DOMException(message, name);
      hide(out, "stack", stack);
      return out;
    };
  },
});

// A record makes its object, and then fills it when all that it refers to has
// been made.
interface Record {
  make(): any;
  fill?(made: any, of: (r: any) => any): void;
  made: any;
  done: boolean;
}

function record(make: () => any, fill?: (made: any, of: (r: any) => any) => void): Record {
  return { make, fill, made: undefined, done: false };
}

/** What a primitive is in a record: itself, told from records by its class. */
class Plain {
  constructor(readonly value: unknown) {}
}

function refuse(what: string): never {
  throw new DOMException(`${what} could not be cloned`, "DataCloneError");
}

type Memory = Map<object, Record>;

function write(v: unknown, memory: Memory): Record | Plain {
  if (typeof v === "symbol") refuse("A symbol");
  if (!isObject(v)) return new Plain(v);
  const known = mapGet(memory, v);
  if (known !== undefined) return known;
  return writeNew(v, memory);
}

function remember(memory: Memory, v: object, r: Record): Record {
  mapSet(memory, v, r);
  return r;
}

export function interfaceOf(v: object): string | undefined {
  for (let p = ObjectGetPrototypeOf(v), n = 0; p !== null && n < 16; p = ObjectGetPrototypeOf(p), n++) {
    const name = mapGet(interfaces, p);
    if (name !== undefined) return name;
  }
  return undefined;
}

function writeNew(v: object, memory: Memory): Record {
  for (let i = 0; i < kinds.length; i++) {
    const { is, copy } = kinds[i]!;
    if (!is(v)) continue;
    if (copy === undefined) refuse(`A ${interfaceOf(v) ?? "value"} that is not in the list to transfer`);
    return remember(memory, v, record(copy(v)));
  }
  if (isView(v)) return writeView(v, memory);
  const kind = kindOf(v);
  switch (kind) {
    case "function":
      return refuse("A function");
    case "opaque":
      return refuse("A value of this class");
    case "buffer": {
      if (isDetached(v)) throw new DOMException("An ArrayBuffer that is detached could not be cloned", "DataCloneError");
      const bytes = bufferOf(copyOf(viewOf(v, "structuredClone")));
      return remember(memory, v, record(() => bytes));
    }
    case "date": {
      const at = dateValue(v as Date);
      return remember(memory, v, record(() => new DateCtor(at)));
    }
    case "regexp": {
      const source = regExpSource(v);
      let flags = "";
      for (let i = 0; i < regExpFlags.length; i++) if (regExpFlags[i]![1](v)) flags += regExpFlags[i]![0];
      return remember(memory, v, record(() => new RegExpCtor(source, flags)));
    }
    case "wrapped": {
      const value = unwrap(v);
      if (typeof value === "symbol") refuse("A symbol");
      return remember(memory, v, record(() => ObjectCtor(value)));
    }
    case "map":
      return writeMap(v, memory);
    case "set":
      return writeSet(v, memory);
    case "error":
      return writeError(v, memory);
  }
  const name = interfaceOf(v);
  if (name !== undefined) refuse(`A ${name}`);
  return writeMembers(v, memory);
}

function unwrap(v: object): unknown {
  for (let i = 0; i < wrappers.length; i++) {
    try {
      return wrappers[i]![2](v);
    } catch {
      // It is another.
    }
  }
  return undefined;
}

function writeView(v: ArrayBufferView, memory: Memory): Record {
  const { buffer, offset, count, name } = viewInfo(v);
  if (isDetached(buffer) && mapGet(memory, buffer) === undefined) throw new DOMException("A view of a detached ArrayBuffer could not be cloned", "DataCloneError");
  const of = write(buffer, memory) as Record;
  return remember(memory, v, record(() => makeView(name, made(of), offset, count)));
}

function writeMap(v: object, memory: Memory): Record {
  const pairs = list<Record | Plain>();
  const r = remember(
    memory,
    v,
    record(
      () => new MapCtor(),
      (m, of) => {
        for (let i = 0; i < pairs.length; i += 2) mapSet(m, of(pairs[i]), of(pairs[i + 1]));
      },
    ),
  );
  // Getters below may change the map: what is in it now counts.
  const raw = list<unknown>();
  const it = mapKeys(v);
  for (let step = mapNext(it); !step.done; step = mapNext(it)) add(raw, step.value);
  const values = list<unknown>();
  for (let i = 0; i < raw.length; i++) add(values, mapGet(v as Map<unknown, unknown>, raw[i]));
  for (let i = 0; i < raw.length; i++) {
    add(pairs, write(raw[i], memory));
    add(pairs, write(values[i], memory));
  }
  return r;
}

function writeSet(v: object, memory: Memory): Record {
  const items = list<Record | Plain>();
  const r = remember(
    memory,
    v,
    record(
      () => new SetCtor(),
      (s, of) => {
        for (let i = 0; i < items.length; i++) setAdd(s, of(items[i]));
      },
    ),
  );
  const raw = list<unknown>();
  const it = setValues(v);
  for (let step = setNext(it); !step.done; step = setNext(it)) add(raw, step.value);
  for (let i = 0; i < raw.length; i++) add(items, write(raw[i], memory));
  return r;
}

function writeError(v: any, memory: Memory): Record {
  const { name } = v;
  const C = typeof name === "string" && errorClasses[name] !== undefined ? errorClasses[name] : ErrorCtor;
  const d = ObjectGetOwnPropertyDescriptor(v, "message");
  const message = d !== undefined && hasOwn(d, "value") ? `${d.value}` : undefined;
  const { stack } = v;
  let cause: Record | Plain | undefined;
  const r = remember(
    memory,
    v,
    record(
      () => {
        const e = message === undefined ? new C() : new C(message);
        hide(e, "stack", typeof stack === "string" ? stack : "");
        return e;
      },
      (e, of) => {
        if (cause !== undefined) hide(e, "cause", of(cause));
      },
    ),
  );
  const c = ObjectGetOwnPropertyDescriptor(v, "cause");
  if (c !== undefined && hasOwn(c, "value")) cause = write(c.value, memory);
  return r;
}

function writeMembers(v: any, memory: Memory): Record {
  const isArray = ArrayIsArray(v);
  const length = isArray ? v.length : 0;
  const keys = list<string>();
  const values = list<Record | Plain>();
  const r = remember(
    memory,
    v,
    record(
      () => (isArray ? new ArrayCtor(length) : {}),
      (o, of) => {
        for (let i = 0; i < keys.length; i++) put(o, keys[i]!, of(values[i]));
      },
    ),
  );
  const own = ObjectKeys(v);
  for (let i = 0; i < own.length; i++) {
    // A getter may have taken it away.
    const k = own[i]!;
    if (i > 0 && !hasOwn(v, k)) continue;
    add(keys, k);
    add(values, write(v[k], memory));
  }
  return r;
}

/** The object of a record, made when it is first asked for. */
function made(r: Record | Plain): any {
  if (plainIn(r)) return (r as Plain).value;
  const one = r as Record;
  if (!one.done) {
    one.done = true;
    const { make } = one;
    one.made = make();
    const { fill } = one;
    if (fill !== undefined) fill(one.made, made);
  }
  return one.made;
}
const PlainPrototype = Plain.prototype;
function plainIn(r: Record | Plain): boolean {
  return ObjectGetPrototypeOf(r) === PlainPrototype;
}

function isBuffer(v: unknown): boolean {
  try {
    bufferLength(v);
    return true;
  } catch {
    return false;
  }
}

function movableKind(v: object): Kind | undefined {
  for (let pass = 0; pass < 2; pass++) {
    for (let k = kinds.length - 1; k >= 0; k--) if (kinds[k]!.move !== undefined && kinds[k]!.is(v)) return kinds[k];
    if (isBuffer(v)) break;
    // How streams are moved is not there before the first.
    here(import("./streamtransfer"));
  }
  return undefined;
}

/** Clones a value and moves what transfer lists; gives the clone and what was moved. */
export function cloneWith(value: unknown, transfer: unknown[]): { value: any; moved: unknown[] } {
  const memory: Memory = new MapCtor();
  const moving = list<{ from: any; kind: Kind | undefined; to: Record; take: (() => unknown) | undefined }>();
  for (let i = 0; i < transfer.length; i++) {
    const from = transfer[i] as object;
    if (!isObject(from)) throw new TypeErrorCtor("structuredClone: transfer lists what is no object");
    const kind = movableKind(from);
    if (kind === undefined && !isBuffer(from)) throw new DOMException(`A ${interfaceOf(from) ?? "value of this class"} cannot be transferred`, "DataCloneError");
    if (mapGet(memory, from) !== undefined) throw new DOMException("An object is listed twice to be transferred", "DataCloneError");
    const m = { from, kind, to: undefined as never as Record, take: undefined as (() => unknown) | undefined };
    m.to = record(() => m.take!());
    mapSet(memory, from, m.to);
    add(moving, m);
  }
  const root = write(value, memory);
  // Nothing is taken before all can be.
  for (let i = 0; i < moving.length; i++) {
    const { from, kind } = moving[i]!;
    const { movable } = kind ?? { movable: undefined };
    const can = kind === undefined ? !isDetached(from) : movable === undefined || movable(from);
    if (!can) throw new DOMException("An object to be transferred is detached or locked already", "DataCloneError");
  }
  for (let i = 0; i < moving.length; i++) {
    const m = moving[i]!;
    if (m.kind === undefined) {
      const buffer = moveBuffer(m.from);
      m.take = () => buffer;
    } else {
      const { move } = m.kind;
      m.take = move!(m.from);
    }
  }
  const moved = list<unknown>();
  for (let i = 0; i < moving.length; i++) add(moved, made(moving[i]!.to));
  return { value: made(root), moved };
}

/** A clone for the SDK's own use. */
export function structuredCopy(value: unknown): any {
  return cloneWith(value, list()).value;
}

export function structuredClone(value: unknown, options?: unknown): any {
  needs(1, arguments.length, "structuredClone");
  const { transfer } = dictionary(options, "structuredClone");
  return cloneWith(value, transfer === undefined ? list() : sequence(transfer, "structuredClone: transfer")).value;
}
