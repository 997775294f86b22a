// ReadableStream, its readers and its controllers, by the Streams standard.
import { isAbortSignal } from "./abort";
import { ObjectDefineProperty, RangeErrorCtor, ReflectApply, SymbolAsyncIterator, TypeErrorCtor, isDetached } from "./primordials";
import { deferred, handled, invoke, rejectedWith } from "./promises";
import { DefaultController, Readable, Reader, acquire, cancel, read, release } from "./rs";
import { ByteController, type ByobRequest } from "./rsbytes";
import { fromIterable, illegal, iterate, releasedError, result } from "./rsiter";
import { pipe } from "./rspipe";
import { teeBytes, teeDefault } from "./rstee";
import { markOf, strategyOf } from "./strategies";
import { asView, viewInfo } from "./views";
import { dictionary, enforced, expose, isObject, needs } from "./webidl";
import { methods, writableOf } from "./writable";

const key = {};

let readableIn: (v: unknown) => Readable | undefined;
let wrap: (s: Readable) => ReadableStream;

export class ReadableStream {
  #s: Readable;

  static {
    readableIn = (v) => (isObject(v) && #s in v ? v.#s : undefined);
    wrap = (s) => new ReadableStream(key, s);
  }

  constructor(source?: unknown, strategy?: unknown) {
    if (source === key) {
      this.#s = strategy as Readable;
      this.#s.face = this;
      return;
    }
    if (source !== undefined && !isObject(source)) throw new TypeErrorCtor("ReadableStream: the source must be an object");
    const size = strategyOf(strategy, "ReadableStream");
    const o = source as any;
    const { autoAllocateChunkSize, cancel: cancelled, pull, start, type: kind } = dictionary(source, "ReadableStream");
    const chunkSize = autoAllocateChunkSize === undefined ? undefined : enforced(autoAllocateChunkSize, "ReadableStream: autoAllocateChunkSize");
    const type = kind === undefined ? undefined : `${kind}`;
    methods("ReadableStream", [cancelled, pull, start]);
    if (type !== undefined && type !== "bytes") throw new TypeErrorCtor(`ReadableStream: the type of a source is "bytes" or not given`);
    const s = (this.#s = new Readable());
    s.face = this;
    if (type === "bytes") {
      if (size.size !== undefined) throw new RangeErrorCtor("ReadableStream: a stream of bytes has no size function");
      const mark = markOf(size, 0);
      if (chunkSize === 0) throw new TypeErrorCtor("ReadableStream: autoAllocateChunkSize must be at least 1");
      equip(new ByteController(s, mark, chunkSize), o, start, pull, cancelled);
      return;
    }
    equip(new DefaultController(s, markOf(size, 1), size.size), o, start, pull, cancelled);
  }
  get locked(): boolean {
    return this.#s.reader !== undefined;
  }
  cancel(reason?: unknown): Promise<undefined> {
    const s = readableIn(this);
    if (s === undefined) return rejectedWith(illegal("ReadableStream"));
    if (s.reader !== undefined) return rejectedWith(new TypeErrorCtor("ReadableStream.cancel: the stream is locked to a reader"));
    return cancel(s, reason);
  }
  getReader(options?: unknown): any {
    void this.#s;
    const { mode } = dictionary(options, "ReadableStream.getReader");
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (`${mode}` !== "byob") throw new TypeErrorCtor("ReadableStream.getReader: mode is \"byob\" or not given");
    return new ReadableStreamBYOBReader(this);
  }
  pipeThrough(pair: any, options?: unknown): any {
    const s = this.#s;
    needs(1, arguments.length, "ReadableStream.pipeThrough");
    const { readable, writable } = dictionary(pair, "ReadableStream.pipeThrough");
    const to = writableOf(writable);
    if (readableIn(readable) === undefined) throw new TypeErrorCtor("ReadableStream.pipeThrough: readable must be a ReadableStream");
    if (to === undefined) throw new TypeErrorCtor("ReadableStream.pipeThrough: writable must be a WritableStream");
    const o = pipeOptions(options);
    if (s.reader !== undefined) throw new TypeErrorCtor("ReadableStream.pipeThrough: the stream is locked to a reader");
    if (to.writer !== undefined) throw new TypeErrorCtor("ReadableStream.pipeThrough: writable is locked to a writer");
    handled(pipe(s, to, o.preventClose, o.preventAbort, o.preventCancel, o.signal));
    return readable;
  }
  pipeTo(to: unknown, options?: unknown): Promise<undefined> {
    try {
      const s = readableIn(this);
      if (s === undefined) throw illegal("ReadableStream");
      const w = writableOf(to);
      if (w === undefined) throw new TypeErrorCtor("ReadableStream.pipeTo: expected a WritableStream");
      const o = pipeOptions(options);
      if (s.reader !== undefined) throw new TypeErrorCtor("ReadableStream.pipeTo: the stream is locked to a reader");
      if (w.writer !== undefined) throw new TypeErrorCtor("ReadableStream.pipeTo: the stream to write to is locked to a writer");
      return pipe(s, w, o.preventClose, o.preventAbort, o.preventCancel, o.signal);
    } catch (e) {
      return rejectedWith(e);
    }
  }
  tee(): [ReadableStream, ReadableStream] {
    const two = teeOf(this.#s, false);
    return [wrap(two[0]), wrap(two[1])];
  }
  values(options?: unknown): any {
    void this.#s;
    const { preventCancel } = dictionary(options, "ReadableStream.values");
    return iterate(this.#s, !!preventCancel);
  }
  static from(items: unknown): ReadableStream {
    needs(1, arguments.length, "ReadableStream.from");
    return wrap(fromIterable(items));
  }
}
expose(ReadableStream, "ReadableStream");
ObjectDefineProperty(ReadableStream.prototype, SymbolAsyncIterator, { __proto__: null, value: ReadableStream.prototype.values, writable: true, configurable: true } as PropertyDescriptor);

export function teeOf(s: Readable, clone: boolean): [Readable, Readable] {
  return s.controller.bytes ? teeBytes(s) : teeDefault(s, clone);
}

function equip(c: DefaultController | ByteController, source: any, start: unknown, pull: unknown, cancelled: unknown): void {
  const face = faceOf(c);
  if (pull !== undefined) c.pull = () => invoke(pull as Function, source, [face]);
  if (cancelled !== undefined) c.cancel = (reason) => invoke(cancelled as Function, source, [reason]);
  c.begin(start === undefined ? undefined : ReflectApply(start as Function, source, [face]));
}

function pipeOptions(v: unknown): { preventAbort: boolean; preventCancel: boolean; preventClose: boolean; signal: any } {
  const o = dictionary(v, "pipeTo");
  const preventAbort = !!o.preventAbort;
  const preventCancel = !!o.preventCancel;
  const preventClose = !!o.preventClose;
  const { signal } = o;
  if (signal !== undefined && !isAbortSignal(signal)) throw new TypeErrorCtor("pipeTo: signal must be an AbortSignal");
  return { preventAbort, preventCancel, preventClose, signal };
}

// Readers.

let readerIn: (v: unknown) => Reader | undefined;
let byobIn: (v: unknown) => Reader | undefined;

export class ReadableStreamDefaultReader {
  #r: Reader;
  static {
    readerIn = (v) => (isObject(v) && #r in v ? v.#r : undefined);
  }
  constructor(stream: unknown) {
    const s = readableIn(stream);
    if (s === undefined) throw new TypeErrorCtor("ReadableStreamDefaultReader: expected a ReadableStream");
    this.#r = acquire(s, false);
  }
  get closed(): Promise<undefined> {
    return readerIn(this)?.closed.promise ?? rejectedWith(illegal("ReadableStreamDefaultReader"));
  }
  cancel(reason?: unknown): Promise<undefined> {
    const r = readerIn(this);
    if (r === undefined) return rejectedWith(illegal("ReadableStreamDefaultReader"));
    return r.stream === undefined ? rejectedWith(releasedError()) : cancel(r.stream, reason);
  }
  read(): Promise<any> {
    const r = readerIn(this);
    if (r === undefined) return rejectedWith(illegal("ReadableStreamDefaultReader"));
    if (r.stream === undefined) return rejectedWith(releasedError());
    const d = deferred<any>();
    read(r, {
      chunk: (v) => d.resolve(result(v, false)),
      close: () => d.resolve(result(undefined, true)),
      error: d.reject,
    });
    return d.promise;
  }
  releaseLock(): void {
    release(this.#r);
  }
}
expose(ReadableStreamDefaultReader, "ReadableStreamDefaultReader");

export class ReadableStreamBYOBReader {
  #r: Reader;
  static {
    byobIn = (v) => (isObject(v) && #r in v ? v.#r : undefined);
  }
  constructor(stream: unknown) {
    const s = readableIn(stream);
    if (s === undefined) throw new TypeErrorCtor("ReadableStreamBYOBReader: expected a ReadableStream");
    this.#r = acquire(s, true);
  }
  get closed(): Promise<undefined> {
    return byobIn(this)?.closed.promise ?? rejectedWith(illegal("ReadableStreamBYOBReader"));
  }
  cancel(reason?: unknown): Promise<undefined> {
    const r = byobIn(this);
    if (r === undefined) return rejectedWith(illegal("ReadableStreamBYOBReader"));
    return r.stream === undefined ? rejectedWith(releasedError()) : cancel(r.stream, reason);
  }
  read(into: unknown, options?: unknown): Promise<any> {
    try {
      const r = byobIn(this);
      if (r === undefined) throw illegal("ReadableStreamBYOBReader");
      const view = asView(into, "ReadableStreamBYOBReader.read");
      const o = dictionary(options, "ReadableStreamBYOBReader.read");
      const min = o.min === undefined ? 1 : enforced(o.min, "ReadableStreamBYOBReader.read: min");
      const { length, buffer, count } = viewInfo(view);
      if (length === 0) throw new TypeErrorCtor("ReadableStreamBYOBReader.read: the view is empty");
      if (isDetached(buffer)) throw new TypeErrorCtor("ReadableStreamBYOBReader.read: the view's buffer is detached");
      if (min === 0) throw new TypeErrorCtor("ReadableStreamBYOBReader.read: min must be at least 1");
      if (min > count) throw new RangeErrorCtor("ReadableStreamBYOBReader.read: min is more than the view holds");
      const s = r.stream;
      if (s === undefined) throw releasedError();
      s.disturbed = true;
      if (s.state === "errored") throw s.error;
      const d = deferred<any>();
      (s.controller as ByteController).pullInto(view, min, {
        chunk: (v) => d.resolve(result(v, false)),
        close: (v) => d.resolve(result(v, true)),
        error: d.reject,
      });
      return d.promise;
    } catch (e) {
      return rejectedWith(e);
    }
  }
  releaseLock(): void {
    release(this.#r);
  }
}
expose(ReadableStreamBYOBReader, "ReadableStreamBYOBReader");

// Controllers.

export class ReadableStreamDefaultController {
  #c: DefaultController;
  constructor(by: unknown, c?: DefaultController) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor");
    this.#c = c!;
  }
  get desiredSize(): number | null {
    return this.#c.desired();
  }
  close(): void {
    if (!this.#c.canEnqueue()) throw new TypeErrorCtor("ReadableStreamDefaultController.close: the stream is closed or has failed");
    this.#c.close();
  }
  enqueue(chunk?: unknown): void {
    if (!this.#c.canEnqueue()) throw new TypeErrorCtor("ReadableStreamDefaultController.enqueue: the stream is closed or has failed");
    this.#c.enqueue(chunk);
  }
  error(e?: unknown): void {
    this.#c.fail(e);
  }
}
expose(ReadableStreamDefaultController, "ReadableStreamDefaultController");

export class ReadableByteStreamController {
  #c: ByteController;
  constructor(by: unknown, c?: ByteController) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor");
    this.#c = c!;
  }
  get byobRequest(): ReadableStreamBYOBRequest | null {
    const r = this.#c.byobRequest() as (ByobRequest & { face?: ReadableStreamBYOBRequest }) | null;
    if (r === null) return null;
    return (r.face ??= new ReadableStreamBYOBRequest(key, r));
  }
  get desiredSize(): number | null {
    return this.#c.desired();
  }
  close(): void {
    if (this.#c.closeRequested) throw new TypeErrorCtor("ReadableByteStreamController.close: the stream is about to be closed already");
    if (this.#c.stream.state !== "readable") throw new TypeErrorCtor("ReadableByteStreamController.close: the stream is closed or has failed");
    this.#c.close();
  }
  enqueue(chunk: unknown): void {
    const c = this.#c;
    needs(1, arguments.length, "ReadableByteStreamController.enqueue");
    const view = asView(chunk, "ReadableByteStreamController.enqueue");
    const { length, buffer } = viewInfo(view);
    if (length === 0) throw new TypeErrorCtor("ReadableByteStreamController.enqueue: the chunk is empty");
    if (isDetached(buffer)) throw new TypeErrorCtor("ReadableByteStreamController.enqueue: the chunk's buffer is detached");
    if (c.closeRequested || c.stream.state !== "readable") throw new TypeErrorCtor("ReadableByteStreamController.enqueue: the stream is closed or has failed");
    c.enqueue(view);
  }
  error(e?: unknown): void {
    this.#c.fail(e);
  }
}
expose(ReadableByteStreamController, "ReadableByteStreamController");

export class ReadableStreamBYOBRequest {
  #r: ByobRequest;
  constructor(by: unknown, r?: ByobRequest) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor");
    this.#r = r!;
  }
  get view(): Uint8Array | null {
    return this.#r.view;
  }
  respond(written: unknown): void {
    const r = this.#r;
    needs(1, arguments.length, "ReadableStreamBYOBRequest.respond");
    const n = enforced(written, "ReadableStreamBYOBRequest.respond: the number of bytes");
    if (r.controller === undefined) throw new TypeErrorCtor("ReadableStreamBYOBRequest.respond: the request was answered already");
    if (isDetached(viewInfo(r.view).buffer)) throw new TypeErrorCtor("ReadableStreamBYOBRequest.respond: the view's buffer is detached");
    r.controller.respond(n);
  }
  respondWithNewView(view: unknown): void {
    const r = this.#r;
    needs(1, arguments.length, "ReadableStreamBYOBRequest.respondWithNewView");
    const v = asView(view, "ReadableStreamBYOBRequest.respondWithNewView");
    if (r.controller === undefined) throw new TypeErrorCtor("ReadableStreamBYOBRequest.respondWithNewView: the request was answered already");
    if (isDetached(viewInfo(v).buffer)) throw new TypeErrorCtor("ReadableStreamBYOBRequest.respondWithNewView: the view's buffer is detached");
    r.controller.respondWithNewView(v);
  }
}
expose(ReadableStreamBYOBRequest, "ReadableStreamBYOBRequest");

function faceOf(c: DefaultController | ByteController): unknown {
  if (c.face === undefined) c.face = c.bytes ? new ReadableByteStreamController(key, c as ByteController) : new ReadableStreamDefaultController(key, c as DefaultController);
  return c.face;
}

// For the rest of the SDK.

/** The inside of a ReadableStream; undefined for anything else. */
export function readableOf(v: unknown): Readable | undefined {
  return readableIn(v);
}

/** A ReadableStream for an inside. */
export function readableFor(s: Readable): ReadableStream {
  return s.face ?? wrap(s);
}
