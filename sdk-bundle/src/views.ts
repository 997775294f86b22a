// Buffers and their views as the streams need them.
import { ObjectGetOwnPropertyDescriptor, TypeErrorCtor, dict, typedLength, typedName, uncurryThis } from "./primordials";


const getter = <R>(of: object, key: PropertyKey): ((self: unknown) => R) => uncurryThis(ObjectGetOwnPropertyDescriptor(of, key)!.get as never) as never;
const typed = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedBuffer = getter<ArrayBuffer>(typed, "buffer");
const typedOffset = getter<number>(typed, "byteOffset");
const typedBytes = getter<number>(typed, "byteLength");
const viewBuffer = getter<ArrayBuffer>(DataView.prototype, "buffer");
const viewOffset = getter<number>(DataView.prototype, "byteOffset");
const viewBytes = getter<number>(DataView.prototype, "byteLength");
const { isView } = ArrayBuffer;

export const isDetached = getter<boolean>(ArrayBuffer.prototype, "detached");
/** Takes a buffer's memory to a new one. */
export const moveBuffer = uncurryThis((ArrayBuffer.prototype as any).transfer) as (b: unknown) => ArrayBuffer;

export type View = ArrayBufferView;

/** The classes of views, by their names. */
export const viewClasses = dict<any>();
const sizes = dict<number>();
for (const C of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, (globalThis as any).Float16Array]) {
  if (C === undefined) continue;
  viewClasses[C.name] = C;
  sizes[C.name] = C.BYTES_PER_ELEMENT;
}
viewClasses.DataView = DataView;
sizes.DataView = 1;

export interface ViewInfo {
  buffer: ArrayBuffer;
  offset: number;
  length: number; // In bytes.
  count: number; // In elements.
  element: number;
  name: string;
}

export function viewInfo(v: unknown): ViewInfo {
  const name = typedName(v);
  if (name !== undefined) {
    return { buffer: typedBuffer(v), offset: typedOffset(v), length: typedBytes(v), count: typedLength(v), element: sizes[name]!, name };
  }
  const length = viewBytes(v);
  return { buffer: viewBuffer(v), offset: viewOffset(v), length, count: length, element: 1, name: "DataView" };
}

export function makeView(name: string, buffer: ArrayBuffer, offset: number, count: number): View {
  const C = viewClasses[name];
  return new C(buffer, offset, count);
}

/** Refuses what is no view; a DataView of a detached buffer has no length. */
export function asView(v: unknown, what: string): View {
  if (!isView(v)) throw new TypeErrorCtor(`${what}: expected a typed array or a DataView`);
  try {
    viewInfo(v);
  } catch {
    throw new TypeErrorCtor(`${what}: the view's buffer is detached`);
  }
  return v;
}
