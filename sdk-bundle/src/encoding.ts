// TextEncoder and TextDecoder for UTF-8, atob and btoa.
import {
  base64ToBytes,
  base64ToText,
  bytesToBase64,
  charCode,
  copyOf,
  joined,
  lengthOf,
  part,
  textToBase64,
  toLowerCase,
  toWellFormed,
  Uint8ArrayCtor,
  viewOf,
} from "./bytes";
import { DOMException } from "./exception";
import { RangeErrorCtor, ReflectApply, StringOf, TypeErrorCtor, charCodeAt, slice, startsWith, trim, typedName } from "./primordials";

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }
  encode(input: unknown = ""): Uint8Array {
    return base64ToBytes(textToBase64(StringOf(input)));
  }
  encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
    if (typedName(destination) !== "Uint8Array") throw new TypeErrorCtor("TextEncoder.encodeInto: the destination must be a Uint8Array");
    const to = destination as Uint8Array;
    const text = toWellFormed(StringOf(source));
    const room = lengthOf(to);
    let read = 0;
    let written = 0;
    while (read < text.length) {
      const unit = charCodeAt(text, read);
      const pair = unit >= 0xd800 && unit < 0xdc00;
      const size = unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3;
      if (written + size > room) break;
      if (size === 1) {
        to[written] = unit;
      } else {
        const code = pair ? 0x10000 + ((unit - 0xd800) << 10) + charCodeAt(text, read + 1) - 0xdc00 : unit;
        to[written] = [0, 0, 0xc0, 0xe0, 0xf0][size]! | (code >> (6 * (size - 1)));
        for (let i = 1; i < size; i++) to[written + i] = 0x80 | ((code >> (6 * (size - 1 - i))) & 0x3f);
      }
      read += pair ? 2 : 1;
      written += size;
    }
    return { read, written };
  }
}

const none: Uint8Array = new Uint8ArrayCtor(0);

export class TextDecoder {
  #fatal: boolean;
  #ignoreBOM: boolean;
  #left = none; // Bytes of a character whose rest is to come.
  #begun = false;

  constructor(label: unknown = "utf-8", options: any = {}) {
    const name = toLowerCase(trim(StringOf(label)));
    if (name !== "utf-8" && name !== "utf8" && name !== "unicode-1-1-utf-8") {
      throw new RangeErrorCtor(`TextDecoder: the encoding ${slice(StringOf(label), 0, 40)} is not available in this version of Flora; utf-8 is`);
    }
    this.#fatal = !!options?.fatal;
    this.#ignoreBOM = !!options?.ignoreBOM;
  }
  get encoding(): string {
    return "utf-8";
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }
  decode(input?: unknown, options: any = {}): string {
    const stream = !!options?.stream;
    let bytes = input === undefined ? none : viewOf(input, "TextDecoder.decode");
    if (lengthOf(this.#left) > 0) bytes = joined(this.#left, bytes);
    this.#left = none;
    if (stream) {
      const whole = lengthOf(bytes) - unfinished(bytes);
      this.#left = copyOf(part(bytes, whole, lengthOf(bytes)));
      bytes = part(bytes, 0, whole);
    }
    let text: string;
    try {
      text = base64ToText(bytesToBase64(bytes), this.#fatal);
    } catch (e) {
      this.#begun = false;
      if (this.#fatal && e instanceof TypeErrorCtor) throw new TypeErrorCtor("TextDecoder.decode: the bytes are not valid UTF-8");
      throw e;
    }
    if (!this.#begun && !this.#ignoreBOM && startsWith(text, "\ufeff")) text = slice(text, 1);
    this.#begun = stream && (this.#begun || text !== "" || lengthOf(bytes) > 0);
    return text;
  }
}

/** How many bytes at the end begin a character that is not complete. */
function unfinished(b: Uint8Array): number {
  const n = lengthOf(b);
  for (let back = 1; back <= 3 && back <= n; back++) {
    const c = b[n - back]!;
    if (c >= 0x80 && c < 0xc0) continue;
    const size = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 1;
    if (back >= size) return 0;
    // Its second byte may already tell that it is none.
    const second = back > 1 ? b[n - back + 1]! : 0x80;
    const low = c === 0xe0 ? 0xa0 : c === 0xf0 ? 0x90 : 0x80;
    const high = c === 0xed ? 0x9f : c === 0xf4 ? 0x8f : 0xbf;
    return back > 1 && (second < low || second > high) ? 0 : back;
  }
  return 0;
}

const run = 4096;

export function atob(data: unknown): string {
  const text = StringOf(data);
  let bytes: Uint8Array;
  try {
    bytes = base64ToBytes(text);
  } catch {
    throw new DOMException("atob: the text is not base64", "InvalidCharacterError");
  }
  let out = "";
  for (let i = 0, n = lengthOf(bytes); i < n; i += run) {
    out += ReflectApply(charCode, undefined, part(bytes, i, i + run < n ? i + run : n) as never);
  }
  return out;
}

export function btoa(data: unknown): string {
  const text = StringOf(data);
  const bytes = new Uint8ArrayCtor(text.length);
  for (let i = 0; i < text.length; i++) {
    const c = charCodeAt(text, i);
    if (c > 0xff) {
      throw new DOMException("btoa: the text has characters above U+00FF; encode it with TextEncoder first", "InvalidCharacterError");
    }
    bytes[i] = c;
  }
  return bytesToBase64(bytes);
}

