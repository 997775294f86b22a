// A request on its way through control, and its response. What the script does
// not read of a response is not read from the server, and a body that is a
// stream is sent as it is made.
//
// op_fetch takes {id, method, url, headers: [name, value][], redirect, text?}, and the body's bytes beside it when there
// is no text, and answers {status, statusText, url, redirected, headers, more} with the beginning of the body beside it.
// op_fetch_read {id, whole?} gives more of it, with {more} again. op_fetch_open is op_fetch for a body that follows with
// op_fetch_send {id, last?}, which answers whether more is wanted; op_fetch_answer {id} then gives what op_fetch answers.
// op_abort_fetch {id} ends it all.
import { type AbortSignal, isAborted, onAbort, reasonFor } from "./abort";
import type { Content, Inside } from "./body";
import { lengthOf, part, typedNameOf } from "./bytes";
import type { Pair } from "./headers";
import { newId, startOp } from "./host";
import { MathMin, PromiseCtor, TypeErrorCtor, dict } from "./primordials";
import { type Deferred, deferred, handled, rejectedWith, resolvedWith } from "./promises";
import { Readable, acquire, cancel, read } from "./rs";
import { ByteController } from "./rsbytes";

export interface Sent {
  url: string;
  method: string;
  redirect: string;
  headers: Pair[];
}

/** What came: its head, and its body. */
export interface Received {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  headers: Pair[];
  body: Inside | undefined;
}

// What of a request's body crosses at a time.
const most = 256 << 10;

function nothing(): void {}

class Exchange {
  readonly id = newId();
  #signal: AbortSignal;
  #outcome: Deferred<Received> = deferred();
  #forget = nothing;
  #over = false;
  #source: Readable | undefined = undefined; // Of a request's body that is not sent yet.
  #target: ByteController | undefined = undefined; // Of a response's body.
  #whole = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  start(q: Sent, content: Content | undefined, stream: Readable | undefined): Promise<Received> {
    this.#forget = onAbort(this.#signal, () => this.#fail(reasonFor(this.#signal), true));
    const args = this.#args();
    args.url = q.url;
    args.method = q.method;
    args.redirect = q.redirect;
    args.headers = q.headers;
    const came = (r: any, raw: Uint8Array | undefined): void => this.#came(r, raw, q.method);
    const failed = (e: unknown): void => this.#fail(e, false);
    if (stream !== undefined) {
      this.#source = stream;
      startOp(
        "op_fetch_open",
        args,
        () => {
          if (this.#over) {
            this.#tell();
            return;
          }
          startOp("op_fetch_answer", this.#args(), came, (e) => this.#fail(e, true));
          this.#upload(stream);
        },
        failed,
      );
    } else {
      if (content?.text !== undefined) args.text = content.text;
      startOp("op_fetch", args, came, failed, content?.bytes);
    }
    return this.#outcome.promise;
  }

  #args(): Record<string, unknown> {
    const args = dict<unknown>();
    args.id = this.id;
    return args;
  }

  /** Ends both directions; tell says that control does not know yet. */
  #fail(e: unknown, tell: boolean): void {
    if (this.#over) return;
    this.#end();
    if (tell) this.#tell();
    this.#outcome.reject(e);
    if (this.#target !== undefined) this.#target.fail(e);
    this.#unsent(e);
  }

  /**
   * Has control give up what there is of it. An op that is held up begins after one that is not: what ends before control
   * has answered is told of once more then.
   */
  #tell(): void {
    startOp("op_abort_fetch", this.#args(), nothing, nothing);
  }

  /** Nothing more comes. */
  #end(): void {
    this.#over = true;
    const forget = this.#forget;
    forget();
  }

  /** Gives up what was not sent of the request's body. */
  #unsent(reason: unknown): void {
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined) handled(cancel(source, reason));
  }

  #upload(stream: Readable): void {
    const reader = acquire(stream, false);
    const next = (): void =>
      read(reader, {
        chunk: (v) => {
          if (typedNameOf(v) === "Uint8Array") this.#send(v, 0, next);
          else this.#fail(new TypeErrorCtor("The body's stream gave a chunk that is no Uint8Array"), true);
        },
        close: () => {
          this.#source = undefined;
          const args = this.#args();
          args.last = true;
          if (!this.#over) startOp("op_fetch_send", args, nothing, nothing);
        },
        error: (e) => {
          this.#source = undefined;
          this.#fail(e, true);
        },
      });
    next();
  }

  #send(bytes: Uint8Array, from: number, then: () => void): void {
    if (this.#source === undefined) return;
    const to = MathMin(from + most, lengthOf(bytes));
    if (to <= from) {
      then();
      return;
    }
    startOp(
      "op_fetch_send",
      this.#args(),
      (more) => {
        if (more) this.#send(bytes, to, then);
        else this.#unsent(undefined);
      },
      (e) => this.#fail(e, true),
      part(bytes, from, to),
    );
  }

  #came(r: any, raw: Uint8Array | undefined, method: string): void {
    if (this.#over) {
      if (r.more) this.#tell();
      return;
    }
    const { status, statusText, url, redirected, headers, more } = r;
    const out: Received = { status, statusText, url, redirected, headers, body: undefined };
    if (method === "HEAD" || noBody(status) || raw === undefined) {
      this.#end();
      if (more) this.#tell();
    } else if (!more) {
      this.#end();
      out.body = { content: { bytes: raw, free: false }, stream: undefined };
    } else {
      out.body = this.#download(raw);
    }
    this.#outcome.resolve(out);
  }

  #download(first: Uint8Array): Inside {
    const stream = new Readable();
    const c = new ByteController(stream, 0, undefined);
    this.#target = c;
    let begun = lengthOf(first) === 0;
    c.pull = () => {
      if (!begun) {
        begun = true;
        c.enqueue(first);
        return resolvedWith(undefined);
      }
      return new PromiseCtor((resolve) => {
        const args = this.#args();
        if (this.#whole) args.whole = true;
        startOp(
          "op_fetch_read",
          args,
          (r, raw) => {
            resolve(undefined);
            this.#part(c, r.more, raw);
          },
          (e) => {
            resolve(undefined);
            this.#fail(e, true);
          },
        );
      });
    };
    c.cancel = () => {
      this.#fail(undefined, true);
      return resolvedWith(undefined);
    };
    c.begin(undefined);
    return {
      content: undefined,
      stream,
      whole: () => {
        this.#whole = true;
      },
    };
  }

  #part(c: ByteController, more: boolean, raw: Uint8Array | undefined): void {
    if (this.#over) return;
    if (raw !== undefined && lengthOf(raw) > 0) c.enqueue(raw);
    if (more) return;
    this.#end();
    c.close();
    if (c.pending.length > 0) c.respond(0);
  }
}

/** Whether a response with that status has no body. */
export function noBody(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304;
}

/** Makes a request and gives its response. */
export function exchange(q: Sent, signal: AbortSignal, body: Inside): Promise<Received> {
  if (isAborted(signal)) {
    if (body.stream !== undefined) handled(cancel(body.stream, reasonFor(signal)));
    return rejectedWith(reasonFor(signal));
  }
  return new Exchange(signal).start(q, body.content, body.stream);
}
