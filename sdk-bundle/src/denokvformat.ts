// How Deno.Kv's values are written: what writing and reading share. Text is UTF-8,
// in which half a surrogate pair is three bytes of its own, so that any comes back.
import { Uint8ArrayCtor, charCode, part } from "./bytes";
import { TypeErrorCtor, charCodeAt, typedBuffer, viewClasses } from "./primordials";

/** The format's version, the first byte: another one can be read beside it. */
export const version = 1;
/** The classes of views; a place in the list keeps its meaning for ever. */
export const views = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView", "Float16Array"];
export const errors = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];
/** The kind of error that a DOMException is. */
export const exceptionKind = 255;
/** One number, and its bytes. */
export const double = new viewClasses.Float64Array(1);
export const doubleBytes = new Uint8ArrayCtor(typedBuffer(double));

// Tags. A number keeps its meaning for ever.
export const Undefined = 0, Null = 1, True = 2, False = 3, Int = 4, Double = 5, Text = 6, Big = 7, DateTag = 8, Regex = 9, ArrayTag = 10, Hole = 11,
  Plain = 12, MapTag = 13, SetTag = 14, Buffer = 15, View = 16, ErrorTag = 17, Again = 18, Boxed = 19; // prettier-ignore

/** UTF-8 of a text, in which a lone surrogate is three bytes of its own. */
export function textBytes(s: string, most: number): Uint8Array {
  if (s.length > most) throw new TypeErrorCtor(`Value too large (max ${most} bytes)`);
  const out = new Uint8ArrayCtor(s.length * 3);
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    let c = charCodeAt(s, i);
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < s.length) {
      const low = charCodeAt(s, i + 1);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + (c - 0xd800) * 1024 + (low - 0xdc00);
        i++;
      }
    }
    if (c < 0x80) out[n++] = c;
    else if (c < 0x800) {
      out[n++] = 0xc0 | (c >> 6);
      out[n++] = 0x80 | (c & 63);
    } else if (c < 0x10000) {
      out[n++] = 0xe0 | (c >> 12);
      out[n++] = 0x80 | ((c >> 6) & 63);
      out[n++] = 0x80 | (c & 63);
    } else {
      out[n++] = 0xf0 | (c >> 18);
      out[n++] = 0x80 | ((c >> 12) & 63);
      out[n++] = 0x80 | ((c >> 6) & 63);
      out[n++] = 0x80 | (c & 63);
    }
  }
  return part(out, 0, n);
}

/** The inverse of textBytes. */
export function bytesText(b: Uint8Array, from: number, to: number): string {
  let out = "";
  for (let i = from; i < to; ) {
    const c = b[i++]!;
    if (c < 0x80) out += charCode(c);
    else if (c < 0xe0) out += charCode(((c & 31) << 6) | (b[i++]! & 63));
    else if (c < 0xf0) out += charCode(((c & 15) << 12) | ((b[i++]! & 63) << 6) | (b[i++]! & 63));
    else {
      const p = (((c & 7) << 18) | ((b[i++]! & 63) << 12) | ((b[i++]! & 63) << 6) | (b[i++]! & 63)) - 0x10000;
      out += charCode(0xd800 + (p >> 10), 0xdc00 + (p & 1023));
    }
  }
  return out;
}
