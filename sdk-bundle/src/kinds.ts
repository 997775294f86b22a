// What an object is, told without running a script's code (but a Proxy's traps).
import {
  ArrayIsArray,
  DatePrototype,
  ErrorPrototype,
  MapCtor,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  bufferLength,
  dateValue,
  hasOwn,
  mapGet,
  mapSet,
  mapSize,
  regExpSource,
  setSize,
  typedName,
  wrappers,
} from "./primordials";

export type Kind = "array" | "typed" | "map" | "set" | "error" | "function" | "date" | "regexp" | "buffer" | "opaque" | "wrapped" | "object";

/** Prototypes of built-ins, the kind, and a check that throws for what only pretends. */
const known: [object, Kind, (v: any) => unknown][] = [
  [Map.prototype, "map", mapSize],
  [Set.prototype, "set", setSize],
  [DatePrototype, "date", dateValue],
  [RegExp.prototype, "regexp", regExpSource],
  [ArrayBuffer.prototype, "buffer", bufferLength],
  [Promise.prototype, "opaque", Boolean],
  [WeakMap.prototype, "opaque", Boolean],
  [WeakSet.prototype, "opaque", Boolean],
  [WeakRef.prototype, "opaque", Boolean],
  [FinalizationRegistry.prototype, "opaque", Boolean],
  [ErrorPrototype, "error", Boolean],
];
for (let i = 0; i < wrappers.length; i++) known[known.length] = [wrappers[i]![0], "wrapped", wrappers[i]![2]];

/** Names of the built-ins' prototypes, which hold whatever a script makes of their constructors. */
const names = new MapCtor<object, string>();
const globals = Object.getOwnPropertyNames(globalThis);
for (let i = 0; i < globals.length; i++) {
  const f = (globalThis as any)[globals[i]!];
  if (typeof f === "function" && f.prototype !== undefined) mapSet(names, f.prototype, f.name);
}
const functions = [async () => {}, function* () {}, async function* () {}];
for (let i = 0; i < functions.length; i++) {
  const proto = Object.getPrototypeOf(functions[i]);
  mapSet(names, proto, proto.constructor.name);
}

/** How far prototypes are followed: a chain of Proxies may have no end. */
const longest = 64;

export function kindOf(v: object): Kind {
  if (typeof v === "function") return "function";
  if (ArrayIsArray(v)) return "array";
  if (typedName(v) !== undefined) return "typed";
  for (let p = ObjectGetPrototypeOf(v), n = 0; p !== null && n < longest; p = ObjectGetPrototypeOf(p), n++) {
    for (let i = 0; i < known.length; i++) {
      const row = known[i]!;
      if (row[0] !== p) continue;
      const check = row[2];
      try {
        check(v);
        return row[1];
      } catch {
        return "object";
      }
    }
  }
  return "object";
}

/** Whether v has Error.prototype above it. False for what throws when asked. */
export function isErrorLike(v: unknown): boolean {
  try {
    return v !== null && typeof v === "object" && kindOf(v) === "error";
  } catch {
    return false;
  }
}

/** The name of the class, by the constructor of the nearest prototype; null without prototypes. */
export function classOf(v: object): string | null {
  const first = ObjectGetPrototypeOf(v);
  for (let p = first, n = 0; p !== null && n < longest; p = ObjectGetPrototypeOf(p), n++) {
    const builtin = mapGet(names, p);
    if (builtin !== undefined) return builtin;
    const d = ObjectGetOwnPropertyDescriptor(p, "constructor");
    if (d === undefined || !hasOwn(d, "value") || typeof d.value !== "function") continue;
    const name = nameOf(d.value);
    if (name !== "") return name;
  }
  return first === null ? null : "Object";
}

/** A function's own name where it is a plain text. */
export function nameOf(f: object): string {
  const d = ObjectGetOwnPropertyDescriptor(f, "name");
  return d !== undefined && hasOwn(d, "value") && typeof d.value === "string" ? d.value : "";
}
