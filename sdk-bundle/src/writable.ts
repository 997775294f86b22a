// WritableStream, its writer and its controller, by the Streams standard.
import { RangeErrorCtor, ReflectApply, TypeErrorCtor } from "./primordials";
import { invoke, rejectedWith } from "./promises";
import { markOf, strategyOf } from "./strategies";
import { dictionary, expose, isObject } from "./webidl";
import { Writable, WritableController, Writer } from "./ws";

const key = {};

let writableIn: (v: unknown) => Writable | undefined;
let wrap: (s: Writable) => WritableStream;

export class WritableStream {
  #s: Writable;

  static {
    writableIn = (v) => (isObject(v) && #s in v ? v.#s : undefined);
    wrap = (s) => new WritableStream(key as never, s as never);
  }

  constructor(sink?: unknown, strategy?: unknown) {
    if (sink === key) {
      this.#s = strategy as never;
      this.#s.face = this;
      return;
    }
    if (sink !== undefined && !isObject(sink)) throw new TypeErrorCtor("WritableStream: the sink must be an object");
    const size = strategyOf(strategy, "WritableStream");
    const o = sink as any;
    const { abort, close, start, type, write } = dictionary(sink, "WritableStream");
    if (type !== undefined) throw new RangeErrorCtor("WritableStream: a sink has no type");
    methods("WritableStream", [abort, close, start, write]);
    const s = (this.#s = new Writable());
    s.face = this;
    const c = new WritableController(s, markOf(size, 1), size.size);
    const face = controllerOf(c);
    if (write !== undefined) c.write_ = (chunk) => invoke(write, o, [chunk, face]);
    if (close !== undefined) c.close_ = () => invoke(close, o, []);
    if (abort !== undefined) c.abort_ = (reason) => invoke(abort, o, [reason]);
    c.begin(start === undefined ? undefined : ReflectApply(start, o, [face]));
  }
  get locked(): boolean {
    return this.#s.writer !== undefined;
  }
  abort(reason?: unknown): Promise<undefined> {
    const s = writableIn(this);
    if (s === undefined) return rejectedWith(new TypeErrorCtor("Illegal invocation: this is no WritableStream"));
    if (s.writer !== undefined) return rejectedWith(new TypeErrorCtor("WritableStream.abort: the stream is locked to a writer"));
    return s.abort(reason);
  }
  close(): Promise<undefined> {
    const s = writableIn(this);
    if (s === undefined) return rejectedWith(new TypeErrorCtor("Illegal invocation: this is no WritableStream"));
    if (s.writer !== undefined) return rejectedWith(new TypeErrorCtor("WritableStream.close: the stream is locked to a writer"));
    if (s.closeQueuedOrInFlight()) return rejectedWith(new TypeErrorCtor("WritableStream.close: the stream is about to be closed already"));
    return s.close();
  }
  getWriter(): WritableStreamDefaultWriter {
    return new WritableStreamDefaultWriter((void this.#s, this));
  }
}
expose(WritableStream, "WritableStream");

/** Refuses members of a source or sink that are there and no functions. */
export function methods(what: string, all: unknown[]): void {
  for (let i = 0; i < all.length; i++) {
    if (all[i] !== undefined && typeof all[i] !== "function") throw new TypeErrorCtor(`${what}: a member that should be a function is none`);
  }
}

let writerIn: (v: unknown) => Writer | undefined;

export class WritableStreamDefaultWriter {
  #w: Writer;

  static {
    writerIn = (v) => (isObject(v) && #w in v ? v.#w : undefined);
  }

  constructor(stream: unknown) {
    const s = writableIn(stream);
    if (s === undefined) throw new TypeErrorCtor("WritableStreamDefaultWriter: expected a WritableStream");
    this.#w = new Writer(s);
  }
  get closed(): Promise<undefined> {
    return writerIn(this)?.closed.promise ?? illegal();
  }
  get desiredSize(): number | null {
    if (this.#w.stream === undefined) throw released();
    return this.#w.desired();
  }
  get ready(): Promise<undefined> {
    return writerIn(this)?.ready.promise ?? illegal();
  }
  abort(reason?: unknown): Promise<undefined> {
    const w = writerIn(this);
    if (w === undefined) return illegal();
    return w.stream === undefined ? rejectedWith(released()) : w.stream.abort(reason);
  }
  close(): Promise<undefined> {
    const w = writerIn(this);
    if (w === undefined) return illegal();
    const s = w.stream;
    if (s === undefined) return rejectedWith(released());
    if (s.closeQueuedOrInFlight()) return rejectedWith(new TypeErrorCtor("The stream is about to be closed already"));
    return s.close();
  }
  releaseLock(): void {
    this.#w.release();
  }
  write(chunk?: unknown): Promise<undefined> {
    const w = writerIn(this);
    if (w === undefined) return illegal();
    return w.stream === undefined ? rejectedWith(released()) : w.write(chunk);
  }
}
expose(WritableStreamDefaultWriter, "WritableStreamDefaultWriter");

function released(): TypeError {
  return new TypeErrorCtor("The writer was released");
}

function illegal(): Promise<any> {
  return rejectedWith(new TypeErrorCtor("Illegal invocation: this is no WritableStreamDefaultWriter"));
}

export class WritableStreamDefaultController {
  #c: WritableController;
  constructor(by: unknown, c?: WritableController) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor");
    this.#c = c!;
  }
  get signal(): any {
    return this.#c.signal;
  }
  error(e?: unknown): void {
    if (this.#c.stream.state === "writable") this.#c.fail(e);
  }
}
expose(WritableStreamDefaultController, "WritableStreamDefaultController");

function controllerOf(c: WritableController): WritableStreamDefaultController {
  return (c.face ??= new WritableStreamDefaultController(key, c));
}

/** The inside of a WritableStream; undefined for anything else. */
export function writableOf(v: unknown): Writable | undefined {
  return writableIn(v);
}

/** A WritableStream for an inside. */
export function writableFor(s: Writable): WritableStream {
  return wrap(s);
}
