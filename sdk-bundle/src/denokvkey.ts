// Keys of Deno.Kv as the hexadecimal of bytes that sort as Deno orders keys: part
// by part, Uint8Array before string, number, bigint and boolean.
import { Uint8ArrayCtor, isBytes, lengthOf, toWellFormed, viewOf } from "./bytes";
import { bytesText, textBytes } from "./denokvclone";
import { ArrayIsArray, BigIntOf, TypeErrorCtor, append, bigintToString, parseInt, slice, typedBuffer, viewClasses } from "./primordials";

export type KeyPart = Uint8Array | string | number | bigint | boolean;

const most = 2048;
const bytesTag = 0x01;
const textTag = 0x02;
const numberTag = 0x08;
const zeroTag = 0x14; // Of a bigint; one of n bytes is so much above or below.
const longest = 8;
const falseTag = 0x26;
const trueTag = 0x27;

const digits = "0123456789abcdef";
const double = new viewClasses.Float64Array(1);
const doubleBytes = new Uint8ArrayCtor(typedBuffer(double));

const hexOf = (b: number): string => digits[b >> 4]! + digits[b & 15]!;

function escaped(b: Uint8Array): string {
  let out = "";
  for (let i = 0, n = lengthOf(b); i < n; i++) out += b[i] === 0 ? "00ff" : hexOf(b[i]!);
  return out + "00";
}

function ofNumber(n: number): string {
  double[0] = n;
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

/** A text that is too long by far is not even looked through. */
function short(s: string): string {
  return s.length > most ? slice(s, 0, most + 1) : s;
}

function partOf(p: unknown): string {
  switch (typeof p) {
    case "string":
      return hexOf(textTag) + escaped(textBytes(toWellFormed(short(p)), 3 * most));
    case "number":
      return ofNumber(p);
    case "bigint":
      return ofBigint(p);
    case "boolean":
      return hexOf(p ? trueTag : falseTag);
    case "object":
      if (p !== null && isBytes(p)) return hexOf(bytesTag) + escaped(viewOf(p, "a key"));
  }
  throw new TypeErrorCtor("A part of a key must be a Uint8Array, string, number, bigint or boolean");
}

/** The key as it is stored; an empty one is only a prefix. */
export function keyToHex(key: unknown, prefix = false): string {
  if (!ArrayIsArray(key)) throw new TypeErrorCtor("A key must be an array of parts");
  if (key.length === 0 && !prefix) throw new TypeErrorCtor("Key cannot be empty");
  let out = "";
  for (let i = 0; i < key.length; i++) {
    out += partOf(key[i]);
    if (out.length > 2 * most) throw new TypeErrorCtor(`Key too large for ${prefix ? "read" : "write"} (max ${most} bytes)`);
  }
  return out;
}

/** The inverse of keyToHex. */
export function hexToKey(hex: string): KeyPart[] {
  const out: KeyPart[] = [];
  const byte = (i: number) => parseInt(slice(hex, i, i + 2), 16);
  for (let i = 0; i < hex.length; ) {
    const tag = byte(i);
    i += 2;
    if (tag === bytesTag || tag === textTag) {
      const b = new Uint8ArrayCtor((hex.length - i) / 2);
      let n = 0;
      for (; ; i += 2) {
        const c = byte(i);
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
        for (let j = 0; j < n; j++) own[j] = b[j]!;
        append(out, own);
      }
    } else if (tag === numberTag) {
      const negative = byte(i) < 128;
      for (let j = 7; j >= 0; j--, i += 2) doubleBytes[j] = negative ? byte(i) ^ 255 : j === 7 ? byte(i) ^ 128 : byte(i);
      append(out, double[0]!);
    } else if (tag === falseTag || tag === trueTag) append(out, tag === trueTag);
    else {
      const negative = tag < zeroTag;
      let n = negative ? zeroTag - tag : tag - zeroTag;
      if (n > longest) {
        n = negative ? 255 - byte(i) : byte(i);
        i += 2;
      }
      const part = slice(hex, i, i + 2 * n);
      i += 2 * n;
      append(out, n === 0 ? 0n : negative ? -BigIntOf("0x" + inverted(part)) : BigIntOf("0x" + part));
    }
  }
  return out;
}
