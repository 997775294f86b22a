// fetch, Request and Response, by the Fetch standard.
import { type AbortSignal, abortWith, isAborted, isAbortSignal, makeSignal, reasonFor } from "./abort";
import { Body, type Inside, contentOf, insideFor, moved, taken, typed } from "./body";
import { type Received, exchange, noBody } from "./exchange";
import { Headers, copied, headerOf, isLocked, locked, rawList } from "./headers";
import { later } from "./host";
import { verified, wantedBy } from "./integrity";
import { type Stored, blobAt, blobOfURL, dataAt } from "./localurls";
import {
  JSONStringify,
  MathTrunc,
  NumberOf,
  RangeErrorCtor,
  TypeErrorCtor,
  add,
  charCodeAt,
  dict,
  regExpExec,
  slice,
  startsWith,
  toUpperCase,
} from "./primordials";
import { resolvedWith, then } from "./promises";
import { URL, insideURL, partsIn } from "./url";
import { dictionary, expose, isObject, looksLike, textOf, usv } from "./webidl";

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
/** What a request says of itself, whatever a script made of its accessors. */
export let insideRequest: (r: Request) => { url: string; method: string; redirect: string; headers: Headers; integrity: string };
let storedOf: (r: Request) => Stored | undefined;

/** What is taken from those who write for browsers; but for integrity, it changes nothing here. */
interface Options {
  mode: string;
  credentials: string;
  cache: string;
  referrer: string;
  referrerPolicy: string;
  integrity: string;
  keepalive: boolean;
  priority: string;
}

const choices: [keyof Options, string[]][] = [
  ["mode", ["cors", "same-origin", "no-cors"]],
  ["credentials", ["same-origin", "omit", "include"]],
  ["cache", ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"]],
  [
    "referrerPolicy",
    ["", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url"],
  ],
  ["priority", ["auto", "high", "low"]],
];

function optionsOf(init: any, from: Options | undefined): Options {
  const out: any = dict<unknown>();
  for (let i = 0; i < choices.length; i++) {
    const name = choices[i]![0];
    const values = choices[i]![1];
    out[name] = from === undefined ? values[0] : from[name];
    if (init[name] === undefined) continue;
    const v = textOf(init[name]);
    let known = false;
    for (let j = 0; j < values.length; j++) known ||= values[j] === v;
    if (!known) throw new TypeErrorCtor(`Request: ${name} cannot be "${slice(v, 0, 40)}"`);
    out[name] = v;
  }
  if (out.cache === "only-if-cached" && out.mode !== "same-origin") throw new TypeErrorCtor('Request: cache "only-if-cached" needs mode "same-origin"');
  out.referrer = init.referrer === undefined ? (from?.referrer ?? "about:client") : referrerOf(textOf(init.referrer));
  out.integrity = init.integrity === undefined ? (from?.integrity ?? "") : textOf(init.integrity);
  out.keepalive = init.keepalive === undefined ? (from?.keepalive ?? false) : !!init.keepalive;
  return out;
}

function referrerOf(v: string): string {
  if (v === "" || v === "about:client") return v;
  const u = partsIn(usv(v));
  if (u === undefined) throw new TypeErrorCtor("Request: referrer must be a URL");
  return u.href;
}

export class Request extends Body {
  #url: string;
  #method: string;
  #headers: Headers;
  #redirect: string;
  #options: Options;
  #blob: Stored | undefined; // Of a blob: URL, which may be taken back meanwhile.
  #given: boolean; // Whether anything can abort it.
  #signal: AbortSignal; // Its own, which follows the one that was given.

  static {
    isRequest = (v) => v !== null && typeof v === "object" && #url in v;
    signalOf = (r) => r.#signal;
    insideRequest = (r) => ({ url: r.#url, method: r.#method, redirect: r.#redirect, headers: r.#headers, integrity: r.#options.integrity });
    storedOf = (r) => r.#blob;
  }

  constructor(input: unknown, init: any = undefined) {
    init = dictionary(init, "Request");
    const from = isRequest(input) ? (input as Request) : undefined;
    let url: string;
    if (from === undefined) {
      const u = insideURL(input) ?? insideURL(new URL(input))!;
      if (u.username !== "" || u.password !== "") {
        throw new TypeErrorCtor("Request: a URL with a user name or password cannot be fetched; send an Authorization header");
      }
      url = u.href;
    } else {
      url = from.#url;
    }
    const method = init.method !== undefined ? methodOf(init.method) : from === undefined ? "GET" : from.#method;
    const headers: Headers = arguments[2] === key ? init.headers : init.headers === undefined && from !== undefined ? copied(from.#headers) : new Headers(init.headers);
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
    const options = optionsOf(init, from === undefined ? undefined : from.#options);
    if (options.mode === "no-cors" && method !== "GET" && method !== "HEAD" && method !== "POST") {
      throw new TypeErrorCtor('Request: mode "no-cors" takes the methods GET, HEAD and POST only');
    }
    if (init.window !== undefined && init.window !== null) throw new TypeErrorCtor("Request: window can only be null");
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
    this.#options = options;
    this.#blob = from === undefined ? (startsWith(url, "blob:") ? blobOfURL(url) : undefined) : from.#blob;
    this.#given = signal !== undefined && signal !== null;
    this.#signal = makeSignal();
    if (signal !== undefined && signal !== null) abortWith(this.#signal, signal);
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
  get mode(): string {
    return this.#options.mode;
  }
  get credentials(): string {
    return this.#options.credentials;
  }
  get cache(): string {
    return this.#options.cache;
  }
  get referrer(): string {
    return this.#options.referrer;
  }
  get referrerPolicy(): string {
    return this.#options.referrerPolicy;
  }
  get integrity(): string {
    return this.#options.integrity;
  }
  get keepalive(): boolean {
    return this.#options.keepalive;
  }
  get destination(): string {
    void this.#url;
    return "";
  }
  get duplex(): string {
    void this.#url;
    return "half";
  }
  get isReloadNavigation(): boolean {
    void this.#url;
    return false;
  }
  get isHistoryNavigation(): boolean {
    void this.#url;
    return false;
  }
  get signal(): AbortSignal {
    return this.#signal;
  }
  clone(): Request {
    const init = dict<unknown>();
    init.method = this.#method;
    init.headers = copied(this.#headers);
    init.redirect = this.#redirect;
    if (this.#given) init.signal = this.#signal;
    const out: Request = new (Request as any)(this.#url, init, key, insideFor(this));
    out.#options = this.#options;
    out.#blob = this.#blob;
    return out;
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
/** What a response says of itself; undefined for anything else. */
export let insideResponse: (v: unknown) => { status: number; statusText: string; url: string; headers: Headers } | undefined;

export class Response extends Body {
  #status: number;
  #statusText: string;
  #headers: Headers;
  #origin: Origin | undefined;

  static {
    make = (content, init, origin) => new (Response as any)(content, init, key, origin);
    insideResponse = (v) => (isObject(v) && #status in v ? { status: v.#status, statusText: v.#statusText, url: v.#origin?.url ?? "", headers: v.#headers } : undefined);
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
    const headers: Headers = inside && init.headers !== undefined ? init.headers : new Headers(init.headers);
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
    init.headers = copied(this.#headers);
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
    const to = insideURL(new URL(url))!.href;
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

export function fetch(input: unknown, init?: unknown): Promise<Response> {
  return later(() => {
    const request = new Request(input, init ?? {});
    const signal = signalOf(request);
    const { url, method, redirect, headers, integrity } = insideRequest(request);
    const wanted = integrity === "" ? undefined : wantedBy(integrity);
    const body = taken(request);
    let came: Promise<Received>;
    if (startsWith(url, "data:") || startsWith(url, "blob:")) {
      if (isAborted(signal)) throw reasonFor(signal);
      came = resolvedWith(startsWith(url, "data:") ? dataAt(url) : blobAt(url, storedOf(request), method, headerOf(headers, "range")));
    } else {
      came = exchange({ url, method, redirect, headers: rawList(headers) }, signal, body);
    }
    return then(wanted === undefined ? came : verified(came, wanted), (r) => received(r, method));
  });
}

function rawAdd(to: Headers, name: string, value: string): void {
  add(rawList(to), [name, value]);
}

function received(r: Received, method: string): Response {
  const init = dict<unknown>();
  init.statusText = r.statusText;
  const out = make(method === "HEAD" ? undefined : r.body, init, { url: r.url, redirected: r.redirected, type: "basic", status: r.status });
  const { headers } = insideResponse(out)!;
  const own = rawList(headers);
  for (let i = 0; i < r.headers.length; i++) add(own, [r.headers[i]![0], r.headers[i]![1]]);
  locked(headers);
  return out;
}
