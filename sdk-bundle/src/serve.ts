// Deno.serve: what the server's own HTTP endpoint receives. Requests come as
// events; the answer goes back by ops, its body whole or in pieces.
//
// The event __request brings {id, method, url, headers: [name, value][], body? (base64), host, port}, or {id, gone: true}
// when nobody waits for that answer any more.
//
// op_serve_respond    id, status, statusText?, headers?, text?, or pieces, length?    {ok}: whether somebody waits
// op_serve_write      id, end?, failed?                                               {ok}: whether more is wanted
// op_serve_completed  id                                                              {ok}: whether all was sent
//
// The bytes of a body that is no text are beside the arguments.
import { type AbortSignal, abort, isAbortSignal, isAborted, makeSignal, onAbort } from "./abort";
import { moved } from "./body";
import { Uint8ArrayCtor, base64ToBytes, lengthOf, part, textToBase64, typedNameOf } from "./bytes";
import { levels, say } from "./console";
import type { Delivery } from "./context";
import { addrInUse } from "./denoerrors";
import { onDelivery } from "./events";
import { DOMException } from "./exception";
import { report } from "./failure";
import { Request, type Response, insideRequest, insideResponse } from "./fetch";
import { rawList } from "./headers";
import { callOp, info } from "./host";
import { ErrorCtor, MapCtor, NumberOf, ObjectDefineProperty, ReflectApply, SymbolAsyncDispose, TypeErrorCtor, add, dict, mapDelete, mapGet, mapSet } from "./primordials";
import { deferred, handled, invoke } from "./promises";
import { type Readable, acquire, cancel, read } from "./rs";
import { URL, insideURL } from "./url";
import { expose } from "./webidl";

const event = "__request";
const only = {};

function responseOf(v: unknown): Response {
  if (insideResponse(v) === undefined) throw new TypeErrorCtor("Deno.serve: the handler must give a Response, or a promise of one");
  return v as Response;
}

interface Address {
  transport: "tcp";
  hostname: string;
  port: number;
}

const address = (hostname: string, port: number): Address => ({ transport: "tcp", hostname, port });

/** What a handler is told beside the request. */
export class ServeHandlerInfo {
  #id: string;
  #addr: Address;
  #completed: Promise<void> | undefined;

  constructor(key: unknown, id: string, addr: Address) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
    this.#id = id;
    this.#addr = addr;
  }
  get remoteAddr(): Address {
    return this.#addr;
  }
  /** Settles when the response was sent, or will never be. */
  get completed(): Promise<void> {
    if (this.#completed === undefined) {
      this.#completed = completed(this.#id);
      handled(this.#completed);
    }
    return this.#completed;
  }
}
expose(ServeHandlerInfo, "ServeHandlerInfo");

async function completed(id: string): Promise<void> {
  const args = dict<unknown>();
  args.id = id;
  if (!(await callOp("op_serve_completed", args)).ok) throw new ErrorCtor("The response was not sent in full: the client has gone away, or it was cut off");
}

/** The server that takes requests; there is one at a time. */
let running: HttpServer | undefined;
let listening = false;
let takeRequest: (s: HttpServer, m: any) => Promise<void>;

export class HttpServer {
  #handler: Function;
  #onError: Function | undefined;
  #addr: Address;
  #finished = deferred();
  #under = 0; // Requests that are being answered.

  static {
    takeRequest = (s, m) => s.#take(m);
  }

  constructor(key: unknown, handler: Function, onError: Function | undefined, addr: Address) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
    this.#handler = handler;
    this.#onError = onError;
    this.#addr = addr;
  }
  get addr(): Address {
    return this.#addr;
  }
  get finished(): Promise<void> {
    return this.#finished.promise;
  }
  ref(): void {}
  unref(): void {}
  /** Takes no more requests; the promise settles when those under way are answered. */
  shutdown(): Promise<void> {
    if (running === this) running = undefined;
    this.#leave();
    return this.#finished.promise;
  }
  #leave(): void {
    if (running !== this && this.#under === 0 && this.#finished.pending) this.#finished.resolve(undefined);
  }
  async #take(m: any): Promise<void> {
    const signal = makeSignal();
    mapSet(open, m.id, signal);
    this.#under++;
    const over = (): void => {
      mapDelete(open, m.id);
      this.#under--;
      this.#leave();
    };
    let rest: (() => Promise<unknown>) | undefined;
    try {
      rest = await respond(m.id, m.method, await this.#answer(m, signal));
    } catch (e) {
      over();
      throw e;
    }
    // The event is over; what is left of the body is sent beside.
    if (rest === undefined) over();
    else void sent(rest, over);
  }
  async #answer(m: any, signal: AbortSignal): Promise<Response> {
    try {
      return responseOf(await invoke(this.#handler, undefined, [requestOf(m, signal), new ServeHandlerInfo(only, m.id, address(m.host, m.port))]));
    } catch (e) {
      if (this.#onError === undefined) throw e;
      return responseOf(await invoke(this.#onError, undefined, [e]));
    }
  }
}

const { shutdown } = HttpServer.prototype;
ObjectDefineProperty(HttpServer.prototype, SymbolAsyncDispose, {
  __proto__: null,
  value(this: HttpServer): Promise<void> {
    return ReflectApply(shutdown, this, []);
  },
  writable: true,
  configurable: true,
} as PropertyDescriptor);
expose(HttpServer, "HttpServer");

/** The signals of requests whose answer is not all sent. */
const open = new MapCtor<string, AbortSignal>();

const gone = (): DOMException => new DOMException("The client has gone away, or waited for too long", "AbortError");

async function sent(rest: () => Promise<unknown>, over: () => void): Promise<void> {
  try {
    await rest();
  } catch (e) {
    report(e);
  }
  over();
}

function requestOf(m: any, signal: AbortSignal): Request {
  const init = dict<unknown>();
  init.method = m.method;
  init.signal = signal;
  if (m.body !== undefined) init.body = base64ToBytes(m.body);
  const r = new Request(m.url, init);
  const own = rawList(insideRequest(r).headers);
  for (let i = 0; i < m.headers.length; i++) add(own, m.headers[i]);
  return r;
}

/** What is longer is sent in pieces. */
const longestPiece = 1024 * 1024;

/** Begins the answer; what it gives sends the rest of the body. */
async function respond(id: string, method: string, response: Response): Promise<(() => Promise<unknown>) | undefined> {
  const args = dict<unknown>();
  args.id = id;
  const { status, statusText, headers } = insideResponse(response)!;
  args.status = status;
  args.statusText = statusText;
  args.headers = rawList(headers);
  const { content, stream } = moved(response);
  let bytes: Uint8Array | undefined;
  if (stream !== undefined) args.pieces = true;
  else if (content?.text !== undefined && content.text.length <= longestPiece) args.text = content.text;
  else if (content !== undefined) bytes = content.bytes ?? base64ToBytes(textToBase64(content.text!));
  const size = bytes === undefined ? 0 : lengthOf(bytes);
  if (size > longestPiece) {
    args.pieces = true;
    args.length = size;
  }
  const { ok } = await callOp("op_serve_respond", args, size > longestPiece ? undefined : bytes);
  if (!ok || method === "HEAD") {
    if (stream !== undefined) handled(cancel(stream, gone()));
    return undefined;
  }
  if (stream !== undefined) return () => pump(id, stream);
  return size <= longestPiece ? undefined : () => write(id, bytes!, true);
}

/** Writes bytes in pieces; it is false when nobody wants them. */
async function write(id: string, bytes: Uint8Array, end: boolean): Promise<boolean> {
  const size = lengthOf(bytes);
  for (let at = 0; at < size || end; at += longestPiece) {
    const args = dict<unknown>();
    args.id = id;
    const piece = at < size ? part(bytes, at, at + longestPiece < size ? at + longestPiece : size) : undefined;
    const last = at + longestPiece >= size;
    if (last && end) args.end = true;
    if (!(await callOp("op_serve_write", args, piece)).ok) return false;
    if (last) break;
  }
  return true;
}

/** Sends a stream, each chunk when the one before was taken. */
async function pump(id: string, stream: Readable): Promise<void> {
  const reader = acquire(stream, false);
  const signal = mapGet(open, id);
  // A stream that waits for something is told as well.
  const forget = signal === undefined ? () => {} : onAbort(signal, () => handled(cancel(stream, gone())));
  try {
    for (;;) {
      const d = deferred<Uint8Array | undefined>();
      read(reader, { chunk: (v) => d.resolve(v), close: () => d.resolve(undefined), error: d.reject });
      const chunk = await d.promise;
      if (signal !== undefined && isAborted(signal)) return;
      if (chunk === undefined) {
        await write(id, new Uint8ArrayCtor(0), true);
        return;
      }
      if (typedNameOf(chunk) !== "Uint8Array") throw new TypeErrorCtor("Deno.serve: the body's stream gave a chunk that is no Uint8Array");
      if (!(await write(id, chunk, false))) {
        handled(cancel(stream, gone()));
        return;
      }
    }
  } catch (e) {
    const args = dict<unknown>();
    args.id = id;
    args.failed = true;
    handled(callOp("op_serve_write", args));
    handled(cancel(stream, e));
    throw e;
  } finally {
    forget();
  }
}

function received(d: Delivery): unknown {
  const m = d.msg as any;
  if (m.gone === true) {
    const signal = mapGet(open, m.id);
    if (signal !== undefined) abort(signal, gone());
    return undefined;
  }
  if (running !== undefined) return takeRequest(running, m);
  const args = dict<unknown>();
  args.id = m.id;
  args.status = 503;
  args.text = "Nothing is served here at the moment.";
  return callOp("op_serve_respond", args);
}

const form = "Deno.serve(handler), Deno.serve(options, handler) or Deno.serve({ handler })";

function functionIn(o: any, name: string): Function | undefined {
  const f = o[name];
  if (f !== undefined && f !== null && typeof f !== "function") throw new TypeErrorCtor(`Deno.serve: ${name} must be a function`);
  return f ?? undefined;
}

/** Has the handler answer what the server's endpoint receives. */
export function serve(first: any, second?: any): HttpServer {
  let handler: unknown;
  let o: any = dict();
  if (typeof first === "function") {
    handler = first;
    if (second !== undefined && second !== null) o = second;
  } else if (first !== null && typeof first === "object") {
    o = first;
    handler = second !== undefined ? second : o.handler;
  }
  if (typeof handler !== "function") throw new TypeErrorCtor(`Deno.serve: there is no handler; call ${form}`);
  if (o === null || typeof o !== "object") throw new TypeErrorCtor(`Deno.serve: options must be an object; call ${form}`);
  if (o.cert !== undefined || o.key !== undefined) throw new TypeErrorCtor("Deno.serve: cert and key are not taken; https is what the operator of the bot has set up");
  if (o.path !== undefined || o.cid !== undefined || (o.transport !== undefined && o.transport !== "tcp")) {
    throw new TypeErrorCtor("Deno.serve: only TCP is served; leave path, cid and transport out");
  }
  const onError = functionIn(o, "onError");
  const onListen = functionIn(o, "onListen");
  const { signal } = o;
  if (signal !== undefined && signal !== null && !isAbortSignal(signal)) throw new TypeErrorCtor("Deno.serve: signal must be an AbortSignal");
  if (running !== undefined) throw addrInUse("Deno.serve: a server runs already; a script has one, so route inside its handler, or await server.shutdown() first");
  const at = insideURL(new URL(info.endpoint === "" ? "http://localhost/" : info.endpoint))!;
  const addr = address(at.hostname, at.port !== "" ? NumberOf(at.port) : at.protocol === "https:" ? 443 : 80);
  const server = new HttpServer(only, handler, onError, addr);
  if (!listening) {
    onDelivery(event, received);
    listening = true;
  }
  running = server;
  if (signal !== undefined && signal !== null) {
    const stop = (): void => handled(ReflectApply(shutdown, server, []));
    if (isAborted(signal)) stop();
    else onAbort(signal, stop);
  }
  if (onListen !== undefined) ReflectApply(onListen, undefined, [addr]);
  else say(levels.info, [`Listening on ${info.endpoint}`]);
  return server;
}
