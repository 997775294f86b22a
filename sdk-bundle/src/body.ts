// The bodies of requests and responses, by the Fetch standard. One that is
// whole is kept in the form it came in and turned into another when that is
// asked for; a stream is made of it only for who looks at body.
import { base64ToBytes, base64ToText, bufferOf, bytesToBase64, copyInto, copyOf, isBytes, lengthOf, textToBase64, typedNameOf, viewOf, Uint8ArrayCtor } from "./bytes";
import { type Blob, blobOf, insideBlob, streamOf } from "./blob";
import { type FormData, formFrom, isForm, multipart, parseMultipart } from "./formdata";
import { essence, mimeIn } from "./mime";
import { JSONParse, TypeErrorCtor, add, list, slice, startsWith } from "./primordials";
import { type Deferred, deferred, handled } from "./promises";
import { type ReadableStream, readableFor, readableOf, teeOf } from "./readable";
import { type Readable, acquire, cancel, read } from "./rs";
import { rspipe } from "./transform";
import { formOf, pairsIn } from "./searchparams";
import { expose, textOf as str, usv } from "./webidl";

/** All of a body. Who takes the bytes makes a copy, unless they are nobody's. */
export interface Content {
  text?: string;
  bytes?: Uint8Array;
  free?: boolean;
}

/** What is in a body: all of it, or a stream. */
export interface Inside {
  content: Content | undefined;
  stream: Readable | undefined;
  /** Is told that all of the stream will be asked for at once. */
  whole?: () => void;
}

/** What a body is made of, and the type that it has by itself. */
export function contentOf(v: any, what: string): { inside: Inside; type: string | undefined } {
  const whole = (content: Content, type: string | undefined): { inside: Inside; type: string | undefined } => ({ inside: { content, stream: undefined }, type });
  if (typeof v === "string") return whole({ text: v }, "text/plain;charset=UTF-8");
  if (typeof v === "object" || typeof v === "function") {
    const form = formOf(v);
    if (form !== undefined) return whole({ text: form }, "application/x-www-form-urlencoded;charset=UTF-8");
    if (isBytes(v)) return whole({ bytes: copyOf(viewOf(v, what)) }, undefined);
    const blob = insideBlob(v);
    if (blob !== undefined) return whole({ bytes: blob.bytes }, blob.type === "" ? undefined : blob.type);
    if (isForm(v)) {
      const { bytes, type } = multipart(v);
      return whole({ bytes }, type);
    }
    const stream = readableOf(v);
    if (stream !== undefined) {
      if (stream.disturbed || stream.reader !== undefined) throw new TypeErrorCtor(`${what}: the stream was read already, or is locked to a reader`);
      return { inside: { content: undefined, stream }, type: undefined };
    }
    throw new TypeErrorCtor(`${what}: a body is a string, bytes, URLSearchParams, a Blob, a FormData or a ReadableStream; for an object use JSON.stringify`);
  }
  return whole({ text: str(v) }, "text/plain;charset=UTF-8");
}

function textIn(c: Content): string {
  const text = c.text !== undefined ? usv(c.text) : base64ToText(bytesToBase64(c.bytes!));
  return startsWith(text, "\ufeff") ? slice(text, 1) : text;
}

function bytesIn(c: Content): Uint8Array {
  if (c.bytes === undefined) return base64ToBytes(textToBase64(c.text!));
  return c.free === true ? c.bytes : copyOf(c.bytes);
}

/** Reads a stream to its end. */
function drain(s: Readable): Promise<Uint8Array> {
  const d: Deferred<Uint8Array> = deferred();
  const reader = acquire(s, false);
  const parts = list<Uint8Array>();
  let size = 0;
  const step = (): void =>
    read(reader, {
      chunk: (v) => {
        if (typedNameOf(v) !== "Uint8Array") {
          const e = new TypeErrorCtor("The body's stream gave a chunk that is no Uint8Array");
          handled(cancel(s, e));
          d.reject(e);
          return;
        }
        size += lengthOf(v);
        add(parts, v);
        step();
      },
      close: () => {
        if (parts.length === 1) {
          d.resolve(copyOf(parts[0]!));
          return;
        }
        const out = new Uint8ArrayCtor(size);
        for (let i = 0, at = 0; i < parts.length; i++) {
          copyInto(out, parts[i]!, at);
          at += lengthOf(parts[i]!);
        }
        d.resolve(out);
      },
      error: d.reject,
    });
  step();
  return d.promise;
}

let copyInside: (b: Body) => Inside;
let moveInside: (b: Body) => Inside;
let takeInside: (b: Body) => Inside;
let streamInside: (b: Body) => Readable | undefined;
let setType: (b: Body, type: () => string) => void;

/** What Request and Response have in common. */
export class Body {
  #content: Content | undefined;
  #stream: Readable | undefined;
  #used = false;
  #whole: (() => void) | undefined;
  #type: () => string = () => "";

  constructor(inside: Inside | undefined) {
    this.#content = inside?.content;
    this.#stream = inside?.stream;
    this.#whole = inside?.whole;
  }
  get body(): ReadableStream | null {
    const stream = streamInside(this);
    return stream === undefined ? null : readableFor(stream);
  }
  get bodyUsed(): boolean {
    return this.#used || (this.#stream !== undefined && this.#stream.disturbed);
  }
  #unusable(): boolean {
    return this.#used || (this.#stream !== undefined && (this.#stream.disturbed || this.#stream.reader !== undefined));
  }
  /** All of the body, now or later; undefined when there is none. */
  #take(): Content | Promise<Content> | undefined {
    if (this.#unusable()) throw new TypeErrorCtor("The body was read already; read a clone(), or keep what you read");
    if (this.#content !== undefined) {
      this.#used = true;
      if (this.#stream !== undefined) handled(cancel(this.#stream, undefined));
      return this.#content;
    }
    if (this.#stream === undefined) return undefined;
    this.#used = true;
    const whole = this.#whole;
    if (whole !== undefined) whole();
    return drained(this.#stream);
  }
  async text(): Promise<string> {
    return textIn((await this.#take()) ?? none);
  }
  async json(): Promise<any> {
    return JSONParse(textIn((await this.#take()) ?? none));
  }
  async bytes(): Promise<Uint8Array> {
    return bytesIn((await this.#take()) ?? none);
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf(bytesIn((await this.#take()) ?? none));
  }
  async blob(): Promise<Blob> {
    const bytes = bytesIn((await this.#take()) ?? none);
    return blobOf(bytes, mimeIn(this.#type()) ?? "");
  }
  async formData(): Promise<FormData> {
    const c = (await this.#take()) ?? none;
    const type = mimeIn(this.#type()) ?? "";
    const kind = essence(type);
    if (kind === "multipart/form-data") return parseMultipart(bytesIn(c), type);
    if (kind === "application/x-www-form-urlencoded") return formFrom(pairsIn(textIn(c)));
    throw new TypeErrorCtor("formData: the content-type is neither multipart/form-data nor application/x-www-form-urlencoded");
  }
  static {
    streamInside = (b) => {
      if (b.#stream === undefined && b.#content !== undefined) {
        b.#stream = readableOf(streamOf(b.#used ? new Uint8ArrayCtor(0) : bytesIn(b.#content)))!;
        if (b.#used) handled(cancel(b.#stream, undefined));
      }
      return b.#stream;
    };
    copyInside = (b) => {
      if (b.#unusable()) throw new TypeErrorCtor("The body was read already; clone before it is read");
      if (b.#content !== undefined) return { content: b.#content, stream: undefined };
      if (b.#stream === undefined) return { content: undefined, stream: undefined };
      const two = teeOf(b.#stream, true);
      b.#stream = two[0];
      return { content: undefined, stream: two[1], whole: b.#whole };
    };
    moveInside = (b) => {
      if (b.#unusable()) throw new TypeErrorCtor("The body was read already; clone before it is read");
      const { content, stream } = { content: b.#content, stream: b.#stream };
      if (content !== undefined) {
        b.#used = true;
        if (stream !== undefined) handled(cancel(stream, undefined));
        return { content, stream: undefined };
      }
      return { content: undefined, stream: stream === undefined ? undefined : rspipe(stream) };
    };
    takeInside = (b) => {
      if (b.#unusable()) throw new TypeErrorCtor("The body was read already; read a clone(), or keep what you read");
      const { content, stream } = { content: b.#content, stream: b.#stream };
      if (content === undefined && stream === undefined) return { content, stream };
      b.#used = true;
      if (content !== undefined && stream !== undefined) handled(cancel(stream, undefined));
      return { content, stream: content === undefined ? stream : undefined };
    };
    setType = (b, type) => {
      b.#type = type;
    };
  }
}
expose(Body, "Body");
const none: Content = { text: "" };

async function drained(s: Readable): Promise<Content> {
  return { bytes: await drain(s), free: true };
}

/** A body's stream; undefined when there is no body. */
export function streamIn(b: Body): Readable | undefined {
  return streamInside(b);
}

/** All that is inside of a body that is nobody else's. */
export async function allOf(inside: Inside): Promise<Uint8Array> {
  const { content, stream, whole } = inside;
  if (content !== undefined || stream === undefined) return bytesIn(content ?? none);
  if (whole !== undefined) whole();
  return await drain(stream);
}

/** The inside for a copy of a body that was not read yet. */
export function insideFor(b: Body): Inside {
  return copyInside(b);
}

/** The inside of a body, which is used up by that. */
export function moved(b: Body): Inside {
  return moveInside(b);
}

/** What is in a body, which is used up by that. */
export function taken(b: Body): Inside {
  return takeInside(b);
}

/** Says how the body's content type is found. */
export function typed(b: Body, type: () => string): void {
  setType(b, type);
}
