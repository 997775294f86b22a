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
import { natives } from "./host";
import { ObjectGetPrototypeOf, RangeErrorCtor, ReflectApply, TypeErrorCtor, charCodeAt, indexOf, slice, startsWith, typedName } from "./primordials";
import { dictionary, expose, needs, textOf } from "./webidl";

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }
  encode(input: unknown = ""): Uint8Array {
    return base64ToBytes(textToBase64(textOf(input)));
  }
  encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
    if (typedName(destination) !== "Uint8Array") throw new TypeErrorCtor("TextEncoder.encodeInto: the destination must be a Uint8Array");
    const to = destination as Uint8Array;
    const text = toWellFormed(textOf(source));
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

/** How bytes become text, in pieces. */
export class Decoding {
  encoding: string;
  fatal: boolean;
  ignoreBOM: boolean;
  left = none; // Bytes of a character whose rest is to come.
  state = ""; // The host's, for an encoding with escapes.
  begun = false; // Whether what would be a byte order mark is past.

  constructor(encoding: string, fatal: boolean, ignoreBOM: boolean) {
    this.encoding = encoding;
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }
  /** The text of the next bytes; more says that others will follow. */
  next(next: Uint8Array, more: boolean): string {
    let bytes = next;
    if (lengthOf(this.left) > 0) bytes = joined(this.left, bytes);
    this.left = none;
    const utf8 = this.encoding === "utf-8";
    let text: string;
    try {
      text = utf8 ? this.utf8(bytes, more) : this.other(bytes, more);
    } catch (e) {
      this.begun = false;
      if (this.fatal && isTypeError(e)) throw new TypeErrorCtor(`TextDecoder.decode: the bytes are not valid ${utf8 ? "UTF-8" : this.encoding}`);
      throw e;
    }
    if (!this.begun && text !== "") {
      this.begun = true;
      if (!this.ignoreBOM && (utf8 || startsWith(this.encoding, "utf-16")) && startsWith(text, "\ufeff")) text = slice(text, 1);
    }
    if (!more) this.begun = false;
    return text;
  }
  utf8(bytes: Uint8Array, more: boolean): string {
    let whole = bytes;
    if (more) {
      const n = lengthOf(bytes) - unfinished(bytes);
      this.left = copyOf(part(bytes, n, lengthOf(bytes)));
      whole = part(bytes, 0, n);
    }
    return base64ToText(bytesToBase64(whole), this.fatal);
  }
  other(bytes: Uint8Array, more: boolean): string {
    const { decode } = natives;
    const { state } = this;
    this.state = "";
    const answer = decode((this.fatal ? 1 : 0) + (more ? 0 : 2), 0, `${this.encoding}${state}\n${bytesToBase64(bytes)}`) as string;
    const at = indexOf(answer, "\n");
    const head = slice(answer, 0, at);
    const mark = indexOf(head, ";");
    const end = mark < 0 ? at : mark;
    if (end > 0) this.left = base64ToBytes(slice(head, 0, end));
    this.state = slice(head, end);
    return slice(answer, at + 1);
  }
}

/** The encoding that a label names. */
export function encodingOf(label: unknown, what: string): string {
  const text = textOf(label);
  const known = toLowerCase(text);
  if (known === "utf-8" || known === "utf8") return "utf-8";
  try {
    const { encodingName } = natives;
    return encodingName(0, 0, text) as string;
  } catch {
    throw new RangeErrorCtor(`${what}: there is no encoding ${slice(text, 0, 40)}`);
  }
}

function isTypeError(e: unknown): boolean {
  return e !== null && typeof e === "object" && ObjectGetPrototypeOf(e) === TypeErrorPrototype;
}
const TypeErrorPrototype = TypeErrorCtor.prototype;

export class TextDecoder {
  #d: Decoding;

  constructor(label: unknown = "utf-8", options?: unknown) {
    const name = encodingOf(label, "TextDecoder");
    const o = dictionary(options, "TextDecoder");
    this.#d = new Decoding(name, !!o.fatal, !!o.ignoreBOM);
  }
  get encoding(): string {
    return this.#d.encoding;
  }
  get fatal(): boolean {
    return this.#d.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#d.ignoreBOM;
  }
  decode(input?: unknown, options?: unknown): string {
    const bytes = input === undefined ? none : viewOf(input, "TextDecoder.decode");
    return this.#d.next(bytes, !!dictionary(options, "TextDecoder.decode").stream);
  }
}
expose(TextDecoder, "TextDecoder");
expose(TextEncoder, "TextEncoder");

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
  needs(1, arguments.length, "atob");
  const text = textOf(data);
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
  needs(1, arguments.length, "btoa");
  const text = textOf(data);
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

