// What a key of Deno.Kv has: a number of 64 bits, bytes, or a structured clone.
import { Uint8ArrayCtor, base64ToBytes, bytesToBase64, copyInto, copyOf, lengthOf, part } from "./bytes";
import { cloneToBytes } from "./denokvclone";
import { hexToKey } from "./denokvkey";
import { bytesToClone } from "./denokvread";
import { BigIntOf, NumberOf, ObjectDefineProperty, ObjectFreeze, RangeErrorCtor, SymbolFor, TypeErrorCtor, hide, toStringTag, typedName } from "./primordials";

const valueBytes = 64 * 1024;
const highest = 0xffffffffffffffffn;
const cloned = 118; // "v"
const raw = 98; // "b"
const counter = 117; // "u"

let numberIn: (v: unknown) => bigint | undefined;

/** A number of 64 bits that sum, min and max work on. */
export class KvU64 {
  declare readonly value: bigint;
  #n: bigint;

  static {
    numberIn = (v) => (typeof v === "object" && v !== null && #n in v ? v.#n : undefined);
  }

  constructor(value: bigint) {
    if (typeof value !== "bigint") throw new TypeErrorCtor(`Value must be a bigint: received ${typeof value}`);
    if (value < 0n) throw new RangeErrorCtor(`Value must be a positive bigint: received ${value}`);
    if (value > highest) throw new RangeErrorCtor("Value must fit in a 64-bit unsigned integer");
    this.#n = value;
    ObjectDefineProperty(this, "value", { __proto__: null, value, enumerable: true } as PropertyDescriptor);
    ObjectFreeze(this);
  }

  valueOf(): bigint {
    return this.#n;
  }

  toString(): string {
    return `${this.#n}`;
  }
}
hide(KvU64.prototype, SymbolFor("Deno.customInspect"), function (this: unknown) {
  return `[Deno.KvU64: ${numberIn(this)}n]`;
});
ObjectDefineProperty(KvU64.prototype, toStringTag, { __proto__: null, value: "Deno.KvU64", configurable: true } as PropertyDescriptor);

export function isU64(v: unknown): boolean {
  return numberIn(v) !== undefined;
}

export function encodeValue(v: unknown, most = valueBytes): string {
  let n = numberIn(v);
  if (n !== undefined) {
    const b = new Uint8ArrayCtor(9);
    b[0] = counter;
    for (let i = 1; i < 9; i++, n >>= 8n) b[i] = NumberOf(n & 255n);
    return bytesToBase64(b);
  }
  if (typedName(v) === "Uint8Array") {
    const length = lengthOf(v as Uint8Array);
    if (length > most) throw new TypeErrorCtor(`Value too large (max ${most} bytes)`);
    const b = new Uint8ArrayCtor(length + 1);
    b[0] = raw;
    copyInto(b, v as Uint8Array, 1);
    return bytesToBase64(b);
  }
  return bytesToBase64(cloneToBytes(v, cloned, most));
}

export function decodeValue(text: string): unknown {
  const b = base64ToBytes(text);
  switch (b[0]) {
    case counter: {
      let n = 0n;
      for (let i = 8; i > 0; i--) n = (n << 8n) | BigIntOf(b[i]!);
      return new KvU64(n);
    }
    case raw:
      return copyOf(part(b, 1, lengthOf(b)));
  }
  return bytesToClone(b, 1);
}

/** An entry as the op tells of it. */
export interface Found {
  key: string;
  value: string;
  version: string;
}

export function entryOf(f: Found): any {
  return { key: hexToKey(f.key), value: decodeValue(f.value), versionstamp: f.version };
}
