// TransformStream and its controller, by the Streams standard.
import { RangeErrorCtor, ReflectApply, TypeErrorCtor, react } from "./primordials";
import { type Deferred, deferred, handled, invoke, nothing, rejectedWith, resolvedWith, then } from "./promises";
import { type ReadableStream, readableFor } from "./readable";
import { DefaultController, Readable } from "./rs";
import { pipe } from "./rspipe";
import { type Size, markOf, strategyOf } from "./strategies";
import { dictionary, expose, isObject } from "./webidl";
import { type WritableStream, methods, writableFor } from "./writable";
import { Writable, WritableController } from "./ws";

export class Transform {
  readable = new Readable();
  writable = new Writable();
  out: DefaultController;
  in: WritableController;
  backpressure = false;
  changed: Deferred<undefined> = deferred<undefined>();
  transform: ((chunk: unknown) => Promise<unknown>) | undefined = undefined;
  flush: (() => Promise<unknown>) | undefined = undefined;
  cancel: ((reason: unknown) => Promise<unknown>) | undefined = undefined;
  finishing: Deferred<undefined> | undefined = undefined;
  face: any = undefined;

  constructor(inMark: number, inSize: Size, outMark: number, outSize: Size) {
    this.in = new WritableController(this.writable, inMark, inSize);
    this.in.write_ = (chunk) => this.sinkWrite(chunk);
    this.in.abort_ = (reason) => this.sinkAbort(reason);
    this.in.close_ = () => this.sinkClose();
    this.out = new DefaultController(this.readable, outMark, outSize);
    this.out.pull = () => {
      this.setBackpressure(false);
      return this.changed.promise;
    };
    this.out.cancel = (reason) => this.sourceCancel(reason);
    this.setBackpressure(true);
  }
  begin(started: unknown): void {
    this.in.begin(started);
    this.out.begin(started);
  }
  setBackpressure(v: boolean): void {
    const d = this.changed;
    this.changed = deferred<undefined>();
    this.backpressure = v;
    d.resolve(undefined);
  }
  clear(): void {
    this.transform = this.flush = this.cancel = undefined;
  }
  fail(e: unknown): void {
    this.out.fail(e);
    this.failWritable(e);
  }
  failWritable(e: unknown): void {
    this.clear();
    this.in.failIfNeeded(e);
    this.unblock();
  }
  unblock(): void {
    if (this.backpressure) this.setBackpressure(false);
  }
  enqueue(chunk: unknown): void {
    if (!this.out.canEnqueue()) throw new TypeErrorCtor("TransformStream: the readable side is closed or has failed");
    try {
      this.out.enqueue(chunk);
    } catch (e) {
      this.failWritable(e);
      throw this.readable.error;
    }
    const full = !this.out.wantsPull();
    if (full !== this.backpressure) this.setBackpressure(true);
  }
  terminate(): void {
    this.out.close();
    this.failWritable(new TypeErrorCtor("TransformStream: it was terminated"));
  }
  perform(chunk: unknown): Promise<undefined> {
    const { transform: f } = this;
    let p: Promise<unknown>;
    if (f !== undefined) p = f(chunk);
    else {
      try {
        this.enqueue(chunk);
        p = resolvedWith(undefined);
      } catch (e) {
        p = rejectedWith(e);
      }
    }
    return then(
      p,
      () => undefined,
      (e) => {
        this.fail(e);
        throw e;
      },
    );
  }
  sinkWrite(chunk: unknown): Promise<unknown> {
    if (!this.backpressure) return this.perform(chunk);
    const d = deferred<unknown>();
    react(
      this.changed.promise,
      () => {
        if (this.writable.state === "erroring") d.reject(this.writable.error);
        else react(this.perform(chunk), d.resolve, d.reject);
      },
      nothing,
    );
    return d.promise;
  }
  sinkAbort(reason: unknown): Promise<unknown> {
    const { cancel: f } = this;
    return this.finish(
      () => f?.(reason),
      this.readable,
      () => this.out.fail(reason),
      (e) => this.out.fail(e),
    );
  }
  sinkClose(): Promise<unknown> {
    const { flush: f } = this;
    return this.finish(
      () => f?.(),
      this.readable,
      () => this.out.close(),
      (e) => this.out.fail(e),
    );
  }
  sourceCancel(reason: unknown): Promise<unknown> {
    const { cancel: f } = this;
    const fail = (e: unknown): void => {
      this.in.failIfNeeded(e);
      this.unblock();
    };
    return this.finish(() => f?.(reason), this.writable, () => fail(reason), fail);
  }
  /** Runs the transformer's last function, once, and then ends the other side unless that has failed. */
  finish(last: () => Promise<unknown> | undefined, other: Readable | Writable, done: () => void, failed: (e: unknown) => void): Promise<unknown> {
    if (this.finishing !== undefined) return this.finishing.promise;
    const d = (this.finishing = deferred<undefined>());
    const p = last() ?? resolvedWith(undefined);
    this.clear();
    react(
      p,
      () => {
        if (other.state === "errored") {
          d.reject(other.error);
        } else {
          done();
          d.resolve(undefined);
        }
      },
      (e) => {
        failed(e);
        d.reject(e);
      },
    );
    return d.promise;
  }
}

const key = {};

interface Pair {
  readable: ReadableStream;
  writable: WritableStream;
}

let pairIn: (v: unknown) => Pair | undefined;

export class TransformStream {
  #readable: ReadableStream;
  #writable: WritableStream;

  static {
    pairIn = (v) => (isObject(v) && #readable in v ? { readable: v.#readable, writable: v.#writable } : undefined);
  }

  constructor(transformer?: unknown, writableStrategy?: unknown, readableStrategy?: unknown) {
    if (transformer === key) {
      this.#readable = writableStrategy as ReadableStream;
      this.#writable = readableStrategy as WritableStream;
      return;
    }
    if (transformer !== undefined && !isObject(transformer)) throw new TypeErrorCtor("TransformStream: the transformer must be an object");
    const inSize = strategyOf(writableStrategy, "TransformStream");
    const outSize = strategyOf(readableStrategy, "TransformStream");
    const o = transformer as any;
    const { cancel, flush, readableType, start, transform, writableType } = dictionary(transformer, "TransformStream");
    methods("TransformStream", [cancel, flush, start, transform]);
    if (readableType !== undefined || writableType !== undefined) throw new RangeErrorCtor("TransformStream: readableType and writableType cannot be given");
    const outMark = markOf(outSize, 0);
    const inMark = markOf(inSize, 1);
    const t = new Transform(inMark, inSize.size, outMark, outSize.size);
    const face = (t.face = new TransformStreamDefaultController(key, t));
    if (transform !== undefined) t.transform = (chunk) => invoke(transform, o, [chunk, face]);
    if (flush !== undefined) t.flush = () => invoke(flush, o, [face]);
    if (cancel !== undefined) t.cancel = (reason) => invoke(cancel, o, [reason]);
    this.#readable = readableFor(t.readable);
    this.#writable = writableFor(t.writable);
    t.begin(start === undefined ? undefined : ReflectApply(start, o, [face]));
  }
  get readable(): ReadableStream {
    return this.#readable;
  }
  get writable(): WritableStream {
    return this.#writable;
  }
}
expose(TransformStream, "TransformStream");

/** The two sides of a TransformStream; undefined for anything else. */
export function pairOf(v: unknown): Pair | undefined {
  return pairIn(v);
}

/** A TransformStream of two sides. */
export function transformFor(readable: ReadableStream, writable: WritableStream): TransformStream {
  return new TransformStream(key, readable, writable);
}

export class TransformStreamDefaultController {
  #t: Transform;
  constructor(by: unknown, t?: Transform) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor");
    this.#t = t!;
  }
  get desiredSize(): number | null {
    return this.#t.out.desired();
  }
  enqueue(chunk?: unknown): void {
    this.#t.enqueue(chunk);
  }
  error(reason?: unknown): void {
    this.#t.fail(reason);
  }
  terminate(): void {
    this.#t.terminate();
  }
}
expose(TransformStreamDefaultController, "TransformStreamDefaultController");

/** A transform of the SDK's own: what it makes of a chunk and of the end goes out through give. */
export function transformOf(transform: (chunk: unknown, give: (v: unknown) => void) => void, flush: (give: (v: unknown) => void) => void, end: () => void): { readable: ReadableStream; writable: WritableStream } {
  const t = new Transform(1, undefined, 0, undefined);
  const give = (v: unknown): void => t.enqueue(v);
  const run = (f: () => void): Promise<unknown> => {
    try {
      f();
      return resolvedWith(undefined);
    } catch (e) {
      return rejectedWith(e);
    }
  };
  t.transform = (chunk) => run(() => transform(chunk, give));
  t.flush = () => run(() => flush(give));
  t.cancel = () => run(end);
  const out = { readable: readableFor(t.readable), writable: writableFor(t.writable) };
  t.begin(undefined);
  return out;
}

/** A stream that gives what another gives, which is used up by that. */
export function rspipe(from: Readable): Readable {
  const t = new Transform(1, undefined, 0, undefined);
  t.begin(undefined);
  handled(pipe(from, t.writable, false, false, false, undefined));
  return t.readable;
}
