// The inside of ReadableStream, by the Streams standard: what a stream, its
// reader and its default controller hold, and the standard's operations on them.
import { Fifo } from "./fifo";
import { TypeErrorCtor, react } from "./primordials";
import { type Deferred, deferred, handled, promised, rejectedWith, resolvedWith, then } from "./promises";
import { type Size, checked } from "./strategies";

export interface ReadRequest {
  chunk(v: any): void;
  close(): void;
  error(e: unknown): void;
}

export interface IntoRequest {
  chunk(v: any): void;
  close(v: any): void;
  error(e: unknown): void;
}

export interface Controller {
  bytes: boolean;
  cancelSteps(reason: unknown): Promise<unknown>;
  pullSteps(r: ReadRequest): void;
  releaseSteps(): void;
}

export class Readable {
  state: "readable" | "closed" | "errored" = "readable";
  reader: Reader | undefined = undefined;
  error: unknown = undefined;
  disturbed = false;
  controller: Controller = undefined as never;
  /** The object that scripts see. */
  face: any = undefined;
}

export class Reader {
  stream: Readable | undefined = undefined;
  closed: Deferred<undefined> = undefined as never;
  requests = new Fifo<ReadRequest>();
  intos = new Fifo<IntoRequest>();
  constructor(readonly byob: boolean) {}
}

/** Locks a stream to a reader. */
export function acquire(s: Readable, byob: boolean): Reader {
  if (s.reader !== undefined) throw new TypeErrorCtor("The stream is locked to a reader already");
  if (byob && !s.controller.bytes) throw new TypeErrorCtor("The stream has no bytes: a reader of mode \"byob\" needs a source of type \"bytes\"");
  const r = new Reader(byob);
  r.stream = s;
  s.reader = r;
  r.closed = deferred<undefined>();
  if (s.state === "closed") r.closed.resolve(undefined);
  else if (s.state === "errored") {
    r.closed.reject(s.error);
    handled(r.closed.promise);
  }
  return r;
}

/** Unlocks the stream; reads that wait fail. */
export function release(r: Reader): void {
  const s = r.stream;
  if (s === undefined) return;
  const e = new TypeErrorCtor("The reader was released");
  if (s.state === "readable") r.closed.reject(e);
  else {
    r.closed = deferred<undefined>();
    r.closed.reject(e);
  }
  handled(r.closed.promise);
  s.controller.releaseSteps();
  s.reader = undefined;
  r.stream = undefined;
  failRequests(r, e);
}

function failRequests(r: Reader, e: unknown): void {
  if (r.byob) {
    const all = r.intos;
    r.intos = new Fifo();
    while (all.length > 0) {
      const { error } = all.shift();
      error(e);
    }
  } else {
    const all = r.requests;
    r.requests = new Fifo();
    while (all.length > 0) {
      const { error } = all.shift();
      error(e);
    }
  }
}

export function cancel(s: Readable, reason: unknown): Promise<undefined> {
  s.disturbed = true;
  if (s.state === "closed") return resolvedWith(undefined);
  if (s.state === "errored") return rejectedWith(s.error);
  closeStream(s);
  const r = s.reader;
  if (r !== undefined && r.byob) {
    const all = r.intos;
    r.intos = new Fifo();
    while (all.length > 0) {
      const { close } = all.shift();
      close(undefined);
    }
  }
  return then(s.controller.cancelSteps(reason), () => undefined);
}

export function closeStream(s: Readable): void {
  s.state = "closed";
  const r = s.reader;
  if (r === undefined) return;
  r.closed.resolve(undefined);
  if (r.byob) return;
  const all = r.requests;
  r.requests = new Fifo();
  while (all.length > 0) {
    const { close } = all.shift();
    close();
  }
}

export function failStream(s: Readable, e: unknown): void {
  s.state = "errored";
  s.error = e;
  const r = s.reader;
  if (r === undefined) return;
  r.closed.reject(e);
  handled(r.closed.promise);
  failRequests(r, e);
}

/** How many reads of the default kind wait. */
export function waitingReads(s: Readable): number {
  return s.reader !== undefined && !s.reader.byob ? s.reader.requests.length : 0;
}

export function waitingIntos(s: Readable): number {
  return s.reader !== undefined && s.reader.byob ? s.reader.intos.length : 0;
}

export function read(r: Reader, request: ReadRequest): void {
  const s = r.stream!;
  s.disturbed = true;
  if (s.state === "closed") request.close();
  else if (s.state === "errored") request.error(s.error);
  else s.controller.pullSteps(request);
}

/** What the controllers have in common: when they ask their source for more. */
export abstract class Pulling<T> {
  stream: Readable;
  queue = new Fifo<T>();
  total = 0;
  started = false;
  closeRequested = false;
  pullAgain = false;
  pulling = false;
  mark: number;
  pull: (() => Promise<unknown>) | undefined = undefined;
  cancel: ((reason: unknown) => Promise<unknown>) | undefined = undefined;
  face: any = undefined;

  constructor(stream: Readable, mark: number) {
    this.stream = stream;
    this.mark = mark;
  }
  abstract wantsPull(): boolean;
  abstract fail(e: unknown): void;
  /** Runs when what start gave has settled. */
  begin(started: unknown): void {
    react(
      promised(started),
      () => {
        this.started = true;
        this.pullIfNeeded();
      },
      (e) => this.fail(e),
    );
  }
  clear(): void {
    this.pull = this.cancel = undefined;
  }
  reset(): void {
    this.queue = new Fifo();
    this.total = 0;
  }
  desired(): number | null {
    if (this.stream.state === "errored") return null;
    return this.stream.state === "closed" ? 0 : this.mark - this.total;
  }
  pullIfNeeded(): void {
    if (!this.wantsPull()) return;
    if (this.pulling) {
      this.pullAgain = true;
      return;
    }
    this.pulling = true;
    const { pull } = this;
    react(
      pull === undefined ? resolvedWith(undefined) : pull(),
      () => {
        this.pulling = false;
        if (!this.pullAgain) return;
        this.pullAgain = false;
        this.pullIfNeeded();
      },
      (e) => this.fail(e),
    );
  }
}

/** The default controller. */
export class DefaultController extends Pulling<{ value: unknown; size: number }> implements Controller {
  bytes = false;
  size: Size;

  constructor(stream: Readable, mark: number, size: Size) {
    super(stream, mark);
    this.size = size;
    stream.controller = this;
  }
  override clear(): void {
    super.clear();
    this.size = undefined;
  }
  canEnqueue(): boolean {
    return !this.closeRequested && this.stream.state === "readable";
  }
  wantsPull(): boolean {
    if (!this.canEnqueue() || !this.started) return false;
    return waitingReads(this.stream) > 0 || this.desired()! > 0;
  }
  close(): void {
    if (!this.canEnqueue()) return;
    this.closeRequested = true;
    if (this.queue.length > 0) return;
    this.clear();
    closeStream(this.stream);
  }
  enqueue(chunk: unknown): void {
    if (!this.canEnqueue()) return;
    if (waitingReads(this.stream) > 0) {
      const { chunk: give } = this.stream.reader!.requests.shift();
      give(chunk);
    } else {
      let size = 1;
      try {
        const { size: of } = this;
        if (of !== undefined) size = of(chunk);
      } catch (e) {
        this.fail(e);
        throw e;
      }
      try {
        size = checked(size);
      } catch (e) {
        this.fail(e);
        throw e;
      }
      // The script's function may have closed it meanwhile.
      this.queue.push({ value: chunk, size });
      this.total += size;
    }
    this.pullIfNeeded();
  }
  fail(e: unknown): void {
    if (this.stream.state !== "readable") return;
    this.reset();
    this.clear();
    failStream(this.stream, e);
  }
  cancelSteps(reason: unknown): Promise<unknown> {
    this.reset();
    const { cancel: f } = this;
    const out = f === undefined ? resolvedWith(undefined) : f(reason);
    this.clear();
    return out;
  }
  pullSteps(request: ReadRequest): void {
    if (this.queue.length === 0) {
      this.stream.reader!.requests.push(request);
      this.pullIfNeeded();
      return;
    }
    const { value, size } = this.queue.shift();
    this.total -= size;
    // Sums of fractions may be off by a little.
    if (this.total < 0) this.total = 0;
    if (this.closeRequested && this.queue.length === 0) {
      this.clear();
      closeStream(this.stream);
    } else {
      this.pullIfNeeded();
    }
    request.chunk(value);
  }
  releaseSteps(): void {}
}
