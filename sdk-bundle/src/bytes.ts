// Bytes and text for the web's classes: what they need of the language, and of
// the host. Bytes cross to the host as base64, which V8 makes natively.
import { natives } from "./host";
import { TypeErrorCtor, bufferLength, isView, typedBuffer, typedBytes, typedName, typedOffset, uncurryThis, viewBuffer, viewBytes, viewOffset } from "./primordials";

export const copyInto = uncurryThis(Uint8Array.prototype.set) as (self: Uint8Array, from: Uint8Array, at?: number) => void;
export const Uint8ArrayCtor = Uint8Array;
export const toWellFormed = uncurryThis((String.prototype as any).toWellFormed) as (self: string) => string;
export const charCode = String.fromCharCode;
export const toLowerCase = uncurryThis(String.prototype.toLowerCase);
export const bufferOf = typedBuffer;

let fromBase64: (s: string) => Uint8Array;
let toBase64: (self: Uint8Array) => string;

/**
 * V8 adds base64 to a context when it starts, not in the snapshot. It is taken
 * then, and away from scripts: V8 does not call it finished.
 */
export function takeBase64(): void {
  const { fromBase64: from } = Uint8Array as any;
  const proto = Uint8Array.prototype as any;
  fromBase64 = (s) => from(s);
  toBase64 = uncurryThis(proto.toBase64);
  delete (Uint8Array as any).fromBase64;
  delete (Uint8Array as any).fromHex;
  delete proto.toBase64;
  delete proto.setFromBase64;
  delete proto.toHex;
  delete proto.setFromHex;
}

export function bytesToBase64(b: Uint8Array): string {
  // V8's looks past where a view begins in its buffer.
  return toBase64(typedOffset(b) === 0 ? b : copyOf(b));
}

export function base64ToBytes(s: string): Uint8Array {
  return fromBase64(s);
}

/** Whether v is an ArrayBuffer or a view of one. */
export function isBytes(v: unknown): boolean {
  if (isView(v)) return true;
  try {
    bufferLength(v);
    return true;
  } catch {
    return false;
  }
}

/** Bytes as an argument of an op: base64; undefined for what is no bytes, or wider than bytes. */
export function base64Of(v: unknown): string | undefined {
  const name = typedName(v);
  if (name === undefined ? isView(v) || !isBytes(v) : name !== "Uint8Array" && name !== "Uint8ClampedArray") return undefined;
  return bytesToBase64(viewOf(v, "bytes"));
}

/** A view of the bytes of a buffer or of a view, without a copy. */
export function viewOf(v: unknown, what: string): Uint8Array {
  if (isView(v)) {
    if (typedName(v) !== undefined) return new Uint8ArrayCtor(typedBuffer(v), typedOffset(v), typedBytes(v));
    return new Uint8ArrayCtor(viewBuffer(v), viewOffset(v), viewBytes(v));
  }
  try {
    bufferLength(v);
  } catch {
    throw new TypeErrorCtor(`${what}: expected an ArrayBuffer or a view of one`);
  }
  return new Uint8ArrayCtor(v as ArrayBuffer);
}

/** A copy of bytes. */
export function copyOf(b: Uint8Array): Uint8Array {
  const out = new Uint8ArrayCtor(typedBytes(b));
  copyInto(out, b);
  return out;
}

/** Two runs of bytes as one. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8ArrayCtor(typedBytes(a) + typedBytes(b));
  copyInto(out, a);
  copyInto(out, b, typedBytes(a));
  return out;
}

export function part(b: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8ArrayCtor(typedBuffer(b), typedOffset(b) + from, to - from);
}

export const lengthOf = typedBytes;

/** The UTF-8 of a text, in base64. */
export function textToBase64(s: string): string {
  const { utf8Encode } = natives;
  return utf8Encode(0, 0, s) as string;
}

/** The text of UTF-8 in base64; what is none becomes U+FFFD, or an error. */
export function base64ToText(b64: string, fatal = false): string {
  const { utf8Decode } = natives;
  return utf8Decode(fatal ? 1 : 0, 0, b64) as string;
}

export const typedNameOf = typedName;
