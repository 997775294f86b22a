// EventSource, by the HTML standard, on fetch.
import { abort, makeSignal, type AbortSignal } from "./abort";
import { streamIn } from "./body";
import { textToBase64, toLowerCase } from "./bytes";
import { atob } from "./encoding";
import { DOMException } from "./exception";
import { Event, EventTarget, fire, handlers } from "./event";
import { fireError, messageIn, messageOf } from "./eventkinds";
import { EventParser, type ServerEvent } from "./eventstream";
import { type Response, fetch, insideResponse } from "./fetch";
import { headerOf } from "./headers";
import { DateNow, MathMax, MathMin, add, dict, list, react, slice, split, trim } from "./primordials";
import { nothing, resolvedWith } from "./promises";
import { type Reader, acquire, read } from "./rs";
import { apart, clearTimeout } from "./timers";
import { partsIn } from "./url";
import { constants, dictionary, expose, needs, usv } from "./webidl";

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

/** How many of a script may be open: each takes one of its requests. */
const mostOpen = 8;
const firstWait = 3000;
const longestWait = 60_000;
/** How long events are handed over before others have their turn. */
const turnTime = 20;

let open = 0;

/** A source's inside. */
interface Source {
  face: EventSource;
  url: string;
  state: number;
  credentials: boolean;
  wait: number; // Before it connects anew, as the server says.
  failures: number; // Tries since it was open.
  id: string; // Of the last event.
  signal: AbortSignal | undefined;
  parser: EventParser | undefined;
  origin: string;
  reader: Reader | undefined;
  queue: ServerEvent[];
  at: number; // Where the queue begins.
  guard: number | undefined; // The timer that goes on when this turn does not.
}

function fail(s: Source, why: string): void {
  if (s.state === CLOSED) return;
  stop(s);
  fireError(s.face, why);
}

/** Takes away all that could still happen. */
function stop(s: Source): void {
  if (s.state === CLOSED) return;
  s.state = CLOSED;
  open--;
  hangUp(s);
}

function hangUp(s: Source): void {
  const { signal, guard } = s;
  s.signal = s.reader = s.guard = undefined;
  s.queue = list();
  s.at = 0;
  if (guard !== undefined) clearTimeout(guard);
  if (signal !== undefined) abort(signal, new DOMException("The EventSource was closed", "AbortError"));
}

/** Waits and connects anew, each time longer while nothing comes of it. */
function again(s: Source, why: string): void {
  if (s.state === CLOSED) return;
  hangUp(s);
  s.state = CONNECTING;
  const wait = s.failures === 0 ? s.wait : MathMin(s.wait * 2 ** MathMin(s.failures, 10), MathMax(s.wait, longestWait));
  s.failures++;
  // Before anybody is told: what they do may be stopped.
  try {
    apart(() => connect(s), wait);
  } catch (e: any) {
    fail(s, e.message);
    return;
  }
  fireError(s.face, why);
}

/** What another try would not change. */
function futile(e: any): boolean {
  const code = e?.cause?.code;
  return code === "EFORBIDDEN" || code === "ESCHEME" || code === "EURL" || code === "ECREDENTIALS" || code === "ESECRET";
}

function connect(s: Source): void {
  if (s.state !== CONNECTING) return;
  const signal = makeSignal();
  s.signal = signal;
  const raw = dict<unknown>();
  raw.accept = "text/event-stream";
  raw["cache-control"] = "no-store";
  if (s.id !== "") raw["last-event-id"] = atob(textToBase64(s.id));
  const init = dict<unknown>();
  init.headers = raw;
  init.signal = signal;
  react(
    fetch(s.url, init),
    (r) => {
      if (s.signal === signal) begin(s, r);
    },
    (e) => {
      if (s.signal !== signal) return;
      if (futile(e)) fail(s, messageIn(e));
      else again(s, messageIn(e));
    },
  );
}

function begin(s: Source, r: Response): void {
  const { status, url, headers } = insideResponse(r)!;
  if (status !== 200) {
    fail(s, status === 204 ? "the server has no more events (204)" : `the server answered with ${status}`);
    return;
  }
  const type = toLowerCase(trim(split(headerOf(headers, "content-type") ?? "", ";")[0]!));
  if (type !== "text/event-stream") {
    fail(s, `the server answered with ${type === "" ? "no content type" : slice(type, 0, 100)}, not with text/event-stream`);
    return;
  }
  s.state = OPEN;
  s.failures = 0;
  s.parser = new EventParser(s.id);
  const at = partsIn(url) ?? partsIn(s.url);
  s.origin = at?.origin ?? "";
  const body = streamIn(r);
  if (body !== undefined) s.reader = acquire(body, false);
  guarded(s);
  fire(s.face, new Event("open"));
  pump(s);
}

/** Has pump go on in another turn, should this one be stopped. */
function guarded(s: Source): void {
  if (s.guard !== undefined) return;
  try {
    s.guard = apart(() => {
      s.guard = undefined;
      pump(s);
    }, 1);
  } catch {
    // There are too many timers: then this turn had better come to its end.
  }
}

let since = 0;

/** Hands over what has come, event by event, and then reads on. */
function pump(s: Source): void {
  since = DateNow();
  step(s);
}

function step(s: Source): void {
  if (s.state !== OPEN) return;
  if (s.at === s.queue.length) {
    s.queue = list();
    s.at = 0;
    if (s.guard !== undefined) clearTimeout(s.guard);
    s.guard = undefined;
    more(s);
    return;
  }
  guarded(s);
  if (s.guard === undefined || DateNow() - since < turnTime) react(resolvedWith(undefined), () => step(s), nothing);
  const e = s.queue[s.at++]!;
  fire(s.face, messageOf(e.data, none, e.type, s.origin, e.id));
}
const none = list<unknown>();

function more(s: Source): void {
  const { reader, signal } = s;
  const ended = (why: string): void => {
    if (s.signal !== signal) return;
    s.id = s.parser!.last;
    again(s, why);
  };
  if (reader === undefined) {
    ended("the server has ended the stream");
    return;
  }
  read(reader, {
    chunk: (v) => {
      if (s.signal !== signal) return;
      const parser = s.parser!;
      const events = parser.push(v as Uint8Array);
      if (parser.retry !== undefined) s.wait = parser.retry;
      if (events === undefined) {
        fail(s, "the server sent an event that is too long");
        return;
      }
      for (let i = 0; i < events.length; i++) add(s.queue, events[i]!);
      pump(s);
    },
    close: () => ended("the server has ended the stream"),
    error: (e) => ended(messageIn(e)),
  });
}

export class EventSource extends EventTarget {
  #s: Source;

  constructor(url: unknown, options: unknown = undefined) {
    needs(1, arguments.length, "EventSource");
    super();
    const text = usv(url);
    const credentials = !!dictionary(options, "EventSource").withCredentials;
    const at = partsIn(text);
    if (at === undefined) throw new DOMException(`EventSource: ${slice(text, 0, 200)} is no URL`, "SyntaxError");
    this.#s = {
      face: this,
      url: at.href,
      state: CONNECTING,
      credentials,
      wait: firstWait,
      failures: 0,
      id: "",
      signal: undefined,
      parser: undefined,
      origin: at.origin,
      reader: undefined,
      queue: list(),
      at: 0,
      guard: undefined,
    };
    open++;
    const s = this.#s;
    apart(() => {
      if (open > mostOpen) fail(s, `more than ${mostOpen} EventSources are open; close one first`);
      else connect(s);
    }, 0);
  }
  get url(): string {
    return this.#s.url;
  }
  get withCredentials(): boolean {
    return this.#s.credentials;
  }
  get readyState(): number {
    return this.#s.state;
  }
  close(): void {
    stop(this.#s);
  }
}
expose(EventSource, "EventSource");
constants(EventSource, { CONNECTING, OPEN, CLOSED });
handlers(EventSource.prototype, ["open", "message", "error"]);
