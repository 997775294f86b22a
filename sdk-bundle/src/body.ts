// The bodies of requests and responses. They are whole: streams come later. One
// is kept in the form it came in and turned into another when that is asked for.
import { base64ToBytes, base64ToText, bufferOf, bytesToBase64, isBytes, textToBase64, viewOf } from "./bytes";
import { JSONParse, StringOf, TypeErrorCtor, slice, startsWith } from "./primordials";
import { formOf } from "./url";

export interface Content {
  text?: string;
  b64?: string;
}

/** What a body is made of, and the type that it has by itself. */
export function contentOf(v: any, what: string): { content: Content; type: string | undefined } {
  if (typeof v === "string") return { content: { text: v }, type: "text/plain;charset=UTF-8" };
  if (typeof v === "object" || typeof v === "function") {
    const form = formOf(v);
    if (form !== undefined) return { content: { text: form }, type: "application/x-www-form-urlencoded;charset=UTF-8" };
    if (isBytes(v)) return { content: { b64: bytesToBase64(viewOf(v, what)) }, type: undefined };
    throw new TypeErrorCtor(`${what}: a body is a string, bytes or URLSearchParams; for an object use JSON.stringify`);
  }
  return { content: { text: StringOf(v) }, type: "text/plain;charset=UTF-8" };
}

function textOf(c: Content): string {
  if (c.text !== undefined) return c.text;
  const text = base64ToText(c.b64!);
  return startsWith(text, "\ufeff") ? slice(text, 1) : text;
}

function bytesOf(c: Content): Uint8Array {
  return base64ToBytes(c.b64 ?? textToBase64(c.text!));
}

let peek: (b: Body) => Content | undefined;
let spend: (b: Body) => void;

/** What Request and Response have in common. */
export class Body {
  #content: Content | undefined;
  #used = false;

  constructor(content: Content | undefined) {
    this.#content = content;
  }
  get bodyUsed(): boolean {
    return this.#used;
  }
  #take(): Content {
    if (this.#used) throw new TypeErrorCtor("The body was read already; read a clone(), or keep what you read");
    if (this.#content === undefined) return { text: "" };
    this.#used = true;
    return this.#content;
  }
  async text(): Promise<string> {
    return textOf(this.#take());
  }
  async json(): Promise<any> {
    return JSONParse(textOf(this.#take()));
  }
  async bytes(): Promise<Uint8Array> {
    return bytesOf(this.#take());
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf(bytesOf(this.#take()));
  }
  static {
    peek = (b) => {
      if (b.#used) throw new TypeErrorCtor("The body was read already; clone before it is read");
      return b.#content;
    };
    spend = (b) => {
      if (b.#content !== undefined) b.#used = true;
    };
  }
}

/** The content of a body that was not read yet. */
export function contentIn(b: Body): Content | undefined {
  return peek(b);
}

/** Marks a body as read. */
export function use(b: Body): void {
  spend(b);
}

