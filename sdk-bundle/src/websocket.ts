// WebSocket and CloseEvent, by the WebSockets standard.
//
// op_websocket_open {id, url, protocols?} answers {protocol} once it is open; op_websocket_next {id} one message, {text}
// or null for the bytes beside it, or {end: {code, reason, clean, why}}; op_websocket_send {id, messages: {text} or {size}[]}, whose
// bytes are beside it, when they were handed to the network; op_websocket_close {id, code?, reason?, fail?} begins to close.
import { blobOf, insideBlob } from "./blob";
import { bufferOf, copyOf, isBytes, joined, lengthOf, textToBase64, toLowerCase, viewOf, Uint8ArrayCtor } from "./bytes";
import { DOMException } from "./exception";
import { Event, EventTarget, fire, handlers } from "./event";
import { fireError, messageIn, messageOf, noConnection } from "./eventkinds";
import { newId, startOp } from "./host";
import { MathFloor, MathMin, NumberOf, SymbolIterator, add, charCodeAt, dict, includes, list, react, regExpExec, slice } from "./primordials";
import { nothing, resolvedWith } from "./promises";
import { partsIn } from "./url";
import { constants, dictionary, expose, isObject, needs, sequence, textOf, usv } from "./webidl";

/** A token, which may hold placeholders of secrets. */
const token = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]|__FLORA_SECRET__:[0-9A-Za-z-]{36}:[0-9A-Za-z]{12})+$/;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** What may wait to be sent, in bytes. */
const mostQueued = 16 << 20;
/** What one call sends, unless a message alone is larger. */
const batchBytes = 256 << 10;
const batchMessages = 64;
const longestReason = 123;

export class CloseEvent extends Event {
  #wasClean: boolean;
  #code: number;
  #reason: string;

  constructor(type: unknown, init?: unknown) {
    needs(1, arguments.length, "CloseEvent");
    super(type, init);
    const o = dictionary(init, "CloseEvent");
    this.#wasClean = !!o.wasClean;
    this.#code = o.code === undefined ? 0 : NumberOf(o.code) & 0xffff;
    this.#reason = o.reason === undefined ? "" : usv(o.reason);
  }
  get wasClean(): boolean {
    return this.#wasClean;
  }
  get code(): number {
    return this.#code;
  }
  get reason(): string {
    return this.#reason;
  }
}
expose(CloseEvent, "CloseEvent");

/** The size of a text in UTF-8. */
function utf8Length(s: string): number {
  if (s.length > 256) {
    const b64 = textToBase64(s);
    return (b64.length / 4) * 3 - (charCodeAt(b64, b64.length - 2) === 61 ? 2 : charCodeAt(b64, b64.length - 1) === 61 ? 1 : 0);
  }
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    n += c < 0x80 ? 1 : c < 0x800 || (c >= 0xd800 && c < 0xe000) ? 2 : 3;
  }
  return n;
}

/** [Clamp] unsigned short. */
function clamped(v: unknown): number {
  const n = NumberOf(v);
  if (!(n > 0)) return 0;
  const low = MathFloor(MathMin(n, 65535));
  const up = n - low;
  return up > 0.5 || (up === 0.5 && low % 2 === 1) ? MathMin(low + 1, 65535) : low;
}

function addressOf(v: unknown): { href: string; origin: string } {
  const text = usv(v);
  let at = partsIn(text);
  if (at !== undefined && at.protocol === "http:") at = partsIn("ws" + slice(at.href, 4));
  else if (at !== undefined && at.protocol === "https:") at = partsIn("wss" + slice(at.href, 5));
  if (at === undefined) throw new DOMException(`WebSocket: ${slice(text, 0, 200)} is no URL`, "SyntaxError");
  if (at.protocol !== "ws:" && at.protocol !== "wss:") throw new DOMException(`WebSocket: the URL's scheme is ws:, wss:, http: or https:, not ${at.protocol}`, "SyntaxError");
  if (includes(at.href, "#")) throw new DOMException("WebSocket: the URL must not have a fragment (#)", "SyntaxError");
  return { href: at.href, origin: `${at.protocol}//${at.host}` };
}

function protocolsOf(v: unknown): string[] {
  const all = list<string>();
  if (v === undefined) return all;
  if (isObject(v) && typeof (v as any)[SymbolIterator] === "function") {
    const given = sequence(v, "WebSocket: protocols");
    for (let i = 0; i < given.length; i++) add(all, textOf(given[i]));
  } else {
    add(all, textOf(v));
  }
  const seen = dict<boolean>();
  for (let i = 0; i < all.length; i++) {
    const p = all[i]!;
    if (regExpExec(token, p) === null) throw new DOMException(`WebSocket: ${slice(p, 0, 40)} cannot be a subprotocol`, "SyntaxError");
    const name = toLowerCase(p);
    if (seen[name]) throw new DOMException(`WebSocket: the subprotocol ${slice(p, 0, 40)} is given twice`, "SyntaxError");
    seen[name] = true;
  }
  return all;
}

interface Outgoing {
  text: string | undefined;
  bytes: Uint8Array | undefined;
  size: number;
}

/** A connection's inside. */
interface Link {
  id: string;
  socket: WebSocket;
  url: string;
  origin: string;
  state: number;
  protocol: string;
  binary: "blob" | "arraybuffer";
  queue: Outgoing[];
  at: number; // Where the queue begins.
  queued: number; // Bytes of it and of what is being sent.
  after: number; // Bytes given to send when nothing could be sent any more.
  sending: boolean;
  closing: { code: number | undefined; reason: string | undefined } | undefined; // Waits for the queue to be sent.
  ended: boolean;
}

function call(l: Link, op: string, args: Record<string, unknown>, ok: (v: any, raw: Uint8Array | undefined) => void, err: (e: unknown) => void, raw?: Uint8Array): void {
  args.id = l.id;
  startOp(op, args, ok, err, raw, true);
}

const early = "it was closed before it was open";
const none = list<unknown>();

function begin(l: Link, protocols: string[]): void {
  if (l.ended) return;
  const args = dict<unknown>();
  args.url = l.url;
  if (protocols.length > 0) args.protocols = protocols;
  call(
    l,
    "op_websocket_open",
    args,
    (r) => {
      if (l.state !== CONNECTING) {
        // It was closed while the answer was on its way.
        giveUp(l, early);
        take(l);
        return;
      }
      l.state = OPEN;
      l.protocol = r.protocol;
      take(l);
      fire(l.socket, new Event("open"));
    },
    (e) => end(l, 1006, "", false, messageIn(e)),
  );
}

function soon(f: () => void): void {
  react(resolvedWith(undefined), f, nothing);
}

/** Asks for the next message. That is done before the script sees one: what it does then may be stopped. */
function take(l: Link): void {
  call(
    l,
    "op_websocket_next",
    dict(),
    (r, raw) => {
      if (r.end !== null) {
        end(l, r.end.code, r.end.reason, r.end.clean, r.end.why);
        return;
      }
      take(l);
      if (l.state !== OPEN) return;
      fire(l.socket, messageOf(r.text !== null ? r.text : bytesFor(l, raw), none, "message", l.origin));
    },
    (e) => end(l, 1006, "", false, messageIn(e)),
  );
}

function bytesFor(l: Link, raw: Uint8Array | undefined): unknown {
  const bytes = raw ?? new Uint8ArrayCtor(0);
  return l.binary === "blob" ? blobOf(bytes, "") : bufferOf(bytes);
}

/** It has ended: with an error before the close if that was not clean. */
function end(l: Link, code: number, reason: string, clean: boolean, why: string | undefined): void {
  if (l.ended) return;
  l.ended = true;
  l.state = CLOSED;
  l.queue = list();
  l.at = 0;
  if (!clean) {
    fireError(l.socket, why ?? noConnection);
  }
  const init = dict<unknown>();
  init.wasClean = clean;
  init.code = code;
  init.reason = reason;
  fire(l.socket, new CloseEvent("close", init));
}

/** Ends the connection without a word to the server. */
function giveUp(l: Link, why: string): void {
  const args = dict<unknown>();
  args.fail = why;
  call(l, "op_websocket_close", args, nothing, () => soon(() => end(l, 1006, "", false, why)));
}

function send(l: Link): void {
  if (l.sending || l.ended) return;
  if (l.at === l.queue.length) {
    l.queue = list();
    l.at = 0;
    if (l.closing === undefined) return;
    const args = dict<unknown>();
    if (l.closing.code !== undefined) args.code = l.closing.code;
    if (l.closing.reason !== undefined) args.reason = l.closing.reason;
    l.closing = undefined;
    call(l, "op_websocket_close", args, nothing, (e) => soon(() => end(l, 1006, "", false, messageIn(e))));
    return;
  }
  const messages = list<unknown>();
  let raw: Uint8Array | undefined;
  let size = 0;
  for (; l.at < l.queue.length && messages.length < batchMessages; l.at++) {
    const m = l.queue[l.at]!;
    if (messages.length > 0 && size + m.size > batchBytes) break;
    const one = dict<unknown>();
    if (m.bytes === undefined) {
      one.text = m.text;
    } else {
      one.size = m.size;
      if (m.size > 0) raw = raw === undefined ? m.bytes : joined(raw, m.bytes);
    }
    add(messages, one);
    size += m.size;
    l.queue[l.at] = done;
  }
  l.sending = true;
  const args = dict<unknown>();
  args.messages = messages;
  call(
    l,
    "op_websocket_send",
    args,
    () => {
      l.sending = false;
      l.queued -= size;
      send(l);
    },
    // Why it ended comes with the end; what could not even be asked for ends it here.
    (e) => giveUp(l, messageIn(e)),
    raw,
  );
}
const done: Outgoing = { text: undefined, bytes: undefined, size: 0 };

let linkOf: (s: WebSocket) => Link;

export class WebSocket extends EventTarget {
  #l: Link;

  static {
    linkOf = (s) => s.#l;
  }

  constructor(url: unknown, protocols: unknown = undefined) {
    needs(1, arguments.length, "WebSocket");
    super();
    const at = addressOf(url);
    const wanted = protocolsOf(protocols);
    this.#l = {
      id: newId(),
      socket: this,
      url: at.href,
      origin: at.origin,
      state: CONNECTING,
      protocol: "",
      binary: "blob",
      queue: list(),
      at: 0,
      queued: 0,
      after: 0,
      sending: false,
      closing: undefined,
      ended: false,
    };
    // What fails at once is told when the script had time to listen.
    soon(() => begin(this.#l, wanted));
  }
  get url(): string {
    return this.#l.url;
  }
  get readyState(): number {
    return this.#l.state;
  }
  get bufferedAmount(): number {
    return this.#l.queued + this.#l.after;
  }
  get extensions(): string {
    void this.#l;
    return "";
  }
  get protocol(): string {
    return this.#l.protocol;
  }
  get binaryType(): string {
    return this.#l.binary;
  }
  set binaryType(v: unknown) {
    const t = textOf(v);
    if (t === "blob" || t === "arraybuffer") this.#l.binary = t;
  }
  send(data: unknown): void {
    const l = linkOf(this);
    needs(1, arguments.length, "WebSocket.send");
    const bytes = insideBlob(data)?.bytes ?? (isBytes(data) ? viewOf(data, "WebSocket.send") : undefined);
    const text = bytes === undefined ? usv(data) : undefined;
    if (l.state === CONNECTING) throw new DOMException("WebSocket.send: it is not open yet; wait for its event open", "InvalidStateError");
    const size = bytes !== undefined ? lengthOf(bytes) : utf8Length(text!);
    if (l.state !== OPEN) {
      l.after += size;
      return;
    }
    if (l.queued + size > mostQueued) {
      l.after += size;
      l.state = CLOSING;
      giveUp(l, `more than ${mostQueued} bytes wait to be sent; look at bufferedAmount before sending more`);
      return;
    }
    l.queued += size;
    add(l.queue, { text, bytes: bytes === undefined ? undefined : copyOf(bytes), size });
    send(l);
  }
  close(code: unknown = undefined, reason: unknown = undefined): void {
    const l = linkOf(this);
    const c = code === undefined ? undefined : clamped(code);
    const r = reason === undefined ? undefined : usv(reason);
    if (c !== undefined && c !== 1000 && !(c >= 3000 && c <= 4999)) throw new DOMException(`WebSocket.close: the code is 1000, or from 3000 to 4999, not ${c}`, "InvalidAccessError");
    if (r !== undefined && utf8Length(r) > longestReason) throw new DOMException(`WebSocket.close: the reason has more than ${longestReason} bytes`, "SyntaxError");
    if (l.state === CLOSING || l.state === CLOSED) return;
    const was = l.state;
    l.state = CLOSING;
    if (was === CONNECTING) {
      giveUp(l, early);
      soon(() => end(l, 1006, "", false, early));
      return;
    }
    l.closing = { code: r !== undefined ? (c ?? 1000) : c, reason: r };
    send(l);
  }
}
expose(WebSocket, "WebSocket");
constants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
handlers(WebSocket.prototype, ["open", "error", "close", "message"]);
