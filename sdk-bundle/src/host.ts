// The boot contract with the host (pkg/isolate). The host calls the boot
// function once with an object of natives: the ops by their names, and the
// natives below, which are answered at once. Natives take (number, number,
// string, Uint8Array). An op takes its arguments as JSON and, where it has use
// for them, bytes; it answers a call id. Its result comes back through the entry
// function, as JSON and bytes again. It belongs to the dispatch that called it,
// or to none with 1 as its first argument. Neither is ever reachable for a script.
import { base64Of } from "./bytes";
import { opError } from "./failure";
import {
  ArrayIsArray,
  DatePrototype,
  ErrorCtor,
  JSONParse,
  JSONStringify,
  MapCtor,
  MathRandom,
  NumberOf,
  ObjectGetPrototypeOf,
  ObjectKeys,
  PromiseCtor,
  TypeErrorCtor,
  add,
  dateToISO,
  dateValue,
  dict,
  list,
  mapDelete,
  mapGet,
  mapSet,
  numberToString,
  typedName,
} from "./primordials";

export type Native = (a?: number, b?: number, s?: string, raw?: Uint8Array) => number | string | undefined;

/** What the host answers at once. They are called without a receiver. */
interface Natives {
  log: Native; // (level, 0, text)
  timerStart: Native; // (id, ms, "1" to repeat, "2" for a timer that belongs to no dispatch)
  timerClear: Native; // (id)
  done: Native; // (dispatch[, 0, failure]): a dispatch has settled
  subscribe: Native; // (0, 0, event)
  commands: Native; // (0, 0, JSON): all slash commands of the guild
  cronRegister: Native; // (0, 0, JSON {name, expr, skipIfRunning, backoff?}); (1, 0, name) takes the job back
  secretPlaceholder: Native; // (0, 0, name): undefined when there is no such secret
  environment: Native; // (1, 0, name): a variable's value or a secret's placeholder; (0): JSON of all
  report: Native; // (0, 0, failure): an error that belongs to no dispatch
  url: Native; // (0, 0, JSON [url] | [url, base] | [url, member, value]): JSON of the URL's parts
  about: Native; // JSON: V8's version and the architecture, as Deno names it
  lay: (on: object, name: string, shows: boolean, id: number) => void; // Lays a member that is made when it is touched; see lazy.ts
  reveal: (value: unknown) => unknown[] | undefined; // What no script can see: [1, target, handler] of a Proxy (null when revoked), [2, state, result] of a promise, [3, entries, in pairs] of an iterator
  random: Native; // (count): so many random bytes in base64, at most 65,536
  utf8Encode: Native; // (0, 0, text): its UTF-8 in base64
  utf8Decode: Native; // (1 to throw on what is not UTF-8, 0, base64): text
  encodingName: Native; // (0, 0, label): the encoding's name, in lower case
  decode: Native; // (1 to throw + 2 at the end, 0, name "\n" base64): base64 of what to put before the next bytes "\n" text
  codecOpen: Native; // (1 to decompress, 0, format): an id
  codecRun: Native; // (id, 1 at the end, base64): "+" if there is more to come out, else ".", and base64
  codecEnd: Native; // (id)
  subtle: Native; // (0, 0, JSON): an id, and the result comes like an op's
}

export let natives: Natives;
export let info: { guildId: string; applicationId: string; maxTimers: number; endpoint: string };
let ops: Record<string, Native | undefined>;

export function boot(from: Record<string, Native | undefined>, text: string): void {
  ops = from;
  natives = from as unknown as Natives;
  info = JSONParse(text);
  info.endpoint ??= "";
}

interface Waiting {
  ok(v: any, raw: Uint8Array | undefined): void;
  err(e: unknown): void;
  at: Error;
}

const waiting = new MapCtor<number, Waiting>();

/**
/** A name for what the ops of a script tell apart: its connections and exchanges. */
export function newId(): string {
  return numberToString(MathRandom(), 36) + numberToString(MathRandom(), 36);
}

/**
 * Calls an async op with one JSON argument, and bytes beside it, and gives its
 * outcome to ok or err, err at once when the call could not be made. With free
 * it belongs to no dispatch: no handler's time limit ends it, nor what comes of
 * it.
 */
export function startOp(
  name: string,
  args: unknown,
  ok: (v: any, raw: Uint8Array | undefined) => void,
  err: (e: unknown) => void,
  raw?: Uint8Array,
  free = false,
): void {
  let id: number;
  try {
    const native = ops[name];
    if (native === undefined) throw new ErrorCtor(`This version of Flora has no operation ${name}`);
    id = native(free ? 1 : 0, 0, encode(args), raw) as number;
  } catch (e) {
    err(e);
    return;
  }
  // The stack is made into text only if it is needed.
  mapSet(waiting, id, { ok, err, at: new ErrorCtor() });
}

/** startOp as a promise. It never throws, it rejects. */
export function callOp(name: string, args: unknown, raw?: Uint8Array): Promise<any> {
  return new PromiseCtor((resolve, reject) => startOp(name, args, resolve, reject, raw));
}

/** Makes a rejected promise of whatever f throws: no method throws at once. */
export function later<T>(f: () => Promise<T>): Promise<T> {
  try {
    return f();
  } catch (e) {
    return new PromiseCtor((_, reject) => reject(e));
  }
}

export function settleOp(id: number, ok: boolean, text: string, raw: Uint8Array | undefined): void {
  const w = mapGet(waiting, id);
  if (w === undefined) return;
  mapDelete(waiting, id);
  const result = text === "" ? undefined : JSONParse(text);
  if (ok) {
    const { ok: done } = w;
    done(result, raw);
  } else {
    const { err } = w;
    err(opError(result, w.at));
  }
}

/** JSON of op arguments; what JSON cannot say is undefined and becomes {}. */
export function encode(args: unknown): string {
  return JSONStringify(plain(args, 0)) ?? "{}";
}

const deepest = 64;

/**
 * Copies a value into what JSON.stringify takes without running a script's
 * code: builders and dates become their JSON, however deep they sit, bigints
 * become numbers, or texts when they are too large for one (ids), and bytes
 * base64.
 */
export function plain(v: any, depth: number): any {
  if (typeof v === "bigint") return v >= -9007199254740991n && v <= 9007199254740991n ? NumberOf(v) : `${v}`;
  if (v === null || typeof v !== "object") return v;
  if (depth > deepest) throw new TypeErrorCtor(`The value is nested more than ${deepest} levels deep, or refers to itself`);
  if (typeof v.toJSON === "function") return plain(jsonOf(v), depth + 1);
  if (ArrayIsArray(v)) {
    const out = list<unknown>();
    for (let i = 0, n = v.length; i < n; i++) add(out, plain(v[i], depth + 1));
    return out;
  }
  const name = typedName(v);
  if (name !== undefined) {
    const bytes = base64Of(v);
    if (bytes === undefined) throw new TypeErrorCtor(`A ${name} cannot be sent; give bytes as a Uint8Array`);
    return bytes;
  }
  const keys = ObjectKeys(v);
  if (keys.length === 0) {
    const bytes = base64Of(v);
    if (bytes !== undefined) return bytes;
  }
  const out = dict<any>();
  for (let i = 0; i < keys.length; i++) out[keys[i]!] = plain(v[keys[i]!], depth + 1);
  return out;
}

function jsonOf(v: any): unknown {
  if (ObjectGetPrototypeOf(v) !== DatePrototype) return v.toJSON();
  const at = dateValue(v);
  return at === at ? dateToISO(v) : null;
}
