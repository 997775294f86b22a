// The inside of WritableStream, by the Streams standard.
import { type AbortSignal, abort as abortSignal, makeSignal } from "./abort";
import { Fifo } from "./fifo";
import { TypeErrorCtor, react } from "./primordials";
import { type Deferred, deferred, handled, promised, rejectedWith, resolvedWith } from "./promises";
import { type Size, checked } from "./strategies";

interface PendingAbort {
  d: Deferred<undefined>;
  reason: unknown;
  wasErroring: boolean;
}

export class Writable {
  state: "writable" | "erroring" | "errored" | "closed" = "writable";
  error: unknown = undefined;
  writer: Writer | undefined = undefined;
  controller: WritableController = undefined as never;
  writes = new Fifo<Deferred<undefined>>();
  writing: Deferred<undefined> | undefined = undefined;
  closeRequest: Deferred<undefined> | undefined = undefined;
  closing: Deferred<undefined> | undefined = undefined;
  aborting: PendingAbort | undefined = undefined;
  backpressure = false;
  face: any = undefined;

  closeQueuedOrInFlight(): boolean {
    return this.closeRequest !== undefined || this.closing !== undefined;
  }
  abort(reason: unknown): Promise<undefined> {
    if (this.state === "closed" || this.state === "errored") return resolvedWith(undefined);
    abortSignal(this.controller.signal, reason);
    // A listener may have ended it.
    const state = this.state as string;
    if (state === "closed" || state === "errored") return resolvedWith(undefined);
    if (this.aborting !== undefined) return this.aborting.d.promise;
    let wasErroring = false;
    if (state === "erroring") {
      wasErroring = true;
      reason = undefined;
    }
    const d = deferred<undefined>();
    this.aborting = { d, reason, wasErroring };
    if (!wasErroring) this.startErroring(reason);
    return d.promise;
  }
  close(): Promise<undefined> {
    if (this.state === "closed" || this.state === "errored") return rejectedWith(new TypeErrorCtor(`The stream is ${this.state} already`));
    const d = deferred<undefined>();
    this.closeRequest = d;
    if (this.writer !== undefined && this.backpressure && this.state === "writable") this.writer.ready.resolve(undefined);
    this.controller.close();
    return d.promise;
  }
  startErroring(reason: unknown): void {
    this.state = "erroring";
    this.error = reason;
    this.writer?.ensureReadyRejected(reason);
    if (this.writing === undefined && this.closing === undefined && this.controller.started) this.finishErroring();
  }
  dealWithRejection(e: unknown): void {
    if (this.state === "writable") this.startErroring(e);
    else this.finishErroring();
  }
  finishErroring(): void {
    this.state = "errored";
    this.controller.reset();
    const e = this.error;
    const all = this.writes;
    this.writes = new Fifo();
    while (all.length > 0) all.shift().reject(e);
    const a = this.aborting;
    if (a === undefined) {
      this.rejectCloseIfNeeded();
      return;
    }
    this.aborting = undefined;
    if (a.wasErroring) {
      a.d.reject(e);
      this.rejectCloseIfNeeded();
      return;
    }
    react(
      this.controller.abortSteps(a.reason),
      () => {
        a.d.resolve(undefined);
        this.rejectCloseIfNeeded();
      },
      (other) => {
        a.d.reject(other);
        this.rejectCloseIfNeeded();
      },
    );
  }
  rejectCloseIfNeeded(): void {
    if (this.closeRequest !== undefined) {
      this.closeRequest.reject(this.error);
      this.closeRequest = undefined;
    }
    const w = this.writer;
    if (w === undefined) return;
    w.closed.reject(this.error);
    handled(w.closed.promise);
  }
  finishWrite(): void {
    this.writing!.resolve(undefined);
    this.writing = undefined;
  }
  finishWriteWithError(e: unknown): void {
    this.writing!.reject(e);
    this.writing = undefined;
    this.dealWithRejection(e);
  }
  finishClose(): void {
    this.closing!.resolve(undefined);
    this.closing = undefined;
    if (this.state === "erroring") {
      this.error = undefined;
      if (this.aborting !== undefined) {
        this.aborting.d.resolve(undefined);
        this.aborting = undefined;
      }
    }
    this.state = "closed";
    this.writer?.closed.resolve(undefined);
  }
  finishCloseWithError(e: unknown): void {
    this.closing!.reject(e);
    this.closing = undefined;
    if (this.aborting !== undefined) {
      this.aborting.d.reject(e);
      this.aborting = undefined;
    }
    this.dealWithRejection(e);
  }
  updateBackpressure(v: boolean): void {
    const w = this.writer;
    if (w !== undefined && v !== this.backpressure) {
      if (v) w.ready = deferred<undefined>();
      else w.ready.resolve(undefined);
    }
    this.backpressure = v;
  }
}

export class Writer {
  stream: Writable | undefined;
  closed = deferred<undefined>();
  ready = deferred<undefined>();

  constructor(s: Writable) {
    if (s.writer !== undefined) throw new TypeErrorCtor("The stream is locked to a writer already");
    this.stream = s;
    s.writer = this;
    if (s.state === "writable") {
      if (s.closeQueuedOrInFlight() || !s.backpressure) this.ready.resolve(undefined);
    } else if (s.state === "erroring") {
      this.ready.reject(s.error);
      handled(this.ready.promise);
    } else if (s.state === "closed") {
      this.ready.resolve(undefined);
      this.closed.resolve(undefined);
    } else {
      this.ready.reject(s.error);
      handled(this.ready.promise);
      this.closed.reject(s.error);
      handled(this.closed.promise);
    }
  }
  ensureReadyRejected(e: unknown): void {
    if (!this.ready.pending) this.ready = deferred<undefined>();
    this.ready.reject(e);
    handled(this.ready.promise);
  }
  ensureClosedRejected(e: unknown): void {
    if (!this.closed.pending) this.closed = deferred<undefined>();
    this.closed.reject(e);
    handled(this.closed.promise);
  }
  desired(): number | null {
    const s = this.stream!;
    if (s.state === "errored" || s.state === "erroring") return null;
    return s.state === "closed" ? 0 : s.controller.desired();
  }
  release(): void {
    const s = this.stream;
    if (s === undefined) return;
    const e = new TypeErrorCtor("The writer was released");
    this.ensureReadyRejected(e);
    this.ensureClosedRejected(e);
    s.writer = undefined;
    this.stream = undefined;
  }
  write(chunk: unknown): Promise<undefined> {
    const s = this.stream!;
    const c = s.controller;
    const size = c.sizeOf(chunk);
    if (s !== this.stream) return rejectedWith(new TypeErrorCtor("The writer was released"));
    if (s.state === "errored") return rejectedWith(s.error);
    if (s.closeQueuedOrInFlight() || s.state === "closed") return rejectedWith(new TypeErrorCtor("The stream is closed or about to be"));
    if (s.state === "erroring") return rejectedWith(s.error);
    const d = deferred<undefined>();
    s.writes.push(d);
    c.write(chunk, size);
    return d.promise;
  }
  closeWithErrorPropagation(): Promise<undefined> {
    const s = this.stream!;
    if (s.closeQueuedOrInFlight() || s.state === "closed") return resolvedWith(undefined);
    if (s.state === "errored") return rejectedWith(s.error);
    return s.close();
  }
}

const closeMark = {};

export class WritableController {
  stream: Writable;
  queue = new Fifo<{ value: unknown; size: number }>();
  total = 0;
  started = false;
  mark: number;
  size: Size;
  signal: AbortSignal = makeSignal();
  write_: ((chunk: unknown) => Promise<unknown>) | undefined = undefined;
  close_: (() => Promise<unknown>) | undefined = undefined;
  abort_: ((reason: unknown) => Promise<unknown>) | undefined = undefined;
  face: any = undefined;

  constructor(stream: Writable, mark: number, size: Size) {
    this.stream = stream;
    this.mark = mark;
    this.size = size;
    stream.controller = this;
    stream.updateBackpressure(this.desired() <= 0);
  }
  begin(started: unknown): void {
    react(
      promised(started),
      () => {
        this.started = true;
        this.advance();
      },
      (e) => {
        this.started = true;
        this.stream.dealWithRejection(e);
      },
    );
  }
  desired(): number {
    return this.mark - this.total;
  }
  clear(): void {
    this.write_ = this.close_ = this.abort_ = this.size = undefined;
  }
  reset(): void {
    this.queue = new Fifo();
    this.total = 0;
  }
  abortSteps(reason: unknown): Promise<unknown> {
    const { abort_: f } = this;
    const out = f === undefined ? resolvedWith(undefined) : f(reason);
    this.clear();
    return out;
  }
  sizeOf(chunk: unknown): number {
    const { size } = this;
    if (size === undefined) return 1;
    try {
      return size(chunk);
    } catch (e) {
      this.failIfNeeded(e);
      return 1;
    }
  }
  close(): void {
    this.queue.push({ value: closeMark, size: 0 });
    this.advance();
  }
  write(chunk: unknown, size: number): void {
    try {
      checked(size);
    } catch (e) {
      this.failIfNeeded(e);
      return;
    }
    this.queue.push({ value: chunk, size });
    this.total += size;
    const s = this.stream;
    if (!s.closeQueuedOrInFlight() && s.state === "writable") s.updateBackpressure(this.desired() <= 0);
    this.advance();
  }
  failIfNeeded(e: unknown): void {
    if (this.stream.state === "writable") this.fail(e);
  }
  fail(e: unknown): void {
    this.clear();
    this.stream.startErroring(e);
  }
  advance(): void {
    const s = this.stream;
    if (!this.started || s.writing !== undefined) return;
    if (s.state === "erroring") {
      s.finishErroring();
      return;
    }
    if (this.queue.length === 0) return;
    const { value } = this.queue.peek();
    if (value === closeMark) this.processClose();
    else this.processWrite(value);
  }
  drop(): void {
    this.total -= this.queue.shift().size;
    if (this.total < 0) this.total = 0;
  }
  processClose(): void {
    const s = this.stream;
    s.closing = s.closeRequest;
    s.closeRequest = undefined;
    this.drop();
    const { close_: f } = this;
    const p = f === undefined ? resolvedWith(undefined) : f();
    this.clear();
    react(
      p,
      () => s.finishClose(),
      (e) => s.finishCloseWithError(e),
    );
  }
  processWrite(chunk: unknown): void {
    const s = this.stream;
    s.writing = s.writes.shift();
    const { write_: f } = this;
    react(
      f === undefined ? resolvedWith(undefined) : f(chunk),
      () => {
        s.finishWrite();
        this.drop();
        if (!s.closeQueuedOrInFlight() && s.state === "writable") s.updateBackpressure(this.desired() <= 0);
        this.advance();
      },
      (e) => {
        if (s.state === "writable") this.clear();
        s.finishWriteWithError(e);
      },
    );
  }
}
