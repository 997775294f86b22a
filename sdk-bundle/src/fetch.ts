// fetch, Request and Response, by the fetch standard as far as whole bodies go.
//
// op_fetch takes {url, method?, headers?: [name, value][], text? or bytes? (base64), redirect?, id?} and answers
// {status, statusText, url, redirected, headers, body (base64)}; op_abort_fetch takes the {id} that was given.
import { type AbortSignal, abortWith, isAborted, isAbortSignal, makeSignal, onAbort, reasonFor } from "./abort";
import { Body, type Content, type Inside, contentOf, insideFor, moved, taken, typed } from "./body";
import { Headers, type Pair, headerOf, isLocked, locked, rawList } from "./headers";
import { later, startOp } from "./host";
import {
  JSONStringify,
  MathRandom,
  MathTrunc,
  NumberOf,
  ObjectGetPrototypeOf,
  PromiseCtor,
  RangeErrorCtor,
  TypeErrorCtor,
  add,
  charCodeAt,
  dict,
  list,
  numberToString,
  react,
  regExpExec,
  slice,
  toUpperCase,
} from "./primordials";
import { deferred } from "./promises";
import { URL, hrefOf } from "./url";
import { dictionary, expose, looksLike, textOf } from "./webidl";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function methodOf(v: unknown): string {
  const method = textOf(v);
  const upper = toUpperCase(method);
  if (regExpExec(token, method) === null || upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeErrorCtor(`Request: the method ${slice(method, 0, 40)} cannot be sent`);
  }
  const known = upper === "DELETE" || upper === "GET" || upper === "HEAD" || upper === "OPTIONS" || upper === "POST" || upper === "PUT";
  return known ? upper : method;
}

// The third argument that only the SDK can give to a constructor.
const key = {};
const ofJSON = {};
let isRequest: (v: unknown) => boolean;
let signalOf: (r: Request) => AbortSignal;
let hasSignal: (r: Request) => boolean;

export class Request extends Body {
  #url: string;
  #method: string;
  #headers: Headers;
  #redirect: string;
  #given: boolean; // Whether anything can abort it.
  #signal: AbortSignal; // Its own, which follows the one that was given.

  static {
    isRequest = (v) => v !== null && typeof v === "object" && #url in v;
    signalOf = (r) => r.#signal;
    hasSignal = (r) => r.#given;
  }

  constructor(input: unknown, init: any = undefined) {
    init = dictionary(init, "Request");
    const from = isRequest(input) ? (input as Request) : undefined;
    let url: string;
    if (from === undefined) {
      const u = new URL(hrefOf(input) ?? input);
      if (u.username !== "" || u.password !== "") {
        throw new TypeErrorCtor("Request: a URL with a user name or password cannot be fetched; send an Authorization header");
      }
      url = u.href;
    } else {
      url = from.#url;
    }
    const method = init.method !== undefined ? methodOf(init.method) : from === undefined ? "GET" : from.#method;
    const headers = new Headers(init.headers !== undefined ? init.headers : from === undefined ? undefined : from.#headers);
    let inside: Inside | undefined;
    if (arguments[2] === key) {
      inside = arguments[3];
    } else if (init.body !== undefined && init.body !== null) {
      if (method === "GET" || method === "HEAD") throw new TypeErrorCtor(`Request: a ${method} request cannot have a body`);
      const made = contentOf(init.body, "Request");
      inside = made.inside;
      if (inside.stream !== undefined && init.duplex === undefined) throw new TypeErrorCtor("Request: a body that is a stream needs duplex: \"half\"");
      if (made.type !== undefined && headerOf(headers, "content-type") === null) rawAdd(headers, "content-type", made.type);
    }
    if (init.duplex !== undefined && textOf(init.duplex) !== "half") throw new TypeErrorCtor("Request: duplex must be \"half\"");
    const redirect = init.redirect !== undefined ? textOf(init.redirect) : from === undefined ? "follow" : from.#redirect;
    if (redirect !== "follow" && redirect !== "error" && redirect !== "manual") {
      throw new TypeErrorCtor("Request: redirect must be \"follow\", \"error\" or \"manual\"");
    }
    const signal = init.signal !== undefined ? init.signal : from === undefined || !from.#given ? undefined : from.#signal;
    if (signal !== undefined && signal !== null && !isAbortSignal(signal)) throw new TypeErrorCtor("Request: signal must be an AbortSignal");
    if (inside === undefined && from !== undefined && arguments[2] !== key) {
      inside = moved(from);
      if ((inside.content ?? inside.stream) !== undefined && (method === "GET" || method === "HEAD")) throw new TypeErrorCtor(`Request: a ${method} request cannot have a body`);
    }
    super(inside);
    typed(this, () => headerOf(headers, "content-type") ?? "");
    this.#url = url;
    this.#method = method;
    this.#headers = headers;
    this.#redirect = redirect;
    this.#given = signal !== undefined && signal !== null;
    this.#signal = makeSignal();
    if (signal !== undefined && signal !== null) followed(this.#signal, signal);
  }
  get url(): string {
    return this.#url;
  }
  get method(): string {
    return this.#method;
  }
  get headers(): Headers {
    return this.#headers;
  }
  get redirect(): string {
    return this.#redirect;
  }
  get signal(): AbortSignal {
    return this.#signal;
  }
  clone(): Request {
    const init = dict<unknown>();
    init.method = this.#method;
    init.headers = this.#headers;
    init.redirect = this.#redirect;
    if (this.#given) init.signal = this.#signal;
    return new (Request as any)(this.#url, init, key, insideFor(this));
  }
}

/** What only the SDK gives a response. */
interface Origin {
  url: string;
  redirected: boolean;
  type: string;
  status: number;
}

/** A number of the web's: unsigned short. */
function unsignedShort(v: unknown): number {
  const n = MathTrunc(NumberOf(v));
  return n === n && n !== Infinity && n !== -Infinity ? ((n % 65536) + 65536) % 65536 : 0;
}

let make: (content: Inside | undefined, init: unknown, origin: Origin) => Response;

function noBody(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304;
}

export class Response extends Body {
  #status: number;
  #statusText: string;
  #headers: Headers;
  #origin: Origin | undefined;

  static {
    make = (content, init, origin) => new (Response as any)(content, init, key, origin);
  }

  constructor(body: unknown = undefined, init: any = undefined) {
    const inside = arguments[2] === key;
    init = dictionary(init, "Response");
    const origin = inside ? (arguments[3] as Origin) : undefined;
    const status = origin !== undefined ? origin.status : init.status === undefined ? 200 : unsignedShort(init.status);
    if (!inside && !(status >= 200 && status <= 599)) throw new RangeErrorCtor("Response: status must be a whole number from 200 to 599");
    const statusText = init.statusText === undefined ? "" : textOf(init.statusText);
    for (let i = 0; i < statusText.length; i++) {
      const c = charCodeAt(statusText, i);
      if ((c < 32 && c !== 9) || c === 127 || c > 255) throw new TypeErrorCtor("Response: statusText has characters that cannot be sent");
    }
    const headers = new Headers(init.headers);
    let what: Inside | undefined;
    if (inside) {
      what = body as Inside | undefined;
    } else if (body !== undefined && body !== null) {
      if (noBody(status)) throw new TypeErrorCtor(`Response: one with status ${status} has no body`);
      const made = contentOf(body, "Response");
      what = made.inside;
      const type = arguments[2] === ofJSON ? "application/json" : made.type;
      if (type !== undefined && headerOf(headers, "content-type") === null) rawAdd(headers, "content-type", type);
    }
    super(what);
    typed(this, () => headerOf(headers, "content-type") ?? "");
    this.#status = status;
    this.#statusText = statusText;
    this.#headers = headers;
    this.#origin = origin;
  }
  get status(): number {
    return this.#status;
  }
  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }
  get statusText(): string {
    return this.#statusText;
  }
  get headers(): Headers {
    return this.#headers;
  }
  get url(): string {
    return this.#origin?.url ?? "";
  }
  get redirected(): boolean {
    return this.#origin?.redirected ?? false;
  }
  get type(): string {
    return this.#origin?.type ?? "default";
  }
  clone(): Response {
    const init = dict<unknown>();
    init.statusText = this.#statusText;
    init.headers = this.#headers;
    const out = make(insideFor(this), init, this.#origin ?? { url: "", redirected: false, type: "default", status: this.#status });
    if (isLocked(this.#headers)) locked(out.#headers);
    return out;
  }
  static error(): Response {
    const out = make(undefined, dict(), { url: "", redirected: false, type: "error", status: 0 });
    locked(out.#headers);
    return out;
  }
  static redirect(url: unknown, status: unknown = 302): Response {
    const to = new URL(url).href;
    const code = unsignedShort(status);
    if (code !== 301 && code !== 302 && code !== 303 && code !== 307 && code !== 308) throw new RangeErrorCtor("Response.redirect: status must be 301, 302, 303, 307 or 308");
    const out = make(undefined, dict(), { url: "", redirected: false, type: "default", status: code });
    rawAdd(out.#headers, "location", to);
    locked(out.#headers);
    return out;
  }
  static json(data: unknown, init: any = undefined): Response {
    const text = JSONStringify(data);
    if (text === undefined) throw new TypeErrorCtor("Response.json: the value has no form in JSON");
    return new (Response as any)(text, init, ofJSON);
  }
}

expose(Request, "Request");
expose(Response, "Response");
looksLike(Request, "bodyUsed headers method redirect url");
looksLike(Response, "body bodyUsed headers ok redirected status statusText url");

function requestId(): string {
  return numberToString(MathRandom(), 36) + numberToString(MathRandom(), 36);
}

export function fetch(input: unknown, init?: unknown): Promise<Response> {
  return later(() => {
    const request = new Request(input, init ?? {});
    const signal = signalOf(request);
    if (isAborted(signal)) throw reasonFor(signal);
    const content = taken(request);
    if (!isLater(content)) return send(request, signal, content);
    const d = deferred<Response>();
    react(
      content,
      (c) => {
        if (isAborted(signal)) d.reject(reasonFor(signal));
        else react(send(request, signal, c), d.resolve, d.reject);
      },
      d.reject,
    );
    return d.promise;
  });
}

function isLater(c: Content | Promise<Content> | undefined): c is Promise<Content> {
  return c !== undefined && ObjectGetPrototypeOf(c) === PromisePrototype;
}
const PromisePrototype = PromiseCtor.prototype;

/** Makes a signal abort with another. */
function followed(mine: AbortSignal, other: AbortSignal): void {
  abortWith(mine, other);
}

function rawAdd(to: Headers, name: string, value: string): void {
  add(rawList(to), [name, value]);
}

function send(request: Request, signal: AbortSignal, content: Content | undefined): Promise<Response> {
  const args = dict<unknown>();
  args.url = request.url;
  args.method = request.method;
  args.redirect = request.redirect;
  args.headers = rawList(request.headers);
  if (content?.text !== undefined) args.text = content.text;
  if (content?.b64 !== undefined) args.bytes = content.b64;
  if (hasSignal(request)) args.id = requestId();
  return new PromiseCtor<Response>((resolve, reject) => {
    const forget = onAbort(signal, () => {
      reject(reasonFor(signal));
      const which = dict<unknown>();
      which.id = args.id;
      startOp("op_abort_fetch", which, nothing, nothing);
    });
    startOp(
      "op_fetch",
      args,
      (r) => {
        forget();
        resolve(received(r, request.method));
      },
      (e) => {
        forget();
        reject(e);
      },
    );
  });
}

function nothing(): void {}

function received(r: any, method: string): Response {
  const pairs = list<Pair>();
  for (let i = 0; i < r.headers.length; i++) add(pairs, r.headers[i]);
  const init = dict<unknown>();
  init.statusText = r.statusText;
  const content = method === "HEAD" || noBody(r.status) ? undefined : { content: { b64: r.body ?? "" }, stream: undefined };
  const out = make(content, init, { url: r.url, redirected: r.redirected, type: "default", status: r.status });
  const own = rawList(out.headers);
  for (let i = 0; i < pairs.length; i++) add(own, pairs[i]!);
  locked(out.headers);
  return out;
}
