// Buffers and their views as the streams need them.
import {
  ObjectKeys,
  TypeErrorCtor,
  dict,
  isView,
  typedBuffer,
  typedBytes,
  typedLength,
  typedName,
  typedOffset,
  viewBuffer,
  viewBytes,
  viewClasses,
  viewOffset,
} from "./primordials";

export type View = ArrayBufferView;

/** How wide the elements of views are, by their names. */
const sizes = dict<number>();
const names = ObjectKeys(viewClasses);
// A DataView is one of bytes.
for (let i = 0; i < names.length; i++) sizes[names[i]!] = names[i] === "DataView" ? 1 : viewClasses[names[i]!].BYTES_PER_ELEMENT;

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
