// TextEncoderStream, TextDecoderStream, CompressionStream and
// DecompressionStream, by the Encoding and Compression standards.
import { base64ToBytes, bytesToBase64, isBytes, lengthOf, part, textToBase64, viewOf, Uint8ArrayCtor } from "./bytes";
import { Decoding, encodingOf } from "./encoding";
import { natives } from "./host";
import { TypeErrorCtor, charCodeAt, slice } from "./primordials";
import type { ReadableStream } from "./readable";
import { transformOf } from "./transform";
import { dictionary, expose, needs, textOf } from "./webidl";
import type { WritableStream } from "./writable";

interface Pair {
  readable: ReadableStream;
  writable: WritableStream;
}

function nothing(): void {}

export class TextEncoderStream {
  #pair: Pair;

  constructor() {
    let high = ""; // The first half of a pair whose second is to come.
    this.#pair = transformOf(
      (chunk, give) => {
        let text = high + textOf(chunk);
        high = "";
        const last = text.length > 0 ? charCodeAt(text, text.length - 1) : 0;
        if (last >= 0xd800 && last < 0xdc00) {
          high = slice(text, text.length - 1);
          text = slice(text, 0, text.length - 1);
        }
        if (text !== "") give(base64ToBytes(textToBase64(text)));
      },
      (give) => {
        if (high !== "") give(base64ToBytes(textToBase64("\ufffd")));
      },
      nothing,
    );
  }
  get encoding(): string {
    void this.#pair;
    return "utf-8";
  }
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}
expose(TextEncoderStream, "TextEncoderStream");

/** The bytes of a chunk, which must be bytes. */
function bytesOf(chunk: unknown, what: string): Uint8Array {
  if (!isBytes(chunk)) throw new TypeErrorCtor(`${what}: a chunk must be an ArrayBuffer or a view of one`);
  return viewOf(chunk, what);
}

const none = new Uint8ArrayCtor(0);

export class TextDecoderStream {
  #d: Decoding;
  #pair: Pair;

  constructor(label: unknown = "utf-8", options?: unknown) {
    const name = encodingOf(label, "TextDecoderStream");
    const o = dictionary(options, "TextDecoderStream");
    const d = (this.#d = new Decoding(name, !!o.fatal, !!o.ignoreBOM));
    this.#pair = transformOf(
      (chunk, give) => {
        const text = d.next(bytesOf(chunk, "TextDecoderStream"), true);
        if (text !== "") give(text);
      },
      (give) => {
        const text = d.next(none, false);
        if (text !== "") give(text);
      },
      nothing,
    );
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
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}
expose(TextDecoderStream, "TextDecoderStream");

// So much goes to the host at once.
const most = 1 << 20;

function coded(what: string, format: unknown, decompress: boolean): Pair {
  const name = textOf(format);
  if (name !== "gzip" && name !== "deflate" && name !== "deflate-raw") throw new TypeErrorCtor(`${what}: the format is "gzip", "deflate" or "deflate-raw"`);
  let id = 0;
  const end = (): void => {
    const { codecEnd } = natives;
    if (id > 0) codecEnd(id);
    id = -1;
  };
  const run = (bytes: Uint8Array, last: boolean, give: (v: unknown) => void): void => {
    const { codecOpen, codecRun } = natives;
    if (id === 0) id = codecOpen(decompress ? 1 : 0, 0, name) as number;
    try {
      let input = bytesToBase64(bytes);
      for (;;) {
        const answer = codecRun(id, last ? 1 : 0, input) as string;
        if (answer.length > 1) give(base64ToBytes(slice(answer, 1)));
        if (answer[0] === ".") return;
        input = "";
      }
    } catch (e) {
      end();
      throw e;
    }
  };
  return transformOf(
    (chunk, give) => {
      const bytes = bytesOf(chunk, what);
      for (let i = 0, n = lengthOf(bytes); i < n; i += most) run(part(bytes, i, i + most < n ? i + most : n), false, give);
    },
    (give) => {
      run(none, true, give);
      end();
    },
    end,
  );
}

export class CompressionStream {
  #pair: Pair;
  constructor(format: unknown) {
    needs(1, arguments.length, "CompressionStream");
    this.#pair = coded("CompressionStream", format, false);
  }
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}
expose(CompressionStream, "CompressionStream");

export class DecompressionStream {
  #pair: Pair;
  constructor(format: unknown) {
    needs(1, arguments.length, "DecompressionStream");
    this.#pair = coded("DecompressionStream", format, true);
  }
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}
expose(DecompressionStream, "DecompressionStream");
