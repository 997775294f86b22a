// Keys of Deno.Kv as the hexadecimal of bytes that sort as Deno orders keys: part
// by part, Uint8Array before string, bigint, number and boolean. The bytes are
// those of Deno, so that cursors are too.
import { Uint8ArrayCtor, base64ToBytes, bytesToBase64, copyInto, lengthOf, part, toWellFormed, viewOf } from "./bytes";
import { bytesText, textBytes } from "./denokvformat";
import { ArrayIsArray, BigIntOf, SymbolCtor, TypeErrorCtor, append, bigintToString, isView, parseInt, slice, typedBuffer, viewClasses } from "./primordials";

export type KeyPart = Uint8Array | string | number | bigint | boolean | symbol;

const most = 2048;
const bytesTag = 0x01;
const textTag = 0x02;
const zeroTag = 0x14; // Of a bigint; one of n bytes is so much above or below.
const longest = 8;
const numberTag = 0x21;
const falseTag = 0x26;
const trueTag = 0x27;

const digits = "0123456789abcdef";
const double = new viewClasses.Float64Array(1);
const doubleBytes = new Uint8ArrayCtor(typedBuffer(double));

/** What Kv.commitVersionstamp gives. */
export const commitVersionstamp = SymbolCtor("KvCommitVersionstamp");

const hexOf = (b: number): string => digits[b >> 4]! + digits[b & 15]!;

function escaped(b: Uint8Array): string {
  let out = "";
  for (let i = 0, n = lengthOf(b); i < n; i++) out += b[i] === 0 ? "00ff" : hexOf(b[i]!);
  return out + "00";
}

function ofNumber(n: number): string {
  double[0] = n === n ? n : NaN; // There is one NaN.
  let out = hexOf(numberTag);
  const negative = doubleBytes[7]! >= 128;
  for (let i = 7; i >= 0; i--) out += hexOf(negative ? doubleBytes[i]! ^ 255 : i === 7 ? doubleBytes[i]! ^ 128 : doubleBytes[i]!);
  return out;
}

function inverted(hex: string): string {
  let out = "";
  for (let i = 0; i < hex.length; i++) out += digits[15 - parseInt(hex[i]!, 16)]!;
  return out;
}

function ofBigint(n: bigint): string {
  if (n === 0n) return hexOf(zeroTag);
  const negative = n < 0n;
  let hex = bigintToString(negative ? -n : n, 16);
  if (hex.length % 2 === 1) hex = "0" + hex;
  const bytes = hex.length / 2;
  if (bytes > 255) throw new TypeErrorCtor("A bigint in a key has at most 255 bytes");
  const short = bytes <= longest;
  if (!negative) return hexOf(short ? zeroTag + bytes : zeroTag + longest + 1) + (short ? "" : hexOf(bytes)) + hex;
  return hexOf(short ? zeroTag - bytes : zeroTag - longest - 1) + (short ? "" : hexOf(255 - bytes)) + inverted(hex);
}

/** A part that is too long by far is not even looked through. */
function short(s: string): string {
  return s.length > most ? slice(s, 0, most + 1) : s;
}

function shortBytes(b: Uint8Array): Uint8Array {
  return lengthOf(b) > most ? part(b, 0, most + 1) : b;
}

function partOf(p: unknown, at: number): string {
  switch (typeof p) {
    case "string":
      return hexOf(textTag) + escaped(textBytes(toWellFormed(short(p)), 3 * most + 3));
    case "number":
      return ofNumber(p);
    case "bigint":
      return ofBigint(p);
    case "boolean":
      return hexOf(p ? trueTag : falseTag);
    case "object":
      if (p !== null && isView(p)) return hexOf(bytesTag) + escaped(shortBytes(viewOf(p, "a key")));
  }
  throw new TypeErrorCtor(`Invalid type for key part ${at}: expected string, number, bigint, ArrayBufferView, boolean`);
}

function partsOf(key: unknown, count: number, bytes: number, use: string): string {
  let out = "";
  for (let i = 0; i < count; i++) {
    out += partOf((key as unknown[])[i], i);
    if (out.length > 2 * bytes) throw new TypeErrorCtor(`Key too large for ${use} (max ${bytes} bytes)`);
  }
  return out;
}

function lengthOfKey(key: unknown): number {
  if (!ArrayIsArray(key)) throw new TypeErrorCtor("A key must be an array of parts");
  return key.length;
}

/** A key of an entry. */
export function keyToHex(key: unknown, use: "write" | "read" = "write"): string {
  const n = lengthOfKey(key);
  if (n === 0) throw new TypeErrorCtor("Key cannot be empty");
  return partsOf(key, n, use === "write" ? most : most + 1, use);
}

/** A key to look for; it may be empty, and is then only a prefix. */
export function boundToHex(key: unknown): string {
  return partsOf(key, lengthOfKey(key), most + 1, "read");
}

/** The key of something to set, without the versionstamp that it may end in. */
export function settingToHex(key: unknown): { hex: string; versioned: boolean } {
  const n = lengthOfKey(key);
  if (n === 0 || (key as unknown[])[n - 1] !== commitVersionstamp) return { hex: keyToHex(key), versioned: false };
  return { hex: partsOf(key, n - 1, most - 22, "write"), versioned: true };
}

const byteOf = (hex: string, i: number): number => parseInt(slice(hex, i, i + 2), 16);

function hexToBytes(hex: string): Uint8Array {
  const out = new Uint8ArrayCtor(hex.length / 2);
  for (let i = 0; i < hex.length; i += 2) out[i / 2] = byteOf(hex, i);
  return out;
}

function exchanged(s: string, from: string, to: string): string {
  let out = "";
  for (let i = 0; i < s.length; i++) out += s[i] === from[0] ? to[0] : s[i] === from[1] ? to[1] : s[i];
  return out;
}

/** A cursor is base64 for URLs of what its key has beyond what all keys begin with. */
export function hexToCursor(hex: string): string {
  return exchanged(bytesToBase64(hexToBytes(hex)), "+/", "-_");
}

export function cursorToHex(cursor: unknown): string {
  if (typeof cursor !== "string") throw new TypeErrorCtor("The cursor must be a string");
  let b: Uint8Array;
  try {
    b = base64ToBytes(exchanged(cursor, "-_", "+/"));
  } catch {
    throw new TypeErrorCtor("Invalid cursor");
  }
  let out = "";
  for (let i = 0, n = lengthOf(b); i < n; i++) out += hexOf(b[i]!);
  if (out.length > 2 * most) throw new TypeErrorCtor("Invalid cursor");
  return out;
}

/** The inverse of keyToHex. */
export function hexToKey(hex: string): KeyPart[] {
  const out: KeyPart[] = [];
  for (let i = 0; i < hex.length; ) {
    const tag = byteOf(hex, i);
    i += 2;
    if (tag === bytesTag || tag === textTag) {
      const b = new Uint8ArrayCtor((hex.length - i) / 2);
      let n = 0;
      for (; ; i += 2) {
        const c = byteOf(hex, i);
        if (c === 0) {
          if (slice(hex, i + 2, i + 4) !== "ff") break;
          i += 2;
        }
        b[n++] = c;
      }
      i += 2;
      if (tag === textTag) append(out, bytesText(b, 0, n));
      else {
        const own = new Uint8ArrayCtor(n);
        copyInto(own, part(b, 0, n));
        append(out, own);
      }
    } else if (tag === numberTag) {
      const negative = byteOf(hex, i) < 128;
      for (let j = 7; j >= 0; j--, i += 2) doubleBytes[j] = negative ? byteOf(hex, i) ^ 255 : j === 7 ? byteOf(hex, i) ^ 128 : byteOf(hex, i);
      append(out, double[0]!);
    } else if (tag === falseTag || tag === trueTag) append(out, tag === trueTag);
    else {
      const negative = tag < zeroTag;
      let n = negative ? zeroTag - tag : tag - zeroTag;
      if (n > longest) {
        n = negative ? 255 - byteOf(hex, i) : byteOf(hex, i);
        i += 2;
      }
      const digits = slice(hex, i, i + 2 * n);
      i += 2 * n;
      append(out, n === 0 ? 0n : negative ? -BigIntOf("0x" + inverted(digits)) : BigIntOf("0x" + digits));
    }
  }
  return out;
}
